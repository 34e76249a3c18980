"""Common layers that Keras lacks, for the generators and discriminators of plugins. Each equals PyTorch's."""

import keras
from keras import layers, ops

from stylezoo import backend, scene
from stylezoo.pictures.luminance import LUMA

__all__ = [
    "BatchNormalization",
    "BlurDownsampling2D",
    "BlurUpsampling2D",
    "Conv2D",
    "GroupNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "ReflectionPadding2D",
    "SpectralNormalization",
    "UpSampling2D",
    "initializer",
    "luminance",
    "normalization",
]

register = keras.saving.register_keras_serializable("stylezoo")


def luminance(pictures):
    """The luminance of pictures (..., channels), (..., 1) in their range; of other channels than three their mean.

    Examples:
        >>> from stylezoo import layers
        >>> layers.luminance(np.ones((1, 4, 4, 3), "float32")).shape
        TensorShape([1, 4, 4, 1])
    """
    if pictures.shape[-1] not in (3, None):
        return ops.mean(pictures, axis=-1, keepdims=True)
    return ops.sum(pictures * ops.convert_to_tensor(LUMA), axis=-1, keepdims=True)


def initializer(name):
    """A new initialiser of kernels: N(0, 0.02) "normal", or "xavier" or "kaiming" as the published GANs use them.

    A new one for each layer: Keras draws the same numbers whenever one is used again.

    Args:
        name: "normal", the deviation 0.02 of DCGAN, pix2pix and CycleGAN; "xavier" (Glorot and Bengio, 2010) with gain
            0.02, that of CUT; or "kaiming" (He et al., 2015), which keeps the variance of activations after ReLUs.

    Examples:
        >>> from stylezoo import layers
        >>> layer = keras.layers.Conv2D(8, 3, kernel_initializer=layers.initializer("normal"))
    """
    if name == "normal":
        return keras.initializers.RandomNormal(stddev=0.02)
    if name == "xavier":
        return keras.initializers.VarianceScaling(0.02**2, "fan_avg", "untruncated_normal")
    if name == "kaiming":
        return keras.initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal")
    raise ValueError(f"init must be 'normal', 'xavier' or 'kaiming', not {name!r}")


def normalization(name):
    """A new layer that normalises: "instance", "batch" with a scale drawn from N(1, 0.02), or "none".

    Examples:
        >>> from stylezoo import layers
        >>> type(layers.normalization("instance")).__name__
        'InstanceNormalization'
    """
    if name == "instance":
        return InstanceNormalization()
    if name == "batch":
        return BatchNormalization(gamma_initializer=keras.initializers.RandomNormal(1.0, 0.02))
    if name == "none":
        return layers.Identity()
    raise ValueError(f"norm must be 'instance', 'batch' or 'none', not {name!r}")


@register
class Conv2D(layers.Conv2D):
    """As `keras.layers.Conv2D`, with faster gradients for few filters on a processor.

    The last layer of a generator has three filters, that of a discriminator one. Few are at most half as many as the
    input has channels; strides, padding and layout are as by default.

    Examples:
        >>> from stylezoo import layers
        >>> layers.Conv2D(8, 3, padding="same")(np.zeros((1, 16, 16, 3), "float32")).shape
        TensorShape([1, 16, 16, 8])
    """

    def convolution_op(self, inputs, kernel):
        is_plain = (self.padding, self.data_format) == ("valid", "channels_last")
        is_plain &= {*self.strides, *self.dilation_rate, self.groups} == {1}
        if is_plain and 2 * self.filters <= kernel.shape[-2] and not backend.gpus():
            return backend.convolution_to_few(inputs, ops.convert_to_tensor(kernel))
        return super().convolution_op(inputs, kernel)


@register
class ReflectionPadding2D(layers.Layer):
    """Pads height and width with their mirror image, so that there are no artificial borders.

    Args:
        padding: Pixels added to each of the four sides; less than the height and the width.

    Examples:
        >>> from stylezoo import layers
        >>> layers.ReflectionPadding2D(1)(np.arange(9.0).reshape(1, 3, 3, 1))[0, :, :, 0].numpy()[0].tolist()
        [4.0, 3.0, 4.0, 5.0, 4.0]
    """

    def __init__(self, padding=1, **kwargs):
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, inputs):
        sides = (self.padding, self.padding)
        return ops.pad(inputs, ((0, 0), sides, sides, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        padded = [size and size + 2 * self.padding for size in (height, width)]
        return (batch, *padded, channels)

    def get_config(self):
        return {**super().get_config(), "padding": self.padding}


@register
class InstanceNormalization(layers.Layer):
    """Gives every channel of every picture mean 0 and variance 1 (Ulyanov et al., 2016, arXiv 1607.08022).

    Args:
        epsilon: Added to the variance.
        affine: Whether a learned scale and shift for each channel follow.

    Examples:
        >>> from stylezoo import layers
        >>> features = np.random.default_rng(0).normal(5, 2, (1, 16, 16, 4)).astype("float32")
        >>> bool(abs(keras.ops.mean(layers.InstanceNormalization()(features))) < 1e-3)
        True
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
        x = scene.standardized(inputs, self.epsilon)
        return x * self.gamma + self.beta if self.affine else x

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon, "affine": self.affine}


@register
class GroupNormalization(layers.Layer):
    """Gives groups of channels of every picture mean 0 and variance 1 (Wu and He, 2018, arXiv 1803.08494).

    As `keras.layers.GroupNormalization`, with which a picture cannot be drawn in tiles: see `stylezoo.scene`.

    Args:
        groups: The number of groups of channels; 1: all channels together.
        epsilon: Added to the variance.

    Examples:
        >>> from stylezoo import layers
        >>> layers.GroupNormalization(2)(np.zeros((1, 16, 16, 4), "float32")).shape
        TensorShape([1, 16, 16, 4])
    """

    def __init__(self, groups=1, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.groups = groups
        self.epsilon = epsilon

    def build(self, input_shape):
        if input_shape[-1] % self.groups:
            raise ValueError(f"{input_shape[-1]} channels cannot be divided into {self.groups} groups")
        self.gamma = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="beta")

    def call(self, inputs):
        batch, height, width, channels = ops.shape(inputs)
        x = ops.cast(inputs, "float32")  # float16 overflows in the squares
        x = ops.reshape(x, (batch, height, width, self.groups, channels // self.groups))
        mean, variance = scene.moments(x, axes=(1, 2, 4))
        x = ops.reshape((x - mean) * ops.rsqrt(variance + self.epsilon), (batch, height, width, channels))
        return ops.cast(x * ops.cast(self.gamma, "float32") + ops.cast(self.beta, "float32"), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "groups": self.groups, "epsilon": self.epsilon}


@register
class LayerNormalization(layers.LayerNormalization):
    """Gives the channels of every pixel mean 0 and variance 1, then a learned scale and shift (arXiv 1607.06450).

    As `keras.layers.LayerNormalization` over the last axis, in fewer operations: 0.6 of the time on a large picture.

    Args:
        epsilon: Added to the variance.

    Examples:
        >>> from stylezoo import layers
        >>> layers.LayerNormalization()(np.zeros((1, 16, 16, 4), "float32")).shape
        TensorShape([1, 16, 16, 4])
    """

    def __init__(self, epsilon=1e-5, **kwargs):
        super().__init__(**{**kwargs, "axis": -1, "epsilon": epsilon})

    def call(self, inputs):
        x = ops.cast(inputs, "float32")  # float16 overflows in the squares
        x = x - ops.mean(x, axis=-1, keepdims=True)
        scale = ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + self.epsilon)
        x = x * (scale * ops.cast(self.gamma, "float32")) + ops.cast(self.beta, "float32")
        return ops.cast(x, self.compute_dtype)


@register
class BatchNormalization(layers.Layer):
    """Gives every channel of a batch mean 0 and variance 1, then a learned scale and shift (arXiv 1502.03167).

    As in PyTorch, and unlike `keras.layers.BatchNormalization`: the running variance is the unbiased one. When not
    training, or not trainable, the running statistics are used.

    Args:
        momentum: How much of the running statistics each batch replaces.
        epsilon: Added to the variance.
        gamma_initializer: The initializer of the scale.

    Examples:
        >>> from stylezoo import layers
        >>> layers.BatchNormalization()(np.zeros((2, 16, 16, 4), "float32"), training=True).shape
        TensorShape([2, 16, 16, 4])
    """

    def __init__(self, momentum=0.1, epsilon=1e-5, gamma_initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon
        self.gamma_initializer = keras.initializers.get(gamma_initializer)

    def build(self, input_shape):
        # autocast=False: half precision is for pictures, not for statistics.
        options = {"shape": (input_shape[-1],), "dtype": "float32", "autocast": False}
        self.gamma = self.add_weight(initializer=self.gamma_initializer, name="gamma", **options)
        self.beta = self.add_weight(initializer="zeros", name="beta", **options)
        options |= {"trainable": False, "aggregation": "mean"}
        self.moving_mean = self.add_weight(initializer="zeros", name="moving_mean", **options)
        self.moving_variance = self.add_weight(initializer="ones", name="moving_variance", **options)

    def call(self, inputs, training=False):
        learns = training and self.trainable
        running = [ops.convert_to_tensor(each) for each in (self.moving_mean, self.moving_variance)]
        scale, shift = ops.convert_to_tensor(self.gamma), ops.convert_to_tensor(self.beta)
        pixels = ops.reshape(inputs, (-1, 1, 1, inputs.shape[-1])) if len(inputs.shape) != 4 else inputs
        x, *found = backend.normalized(pixels, scale, shift, self.epsilon, None if learns else running)
        for moving, new in zip((self.moving_mean, self.moving_variance), found, strict=True) if learns else ():
            moving.assign((1 - self.momentum) * moving + self.momentum * ops.stop_gradient(new))
        return ops.reshape(x, ops.shape(inputs))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        gamma = keras.initializers.serialize(self.gamma_initializer)
        own = {"momentum": self.momentum, "epsilon": self.epsilon, "gamma_initializer": gamma}
        return {**super().get_config(), **own}


@register
class BlurDownsampling2D(layers.Layer):
    """Halves height and width after a binomial blur, against aliasing (Zhang, 2019, arXiv 1904.11486).

    The filter is 1 2 1 along both axes, the border mirrored; an odd side is halved upwards.

    Examples:
        >>> from stylezoo import layers
        >>> layers.BlurDownsampling2D()(np.zeros((1, 16, 16, 4), "float32")).shape
        TensorShape([1, 8, 8, 4])
    """

    def call(self, inputs):
        padded = ops.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
        line = ops.convert_to_tensor([0.25, 0.5, 0.25], inputs.dtype)
        kernel = ops.reshape(ops.outer(line, line), (3, 3, 1, 1))
        return ops.depthwise_conv(padded, ops.tile(kernel, (1, 1, inputs.shape[-1], 1)), strides=2)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        halved = [size and (size + 1) // 2 for size in (height, width)]
        return (batch, *halved, channels)


@register
class BlurUpsampling2D(layers.Layer):
    """Doubles height and width with a binomial blur, against aliasing (Zhang, 2019, arXiv 1904.11486).

    The filter is 1 3 3 1 along both axes, with gain 4, the border repeated: the same as bilinear interpolation.

    Examples:
        >>> from stylezoo import layers
        >>> layers.BlurUpsampling2D()(np.zeros((1, 16, 16, 4), "float32")).shape
        TensorShape([1, 32, 32, 4])
    """

    def call(self, inputs):
        _, height, width, _ = ops.shape(inputs)
        return backend.resized(inputs, (2 * height, 2 * width))

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        doubled = [size and 2 * size for size in (height, width)]
        return (batch, *doubled, channels)


@register
class UpSampling2D(layers.UpSampling2D):
    """As `keras.layers.UpSampling2D`, by "nearest" neighbour or "bilinear", also where a size is not known in a graph.

    Keras 3.15 cannot export a model that upsamples by bilinear interpolation, nor train it on pictures of unknown size:
    https://github.com/keras-team/keras/pull/22079.

    Examples:
        >>> from stylezoo import layers
        >>> layers.UpSampling2D(interpolation="bilinear")(np.zeros((1, 16, 16, 4), "float32")).shape
        TensorShape([1, 32, 32, 4])
    """

    def call(self, inputs):
        if self.interpolation != "bilinear":
            return super().call(inputs)
        _, height, width, _ = ops.shape(inputs)
        return backend.resized(inputs, (self.size[0] * height, self.size[1] * width))


@register
class SpectralNormalization(layers.Wrapper):
    """The wrapped layer with its kernel divided by its largest singular value (Miyato et al., 2018, arXiv 1802.05957).

    As in PyTorch, and unlike `keras.layers.SpectralNormalization`: the trained kernel itself is never rescaled, and
    the gradient flows through the singular value. One power iteration is made each time it is called in training.

    Args:
        layer: A layer with a `kernel`, such as `keras.layers.Conv2D`.

    Examples:
        >>> from stylezoo import layers
        >>> layer = layers.SpectralNormalization(keras.layers.Conv2D(8, 3, padding="same"))
        >>> layer(np.zeros((1, 16, 16, 3), "float32"), training=True).shape
        TensorShape([1, 16, 16, 8])
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
        if training and self.trainable:
            self.vector.assign(right)
        largest = ops.sum(ops.matmul(left, matrix) * right)
        # Subclassing the convolution instead would break its saving: it overrides save_own_variables.
        with keras.StatelessScope(state_mapping=[(self.layer.kernel, kernel / ops.cast(largest, kernel.dtype))]):
            return self.layer(inputs)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)


def _unit(vector):
    return vector / (ops.norm(vector) + 1e-12)
