"""The relativistic GAN."""

from keras import ops

from stylezoo import Loss


class RSGAN(Loss):
    """Relativistic: discriminators predict whether a style picture is more real than a fake.

    RSGAN (Jolicoeur-Martineau, 2018, https://arxiv.org/abs/1807.00734). Style pictures and fakes are paired in the
    order of the batch, and their logits place by place. Where there are two fakes for each style picture, as with the
    order's option `judge_identity`, both are paired with it. With equal logits, discriminator and generator loss are
    both ln 2.
    """

    adversarial = True

    def generator_loss(self, translation):
        return sum(ops.mean(ops.softplus(lead)) for lead in _leads(translation))

    def discriminator_loss(self, translation):
        return sum(ops.mean(ops.softplus(-lead)) for lead in _leads(translation))


def _leads(translation):
    """Logits of style pictures minus those of their fakes: one tensor for each scale."""
    pairs = zip(translation.real_logits, translation.fake_logits, strict=True)
    return [real - ops.reshape(fake, (-1, *ops.shape(real))) for real, fake in pairs]
