"""The PixelGAN of pix2pix."""

import keras
from keras import layers

from stylezoo.layers import Conv2D, initializer, normalization


def build(shape, filters: int = 64, conditional: bool = False, norm: str = "instance", init: str = "normal"):
    """PixelGAN discriminator: a logit for each single pixel, so that colours count and shapes do not.

    Isola et al., 2017, https://arxiv.org/abs/1611.07004, with the layers of the authors' PyTorch code (8,705 weights).
    Only the normalisation depends on more than one pixel. The layers feature_0 and feature_1 are the activations before
    the logits.

    Args:
        shape: Height, width and channels of a picture.
        filters: Channels of the first layer; the second has twice as many.
        conditional: Judge a picture together with its source.
        norm: Normalisation: "instance", "batch" or "none". With "batch" only the first layer has a bias.
        init: Kernel initialisation: "normal" with standard deviation 0.02, "xavier" with gain 0.02, or "kaiming".
    """

    def convolved(x, channels, bias=norm != "batch"):
        return Conv2D(channels, 1, use_bias=bias, kernel_initializer=initializer(init))(x)

    picture = keras.Input(shape, name="picture")
    inputs = [keras.Input(shape, name="source"), picture] if conditional else picture
    x = layers.Concatenate()(inputs) if conditional else picture
    x = layers.LeakyReLU(0.2, name="feature_0")(convolved(x, filters, bias=True))
    x = normalization(norm)(convolved(x, 2 * filters))
    x = layers.LeakyReLU(0.2, name="feature_1")(x)
    return keras.Model(inputs, convolved(x, 1), name="pixel")
