"""The motion between two frames of a film at each pixel, and a frame moved by it."""

import math

from keras import ops

from stylezoo import backend
from stylezoo.layers import luminance

FEWEST = 12  # pixels of the shorter side of the smallest picture in which motion is looked for
FINEST = 320  # pixels: the shorter side of the largest one has less than twice as many
TURNS = 2  # how often the motion is corrected at each size
CELL = 4  # pixels of the side of a square that moves as one
WINDOW = 1.2  # cells: the standard deviation of the Gaussian within which all move alike
FLATNESS = 1.5e-5  # the mean squared slope below which a place moves as the broader area around it does
FARTHEST = 1.0  # pixels by which one correction moves at most
AROUND = 2.0  # pixels: the standard deviation of the Gaussian within which pictures are compared
WHOLE = 0.06  # pixels: motion that is nearer to a whole number is that number, and no pixel is mixed of others


def between(before, after):
    """Where each pixel of a frame has come from: Lucas and Kanade, 1981, in pictures from small to large.

    Args:
        before: A tensor (height, width, 3), levels in 0..255.
        after: Likewise, the next frame.

    Returns:
        (height, width, 2): the rows and the columns to add to the place of a pixel to find it in the frame before.
    """
    height, width = after.shape[:2]
    finest = max(1, min(height, width) // FINEST)
    both = [luminance(ops.cast(each, "float32")[None] / 127.5) for each in (before, after)]
    old, new = (_sized(each, height // finest, width // finest) for each in both)
    pairs = [[old + ops.median(new - old), new]]  # a scene that gets darker does not move
    while min(pairs[-1][0].shape[1:3]) >= 2 * FEWEST:
        pairs.append([_sized(each, *(-(-side // 2) for side in each.shape[1:3])) for each in pairs[-1]])
    motion = ops.zeros((*pairs[-1][1].shape[:3], 2))
    for old, new in reversed(pairs):
        motion = _scaled(motion, *new.shape[1:3])
        for _ in range(TURNS):
            motion = _corrected(motion, old, new)
    motion = _rounded(_with_camera(*pairs[0], _rounded(motion)))
    return _rounded(_scaled(motion, height, width)[0])


@backend.graph_of_each_size
def moved(picture, motion, top):
    """Some rows of a picture (height, width, n) with each pixel from where it was, by cubic interpolation (Keys, 1981).

    Args:
        picture: The whole of it, before.
        motion: From `between`, these rows of it.
        top: The number of the first row, a tensor.

    Returns:
        (rows, width, n); beyond the border the pixels nearest to it.
    """
    return _moved(picture, motion, top)


@backend.graph_of_each_size
def unlike(difference):
    """How much pictures differ around each pixel: (height, width), from what each pixel differs by."""
    return blurred(difference[None, ..., None], AROUND)[0, ..., 0]


@backend.graph_of_each_size
def _corrected(motion, old, new):
    """Motion after one more correction; one graph for each size, because a graph of all of them takes long to make."""
    return motion + _sized(_correction(_moved(old[0], motion[0])[None], new), *new.shape[1:3])


@backend.graph_of_each_size
def _with_camera(old, new, motion):
    """The motion, or where that of the camera explains as much, the camera's: what is flat moves with the rest."""
    camera = ops.zeros_like(motion) + _rounded(ops.median(motion, axis=(1, 2), keepdims=True))
    alone, along = (blurred(ops.abs(_moved(old[0], each[0])[None] - new), AROUND) for each in (motion, camera))
    return ops.where(along <= alone, camera, motion)


def _rounded(motion):
    return ops.where(ops.abs(motion - ops.round(motion)) < WHOLE, ops.round(motion), motion)


def _moved(picture, motion, top=0):
    height, width, channels = picture.shape
    rows, columns = ops.meshgrid(*(ops.arange(side, dtype="float32") for side in motion.shape[:2]), indexing="ij")
    rows = rows + ops.cast(top, "float32")
    places = ops.clip(rows + motion[..., 0], 0, height - 1), ops.clip(columns + motion[..., 1], 0, width - 1)
    (above, row_shares), (left, column_shares) = (_taps(each) for each in places)
    column_shares = ops.stack(column_shares)
    flat, total = ops.reshape(picture, (-1, channels)), 0.0
    beside = ops.clip(left + ops.reshape(ops.arange(4), (4, 1, 1)), 0, width - 1)
    for i, share in enumerate(row_shares):
        taken = ops.take(flat, ops.clip(above + i, 0, height - 1) * width + beside, axis=0)
        total = total + share[..., None] * ops.sum(column_shares[..., None] * taken, axis=0)
    return total


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


def _correction(old, new):
    """The motion of cells that is left between two pictures of luminance, if all within a window move alike."""
    y, x = _slopes((old + new) / 2)
    change = new - old
    products = ops.concatenate([y * y, x * x, x * y, y * change, x * change], axis=-1)
    yy, xx, xy, yc, xc = ops.split(blurred(ops.average_pool(products, CELL, padding="same"), WINDOW), 5, axis=-1)
    yy, xx = yy + FLATNESS, xx + FLATNESS
    found = ops.concatenate([xx * yc - xy * xc, yy * xc - xy * yc], axis=-1) / (yy * xx - xy * xy)
    return ops.clip(found, -FARTHEST, FARTHEST)


def _slopes(x):
    padded = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    return (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2, (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2


def _scaled(motion, height, width):
    """Motion in a picture as that in a larger one."""
    factors = ops.convert_to_tensor([height / motion.shape[1], width / motion.shape[2]], "float32")
    return _sized(motion, height, width) * factors


def _sized(x, height, width):
    return ops.image.resize(x, (height, width), "bilinear", antialias=True)


def blurred(x, deviation):
    """A Gaussian blur of each channel of a tensor (1, height, width, n), its standard deviation in pixels."""
    reach = round(2.5 * deviation)
    shares = [math.exp(-((step / deviation) ** 2) / 2) for step in range(-reach, reach + 1)]
    for axis in (1, 2):
        length = x.shape[axis]
        pad = [(0, 0)] * 4
        pad[axis] = (min(reach, length), min(reach, length))
        x = ops.pad(x, pad, mode="symmetric")
        whole = [slice(None)] * 4
        parts = []
        for step, share in enumerate(shares):
            whole[axis] = slice(step, step + length)
            parts.append(share / sum(shares) * x[tuple(whole)])
        x = sum(parts)
    return x
