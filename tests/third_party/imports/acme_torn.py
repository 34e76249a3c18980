"""A stranger's generator whose answer about weights is broken."""

import keras
from keras import layers


def build(shape):
    """Torn: the picture, nearly as it was.

    Args:
        shape: Height, width and channels of a picture.
    """
    source = keras.Input(shape, name="source")
    return keras.Model(source, layers.Activation("tanh", dtype="float32")(layers.Conv2D(3, 1)(source)), name="torn")


def from_torch(weights):
    """The files of Torn."""
    return weights["torn.weight"].shape
