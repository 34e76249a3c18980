"""How far the colours of results are from those of the style."""

from stylezoo.contract import DescribedMetric
from stylezoo_builtins.pixels import Slices


class Palette(DescribedMetric):
    """Distance of the palette: the sliced Wasserstein distance between the colours of results and of the style.

    0: the same colours in the same shares. The unit is a hundredth of the way from black to white. Where in a picture a
    colour is does not matter. Pasting the style gives 0 as well, so read it beside `content` or `structure`.
    """

    STRIDE = 2  # pixels from one that counts to the next

    def __init__(self):
        super().__init__()
        self.slices = Slices(3, 1.74)  # the corners of the cube of colours are within the square root of 3

    def describe(self, picture):
        return self.slices.distribution((picture[:: self.STRIDE, :: self.STRIDE].reshape(-1, 3) + 1) / 2)

    def compare(self, fakes, sources, styles):
        return 100 * self.slices.distance(fakes.mean(axis=0), styles.mean(axis=0))
