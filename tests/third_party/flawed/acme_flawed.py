"""Components that break their contract in one way each: what the conformance kit is there to find."""

import random

import keras
from keras import layers, ops

from stylezoo import ImageLoss, Loss, Recipe


class Logarithm(ImageLoss):
    """Logarithm: of pictures, half of whose values are below 0."""

    def measure(self, source, style, fake):
        return ops.mean(ops.log(fake)) + ops.mean(fake)


class Pictures(ImageLoss):
    """Pictures: a number for each picture, not one."""

    def measure(self, source, style, fake):
        return ops.mean(ops.square(fake - source), axis=(1, 2, 3))


class CutOff(ImageLoss):
    """Cut off: nothing can be learned from it."""

    def measure(self, source, style, fake):
        return ops.stop_gradient(ops.mean(ops.square(fake - source)))


class Moody(ImageLoss):
    """Moody: another value in each model."""

    def __init__(self):
        self.mood = 1 + random.SystemRandom().random()

    def measure(self, source, style, fake):
        return self.mood * ops.mean(ops.square(fake - source))


class Secretive(ImageLoss):
    """Secretive: does not say what its option means, nor is that plain.

    Args:
        other: Something that there is not.
    """

    def __init__(self, power=(1, 2)):
        self.power = power

    def measure(self, source, style, fake):
        return ops.mean(ops.abs(fake - source) ** self.power[1])


class Halved(ImageLoss):
    """Halved: falls back to the precision of the networks, in which 300 squared is infinite."""

    def build(self, generator, discriminators, shape):
        self.dtype = generator.layers[1].compute_dtype

    def measure(self, source, style, fake):
        difference = ops.cast(300 * (fake - source), self.dtype)
        return ops.cast(ops.mean(ops.square(difference)), "float32")


class Silent(Loss):
    """Silent: has nothing to say to either player."""


def _picture(name, answer):
    picture = keras.Input((None, None, 3), name="source")
    return keras.Model(picture, answer(picture), name=name)


def shrinking(shape):
    """Shrinking: answers with a smaller picture."""
    return _picture("shrinking", layers.Conv2D(3, 3, activation="tanh"))


def sharp(shape):
    """Sharp: it halves and doubles a picture with Keras' bilinear upsampling, which cannot be exported.

    Args:
        shape: Height, width and channels of a picture.
    """
    picture = keras.Input(shape, name="source")
    x = layers.UpSampling2D(2, interpolation="bilinear")(layers.AveragePooling2D(2)(picture))
    return keras.Model(picture, layers.Activation("tanh")(layers.Conv2D(3, 1)(x)), name="sharp")


def unbounded(shape):
    """Unbounded: ends without a tanh."""
    return _picture("unbounded", layers.Conv2D(3, 3, padding="same", kernel_initializer="orthogonal"))


@keras.saving.register_keras_serializable("acme")
class Scaled(layers.Layer):
    """A layer whose configuration lacks its one argument."""

    def __init__(self, scale=1.0, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs):
        return inputs * self.scale

    def get_config(self):
        return super().get_config()


def forgetful(shape):
    """Forgetful: has a layer that comes back from a file as another one."""
    convolution = layers.Conv2D(3, 3, padding="same", activation="tanh")
    return _picture("forgetful", lambda x: Scaled(0.5)(convolution(x)))


def misnamed(shape):
    """Misnamed: bears the name of another network."""
    return _picture("another", layers.Conv2D(3, 3, padding="same", activation="tanh"))


def idle(shape):
    """Idle: half of its weights cannot learn."""
    convolution, dead = layers.Conv2D(3, 3, padding="same"), layers.Conv2D(3, 1)
    return _picture("idle", lambda x: ops.tanh(convolution(x) + ops.stop_gradient(dead(x))))


def patchy(shape):
    """Patchy: takes means over height and width of whatever part of a picture it sees."""
    convolution, norm = layers.Conv2D(3, 3, padding="same"), layers.GroupNormalization(groups=-1)
    return _picture("patchy", lambda x: ops.tanh(norm(convolution(x))))


class Unpainted(layers.Layer):
    """A layer that fails when it sees a picture."""

    def compute_output_shape(self, input_shape):
        return input_shape

    def call(self, inputs):
        raise RuntimeError("out of paint")


def raising(shape):
    """Raising: fails when it is used."""
    return _picture("raising", Unpainted())


wordless = Recipe(generator="resnet:filters=4,blocks=1", discriminators="patch:filters=4", losses=("lsgan", "content"))
