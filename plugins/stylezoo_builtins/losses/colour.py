"""Keeps the colours of the source."""

import keras
from keras import ops

from stylezoo import ImageLoss

# Rows: the contributions of red, green and blue to Y, U and V (ITU-R BT.470), as in tf.image.rgb_to_yuv.
RGB_TO_YUV = (
    (0.299, -0.14714119, 0.61497538),
    (0.587, -0.28886916, -0.51496512),
    (0.114, 0.43601035, -0.10001026),
)


class Colour(ImageLoss):
    """Colour reconstruction: keeps the luminance and the colours of the source, compared in YUV, as in AnimeGAN.

    Mean absolute difference of the luminance Y plus Huber losses of the colours U and V, for pictures in [0, 1] (Chen
    et al., 2020, https://doi.org/10.1007/978-981-15-5577-0_18; the weight is 10 in AnimeGAN, 10 to 50 in AnimeGANv2).
    Grey pictures have luminance only.
    """

    def build(self, generator, discriminators, shape):
        if shape[-1] not in (1, 3):
            raise ValueError(f"colours are compared in pictures of 1 or 3 channels, not of {shape[-1]}")

    def measure(self, source, style, fake):
        if source.shape[-1] == 1:
            return ops.mean(ops.abs(source - fake)) / 2
        here, there = _yuv(source), _yuv(fake)
        light = ops.mean(ops.abs(here[..., 0] - there[..., 0]))
        # Keras takes the mean over U and V, the paper their sum.
        return light + 2 * ops.mean(keras.losses.huber(here[..., 1:], there[..., 1:]))


def _yuv(pictures):
    return ops.matmul((pictures + 1) / 2, ops.convert_to_tensor(RGB_TO_YUV, "float32"))
