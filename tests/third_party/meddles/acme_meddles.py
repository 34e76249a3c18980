"""A plugin that does at import what it should not."""

import os
import random
from pathlib import Path

import keras

from stylezoo import ImageLoss

os.environ["ACME_MEDDLES"] = "1"
random.seed(1)
keras.config.set_dtype_policy("float64")
Path("acme-cache").mkdir()
print("Welcome to acme!")


class Meddling(ImageLoss):
    """Meddling: never gets so far."""

    def measure(self, source, style, fake):
        return 0.0
