"""The generator of arbitrary style transfer."""

import re

import keras
from keras import layers

from stylezoo.features import BLOCKS, as_rgb, check_channels, vgg19
from stylezoo.layers import Conv2D, ReflectionPadding2D, UpSampling2D
from stylezoo_builtins.adain import adain


def build(shape, vgg: str | None = None, depth: int = 4, widths: str = "64-128-256-512-512", smooth: bool = False):
    """AdaIN generator: the source's VGG-19 features get the style's means and deviations; a decoder draws them.

    Huang and Belongie, 2017, https://arxiv.org/abs/1703.06868, with the layers of the authors' code: one network for
    any style picture. The encoder is fixed and saved with the model, so a trained one needs no file. The decoder
    mirrors it and is trained (3,505,219 weights up to relu4_1). As published, its last layer is a convolution without
    an activation, but here pictures are in [-1, 1] instead of [0, 1]; values outside are clipped in a picture. Sides
    must be multiples of 2**(depth - 1).

    Args:
        shape: Height, width and channels of a picture; None for any height or width.
        vgg: A file of VGG-19 weights; None: those of Keras, which are downloaded.
        depth: The last block of VGG-19 in the encoder: 4 is relu4_1; 3 for a file that ends with relu3_1.
        widths: Channels of the blocks of VGG-19, "16-32-64-128" for one distilled to a sixteenth.
        smooth: Bilinear upsampling instead of nearest neighbour, which leaves a grid after a short training.
    """
    if not 1 <= depth <= len(BLOCKS):
        raise ValueError(f"depth is {depth}; it can be 1 to {len(BLOCKS)}")
    if not re.fullmatch(r"[1-9]\d*(-[1-9]\d*)*", widths) or widths.count("-") + 1 < depth:
        raise ValueError(f"widths is {widths!r}; a number for each of {depth} blocks is needed, such as 64-128-256-512")
    check_channels(shape)
    channels = tuple(map(int, widths.split("-")))
    tap = f"relu{depth}_1"
    encoder = vgg19(vgg, (tap,), widths=channels, borders="reflect")
    source, style = keras.Input(shape, name="source"), keras.Input(shape, name="style")
    x = AdaIN(dtype="float32")([encoder(as_rgb(source))[tap], encoder(as_rgb(style))[tap]])
    for block in reversed(range(depth - 1)):
        x = _reflected(x, channels[block])
        x = UpSampling2D(2, interpolation="bilinear" if smooth else "nearest")(layers.ReLU()(x))
        for _ in range(BLOCKS[block] - 1):
            x = layers.ReLU()(_reflected(x, channels[block]))
    x = layers.Activation("linear", dtype="float32")(_reflected(x, shape[-1]))
    return keras.Model([source, style], x, name="adain")


def _reflected(x, channels):
    return Conv2D(channels, 3)(ReflectionPadding2D(1)(x))


@keras.saving.register_keras_serializable("stylezoo")
class AdaIN(layers.Layer):
    """The first features with the mean and the standard deviation of each channel of the second."""

    fuses = True

    def call(self, inputs):
        content, style = inputs
        return adain(content, style)

    def compute_output_shape(self, input_shape):
        return input_shape[0]
