"""The generator of MUNIT: encodes a picture as content and style code, and decodes the content with another code."""

import math

import keras
from keras import layers, ops

from stylezoo import scene
from stylezoo.layers import Conv2D, InstanceNormalization, ReflectionPadding2D, initializer


def build(shape, filters: int = 64, codes: int = 8, blocks: int = 4, mlp: int = 256):
    """MUNIT generator: decodes the content of a picture with the style code of another picture, or with a random one.

    Huang et al., 2018, https://arxiv.org/abs/1804.04732, with the layers of the authors' PyTorch code: the defaults are
    the published network (15,026,187 weights). Its parts are the layers `content`, from a picture to content features;
    `style_code`, from a picture to a style code; and `decoder`, from both to a picture.

    Args:
        shape: Height, width and channels of a picture; None for any height or width.
        filters: Channels at full resolution; 2 and 4 times as many after downsampling.
        codes: Length of a style code.
        blocks: Residual blocks of the content encoder, and of the decoder.
        mlp: Units of the two hidden layers that turn a style code into means and standard deviations.
    """
    if blocks < 1:
        raise ValueError(f"{blocks} blocks are too few: the style enters through the blocks, so 1 or more are needed")
    source, style = keras.Input(shape, name="source"), keras.Input(shape, name="style")
    content, style_code = _content(shape, filters, blocks), _style_code(shape, filters, codes)
    decoder = _decoder(content.output_shape[1:], shape[-1], codes, blocks, mlp)
    return keras.Model([source, style], decoder([content(source), style_code(style)]), name="munit")


def _content(shape, filters, blocks):
    picture = keras.Input(shape, name="picture")
    x = _norm_relu(_convolution(picture, filters, 7))
    for channels in (2 * filters, 4 * filters):
        x = _norm_relu(_convolution(x, channels, 4, strides=2))
    for _ in range(blocks):
        y = _norm_relu(_convolution(x, 4 * filters, 3))
        x = layers.Add()([x, InstanceNormalization()(_convolution(y, 4 * filters, 3))])
    return keras.Model(picture, x, name="content")


def _style_code(shape, filters, codes):
    """Not normalised: means and standard deviations are what styles differ in."""
    picture = keras.Input(shape, name="picture")
    x = layers.ReLU()(_convolution(picture, filters, 7))
    for channels in (2 * filters, 4 * filters, 4 * filters, 4 * filters):
        x = layers.ReLU()(_convolution(x, channels, 4, strides=2))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(picture, _dense(codes, dtype="float32")(x), name="style_code")


def _decoder(content, colours, codes, blocks, mlp):
    """The last layer of the published perceptron serves all blocks; here each normalisation has its own part of it."""
    features, code = keras.Input(content, name="content"), keras.Input((codes,), name="code")
    x, channels = features, content[-1]
    hidden = layers.ReLU()(_dense(mlp)(layers.ReLU()(_dense(mlp)(code))))
    for _ in range(blocks):
        y = layers.ReLU()(_adapted(_convolution(x, channels, 3), hidden))
        x = layers.Add()([x, _adapted(_convolution(y, channels, 3), hidden)])
    for _ in range(2):
        channels //= 2
        x = SampleNormalization()(_convolution(layers.UpSampling2D(2)(x), channels, 5))
        x = layers.ReLU()(x)
    picture = layers.Activation("tanh", dtype="float32")(_convolution(x, colours, 7))
    return keras.Model([features, code], picture, name="decoder")


def _dense(units, **options):
    return layers.Dense(units, kernel_initializer=initializer("kaiming"), **options)


def _convolution(x, channels, size, strides=1):
    x = ReflectionPadding2D((size - 1) // 2)(x)
    return Conv2D(channels, size, strides, kernel_initializer=initializer("kaiming"))(x)


def _norm_relu(x):
    return layers.ReLU()(InstanceNormalization()(x))


def _adapted(x, hidden):
    return AdaptiveInstanceNormalization()([x, _dense(2 * x.shape[-1])(hidden)])


@keras.saving.register_keras_serializable("stylezoo")
class AdaptiveInstanceNormalization(layers.Layer):
    """Instance normalisation with given means and standard deviations: [features, numbers (batch, 2 * channels)].

    Huang and Belongie, 2017, https://arxiv.org/abs/1703.06868. The means come first. Where several styles share a
    picture, each has a row of numbers.

    Args:
        epsilon: Added to the variance of the features.
    """

    fuses = True

    def __init__(self, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def call(self, inputs):
        features, numbers = (ops.cast(each, "float32") for each in inputs)
        shift, scale = ops.split(scene.mixed(numbers[:, None, None, :], features), 2, axis=-1)
        return ops.cast(scene.standardized(features, self.epsilon) * scale + shift, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("stylezoo")
class SampleNormalization(layers.Layer):
    """MUNIT's layer normalisation: over height, width and channels together, then a scale and a shift for each channel.

    The standard deviation is the unbiased one, and the scales are initialised between 0 and 1.

    Args:
        epsilon: Added to the standard deviation.
    """

    def __init__(self, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape):
        options = {"shape": (input_shape[-1],), "autocast": False}
        self.gamma = self.add_weight(initializer=keras.initializers.RandomUniform(0, 1), name="gamma", **options)
        self.beta = self.add_weight(initializer="zeros", name="beta", **options)

    def call(self, inputs):
        x = ops.cast(inputs, "float32")
        mean, variance = scene.moments(x, axes=(1, 2, 3))
        count = ops.cast(math.prod(ops.shape(x)[1:]), "float32")
        deviation = ops.sqrt(variance * count / (count - 1))
        x = (x - mean) / (deviation + self.epsilon)
        return ops.cast(x * self.gamma + self.beta, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}
