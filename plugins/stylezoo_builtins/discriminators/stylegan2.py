"""The discriminator of SinCUT, that of StyleGAN2."""

import math

import keras
from keras import layers

SMALLEST = 16  # pixels


def build(shape, filters: int = 8):
    """StyleGAN2 discriminator: one logit for the whole picture, residual blocks with blurred halvings.

    Karras et al., 2020, https://arxiv.org/abs/1912.04958, as in SinCUT (Park et al., 2020,
    https://arxiv.org/abs/2007.15651), without statistics of the batch; the default is that of SinCUT for crops of 64
    pixels (5,885,473 weights). Crops of any size are halved to the size nearest to 4 pixels.

    Args:
        shape: Height, width and channels of a picture.
        filters: Channels at 256 pixels: twice as many at half the size, and so on up to 384.
    """
    side = min(shape[:2])
    if side < SMALLEST:
        raise ValueError(f"crops of {side} pixels are too small: --set image_size={SMALLEST} or more")
    halvings = round(math.log2(side)) - 2
    widths = [min(64 * filters // 2**depth, 384) for depth in reversed(range(halvings + 1))]
    picture = keras.Input(shape, name="picture")
    x = _activated(_convolution(picture, max(widths[0], 1), 1))
    for width in widths[1:]:
        x = _halving_block(x, max(width, 1))
    x = layers.Flatten()(_activated(_convolution(x, widths[-1], 3)))
    x = _activated(_dense(x, widths[-1]))
    return keras.Model(picture, _dense(x, 1), name="stylegan2")


def _convolution(x, channels, size, strides=1, bias=True):
    """With a kernel of variance 1 that is scaled when used, so that all learn at one pace (Karras et al., 2018).

    What is scaled is its input: it comes to the same.
    """
    x = layers.Rescaling(1 / math.sqrt(size**2 * x.shape[-1]))(x)
    padding, initializer = "same" if strides == 1 else "valid", keras.initializers.RandomNormal(stddev=1.0)
    return layers.Conv2D(channels, size, strides, padding, use_bias=bias, kernel_initializer=initializer)(x)


def _dense(x, units):
    x = layers.Rescaling(1 / math.sqrt(x.shape[-1]))(x)
    return layers.Dense(units, kernel_initializer=keras.initializers.RandomNormal(stddev=1.0))(x)


def _activated(x):
    return layers.Rescaling(math.sqrt(2))(layers.LeakyReLU(0.2)(x))


def _blurred(x, padding):
    """Blurred by 1, 3, 3, 1, which is three means of two neighbours."""
    x = layers.ZeroPadding2D(padding)(x)
    for _ in range(3):
        x = layers.AveragePooling2D(2, strides=1)(x)
    return x


def _halving_block(x, channels):
    y = _activated(_convolution(x, x.shape[-1], 3))
    y = _activated(_convolution(_blurred(y, 2), channels, 3, strides=2))
    x = _convolution(_blurred(x, 1), channels, 1, strides=2, bias=False)
    return layers.Rescaling(1 / math.sqrt(2))(layers.Add()([x, y]))
