"""How much of a frame results have that their sources do not have."""

import numpy as np

from stylezoo.contract import DescribedMetric
from stylezoo_builtins.pixels import LUMA


class Border(DescribedMetric):
    """Strength of a frame: how much the outermost pixels differ from the inside, in contrast or in a colour.

    The contrast is the logarithm of how much stronger the edges are there; a colour is the difference of the means,
    in the range from -1 to 1. Of these four the largest counts, less the same of the sources. 0: no frame, which is
    seen from about 0.15 on. Strokes in a part of the source that is empty count as well.

    Args:
        width: Of the frame, in pixels.
    """

    def __init__(self, width: int = 12):
        super().__init__()
        if width < 1:
            raise ValueError(f"width is {width}; it must be 1 or more")
        self.width = width

    def describe(self, picture):
        """How the frame differs from the inside: in contrast, red, green and blue."""
        if min(picture.shape[:2]) <= 2 * self.width:
            raise ValueError(f"a picture has no inside beside a frame of {self.width} pixels: set a smaller 'width'")
        inside = np.zeros(picture.shape[:2], bool)
        inside[self.width : -self.width, self.width : -self.width] = True
        light = (picture @ LUMA + 1) / 2
        edges = np.abs(np.diff(light, axis=0, append=light[-1:])) + np.abs(np.diff(light, axis=1, append=light[:, -1:]))
        contrast = np.log((edges[~inside].mean() + 1e-3) / (edges[inside].mean() + 1e-3))
        return np.array([contrast, *(picture[~inside].mean(axis=0) - picture[inside].mean(axis=0))])

    def compare(self, fakes, sources, styles):
        return float(np.abs((fakes - sources).mean(axis=0)).max())
