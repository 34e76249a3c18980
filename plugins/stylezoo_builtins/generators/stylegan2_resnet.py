"""The generator of SinCUT: a ResNet of StyleGAN2's layers for models of a single pair of pictures."""

import math

import keras
from keras import layers, ops

from stylezoo_builtins.stylegan2 import blurred, blurred_halving, equalised_convolution, scaled_leaky_relu


def build(shape, filters: int = 10, downs: int = 1, blocks: int = 6):
    """StyleGAN2 ResNet generator: equalised kernels and blurred downsampling, for models of a single pair of pictures.

    Park et al., 2020, https://arxiv.org/abs/2007.15651, with the layers of StyleGAN2 (Karras et al., 2020,
    https://arxiv.org/abs/1912.04958) but without style modulation; the defaults are the published network (3,068,404
    weights). As published, outputs are not limited to [-1, 1].

    Args:
        shape: Height, width and channels of a picture; None for any height or width.
        filters: An eighth of the channels at full resolution; twice as many after each downsampling, up to 512
            channels.
        downs: Downsamplings, each by 2.
        blocks: Residual blocks after the downsamplings.
    """
    if downs < 1 or blocks < 1:
        raise ValueError(f"there are {downs} downs and {blocks} blocks; 1 or more of each are needed")
    picture, noise = keras.Input(shape, name="source"), keras.Input((*shape[:2], 1), name="noise")
    widths = [8 * filters, *(min(8 * filters * 2**depth, 512) for depth in range(1, downs + 1))]
    x = layers.Identity(name="feature_0")(picture)
    x = scaled_leaky_relu(equalised_convolution(x, widths[0], 1))
    for depth in range(1, downs + 1):
        x = blurred_halving(x, widths[depth], name="feature_1" if depth == 1 else None)
    for block in range(1, blocks + 1):
        x = _block(x, name="feature_2" if block == min(2, blocks) else None)
    for depth in reversed(range(downs)):
        x = NoiseInjection()([_doubled(x, widths[depth]), noise[:, :: 2**depth, :: 2**depth]])
        x = scaled_leaky_relu(x)
    x = scaled_leaky_relu(equalised_convolution(x, shape[-1], 1))
    return keras.Model([picture, noise], layers.Activation("linear", dtype="float32")(x), name="stylegan2_resnet")


def _block(x, name):
    y = x
    for _ in range(2):
        y = scaled_leaky_relu(equalised_convolution(y, x.shape[-1], 3))
    return layers.Rescaling(1 / math.sqrt(2), name=name)(layers.Add()([x, y]))


def _doubled(x, channels):
    x = blurred(DemodulatedConv2DTranspose(channels)(x), 1)
    return layers.Rescaling(4.0)(x)  # three of four pixels of the upsampled picture were 0


@keras.saving.register_keras_serializable("stylezoo")
class DemodulatedConv2DTranspose(layers.Layer):
    """A transposed convolution of 3 x 3 with a stride of 2, whose kernel has norm 1 for each output channel.

    StyleGAN2's modulated convolution without a style: (batch, height, width, ...) to 2 * height + 1, 2 * width + 1.

    Args:
        filters: Output channels.
        epsilon: Added to the squared norm.
    """

    def __init__(self, filters, epsilon=1e-8, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.epsilon = epsilon

    def build(self, input_shape):
        self.kernel = self.add_weight(
            shape=(3, 3, self.filters, input_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="kernel",
            autocast=False,
        )

    def call(self, inputs):
        norm = ops.sqrt(ops.sum(ops.square(self.kernel), axis=(0, 1, 3), keepdims=True) + self.epsilon)
        kernel = self.kernel / norm
        return ops.conv_transpose(inputs, ops.cast(kernel, inputs.dtype), strides=2, padding="valid")

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, *(size and 2 * size + 1 for size in (height, width)), self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("stylezoo")
class NoiseInjection(layers.Layer):
    """Adds noise times a learned strength, 0 at first, and a bias for each channel: [features, noise (..., 1)]."""

    def build(self, input_shape):
        self.strength = self.add_weight(shape=(1,), initializer="zeros", name="strength")
        self.bias = self.add_weight(shape=(input_shape[0][-1],), initializer="zeros", name="bias")

    def call(self, inputs):
        features, noise = inputs
        return features + self.strength * noise + self.bias

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])
