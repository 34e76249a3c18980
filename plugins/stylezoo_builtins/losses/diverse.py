"""The loss with two separate discriminators."""

from keras import ops

from stylezoo import Loss


class Diverse(Loss):
    """Two discriminators of opposite tastes keep results from being too alike: the dual discriminator GAN (D2GAN).

    Nguyen et al., 2017, https://arxiv.org/abs/1709.03831. The first discriminator is paid for style pictures, the
    second for generated ones; both judge by the softplus of their logits, a positive score. The generator pays less
    the better its pictures score with the first and the worse with the second, whose logarithm is what spreads
    results over the modes of the style. Undecided discriminators pay alpha (1 - ln alpha) and beta (1 - ln beta), the
    generator -alpha + beta ln beta with scores of alpha and beta: 1, 1 and -1.

    A model with one discriminator gets a second one like it. Both must see the same pictures: with models that have
    discriminators of several scales say which one is meant, ``--loss diverse --discriminator texture``.

    Args:
        alpha: How much the first discriminator is paid for style pictures.
        beta: How much the second is paid for generated ones.
    """

    adversarial = True
    discriminators_needed = 2

    def __init__(self, alpha: float = 1.0, beta: float = 1.0):
        self.alpha = alpha
        self.beta = beta

    def generator(self, translation):
        first, second = translation.fake_logits[:2]
        return self.beta * _mean_log_score(second) - _mean_score(first)

    def discriminator(self, translation):
        (real_1, real_2), (fake_1, fake_2) = translation.real_logits[:2], translation.fake_logits[:2]
        first = _mean_score(fake_1) - self.alpha * _mean_log_score(real_1)
        second = _mean_score(real_2) - self.beta * _mean_log_score(fake_2)
        return first + second


def _mean_score(logits):
    return ops.mean(ops.softplus(logits))


def _mean_log_score(logits):
    """The mean of ln softplus; far below 0 softplus(x) rounds to e^x, whose logarithm is x itself."""
    safe = ops.maximum(logits, -20.0)  # keeps the gradient of the branch that is not taken finite
    return ops.mean(ops.where(logits < -20.0, logits, ops.log(ops.softplus(safe))))
