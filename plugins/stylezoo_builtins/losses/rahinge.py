"""The relativistic average GAN with a margin."""

from keras import ops

from stylezoo.contract import RelativisticAverageLoss


class RaHinge(RelativisticAverageLoss):
    """Relativistic average hinge: logits should be 1 above or below the other kind's average, more is not paid.

    Jolicoeur-Martineau, 2018, https://arxiv.org/abs/1807.00734 (RaHingeGAN). Undecided discriminators pay 1, and so
    does the generator.
    """

    def on_margin(self, margins):
        return ops.relu(1 - margins)
