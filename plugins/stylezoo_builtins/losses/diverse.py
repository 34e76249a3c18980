"""The loss with two separate discriminators."""

from keras import ops

from stylezoo import Loss
from stylezoo.contract import scales


class Diverse(Loss):
    """Two discriminators of opposite tastes keep results from being too alike: the dual discriminator GAN (D2GAN).

    Nguyen et al., 2017, https://arxiv.org/abs/1709.03831. The first discriminator is paid for style pictures, the
    second for generated ones; both judge by the softplus of their logits, a positive score. The generator pays less
    the better its pictures score with the first and the worse with the second, whose logarithm is what spreads
    results over the modes of the style. Undecided discriminators pay alpha (1 - ln alpha) and beta (1 - ln beta), the
    generator -alpha + beta ln beta with scores of alpha and beta: 1, 1 and -1.

    A model with one discriminator gets a second one like it. The first half of the discriminators has the one taste,
    the second half the other; where they judge at several scales, the mean over the scales counts. Both halves must
    see the same: with models whose discriminators differ say which one is meant,
    ``--loss diverse --discriminator texture``.

    Args:
        alpha: How much the first discriminator is paid for style pictures.
        beta: How much the second is paid for generated ones.
    """

    adversarial = True
    discriminators_needed = 2

    def __init__(self, alpha: float = 1.0, beta: float = 1.0):
        self.alpha = alpha
        self.beta = beta

    def build(self, generator, discriminators, shape):
        count = sum(scales(discriminator) for discriminator in discriminators)
        if count % 2:
            raise ValueError(f"two discriminators of as many scales are needed; together they have {count}")

    def generator(self, translation):
        first, second = _halves(translation.fake_logits)
        return self.beta * _mean_log_score(second) - _mean_score(first)

    def discriminator(self, translation):
        (real_1, real_2), (fake_1, fake_2) = _halves(translation.real_logits), _halves(translation.fake_logits)
        first = _mean_score(fake_1) - self.alpha * _mean_log_score(real_1)
        second = _mean_score(real_2) - self.beta * _mean_log_score(fake_2)
        return first + second


def _halves(logits):
    """The logits of the first discriminator and those of the second: two lists of one tensor a scale."""
    return logits[: len(logits) // 2], logits[len(logits) // 2 :]


def _mean_score(scales):
    return sum(ops.mean(ops.softplus(logits)) for logits in scales) / len(scales)


def _mean_log_score(scales):
    return sum(ops.mean(_log_score(logits)) for logits in scales) / len(scales)


def _log_score(logits):
    """ln softplus; far below 0 softplus(x) rounds to e^x, whose logarithm is x itself."""
    safe = ops.maximum(logits, -20.0)  # keeps the gradient of the branch that is not taken finite
    return ops.where(logits < -20.0, logits, ops.log(ops.softplus(safe)))
