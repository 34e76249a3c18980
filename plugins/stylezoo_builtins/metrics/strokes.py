"""How far the strokes of results are from those of the style."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from stylezoo.contract import DescribedMetric
from stylezoo_builtins.pixels import Slices, halved


class Strokes(DescribedMetric):
    """Distance of the strokes: the sliced Wasserstein distance between small patches less their mean colour.

    The patches are squares of 7 pixels of pictures in full, half and quarter size, so that strokes, edges and grain of
    several sizes count, as in GPDM (Elnekave and Weiss, 2022, https://arxiv.org/abs/2203.11862). 0: the same. The unit
    is a hundredth of the way from black to white.

    Args:
        side: The side of the patches, in pixels.
        scales: How many sizes; each is half as large as the one before it.
    """

    STRIDES = (4, 2, 1)  # pixels from one patch to the next, in each size: neighbours are much alike
    REACH = 4.0  # patches that are farther out are rare, and count as at the end

    def __init__(self, side: int = 7, scales: int = 3):
        super().__init__()
        if side < 2 or scales < 1:
            raise ValueError(f"side is {side}, scales is {scales}; side must be 2 or more, scales 1 or more")
        self.side = side
        self.scales = scales
        self.slices = Slices(3 * side**2, self.REACH)

    def describe(self, picture):
        """The distributions of patches in each size; a picture that is too small has its smallest one several times."""
        found = []
        for scale in range(self.scales):
            if min(picture.shape[:2]) >= self.side:
                found.append(self.slices.distribution(self._patches(picture, self.STRIDES[min(scale, 2)])))
                picture = halved(picture)
        if not found:
            raise ValueError(f"a picture has fewer than {self.side} pixels along one side")
        return np.stack([*found, *[found[-1]] * (self.scales - len(found))])

    def _patches(self, picture, stride):
        """Patches less their mean colour, in [0, 1] from black to white: (count, 3 * side * side)."""
        windows = sliding_window_view(picture, (self.side, self.side), axis=(0, 1))[::stride, ::stride]
        return ((windows - windows.mean(axis=(-2, -1), keepdims=True)) / 2).reshape(-1, 3 * self.side**2)

    def compare(self, fakes, sources, styles):
        return 100 * self.slices.distance(fakes.mean(axis=0), styles.mean(axis=0))
