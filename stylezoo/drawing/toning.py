"""The matching of tones as operations of a graph, for exported models; `pictures.luminance` has it for arrays."""

import numpy as np
from keras import ops

from stylezoo.layers import luminance
from stylezoo.pictures.luminance import (
    FEW,
    KNOTS,
    LEAST_CONTRAST,
    LEAST_HUE,
    LEVELS,
    LUMA,
    MOST_HUE,
    PLAIN,
    RISE,
    SPECKS,
    TIE,
    contrast_needed,
)


def match_tones(padded, source, tones):
    """Padded pictures with the tones of the styles, as `luminance.match_tones` makes them.

    Args:
        padded: A tensor (batch, height, width, channels) in [-1, 1].
        source: The same before it was padded: its tones are matched.
        tones: From `luminance.tones`, an array.
    """
    mean, deviation, darkest, lightest = tones[:PLAIN]
    light, old = luminance(source), luminance(padded)
    old_mean, old_deviation = (f(light, axis=(1, 2, 3), keepdims=True) for f in (ops.mean, ops.std))
    gain = deviation / ops.maximum(old_deviation, LEAST_CONTRAST)
    if len(tones) == PLAIN:
        return ops.clip(padded + ops.clip((old - old_mean) * gain + mean, darkest, lightest) - old, -1, 1)
    knots, *colours = tones[PLAIN:].reshape(KNOTS, 5).T
    old_knots, old_colours = _described(source, light)
    linear = (old_knots - old_mean[:, :, 0, 0]) * gain[:, :, 0, 0] + mean
    new_knots = ops.matmul(_ties(old_knots), (linear + knots)[..., None]) / 2
    found = _interpolated(old, old_knots, ops.concatenate([new_knots, old_colours], axis=-1))
    after, old_means, old_spreads = ops.split(found, [1, 3], axis=-1)
    after = ops.clip(after, darkest, lightest)
    if padded.shape[-1] == 1:
        return ops.clip(after, -1, 1)
    means, spreads = ops.split(_interpolated(after, knots[None], np.stack(colours, axis=-1)[None]), 2, axis=-1)
    hues = ops.concatenate([padded[..., channel : channel + 1] - old for channel in (0, 2)], axis=-1)
    hues = (hues - old_means) * ops.minimum(spreads / (old_spreads + LEAST_HUE), MOST_HUE) + means
    red, blue = ops.split(hues, 2, axis=-1)
    green = -(LUMA[0] * red + LUMA[2] * blue) / LUMA[1]
    return ops.clip(ops.concatenate([red, green, blue], axis=-1) + after, -1, 1)


def match_drawn(drawn, tones):
    """What a network drew, as `luminance.match_drawn` matches it."""
    deviation = ops.std(luminance(drawn), axis=(1, 2, 3), keepdims=True)
    share = ops.clip((deviation - LEAST_CONTRAST) / contrast_needed(tones), 0.0, 1.0)
    return drawn + share * (match_tones(drawn, drawn, tones) - drawn)


def _described(pictures, light):
    """The rows of `luminance.tones` after the first four numbers: the knots (batch, knots), the rest (batch, knots, 4).

    `tones` counts the pixels of each level in a table, which few runtimes can. Here the quantiles are searched for, and
    the share of each knot in a pixel is found at the pixel.
    """
    levels = ops.round((ops.clip(light, -1, 1) + 1) * 127.5)
    knots = _quantiles(levels) / 127.5 - 1 + RISE * ops.arange(KNOTS, dtype="float32")
    last = pictures.shape[-1] - 1  # grey pictures have no colours
    hues = [pictures[..., channel : channel + 1] - light for channel in (0, last)]
    counted = ops.concatenate([ops.ones_like(light), *hues, *map(ops.square, hues)], axis=-1)
    hats = _interpolated(levels / 127.5 - 1, knots, np.eye(KNOTS, dtype="float32")[None])
    table = ops.mean(ops.matmul(ops.swapaxes(hats, 2, 3), counted), axis=1) / ops.cast(ops.shape(hats)[2], "float32")
    found = ops.matmul(_ties(knots), table) + FEW * _mean(counted)[:, None]
    means, squares = (found[..., first : first + 2] / found[..., :1] for first in (1, 3))
    spreads = ops.sqrt(ops.maximum(squares - ops.square(means), 0.0))
    return knots, ops.concatenate([means, spreads], axis=-1)


def _quantiles(levels):
    """The least of 256 levels up to which there is each of the wanted shares of pixels: (batch, knots)."""
    wanted = ops.linspace(SPECKS, 1 - SPECKS, KNOTS)
    place = ops.zeros_like(levels[:, :1, 0, 0]) + ops.zeros_like(wanted)  # (batch, knots)
    step = LEVELS // 2
    while step:  # bisection: a level is below the wanted one if the share up to it is too small
        upto = place + (step - 1)
        below = ops.cast(levels <= upto[:, None, None] + 0.5, "float32")
        place = place + step * ops.cast(_mean(below) < wanted, "float32")
        step //= 2
    return place


def _mean(pictures):
    """The mean over height and width, row by row: a sum over all pixels would be too large for float32's digits."""
    return ops.mean(ops.mean(pictures, axis=2), axis=1)


def _ties(knots):
    near = ops.cast(ops.abs(knots[:, :, None] - knots[:, None]) < TIE, "float32")
    return near / ops.sum(near, axis=-1, keepdims=True)


def _interpolated(x, knots, values):
    """Piecewise linear functions, as by `numpy.interp`.

    Args:
        x: A tensor (batch, height, width, 1).
        knots: Where the slopes change, rising: (batch, knots).
        values: The values of each function there, (batch, knots, functions).

    Returns:
        (batch, height, width, functions).
    """
    lengths = knots[:, 1:] - knots[:, :-1]
    slopes = (values[:, 1:] - values[:, :-1]) / lengths[..., None]
    pieces = ops.minimum(ops.relu(x - knots[:, None, None, :-1]), lengths[:, None, None])
    return values[:, None, None, 0] + ops.matmul(pieces, slopes[:, None])
