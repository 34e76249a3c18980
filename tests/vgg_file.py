"""A narrow VGG-19 with random weights, in a file as PyTorch would write it."""

from itertools import pairwise

import numpy as np
import torch_writer

from stylezoo import features as vgg

CHANNELS = (4, 5, 6, 7, 8)
WIDTHS = "-".join(map(str, CHANNELS))  # as the option of the generator adain has them


def write(folder):
    """The file's path."""
    random = np.random.default_rng(0)
    layers = [3, *(width for width, count in zip(CHANNELS, vgg.BLOCKS, strict=True) for _ in range(count))]
    arrays = {}
    for number, (a, b) in enumerate(pairwise(layers)):
        arrays[f"features.{number}.weight"] = (random.normal(size=(b, a, 3, 3)) / np.sqrt(4 * a)).astype("f4")
        arrays[f"features.{number}.bias"] = (0.1 * random.normal(size=b)).astype("f4")
    path = folder / "vgg.pth"
    torch_writer.zip_file(path, torch_writer.state_dict(arrays))
    return path
