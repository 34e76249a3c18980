"""The motion between two frames of a film at each pixel, and a frame moved by it."""

import keras
from keras import ops

from stylezoo import backend
from stylezoo.layers import luminance

FEWEST = 24  # pixels of the shorter side of the smallest picture in which motion is looked for
TURNS = 3  # how often the motion is corrected at each size
WINDOW = 4.0  # pixels: the standard deviation of the Gaussian within which all move alike
FLATNESS = 2e-4  # the mean squared slope below which a place moves as the broader area around it does
FARTHEST = 1.0  # pixels by which one correction moves at most
WHOLE = 0.06  # pixels: motion that is nearer to a whole number is that number, and no pixel is mixed of others


def between(before, after):
    """Where each pixel of a frame has come from: Lucas and Kanade, 1981, in pictures from small to large.

    Args:
        before: A tensor (1, height, width, 3) in [-1, 1].
        after: Likewise, the next frame.

    Returns:
        (1, height, width, 2): the rows and the columns to add to the place of a pixel to find it in the frame before.
    """
    pairs = [(luminance(before), luminance(after))]
    while min(pairs[-1][0].shape[1:3]) >= 2 * FEWEST:
        pairs.append(tuple(_halved(each) for each in pairs[-1]))
    motion = ops.zeros((*pairs[-1][1].shape[:3], 2))
    for old, new in reversed(pairs):
        height, width = new.shape[1:3]
        scale = ops.convert_to_tensor([height / motion.shape[1], width / motion.shape[2]], "float32")
        motion = ops.image.resize(motion, (height, width), "bilinear") * scale
        for _ in range(TURNS):
            motion = motion + _correction(moved(old, motion), new)
            motion = _blurred(motion, WINDOW / 2)
    return ops.where(ops.abs(motion - ops.round(motion)) < WHOLE, ops.round(motion), motion)


def moved(picture, motion):
    """A picture (1, height, width, n) with each pixel from where it was, by cubic interpolation (Keys, 1981)."""
    _, height, width, channels = picture.shape
    rows, columns = ops.meshgrid(ops.arange(height, dtype="float32"), ops.arange(width, dtype="float32"), indexing="ij")
    places = ops.clip(rows + motion[0, ..., 0], 0, height - 1), ops.clip(columns + motion[0, ..., 1], 0, width - 1)
    (top, row_shares), (left, column_shares) = (_taps(each) for each in places)
    flat, total = ops.reshape(picture[0], (-1, channels)), 0.0
    for i, row_share in enumerate(row_shares):
        row = ops.clip(top + i, 0, height - 1) * width
        line = sum(
            share[..., None] * ops.take(flat, row + ops.clip(left + j, 0, width - 1), axis=0)
            for j, share in enumerate(column_shares)
        )
        total = total + row_share[..., None] * line
    return total[None]


def _taps(places):
    """The first of four pixels around each place along an axis, and the shares of the four."""
    first = ops.floor(places)
    x = places - first
    shares = (
        ((-0.5 * x + 1) * x - 0.5) * x,
        (1.5 * x - 2.5) * x * x + 1,
        ((-1.5 * x + 2) * x + 0.5) * x,
        (0.5 * x - 0.5) * x * x,
    )
    return ops.cast(first, "int32") - 1, shares


def inside(motion):
    """Whether each pixel was within the frame before: 1 or 0, (1, height, width, 1)."""
    _, height, width, _ = motion.shape
    rows, columns = ops.meshgrid(ops.arange(height, dtype="float32"), ops.arange(width, dtype="float32"), indexing="ij")
    y, x = rows + motion[..., 0], columns + motion[..., 1]
    return ops.cast((y >= 0) & (y <= height - 1) & (x >= 0) & (x <= width - 1), "float32")[..., None]


def _correction(old, new):
    """The motion that is left between two pictures of luminance, if all within a window move alike."""
    y, x = _slopes((old + new) / 2)
    change = new - old
    yy, xx, xy, yc, xc = ops.split(
        _blurred(ops.concatenate([y * y, x * x, x * y, y * change, x * change], axis=-1), WINDOW), 5, axis=-1
    )
    yy, xx = yy + FLATNESS, xx + FLATNESS
    determinant = yy * xx - xy * xy
    found = ops.concatenate([xx * yc - xy * xc, yy * xc - xy * yc], axis=-1) / determinant
    return ops.clip(found, -FARTHEST, FARTHEST)


def _slopes(x):
    padded = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    return (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2, (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2


def _halved(x):
    _, height, width, _ = x.shape
    return ops.image.resize(x, (-(-height // 2), -(-width // 2)), "bilinear", antialias=True)


def _blurred(x, deviation):
    """A Gaussian blur of each channel."""
    reach = round(2.5 * deviation)
    steps = ops.arange(-reach, reach + 1, dtype="float32")
    kernel = ops.exp(-ops.square(steps / deviation) / 2)
    kernel = kernel / ops.sum(kernel)
    channels = x.shape[-1]
    for axis in (1, 2):
        pad = [(0, 0)] * 4
        pad[axis] = (min(reach, x.shape[axis]),) * 2
        x = ops.pad(x, pad, mode="symmetric")
        shape = [1, 1, 1, 1]
        shape[axis - 1] = -1
        filters = ops.tile(ops.reshape(kernel, shape), (1, 1, channels, 1))
        x = ops.depthwise_conv(x, filters, padding="valid")
    return x
