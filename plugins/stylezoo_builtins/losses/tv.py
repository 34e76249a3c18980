"""Total variation."""

from keras import ops

from stylezoo import ImageLoss


class TV(ImageLoss):
    """Total variation: the mean absolute difference of neighbouring pixels, against grain.

    Rudin et al., 1992, https://doi.org/10.1016/0167-2789(92)90242-F, in the anisotropic form.

    Args:
        squared: Take half of the mean squared difference: smooths rather than flattens, as in AnimeGAN.
    """

    def __init__(self, squared: bool = False):
        self.price = _half_square if squared else ops.abs

    def measure(self, source, style, fake):
        down, across = fake[:, 1:] - fake[:, :-1], fake[:, :, 1:] - fake[:, :, :-1]
        return ops.mean(self.price(down)) + ops.mean(self.price(across))


def _half_square(difference):
    return ops.square(difference) / 2
