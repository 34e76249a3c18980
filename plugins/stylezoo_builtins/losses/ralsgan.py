"""The relativistic average GAN with least squares."""

from keras import ops

from stylezoo.contract import RelativisticAverageLoss


class RaLSGAN(RelativisticAverageLoss):
    """Relativistic average least squares: logits are drawn to 1 above and below the other kind's average.

    Jolicoeur-Martineau, 2018, https://arxiv.org/abs/1807.00734 (RaLSGAN). Undecided discriminators pay 1, and so
    does the generator.
    """

    def on_margin(self, margins):
        return ops.square(margins - 1)
