"""What a new training takes from a trained model: its weights where they fit, and its lineage."""

import hashlib
import inspect
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stylezoo.catalogue import sources
from stylezoo.contract import style_of
from stylezoo.contract.branches import leaves
from stylezoo.data import DataMode
from stylezoo.errors import BadData, BadOptions, name_all
from stylezoo.files import archive
from stylezoo.gan import GAN
from stylezoo.plan import Plan
from stylezoo.recipe import Recipe
from stylezoo.runs import card, families, loading
from stylezoo.runs.drawing import Drawing
from stylezoo.updates import Order


@dataclass(frozen=True)
class Ancestor:
    """A trained model from which others start, or which is mixed with others.

    Attributes:
        name: Its name as the user wrote it: a run folder, a file or an address.
        model: The model, or its `Drawing`.
        lineage: The ids of its trainings, the first one first; never empty.
        has_lineage: Whether its card has them; a file of `GAN.save` has no card, and its id is a hash of its weights.
        file: The file that it was read from; None: it was not read.
    """

    name: str
    model: GAN | Drawing
    lineage: tuple[str, ...]
    has_lineage: bool = True
    file: Path | None = None

    @property
    def is_judged(self) -> bool:
        """Whether its discriminators have been trained; for some ready-made styles there are none."""
        is_style = self.file is not None and archive.is_style(archive.configuration(self.file))
        return not is_style or families.teacher(self.file) is not None


def read(path: str | Path, build=loading.built) -> Ancestor:
    """The model of a run folder, of a ``.keras`` file or of an address ``hf://owner/name``.

    Args:
        path: The folder, file or address.
        build: `loading.built`, or `loading.drawing`.

    Raises:
        BadRun: As `stylezoo.load_model`.
        MissingExtra: Likewise.
    """
    file = loading.checked_file(path)
    known = card.read(file).lineage
    return Ancestor(str(path), build(file), tuple(known) or _own(file), bool(known), file)


def recipe_of(path: str | Path) -> Recipe:
    """The recipe of such a model; only its configuration is read.

    Raises:
        BadRun: As `read`.
        MissingExtra: Likewise.
    """
    return loading.checked_recipe(loading.model_file(path))


def beginning(path: str | Path) -> Recipe:
    """The recipe of such a model for a new training on other pictures.

    An epoch that was as long as its pictures were many is as long as the new ones are; another length stays.

    Raises:
        BadRun: As `read`.
        MissingExtra: Likewise.
    """
    recipe, rows = recipe_of(path), card.read(path).data
    data = replace(recipe.data, options={key: value for key, value in recipe.data.options.items() if key != "added"})
    given = _counted_epoch(recipe, rows) not in (None, recipe.steps_per_epoch)
    return recipe.changed(data=data, steps_per_epoch=recipe.steps_per_epoch if given else None)


def _counted_epoch(recipe, rows):
    """The steps in which the pictures of a card are seen once, None if it does not count them."""
    counts = [(row.get("role"), row.get("pictures")) for row in rows]
    if not counts or not all(isinstance(count, int) for _, count in counts):
        return None
    sources = sum(count for role, count in counts if role == "source")
    styles = sum(count for role, count in counts if role != "source")
    return max(1, max(sources, styles) // (recipe.batch_size * Order.read(recipe.order).batches))


def names_of(recipe: Recipe) -> tuple[str, ...]:
    """The names of the styles of a recipe's model."""
    return DataMode.read(recipe.data).names


def with_styles(path: str | Path, recipe: Recipe, old: Recipe, names: list[str]) -> Recipe:
    """The recipe that adds styles of these names to those of the model at `path`, whose recipe is `old`.

    Raises:
        BadOptions: The model is not one of several styles.
        BadData: A name is taken.
    """
    there = names_of(old)
    if not there:
        example = sources.such_as(data="named-styles")
        raise BadOptions(f"'{path}' knows one style only; a style can be added to a model of several{example}.")
    if taken := [name for name in names if name in there]:
        raise BadData(
            f"'{path}' has a style '{taken[0]}' already; it has {name_all(there)}. Rename the folder or the file."
        )
    return recipe.changed(data=old.data.with_option("names", [*there, *names]).with_option("added", len(names)))


def inherit(model: GAN, ancestor: Ancestor) -> list[str]:
    """Copy an ancestor's weights into a new model; parts that do not fit keep their new ones.

    If styles are added, new style branches are initialised afresh; everything else is copied and frozen. Frozen layers
    get the weights with which the ancestor draws pictures, so that these do not change.

    Returns:
        A line for each part that starts from new weights.

    Raises:
        BadOptions: The generator is another one, so that the weights do not fit.
    """
    old, added = ancestor.model, model.plan.data.added
    shown = old.drawing_network()
    plain = old.generator if model.average and not added else shown
    _copy_generator(model.generator, plain, ancestor, model)
    if model.average:
        _copy_generator(model.average, shown, ancestor, model)
    notes = []
    if model.inverse and old.inverse:
        _copy_generator(model.inverse, old.inverse, ancestor, model)
    elif model.inverse:
        notes.append(f"The way back starts from new weights: '{ancestor.name}' has none.")
    if not ancestor.is_judged:
        return [*notes, f"The discriminators start from new weights: '{ancestor.name}' has none."]
    for role, mine, others in (
        ("discriminator", model.discriminators, old.discriminators),
        ("inverse discriminator", model.inverse_discriminators, old.inverse_discriminators),
    ):
        notes += _copy_discriminators(role, mine, others, ancestor, model.plan)
    return notes + _copy_losses(model, ancestor)


def difference(plan: Plan, other: Plan) -> str:
    """The difference of two plans' generators, "filters=4, not filters=8"; "" if they are built alike."""
    if plan.recipe.channels != other.recipe.channels:
        return f"channels={plan.recipe.channels}, not channels={other.recipe.channels}"
    if plan.generator.spec.name != other.generator.spec.name:
        return f"the generator {plan.generator.label}, not {other.generator.label}"
    mine, theirs = _options(plan), _options(other)
    odd = [name for name in mine if mine[name] != theirs[name]]
    return name_all((f"{name}={mine[name]}, not {name}={theirs[name]}" for name in odd), empty="")


def _options(plan):
    """The options that a plan's generator is built with; weights from a file are not compared."""
    parameters = inspect.signature(plan.generator.component).parameters
    defaults = {name: each.default for name, each in parameters.items()}
    options = {**defaults, **plan.given, **plan.generator.spec.options}
    return {name: value for name, value in options.items() if name in parameters and name not in ("shape", "vgg")}


def _own(file):
    """The lineage of a model without one: a hash of its weights."""
    with archive.opened(file) as opened:
        return (hashlib.sha256(opened.read(archive.WEIGHTS)).hexdigest()[:16],)


def _copy_generator(network, old, ancestor, model):
    """Copy the weights of all layers but those of added styles; each must have its counterpart in the old network."""
    plan, before, added = model.plan, ancestor.model.plan, model.plan.data.added_numbers
    mine, theirs = _placed(network), _placed(old)
    kept = {key: layer for key, layer in mine.items() if key[0] not in added}
    same_name = plan.generator.spec.name == before.generator.spec.name
    if not same_name or _shapes(kept) != _shapes(theirs):
        if added:  # the difference is not in the number of styles
            before = before.with_data(plan.data)
        odd = difference(plan, before) or "other layers"
        raise BadOptions(
            f"The weights of '{ancestor.name}' do not fit: this training has {odd}. Leave the generator as it is"
            f"{', and name as many styles' if 'styles=' in odd else ''}."
        )
    for key, layer in kept.items():
        layer.set_weights(theirs[key].get_weights())


def _placed(network):
    """The layers with weights, by their style and their place among the layers of that style."""
    counts, placed = Counter(), {}
    for layer in leaves(network):
        if layer.weights:
            style = style_of(layer)
            placed[style, counts[style]] = layer
            counts[style] += 1
    return placed


def _shapes(placed):
    return {key: (type(layer), [tuple(v.shape) for v in layer.weights]) for key, layer in placed.items()}


def _copy_discriminators(role, mine, others, ancestor, plan):
    """Copy the weights of discriminators that both models have; returns lines about the others."""
    notes, specs = [], ancestor.model.recipe.discriminators
    for number, (spec, network) in enumerate(zip(plan.recipe.discriminators, mine, strict=bool(mine))):
        old = others[number] if number < len(others) and specs[number].name == spec.name else None
        if old is None or not _copy(network.weights, old.weights, growing=plan.data.added > 0):
            notes.append(f"The {role} {spec.label} starts from new weights: that of '{ancestor.name}' is another one.")
    return notes


def _copy_losses(model, ancestor):
    """Copy the weights of losses' own layers; returns lines about those that start from new weights."""
    notes, old = [], {label: loss for label, _, loss in ancestor.model.terms}
    for label, _, loss in model.terms:
        mine = _weights(loss)
        if mine and not (label in old and _copy(mine, _weights(old[label]))):
            notes.append(f"The layers of the loss {label} start from new weights: '{ancestor.name}' has none that fit.")
    return notes


def _weights(loss):
    return [variable for layer in loss.layers for variable in layer.weights]


def _copy(variables, others, growing=False):
    """Copy all values, if they all fit; a variable that is larger along its last axis keeps its own values there."""
    if len(variables) != len(others) or not all(_fits(*pair, growing) for pair in zip(variables, others, strict=True)):
        return False
    for variable, other in zip(variables, others, strict=True):
        value = np.array(variable.numpy())
        value[tuple(map(slice, other.shape))] = other.numpy()
        variable.assign(value)
    return True


def _fits(variable, other, growing):
    if variable.shape == other.shape:
        return True
    same = len(variable.shape) == len(other.shape) and variable.shape[:-1] == other.shape[:-1]
    return growing and same and variable.shape[-1] > other.shape[-1]
