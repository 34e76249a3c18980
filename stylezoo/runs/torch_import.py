"""From a generator that was trained with PyTorch to a run folder: recipe, plugins, model."""

import os
from itertools import groupby
from pathlib import Path

import numpy as np

from stylezoo.errors import BadOptions, BadWeights, name_all
from stylezoo.files import archive, torch_files
from stylezoo.gan import GAN
from stylezoo.pictures import files
from stylezoo.recipe import Recipe
from stylezoo.runs import card
from stylezoo.runs import folder as runs
from stylezoo.spec import Spec
from stylezoo.training.loop import check_empty, new_card, new_folder, told, write_json

NAMES = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
BLURS = {3: np.array([1, 2, 1]) / 4, 4: np.array([1, 3, 3, 1]) / 4}  # along one axis, by length; that of 4 doubles
OFFICIAL = "a generator of the official CycleGAN, pix2pix or CUT in PyTorch, such as latest_net_G.pth"


def import_weights(file, model="cyclegan", out=None, **changes) -> Path:
    """Turn a generator's file of the official CycleGAN, pix2pix or CUT into a run folder that `stylize` takes.

    What network it is, and its filters, blocks and halvings, is told by what the file holds. Discriminators and, in a
    two-way model, the way back are new: such a model redraws pictures, but is not where its training stopped.

    Args:
        file: ``latest_net_G.pth``, ``latest_net_G_A.pth`` or another state dict of such a generator.
        model: The name of the model that it is of, or a `Recipe`.
        out: The run folder, which must not exist or be empty. None: a new one under ``runs/``.
        **changes: Changes to the recipe as in `create_model`.

    Returns:
        The run folder.

    Raises:
        BadWeights: The file is no generator of these, or does not fit.
        BadRun: The folder holds something already, or cannot be written.
    """
    if refused := [key for key in changes if key.partition(".")[0] == "generator"]:
        raise BadOptions(f"'{refused[0]}' cannot be set: what generator it is, is told by the weights.")
    weights = torch_files.read(file)
    spec = _generator(file, weights)
    recipe = model.changed(**changes) if isinstance(model, Recipe) else Recipe.named(model, **changes)
    folder = Path(os.path.expanduser(out or new_folder(model if isinstance(model, str) else "import")))
    check_empty(folder)
    gan = GAN(recipe.changed(generator=spec).resolve())
    for network in (gan.generator, gan.average):
        if network:
            _copy(file, weights, network, spec)
    imported = new_card(gan.plan, "imported", lineage=[card.new_id()])
    with told(folder):
        with files.written(folder / runs.MODEL) as temporary:
            gan.save(temporary)
            archive.append(temporary, card.members(imported, b""))
        write_json(folder / runs.PLUGINS, gan.plan.plugins)
        write_json(folder / runs.CARD, imported.to_dict())
        write_json(folder / runs.RECIPE, gan.recipe.to_dict())
    return folder


def _generator(file, weights):
    """Which generator the weights are of, with its options."""
    kernels = [each for each in weights.values() if each.ndim == 4 and each.shape[1] != 1]
    if not kernels or kernels[0].shape[1] != 3 or kernels[-1].shape[1 if _is_unet(kernels) else 0] != 3:
        raise BadWeights(f"'{file}' holds no network from pictures to pictures of 3 channels: {OFFICIAL} is needed.")
    filters = kernels[0].shape[0]
    if _is_unet(kernels):
        norm = "batch" if any(name.endswith(".running_mean") for name in _affine(weights)) else "instance"
        return Spec("stylezoo/unet", {"filters": filters, "downs": len(kernels) // 2, "norm": norm})
    if kernels[0].shape[2:] == (7, 7):
        blocks = {name.partition(".conv_block.")[0] for name in weights if ".conv_block." in name}
        antialias = _check_blurs(file, weights)
        return Spec("stylezoo/resnet", {"filters": filters, "blocks": len(blocks), "antialias": antialias})
    raise BadWeights(f"'{file}' is neither a ResNet nor a U-Net generator: {OFFICIAL} is needed.")


def _is_unet(kernels):
    """Whether these are the kernels of a U-Net: as many that halve as that double, all of 4x4."""
    return len(kernels) % 2 == 0 and all(kernel.shape[2:] == (4, 4) for kernel in kernels)


def _check_blurs(file, weights):
    """Whether there are blurs of CUT between the convolutions; they must be those that our layers have."""
    blurs = {name: each for name, each in weights.items() if name.endswith(".filt")}
    for name, blur in blurs.items():
        line = BLURS.get(blur.shape[-1])
        if blur.ndim != 4 or line is None or not np.allclose(blur, np.outer(line, line)):
            raise BadWeights(f"'{file}' blurs with another filter, {name}, than CUT's.")
    if blurs and [blur.shape[-1] for blur in blurs.values()] != [3, 3, 4, 4]:
        raise BadWeights(f"'{file}' blurs at {name_all(blurs)}; CUT's generator does where it halves and doubles.")
    return bool(blurs)


def _affine(weights):
    """The weights without what is no weight: filters, counters, and statistics of an instance norm that has no scale.

    Instance norms noted statistics until PyTorch 0.4, but never used them.
    """
    return {
        name: each
        for name, each in weights.items()
        if not name.endswith((".filt", ".num_batches_tracked"))
        and (not name.endswith((".running_mean", ".running_var")) or f"{name.rpartition('.')[0]}.weight" in weights)
    }


def _copy(file, weights, network, spec):
    """Give the network's layers the weights, both in the order in which they are computed."""
    weights = _affine(weights)
    groups = [(prefix, list(names)) for prefix, names in groupby(weights, lambda name: name.rpartition(".")[0])]
    takers = [layer for layer in network.layers if layer.weights]
    if len(groups) != len(takers):
        raise BadWeights(
            f"'{file}' does not fit: it has {len(groups)} layers with weights, '{spec}' has {len(takers)}. "
            f"{OFFICIAL[0].upper()}{OFFICIAL[1:]} is needed."
        )
    for (prefix, names), layer in zip(groups, takers, strict=True):
        given = {}
        for name in names:
            own, array = name.rpartition(".")[2], weights[name]
            is_convolution = weights[names[0]].ndim == 4
            key = {"weight": "kernel", "bias": "bias"}.get(own) if is_convolution else NAMES.get(own)
            # (out, in, h, w) of a convolution and (in, out, h, w) of a transposed one both become Keras' layout.
            given[key] = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
        wanted = {variable.name: variable for variable in layer.weights}
        if _shapes(given) != _shapes(wanted):
            raise BadWeights(
                f"'{file}' does not fit '{spec}': its {prefix} has {_told(given)}, {layer.name} has {_told(wanted)}."
            )
        for key, variable in wanted.items():
            variable.assign(given[key])


def _shapes(arrays):
    return {name: tuple(array.shape) for name, array in arrays.items()}


def _told(arrays):
    return name_all(f"{name} {'x'.join(map(str, shape))}" for name, shape in _shapes(arrays).items())
