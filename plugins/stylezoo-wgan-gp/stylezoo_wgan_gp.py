"""The gradient penalty of the Wasserstein GAN."""

import math

import keras
from keras import ops, tree

from stylezoo import Loss
from stylezoo.contract import pixel_slope


class WGANGP(Loss):
    """Gradient penalty: between style pictures and generated ones the slope of a discriminator is drawn to 1.

    Mean squared distance from 1 of the length of the gradient of the summed logits with respect to the picture, at a
    random point between a style picture and a generated one (Gulrajani et al., 2017,
    https://arxiv.org/abs/1704.00028). Meant for `wgan`, with a weight of 10.

    Args:
        one_sided: Only slopes above 1 are paid for (WGAN-LP, Petzka et al., 2018, https://arxiv.org/abs/1709.08894).
        patches: Take the slope of the mean of a picture's logits instead of that of their sum. `wgan` compares means,
            so that a discriminator of many patches is then held as steep as one of a single logit. Ours.
    """

    def __init__(self, one_sided: bool = False, patches: bool = False):
        self.one_sided = one_sided
        self.patches = patches

    def discriminator(self, translation):
        style, fake = ops.convert_to_tensor(translation.style), ops.stop_gradient(translation.fake)
        share = keras.random.uniform((ops.shape(style)[0], 1, 1, 1), seed=translation.seed)  # one a picture
        between = share * style + (1 - share) * fake
        return sum(self._penalty(d, between, translation) for d in translation.discriminators)

    def _penalty(self, discriminator, pictures, translation):
        slope = pixel_slope(discriminator, pictures, translation.source, translation.training)
        excess = slope / (_count(discriminator) if self.patches else 1) - 1
        return ops.mean(ops.square(ops.relu(excess) if self.one_sided else excess))


def _count(discriminator):
    """How many logits a picture gets, over all scales."""
    answer = discriminator.output
    scales = tree.flatten(answer["logits"] if isinstance(answer, dict) else answer)
    return sum(math.prod(logits.shape[1:]) for logits in scales)
