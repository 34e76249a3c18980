"""Luminance and colours of pictures, how they are distributed, and how this is matched to a style."""

from collections.abc import Iterable

import numpy as np

from stylezoo.pictures import arrays
from stylezoo.pictures.colour import LUMA

LEAST_HUE = 0.03  # added to the deviation of colours, so that the noise of a grey picture is not made colourful
MOST_HUE = 4.0  # how many times as colourful a picture becomes at most
KNOTS = 9  # luminances at which the colours are described
PLAIN = 4  # how many numbers the tones are without colours
COLOURED = PLAIN + 5 * KNOTS  # and with them
SPECKS = 0.005  # the share of the darkest pixels, and of the lightest ones, that is left out
LEVELS = 256  # of luminance, which is counted
FEW = 1e-3  # the share of all pixels that is added to those around each knot, so that no knot has none
RISE = 1e-4  # the least luminance from one knot to the next
TIE = 3 / 255  # knots that are nearer to each other describe one plateau: what is flat stays flat
LEAST_CONTRAST = 2 / 255  # the least deviation of luminance that is stretched
PALEST = 1 / 3  # how much of the wanted deviation a drawn picture needs to be matched wholly


def light(array: np.ndarray) -> np.ndarray:
    """The luminance (ITU-R BT.601) of pictures (..., 3), in their range; of other channels their mean."""
    if array.shape[-1] == 3:
        return array @ LUMA
    return array[..., 0] if array.shape[-1] == 1 else array.mean(axis=-1)


def hues(array: np.ndarray) -> np.ndarray:
    """The colours of pictures (..., 3) without their luminance: red and blue less it, (..., 2); of grey ones 0."""
    if array.shape[-1] == 1:
        return np.zeros((*array.shape[:-1], 2), "float32")
    return array[..., [0, 2]] - light(array)[..., None]


def tones(pictures: Iterable[np.ndarray], colours: bool = False) -> np.ndarray:
    """The tones of pictures, all together: mean, deviation, darkest and lightest luminance.

    The darkest and the lightest half per cent are left out: they may be specks.

    Args:
        pictures: Arrays (height, width, channels), levels or float32 in [-1, 1].
        colours: Whether the colours at `KNOTS` luminances follow. Their luminances are quantiles at equal distances,
            from the darkest to the lightest. Of each knot there are five numbers: the luminance, the means of both
            `hues` of the pixels around it, and their deviations.
    """
    table = sum(_table(arrays.from_levels(band), colours) for array in pictures for band in arrays.bands(array))
    values, shares = np.linspace(-1, 1, LEVELS), np.cumsum(table[:, 0]) / table[:, 0].sum()
    mean, square = table[:, -2:].sum(axis=0) / table[:, 0].sum()
    deviation = np.sqrt(max(square - mean**2, 0))
    places = np.searchsorted(shares, np.linspace(SPECKS, 1 - SPECKS, KNOTS if colours else 2))
    found = values[places]
    followed = _colours(table[:, :-2], values, found).ravel() if colours else ()
    return np.array([mean, deviation, found[0], found[-1], *followed], "float32")


def _table(array, colours):
    """A row for each of the `LEVELS` of luminance: the number of its pixels, and sums over them.

    The last two sums are of luminance and its square. With `colours` those of both hues and of their squares are before
    them.
    """
    found = light(array)
    summed, places = [found, np.square(found)], arrays.levels(found).ravel()
    if colours:
        both = np.moveaxis(hues(array), -1, 0)
        summed = [*both, *np.square(both), *summed]
    counts = [np.bincount(places, each.ravel(), minlength=LEVELS) for each in summed]
    return np.stack([np.bincount(places, minlength=LEVELS), *counts], axis=-1)


def _colours(table, values, knots):
    """The rows of the knots of `tones`, from counts and sums of hues of pixels of some luminances: (knots, 5)."""
    knots = knots + RISE * np.arange(len(knots))  # a flat picture has one luminance
    near = _ties(knots) @ [np.interp(values, knots, hat) for hat in np.eye(len(knots))]  # the share of each knot
    count, *sums = (near @ table + FEW * table.sum(axis=0)).T
    means, squares = np.array(sums).reshape(2, 2, -1) / count
    return np.stack([knots, *means, *np.sqrt(np.maximum(squares - means**2, 0))], axis=-1)


def _ties(knots):
    """Weights (knots, knots) that replace what belongs to a knot by the mean over all of its plateau."""
    near = np.abs(knots[:, None] - knots) < TIE
    return near / near.sum(axis=1, keepdims=True)


def match_tones(array: np.ndarray, wanted: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
    """A picture in [-1, 1] with its luminance matched to wanted `tones`, and its colours if these have them.

    The mean and the deviation of luminance become those of the style, as in Image Analogies (Hertzmann et al., 2001,
    https://doi.org/10.1145/383259.383295). With colours the luminance then goes half of the way to the quantiles of the
    style; all of the way, the noise of flat areas would be seen. After that, at each luminance, both hues get the mean
    and the deviation that the style has at the new luminance. First luminance, then the colours at each luminance: that
    is the order of the transport of Knothe and Rosenblatt. Mean and deviation are matched as by Reinhard et al., 2001
    (https://doi.org/10.1109/38.946629).

    Args:
        array: The picture, or a part of one.
        wanted: From `tones`.
        before: The `tones` of the whole picture, likewise with or without colours; None: those of this array.
    """
    before = tones([array], len(wanted) > PLAIN) if before is None else before
    return arrays.by_bands(lambda band: _matched(band, wanted, before), array)


def match_drawn(array: np.ndarray, wanted: np.ndarray, before: np.ndarray) -> np.ndarray:
    """As `match_tones` with colours, for what a network drew.

    It is matched wholly if the deviation of its luminance is `PALEST` of the wanted one or more; below that less, in
    proportion to how far it is above `LEAST_CONTRAST`. So the noise of an untrained network is not made strong, and
    what is flat stays flat.
    """
    share = np.clip((before[1] - LEAST_CONTRAST) / contrast_needed(wanted), 0, 1).astype("float32")
    matched = match_tones(array, wanted, before)
    return matched if share == 1 else array + share * (matched - array)


def contrast_needed(wanted: np.ndarray) -> float:
    """How far above `LEAST_CONTRAST` the deviation of what is drawn must be for it to be matched wholly to tones."""
    return max(PALEST * float(wanted[1]) - LEAST_CONTRAST, LEAST_CONTRAST)


def _matched(array, wanted, before):
    mean, deviation, darkest, lightest = wanted[:PLAIN]
    gain = deviation / max(before[1], np.float32(LEAST_CONTRAST))
    old = light(array)
    if len(wanted) == PLAIN:
        return with_light(array, np.clip((old - before[0]) * gain + mean, darkest, lightest))
    (old_knots, *old_colours), (knots, *colours) = (each[PLAIN:].reshape(KNOTS, 5).T for each in (before, wanted))
    new_knots = _ties(old_knots) @ ((old_knots - before[0]) * gain + mean + knots) / 2
    after = np.clip(np.interp(old, old_knots, new_knots), darkest, lightest)
    if array.shape[-1] == 1:  # grey has no colours to match
        return np.clip(after[..., None], -1, 1).astype("float32")
    old_means, old_spreads = _at(old, old_knots, old_colours)
    means, spreads = _at(after, knots, colours)
    factors = np.minimum(spreads / (old_spreads + LEAST_HUE), MOST_HUE)
    red, blue = (np.moveaxis(hues(array), -1, 0) - old_means) * factors + means
    green = -(LUMA[0] * red + LUMA[2] * blue) / LUMA[1]  # so that the luminance stays
    return np.clip(np.stack([red, green, blue], axis=-1) + after[..., None], -1, 1).astype("float32")


def _at(light, knots, colours):
    """The means of both hues, and their deviations, at luminances (height, width): twice (2, height, width)."""
    return np.array([np.interp(light, knots, row) for row in colours], "float32").reshape(2, 2, *light.shape)


def with_light(array: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """A picture (height, width, channels) in [-1, 1] in its own colours with another luminance (height, width).

    All channels are moved alike, which leaves the colour differences of YCbCr as they are.
    """
    return np.clip(array + (wanted - light(array))[..., None], -1, 1)


def with_light_of(array: np.ndarray, other: np.ndarray) -> np.ndarray:
    """A picture in its own colours with the luminance of another of the same size: see `with_light`."""
    return with_light(array, light(other))
