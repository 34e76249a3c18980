"""The autoencoder loss of Gated-GAN."""

from keras import ops

from stylezoo import Loss
from stylezoo.contract import generate


class Autoencoder(Loss):
    """Autoencoder: with none of the named styles the generator should leave the source as it is.

    Mean absolute difference (Chen et al., 2019, https://arxiv.org/abs/1904.02296, Gated-GAN, with a weight of 10). It
    makes strength 0 the picture itself. For generators that have the input `styles`.
    """

    discriminators_needed = 0

    def build(self, generator, discriminators, shape):
        if not any(wanted.name == "styles" for wanted in generator.inputs):
            raise ValueError(
                f"autoencoder needs a generator with the input styles, such as gated, not {generator.name}"
            )

    def generator(self, translation):
        source = translation.source
        again = generate(translation.generator, source, translation.style, translation.training, translation.seed)
        return ops.mean(ops.abs(again - source))
