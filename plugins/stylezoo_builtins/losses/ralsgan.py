"""The relativistic average GAN with least squares."""

from keras import ops

from stylezoo.contract import RelativisticAverageLoss


class RaLSGAN(RelativisticAverageLoss):
    """Relativistic average least squares: a logit should be 1 above or below the mean logit of the other class.

    RaLSGAN (Jolicoeur-Martineau, 2018, https://arxiv.org/abs/1807.00734). With equal logits, discriminator and
    generator loss are both 1.
    """

    def on_margin(self, margins):
        return ops.square(margins - 1)
