"""The loss of the StyleGANs."""

from keras import ops

from stylezoo import AdversarialLoss


class Nonsaturating(AdversarialLoss):
    """Non-saturating: as bce, but the discriminator loss is not halved.

    Goodfellow et al., 2014, https://arxiv.org/abs/1406.2661, scaled as in StyleGAN2 (Karras et al., 2020,
    https://arxiv.org/abs/1912.04958). With logits of 0 the discriminator loss is 2 ln 2, the generator's ln 2.
    """

    def on_real(self, logits):
        return ops.mean(ops.softplus(-logits))

    def on_fake(self, logits):
        return ops.mean(ops.softplus(logits))

    def fool(self, logits):
        return ops.mean(ops.softplus(-logits))
