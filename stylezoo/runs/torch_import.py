"""From a generator that was trained with PyTorch to a run folder: recipe, plugins, model.

The installed generators recognise the weights: the module of one that takes weights of PyTorch has a function
``from_torch`` beside its ``build``; see `import_weights`.
"""

import inspect
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from stylezoo.catalogue import registry
from stylezoo.contract.branches import leaves
from stylezoo.errors import BadOptions, BadWeights, BrokenPlugin, name_all
from stylezoo.files import archive, torch_files
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.runs import card
from stylezoo.runs.folder import RunFolder
from stylezoo.spec import Spec

KERNELS = {"weight": "kernel", "bias": "bias"}  # PyTorch's names of the weights of convolutions, and Keras' names
NORMS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
STATISTICS = ("running_mean", "running_var")


def import_weights(file, model, out=None, **changes) -> Path:
    """Convert a file of PyTorch weights into a run folder for `stylize`, if an installed generator takes them.

    Each generator is tried whose module has ``from_torch(weights)`` beside its ``build``. This function gets the arrays
    by PyTorch's names, in the file's order. It returns the options of `build` for these weights, or None if they are of
    another network; it raises a ValueError if they are of this network but cannot be taken. The first line of its
    docstring names the files that it takes. The weights are then copied in their order.

    Discriminators and, in a two-way model, the way back are new: such a model redraws pictures, but does not continue
    its training.

    Args:
        file: A state dict, such as ``latest_net_G.pth``.
        model: The name of its model, or a `Recipe`.
        out: The run folder, which must not exist or be empty. None: a new one under ``runs/``.
        **changes: Changes to the recipe as in `create_model`. Of the generator only the name can be given, where
            several take the weights.

    Returns:
        The run folder.

    Raises:
        BadWeights: No generator takes the weights, several do, or they do not fit.
        BadRun: The folder holds something already, or cannot be written.
    """
    named = Spec.parse(changes.pop("generator")) if "generator" in changes else None
    if refused := [key for key in changes if key.startswith("generator.")] + [*(named.options if named else ())]:
        raise BadOptions(f"'{refused[0]}' cannot be set: the options of the generator are read from the weights.")
    weights = torch_files.read(file)
    spec = _recognised(file, weights, named)
    recipe = Recipe.of(model, **changes)
    folder = RunFolder.new(model if isinstance(model, str) else "import") if out is None else RunFolder(out)
    folder.check_empty()
    gan = GAN(recipe.changed(generator=spec).resolve())
    for network in (gan.generator, gan.average):
        if network:
            _copy(file, weights, network, spec)
    _write(folder, gan)
    return folder.path


def _write(folder, gan):
    """Write the run folder of an imported model."""
    imported = card.new_card(gan.plan, "imported", [card.new_id()])
    with folder.begin():
        with folder.writing(RunFolder.MODEL) as temporary:
            gan.save(temporary)
            archive.append(temporary, card.members(imported, b""))
        folder.write_json(RunFolder.PLUGINS, imported.plugins)
        folder.write_json(RunFolder.CARD, imported.to_dict())
        folder.write_json(RunFolder.RECIPE, gan.recipe.to_dict())


# The generator of the weights


@dataclass
class _Answers:
    """The results of `from_torch` of all generators for a file of weights.

    Attributes:
        claims: The options for the weights, by the name of each generator that takes them.
        accepted: A text for each generator that takes weights of PyTorch: which ones.
        refusals: A sentence for each generator that recognises the weights and cannot take them.
        broken: The names of generators that could not be tried.
    """

    claims: dict[str, dict] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def _recognised(file, weights, named):
    """The generator that takes the weights, with its options for them.

    Args:
        file: The file's path as the user wrote it.
        weights: The arrays by name.
        named: The only generator to try; None: all.
    """
    plugins = registry.plugins("generator") if named is None else [registry.find("generator", named.name)]
    answers = _answers(file, weights, plugins)
    if not answers.claims:
        raise BadWeights(answers.refusals[0] if answers.refusals else _unknown(file, weights, answers))
    name = min(answers.claims)
    if len(answers.claims) > 1:
        raise BadWeights(
            f"'{file}' is taken by several generators, {name_all(answers.claims)}. Say which: generator='{name}' "
            f"(--set generator={name})."
        )
    return Spec(name, answers.claims[name])


def _answers(file, weights, plugins):
    """Try generators on weights; a broken one breaks only itself."""
    answers = _Answers()
    for plugin in plugins:
        try:
            from_torch = _from_torch(plugin)
            options = from_torch and _options(plugin, from_torch, weights)
        except BrokenPlugin:
            answers.broken.append(plugin.qualified)
            continue
        except ValueError as error:
            answers.refusals.append(f"The generator '{plugin.qualified}' refuses '{file}': {str(error).rstrip('.')}.")
            continue
        if from_torch:
            answers.accepted.append(f"'{plugin.qualified}': {_accepted(from_torch)}")
        if options is not None:
            answers.claims[plugin.qualified] = options
    return answers


def _from_torch(plugin):
    """The function ``from_torch`` in the module of a generator; None if there is none."""
    return getattr(plugin.load(), "__globals__", {}).get("from_torch")  # the module of a function


def _options(plugin, from_torch, weights):
    """A generator's options for weights, or None."""
    try:
        options = from_torch(dict(weights))
    except ValueError:
        raise
    except Exception as error:
        raise plugin.broken(f"its from_torch raises {type(error).__name__}: {error}") from error
    if not isinstance(options, dict | None):
        raise plugin.broken(f"its from_torch gives a {type(options).__name__}, neither options nor None")
    return options


def _unknown(file, weights, answers):
    """The sentence about weights that no generator takes."""
    name, array = next(iter(weights.items()))
    count = "1 array" if len(weights) == 1 else f"{len(weights)} arrays"
    untried = f" {name_all(answers.broken)} could not be tried: see 'stylezoo doctor'." if answers.broken else ""
    return (
        f"'{file}' holds {count}, the first {name} {_shape(array)}, which no generator takes. "
        f"Possible are: {'; '.join(answers.accepted) or 'none'}.{untried}"
    )


def _accepted(from_torch):
    """The files that a generator takes: the first line of its function's docstring."""
    return (inspect.getdoc(from_torch) or "weights of its own").partition("\n")[0].rstrip(".")


# Copying


def _copy(file, weights, network, spec):
    """Copy the weights into the network's layers, both in the order in which they are computed."""
    weights = _of_layers(weights)
    groups = [(prefix, list(names)) for prefix, names in groupby(weights, _prefix)]
    layers = [layer for layer in leaves(network) if layer.weights]
    if len(groups) != len(layers):
        raise BadWeights(
            f"'{file}' does not fit: it has {len(groups)} layers with weights, '{spec}' has {len(layers)}. Save the "
            "generator alone, as it was trained."
        )
    for (prefix, names), layer in zip(groups, layers, strict=True):
        given = _as_in_keras({name.rpartition(".")[2]: weights[name] for name in names})
        wanted = {variable.name: variable for variable in layer.weights}
        if _shapes(given) != _shapes(wanted):
            has = f"its {prefix} has {_listed(given)}, {layer.name} has {_listed(wanted)}"
            raise BadWeights(f"'{file}' does not fit '{spec}': {has}.")
        for key, variable in wanted.items():
            variable.assign(given[key])


def _of_layers(weights):
    """The learned weights and their statistics: no filters, no counters, no statistics of instance norms without scale.

    Instance norms recorded statistics until PyTorch 0.4, but never used them.
    """
    learned = {_prefix(name) for name in weights if name.endswith((".weight", ".bias"))}
    with_scale = {_prefix(name) for name in weights if name.endswith(".weight")}
    return {
        name: each
        for name, each in weights.items()
        if _prefix(name) in (with_scale if name.rpartition(".")[2] in STATISTICS else learned)
        and not name.endswith(".num_batches_tracked")
    }


def _as_in_keras(arrays):
    """The arrays of one layer with the names and the layout of Keras.

    (out, in, h, w) of a convolution and (in, out, h, w) of a transposed one both become Keras' layout.
    """
    first = next(iter(arrays.values()))
    names = KERNELS if first.ndim > 1 else NORMS
    return {
        names.get(name, name): array.transpose(*range(2, array.ndim), 1, 0) if array.ndim > 1 else array
        for name, array in arrays.items()
    }


def _prefix(name):
    return name.rpartition(".")[0]


def _shapes(arrays):
    return {name: tuple(array.shape) for name, array in arrays.items()}


def _shape(array):
    return "x".join(map(str, array.shape))


def _listed(arrays):
    return name_all(f"{name} {_shape(array)}" for name, array in arrays.items())
