"""Pictures in other sizes, as operations of a graph; `pictures.arrays` and Pillow have it for arrays."""

from collections.abc import Callable

from keras import ops

LANCZOS = 3  # pixels to either side that its kernel reaches


def lanczos(distance):
    """The kernel of Lanczos with three lobes."""
    inside = ops.abs(distance) < LANCZOS
    return ops.where(inside, _sinc(distance) * _sinc(distance / LANCZOS), 0.0)


def triangle(distance):
    """The kernel of bilinear interpolation."""
    return ops.relu(1 - ops.abs(distance))


def resampled(pictures, sides, kernel: Callable = lanczos, box=None, rounded: bool = False):
    """Pictures in another size, as Pillow makes them: the kernel is as broad as a new pixel, or as an old one.

    A product with a matrix for each axis: every runtime has it, which is not so for a resampling with a broad kernel.

    Args:
        pictures: (batch, height, width, n).
        sides: The new height and width, numbers or tensors.
        kernel: `lanczos` or `triangle`.
        box: The part of the pictures that is used, in pixels: for each axis a pair of its start and its length, float
            tensors. None: all of it.
        rounded: Whether values in [-1, 1] are rounded to 256 levels after each axis, as those of an image are.
    """
    lengths = ops.shape(pictures)[1:3]
    box = box or [(0.0, ops.cast(length, "float32")) for length in lengths]
    rows, columns = (
        _weights(length, side, *part, kernel) for length, side, part in zip(lengths, sides, box, strict=True)
    )
    finish = _as_levels if rounded else lambda pictures: pictures
    across = finish(ops.matmul(columns, finish(pictures)))
    return ops.swapaxes(finish(ops.matmul(rows, ops.swapaxes(across, 1, 2))), 1, 2)


def fitted(pictures, sides):
    """Pictures (batch, height, width, 3) in [-1, 1], scaled and cut as `stylezoo.pictures.arrays.fitted` does it.

    Args:
        pictures: A float32 tensor.
        sides: The new height and width, numbers or tensors.
    """
    lengths = [ops.cast(length, "float32") for length in ops.shape(pictures)[1:3]]
    wanted = [ops.cast(side, "float32") for side in sides]
    scale = ops.minimum(*(length / side for length, side in zip(lengths, wanted, strict=True)))
    box = [((length - scale * side) / 2, scale * side) for length, side in zip(lengths, wanted, strict=True)]
    return resampled(pictures, sides, box=box, rounded=True)


def _weights(length, side, start, part, kernel):
    """The share of each of `length` old pixels in each of `side` new ones: (1, side, length)."""
    factor = part / ops.cast(side, "float32")
    centres = start + (ops.arange(side, dtype="float32") + 0.5) * factor
    distances = ops.arange(length, dtype="float32") + 0.5 - centres[:, None]
    weights = kernel(distances / ops.maximum(factor, 1.0))
    return (weights / ops.sum(weights, axis=1, keepdims=True))[None]


def _sinc(x):
    angle = 3.14159265358979 * x
    return ops.where(ops.equal(x, 0), 1.0, ops.sin(angle) / ops.where(ops.equal(x, 0), 1.0, angle))


def _as_levels(pictures):
    return ops.round((ops.clip(pictures, -1, 1) + 1) * 127.5) / 127.5 - 1
