"""Luminance of pictures, its mean and deviation, and how both are matched to those of a style."""

from collections.abc import Iterable

import numpy as np

from stylezoo.pictures import arrays


def light(array: np.ndarray) -> np.ndarray:
    """The luminance (ITU-R BT.601) of pictures (..., 3), in their range."""
    return array @ np.float32([0.299, 0.587, 0.114])


def tones(pictures: Iterable[np.ndarray]) -> np.ndarray:
    """The tones of pictures in [-1, 1], all together: mean, deviation, darkest and lightest luminance.

    The darkest and the lightest half per cent are left out: they may be specks.
    """
    counts = sum(np.bincount(arrays.levels(light(array)).ravel(), minlength=256) for array in pictures)
    values, shares = np.linspace(-1, 1, 256), np.cumsum(counts) / counts.sum()
    mean = np.average(values, weights=counts)
    deviation = np.sqrt(np.average((values - mean) ** 2, weights=counts))
    darkest, lightest = (values[np.searchsorted(shares, share)] for share in (0.005, 0.995))
    return np.array([mean, deviation, darkest, lightest], "float32")


def light_moments(pixels: np.ndarray) -> tuple[float, float]:
    """The mean and the deviation of a picture's luminance, of uint8 or float32 in [-1, 1]; in bands, to save memory."""
    bands = [light(arrays.from_levels(band)) for band in np.array_split(pixels, -(-len(pixels) // 256))]
    count = sum(band.size for band in bands)
    mean = sum(band.sum(dtype="float64") for band in bands) / count
    variance = sum(np.square(band - mean, dtype="float64").sum() for band in bands) / count
    return float(mean), float(np.sqrt(variance))


def match_tones(array: np.ndarray, wanted: np.ndarray, before: tuple[float, float] | None = None) -> np.ndarray:
    """A picture in [-1, 1] with its luminance matched to wanted `tones`, its colours kept (Hertzmann et al., 2001).

    The mean and the deviation of luminance become those of the style, as in Image Analogies,
    https://doi.org/10.1145/383259.383295.

    Args:
        array: The picture, or a part of one.
        wanted: From `tones`.
        before: The `light_moments` of the whole picture; None: those of this array.
    """
    old_mean, old_deviation = before or light_moments(array)
    mean, deviation, darkest, lightest = wanted
    after = (light(array) - np.float32(old_mean)) / np.float32(old_deviation + 1e-6) * deviation + mean
    return with_light(array, np.clip(after, darkest, lightest))


def with_light(array: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """A picture (height, width, 3) in [-1, 1] in its own colours with another luminance (height, width).

    All three channels are moved alike, which leaves the colour differences of YCbCr as they are.
    """
    return np.clip(array + (wanted - light(array))[..., None], -1, 1)
