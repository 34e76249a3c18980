"""The generator of fast neural style transfer."""

import keras
from keras import layers

from stylezoo.layers import Conv2D, InstanceNormalization, ReflectionPadding2D


def build(shape, filters: int = 32, blocks: int = 5, skips: bool = False):
    """Fast-style generator: a light ResNet with reflection padding and nearest-neighbour upsampling, so without a grid.

    Johnson et al., 2016, https://arxiv.org/abs/1603.08155, with the layers of PyTorch's example fast_neural_style:
    residual blocks keep the size, and every convolution but the last has instance normalisation with scale and shift
    (1,679,235 weights). The published network is trained without an adversarial loss, and its outputs are in 0 to 255
    without an activation; here pictures are in [-1, 1], so the last layer is a tanh. The layers feature_0 to feature_3,
    for losses on features, are the outputs before and after the downsampling and after the blocks.

    Args:
        shape: Height, width and channels of a picture; None for any height or width.
        filters: Channels at full resolution; 2 and 4 times as many after downsampling.
        blocks: Residual blocks.
        skips: Skip connections of the source and its detail past downsampling and normalisation: sharp, with the
            colours of the source, after a short training. Our own addition.
    """
    if filters < 1 or blocks < 1:
        raise ValueError(f"there are {filters} filters and {blocks} blocks; 1 or more of each are needed")
    picture = keras.Input(shape, name="source")
    x = _norm_relu(_convolution(picture, filters, 9), "feature_0")
    details = []
    for i, channels in enumerate((2 * filters, 4 * filters), 1):
        details.append(x)
        x = _norm_relu(_convolution(x, channels, 3, strides=2), f"feature_{i}")
    for block in range(blocks):
        x = _residual(x, "feature_3" if block == blocks - 1 else None)
    for channels in (2 * filters, filters):
        x = _norm_relu(_convolution(layers.UpSampling2D(2)(x), channels, 3))
        x = layers.Concatenate()([details.pop(), x]) if skips else x
    x = layers.Concatenate()([picture, x]) if skips else x  # normalisation has removed its brightness from x
    x = _convolution(x, shape[-1], 9)
    return keras.Model(picture, layers.Activation("tanh", dtype="float32")(x), name="fast-style")


def _convolution(x, channels, size, strides=1):
    # PyTorch's default initialisation, uniform in 1 / sqrt(inputs): with Keras' the tanh saturates at once.
    beginning = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
    return Conv2D(channels, size, strides, kernel_initializer=beginning)(ReflectionPadding2D(size // 2)(x))


def _norm_relu(x, name=None):
    return layers.ReLU(name=name)(InstanceNormalization(affine=True)(x))


def _residual(x, name):
    channels = x.shape[-1]
    y = _norm_relu(_convolution(x, channels, 3))
    y = InstanceNormalization(affine=True)(_convolution(y, channels, 3))
    return layers.Add(name=name)([x, y])  # no ReLU follows, as Gross and Wilber (2016) found better
