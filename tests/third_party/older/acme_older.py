"""A plugin for a stylezoo that was before the first."""

from stylezoo import ImageLoss


class Ancient(ImageLoss):
    """Ancient: never gets so far."""

    def measure(self, source, style, fake):
        return 0.0
