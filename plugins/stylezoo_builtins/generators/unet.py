"""The U-Net generator of pix2pix."""

import keras
from keras import layers

from stylezoo.layers import ReflectionPadding2D, initializer, normalization


def build(
    shape,
    filters: int = 64,
    downs: int = 8,
    norm: str = "batch",
    dropout: float = 0.5,
    resize: bool = False,
    init: str = "normal",
):
    """U-Net generator: halved down to a few pixels and doubled again, with a skip at each resolution.

    Isola et al., 2017, https://arxiv.org/abs/1611.07004, with the layers of the authors' PyTorch code; 8 downs are
    the published network for pictures of 256 pixels (54,413,955 trained weights), 7 that for 128 (41,828,995). Sides
    must be multiples of 2**downs. The layers feature_0, feature_1, ... are the halving convolutions.

    Args:
        shape: Height, width and channels of a picture; None for any height or width.
        filters: Channels after the first halving; they double up to eight times as many.
        downs: Halvings.
        norm: How answers are normalised: "batch", "instance" or "none". Convolutions have no bias under "batch".
        dropout: The part of the answers that training drops after the innermost doublings: 3 of them with 8 downs, not
            the very first, nor those with fewer channels.
        resize: Double by nearest neighbour and a convolution of 3 x 3 instead of a transposed one: no grid.
        init: How kernels begin: "normal" with deviation 0.02, "xavier" with gain 0.02, or "kaiming".
    """
    if downs < 1:
        raise ValueError("downs must be 1 or more")
    if not 0 <= dropout < 1:
        raise ValueError("dropout must be from 0 to less than 1")

    def halved(x, channels, name):
        options = {"use_bias": norm != "batch", "kernel_initializer": initializer(init)}
        return layers.Conv2D(channels, 4, strides=2, padding="same", name=name, **options)(x)

    def doubled(x, channels, bias=norm != "batch"):
        options = {"use_bias": bias, "kernel_initializer": initializer(init)}
        if resize:
            return layers.Conv2D(channels, 3, **options)(ReflectionPadding2D(1)(layers.UpSampling2D(2)(x)))
        return layers.Conv2DTranspose(channels, 4, strides=2, padding="same", **options)(x)

    picture = keras.Input(shape, name="source")
    channels = [filters * min(2**down, 8) for down in range(downs)]
    x, skips = picture, []
    for down in range(downs):
        outermost, innermost = down == 0, down == downs - 1
        x = x if outermost else layers.LeakyReLU(0.2)(x)
        x = halved(x, channels[down], f"feature_{down}")
        x = x if outermost or innermost else normalization(norm)(x)
        skips.append(x)
    x = skips.pop()
    for up in reversed(range(downs - 1)):
        x = doubled(layers.ReLU()(x), channels[up])
        x = normalization(norm)(x)
        x = layers.Dropout(dropout)(x) if 3 <= up < downs - 2 else x
        x = layers.Concatenate()([skips.pop(), x])
    x = doubled(layers.ReLU()(x), shape[-1], bias=True)
    return keras.Model(picture, layers.Activation("tanh", dtype="float32")(x), name="unet")
