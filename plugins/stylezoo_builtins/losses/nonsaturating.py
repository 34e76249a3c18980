"""The loss of the StyleGANs."""

from keras import ops

from stylezoo import AdversarialLoss


class Nonsaturating(AdversarialLoss):
    """Non-saturating: as bce, but the discriminators' part is not halved.

    Goodfellow et al., 2014, https://arxiv.org/abs/1406.2661, in the scale of StyleGAN2 (Karras et al., 2020,
    https://arxiv.org/abs/1912.04958). Undecided discriminators pay 2 ln 2, the generator ln 2.
    """

    def on_real(self, logits):
        return ops.mean(ops.softplus(-logits))

    def on_fake(self, logits):
        return ops.mean(ops.softplus(logits))

    def fool(self, logits):
        return ops.mean(ops.softplus(-logits))
