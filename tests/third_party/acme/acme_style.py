"""Retouching of photographs, as a company that never met the authors of stylezoo would publish it."""

import keras
from keras import ops

from stylezoo import ImageLoss, Recipe


class Charbonnier(ImageLoss):
    """Charbonnier: a smooth absolute difference of result and source.

    Charbonnier et al., 1994, https://doi.org/10.1109/ICIP.1994.413553.

    Args:
        epsilon: Where the parabola at 0 turns into straight lines.
    """

    def __init__(self, epsilon: float = 0.001):
        self.epsilon = epsilon

    def measure(self, source, style, fake):
        return ops.mean(ops.sqrt(ops.square(fake - source) + self.epsilon**2))


def retouch(shape, filters: int = 8, kernel: int = 3):
    """A curve for the tones: one convolution, then one that mixes the colours."""
    picture = keras.Input(shape, name="source")
    x = keras.layers.Conv2D(filters, kernel, padding="same", activation="relu")(picture)
    return keras.Model(picture, keras.layers.Conv2D(3, 1, activation="tanh")(x), name="retouch")


recipe = Recipe(
    about="Retouches photographs.",
    generator="retouch:filters=4",
    discriminators="patch:filters=4,layers=1",
    losses=("hinge", "charbonnier:epsilon=0.01,weight=10"),
    image_size=32,
    batch_size=2,
)
