"""The relativistic average GAN."""

from keras import ops

from stylezoo.contract import RelativisticAverageLoss


class RaSGAN(RelativisticAverageLoss):
    """Relativistic average: a picture should be more real than the average picture of the other class.

    RaSGAN (Jolicoeur-Martineau, 2018, https://arxiv.org/abs/1807.00734). With equal logits, discriminator and generator
    loss are both ln 2.
    """

    def on_margin(self, margins):
        return ops.softplus(-margins)
