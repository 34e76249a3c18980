"""A plugin whose distribution requires something that is not installed."""

import a_package_that_nobody_has

from stylezoo import ImageLoss


class Demanding(ImageLoss):
    """Demanding: never gets so far."""

    def measure(self, source, style, fake):
        return a_package_that_nobody_has.dream(fake)
