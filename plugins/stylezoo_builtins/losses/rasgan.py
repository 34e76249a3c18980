"""The relativistic average GAN."""

from keras import ops

from stylezoo import Loss


class RaSGAN(Loss):
    """Relativistic average: a picture should be more real than the average one of the other kind.

    Jolicoeur-Martineau, 2018, https://arxiv.org/abs/1807.00734 (RaSGAN), halved as in the author's code, which the
    generator plays with the roles exchanged. The average is taken over the batch and all patches of a scale, since
    the place of a patch means nothing where pictures are not paired. Undecided discriminators pay ln 2, and so does the
    generator.
    """

    adversarial = True

    def generator(self, translation):
        return sum(map(_cost, translation.fake_logits, translation.real_logits))

    def discriminator(self, translation):
        return sum(map(_cost, translation.real_logits, translation.fake_logits))


def _cost(higher, lower):
    """What is paid until one side's logits are above the other's average, and the other's below its own."""
    above, below = higher - ops.mean(lower), lower - ops.mean(higher)
    return (ops.mean(ops.softplus(-above)) + ops.mean(ops.softplus(below))) / 2
