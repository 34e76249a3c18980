"""A plugin that was written for another stylezoo, which its requirements tell."""

from stylezoo import ImageLoss
from stylezoo.contract import something_of_version_99


class Elsewhere(ImageLoss):
    """Elsewhere: never gets so far."""

    def measure(self, source, style, fake):
        return something_of_version_99(fake)
