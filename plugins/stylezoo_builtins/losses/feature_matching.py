"""The feature matching loss of pix2pixHD."""

from keras import ops

from stylezoo import Loss
from stylezoo.contract import FEATURE, features, scales


class FeatureMatching(Loss):
    """Feature matching: fakes should give the same features in the discriminators as style pictures.

    The mean absolute differences of the outputs of the layers feature_..., summed over the layers and averaged over
    discriminators and their scales (Wang et al., 2018, https://arxiv.org/abs/1711.11585, in the form of SPADE, with a
    weight of 10). Meant for paired data.

    Example:
        stylezoo train transfer --loss feature-matching:weight=10
    """

    def build(self, generator, discriminators, shape):
        for discriminator in discriminators:
            if not any(layer.name.startswith(FEATURE) for layer in discriminator.layers):
                raise ValueError(
                    f"feature-matching needs a discriminator that has layers called {FEATURE}..., such as patch; "
                    f"{discriminator.name} has none"
                )

    def generator_loss(self, translation):
        count = sum(scales(d) for d in translation.discriminators)
        return sum(_difference(d, translation) for d in translation.discriminators) / count


def _difference(discriminator, translation):
    fakes = features(discriminator, translation.fake, translation.source, translation.training)
    reals = features(discriminator, translation.style, translation.source, translation.training)
    pairs = zip(fakes, reals, strict=True)
    return sum(ops.mean(ops.abs(fake - ops.stop_gradient(real))) for fake, real in pairs)
