"""The loss of spectrally normalised GANs."""

from keras import ops

from stylezoo import AdversarialLoss


class Hinge(AdversarialLoss):
    """Hinge: a discriminator has no loss for logits on the right side of a margin of 1.

    Lim and Ye, 2017, https://arxiv.org/abs/1705.02894. With logits of 0 the discriminator loss is 2, the generator's 0.
    """

    def on_real(self, logits):
        return ops.mean(ops.relu(1 - logits))

    def on_fake(self, logits):
        return ops.mean(ops.relu(1 + logits))

    def fool(self, logits):
        return -ops.mean(logits)
