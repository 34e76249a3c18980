"""The light generator of AnimeGANv2."""

import keras
from keras import layers

from stylezoo.layers import Conv2D, GroupNormalization, ReflectionPadding2D


def build(shape, filters: int = 32, blocks: int = 4):
    """AnimeGANv2 generator: a light network of inverted residual blocks with layer normalisation and without biases.

    Chen, 2020, https://github.com/TachibanaYoshino/AnimeGANv2, after AnimeGAN (Chen et al., 2019,
    https://doi.org/10.1007/978-981-15-5577-0_18); the defaults are the published network (2,143,552 weights). The
    blocks are those of MobileNetV2 (Sandler et al., 2018, https://arxiv.org/abs/1801.04381).

    Args:
        shape: Height, width and channels of a picture; None for any height or width.
        filters: Channels at full resolution; 2 and 4 times as many after downsampling, 8 times in the blocks.
        blocks: Inverted residual blocks.
    """
    picture = keras.Input(shape, name="source")
    x = _convolved(picture, filters, 7)
    for channels in (2 * filters, 4 * filters):
        x = _convolved(_halved(x, channels), channels, 3)
    x = _convolved(x, 4 * filters, 3)
    for _ in range(blocks):
        x = _inverted_residual(x, 8 * filters)
    x = _convolved(x, 4 * filters, 3)
    for channels in (4 * filters, 2 * filters):
        x = _convolved(_convolved(_doubled(x), channels, 3), channels, 3)
    x = _convolution(_convolved(x, filters, 7), shape[-1], 1)
    return keras.Model(picture, layers.Activation("tanh", dtype="float32")(x), name="animegan")


def _convolution(x, channels, size, strides=1):
    return Conv2D(channels, size, strides, use_bias=False, kernel_initializer="he_normal")(x)


def _convolved(x, channels, size):
    x = ReflectionPadding2D(size // 2)(x) if size > 1 else x
    return _norm_relu(_convolution(x, channels, size))


def _halved(x, channels):
    x = layers.Cropping2D(((1, 0), (1, 0)))(ReflectionPadding2D(1)(x))  # padded at the bottom and the right only
    return _norm_relu(_convolution(x, channels, 3, strides=2))


def _doubled(x):
    """Bilinear upsampling as in TensorFlow 1: even pixels stay, odd ones are the mean of their neighbours."""
    return layers.AveragePooling2D(2, strides=1, padding="same")(layers.UpSampling2D(2)(x))


def _inverted_residual(x, channels):
    y = _convolved(x, 2 * x.shape[-1], 1)
    y = layers.DepthwiseConv2D(3, depthwise_initializer="he_normal")(ReflectionPadding2D(1)(y))
    y = _norm(_convolution(_norm_relu(y), channels, 1))
    return layers.Add()([x, y]) if x.shape[-1] == channels else y


def _norm(x):
    """Over height, width and channels together, in float32: sums in half precision are not exact."""
    return GroupNormalization(dtype="float32")(x)


def _norm_relu(x):
    return layers.LeakyReLU(0.2)(_norm(x))
