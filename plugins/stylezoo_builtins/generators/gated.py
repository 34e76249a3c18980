"""The generator of Gated-GAN: several styles in one network, and their mixtures."""

import keras
from keras import layers, ops

from stylezoo import scene
from stylezoo.layers import Conv2D, InstanceNormalization, ReflectionPadding2D, initializer
from stylezoo_builtins.resizing import doubled


def build(shape, styles: int = 4, filters: int = 64, blocks: int = 5, resize: bool = False, skips: bool = False):
    """Gated generator: a ResNet with one branch for each named style; style weights mix the branches.

    Chen et al., 2019, https://arxiv.org/abs/1904.02296: each style has one residual block, between the downsampling and
    the shared blocks. With all weights at 0 the picture bypasses the branches, and training teaches the network to
    return it unchanged; fractions mix styles or weaken one. 64 filters, 5 blocks and 4 styles are the published network
    (11,388,675 weights); each further style adds 1,181,184.

    Args:
        shape: Height, width and channels of a picture; None for any height or width.
        styles: Number of named styles: one branch each.
        filters: Channels at full resolution; 2 and 4 times as many after downsampling.
        blocks: Residual blocks that all styles share.
        resize: Upsample by bilinear interpolation and a convolution instead of a transposed convolution, and pad by
            reflection instead of zeros: no checkerboard, and no stripes along the borders.
        skips: Skip connections from before the downsampling, as in a U-Net: sharp after a short training.

    Example:
        stylezoo train gated --generator gated:filters=32,blocks=3
    """
    if styles < 1:
        raise ValueError(f"{styles} styles are too few: a gated generator needs 1 or more")
    picture, weights = keras.Input(shape, name="source"), keras.Input((styles,), name="styles")
    x = _norm_relu(_convolution(filters, 7)(ReflectionPadding2D(3)(picture)))
    details = []
    for channels in (2 * filters, 4 * filters):
        details.append(x)
        x = (ReflectionPadding2D if resize else layers.ZeroPadding2D)(1)(x)
        x = _norm_relu(_convolution(channels, 3, strides=2)(x))
    x = Mixture(name="mixture")([x, weights, *(_change(x, 4 * filters, f"style_{i}_") for i in range(styles))])
    for _ in range(blocks):
        x = layers.Add()([x, _change(x, 4 * filters)])
    for channels in (2 * filters, filters):
        x = _norm_relu(_resized(x, channels) if resize else _transposed(x, channels))
        x = layers.Concatenate()([details.pop(), x]) if skips else x
    x = _convolution(shape[-1], 7)(ReflectionPadding2D(3)(x))
    return keras.Model([picture, weights], layers.Activation("tanh", dtype="float32")(x), name="gated")


def _convolution(channels, size, strides=1, name=None):
    return Conv2D(channels, size, strides, kernel_initializer=initializer("normal"), name=name)


def _transposed(x, channels):
    x = layers.Conv2DTranspose(channels, 3, strides=2, kernel_initializer=initializer("normal"))(x)
    return layers.Cropping2D(((1, 0), (1, 0)))(x)  # PyTorch's padding=1, output_padding=1


def _resized(x, channels):
    return _convolution(channels, 3)(doubled(x))


def _norm_relu(x):
    return layers.ReLU()(InstanceNormalization(affine=True)(x))


def _change(x, channels, branch=None):
    """The residual of a block; the names of a style's own layers begin with `branch`."""
    named = lambda part: branch and f"{branch}{part}"  # noqa: E731
    for half in (1, 2):
        x = _convolution(channels, 3, name=named(f"convolution_{half}"))(ReflectionPadding2D(1)(x))
        x = InstanceNormalization(affine=True, name=named(f"normalization_{half}"))(x)
        x = layers.ReLU()(x) if half == 1 else x
    return x


@keras.saving.register_keras_serializable("stylezoo")
class Mixture(layers.Layer):
    """Features plus weighted residuals: [features, weights (batch, count), residual, ...] to the features' shape.

    If the weights sum to 1, the result is the mixture of the residual blocks' outputs; the rest to 1 is the weight of
    the unchanged features. Where several mixtures share a picture, each has a row of weights.
    """

    fuses = True

    def call(self, inputs):
        features, weights, *changes = inputs
        weights = ops.cast(scene.mixed(weights[:, None, None, :], features), features.dtype)
        return features + sum(weights[..., i : i + 1] * change for i, change in enumerate(changes))

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])
