"""The loss of CycleGAN."""

from keras import ops

from stylezoo import AdversarialLoss


class LSGAN(AdversarialLoss):
    """Least squares: the squared distance of logits from a target, `real` for style pictures and `fake` for fakes.

    Mao et al., 2017, https://arxiv.org/abs/1611.04076. With logits of 0.5 the discriminator loss is 0.25 (0.5 if not
    halved), the generator's 0.25.

    Args:
        real: The target for style pictures; 0.9 is one-sided label smoothing.
        fake: The target for fakes.
        half: Whether the discriminator loss is halved, as in CycleGAN; not in MUNIT and AnimeGAN.
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
