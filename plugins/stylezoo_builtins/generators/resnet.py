"""The ResNet generator of CycleGAN and, before it, of fast neural style transfer."""

import keras
from keras import layers

from stylezoo.layers import InstanceNormalization, ReflectionPadding2D


def build(shape, filters: int = 64, blocks: int = 9, resize: bool = False):
    """ResNet generator: two halvings, residual blocks, two doublings, instance normalisation throughout.

    Zhu et al., 2017, https://arxiv.org/abs/1703.10593, with the layers of the authors' PyTorch code; 64 filters and
    9 blocks are the published network for pictures of 256 pixels (11,378,179 weights), 6 blocks that for 128.

    Args:
        shape: Height, width and channels of a picture; None for any height or width.
        filters: Channels at full resolution; twice and four times as many after the halvings.
        blocks: Residual blocks.
        resize: Double by nearest neighbour and a convolution instead of a transposed convolution: no checkerboard.
    """
    picture = keras.Input(shape, name="source")
    x = _norm_relu(_convolution(filters, 7)(ReflectionPadding2D(3)(picture)))
    for channels in (2 * filters, 4 * filters):
        # Zero padding and "valid": Keras' own "same" pads a stride of 2 at another place than PyTorch.
        x = _norm_relu(_convolution(channels, 3, strides=2)(layers.ZeroPadding2D(1)(x)))
    for _ in range(blocks):
        x = _residual(x, 4 * filters)
    for channels in (2 * filters, filters):
        x = _norm_relu(_resized(x, channels) if resize else _transposed(x, channels))
    x = _convolution(shape[-1], 7)(ReflectionPadding2D(3)(x))
    return keras.Model(picture, layers.Activation("tanh", dtype="float32")(x), name="resnet")


def _initializer():
    return keras.initializers.RandomNormal(stddev=0.02)


def _convolution(channels, size, strides=1):
    return layers.Conv2D(channels, size, strides, kernel_initializer=_initializer())


def _norm_relu(x):
    return layers.ReLU()(InstanceNormalization()(x))


def _residual(x, channels):
    y = _norm_relu(_convolution(channels, 3)(ReflectionPadding2D(1)(x)))
    y = InstanceNormalization()(_convolution(channels, 3)(ReflectionPadding2D(1)(y)))
    return layers.Add()([x, y])


def _transposed(x, channels):
    x = layers.Conv2DTranspose(channels, 3, strides=2, kernel_initializer=_initializer())(x)
    return layers.Cropping2D(((1, 0), (1, 0)))(x)  # PyTorch's padding=1, output_padding=1


def _resized(x, channels):
    return _convolution(channels, 3)(ReflectionPadding2D(1)(layers.UpSampling2D(2)(x)))
