"""The gradient penalty of the Wasserstein GAN."""

import keras
from keras import ops

from stylezoo import Loss
from stylezoo.contract import pixel_slope


class WGANGP(Loss):
    """Gradient penalty: the gradient norm of a discriminator between style pictures and fakes should be 1.

    Mean squared difference of 1 and the norm of the gradient of the summed logits with respect to the picture, at a
    random point between a style picture and a fake (Gulrajani et al., 2017, https://arxiv.org/abs/1704.00028). Meant
    for `wgan`, with a weight of 10.

    Args:
        one_sided: Only penalise norms above the target (WGAN-LP, Petzka et al., 2018,
            https://arxiv.org/abs/1709.08894).
        target: The norm to use in place of 1 (Karras et al., 2018, https://arxiv.org/abs/1710.10196). The norm is that
            of the sum of all logits, so a discriminator of many patches needs a larger one, such as 10 or 100.
    """

    def __init__(self, one_sided: bool = False, target: float = 1.0):
        if target <= 0:
            raise ValueError(f"target is {target}; it must be above 0")
        self.one_sided = one_sided
        self.target = target

    def discriminator_loss(self, translation):
        style, fake = ops.convert_to_tensor(translation.style), ops.stop_gradient(translation.fake)
        share = keras.random.uniform((ops.shape(style)[0], 1, 1, 1), seed=translation.seed)  # one a picture
        between = share * style + (1 - share) * fake
        return sum(self._penalty(d, between, translation) for d in translation.discriminators)

    def _penalty(self, discriminator, pictures, translation):
        slope = pixel_slope(discriminator, pictures, translation.source, translation.training)
        excess = slope / self.target - 1
        return ops.mean(ops.square(ops.relu(excess) if self.one_sided else excess))
