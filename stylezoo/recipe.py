"""A model as plain data: its parts by name, and how they are trained."""

from __future__ import annotations

import json
import math
import os
import sys
from copy import copy
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylezoo.catalogue import registry
from stylezoo.errors import BadRecipe, did_you_mean, name_all
from stylezoo.files import old_recipes
from stylezoo.files.plain import of_file
from stylezoo.spec import Spec, shortened

if TYPE_CHECKING:
    from stylezoo.plan import Plan

PRECISIONS = ("auto", "float32", "mixed_bfloat16", "mixed_float16")
MAY_BE_ZERO = ("average", "seed", "pool", "threads")
LARGEST = {  # a recipe may be a stranger's, and must not fill the memory
    "image_size": 2**13, "load_size": 2**14, "batch_size": 2**16, "pool": 10_000, "steps": 2**31,
    "steps_per_epoch": 2**31, "seed": 2**64, "threads": 1024, "channels": 64,
}  # fmt: skip
MOST_PIXELS = 2**26  # of the crops in a batch, and of those in a pool; of more than three channels fewer
MOST_PARTS = 50  # discriminators, or losses
LARGEST_FILE = 2**22  # bytes
CHOICES = ("data", "order", "warmup", "crops", "optimizer", "discriminator_optimizer", "schedule")
PARTS = {"generator": "generator", "discriminators": "discriminator", "losses": "loss"}  # fields and kinds


@dataclass(frozen=True)
class Recipe:
    """A registered model: frozen plain data that prints as JSON.

    Parts and choices are written "name:option=value,...". `resolve` finds and checks them.

    Attributes:
        about: What the model is for, in one sentence.
        generator: The network that redraws the source.
        discriminators: The networks that judge pictures.
        losses: The terms of both players' losses, each with its weight: "lsgan:real=0.9,weight=2".
        data: How pictures are read: "unpaired", two independent folders; "paired", each source has its ground truth;
            "named-styles", each style has a name. Options: `stylezoo.data`.
        two_way: Whether a second generator and discriminators translate back, as in CycleGAN.
        order: The order of updates in a step: "together", both players from the same forward pass;
            "discriminator-first", the generator learns from updated discriminators. Options: `stylezoo.updates.orders`.
        warmup: The warm-up: "generator-only:losses=['perceptual'],epochs=10"; None: none.
        pool: How many generated pictures are kept to show the discriminators an older one half of the time; 0: none.
        average: The decay of the moving average of the generator's weights; 0: no average.
        image_size: Side of the square crops for training, in pixels.
        load_size: Shorter side to which pictures are scaled before they are cropped, in pixels; None: 12 % more than
            `image_size`.
        crops: How crops are taken: "random", anywhere, or "grid", as in SinCUT. Options: `stylezoo.data.crops`.
        channels: The channels of a picture: 3, colours; 1, grey; others up to 64, such as the bands of a satellite.
        batch_size: Pictures of each domain in one batch.
        optimizer: "adam:learning_rate=2e-4,beta_1=0.5,beta_2=0.999,epsilon=1e-8,weight_decay=0".
        discriminator_optimizer: That of the discriminators; None: like the generator's.
        schedule: The learning rate schedule: "linear:epochs=100,decay_epochs=100", constant and then in equal steps
            towards 0, "halving:every=100000" steps, or "inverse:rate=5e-5", divided by 1 + rate times the step.
        steps: Updates of the generator in the whole training; None: those of the schedule's epochs.
        steps_per_epoch: Updates in an epoch; None: until every picture of the larger folder is seen.
        vgg: The file of a pretrained VGG-19, for the parts that use one; None: that of Keras, which is downloaded.
        precision: "float32", "mixed_bfloat16" or "mixed_float16". "auto": a training chooses "mixed_bfloat16" on a
            processor that has bfloat16; else "float32".
        threads: The number of threads of one operation, in a training whose results are the same on every machine of
            this kind: with the operations of TensorFlow that are deterministic. 0: as many as there are cores where it
            starts. None: the fastest operations and all cores, whose results differ in their last digits.
        seed: The seed of the initial weights, the crops and their order.

    Examples:
        >>> recipe = stylezoo.Recipe(generator="resnet:filters=8,blocks=2", losses=("lsgan", "content:weight=4"))
        >>> recipe.changed(image_size=64, **{"generator.blocks": 3}).generator.options
        {'filters': 8, 'blocks': 3}
    """

    about: str = ""
    generator: Spec = Spec("resnet")
    discriminators: tuple[Spec, ...] = (Spec("patch"),)
    losses: tuple[Spec, ...] = (Spec("lsgan"),)
    data: Spec = Spec("unpaired")
    two_way: bool = False
    order: Spec = Spec("together")
    warmup: Spec | None = None
    pool: int = 0
    average: float = 0.0
    image_size: int = 256
    load_size: int | None = None
    crops: Spec = Spec("random")
    channels: int = 3
    batch_size: int = 1
    optimizer: Spec = Spec("adam")
    discriminator_optimizer: Spec | None = None
    schedule: Spec = Spec("linear")
    steps: int | None = None
    steps_per_epoch: int | None = None
    vgg: str | None = None
    precision: str = "auto"
    threads: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, _checked(each.name, str(each.type), getattr(self, each.name)))
        if self.precision not in PRECISIONS:
            raise BadRecipe(f"precision is '{self.precision}'; it can be {name_all(PRECISIONS)}.")
        if self.load_size is not None and self.load_size < self.image_size:
            raise BadRecipe(f"load_size is {self.load_size}; it must be at least image_size, {self.image_size}.")
        if self.average >= 1:
            raise BadRecipe(f"average is {self.average}; it must be less than 1.")
        for name in ("batch_size", "pool"):
            pixels, most = getattr(self, name) * self.image_size**2, 3 * MOST_PIXELS // max(3, self.channels)
            if pixels > most:
                raise BadRecipe(
                    f"{name} is {getattr(self, name)} and image_size {self.image_size}, together {pixels} pixels; at "
                    f"most {most} are possible."
                )

    @classmethod
    def named(cls, name: str, **changes: Any) -> Recipe:
        """A registered recipe, with changes.

        Args:
            name: The model's name, "single-pair" or "distribution/single-pair".
            **changes: Fields with new values. `losses` are added to the recipe's: an adversarial loss replaces the
                recipe's adversarial one, any other is added or replaces the one of its name, and weight=0 removes it.
                "generator.filters=8" is written ``**{"generator.filters": 8}``, and so for every part and choice.

        Raises:
            UnknownPlugin: A name is not offered by any installed distribution.
            PluginConflict: A name is offered by several.
            BrokenPlugin: A plugin cannot be imported.
            BadRecipe: A change does not fit.
            BadOptions: A text cannot be read.

        Examples:
            >>> stylezoo.Recipe.named("cyclegan", losses=["hinge"], image_size=128).image_size
            128
        """
        plugin = registry.find("model", name)
        return plugin.load()._qualified(plugin.distribution).changed(**changes)

    @classmethod
    def of(cls, model: str | Recipe, **changes: Any) -> Recipe:
        """The recipe of a model that is given by its name or as a recipe, with changes as in `named`."""
        return model.changed(**changes) if isinstance(model, Recipe) else cls.named(model, **changes)

    def changed(self, **changes: Any) -> Recipe:
        """This recipe with changes as in `named`; itself if there are none."""
        if not changes:
            return self
        losses = changes.pop("losses", ())
        for key in changes:
            _check_field(key.partition(".")[0])
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values.update({key: value for key, value in changes.items() if "." not in key})
        for key, value in changes.items():  # options of the new parts
            name, dot, option = key.partition(".")
            if dot:
                values[name] = _with_option(values, name, option, value)
        for each in _listed("losses", losses):
            values["losses"] = _with_loss(values["losses"], Spec.parse(each).qualified("loss"))
        return Recipe(**values)

    def resolve(self, home: str = "") -> Plan:
        """The plan to build: every part found and loaded, every option checked.

        Args:
            home: The distribution whose plugins a bare name means first.

        Raises:
            UnknownPlugin, PluginConflict, BrokenPlugin: As in `named`.
            BadOptions: A part does not take its options.
            BadRecipe: The parts do not fit together, or there is no such choice.
        """
        from stylezoo import plan  # it imports Keras, which a recipe alone does not need

        return plan.resolved(self, home)

    @property
    def scaled_size(self) -> int:
        """The shorter side to which pictures are scaled before they are cropped, in pixels."""
        return self.load_size or math.ceil(self.image_size * 286 / 256)  # CycleGAN's and pix2pix' proportion

    def to_json(self) -> str:
        """The recipe as a JSON object, parts and choices as the texts that `Spec.parse` reads."""
        return json.dumps(self.to_dict(), indent=2)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain data for JSON.

        Raises:
            BadRecipe: A part is an object that has no name.
        """
        return {each.name: _plain(each.name, getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Recipe:
        """The recipe that `to_dict` wrote, now or in version 0.1.0.

        Raises:
            BadRecipe: There is a field that recipes do not have.
        """
        if not isinstance(plain, dict):
            raise BadRecipe(f"A recipe is {shortened(plain)}; it must be an object with names and values.")
        if old_recipes.is_old(plain):
            plain = old_recipes.translated(plain)
        for name in plain:
            _check_field(name)
        return cls(**plain)

    @classmethod
    def read(cls, path: str | Path) -> Recipe:
        """The recipe of a JSON file, such as a run folder's ``recipe.json``.

        Raises:
            BadRecipe: There is no such file, or it holds no recipe.
        """
        try:
            found = of_file(os.path.expanduser(path), LARGEST_FILE)
        except IsADirectoryError:
            raise BadRecipe(f"'{path}' is a folder; a recipe is a file, such as the recipe.json of a run.") from None
        except (OSError, ValueError) as error:
            raise BadRecipe(f"Cannot read the recipe '{path}': {getattr(error, 'strerror', None) or error}") from None
        if not isinstance(found, dict):
            raise BadRecipe(
                f"'{path}' holds no recipe: a recipe is a JSON object, as 'stylezoo train --dry-run' prints."
            )
        return cls.from_dict(found)

    def _qualified(self, home):
        """The same with unique names, "distribution/name"."""
        return self._with(
            generator=self.generator.qualified("generator", home),
            discriminators=tuple(spec.qualified("discriminator", home) for spec in self.discriminators),
            losses=tuple(spec.qualified("loss", home) for spec in self.losses),
        )

    def _with(self, **values):
        """The same with values that need no further check."""
        twin = copy(self)
        for name, value in values.items():
            object.__setattr__(twin, name, value)
        return twin


def _with_option(values, name, option, value):
    """The field `name` with one option set, of each of its parts if it has several."""
    found = values[name]
    if name == "discriminator_optimizer" and found is None:
        found = values["optimizer"]
    if name == "discriminators":
        return tuple(Spec.parse(each).with_option(option, value) for each in _listed(name, found))
    if name in ("generator", *CHOICES) and found is not None:
        return Spec.parse(found).with_option(option, value)
    if name == "warmup":
        raise BadRecipe(f"'warmup.{option}' cannot be set: the recipe has no warmup; set warmup itself first.")
    options = name_all(("generator", "discriminators", *CHOICES))
    raise BadRecipe(f"'{name}.{option}' cannot be set: only {options} have options of this form.")


def _with_loss(losses, new):
    """The losses with a new one: an adversarial loss replaces the old one, a loss of weight 0 is removed."""
    adversarial = new.weight and new.part("loss").component.adversarial
    keep = [
        old for old in losses if old.label != new.label and not (adversarial and old.part("loss").component.adversarial)
    ]
    if not new.weight:
        return tuple(keep)
    return (new, *keep) if adversarial else (*keep, new)


def _listed(name, parts):
    """Parts as a list; a single one may be given without a list."""
    if isinstance(parts, tuple | list):
        return list(parts)
    if isinstance(parts, bool | int | float | dict | None):
        raise BadRecipe(f"{name} is {shortened(parts)}; it must be names such as 'patch:layers=2'.")
    return [parts]


def _check_field(name: str) -> None:
    names = [each.name for each in fields(Recipe)]
    if name not in names:
        moved = old_recipes.MOVED.get(name)
        hint = f" It is '{moved}' now." if moved else did_you_mean(name, names)
        raise BadRecipe(f"A recipe has no field '{name}'.{hint} It has: {name_all(names)}.")


def _checked(name: str, annotation: str, value: Any) -> Any:
    """A field's value in its own type, or BadRecipe."""
    wanted, optional = annotation.removesuffix(" | None"), annotation.endswith(" | None")
    if value is None and optional:
        return None
    if wanted in ("int", "float"):
        return _number(name, int if wanted == "int" else float, value)
    if wanted == "tuple[Spec, ...]":
        parts = _listed(name, value)
        if len(parts) > MOST_PARTS:
            raise BadRecipe(f"The recipe has {len(parts)} {name}; it can have {MOST_PARTS}.")
        return tuple(map(Spec.parse, parts))
    if wanted == "Spec":
        return _choice(name, value)
    if type(value).__name__ != wanted:
        form = "true or false" if wanted == "bool" else "a text"
        raise BadRecipe(f"{name} is {shortened(value)}; it must be {form}.")
    return value


def _choice(name, value):
    if name in CHOICES and not isinstance(value, str | Spec):
        raise BadRecipe(
            f"{name} is {shortened(value)}; it must be a name with its options, such as '{_default(name)}'."
        )
    spec = Spec.parse(value)
    if name in CHOICES and spec.weight != 1.0:
        raise BadRecipe(f"{name} is '{spec}'; only losses have a weight.")
    return spec


def _default(name):
    examples = {"warmup": "generator-only:losses=['perceptual'],epochs=10", "discriminator_optimizer": "adam"}
    return examples.get(name) or next(each.default for each in fields(Recipe) if each.name == name)


def _number(name: str, wanted: type, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (wanted, int)):
        form = "a whole number" if wanted is int else "a number"
        raise BadRecipe(f"{name} is {shortened(value)}; it must be {form}.")
    may_be_zero, largest = name in MAY_BE_ZERO, LARGEST.get(name, sys.float_info.max)
    if not 0 <= value <= largest or (value == 0 and not may_be_zero):  # or NaN
        form = "0 or more" if may_be_zero else "greater than 0"
        at_most = f" and at most {largest}" if value > largest and name in LARGEST else ""
        raise BadRecipe(f"{name} is {shortened(value)}; it must be {form}{at_most}.")
    return wanted(value)


def _plain(name, value):
    """A field's value for JSON."""
    if isinstance(value, tuple):
        return [_plain(name, each) for each in value]
    if not isinstance(value, Spec):
        return value
    if value.object is not None:
        raise BadRecipe(value.unsaved(PARTS[name]))
    return str(value)
