"""A trained generator and a picture of any size: the same picture in the style."""

import os

import numpy as np
from keras import ops
from PIL import Image

from stylezoo import images
from stylezoo.contract import generate
from stylezoo.errors import BadPicture

COARSEST = 256  # pixels: no published generator halves a picture more than eight times
SMALLEST = 16  # pixels: a smaller picture has no room for the reflections inside of a network


def stylize(generator, picture):
    """Redraw a picture; what `GAN.stylize` does.

    Args:
        generator: A generator's Keras model.
        picture: A path, a Pillow image, or a float array (height, width, 3) or (count, height, width, 3) in [-1, 1].

    Returns:
        A Pillow image for a path or an image, a float32 array of the same shape for an array.

    Raises:
        BadPicture: The file cannot be read, or the array is of another shape.
    """
    if isinstance(picture, Image.Image):
        return images.to_image(_redraw(generator, images.to_array(picture)[None])[0])
    if isinstance(picture, str | os.PathLike):
        return stylize(generator, images.open_picture(picture))
    array = np.asarray(picture, "float32")
    if array.ndim not in (3, 4) or array.shape[-1] != 3 or 0 in array.shape:
        raise BadPicture(
            f"An array of shape {array.shape} is no picture: (height, width, 3) or (count, height, width, 3) is needed."
        )
    return _redraw(generator, array[None])[0] if array.ndim == 3 else _redraw(generator, array)


def _redraw(generator, pictures):
    """Pictures (count, height, width, 3), enlarged by reflection to what the generator can take and cut back."""
    height, width = pictures.shape[1:3]
    padded = _enlarged(pictures, _fitting(generator, height), _fitting(generator, width))
    fakes = [generate(generator, one[None], one[None]) for one in padded]  # one by one: memory, not speed, is short
    return np.concatenate([ops.convert_to_numpy(fake) for fake in fakes])[:, :height, :width]


def _enlarged(pictures, height, width):
    """The pictures with their mirror image at the right and the bottom, (count, height, width, 3)."""
    missing = (height - pictures.shape[1], width - pictures.shape[2])
    return np.pad(pictures, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")


def _fitting(generator, size):
    """The least side from `size` on that the generator answers with a picture of the same side."""
    step = 1
    while step <= COARSEST:
        side = -(-max(size, SMALLEST) // step) * step
        if _answers(generator, (1, side, side, 3)):
            return side
        step *= 2
    raise BadPicture(f"The generator of this model cannot redraw a picture with a side of {size} pixels.")


def _answers(generator, shape):
    """Whether the generator answers a picture of this shape with one of the same shape."""
    shapes = [shape] * len(generator.inputs)
    try:
        return generator.compute_output_shape(shapes if len(shapes) > 1 else shape) == shape
    except ValueError:  # branches of different size that cannot be joined
        return False
