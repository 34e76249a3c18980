"""Reads weights of the PyTorch references into Keras networks, and finds them there again after training."""

from pathlib import Path

import keras
import numpy as np

from stylezoo.layers import BatchNormalization, InstanceNormalization

FOLDER = Path(__file__).parent / "reference"
CONVOLUTIONS = keras.layers.Conv2D | keras.layers.Conv2DTranspose
NORMALIZATIONS = BatchNormalization | InstanceNormalization
NAMES = {  # PyTorch's names of weights to Keras'
    "kernel": {"weight": "kernel", "bias": "bias"},
    "gamma": {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"},
}


def read(name):
    with np.load(FOLDER / f"{name}.npz") as file:
        return dict(file)


def under(prefix, arrays):
    """Those of a file's arrays whose keys begin with the prefix."""
    return {key: array for key, array in arrays.items() if key.startswith(prefix)}


def in_keras(array):
    """A weight of PyTorch in Keras' layout.

    Both (out, in, h, w) of a convolution and (in, out, h, w) of a transposed one are so made Keras'.
    """
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array


def pairs(weights, network):
    """Each reference key and its variable of the network, [(key, variable)], in order of the reference's layers.

    Convolutions may have a bias or none; of normalisations only those with weights count. Shapes are checked.
    """
    keys = [key for key in weights if not key.endswith(".num_batches_tracked")]
    variables = [found for layer in _weighted(network) for found in _named(layer)]
    assert [key.rpartition(".")[2] for key in keys] == [name for name, _ in variables]
    together = [(key, variable) for key, (_, variable) in zip(keys, variables, strict=True)]
    for key, variable in together:
        assert in_keras(weights[key]).shape == tuple(variable.shape), key
    return together


def copy(weights, network):
    """Give the network the weights, in order of the reference's layers."""
    for key, variable in pairs(weights, network):
        variable.assign(in_keras(weights[key]))


def without_effect(network):
    """The ids of biases that a normalisation takes away again: their gradient is rounding, Adam moves them anywhere."""
    found = set()
    for layer in _weighted(network):
        after = layer
        while isinstance(after := _next(after), keras.layers.Cropping2D):
            pass
        if isinstance(after, NORMALIZATIONS) and getattr(layer, "bias", None) is not None:
            found.add(id(layer.bias))
    return found


def _weighted(network):
    return [layer for layer in network.layers if isinstance(layer, CONVOLUTIONS | BatchNormalization)]


def _named(layer):
    names = NAMES["gamma" if isinstance(layer, BatchNormalization) else "kernel"]
    found = [(name, getattr(layer, own)) for name, own in names.items()]
    return [(name, variable) for name, variable in found if variable is not None]


def _next(layer):
    """The one layer that takes this layer's answers, None if there are several or none."""
    takers = [node.operation for node in layer._outbound_nodes]
    return takers[0] if len(takers) == 1 else None
