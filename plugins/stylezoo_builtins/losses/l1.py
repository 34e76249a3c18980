"""The pixel loss of pix2pix."""

from keras import ops

from stylezoo import ImageLoss


class L1(ImageLoss):
    """L1: the mean absolute difference of the fake and its ground truth, for paired data.

    Isola et al., 2017, https://arxiv.org/abs/1611.07004, with a weight of 100.
    """

    def measure(self, source, style, fake):
        return ops.mean(ops.abs(fake - style))
