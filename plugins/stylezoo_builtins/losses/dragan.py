"""The gradient penalty of DRAGAN."""

import keras
from keras import ops

from stylezoo import Loss
from stylezoo.contract import pixel_slope


class DRAGAN(Loss):
    """DRAGAN gradient penalty: the gradient norm of a discriminator near style pictures should be 1.

    Mean squared difference of 1 and the norm of the gradient of the summed logits with respect to the picture, at a
    random point between a style picture and the same picture plus uniform noise of half the pictures' standard
    deviation (Kodali et al., 2017, https://arxiv.org/abs/1705.07215). Meant for `bce`, with a weight of 10.
    """

    def discriminator_loss(self, translation):
        style = ops.convert_to_tensor(translation.style)
        noise = ops.std(style) / 2 * keras.random.uniform(ops.shape(style), seed=translation.seed)
        share = keras.random.uniform((ops.shape(style)[0], 1, 1, 1), seed=translation.seed)  # one a picture
        around = style + share * noise
        return sum(_penalty(d, around, translation) for d in translation.discriminators)


def _penalty(discriminator, pictures, translation):
    slope = pixel_slope(discriminator, pictures, translation.source, translation.training)
    return ops.mean(ops.square(slope - 1))
