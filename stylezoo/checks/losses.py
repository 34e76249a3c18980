"""Checks of losses, each in the simplest model that has what it needs.

The networks of these models are shared: a loss is built on them as in a model. Only saving needs another model.
"""

import json
from copy import copy
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from keras import ops

from stylezoo import backend
from stylezoo.checks.every import EVERY_PART
from stylezoo.checks.subjects import (
    ROUGH,
    SIDE,
    STYLES,
    Subject,
    Suite,
    built_with,
    demand,
    equal,
    finite,
    folder,
    labels,
    pictures,
)
from stylezoo.contract import Loss, Translation
from stylezoo.contract.losses import concerns, cost
from stylezoo.errors import StylezooError
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.runs.loading import load

HOMES = {  # the simplest models for losses, tried in this order
    "one way": {},
    "two ways": {"two_way": True},
    "named styles": {
        "generator": "stylezoo/gated:filters=2,blocks=1",
        "discriminators": "stylezoo/gated:filters=2,layers=1",
        "losses": ("stylezoo/style-classification",),
        "data": f"named-styles:names={list(STYLES)}",
    },
    "codes": {
        "generator": "stylezoo/munit:filters=2,blocks=1,mlp=4",
        "losses": ("stylezoo/reconstruction", "stylezoo/latent-reconstruction"),
        "two_way": True,
    },
}
SIMPLEST = {"generator": "stylezoo/resnet:filters=2,blocks=1", "discriminators": "stylezoo/patch:filters=2,layers=1"}
GAME = "stylezoo/hinge"  # the adversarial loss beside one that is not adversarial
SCALE = 16  # factor for costs in 16 bits: Keras starts with a much larger one and would reduce it
AGAIN = "after saving and loading"
PLAYERS = {"generator": "the generator's", "discriminator": "the discriminators'"}


def recipe_of(home: str, losses: tuple = (), adversarial: bool = False, **changes) -> Recipe:
    """The recipe of a small model.

    Args:
        home: A key of `HOMES`.
        losses: Specs of losses, which come first.
        adversarial: Whether one of them is adversarial, so that no other is needed.
        **changes: Fields with other values.
    """
    game = () if adversarial else (GAME,)
    names = {spec.name for spec in losses}
    beside = [each for each in (*game, *HOMES[home].get("losses", ())) if each not in names]
    parts = {**SIMPLEST, **HOMES[home], "losses": (*losses, *beside)}
    return Recipe(**{**parts, "image_size": SIDE, "batch_size": 2, **changes})


@lru_cache(maxsize=24)
def host(home: str, precision: str, discriminators: int) -> GAN:
    """A small model whose networks are shared by losses; it is never trained."""
    recipe = recipe_of(home, precision=precision)
    return GAN(replace(recipe, discriminators=recipe.discriminators * discriminators))


def translation_in(gan: GAN, batch: int) -> Translation:
    """The tensors of a step with random pictures."""
    source, style = map(ops.convert_to_tensor, pictures(batch, SIDE, SIDE))
    return gan.translations(source, style, labels(batch) if gan.plan.styles else None, training=False)[0]


shown = lru_cache(maxsize=8)(translation_in)  # in a model that is not trained all losses can share them


class Placed:
    """A loss and a model whose networks it uses."""

    def __init__(self, loss: Loss, gan: GAN):
        self.loss = loss
        self.gan = gan
        self.players = [player for player in PLAYERS if concerns(loss, player)]

    def costs(self, translation=None):
        """The value of the loss for each player that it concerns."""
        translation = translation or shown(self.gan, 2)
        return {player: cost(self.loss, player, translation) for player in self.players}

    def variables_of(self, player):
        """The variables of a player; the layers of the loss belong to the generator."""
        own = [v for layer in self.loss.layers for v in layer.trainable_variables] if player == "generator" else []
        return [*self.gan.variables_of(player), *own]


class LossSubject(Subject):
    """A loss in the simplest model that has what it needs."""

    @cached_property
    def home(self):
        """The first key of `HOMES` with which it can be built."""
        refused = None
        for home in HOMES:
            try:
                self.recipe(home).resolve()
                self.place(home=home)
            except StylezooError as error:
                refused = refused or error
            else:
                return home
        raise AssertionError(f"no kind of model can be built with it: {refused}")

    def recipe(self, home):
        return recipe_of(home, (self.spec,), self.component.adversarial, vgg=self.vgg)

    def place(self, precision="float32", home=None, spec=None):
        """A new loss on shared networks, with the same random numbers each time."""
        gan = host(home or self.home, precision, max(1, self.component.discriminators_needed))
        with built_with(precision):
            part = (spec or self.spec).part("loss")
            loss = part.build(styles=len(gan.plan.styles), vgg=self.vgg)
            with part.refusals():
                loss.build(gan.generator, gan.discriminators, (SIDE, SIDE, 3))
        loss.prepare()
        return Placed(loss, gan)

    @cached_property
    def placed(self):
        return self.place()


def values(subject):
    """Its value is a finite number for each player, for a batch of two and of one."""
    placed = subject.placed
    demand(placed.players, "it has a value for neither player: override generator_loss, discriminator_loss or both")
    for batch in (2, 1):
        for player, value in placed.costs(shown(placed.gan, batch)).items():
            value, whose = ops.convert_to_tensor(value), PLAYERS[player]
            demand(value.shape == (), f"{whose} loss is a tensor of shape {value.shape}; a number is needed")
            demand(finite([value]), f"{whose} loss is {float(value)} for a batch of {batch}")


def gradients(subject):
    """Each player it concerns has finite gradients that are not all 0."""
    _learnt(subject.placed)


def _learnt(placed, scale=1, where=""):
    """The value of the loss for each player, once its gradients are found to be good."""
    with backend.Tape(persistent=True) as tape:
        values = placed.costs(translation_in(placed.gan, 2))  # a new one: the tape must see how it is made
        scaled = {player: scale * value for player, value in values.items()}
    for player, value in values.items():
        gradients = tape.gradient(scaled[player], placed.variables_of(player))
        found = [ops.convert_to_tensor(gradient) for gradient in gradients if gradient is not None]
        demand(finite([value]), f"{PLAYERS[player]} loss is {float(value)}{where}")
        demand(found, f"no gradient of {PLAYERS[player]} loss reaches a weight{where}")
        demand(finite(found), f"the gradients of {PLAYERS[player]} loss are not finite{where}")
        demand(any(np.any(gradient) for gradient in found), f"all gradients of {PLAYERS[player]} loss are 0{where}")
    return values


def precision(subject):
    """In models of float16 and of bfloat16 values and gradients are finite, and the values close to float32's."""
    exact = {player: float(value) for player, value in subject.placed.costs().items()}
    for rough, tolerance in ROUGH.items():
        values = _learnt(subject.place(rough), SCALE, f" in {rough}")
        for player, expected in exact.items():
            off = abs(float(values[player]) - expected) / (abs(expected) + 0.05)
            demand(off < tolerance, f"{PLAYERS[player]} loss is off by {100 * off:.0f} % in {rough}")


def graph(subject):
    """In a graph its values are the same as eagerly."""
    placed = subject.placed
    eager = placed.costs()  # now the networks' outputs are computed, so that only the loss is traced
    translation = copy(shown(placed.gan, 2))  # what the graph would add to it is of no use outside
    traced = backend.graph(lambda: placed.costs(translation))()
    for player in placed.players:
        same = equal([traced[player]], [eager[player]], 1e-4)
        there = f"in a graph {PLAYERS[player]} loss is {float(traced[player])}"
        demand(same, f"{there}, eagerly {float(eager[player])}")


def file(subject):
    """The same seed gives the same loss, and its values are the same in a model that was saved and loaded."""
    _demand_same(subject.placed, subject.place(), "of the same seed")
    recipe = subject.recipe(subject.home).resolve().recipe
    if not subject.placed.loss.layers:  # then a file holds the options alone
        written = json.dumps(recipe.to_dict())
        _demand_same(subject.placed, subject.place(spec=Recipe.from_dict(json.loads(written)).losses[0]), AGAIN)
        return
    gan = GAN(recipe)
    gan.prepare()
    for layer in gan.loss_layers:
        for variable in layer.trainable_weights:
            variable.assign(0.9 * variable)  # what is loaded is not what the seed gives
    path = Path(folder(), "model.keras")
    gan.save(path)
    loaded = load(path)
    loaded.prepare()
    _demand_same(*(Placed(each.terms[0][2], each) for each in (gan, loaded)), AGAIN)


def _demand_same(one, other, where):
    costs = other.costs()
    for player, value in one.costs().items():
        same = equal([value], [costs[player]], 1e-5)
        demand(same, f"{where} {PLAYERS[player]} loss is {float(costs[player])}, before {float(value)}")


LOSS = Suite(
    LossSubject,
    {
        **EVERY_PART,
        "values": values,
        "gradients": gradients,
        "precision": precision,
        "graph": graph,
        "file": file,
    },
)
