"""The patch discriminator of AnimeGANv2."""

import keras
from keras import layers as keras_layers

from stylezoo.layers import Conv2D, SpectralNormalization, initializer


def build(shape, filters: int = 32, layers: int = 2):
    """AnimeGANv2 discriminator: a logit for each patch; spectrally normalised kernels and layer normalisation.

    Chen, 2020, https://github.com/TachibanaYoshino/AnimeGANv2; the defaults are the published network (1,128,800
    trained weights; its `ch` of 64 and `n_dis` of 3).

    Args:
        shape: Height, width and channels of a picture.
        filters: Channels of the first layer; later layers have 2, 4 and 8 times as many.
        layers: Convolutions with a stride of 2.
    """
    picture = keras.Input(shape, name="picture")
    x = _relu(_convolution(picture, filters))
    for layer in range(layers):
        x = _relu(_convolution(x, filters * 2 ** (layer + 1), strides=2))
        x = _relu(_norm(_convolution(x, filters * 2 ** (layer + 2))))
    x = _relu(_norm(_convolution(x, filters * 2 ** (layers + 1))))
    return keras.Model(picture, _convolution(x, 1), name="animegan")


def _convolution(x, channels, strides=1):
    sides = (1, 2 - strides)  # a stride of 2 is padded at the top and the left only
    x = keras_layers.ZeroPadding2D((sides, sides))(x)
    convolution = Conv2D(channels, 3, strides, use_bias=False, kernel_initializer=initializer("normal"))
    return SpectralNormalization(convolution)(x)


def _norm(x):
    """Over height, width and channels together, in float32: sums in half precision are not exact."""
    return keras_layers.GroupNormalization(groups=1, epsilon=1e-5, dtype="float32")(x)


def _relu(x):
    return keras_layers.LeakyReLU(0.2)(x)
