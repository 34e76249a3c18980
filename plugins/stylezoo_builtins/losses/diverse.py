"""The loss of the GAN with two discriminators."""

from keras import ops

from stylezoo import Loss
from stylezoo.contract import scales


class Diverse(Loss):
    """Dual discriminator GAN (D2GAN): two discriminators with opposite goals, for more diverse results.

    Nguyen et al., 2017, https://arxiv.org/abs/1709.03831. A discriminator's score is the softplus of its logits. The
    first discriminator is trained to score style pictures high, the second to score fakes high. The generator raises
    its score with the first and lowers the logarithm of its score with the second, which spreads results over the modes
    of the style. With scores of alpha and beta for every picture the losses are alpha (1 - ln alpha) and beta (1 - ln
    beta) for the discriminators, and -alpha + beta ln beta for the generator: 1, 1 and -1 by default.

    A model with one discriminator gets a second one of the same kind. The first half of the discriminators has the
    first goal, the second half the second; the score is the mean over their scales. Both halves must have as many
    scales. With a model whose discriminators differ, name the one to use: ``--loss diverse --discriminator texture``.

    Args:
        alpha: Weight of the log score of style pictures, in the loss of the first discriminator.
        beta: Weight of the log score of fakes, in the loss of the second discriminator.
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

    def generator_loss(self, translation):
        first, second = _halves(translation.fake_logits)
        return self.beta * _mean_log_score(second) - _mean_score(first)

    def discriminator_loss(self, translation):
        (real_1, real_2), (fake_1, fake_2) = _halves(translation.real_logits), _halves(translation.fake_logits)
        first = _mean_score(fake_1) - self.alpha * _mean_log_score(real_1)
        second = _mean_score(real_2) - self.beta * _mean_log_score(fake_2)
        return first + second


def _halves(logits):
    """The logits of the first and of the second discriminator: two lists with a tensor for each scale."""
    return logits[: len(logits) // 2], logits[len(logits) // 2 :]


def _mean_score(scales):
    return sum(ops.mean(ops.softplus(logits)) for logits in scales) / len(scales)


def _mean_log_score(scales):
    return sum(ops.mean(_log_score(logits)) for logits in scales) / len(scales)


def _log_score(logits):
    """ln softplus; far below 0 softplus(x) is e^x in floating point, and its logarithm is x."""
    safe = ops.maximum(logits, -20.0)  # keeps the gradient of the unused branch finite
    return ops.where(logits < -20.0, logits, ops.log(ops.softplus(safe)))
