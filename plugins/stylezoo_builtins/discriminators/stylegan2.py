"""The discriminator of SinCUT and StyleGAN2."""

import math

import keras
from keras import layers

from stylezoo_builtins.stylegan2 import blurred_halving, equalised_convolution, scaled_leaky_relu

SMALLEST = 16  # pixels


def build(shape, filters: int = 8):
    """StyleGAN2 discriminator: one logit for the whole picture; residual blocks with blurred downsampling.

    Karras et al., 2020, https://arxiv.org/abs/1912.04958, as in SinCUT (Park et al., 2020,
    https://arxiv.org/abs/2007.15651), without batch statistics; the default is that of SinCUT for crops of 64 pixels
    (5,885,473 weights). Crops of any size are downsampled to the size closest to 4 pixels.

    Args:
        shape: Height, width and channels of a picture.
        filters: Channels at 256 pixels; twice as many at each half of the size, up to 384.
    """
    side = min(shape[:2])
    if side < SMALLEST:
        raise ValueError(f"crops of {side} pixels are too small: --set image_size={SMALLEST} or more")
    halvings = round(math.log2(side)) - 2
    widths = [min(64 * filters // 2**depth, 384) for depth in reversed(range(halvings + 1))]
    picture = keras.Input(shape, name="picture")
    x = scaled_leaky_relu(equalised_convolution(picture, max(widths[0], 1), 1))
    for width in widths[1:]:
        x = blurred_halving(x, max(width, 1))
    x = layers.Flatten()(scaled_leaky_relu(equalised_convolution(x, widths[-1], 3)))
    x = scaled_leaky_relu(_dense(x, widths[-1]))
    return keras.Model(picture, _dense(x, 1), name="stylegan2")


def _dense(x, units):
    x = layers.Rescaling(1 / math.sqrt(x.shape[-1]))(x)
    return layers.Dense(units, kernel_initializer=keras.initializers.RandomNormal(stddev=1.0))(x)
