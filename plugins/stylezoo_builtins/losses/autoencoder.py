"""The autoencoder loss of Gated-GAN."""

from keras import ops

from stylezoo import Loss
from stylezoo.contract import generate


class Autoencoder(Loss):
    """Autoencoder: with all style weights at 0 the generator should return its source.

    Mean absolute difference (Gated-GAN, Chen et al., 2019, https://arxiv.org/abs/1904.02296, with a weight of 10). It
    makes strength 0 return the picture itself. For generators with the input `styles`.

    Example:
        stylezoo train gated --loss autoencoder:weight=5
    """

    discriminators_needed = 0

    def build(self, generator, discriminators, shape):
        if not any(wanted.name == "styles" for wanted in generator.inputs):
            raise ValueError(
                f"autoencoder needs a generator with the input styles, such as gated, not {generator.name}"
            )

    def generator_loss(self, translation):
        source = translation.source
        again = generate(translation.generator, source, translation.style, translation.training, translation.seed)
        return ops.mean(ops.abs(again - source))
