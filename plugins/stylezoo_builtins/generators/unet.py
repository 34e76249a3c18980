"""The U-Net generator of pix2pix."""

import keras
from keras import layers

from stylezoo.layers import Conv2D, ReflectionPadding2D, initializer, normalization
from stylezoo_builtins import official
from stylezoo_builtins.resizing import doubled


def build(
    shape,
    filters: int = 64,
    downs: int = 8,
    norm: str = "batch",
    dropout: float = 0.5,
    resize: bool = False,
    init: str = "normal",
):
    """U-Net generator: downsampled to a few pixels and upsampled again, with a skip connection at each resolution.

    Isola et al., 2017, https://arxiv.org/abs/1611.07004, with the layers of the authors' PyTorch code; 8 downs are the
    published network for pictures of 256 pixels (54,413,955 trained weights), 7 that for 128 (41,828,995). Sides must
    be multiples of 2**downs. The layers feature_0, feature_1, ... are the convolutions with a stride of 2.

    Args:
        shape: Height, width and channels of a picture; None for any height or width.
        filters: Channels after the first downsampling; twice as many after each further one, up to 8 times.
        downs: Downsamplings, each by 2.
        norm: Normalisation: "batch", "instance" or "none". With "batch" convolutions have no bias.
        dropout: Dropout rate after the innermost upsamplings: 3 of them with 8 downs, without the very first one and
            those with fewer channels.
        resize: Upsample by bilinear interpolation and a convolution of 3 x 3 instead of a transposed convolution, and
            pad by reflection instead of zeros: no checkerboard, and no stripes along the borders.
        init: Kernel initialisation: "normal" with standard deviation 0.02, "xavier" with gain 0.02, or "kaiming".

    Example:
        stylezoo train transfer --generator unet:filters=32,downs=6,norm=instance
    """
    if downs < 1:
        raise ValueError("downs must be 1 or more")
    if not 0 <= dropout < 1:
        raise ValueError("dropout must be from 0 to less than 1")

    bias = norm != "batch"
    picture = keras.Input(shape, name="source")
    channels = [filters * min(2**down, 8) for down in range(downs)]
    x, skips = picture, []
    for down in range(downs):
        outermost, innermost = down == 0, down == downs - 1
        x = x if outermost else layers.LeakyReLU(0.2)(x)
        x = _halved(x, channels[down], bias, resize, init, f"feature_{down}")
        x = x if outermost or innermost else normalization(norm)(x)
        skips.append(x)
    x = skips.pop()
    for up in reversed(range(downs - 1)):
        x = _doubled(layers.ReLU()(x), channels[up], bias, resize, init)
        x = normalization(norm)(x)
        x = layers.Dropout(dropout)(x) if 3 <= up < downs - 2 else x
        x = layers.Concatenate()([skips.pop(), x])
    x = _doubled(layers.ReLU()(x), shape[-1], True, resize, init)
    return keras.Model(picture, layers.Activation("tanh", dtype="float32")(x), name="unet")


def from_torch(weights):
    """The U-Net generator of the official pix2pix or CycleGAN in PyTorch, such as latest_net_G.pth."""
    shapes = [each.shape for each in official.kernels(weights).values()]
    downs = len(shapes) // 2
    if (
        not shapes
        or len(shapes) % 2
        or not all(_joins(shapes[down], shapes[-1 - down], down < downs - 1) for down in range(downs))
    ):
        return None
    official.check_channels(shapes[0][1], shapes[-1][1])
    return {"filters": shapes[0][0], "downs": downs, "norm": official.norm(weights)}


def _joins(down, up, has_skip):
    """Whether an upsampling takes what a downsampling gives, with a skip connection twice as many channels."""
    return down[2:] == up[2:] == (4, 4) and up[0] == down[0] * (2 if has_skip else 1)


def _halved(x, channels, bias, resize, init, name):
    options = {"use_bias": bias, "kernel_initializer": initializer(init)}
    if resize:
        return Conv2D(channels, 4, strides=2, name=name, **options)(ReflectionPadding2D(1)(x))
    return Conv2D(channels, 4, strides=2, padding="same", name=name, **options)(x)


def _doubled(x, channels, bias, resize, init):
    options = {"use_bias": bias, "kernel_initializer": initializer(init)}
    if resize:
        return Conv2D(channels, 3, **options)(doubled(x))
    return layers.Conv2DTranspose(channels, 4, strides=2, padding="same", **options)(x)
