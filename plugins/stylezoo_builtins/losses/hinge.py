"""The loss of spectrally normalised GANs."""

from keras import ops

from stylezoo import AdversarialLoss


class Hinge(AdversarialLoss):
    """Hinge: a discriminator stops pushing logits that are right by a margin of one.

    Lim and Ye, 2017, https://arxiv.org/abs/1705.02894. Undecided discriminators pay 2, the generator 0.
    """

    def on_real(self, logits):
        return ops.mean(ops.relu(1 - logits))

    def on_fake(self, logits):
        return ops.mean(ops.relu(1 + logits))

    def fool(self, logits):
        return -ops.mean(logits)
