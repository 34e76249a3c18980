"""Kernels that PyTorch computes from other weights: with spectral normalisation and with weight normalisation."""

import re

import numpy as np

NEW = re.compile(r"(?:(.*)\.)?parametrizations\.(\w+)\.(.+)")  # the names since PyTorch 1.9, and the parts of old ones
OLD = re.compile(r"((?:.*\.)?weight)_(orig|u|v|g)")
PARTS = {"original": "orig", "0._u": "u", "0._v": "v", "original0": "g", "original1": "v"}


def computed(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights with each kernel in place of those that PyTorch computes it from when it does not train.

    Spectral normalisation (Miyato et al., 2018, https://arxiv.org/abs/1802.05957) divides a kernel by its largest
    singular value, of which a file holds the vectors; weight normalisation (Salimans and Kingma, 2016,
    https://arxiv.org/abs/1602.07868) keeps the length and the direction of a kernel apart.

    Raises:
        ValueError: The parts of a kernel do not fit together, or it is parametrised in another way.
    """
    weights = {_old_name(name): each for name, each in weights.items()}
    done = {}
    for name, each in weights.items():
        kernel, part = found.groups() if (found := OLD.fullmatch(name)) else (name, "")
        if part == "orig" and kernel not in weights:
            done[kernel] = _spectral(name, each, weights.get(f"{kernel}_u"), weights.get(f"{kernel}_v"))
        elif part == "g" and f"{kernel}_v" in weights:
            done[kernel] = _directed(name, each, weights[f"{kernel}_v"])
        elif not part:
            done[name] = each
    return done


def _old_name(name):
    """``x.weight_orig`` for ``x.parametrizations.weight.original``, and so on."""
    if not (found := NEW.fullmatch(name)):
        return name
    layer, kernel, part = found.groups()
    if part not in PARTS:
        raise ValueError(f"{name} is of a parametrisation that is neither spectral_norm nor weight_norm")
    return ".".join(filter(None, [layer, f"{kernel}_{PARTS[part]}"]))


def _spectral(name, kernel, left, right):
    """The kernel divided by its singular value: left * matrix * right, where the rows of the matrix are one axis."""
    if left is None or right is None:
        raise ValueError(f"the singular vectors of {name} are missing, which PyTorch saves since 1.0")
    kernel, left, right = (each.astype("float64") for each in (kernel, left, right))
    values = []
    for axis in range(min(kernel.ndim, 2)):  # the output channels; in transposed convolutions they come second
        matrix = np.moveaxis(kernel, axis, 0).reshape(kernel.shape[axis], -1)
        if matrix.shape == (left.size, right.size):
            values.append(left.ravel() @ matrix @ right.ravel())
    if not values:
        raise ValueError(f"the singular vectors of {name} do not fit it")
    return (kernel / max(values, key=abs)).astype("float32")  # along the wrong axis the vectors explain less


def _directed(name, length, direction):
    """The kernel with a length along the axes that the lengths have, or of all together."""
    length, direction = length.astype("float64"), direction.astype("float64")
    if length.ndim not in (0, direction.ndim):
        raise ValueError(f"{name} does not fit its direction")
    axes = tuple(i for i in range(direction.ndim) if length.ndim == 0 or length.shape[i] == 1)
    norm = np.sqrt(np.square(direction).sum(axis=axes, keepdims=length.ndim > 0))
    return (direction * (length / norm)).astype("float32")
