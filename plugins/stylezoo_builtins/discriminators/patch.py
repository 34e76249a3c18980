"""The PatchGAN of pix2pix and CycleGAN."""

import keras
from keras import layers as keras_layers

from stylezoo.layers import InstanceNormalization, SpectralNormalization


def build(shape, filters: int = 64, layers: int = 3, spectral: bool = False, scale: int = 1):
    """PatchGAN discriminator: a logit for each overlapping patch, 70 x 70 pixels with 3 layers.

    Isola et al., 2017, https://arxiv.org/abs/1611.07004, with instance normalisation as in CycleGAN (2,764,737
    weights). Patches have 16, 34, 70, 142 and 286 pixels for 1 to 5 layers.

    Args:
        shape: Height, width and channels of a picture.
        filters: Channels of the first layer; they double up to eight times as many.
        layers: Convolutions that halve the resolution.
        spectral: Normalise the kernels of all convolutions spectrally instead of their answers (Miyato et al., 2018,
            https://arxiv.org/abs/1802.05957): steadier, and the mean colour of a patch is seen.
        scale: Look at the picture made so many times smaller: strokes and shapes instead of grain.
    """
    picture = keras.Input(shape, name="picture")
    x = keras_layers.AveragePooling2D(scale)(picture) if scale > 1 else picture
    x = _convolution(x, filters, 2, spectral)
    x = keras_layers.LeakyReLU(0.2)(x)
    for layer in range(1, layers + 1):
        x = _convolution(x, filters * min(2**layer, 8), 2 if layer < layers else 1, spectral)
        if not spectral:
            x = InstanceNormalization()(x)
        x = keras_layers.LeakyReLU(0.2)(x)
    return keras.Model(picture, _convolution(x, 1, 1, spectral), name="patch")


def _convolution(x, channels, strides, spectral):
    convolution = keras_layers.Conv2D(
        channels, 4, strides, kernel_initializer=keras.initializers.RandomNormal(stddev=0.02)
    )
    x = keras_layers.ZeroPadding2D(1)(x)  # PyTorch's padding=1; Keras' "same" differs at a stride of 1
    return SpectralNormalization(convolution)(x) if spectral else convolution(x)
