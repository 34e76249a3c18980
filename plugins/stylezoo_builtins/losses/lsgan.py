"""The loss of CycleGAN."""

from keras import ops

from stylezoo import AdversarialLoss


class LSGAN(AdversarialLoss):
    """Least squares: logits of style pictures are drawn to `real`, those of generated ones to `fake`.

    Mao et al., 2017, https://arxiv.org/abs/1611.04076; the discriminators' part is halved as in CycleGAN. Undecided
    discriminators (logits of 0.5) pay 0.25, and so does the generator.

    Args:
        real: The target for style pictures; 0.9 makes discriminators less sure of themselves.
        fake: The target for generated pictures.
    """

    def __init__(self, real: float = 1.0, fake: float = 0.0):
        self.real = real
        self.fake = fake

    def on_real(self, logits):
        return ops.mean(ops.square(logits - self.real)) / 2

    def on_fake(self, logits):
        return ops.mean(ops.square(logits - self.fake)) / 2

    def fool(self, logits):
        return ops.mean(ops.square(logits - self.real))
