"""The matching of tones as operations of a graph, for exported models; `pictures.luminance` has it for arrays."""

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
        padded: A tensor (batch, height, width, 3) in [-1, 1].
        source: The same before it was padded: its tones are matched.
        tones: From `luminance.tones`, an array.
    """
    mean, deviation, darkest, lightest = tones[:PLAIN]
    light, old = luminance(source), luminance(padded)
    old_mean, old_deviation = (f(light, axis=(1, 2, 3), keepdims=True) for f in (ops.mean, ops.std))
    gain = deviation / ops.maximum(old_deviation, LEAST_CONTRAST)
    if len(tones) == PLAIN:
        return ops.clip(padded + ops.clip((old - old_mean) * gain + mean, darkest, lightest) - old, -1, 1)
    knots, *colours = (ops.convert_to_tensor(row)[None] for row in tones[PLAIN:].reshape(KNOTS, 5).T)
    old_knots, *old_colours = _described(source, light)
    linear = (old_knots - old_mean[:, :, 0, 0]) * gain[:, :, 0, 0] + mean
    new_knots = ops.matmul(_ties(old_knots), (linear + knots)[..., None])[..., 0] / 2
    after = ops.clip(_interpolated(old, old_knots, new_knots), darkest, lightest)
    hues = []
    for channel, here in zip((0, 2), (0, 1), strict=True):
        old_mean, old_spread = (_interpolated(old, old_knots, each) for each in old_colours[here::2])
        new_mean, spread = (_interpolated(after, knots, each) for each in colours[here::2])
        hue = padded[..., channel : channel + 1] - old
        hues.append((hue - old_mean) * ops.minimum(spread / (old_spread + LEAST_HUE), MOST_HUE) + new_mean)
    red, blue = hues
    green = -(LUMA[0] * red + LUMA[2] * blue) / LUMA[1]
    return ops.clip(ops.concatenate([red, green, blue], axis=-1) + after, -1, 1)


def match_drawn(drawn, tones):
    """What a network drew, as `luminance.match_drawn` matches it."""
    deviation = ops.std(luminance(drawn), axis=(1, 2, 3), keepdims=True)
    share = ops.clip((deviation - LEAST_CONTRAST) / contrast_needed(tones), 0.0, 1.0)
    return drawn + share * (match_tones(drawn, drawn, tones) - drawn)


def _described(pictures, light):
    """The rows of `luminance.tones` after the first four numbers: five tensors (batch, knots)."""
    batch, height, width, _ = ops.shape(light)
    levels = ops.cast(ops.round((ops.clip(light, -1, 1) + 1) * 127.5), "int32")
    hues = [pictures[..., channel : channel + 1] - light for channel in (0, 2)]
    rows = [ops.reshape(each, (-1, width)) for each in (levels, ops.ones_like(light), *hues, *map(ops.square, hues))]
    counted = ops.stack([ops.bincount(rows[0], each, LEVELS) for each in rows[1:]], axis=-1)
    # Row by row: a sum over all pixels of a plateau would be too large for the digits of float32.
    table = ops.sum(ops.reshape(counted, (batch, height, LEVELS, 5)), axis=1)
    values = ops.linspace(-1.0, 1.0, LEVELS)
    shares = ops.cumsum(table[..., 0], axis=1) / ops.sum(table[..., 0], axis=1, keepdims=True)
    wanted = ops.linspace(SPECKS, 1 - SPECKS, KNOTS)
    places = ops.sum(ops.cast(shares[:, :, None] < wanted, "int32"), axis=1)
    knots = ops.take(values, places) + RISE * ops.arange(KNOTS, dtype="float32")
    hats = [_interpolated(values[None, :, None, None], knots, hat) for hat in ops.split(ops.eye(KNOTS), KNOTS)]
    near = ops.transpose(ops.concatenate(hats, axis=-1)[:, :, 0], (0, 2, 1))  # (batch, knots, levels)
    found = ops.matmul(ops.matmul(_ties(knots), near), table) + FEW * ops.sum(table, axis=1, keepdims=True)
    means, squares = (found[..., first : first + 2] / found[..., :1] for first in (1, 3))
    spreads = ops.sqrt(ops.maximum(squares - ops.square(means), 0.0))
    return [knots, *(each[..., i] for each in (means, spreads) for i in (0, 1))]


def _ties(knots):
    near = ops.cast(ops.abs(knots[:, :, None] - knots[:, None]) < TIE, "float32")
    return near / ops.sum(near, axis=-1, keepdims=True)


def _interpolated(x, knots, values):
    """Piecewise linear functions, as by `numpy.interp`.

    Args:
        x: A tensor (batch, height, width, 1).
        knots: Where the slope changes, rising: (batch, knots).
        values: The values there, likewise; a batch of 1 is for all pictures.
    """
    first, *lengths = (each[:, None, None] for each in (values[:, :1], *ops.split(ops.diff(knots), KNOTS - 1, axis=1)))
    slopes = ops.diff(values) / ops.diff(knots)
    for i, length in enumerate(lengths):
        first = first + slopes[:, None, None, i : i + 1] * ops.clip(x - knots[:, None, None, i : i + 1], 0, length)
    return first
