"""A trained generator and a picture of any size: the same picture in the style."""

import os
from functools import lru_cache

import numpy as np
import tensorflow as tf
from keras import ops
from PIL import Image

from stylezoo import contract, images
from stylezoo.errors import BadPicture

COARSEST = 256  # pixels: no published generator halves a picture more than eight times
SMALLEST = 16  # pixels: a smaller picture has no room for the reflections inside of a network


def stylize(generator, picture, tones=None, seed=0, **look):
    """Redraw a picture; what `GAN.stylize` does.

    Args:
        generator: A generator's Keras model.
        picture: A path, a Pillow image, or a float array (height, width, 3) or (count, height, width, 3) in [-1, 1].
        tones: To what light and dark of the picture are brought first, as `images.tones` tells it; None: to nothing.
        seed: For a generator with noise or random style codes.
        **look: What tells the style: `style`, a picture as an array; `weights` of the named styles; or `random_code`,
            whether a generator made of codes takes a random one.

    Returns:
        A Pillow image for a path or an image, a float32 array of the same shape for an array.

    Raises:
        BadPicture: The file cannot be read, or the array is of another shape.
    """
    array = images.as_array(picture)
    if array.ndim == 4:  # one by one: memory, not speed, is short
        return np.stack([_redraw(generator, one, tones, seed, **look) for one in array])
    drawn = _redraw(generator, array, tones, seed, **look)
    return images.to_image(drawn) if isinstance(picture, str | os.PathLike | Image.Image) else drawn


def _redraw(generator, picture, tones, seed, style=None, weights=None, random_code=False):
    """A picture (height, width, 3), enlarged by reflection to what the generator can take and cut back."""
    height, width, _ = picture.shape
    if tones is not None:
        picture = images.match_tones(picture, tones)
    weights = None if weights is None else ops.convert_to_tensor([weights], "float32")
    reason = None
    for shape in _fitting(generator, height, width):
        padded = _enlarged(picture, *shape)
        look = padded if style is None else images.fitted(style, *shape)
        try:
            pictures, looks = (ops.convert_to_tensor(each[None]) for each in (padded, look))
            drawn = _in_graph(generator, random_code)(pictures, looks, weights, seed)
        except ValueError as error:  # branches that cannot be joined, which a layer's own word did not tell
            reason = error
            continue
        except (MemoryError, tf.errors.ResourceExhaustedError):
            raise BadPicture(
                f"There is not enough memory to redraw {width} x {height} pixels; make the picture smaller (--size)."
            ) from None
        # Not every generator ends in a tanh.
        return np.clip(ops.convert_to_numpy(drawn)[0, :height, :width], -1, 1)
    raise BadPicture(f"The generator of this model cannot redraw a picture of {width} x {height} pixels.") from reason


@lru_cache(maxsize=4)
def _in_graph(generator, random_code):
    """The generator as one graph: step by step, the answers of all its layers would stay in memory to the end."""

    def redraw(pictures, style, weights, seed):
        code = contract.random_code(generator, pictures, seed) if random_code else None
        return contract.generate(generator, pictures, style, seed=seed, labels=weights, code=code)

    return tf.function(redraw)


def _enlarged(picture, height, width):
    """The picture with its mirror image at the right and the bottom, (height, width, 3)."""
    return np.pad(picture, ((0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0)), mode="symmetric")


def _fitting(generator, height, width):
    """The sizes from (height, width) on that the generator says to answer with a picture of the same size."""
    step = 1
    while step <= COARSEST:
        shape = tuple(-(-max(size, SMALLEST) // step) * step for size in (height, width))
        if answers(generator, (1, *shape, 3)):
            yield shape
        step *= 2


def answers(generator, shape):
    """Whether the generator answers a picture of this shape with one of the same shape."""
    shapes = [tuple(size or other for size, other in zip(each.shape, shape, strict=False)) for each in generator.inputs]
    try:
        return generator.compute_output_shape(shapes if len(shapes) > 1 else shapes[0]) == shape
    except ValueError:  # branches of different size that cannot be joined
        return False
