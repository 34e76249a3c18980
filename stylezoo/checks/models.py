"""Checks of models: registered recipes with small parts."""

import json
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from stylezoo import backend
from stylezoo.checks.every import EVERY
from stylezoo.checks.subjects import (
    ODD,
    Subject,
    Suite,
    demand,
    equal,
    fitting_side,
    folder,
    labels,
    pictures,
    small,
)
from stylezoo.data import DataMode
from stylezoo.errors import name_all
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.runs import loading

PLAYERS = {"generator": "the generator", "discriminator": "the discriminators"}


class ModelSubject(Subject):
    """A registered recipe with small parts."""

    @cached_property
    def registered(self):
        return Recipe.named(self.plugin.qualified)

    @cached_property
    def recipe(self):
        recipe = self.registered
        parts = {
            "generator": small("generator", recipe.generator),
            "discriminators": [small("discriminator", each) for each in recipe.discriminators],
            "losses": [small("loss", each) for each in recipe.losses],
        }
        names = list(DataMode.read(recipe.data).names[:2])
        given = {"styles": len(names), "vgg": self.vgg}
        side = fitting_side(parts["generator"].part("generator").build(shape=(None, None, recipe.channels), **given))
        sizes = {"image_size": side, "load_size": side, "batch_size": 2, "pool": min(recipe.pool, 2)}
        shorter = {"steps_per_epoch": 1, **({"warmup.epochs": 1} if recipe.warmup else {})}
        fewer = {"data.names": names} if names else {}
        return replace(recipe, **parts, vgg=self.vgg).changed(**sizes, **shorter, **fewer)

    @cached_property
    def plan(self):
        return self.recipe.resolve()

    @cached_property
    def gan(self):
        """A model after two steps; `before` are the initial weights by player, `logs` the losses."""
        gan = GAN(self.plan)
        gan.before = {player: [v.numpy() for v in gan.variables_of(player)] for player in PLAYERS}
        gan.logs = gan.fit(self._dataset(), shuffle=False, verbose=0).history
        return gan

    def _dataset(self):
        recipe = self.recipe
        batch = recipe.batch_size * self.plan.order.batches
        arrays = [*pictures(2 * batch, recipe.image_size, recipe.image_size, recipe.channels)]
        if self.plan.styles:
            arrays.append(labels(2 * batch, len(self.plan.styles)))
        return backend.dataset(*arrays, batch_size=batch)


def recipe(subject):
    """It is a recipe with a sentence `about`, whose parts are installed and fit, and that survives JSON."""
    registered = subject.registered
    demand(registered.about, "it has no sentence about its purpose: about='...'")
    again = Recipe.from_dict(json.loads(registered.to_json()))
    demand(again == registered, "it comes back from JSON as another recipe")
    registered.resolve()


def trains(subject):
    """It takes two steps: all losses are finite, and every weight of both players changes."""
    gan = subject.gan
    demand(int(gan.step) == 2, f"of two steps {int(gan.step)} were counted")
    demand(np.isfinite(list(gan.logs.values())).all(), "a loss is not finite")
    for player, before in gan.before.items():
        pairs = zip(gan.variables_of(player), before, strict=True)
        # A bias may have no gradient: before a normalisation, or where hinge's margins balance.
        still = [v.path for v, old in pairs if (old.ndim > 1 or v.name != "bias") and (v.numpy() == old).all()]
        demand(not still, f"{name_all(still[:3])} of {PLAYERS[player]} does not change")


def file(subject):
    """It redraws a picture of an odd size in that size, within [-1, 1], and the same after saving and loading."""
    gan = subject.gan
    source, style = (batch[0] for batch in pictures(1, *ODD, subject.recipe.channels))
    style = style if gan.takes_style_picture else None
    fake = gan.stylize(source, style)
    demand(fake.shape == source.shape, f"it redraws {source.shape} as {fake.shape}")
    demand(np.abs(fake).max() <= 1, "its pictures are not in [-1, 1]")
    path = Path(folder(), "model.keras")
    gan.save(path)
    demand(np.array_equal(loading.load(path).stylize(source, style), fake), "its pictures differ after loading")
    drawing = loading.drawing(path)
    demand(np.array_equal(drawing.stylize(source, style), fake), "its drawing part alone draws other pictures")


def seed(subject):
    """The same seed gives the same weights."""
    again = GAN(subject.plan)
    for player, before in subject.gan.before.items():
        same = equal(again.variables_of(player), before)
        demand(same, f"the same seed does not give the same weights of {PLAYERS[player]}")


MODEL = Suite(ModelSubject, {**EVERY, "recipe": recipe, "trains": trains, "file": file, "seed": seed})
