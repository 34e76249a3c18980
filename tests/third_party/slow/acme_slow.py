"""A plugin whose import takes long."""

import time

from stylezoo import ImageLoss

time.sleep(3.5)


class Slow(ImageLoss):
    """Slow: never gets so far."""

    def measure(self, source, style, fake):
        return 0.0
