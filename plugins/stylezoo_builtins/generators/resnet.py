"""The ResNet generator of CycleGAN, CUT and fast neural style transfer."""

import keras
import numpy as np
from keras import layers

from stylezoo.layers import (
    BlurDownsampling2D,
    BlurUpsampling2D,
    Conv2D,
    ReflectionPadding2D,
    initializer,
    normalization,
)
from stylezoo_builtins import official
from stylezoo_builtins.resizing import doubled

BLURS = {3: np.array([1, 2, 1]) / 4, 4: np.array([1, 3, 3, 1]) / 4}  # along one axis, by length; that of 4 upsamples


def build(
    shape,
    filters: int = 64,
    blocks: int = 9,
    resize: bool = False,
    antialias: bool = False,
    init: str = "normal",
    norm: str = "instance",
    dropout: float = 0.0,
):
    """ResNet generator: two downsamplings, residual blocks, two upsamplings, all with instance normalisation.

    Zhu et al., 2017, https://arxiv.org/abs/1703.10593, with the layers of the authors' PyTorch code; 64 filters and 9
    blocks are the published network for pictures of 256 pixels (11,378,179 weights), 6 blocks that for 128. With
    `antialias` and the init "xavier" it is the generator of CUT (Park et al., 2020, https://arxiv.org/abs/2007.15651).
    The layers feature_0 to feature_4 are those that CUT's PatchNCE compares.

    Args:
        shape: Height, width and channels of a picture; None for any height or width.
        filters: Channels at full resolution; 2 and 4 times as many after downsampling.
        blocks: Residual blocks.
        resize: Upsample by bilinear interpolation and a convolution instead of a transposed convolution, and pad by
            reflection instead of zeros: no checkerboard, and no stripes along the borders.
        antialias: Downsample and upsample with a blur instead of strides (Zhang, 2019,
            https://arxiv.org/abs/1904.11486).
        init: Kernel initialisation: "normal" with standard deviation 0.02, "xavier" with gain 0.02, or "kaiming".
        norm: Normalisation: "instance", "batch" or "none". With "batch" convolutions but the last have no bias.
        dropout: Dropout rate in the middle of residual blocks; that of pix2pix with this generator is 0.5.
    """
    if blocks < 1:
        raise ValueError("blocks must be 1 or more")
    if not 0 <= dropout < 1:
        raise ValueError("dropout must be from 0 to less than 1")
    if resize and antialias:
        raise ValueError("resize and antialias are two ways to upsample: take one of them")

    def convolution(*args, **options):
        return _convolution(*args, init=init, use_bias=norm != "batch", **options)

    picture = keras.Input(shape, name="source")
    x = _norm_relu(convolution(filters, 7)(ReflectionPadding2D(3, name="feature_0")(picture)), norm)
    x = _halved(x, 2 * filters, resize, antialias, convolution, norm, "feature_1")
    x = _halved(x, 4 * filters, resize, antialias, convolution, norm, "feature_2")
    names = {min(4, blocks - 1): "feature_4", 0: "feature_3"}  # of the fifth block or the last, and of the first
    for block in range(blocks):
        x = _residual(x, convolution, norm, dropout, names.get(block))
    for channels in (2 * filters, filters):
        x = _norm_relu(_doubled(x, channels, resize, antialias, convolution), norm)
    x = _convolution(shape[-1], 7, init=init)(ReflectionPadding2D(3)(x))
    return keras.Model(picture, layers.Activation("tanh", dtype="float32")(x), name="resnet")


def from_torch(weights):
    """The ResNet generator of the official CycleGAN or CUT in PyTorch, such as latest_net_G.pth."""
    kernels = official.kernels(weights)
    places = [name.partition(".conv_block.") for name in kernels if ".conv_block." in name]
    shapes = [each.shape for each in kernels.values()]
    if not places or shapes[0][2:] != (7, 7) or shapes[-1][2:] != (7, 7):
        return None
    official.check_channels(shapes[0][1], shapes[-1][0])
    rest = {"norm": official.norm(weights), "dropout": 0.5 * _has_dropout({place for _, _, place in places})}
    defaults = {"norm": "instance", "dropout": 0.0}
    return {
        "filters": shapes[0][0],
        "blocks": len({block for block, _, _ in places}),
        "antialias": _has_blurs(weights),
        **{name: value for name, value in rest.items() if value != defaults[name]},
    }


def _has_dropout(places):
    """Whether dropout stands between the convolutions of the residual blocks, by the numbers of their layers.

    Each convolution follows a layer that pads, normalisation and an activation follow it.
    """
    numbers = {place.partition(".")[0] for place in places}
    if "0" in numbers:
        raise ValueError("its residual blocks pad with zeros; those of the resnet reflect, as the official code does")
    return "6" in numbers


def _has_blurs(weights):
    """Whether CUT's blurs are between the convolutions; they must be those of our layers."""
    blurs = {name: each for name, each in weights.items() if name.endswith(".filt")}
    for name, blur in blurs.items():
        line = BLURS.get(blur.shape[-1])
        if blur.ndim != 4 or line is None or not np.allclose(blur, np.outer(line, line)):
            raise ValueError(f"it blurs with another filter, {name}, than CUT's")
    if blurs and [blur.shape[-1] for blur in blurs.values()] != [3, 3, 4, 4]:
        raise ValueError(f"it blurs at {', '.join(blurs)}; CUT's generator does where it halves and doubles")
    return bool(blurs)


def _convolution(channels, size, strides=1, init="normal", kind=Conv2D, **options):
    return kind(channels, size, strides, kernel_initializer=initializer(init), **options)


def _residual(x, convolution, norm, dropout, name):
    channels = x.shape[-1]
    y = _norm_relu(convolution(channels, 3)(ReflectionPadding2D(1)(x)), norm)
    y = layers.Dropout(dropout)(y) if dropout else y
    y = normalization(norm)(convolution(channels, 3)(ReflectionPadding2D(1)(y)))
    return layers.Add(name=name)([x, y])


def _halved(x, channels, resize, antialias, convolution, norm, name):
    # Zero padding and "valid": Keras' own "same" pads a stride of 2 at another place than PyTorch.
    x = (ReflectionPadding2D if resize else layers.ZeroPadding2D)(1)(x)
    x = _norm_relu(convolution(channels, 3, strides=1 if antialias else 2, name=name)(x), norm)
    return BlurDownsampling2D()(x) if antialias else x


def _doubled(x, channels, resize, antialias, convolution):
    if antialias:
        return convolution(channels, 3, padding="same")(BlurUpsampling2D()(x))
    if resize:
        return convolution(channels, 3)(doubled(x))
    x = convolution(channels, 3, strides=2, kind=layers.Conv2DTranspose)(x)
    return layers.Cropping2D(((1, 0), (1, 0)))(x)  # PyTorch's padding=1, output_padding=1


def _norm_relu(x, norm):
    return layers.ReLU()(normalization(norm)(x))
