"""The cycle consistency loss of CycleGAN."""

from keras import ops

from stylezoo import Loss


class Cycle(Loss):
    """Cycle consistency: a picture that is translated there and back should be unchanged.

    Mean absolute difference of inverse(generator(source)) and source (Zhu et al., 2017,
    https://arxiv.org/abs/1703.10593, with a weight of 10). Only for two-way models.

    Example:
        stylezoo train cyclegan --loss cycle:weight=5
    """

    discriminators_needed = 0
    two_way_needed = True

    def generator_loss(self, translation):
        return ops.mean(ops.abs(translation.cycled - translation.source))
