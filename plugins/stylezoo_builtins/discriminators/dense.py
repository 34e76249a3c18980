"""The fully connected discriminator of the original GAN."""

import math

import keras
from keras import layers

MOST_WEIGHTS = 50_000_000


def build(shape, units: int = 512):
    """Fully connected discriminator: one logit for the whole picture; for small crops, 32 to 64 pixels.

    After Goodfellow et al., 2014, https://arxiv.org/abs/1406.2661. At 64 pixels it has 6,423,553 weights; their number
    grows with the number of pixels.

    Args:
        shape: Height, width and channels of a picture.
        units: Units of the first layer; the second has half as many.
    """
    weights = math.prod(shape) * units
    if weights > MOST_WEIGHTS:
        side = int((MOST_WEIGHTS / units / shape[-1]) ** 0.5)
        raise ValueError(
            f"crops of {shape[0]} x {shape[1]} pixels would need {weights / 1e6:.0f} million weights. "
            f"Take crops of up to {side} pixels (--set image_size=64) or the discriminator 'patch'"
        )
    picture = keras.Input(shape, name="picture")
    x = layers.Flatten()(picture)
    for width in (units, units // 2):
        x = layers.LeakyReLU(0.2)(layers.Dense(width)(x))
    return keras.Model(picture, layers.Dense(1)(x), name="dense")
