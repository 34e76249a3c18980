"""The loss of CycleGAN."""

from keras import ops

from stylezoo import AdversarialLoss


class LSGAN(AdversarialLoss):
    """Least squares: logits of style pictures are drawn to `real`, those of generated ones to `fake`.

    Mao et al., 2017, https://arxiv.org/abs/1611.04076. Undecided discriminators (logits of 0.5) pay 0.25 (0.5 if
    not halved), the generator 0.25.

    Args:
        real: The target for style pictures; 0.9 makes discriminators less sure of themselves.
        fake: The target for generated pictures.
        half: Whether the discriminators' part is halved, as in CycleGAN; MUNIT and AnimeGAN do not.
    """

    def __init__(self, real: float = 1.0, fake: float = 0.0, half: bool = True):
        self.real = real
        self.fake = fake
        self.share = 0.5 if half else 1.0

    def on_real(self, logits):
        return self.share * ops.mean(ops.square(logits - self.real))

    def on_fake(self, logits):
        return self.share * ops.mean(ops.square(logits - self.fake))

    def fool(self, logits):
        return ops.mean(ops.square(logits - self.real))
