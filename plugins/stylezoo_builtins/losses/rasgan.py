"""The relativistic average GAN."""

from keras import ops

from stylezoo.contract import RelativisticAverageLoss


class RaSGAN(RelativisticAverageLoss):
    """Relativistic average: a picture should be more real than the average one of the other kind.

    Jolicoeur-Martineau, 2018, https://arxiv.org/abs/1807.00734 (RaSGAN). Undecided discriminators pay ln 2, and so
    does the generator.
    """

    def on_margin(self, margins):
        return ops.softplus(-margins)
