"""From a generator that was trained with PyTorch to a run folder: recipe, plugins, model.

The installed generators recognise the weights: the module of one that takes weights of PyTorch has a function
``from_torch`` beside its ``build``; see `import_weights`.
"""

import warnings
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import keras
import numpy as np

from stylezoo.catalogue import registry
from stylezoo.contract.branches import leaves
from stylezoo.errors import BadOptions, BadWeights, name_all
from stylezoo.files import archive, torch_files
from stylezoo.gan import GAN
from stylezoo.layers import BatchNormalization
from stylezoo.pictures.luminance import LUMA
from stylezoo.recipe import Recipe
from stylezoo.runs import card
from stylezoo.runs.folder import RunFolder
from stylezoo.runs.torch_networks import Search, chosen
from stylezoo.spec import Spec

KERNELS = {"weight": "kernel", "bias": "bias"}  # PyTorch's names of the weights of convolutions, and Keras' names
NORMS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
STATISTICS = ("running_mean", "running_var")
AS_IN_EVALUATION = (
    "Dropout and batch normalisation behave as in evaluation, without chance and with the statistics of the training. "
    "The test script of pix2pix leaves both as in training unless it is given --eval, so that its pictures differ."
)
READS_GREY = "The network was trained on pictures without colours: it sees the luminance of a picture."
DRAWS_GREY = "The network draws pictures without colours."


def import_weights(file, model, out=None, network=None, say=None, **changes) -> Path:
    """Convert a file of PyTorch weights into a run folder for `stylize`, if an installed generator takes them.

    Each generator is tried whose module has ``from_torch(weights)`` beside its ``build``. This function gets arrays by
    PyTorch's names, in the file's order: all of the file, and where nobody takes these, those of each entry in it. It
    returns the options of `build` for these weights, or None if they are of another network; it raises a ValueError if
    they are of this network but cannot be taken. The first line of its docstring names the files that it takes. The
    weights are then copied in their order.

    A network of pictures without colours, one channel, sees the luminance and draws the same in all three channels.
    Discriminators and, in a two-way model, the way back are new: such a model redraws pictures, but does not continue
    its training.

    Args:
        file: A checkpoint, such as ``latest_net_G.pth``, or a .safetensors.
        model: The name of its model, or a `Recipe`.
        out: The run folder, which must not exist or be empty. None: a new one under ``runs/``.
        network: The network in the file, if there are several: the keys that lead to it, or one of them.
        say: Called with each sentence about how the weights were taken. None: a warning.
        **changes: Changes to the recipe as in `create_model`. Of the generator only the name can be given, where
            several take the weights.

    Returns:
        The run folder.

    Raises:
        BadWeights: No generator takes the weights, several do, there are several networks, or they do not fit.
        BadRun: The folder holds something already, or cannot be written.
    """
    named = Spec.parse(changes.pop("generator")) if "generator" in changes else None
    if refused := [key for key in changes if key.startswith("generator.")] + [*(named.options if named else ())]:
        raise BadOptions(f"'{refused[0]}' cannot be set: the options of the generator are read from the weights.")
    weights = torch_files.read(file)
    recipe = Recipe.of(model, **changes)
    folder = RunFolder.new(model if isinstance(model, str) else "import") if out is None else RunFolder(out)
    folder.check_empty()
    found, about_choice = chosen(file, _networks(file, weights, recipe, named), network)
    gan = GAN(recipe.changed(generator=found.spec).resolve())
    for each in (gan.generator, gan.average):
        if each:
            _copy(file, found.weights, each, found.spec)
    _write(folder, gan)
    for sentence in filter(None, [about_choice, *_notes(found.weights, gan.generator)]):
        (say or _warn)(sentence)
    return folder.path


def _warn(sentence):
    warnings.warn(sentence, stacklevel=4)  # where stylezoo.import_weights is called


def _networks(file, weights, recipe, named):
    """The networks in a file that generators take, or the only generator to try."""

    @lru_cache(maxsize=2)
    def built(text):
        return recipe.changed(generator=text).resolve().build_generator()

    def misfit(weights, spec):
        try:
            _values(file, weights, built(str(spec)), spec)
        except BadWeights as error:
            return str(error)
        return ""

    plugins = registry.plugins("generator") if named is None else [registry.find("generator", named.name)]
    return Search(file, plugins, misfit).run(weights)


def _notes(weights, network):
    """Sentences about what differs from the network in PyTorch."""
    kernels = [each for each in _of_layers(weights).values() if each.ndim == 4]
    if kernels and kernels[0].shape[1] == 1:
        yield READS_GREY
    if kernels and 1 in kernels[-1].shape[:2]:
        yield DRAWS_GREY
    if any(isinstance(layer, BatchNormalization | keras.layers.Dropout) for layer in leaves(network)):
        yield AS_IN_EVALUATION


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


# Copying


def _copy(file, weights, network, spec):
    """Copy the weights into the network's layers."""
    for variable, value in _values(file, weights, network, spec):
        variable.assign(value)


def _values(file, weights, network, spec):
    """The network's variables, each with its array; both in the order in which the layers are computed.

    Raises:
        BadWeights: They do not fit.
    """
    weights = _of_layers(weights)
    groups = [(prefix, list(names)) for prefix, names in groupby(weights, _prefix)]
    layers = [layer for layer in leaves(network) if layer.weights]
    if len(groups) != len(layers):
        raise BadWeights(
            f"'{file}' does not fit: it has {len(groups)} layers with weights, '{spec}' has {len(layers)}. Save the "
            "generator alone, as it was trained."
        )
    pairs = []
    for i, ((prefix, names), layer) in enumerate(zip(groups, layers, strict=True)):
        wanted = {variable.name: variable for variable in layer.weights}
        given = _as_in_keras({name.rpartition(".")[2]: weights[name] for name in names})
        full = _completed(given, wanted, i == 0, i == len(layers) - 1)
        if _shapes(full) != _shapes(wanted):
            has = f"its {prefix} has {_listed(given)}, {layer.name} has {_listed(wanted)}"
            raise BadWeights(f"'{file}' does not fit '{spec}': {has}.")
        if not all(np.isfinite(each).all() for each in full.values()):
            raise BadWeights(f"'{file}' holds values that are no numbers, in {prefix}: its training has failed.")
        pairs += [(variable, full[key]) for key, variable in wanted.items()]
    return pairs


def _completed(given, wanted, is_first, is_last):
    """The arrays of a layer with zeros for a bias that PyTorch left out, and for three colours instead of one."""
    given = dict(given)
    if "bias" in wanted and "kernel" in given and "bias" not in given:
        given["bias"] = np.zeros(wanted["bias"].shape, "float32")
    for name, array in given.items() if is_first or is_last else ():
        shape = tuple(wanted[name].shape) if name in wanted else array.shape
        if is_first and array.shape == (*shape[:2], 1, *shape[3:]) and shape[2:3] == (3,):
            given[name] = array * LUMA[:, None]
        elif is_last and [(a, b) for a, b in zip(array.shape, shape, strict=False) if a != b] == [(1, 3)]:
            given[name] = np.broadcast_to(array, shape)
    return given


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
    names = KERNELS if any(array.ndim > 1 for array in arrays.values()) else NORMS
    return {
        names.get(name, name): array.transpose(*range(2, array.ndim), 1, 0) if array.ndim > 1 else array
        for name, array in arrays.items()
    }


def _prefix(name):
    return name.rpartition(".")[0]


def _shapes(arrays):
    return {name: tuple(array.shape) for name, array in arrays.items()}


def _listed(arrays):
    return name_all(f"{name} {'x'.join(map(str, array.shape))}" for name, array in arrays.items())
