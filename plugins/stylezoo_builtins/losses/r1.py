"""The gradient penalty on style pictures."""

import math

from keras import ops, tree

from stylezoo import Loss
from stylezoo.contract import pixel_gradient


class R1(Loss):
    """R1 gradient penalty: a small gradient of the discriminators at style pictures.

    Half of the mean squared norm of the gradient of the summed logits with respect to the picture (Mescheder et al.,
    2018, https://arxiv.org/abs/1801.04406). Added to an adversarial loss it removes hatching and flares.

    Args:
        patches: Divide by the number of logits of a picture, so that one weight suits any number of patches.
    """

    def __init__(self, patches: bool = False):
        self.patches = patches

    def discriminator_loss(self, translation):
        return sum(self._penalty(d, translation) for d in translation.discriminators)

    def _penalty(self, discriminator, translation):
        gradient = pixel_gradient(discriminator, translation.style, translation.source, translation.training)
        length = ops.mean(ops.sum(ops.square(gradient), axis=(1, 2, 3)))
        return length / 2 / (_count(discriminator) if self.patches else 1)


def _count(discriminator):
    """How many logits a picture gets, over all scales."""
    answer = discriminator.output
    scales = tree.flatten(answer["logits"] if isinstance(answer, dict) else answer)
    return sum(math.prod(logits.shape[1:]) for logits in scales)
