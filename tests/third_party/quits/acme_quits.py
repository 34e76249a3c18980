"""A plugin that ends the process behind the back of Python when it is imported."""

import os

from stylezoo import ImageLoss

os._exit(0)


class Quitting(ImageLoss):
    """Quitting: never gets so far."""

    def measure(self, source, style, fake):
        return 0.0
