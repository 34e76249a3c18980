"""The PatchGAN of pix2pix, CycleGAN and CUT."""

import keras
from keras import layers as keras_layers

from stylezoo.layers import BlurDownsampling2D, Conv2D, SpectralNormalization, initializer, normalization


def build(
    shape,
    filters: int = 64,
    layers: int = 3,
    spectral: bool = False,
    scale: int = 1,
    conditional: bool = False,
    norm: str = "instance",
    antialias: bool = False,
    init: str = "normal",
):
    """PatchGAN discriminator: a logit for each overlapping patch, 70 x 70 pixels with 3 layers.

    Isola et al., 2017, https://arxiv.org/abs/1611.07004, with instance normalisation as in CycleGAN (2,764,737
    weights). Patches have 16, 34, 70, 142 and 286 pixels for 1 to 5 layers. With `conditional` and the norm "batch" it
    is that of pix2pix (2,768,705 weights); with `antialias` and the init "xavier" that of CUT (Park et al., 2020,
    https://arxiv.org/abs/2007.15651). The layers feature_0, feature_1, ... are the activations before the logits.

    Args:
        shape: Height, width and channels of a picture.
        filters: Channels of the first layer; each further layer has twice as many, up to 8 times.
        layers: Convolutions with a stride of 2.
        spectral: Spectral normalisation of all kernels instead of `norm` (Miyato et al., 2018,
            https://arxiv.org/abs/1802.05957): more stable, and the mean colour of a patch counts.
        scale: Downsample the picture by this factor first: strokes and shapes count instead of grain.
        conditional: Judge a picture together with its source.
        norm: Normalisation: "instance", "batch" or "none". Convolutions before a batch normalisation have no bias.
        antialias: Downsample with a blur instead of a stride (Zhang, 2019, https://arxiv.org/abs/1904.11486).
        init: Kernel initialisation: "normal" with standard deviation 0.02, "xavier" with gain 0.02, or "kaiming".
    """
    if spectral and norm == "batch":
        raise ValueError("spectral takes the place of the norm: leave norm as it is")

    def convolved(x, channels, halve=False, bias=True):
        strides = 2 if halve and not antialias else 1
        convolution = Conv2D(channels, 4, strides, use_bias=bias, kernel_initializer=initializer(init))
        x = keras_layers.ZeroPadding2D(1)(x)  # PyTorch's padding=1; Keras' "same" differs at a stride of 1
        return SpectralNormalization(convolution)(x) if spectral else convolution(x)

    def activated(x, layer):
        x = keras_layers.LeakyReLU(0.2, name=f"feature_{layer}")(x)
        return BlurDownsampling2D()(x) if antialias and layer < layers else x

    picture = keras.Input(shape, name="picture")
    inputs = [keras.Input(shape, name="source"), picture] if conditional else picture
    x = keras_layers.Concatenate()(inputs) if conditional else picture
    x = keras_layers.AveragePooling2D(scale)(x) if scale > 1 else x
    x = activated(convolved(x, filters, halve=True), 0)
    for layer in range(1, layers + 1):
        x = convolved(x, filters * min(2**layer, 8), halve=layer < layers, bias=norm != "batch")
        x = activated(x if spectral else normalization(norm)(x), layer)
    return keras.Model(inputs, convolved(x, 1), name="patch")
