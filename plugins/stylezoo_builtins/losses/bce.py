"""The loss of the first GANs."""

from keras import ops

from stylezoo import AdversarialLoss


class BCE(AdversarialLoss):
    """Binary cross-entropy: the discriminators tell how probable it is that a picture is real.

    Goodfellow et al., 2014, https://arxiv.org/abs/1406.2661, non-saturating; the discriminators' part is halved as in
    CycleGAN and pix2pix. Undecided discriminators pay ln 2, and so does the generator.
    """

    def on_real(self, logits):
        return ops.mean(ops.softplus(-logits)) / 2

    def on_fake(self, logits):
        return ops.mean(ops.softplus(logits)) / 2

    def fool(self, logits):
        return ops.mean(ops.softplus(-logits))
