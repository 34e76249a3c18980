"""The identity loss of CycleGAN."""

from keras import ops

from stylezoo import Loss


class Identity(Loss):
    """Identity loss: a picture that is in the style already should stay as it is; keeps tints from drifting.

    Mean absolute difference of generator(style) and style (Taigman et al., 2017, https://arxiv.org/abs/1611.02200, as
    used in CycleGAN, where it weighs half of the cycle consistency loss: 5).
    """

    discriminators_needed = 0

    def generator(self, translation):
        return ops.mean(ops.abs(translation.identity - translation.style))
