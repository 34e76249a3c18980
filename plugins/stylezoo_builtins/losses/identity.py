"""The identity loss of CycleGAN."""

from keras import ops

from stylezoo import Loss


class Identity(Loss):
    """Identity loss: a picture that already has the style should stay unchanged; it limits colour shifts.

    Mean absolute difference of generator(style) and style (Taigman et al., 2017, https://arxiv.org/abs/1611.02200, as
    used in CycleGAN with half the weight of the cycle consistency loss: 5).
    """

    discriminators_needed = 0

    def generator_loss(self, translation):
        return ops.mean(ops.abs(translation.identity - translation.style))
