"""Total variation."""

from keras import ops

from stylezoo import ImageLoss


class TV(ImageLoss):
    """Total variation: the mean absolute difference of neighbouring pixels, against grain.

    Rudin et al., 1992, https://doi.org/10.1016/0167-2789(92)90242-F, in its anisotropic form.
    """

    def measure(self, source, style, fake):
        down = ops.mean(ops.abs(fake[:, 1:] - fake[:, :-1]))
        across = ops.mean(ops.abs(fake[:, :, 1:] - fake[:, :, :-1]))
        return down + across
