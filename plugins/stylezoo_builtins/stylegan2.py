"""Layers of StyleGAN2 (Karras et al., 2020, https://arxiv.org/abs/1912.04958)."""

import math

import keras
from keras import layers

from stylezoo.layers import Conv2D


def equalised_convolution(x, channels, size, strides=1, bias=True):
    """A convolution with an equalised learning rate: a kernel of variance 1 that is scaled when it is used.

    Karras et al., 2018, https://arxiv.org/abs/1710.10196. Its input is scaled instead, which is equivalent.
    """
    x = layers.Rescaling(1 / math.sqrt(size**2 * x.shape[-1]))(x)
    padding, initializer = "same" if strides == 1 else "valid", keras.initializers.RandomNormal(stddev=1.0)
    return Conv2D(channels, size, strides, padding, use_bias=bias, kernel_initializer=initializer)(x)


def scaled_leaky_relu(x):
    """A leaky ReLU, scaled so that it keeps the variance."""
    return layers.Rescaling(math.sqrt(2))(layers.LeakyReLU(0.2)(x))


def blurred(x, padding):
    """Blurred by the filter 1, 3, 3, 1, as three means of two neighbours."""
    x = layers.ZeroPadding2D(padding)(x)
    for _ in range(3):
        x = layers.AveragePooling2D(2, strides=1)(x)
    return x


def blurred_halving(x, channels, name=None):
    """A residual block with blurred downsampling by 2."""
    y = scaled_leaky_relu(equalised_convolution(x, x.shape[-1], 3))
    y = scaled_leaky_relu(equalised_convolution(blurred(y, 2), channels, 3, strides=2))
    x = equalised_convolution(blurred(x, 1), channels, 1, strides=2, bias=False)
    return layers.Rescaling(1 / math.sqrt(2), name=name)(layers.Add()([x, y]))
