"""The ResNet generator of CycleGAN, CUT and fast neural style transfer."""

import keras
import numpy as np
from keras import layers

from stylezoo.layers import (
    BlurDownsampling2D,
    BlurUpsampling2D,
    InstanceNormalization,
    ReflectionPadding2D,
    initializer,
)

BLURS = {3: np.array([1, 2, 1]) / 4, 4: np.array([1, 3, 3, 1]) / 4}  # along one axis, by length; that of 4 upsamples


def build(
    shape,
    filters: int = 64,
    blocks: int = 9,
    resize: bool = False,
    antialias: bool = False,
    init: str = "normal",
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
        resize: Upsample by nearest neighbour and a convolution instead of a transposed convolution: no checkerboard.
        antialias: Downsample and upsample with a blur instead of strides (Zhang, 2019,
            https://arxiv.org/abs/1904.11486).
        init: Kernel initialisation: "normal" with standard deviation 0.02, "xavier" with gain 0.02, or "kaiming".
    """
    if blocks < 1:
        raise ValueError("blocks must be 1 or more")
    if resize and antialias:
        raise ValueError("resize and antialias are two ways to upsample: take one of them")

    picture = keras.Input(shape, name="source")
    x = _norm_relu(_convolution(filters, 7, init)(ReflectionPadding2D(3, name="feature_0")(picture)))
    x = _halved(x, 2 * filters, antialias, init, "feature_1")
    x = _halved(x, 4 * filters, antialias, init, "feature_2")
    names = {min(4, blocks - 1): "feature_4", 0: "feature_3"}  # of the fifth block or the last, and of the first
    for block in range(blocks):
        x = _residual(x, init, names.get(block))
    for channels in (2 * filters, filters):
        x = _norm_relu(_doubled(x, channels, resize, antialias, init))
    x = _convolution(shape[-1], 7, init)(ReflectionPadding2D(3)(x))
    return keras.Model(picture, layers.Activation("tanh", dtype="float32")(x), name="resnet")


def from_torch(weights):
    """The ResNet generator of the official CycleGAN or CUT in PyTorch, such as latest_net_G.pth."""
    kernels = [each for name, each in weights.items() if each.ndim == 4 and not name.endswith(".filt")]
    blocks = {name.partition(".conv_block.")[0] for name in weights if ".conv_block." in name}
    if not blocks or not kernels or kernels[0].shape[1:] != (3, 7, 7) or kernels[-1].shape[0] != 3:
        return None
    return {"filters": kernels[0].shape[0], "blocks": len(blocks), "antialias": _has_blurs(weights)}


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


def _convolution(channels, size, init, strides=1, **options):
    return layers.Conv2D(channels, size, strides, kernel_initializer=initializer(init), **options)


def _residual(x, init, name):
    channels = x.shape[-1]
    y = _norm_relu(_convolution(channels, 3, init)(ReflectionPadding2D(1)(x)))
    y = InstanceNormalization()(_convolution(channels, 3, init)(ReflectionPadding2D(1)(y)))
    return layers.Add(name=name)([x, y])


def _halved(x, channels, antialias, init, name):
    # Zero padding and "valid": Keras' own "same" pads a stride of 2 at another place than PyTorch.
    x = layers.ZeroPadding2D(1)(x)
    x = _norm_relu(_convolution(channels, 3, init, strides=1 if antialias else 2, name=name)(x))
    return BlurDownsampling2D()(x) if antialias else x


def _doubled(x, channels, resize, antialias, init):
    if antialias:
        return _convolution(channels, 3, init, padding="same")(BlurUpsampling2D()(x))
    if resize:
        return _convolution(channels, 3, init)(ReflectionPadding2D(1)(layers.UpSampling2D(2)(x)))
    x = layers.Conv2DTranspose(channels, 3, strides=2, kernel_initializer=initializer(init))(x)
    return layers.Cropping2D(((1, 0), (1, 0)))(x)  # PyTorch's padding=1, output_padding=1


def _norm_relu(x):
    return layers.ReLU()(InstanceNormalization()(x))
