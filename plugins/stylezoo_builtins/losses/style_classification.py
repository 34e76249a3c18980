"""The auxiliary classifier of Gated-GAN."""

from keras import ops

from stylezoo import Loss
from stylezoo.contract import style_input


class StyleClassification(Loss):
    """Style classification: discriminators classify style pictures, and the generator wants fakes classified right.

    Mean cross-entropy over all places, of style pictures for the discriminators and of fakes for the generator (Odena
    et al., 2017, https://arxiv.org/abs/1610.09585, as used in Gated-GAN, Chen et al., 2019,
    https://arxiv.org/abs/1904.02296, with a weight of 10). At chance it is the logarithm of the number of styles. For
    recipes with named styles and discriminators with the output `styles`.

    Example:
        stylezoo train gated --loss style-classification:weight=5
    """

    def build(self, generator, discriminators, shape):
        tells = any(isinstance(d.output, dict) and "styles" in d.output for d in discriminators)
        if not (tells and style_input(generator).needs_labels):
            raise ValueError(
                "style-classification needs a generator of several styles and a discriminator that tells them apart, "
                "both such as gated"
            )

    def generator_loss(self, translation):
        return _cost(translation.fake_styles, translation.labels)

    def discriminator_loss(self, translation):
        return _cost(translation.real_styles, translation.labels)


def _cost(answers, labels):
    return sum(_cross_entropy(styles, labels) for styles in answers)


def _cross_entropy(styles, labels):
    logs = ops.log_softmax(styles, axis=-1)
    logs = ops.mean(ops.reshape(logs, (ops.shape(logs)[0], -1, logs.shape[-1])), axis=1)  # over the positions
    logs = ops.reshape(logs, (-1, *ops.shape(labels)))  # with `judge_identity` two fakes share a label
    return -ops.mean(ops.sum(logs * labels, axis=-1))
