"""A plugin that crashes the interpreter when it is imported."""

import ctypes

from stylezoo import ImageLoss

ctypes.string_at(0)


class Crashing(ImageLoss):
    """Crashing: never gets so far."""

    def measure(self, source, style, fake):
        return 0.0
