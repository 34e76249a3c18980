"""The ResNet generator of CycleGAN, of CUT and, before them, of fast neural style transfer."""

import keras
from keras import layers

from stylezoo.layers import (
    BlurDownsampling2D,
    BlurUpsampling2D,
    InstanceNormalization,
    ReflectionPadding2D,
    initializer,
)


def build(
    shape,
    filters: int = 64,
    blocks: int = 9,
    resize: bool = False,
    antialias: bool = False,
    init: str = "normal",
):
    """ResNet generator: two halvings, residual blocks, two doublings, instance normalisation throughout.

    Zhu et al., 2017, https://arxiv.org/abs/1703.10593, with the layers of the authors' PyTorch code; 64 filters and
    9 blocks are the published network for pictures of 256 pixels (11,378,179 weights), 6 blocks that for 128. With
    `antialias` and the init "xavier" it is the generator of CUT (Park et al., 2020, https://arxiv.org/abs/2007.15651).
    The layers feature_0 to feature_4 are those that CUT's PatchNCE compares.

    Args:
        shape: Height, width and channels of a picture; None for any height or width.
        filters: Channels at full resolution; twice and four times as many after the halvings.
        blocks: Residual blocks.
        resize: Double by nearest neighbour and a convolution instead of a transposed convolution: no checkerboard.
        antialias: Halve and double with a blur instead of strides (Zhang, 2019, https://arxiv.org/abs/1904.11486).
        init: How kernels begin: "normal" with deviation 0.02, "xavier" with gain 0.02, or "kaiming".
    """
    if blocks < 1:
        raise ValueError("blocks must be 1 or more")
    if resize and antialias:
        raise ValueError("resize and antialias are two ways to double: take one of them")

    def convolution(channels, size, strides=1, **options):
        return layers.Conv2D(channels, size, strides, kernel_initializer=initializer(init), **options)

    def residual(x, name):
        y = _norm_relu(convolution(4 * filters, 3)(ReflectionPadding2D(1)(x)))
        y = InstanceNormalization()(convolution(4 * filters, 3)(ReflectionPadding2D(1)(y)))
        return layers.Add(name=name)([x, y])

    def halved(x, channels, name):
        # Zero padding and "valid": Keras' own "same" pads a stride of 2 at another place than PyTorch.
        x = layers.ZeroPadding2D(1)(x)
        x = _norm_relu(convolution(channels, 3, strides=1 if antialias else 2, name=name)(x))
        return BlurDownsampling2D()(x) if antialias else x

    def doubled(x, channels):
        if antialias:
            return convolution(channels, 3, padding="same")(BlurUpsampling2D()(x))
        if resize:
            return convolution(channels, 3)(ReflectionPadding2D(1)(layers.UpSampling2D(2)(x)))
        x = layers.Conv2DTranspose(channels, 3, strides=2, kernel_initializer=initializer(init))(x)
        return layers.Cropping2D(((1, 0), (1, 0)))(x)  # PyTorch's padding=1, output_padding=1

    picture = keras.Input(shape, name="source")
    x = _norm_relu(convolution(filters, 7)(ReflectionPadding2D(3, name="feature_0")(picture)))
    x = halved(x, 2 * filters, "feature_1")
    x = halved(x, 4 * filters, "feature_2")
    names = {min(4, blocks - 1): "feature_4", 0: "feature_3"}  # of the fifth block or the last, and of the first
    for block in range(blocks):
        x = residual(x, names.get(block))
    for channels in (2 * filters, filters):
        x = _norm_relu(doubled(x, channels))
    x = convolution(shape[-1], 7)(ReflectionPadding2D(3)(x))
    return keras.Model(picture, layers.Activation("tanh", dtype="float32")(x), name="resnet")


def _norm_relu(x):
    return layers.ReLU()(InstanceNormalization()(x))
