"""Luminance and colours of pictures, their means and deviations, and how these are matched to those of a style."""

from collections.abc import Iterable

import numpy as np

from stylezoo.pictures import arrays

LUMA = np.float32([0.299, 0.587, 0.114])  # ITU-R BT.601
LEAST_HUE = 0.03  # added to the deviation of colours, so that the noise of a grey picture is not made colourful
MOST_HUE = 4.0  # how many times as colourful a picture becomes at most


def light(array: np.ndarray) -> np.ndarray:
    """The luminance (ITU-R BT.601) of pictures (..., 3), in their range."""
    return array @ LUMA


def hues(array: np.ndarray) -> np.ndarray:
    """The colours of pictures (..., 3) without their luminance: red and blue less it, (..., 2)."""
    return array[..., [0, 2]] - light(array)[..., None]


def tones(pictures: Iterable[np.ndarray], colours: bool = False) -> np.ndarray:
    """The tones of pictures in [-1, 1], all together: mean, deviation, darkest and lightest luminance.

    The darkest and the lightest half per cent are left out: they may be specks.

    Args:
        pictures: Arrays (height, width, 3).
        colours: Whether the means of the two `hues`, and then their deviations, follow: eight numbers.
    """
    counts, sums = np.zeros(256, int), np.zeros((3, 2))
    for array in pictures:
        counts += np.bincount(arrays.levels(light(array)).ravel(), minlength=256)
        sums += _sums(hues(array)) if colours else 0
    values, shares = np.linspace(-1, 1, 256), np.cumsum(counts) / counts.sum()
    mean = np.average(values, weights=counts)
    deviation = np.sqrt(np.average((values - mean) ** 2, weights=counts))
    darkest, lightest = (values[np.searchsorted(shares, share)] for share in (0.005, 0.995))
    return np.array([mean, deviation, darkest, lightest, *(_hue_moments(sums) if colours else ())], "float32")


def moments(pixels: np.ndarray, colours: bool = False) -> tuple[float, ...]:
    """The mean and the deviation of a picture's luminance, of uint8 or float32 in [-1, 1]; in bands, to save memory.

    With `colours` the means of its `hues`, and then their deviations, follow.
    """
    bands = [light(arrays.from_levels(band)) for band in np.array_split(pixels, -(-len(pixels) // 256))]
    count = sum(band.size for band in bands)
    mean = sum(band.sum(dtype="float64") for band in bands) / count
    variance = sum(np.square(band - mean, dtype="float64").sum() for band in bands) / count
    found = float(mean), float(np.sqrt(variance))
    if not colours:
        return found
    return *found, *_hue_moments(
        sum(_sums(hues(arrays.from_levels(band))) for band in np.array_split(pixels, -(-len(pixels) // 256)))
    )


def _sums(array):
    """The number of values of each hue, their sum and the sum of their squares, (3, 2)."""
    values = array.reshape(-1, 2).astype("float64")
    return np.array([[len(values)] * 2, values.sum(axis=0), np.square(values).sum(axis=0)])


def _hue_moments(sums):
    """The means of both hues and their deviations, from `_sums`."""
    mean = sums[1] / sums[0]
    return *mean.tolist(), *np.sqrt(np.maximum(sums[2] / sums[0] - mean**2, 0)).tolist()


def match_tones(array: np.ndarray, wanted: np.ndarray, before: tuple[float, ...] | None = None) -> np.ndarray:
    """A picture in [-1, 1] with its luminance matched to wanted `tones`, and its colours if these have them.

    The mean and the deviation of luminance become those of the style, as in Image Analogies (Hertzmann et al., 2001,
    https://doi.org/10.1145/383259.383295), and those of both colour differences, as by Reinhard et al., 2001
    (https://doi.org/10.1109/38.946629).

    Args:
        array: The picture, or a part of one.
        wanted: From `tones`.
        before: The `moments` of the whole picture; None: those of this array.
    """
    old_mean, old_deviation, *old_hues = before or moments(array, len(wanted) > 4)
    mean, deviation, darkest, lightest, *new_hues = wanted
    after = (light(array) - np.float32(old_mean)) / np.float32(old_deviation + 1e-6) * deviation + mean
    after = np.clip(after, darkest, lightest)
    if not new_hues:
        return with_light(array, after)
    old_hues, new_hues = np.float32(old_hues), np.float32(new_hues)
    gain = np.minimum(new_hues[2:] / (old_hues[2:] + LEAST_HUE), MOST_HUE)
    red, blue = np.moveaxis((hues(array) - old_hues[:2]) * gain + new_hues[:2], -1, 0)
    green = -(LUMA[0] * red + LUMA[2] * blue) / LUMA[1]  # so that the luminance stays
    return np.clip(np.stack([red, green, blue], axis=-1) + after[..., None], -1, 1).astype("float32")


def with_light(array: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """A picture (height, width, 3) in [-1, 1] in its own colours with another luminance (height, width).

    All three channels are moved alike, which leaves the colour differences of YCbCr as they are.
    """
    return np.clip(array + (wanted - light(array))[..., None], -1, 1)
