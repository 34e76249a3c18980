"""Deep network interpolation: one model with the mean weights of several siblings."""

import math

import keras
import numpy as np

from stylezoo.errors import BadOptions
from stylezoo.runs import lineage, loading

__all__ = ["Siblings"]

NETWORKS = ("generator", "inverse", "average")


class Siblings:
    """Models with a common ancestor, so that any mean of their weights is a model that draws pictures.

    Wang et al., 2019, https://arxiv.org/abs/1811.10515: between a network and one that was trained from it, the style
    changes gradually. Means of networks that were trained from different initial weights draw noise. The models are
    read once.

    Args:
        paths: Two or more run folders, ``.keras`` files or addresses ``hf://owner/name``.
        build: As in `lineage.read`: what the siblings are.

    Raises:
        BadOptions: The generators are built differently, or the models have no common ancestor that is known.
        BadRun: As in `stylezoo.load_model`.
        MissingExtra: Likewise.

    Examples:
        >>> from stylezoo.runs.interpolation import Siblings
        >>> siblings = Siblings(["great-wave", "starry-night"])
        >>> siblings.at([0.7, 0.3]).stylize("photo.jpg").save("mixed.png")
    """

    def __init__(self, paths, build=loading.built):
        self.names = [str(path) for path in paths]
        if not self.names:
            raise BadOptions(
                "No model was named; name those to mix, with their weights: {'runs/a': 0.5, 'runs/b': 0.5}."
            )
        first, *others = paths
        first = lineage.read(first, build)
        self._first, self._values = first.model, [_values(first.model, first.model)]
        common = {*first.lineage}
        for path in others:
            other = lineage.read(path, build)
            values = _values(other.model, first.model)
            _check_alike(first, other, values)
            common &= {*other.lineage}
            _check_related(first, other, common)
            self._values.append(values)

    def at(self, weights):
        """A new model of the same class, the weighted mean of the siblings.

        Generator, average, way back and tones are means; everything else is that of the first sibling.

        Args:
            weights: A number for each sibling, 0 or more; only their proportions count. A single 1 among zeros gives
                that sibling bit for bit.

        Returns:
            A `stylezoo.gan.GAN`, or what else `build` gives.

        Raises:
            BadOptions: There are more or fewer weights than siblings, one is below 0 or no number, or all are 0.
        """
        shares = self._shares(weights)
        model = _copied(self._first)
        for variable, values in zip(_variables(model), zip(*self._values, strict=True), strict=True):
            variable.assign(_mean([values[i] for i in shares], list(shares.values())))
        return model

    def _shares(self, weights):
        """The shares of the siblings that have one, by number, in the order of their names, not of the arguments."""
        weights = [float(each) for each in weights]
        total = math.fsum(weights)
        if len(weights) != len(self.names):
            raise BadOptions(f"There are {len(weights)} weights for {len(self.names)} models; give each model one.")
        if not all(math.isfinite(each) and each >= 0 for each in weights) or not 0 < total < math.inf:
            raise BadOptions(f"The weights are {weights}; they must be 0 or more, and one of them above 0.")
        order = sorted(range(len(weights)), key=lambda i: self.names[i])
        return {i: weights[i] / total for i in order if weights[i]}


def _copied(model):
    """An independent copy of a model, with its weights, random states and optimizer, if it has one."""
    twin = type(model).from_config(model.get_config())
    pairs = [(twin, model)]
    if model.optimizer:
        twin.compile_from_config(model.get_compile_config())
        pairs.append((twin.optimizer, model.optimizer))
    for mine, theirs in pairs:
        for variable, other in zip(mine.variables, theirs.variables, strict=True):
            variable.assign(other)
    return twin


def _check_alike(first, other, values):
    """Check that two models are built alike, as far as they are mixed."""
    recipe, theirs = first.model.plan.recipe, other.model.plan.recipe
    odd = lineage.difference(first.model.plan, other.model.plan)
    pairs = {"two_way": (recipe.two_way, theirs.two_way)}
    for name in ("match_tones", "match_colours"):
        pairs[name] = tuple(getattr(each.model.plan.data, name) for each in (first, other))
    for name, (mine, others) in pairs.items():
        if not odd and mine != others:
            odd = f"{name}={mine}, not {name}={others}"
    if not odd and [value.shape for value in values] != [tuple(each.shape) for each in _variables(first.model)]:
        odd = "other layers, not those"
    if odd:
        raise BadOptions(
            f"'{first.name}' has {odd} as '{other.name}' has; only generators that are built alike can be mixed."
        )


def _check_related(first, other, common):
    """Check that the weights of all have a training in common."""
    unknown = [each.name for each in (first, other) if not each.has_lineage]
    if unknown and not common:
        raise BadOptions(
            f"'{unknown[0]}' has no lineage, like any file that model.save wrote: whether '{first.name}' and "
            f"'{other.name}' have a common ancestor is not known. Mix run folders, or mix it with a model that "
            f"starts from it: stylezoo train --from {unknown[0]}."
        )
    if not common:
        raise BadOptions(
            f"'{first.name}' and '{other.name}' have no common ancestor: the mean of their weights draws noise. "
            f"Make a sibling: stylezoo train --from {first.name} --source PICTURES --style OTHERS."
        )


def _variables(model):
    """The variables that are mixed: those of a model's networks, and its tones."""
    networks = [getattr(model, name) for name in NETWORKS]
    tones = [] if model.tones is None else [model.tones]
    return [*(variable for network in networks if network for variable in network.weights), *tones]


def _values(model, first):
    """The values of a model for `_variables(first)`.

    Where the first has an average and this model has none, its generator is used; where the first has none, the
    averages of the others are used as generators.
    """
    shown = model.drawing_network()
    networks = {"generator": model.generator if first.average else shown, "inverse": model.inverse, "average": shown}
    values = [value for name in NETWORKS if getattr(first, name) for value in networks[name].get_weights()]
    return values if model.tones is None else [*values, model.tones.numpy()]


def _mean(values, shares):
    """The weighted mean of arrays of one shape; of integers the one with the largest share."""
    if not keras.backend.is_float_dtype(str(values[0].dtype)):
        return values[int(np.argmax(shares))]
    mean = sum(share * np.asarray(value, "float64") for share, value in zip(shares, values, strict=True))
    return mean.astype(values[0].dtype)
