"""A recipe with every part found and loaded once, from which a model is built."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import keras

from stylezoo import backend, devices
from stylezoo.catalogue import sources
from stylezoo.contract import Loss
from stylezoo.contract.branches import branches
from stylezoo.contract.losses import METHODS, concerns
from stylezoo.contract.networks import fault, pictures_of
from stylezoo.contract.style_inputs import known_inputs, style_input, unknown_inputs
from stylezoo.data import Crops, DataMode
from stylezoo.errors import BadOptions, BadRecipe, BrokenPlugin, name_all
from stylezoo.pictures.scans import WHOLE
from stylezoo.spec import Part
from stylezoo.updates import Optimizer, Order, Schedule, WarmUp

__all__ = ["Plan"]

MOST_LAYERS = 1500  # of all networks of a model, operations included
MOST_WEIGHTS = 250 * 10**6  # with their optimizers 3 GB; the largest of the zoo's models has 60 million

if TYPE_CHECKING:
    from stylezoo.recipe import Recipe


def resolved(recipe: Recipe, home: str = "") -> Plan:
    """The plan of a recipe: see `Recipe.resolve`."""
    losses = tuple(spec.part("loss", home) for spec in recipe.losses if spec.weight)
    optimizers = {"generator": Optimizer.read(recipe.optimizer)}
    optimizers["discriminator"] = optimizers["generator"]
    if recipe.discriminator_optimizer:
        optimizers["discriminator"] = Optimizer.read(recipe.discriminator_optimizer, "discriminator_optimizer")
    plan = Plan(
        recipe=recipe,
        generator=recipe.generator.part("generator", home),
        discriminators=_judges([spec.part("discriminator", home) for spec in recipe.discriminators], losses),
        losses=losses,
        data=DataMode.read(recipe.data),
        order=Order.read(recipe.order),
        warmup=recipe.warmup and WarmUp.read(recipe.warmup),
        crops=Crops.read(recipe.crops),
        optimizers=optimizers,
        schedule=Schedule.read(recipe.schedule),
    )
    plan.check()
    precision = "float32" if recipe.precision == "auto" else recipe.precision  # `training.chosen` looks at the machine
    return plan._with(**plan.specs, precision=precision)


@dataclass(frozen=True)
class Plan:
    """A recipe with every part found and loaded, from which `stylezoo.gan.GAN` builds a model.

    Attributes:
        recipe: The recipe, complete, as plain data.
        generator: The generator's part.
        discriminators: The discriminators' parts, as many as the losses need.
        losses: The losses' parts.
        data: The data mode.
        order: The update order.
        warmup: The warm-up, or None.
        crops: How crops are taken.
        optimizers: The optimizer of each player, "generator" and "discriminator".
        schedule: The learning rate schedule.

    Examples:
        >>> plan = stylezoo.Recipe.named("cyclegan").resolve()
        >>> plan.generator.spec.name, len(plan.losses)
        ('stylezoo/resnet', 3)
    """

    recipe: Recipe
    generator: Part
    discriminators: tuple[Part, ...]
    losses: tuple[Part, ...]
    data: DataMode
    order: Order
    warmup: WarmUp | None
    crops: Crops
    optimizers: dict[str, Optimizer]
    schedule: Schedule

    def resolve(self) -> Plan:
        """The plan itself, so that functions take a recipe or a plan."""
        return self

    @property
    def parts(self) -> list[Part]:
        """Every part, in the order generator, discriminators, losses."""
        return [self.generator, *self.discriminators, *self.losses]

    @property
    def plugins(self) -> list[dict[str, str]]:
        """The plugins that are used, as plain data; a saved model needs them to be loaded."""
        found = {part.plugin: part for part in self.parts if part.plugin}
        return [
            {"kind": each.kind, "name": each.name, "distribution": each.distribution, "version": each.version}
            for each in found
        ]

    @property
    def objects(self) -> list[Part]:
        """The parts that were given as objects without a name, so that the model cannot be saved."""
        return [part for part in self.parts if part.plugin is None]

    @property
    def unsaved(self) -> str:
        """Why a model of these parts cannot be saved, in a sentence; "" if it can."""
        return self.objects[0].spec.unsaved(self.objects[0].kind) if self.objects else ""

    @property
    def crop(self) -> tuple[int, int, int]:
        """The shape of a crop: height, width and channels."""
        return (self.recipe.image_size, self.recipe.image_size, self.recipe.channels)

    @property
    def styles(self) -> tuple[str, ...]:
        """The names of the named styles; none in a model of one style or of style pictures."""
        return self.data.names

    @property
    def given(self) -> dict[str, Any]:
        """Values for components that have parameters of these names."""
        given = {"styles": len(self.styles), "vgg": self.recipe.vgg}
        return {name: value for name, value in given.items() if value}

    @property
    def generator_facts(self) -> tuple:
        """What a generator is built of: where it is the same, generators differ in nothing but their weights."""
        part, recipe = self.generator, self.recipe
        return part.component, str(part.spec), repr(self.given), recipe.channels, recipe.precision, recipe.seed

    @property
    def specs(self) -> dict[str, Any]:
        """The parts as fields of a recipe, with full names."""
        return {
            "generator": self.generator.spec,
            "discriminators": tuple(part.spec for part in self.discriminators),
            "losses": tuple(part.spec for part in self.losses),
        }

    @cached_property
    def total_steps(self) -> int | None:
        """Updates of the generator in the whole training, None until the length of an epoch is known."""
        if self.recipe.steps is not None or self.recipe.steps_per_epoch is None:
            return self.recipe.steps
        return self._planned_steps

    @property
    def decay_begins(self) -> int:
        """The first step of the decay epochs; a training longer than its epochs has them at the end."""
        steps_per_epoch = self.recipe.steps_per_epoch or 0
        extra = max(0, (self.total_steps or 0) - self._planned_steps)
        return self.warmup_steps + self.schedule.epochs * steps_per_epoch + extra

    @property
    def warmup_steps(self) -> int:
        """Updates of the generator in the warm-up; 0 until the length of an epoch is known."""
        return self.warmup.epochs * (self.recipe.steps_per_epoch or 0) if self.warmup else 0

    @property
    def _planned_steps(self):
        epochs = self.schedule.epochs + self.schedule.decay_epochs
        return self.warmup_steps + epochs * (self.recipe.steps_per_epoch or 0)

    @property
    def random_codes(self) -> bool:
        """Whether a loss needs random style codes, where the generator is made of codes."""
        return any(part.build(**self.given).random_codes_needed for part in self.losses)

    def build_generator(self, again: bool = False) -> keras.Model:
        """A new generator, for pictures of any size.

        Args:
            again: Whether there is one already; then a network that was given as an object is copied.
        """
        network = self._network(self.generator, (None, None, self.recipe.channels), again)
        if unknown_inputs(network):
            raise BrokenPlugin(
                f"The generator '{self.generator.spec.name}' has the inputs "
                f"{name_all(each.name for each in network.inputs)}; several inputs must be called "
                f"{name_all(known_inputs())}."
            )
        self._check_object(self.generator, network)
        self._check_channels(self.generator, network)
        return network

    def build_discriminators(self, shape: tuple[int, int, int], again: bool = False) -> list[keras.Model]:
        """New discriminators for crops of this shape; `again` as in `build_generator`."""
        parts = self.discriminators
        networks = [self._network(part, shape, again or part in parts[:i]) for i, part in enumerate(parts)]
        for part, network in zip(parts, networks, strict=True):
            self._check_object(part, network)
            self._check_channels(part, network)
        return networks

    def check_generator(self, generator) -> None:
        """Check that generator, data and devices fit.

        Raises:
            BadRecipe: They do not.
        """
        name, takes_labels = self.generator.spec, style_input(generator).needs_labels
        if takes_labels != self.data.labelled:
            has = "chooses among named styles" if takes_labels else "knows one style only"
            raise BadRecipe(f"The generator '{name}' {has}, and data is '{self.data.spec}'{_example()}.")
        if self.data.added and branches(generator) < {*self.data.added_numbers}:
            raise BadRecipe(
                f"The generator '{name}' has no layers that one style alone has (style_0_...), so that no style can be "
                f"added{_example()}."
            )
        if devices.replicas() > 1 and self.recipe.precision == "mixed_float16":
            # Keras looks for infinite gradients on the first replica only, before they are added up.
            raise BadRecipe("mixed_float16 is not safe on several devices: take --precision mixed_bfloat16 or float32.")

    @contextmanager
    def reproducible(self):
        """A context that builds networks with the recipe's precision and seed, and restores the old ones afterwards.

        Keras draws the seeds of initializers and of dropout from Python's `random`.

        Raises:
            BadRecipe: The networks have too many layers or weights: the recipe may be a stranger's.
        """
        policy, state = keras.config.dtype_policy(), random.getstate()
        keras.config.set_dtype_policy(self.recipe.precision)
        # Copies of a network that was made after keras.utils.set_random_seed(seed) must not have its weights.
        random.seed(f"objects {self.recipe.seed}" if self.objects else self.recipe.seed)
        try:
            with backend.nameless_variables(), backend.building_at_most(MOST_LAYERS, MOST_WEIGHTS):
                yield
        finally:
            keras.config.set_dtype_policy(policy)
            random.setstate(state)

    def build_losses(self, generator, discriminators, shape) -> list[tuple[str, float, Loss]]:
        """New losses for these networks: label, weight and loss of each."""
        terms = [(self._label(part), part.spec.weight, part.build(**self.given)) for part in self.losses]
        for part, (_, _, loss) in zip(self.losses, terms, strict=True):
            if not any(concerns(loss, player) for player in METHODS):
                raise BrokenPlugin(f"The loss '{part.spec.name}' must define {' or '.join(METHODS.values())}.")
            with part.refusals():
                loss.build(generator, discriminators, shape)
        return terms

    def _network(self, part, shape, again):
        network = part.build(shape=shape, **self.given)
        if part.plugin is None and again:
            network = _copied(part, network)
        if not isinstance(network, keras.Model):
            raise BrokenPlugin(
                f"The {part.kind} '{part.spec.name}' built a {type(network).__name__}; it must build a keras.Model."
            )
        if not getattr(network, "inputs", None):
            raise BrokenPlugin(
                f"The {part.kind} '{part.spec.name}' is a {type(network).__name__} whose inputs cannot be read; it "
                "must be a functional or sequential model that begins with keras.Input."
            )
        return network

    def _check_object(self, part, network):
        """Check a network that was given as an object, which no conformance kit has seen."""
        if part.plugin is None and (reason := fault(network, self.crop, draws=part.kind == "generator")):
            raise BrokenPlugin(f"The {part.kind} '{part.spec.name}' cannot be used: {reason}.")

    def _check_channels(self, part, network):
        """Check that a network takes the recipe's number of channels, and that a generator draws as many."""
        count, pictures = self.recipe.channels, pictures_of(network, draws=part.kind == "generator")
        if odd := [each.shape[-1] for each in pictures if each.shape[-1] not in (None, count)]:
            raise BrokenPlugin(
                f"The {part.kind} '{part.spec.name}' is for pictures of {odd[0]} channels only, and channels is "
                f"{count}; take channels={odd[0]}, or another {part.kind}."
            )

    def _label(self, part):
        """The name of a term in logs: the bare name, unless losses of two distributions have the same name."""
        twins = [other for other in self.losses if other.label == part.label]
        return part.label if len(twins) == 1 else part.spec.name

    def with_epoch(self, steps_per_epoch: int) -> Plan:
        """The same with the length of an epoch, unless the recipe has one."""
        return self._with(steps_per_epoch=self.recipe.steps_per_epoch or steps_per_epoch)

    def with_data(self, data: DataMode) -> Plan:
        """The same with another data mode, such as one that knows the names of its styles."""
        return replace(self, recipe=self.recipe._with(data=data.spec), data=data)

    def with_vgg(self, file: str) -> Plan:
        """The same with another file of pretrained weights."""
        return self._with(vgg=file)

    def check(self) -> None:
        """Check that the choices fit the parts and each other.

        Raises:
            BadRecipe: They do not.
        """
        names = [part.spec.name for part in self.losses]
        if twice := {name for name in names if names.count(name) > 1}:
            raise BadRecipe(f"The loss {name_all(twice)} stands twice in the recipe; a loss can be there once.")
        back = [part.label for part in self.losses if part.component.two_way_needed]
        if back and not self.recipe.two_way:
            raise BadRecipe(f"The loss {name_all(back)} needs a model with a way back{sources.such_as(two_way=True)}.")
        if self.warmup and (unknown := set(self.warmup.losses) - {part.label for part in self.losses}):
            raise BadRecipe(f"warmup is '{self.recipe.warmup}'; {name_all(unknown)} is no loss of the recipe.")
        if self.recipe.steps is None and self.schedule.epochs + self.schedule.decay_epochs == 0:
            raise BadRecipe("The recipe has neither steps nor epochs; set steps, or schedule.epochs.")
        if self.data.match_colours and self.recipe.channels not in WHOLE:
            raise BadRecipe(
                f"channels is {self.recipe.channels} and match_colours is true, which is for 1 or 3 channels; set "
                "data.match_colours=false."
            )
        self.data.check(self.crops, self.recipe.two_way)

    def _with(self, **values):
        return replace(self, recipe=self.recipe._with(**values))


def _example():
    return sources.such_as(data="named-styles")


def _copied(part, network):
    """A network of the same layers with new weights."""
    try:
        return keras.models.clone_model(network)
    except (TypeError, ValueError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise BadOptions(
            f"The {part.kind} '{part.label}' is needed more than once in this model, and Keras cannot copy it: "
            f"{reason} Make it a functional model, or give a plugin's name."
        ) from error


def _judges(discriminators, losses):
    """As many discriminators as the losses need, the last one repeated: a second one for the loss `diverse`."""
    needed = max((part.component.discriminators_needed for part in losses), default=0)
    if needed and not discriminators:
        specs = name_all(part.spec for part in losses)
        raise BadRecipe(f"The losses {specs} need {needed} discriminators, the recipe has none.")
    if discriminators and not needed:
        raise BadRecipe("No loss of this recipe teaches its discriminators; add one such as 'lsgan'.")
    return (*discriminators, *discriminators[-1:] * (needed - len(discriminators)))
