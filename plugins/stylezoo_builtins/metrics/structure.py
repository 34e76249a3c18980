"""How much of the light and dark of a source a result has lost, without a pretrained network."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from stylezoo.contract import MeanMetric
from stylezoo_builtins.pixels import LUMA, halved

SIDE = 128  # pixels, or up to twice as many, at which pictures are compared: shapes matter, not the grain
WINDOW = 7
FEW = (0.03 * 2) ** 2 / 2  # keeps noise in flat places from counting, as in SSIM, for pictures in [-1, 1]


class Structure(MeanMetric):
    """Lost structure: 1 less the mean correlation of luminance between result and source, in windows of 7 pixels.

    It is the term for structure of SSIM (Wang et al., 2004, https://doi.org/10.1109/TIP.2003.819861), for pictures that
    are halved until they have fewer than 256 pixels. Other colours, and more or less light or contrast, change nothing.
    0: a copy; 1: nothing in common; more than 1: a negative. It needs no pretrained network; where there is one,
    `content` judges shapes better.
    """

    def describe(self, picture):
        while min(picture.shape[:2]) >= 2 * SIDE:
            picture = halved(picture)
        return picture @ LUMA

    def measure(self, fake, source):
        ones, others = map(_windows, (fake, source))
        together = (ones * others).mean(axis=(-2, -1))
        apart = np.sqrt((ones**2).mean(axis=(-2, -1)) * (others**2).mean(axis=(-2, -1)))
        return 1 - float(((together + FEW) / (apart + FEW)).mean())


def _windows(light):
    """The windows of a picture less their means: (rows, columns, 7, 7)."""
    windows = sliding_window_view(light, (WINDOW, WINDOW))
    return windows - windows.mean(axis=(-2, -1), keepdims=True)
