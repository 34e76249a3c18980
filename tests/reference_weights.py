"""Reads weights of the PyTorch references into Keras networks."""

from pathlib import Path

import keras
import numpy as np

FOLDER = Path(__file__).parent / "reference"


def read(name):
    with np.load(FOLDER / f"{name}.npz") as file:
        return dict(file)


def copy(weights, network):
    """Give the network's convolutions the weights, in order of the reference's layers."""
    convolutions = [
        layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose)
    ]
    kernels = [key for key in weights if key.endswith(".weight")]
    assert len(kernels) == len(convolutions)
    for key, layer in zip(kernels, convolutions, strict=True):
        # Both (out, in, h, w) of a convolution and (in, out, h, w) of a transposed one become Keras' layout this way.
        layer.kernel.assign(weights[key].transpose(2, 3, 1, 0))
        layer.bias.assign(weights[key.replace(".weight", ".bias")])
