"""A plugin whose import never ends."""

import time

from stylezoo import ImageLoss

while True:
    time.sleep(0.1)


class Endless(ImageLoss):
    """Endless: never gets so far."""

    def measure(self, source, style, fake):
        return 0.0
