"""A script that became a plugin: importing it ends the program."""

import sys

from stylezoo import ImageLoss


class Leaving(ImageLoss):
    """Leaving: cannot be imported."""

    def measure(self, source, style, fake):
        return 0.0


sys.exit(7)
