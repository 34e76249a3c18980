"""The loss of the original GAN."""

from keras import ops

from stylezoo import AdversarialLoss


class BCE(AdversarialLoss):
    """Binary cross-entropy: discriminators estimate the probability that a picture is real.

    Goodfellow et al., 2014, https://arxiv.org/abs/1406.2661, in the non-saturating form; the discriminator loss is
    halved as in CycleGAN and pix2pix. With logits of 0, discriminator and generator loss are both ln 2.
    """

    def on_real(self, logits):
        return ops.mean(ops.softplus(-logits)) / 2

    def on_fake(self, logits):
        return ops.mean(ops.softplus(logits)) / 2

    def fool(self, logits):
        return ops.mean(ops.softplus(-logits))
