"""A model as plain data: its parts by name, and how they are trained."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from stylezoo.catalogue import registry
from stylezoo.errors import BadRecipe, did_you_mean, name_all
from stylezoo.spec import Spec

ORDERS = ("together", "discriminator-first")
DATA = ("unpaired", "paired", "styles")
DIRECTIONS = ("AtoB", "BtoA")
SCHEDULES = {"linear": (), "halving": ("every",), "inverse": ("rate",)}  # with the options that each must have
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
MAY_BE_ZERO = (
    "added_styles", "epochs", "decay_epochs", "warmup_epochs", "average", "seed", "epsilon", "pool", "weight_decay",
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """A registered model: frozen plain data that prints as JSON.

    Attributes:
        about: What the model is for, in one sentence.
        generator: The network that redraws the source, "name:option=value,...".
        discriminators: The networks that judge, each like the generator.
        losses: The terms of both players' losses, each "name:option=value,...,weight=1".
        data: "unpaired": sources and styles have nothing to do with each other; "paired": each source has its ground
            truth, in a file of the same name or in the other half of the same picture; "styles": each `--style` is a
            style of its own that the generator learns beside the others.
        direction: For data sets that come in halves, A and B: "AtoB" makes A the source, "BtoA" B.
        styles: The names of the styles of one generator, with data="styles"; a training takes them from its folders.
        added_styles: How many of the last styles are new to a trained generator; only what they alone have learns, and
            only they are in the data. `stylezoo train --add-style` sets it.
        two_way: Whether a second generator and discriminators translate back, as in CycleGAN.
        order: "together": both players learn from the same forward pass; "discriminator-first": the generator is
            judged by discriminators that have just learned.
        judge_identity: Whether the discriminators are shown generator(style) as generated pictures as well. These
            differ from style pictures only in how they are painted, not in what they show.
        random_codes: Whether a generator made of codes is trained on random style codes instead of those of the style
            pictures, as in MUNIT.
        pool: How many generated pictures are kept to show the discriminators an older one half of the time; 0: none.
        critic_steps: Updates of the discriminators per update of the generator, each on a batch of its own.
        warmup_epochs: Epochs before the game in which the generator alone learns, from `warmup_losses`.
        warmup_losses: Names of the losses that it learns from then.
        warmup_rate: Adam's step size then; None: `learning_rate`.
        match_tones: Whether light and dark of every source are brought to the mean and the spread that they have in
            the styles, before it is redrawn: a bright photograph for a dark painting.
        image_size: Side of the square crops that are trained on, in pixels.
        load_size: Shorter side to which pictures are scaled before they are cropped, in pixels; None: 12 % more than
            `image_size`.
        source_zoom: The range of sizes in which crops are taken from sources, as multiples of `image_size` to which
            they are then scaled: (1, 2) shows up to twice as much of the picture, half as large.
        style_zoom: Likewise for styles: (0.5, 1) makes strokes up to twice as broad.
        crop_grid: Whether the crops of a batch are places of a shuffled grid on one picture, none twice, and its height
            and width are zoomed by random factors of their own, as in SinCUT.
        whole_in_decay: Whether crops show all of a picture's shorter side in the decay epochs, as in CUT.
        flip: Whether half of the crops are mirrored.
        turn_style: Whether style crops are turned by quarters, so that strokes run in all directions.
        batch_size: Pictures of each kind in one batch.
        learning_rate: Adam's step size for the generator.
        discriminator_rate: Adam's step size for the discriminators; None: the generator's.
        betas: Adam's decay rates of the first and second moment.
        discriminator_betas: Those of the discriminators; None: the generator's.
        epsilon: Adam's small constant.
        weight_decay: What is added to a gradient for each unit of a weight.
        schedule: How the learning rate falls: "linear" towards 0 in the decay epochs, "halving:every=100000" steps, or
            "inverse:rate=5e-5": divided by 1 + rate times the step.
        epochs: Epochs at the full learning rate.
        decay_epochs: Epochs after these in which the learning rate falls to 0 in a line.
        steps_per_epoch: Updates of the generator in one epoch; None: once through the larger folder.
        steps: Updates of the generator after which training ends, whatever `epochs` say; None: after all epochs. If
            it is more than all epochs, the learning rate falls at the end.
        average: Decay of the moving average of the generator's weights that stylising uses, 0 for none.
        vgg: A file of VGG-19 weights for the parts that look through one; None: those of Keras, which it downloads.
        precision: float32, mixed_bfloat16 or mixed_float16.
        seed: Decides the first weights, the crops and their order.
    """

    about: str = ""
    generator: Spec = Spec("resnet")
    discriminators: tuple[Spec, ...] = (Spec("patch"),)
    losses: tuple[Spec, ...] = (Spec("lsgan"),)
    data: str = "unpaired"
    direction: str = "AtoB"
    styles: tuple[str, ...] = ()
    added_styles: int = 0
    two_way: bool = False
    order: str = "together"
    judge_identity: bool = False
    random_codes: bool = False
    pool: int = 0
    critic_steps: int = 1
    warmup_epochs: int = 0
    warmup_losses: tuple[str, ...] = ()
    warmup_rate: float | None = None
    match_tones: bool = False
    image_size: int = 256
    load_size: int | None = None
    source_zoom: tuple[float, float] = (1.0, 1.0)
    style_zoom: tuple[float, float] = (1.0, 1.0)
    crop_grid: bool = False
    whole_in_decay: bool = False
    flip: bool = True
    turn_style: bool = False
    batch_size: int = 1
    learning_rate: float = 2e-4
    discriminator_rate: float | None = None
    betas: tuple[float, float] = (0.5, 0.999)
    discriminator_betas: tuple[float, float] | None = None
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    schedule: Spec = Spec("linear")
    epochs: int = 100
    decay_epochs: int = 100
    steps_per_epoch: int | None = None
    steps: int | None = None
    average: float = 0.0
    vgg: str | None = None
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        give = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731 - how frozen data sets itself up
        for name in ("generator", "schedule"):
            give(name, Spec.parse(getattr(self, name)))
        for name in ("discriminators", "losses"):
            give(name, tuple(map(Spec.parse, _listed(name, getattr(self, name)))))
        for name in ("styles", "warmup_losses"):
            give(name, tuple(_listed(name, getattr(self, name))))
        for each in fields(self):
            give(each.name, _checked(each.name, str(each.type), getattr(self, each.name)))
        words = {"order": ORDERS, "data": DATA, "direction": DIRECTIONS, "precision": PRECISIONS}
        for name, known in words.items():
            if getattr(self, name) not in known:
                raise BadRecipe(f"{name} is '{getattr(self, name)}'; it can be {name_all(known)}.")
        self._check_schedule()
        for name in ("source_zoom", "style_zoom"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise BadRecipe(f"{name} is {(low, high)}; it must be two numbers above 0, the smaller first.")
        if self.load_size is not None and self.load_size < self.image_size:
            raise BadRecipe(f"load_size is {self.load_size}; it must be at least image_size, {self.image_size}.")
        for name in ("average", "betas", "discriminator_betas"):
            value = getattr(self, name)
            if any(each >= 1 for each in (value if isinstance(value, tuple) else (value or 0,))):
                raise BadRecipe(f"{name} is {value}; it must be less than 1.")
        self._check_data()
        if len(set(self.styles)) < len(self.styles):
            raise BadRecipe(f"styles is {self.styles}; no name can be there twice.")
        if self.warmup_epochs and not self.warmup_losses:
            raise BadRecipe(f"warmup_epochs is {self.warmup_epochs}; it needs warmup_losses, names of the losses.")
        if self.critic_steps > 1 and self.order == "together":
            raise BadRecipe(f"critic_steps is {self.critic_steps}; more than one needs order='discriminator-first'.")
        if self.steps is None and self.epochs + self.decay_epochs == 0:
            raise BadRecipe("The recipe has neither steps nor epochs; set one of them.")

    @classmethod
    def named(cls, name: str, **changes: Any) -> Recipe:
        """A registered recipe, some of it changed, complete and checked.

        Args:
            name: The model's name, "single-pair" or "distribution/single-pair".
            **changes: Fields with new values. `losses` are joined to the recipe's: an adversarial loss replaces the
                recipe's adversarial one, any other is added or replaces the one of its name, and weight=0 removes it.
                "generator.filters=8" is written ``**{"generator.filters": 8}``, and so for `discriminators`.

        Raises:
            UnknownPlugin: A name is not offered by any installed distribution.
            PluginConflict: A name is offered by several.
            BrokenPlugin: A plugin cannot be imported.
            BadRecipe: A change does not fit.
            BadOptions: A component does not take its options.
        """
        plugin = registry.find("model", name)
        recipe = plugin.load()
        if not isinstance(recipe, cls):
            raise plugin.broken("it is not a stylezoo.Recipe")
        return recipe.resolved(plugin.distribution).changed(**changes)

    def changed(self, **changes: Any) -> Recipe:
        """This recipe with some of it changed as `named` tells, complete and checked."""
        losses = changes.pop("losses", ())
        for key in changes:
            _check_field(key.partition(".")[0])
        # All at once, since they are checked against each other; then options, of the parts that are there now.
        recipe = replace(self, **{key: value for key, value in changes.items() if "." not in key})
        for key, value in changes.items():
            recipe = recipe._with_option(key, value) if "." in key else recipe
        for text in _listed("losses", losses):
            recipe = recipe._with_loss(Spec.parse(text).qualified("loss"))
        return recipe.resolved()

    def resolved(self, home: str = "") -> Recipe:
        """The same, ready to be built: names made unambiguous, options checked, discriminators for every loss.

        Args:
            home: The distribution whose plugins a bare name means first.
        """
        parts = {
            "generator": self.generator.qualified("generator", home),
            "discriminators": tuple(spec.qualified("discriminator", home) for spec in self.discriminators),
            "losses": tuple(spec.qualified("loss", home) for spec in self.losses if spec.weight),
        }
        names = [spec.name for spec in parts["losses"]]
        if twice := {name for name in names if names.count(name) > 1}:
            raise BadRecipe(f"The loss {name_all(twice)} stands twice in the recipe; a loss can be there once.")
        if strangers := set(self.warmup_losses) - {spec.label for spec in parts["losses"]}:
            raise BadRecipe(f"warmup_losses has {name_all(strangers)}, which is no loss of the recipe.")
        if not self.two_way and (back := [s.label for s in parts["losses"] if s.load("loss").two_way_needed]):
            raise BadRecipe(f"The loss {name_all(back)} needs a model with a way back, such as cyclegan.")
        parts["generator"].load("generator")
        for spec in parts["discriminators"]:
            spec.load("discriminator")
        needed = max((spec.load("loss").discriminators_needed for spec in parts["losses"]), default=0)
        if needed and not self.discriminators:
            raise BadRecipe(f"The losses {name_all(self.losses)} need {needed} discriminators, the recipe has none.")
        if self.discriminators and not needed:
            raise BadRecipe("No loss of this recipe teaches its discriminators; add one such as 'lsgan'.")
        while len(parts["discriminators"]) < needed:  # such as a second one for the loss `diverse`
            parts["discriminators"] += parts["discriminators"][-1:]
        return replace(self, **parts)

    @property
    def parts(self) -> list[tuple[str, Spec]]:
        """Every part with its kind, in the order generator, discriminators, losses."""
        return [
            ("generator", self.generator),
            *(("discriminator", spec) for spec in self.discriminators),
            *(("loss", spec) for spec in self.losses),
        ]

    @property
    def scaled_size(self) -> int:
        """The shorter side to which pictures are scaled before they are cropped, in pixels."""
        return self.load_size or math.ceil(self.image_size * 286 / 256)  # CycleGAN's and pix2pix' proportion

    @property
    def total_steps(self) -> int | None:
        """Updates of the generator in the whole training, None as long as the length of an epoch is not known."""
        if self.steps is not None or self.steps_per_epoch is None:
            return self.steps
        return self.warmup_steps + (self.epochs + self.decay_epochs) * self.steps_per_epoch

    @property
    def decay_begins(self) -> int:
        """The step with which the decay epochs begin; a training longer than its epochs keeps them for the end."""
        steps_per_epoch = self.steps_per_epoch or 0
        planned = self.warmup_steps + (self.epochs + self.decay_epochs) * steps_per_epoch
        return self.warmup_steps + self.epochs * steps_per_epoch + max(0, (self.total_steps or 0) - planned)

    @property
    def warmup_steps(self) -> int:
        """Updates of the generator before the game; 0 as long as the length of an epoch is not known."""
        return self.warmup_epochs * (self.steps_per_epoch or 0)

    def to_json(self) -> str:
        """The recipe as a JSON object, parts as the texts that `Spec.parse` reads."""
        return json.dumps(self.to_dict(), indent=2)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as the plain data that JSON knows."""
        plain = asdict(self)
        for name in ("generator", "schedule"):
            plain[name] = str(getattr(self, name))
        for name in ("discriminators", "losses"):
            plain[name] = [str(spec) for spec in getattr(self, name)]
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Recipe:
        """The recipe that `to_dict` wrote.

        Raises:
            BadRecipe: There is a field that recipes do not have.
        """
        for name in plain:
            _check_field(name)
        return cls(**plain)

    @classmethod
    def read(cls, path: str | Path) -> Recipe:
        """The recipe of a JSON file, such as a run folder's ``recipe.json``."""
        try:
            plain = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadRecipe(f"Cannot read the recipe '{path}': {error}") from None
        if not isinstance(plain, dict):
            raise BadRecipe(
                f"'{path}' holds no recipe: a recipe is a JSON object, as 'stylezoo train --dry-run' prints."
            )
        return cls.from_dict(plain)

    def _check_data(self) -> None:
        if self.two_way and self.data == "styles":
            raise BadRecipe("data is 'styles' and two_way is true; a model of several styles has no one way back.")
        if self.added_styles and (self.data != "styles" or self.added_styles >= len(self.styles)):
            raise BadRecipe(
                f"added_styles is {self.added_styles}; it needs data='styles', and styles before those that are added."
            )
        if self.added_styles and self.match_tones:
            raise BadRecipe(
                "added_styles is not 0 and match_tones is true; all styles of a model share their tones, and others "
                "would change the pictures of those that it has."
            )
        if self.data == "paired" and (self.match_tones or self.turn_style):
            raise BadRecipe("data is 'paired'; match_tones and turn_style would take source and ground truth apart.")
        if self.crop_grid and (self.data != "unpaired" or self.turn_style or self.whole_in_decay):
            raise BadRecipe("crop_grid is true; it is for unpaired data, without turn_style and whole_in_decay.")

    def _check_schedule(self) -> None:
        name, options = self.schedule.name, self.schedule.options
        if name not in SCHEDULES or tuple(options) != SCHEDULES[name]:
            raise BadRecipe(
                f"schedule is '{self.schedule}'; it can be 'linear', 'halving:every=100000' or 'inverse:rate=5e-5'."
            )
        for option, value in options.items():
            _number(f"schedule '{self.schedule}': {option}", int if option == "every" else float, value)

    def _with_option(self, key: str, value: Any) -> Recipe:
        name, _, option = key.partition(".")
        if name == "generator":
            return replace(self, generator=self.generator.with_option(option, value))
        if name == "discriminators":
            return replace(self, discriminators=[spec.with_option(option, value) for spec in self.discriminators])
        raise BadRecipe(f"'{key}' cannot be set: only generator and discriminators have options of this form.")

    def _with_loss(self, new: Spec) -> Recipe:
        adversarial = new.weight and new.load("loss").adversarial  # of weight 0 it takes away itself only
        keep = [
            old for old in self.losses if old.label != new.label and not (adversarial and old.load("loss").adversarial)
        ]
        return replace(self, losses=[new, *keep] if adversarial else [*keep, new])


def _listed(name: str, parts: Any) -> list[Any]:
    """Parts as a list; one alone may stand without."""
    if isinstance(parts, str | Spec):
        return [parts]
    if not isinstance(parts, tuple | list):
        raise BadRecipe(f"{name} is {parts!r}; it must be names such as 'patch:layers=2'.")
    return list(parts)


def _check_field(name: str) -> None:
    names = [each.name for each in fields(Recipe)]
    if name not in names:
        raise BadRecipe(f"A recipe has no field '{name}'.{did_you_mean(name, names)} It has: {name_all(names)}.")


def _checked(name: str, annotation: str, value: Any) -> Any:
    """A field's value in its own type, or BadRecipe."""
    wanted, optional = annotation.removesuffix(" | None"), annotation.endswith(" | None")
    if value is None and optional:
        return None
    if wanted in ("int", "float"):
        return _number(name, int if wanted == "int" else float, value)
    if wanted == "tuple[float, float]":
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise BadRecipe(f"{name} is {value!r}; it must be two numbers, such as (0.5, 0.999).")
        return tuple(_number(name, float, each, at_least_zero=True) for each in value)
    if wanted == "tuple[str, ...]" and not all(isinstance(each, str) for each in value):
        raise BadRecipe(f"{name} is {value!r}; it must be names.")
    if wanted in ("str", "bool") and type(value).__name__ != wanted:
        raise BadRecipe(f"{name} is {value!r}; it must be {'true or false' if wanted == 'bool' else 'a text'}.")
    return value


def _number(name: str, wanted: type, value: Any, at_least_zero: bool = False) -> Any:
    if isinstance(value, bool) or not isinstance(value, (wanted, int)):
        raise BadRecipe(f"{name} is {value!r}; it must be {'a whole number' if wanted is int else 'a number'}.")
    at_least_zero = at_least_zero or name in MAY_BE_ZERO
    if not math.isfinite(value) or value < 0 or (value == 0 and not at_least_zero):
        raise BadRecipe(f"{name} is {value!r}; it must be {'0 or more' if at_least_zero else 'greater than 0'}.")
    return wanted(value)
