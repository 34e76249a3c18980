"""The relativistic GAN of pairs."""

from keras import ops

from stylezoo import Loss


class RSGAN(Loss):
    """Relativistic: discriminators tell which of a style picture and a generated one is the more real.

    Jolicoeur-Martineau, 2018, https://arxiv.org/abs/1807.00734 (RSGAN). Pictures are paired as they stand in the
    batch, logits position by position; where two generated pictures come with a style picture, as with
    `judge_identity`, both are paired with it. Undecided discriminators pay ln 2, and so does the generator.
    """

    adversarial = True

    def generator(self, translation):
        return sum(ops.mean(ops.softplus(lead)) for lead in _leads(translation))

    def discriminator(self, translation):
        return sum(ops.mean(ops.softplus(-lead)) for lead in _leads(translation))


def _leads(translation):
    """By how much style pictures are found more real than the generated ones beside them: one tensor a scale."""
    pairs = zip(translation.real_logits, translation.fake_logits, strict=True)
    return [real - ops.reshape(fake, (-1, *ops.shape(real))) for real, fake in pairs]
