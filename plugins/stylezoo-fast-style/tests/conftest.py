"""What both test files share."""

import keras
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture
def convolved():
    """NumPy's convolution without padding: (batch, height, width, channels) with a kernel (k, k, channels, new)."""

    def convolve(x, kernel, bias=0.0, strides=1):
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))[:, ::strides, ::strides]
        return np.einsum("bhwcij,ijcn->bhwn", windows, kernel) + bias

    return convolve
