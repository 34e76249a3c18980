"""The discriminator of Gated-GAN: real or fake, and of which style."""

import keras
from keras import layers as keras_layers

from stylezoo.layers import Conv2D, InstanceNormalization, initializer


def build(shape, styles: int = 4, filters: int = 64, layers: int = 3):
    """Gated discriminator: a PatchGAN that also classifies the named style of each patch.

    Chen et al., 2019, https://arxiv.org/abs/1904.02296; 64 filters, 3 layers and 4 styles are the published network
    (2,799,301 weights). Convolutions are padded by 1 as in CycleGAN, where the authors' code pads by 2.

    Args:
        shape: Height, width and channels of a picture.
        styles: Number of named styles.
        filters: Channels of the first layer; each further layer has twice as many, up to 8 times.
        layers: Convolutions with a stride of 2.
    """
    if styles < 1:
        raise ValueError(f"{styles} styles are too few: a gated discriminator needs 1 or more")
    picture = keras.Input(shape, name="picture")
    x = keras_layers.LeakyReLU(0.2)(_convolution(picture, filters, 2))
    for layer in range(1, layers + 1):
        x = _convolution(x, filters * min(2**layer, 8), 2 if layer < layers else 1)
        x = keras_layers.LeakyReLU(0.2)(InstanceNormalization(affine=True)(x))
    heads = {"logits": _convolution(x, 1, 1), "styles": _convolution(x, styles, 1)}
    return keras.Model(picture, heads, name="gated")


def _convolution(x, channels, strides):
    x = keras_layers.ZeroPadding2D(1)(x)  # PyTorch's padding=1; Keras' "same" differs at a stride of 1
    return Conv2D(channels, 4, strides, kernel_initializer=initializer("normal"))(x)
