"""How much of a regular grid results have that their sources do not have."""

import numpy as np

from stylezoo.contract import DescribedMetric
from stylezoo_builtins.pixels import LUMA

FAR = 5  # how far the surroundings of a wave reach in the spectrum
NEAR = 2  # what is nearer belongs to the wave


class Grid(DescribedMetric):
    """Strength of a grid: the strongest wave with a period of 2, 4 or 8 pixels, as networks leave them.

    It is the amplitude of the luminance in levels of 255, less that of the surroundings in the spectrum, and less the
    same of the sources: bricks and railings are no fault. 0: no grid. In flat places a grid is seen from about 1.5 on.
    Transposed convolutions leave such grids (Odena et al., 2016, https://doi.org/10.23915/distill.00003).
    """

    def describe(self, picture):
        """The power of each wave and of its surroundings: an array (63, 1 + surroundings)."""
        side = min(picture.shape[:2]) // 8 * 8
        if side < 8 * (FAR + 1):
            raise ValueError(
                f"a picture has {min(picture.shape[:2])} pixels along one side; {8 * (FAR + 1)} are needed"
            )
        light = 127.5 * picture[:side, :side] @ LUMA
        window = np.outer(np.hanning(side), np.hanning(side))
        power = np.abs(np.fft.fft2((light - light.mean()) * window)) ** 2 * (2 / window.sum()) ** 2
        rows, columns = _places(side)
        return power[rows % side, columns % side]

    def compare(self, fakes, sources, styles):
        return max(0.0, _strongest(fakes) - _strongest(sources))


def _places(side):
    """The rows and columns of each wave, first, and of its surroundings: two arrays (63, 1 + surroundings)."""
    waves = np.array([(y, x) for y in range(0, side, side // 8) for x in range(0, side, side // 8)][1:])
    reach = range(-FAR, FAR + 1)
    around = np.array([(0, 0), *((y, x) for y in reach for x in reach if max(abs(y), abs(x)) > NEAR)])
    return tuple((waves[:, None] + around).transpose(2, 0, 1))


def _strongest(powers):
    """The amplitude of the strongest wave of pictures (count, 63, 1 + surroundings) above its surroundings."""
    amplitudes = np.sqrt(powers.mean(axis=0))
    return float(np.max(amplitudes[:, 0] - np.median(amplitudes[:, 1:], axis=1)))
