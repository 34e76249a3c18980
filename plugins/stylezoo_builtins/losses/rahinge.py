"""The relativistic average GAN with the hinge loss."""

from keras import ops

from stylezoo.contract import RelativisticAverageLoss


class RaHinge(RelativisticAverageLoss):
    """Relativistic average hinge: a logit should be at least 1 above or below the mean logit of the other class.

    RaHingeGAN (Jolicoeur-Martineau, 2018, https://arxiv.org/abs/1807.00734). With equal logits, discriminator and
    generator loss are both 1.
    """

    def on_margin(self, margins):
        return ops.relu(1 - margins)
