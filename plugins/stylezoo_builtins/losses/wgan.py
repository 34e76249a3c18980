"""The loss of the Wasserstein GAN."""

from keras import ops

from stylezoo import AdversarialLoss


class WGAN(AdversarialLoss):
    """Wasserstein: logits are unbounded scores, and the loss is the difference of their means.

    Arjovsky et al., 2017, https://arxiv.org/abs/1701.07875. It needs a gradient penalty, such as `dragan` with a weight
    of 10, and several discriminator updates in a step: order "discriminator-first:critic_steps=5". With logits of 0,
    discriminator and generator loss are both 0.
    """

    def on_real(self, logits):
        return -ops.mean(logits)

    def on_fake(self, logits):
        return ops.mean(logits)

    def fool(self, logits):
        return -ops.mean(logits)
