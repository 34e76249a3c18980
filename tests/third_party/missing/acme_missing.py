"""A plugin whose author forgot to declare a dependency."""

import a_package_that_nobody_has

from stylezoo import ImageLoss


class Dreamy(ImageLoss):
    """Dreamy: needs a package that is not installed."""

    def measure(self, source, style, fake):
        return a_package_that_nobody_has.dream(fake)
