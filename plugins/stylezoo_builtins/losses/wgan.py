"""The loss of the Wasserstein GAN."""

from keras import ops

from stylezoo import AdversarialLoss


class WGAN(AdversarialLoss):
    """Wasserstein: logits are scores without bound, and the players move their mean difference.

    Arjovsky et al., 2017, https://arxiv.org/abs/1701.07875. It needs discriminators that are kept smooth by a gradient
    penalty, such as `dragan` with a weight of 10, and several `critic_steps`. Undecided discriminators pay 0, and so
    does the generator for logits of 0.
    """

    def on_real(self, logits):
        return -ops.mean(logits)

    def on_fake(self, logits):
        return ops.mean(logits)

    def fool(self, logits):
        return -ops.mean(logits)
