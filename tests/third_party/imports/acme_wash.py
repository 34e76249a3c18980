"""A stranger's generator that takes weights of a network of its own."""

import keras
from keras import layers


def build(shape, filters: int = 4):
    """Wash: each pixel by itself, through a hidden layer.

    Args:
        shape: Height, width and channels of a picture.
        filters: Channels of the hidden layer.
    """
    source = keras.Input(shape, name="source")
    hidden = keras.Input((*shape[:2], filters))
    decoder = keras.Model(hidden, layers.Dense(3)(layers.ReLU()(hidden)), name="decoder")
    x = decoder(layers.Conv2D(filters, 1, name="encoder")(source))
    return keras.Model(source, layers.Activation("tanh", dtype="float32")(x), name="wash")


def from_torch(weights):
    """The painter of Acme, such as wash.pth."""
    if "wash.encoder.weight" not in weights:
        return None
    if weights["wash.encoder.weight"].shape[1] != 3:
        raise ValueError("it was trained on pictures without colours.")
    return {"filters": weights["wash.encoder.weight"].shape[0]}
