"""Layers of the field that Keras lacks, for the generators and discriminators of plugins. Each equals PyTorch's."""

import keras
from keras import layers, ops

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
register = keras.saving.register_keras_serializable("stylezoo")


def luminance(pictures):
    """How light pictures (..., 3) are at each pixel: (..., 1) in their range."""
    return ops.sum(pictures * ops.convert_to_tensor(LUMA, "float32"), axis=-1, keepdims=True)


@register
class ReflectionPadding2D(layers.Layer):
    """Pads height and width with their mirror image, so that borders look like the rest of the picture.

    Args:
        padding: Pixels added to each of the four sides; less than the height and the width.
    """

    def __init__(self, padding=1, **kwargs):
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, inputs):
        sides = (self.padding, self.padding)
        return ops.pad(inputs, ((0, 0), sides, sides, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        grown = [size and size + 2 * self.padding for size in (height, width)]
        return (batch, *grown, channels)

    def get_config(self):
        return {**super().get_config(), "padding": self.padding}


@register
class InstanceNormalization(layers.Layer):
    """Gives every channel of every picture mean 0 and variance 1 (Ulyanov et al., 2016, arXiv 1607.08022).

    Args:
        epsilon: Added to the variance.
        affine: Whether a learned scale and shift for each channel follow.
    """

    def __init__(self, epsilon=1e-5, affine=False, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.affine = affine

    def build(self, input_shape):
        if self.affine:
            self.gamma = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="gamma")
            self.beta = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="beta")

    def call(self, inputs):
        x = ops.cast(inputs, "float32")  # float16 overflows in the squares
        mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)
        x = (x - mean) * ops.rsqrt(variance + self.epsilon)
        if self.affine:
            x = x * ops.cast(self.gamma, "float32") + ops.cast(self.beta, "float32")
        return ops.cast(x, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon, "affine": self.affine}


@register
class SpectralNormalization(layers.Wrapper):
    """The wrapped layer with its kernel divided by its largest singular value (Miyato et al., 2018, arXiv 1802.05957).

    As in PyTorch, and unlike `keras.layers.SpectralNormalization`: the trained kernel itself is never rescaled, and
    the gradient flows through the singular value. One power iteration is made each time it is called in training.

    Args:
        layer: A layer with a `kernel`, such as `keras.layers.Conv2D`.
    """

    def build(self, input_shape):
        super().build(input_shape)
        channels = self.layer.kernel.shape[-1]
        self.vector = self.add_weight(
            shape=(1, channels), initializer="random_normal", trainable=False, name="vector", aggregation="mean"
        )

    def call(self, inputs, training=False):
        kernel = ops.convert_to_tensor(self.layer.kernel)
        matrix = ops.reshape(ops.cast(kernel, "float32"), (-1, kernel.shape[-1]))
        left = ops.stop_gradient(_unit(ops.matmul(ops.cast(self.vector, "float32"), ops.transpose(matrix))))
        right = ops.stop_gradient(_unit(ops.matmul(left, matrix)))
        if training:
            self.vector.assign(right)
        largest = ops.sum(ops.matmul(left, matrix) * right)
        # Subclassing the convolution instead would break its saving: it overrides save_own_variables.
        with keras.StatelessScope(state_mapping=[(self.layer.kernel, kernel / ops.cast(largest, kernel.dtype))]):
            return self.layer(inputs)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)


def _unit(vector):
    return vector / (ops.norm(vector) + 1e-12)
