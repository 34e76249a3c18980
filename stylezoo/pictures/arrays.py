"""Pictures as float arrays (height, width, 3) in [-1, 1] and back, and in other sizes."""

import os

import numpy as np
from PIL import Image, ImageOps

from stylezoo.errors import BadPicture
from stylezoo.pictures import colour, files


def to_array(image: Image.Image) -> np.ndarray:
    """An image as float32 (height, width, 3) in [-1, 1]."""
    return np.asarray(colour.to_rgb(image), "float32") / 127.5 - 1


def as_array(picture) -> np.ndarray:
    """A picture in any form as float32 (height, width, 3) or (count, height, width, 3) in [-1, 1].

    Args:
        picture: A path, a Pillow image, or such an array; one of uint8 has levels in 0..255.

    Raises:
        BadPicture: The file cannot be read, or the array is of another shape.
    """
    if isinstance(picture, str | os.PathLike):
        picture = files.open_picture(picture)
    if isinstance(picture, Image.Image):
        return to_array(picture)
    try:
        array = from_levels(np.asarray(picture)).astype("float32", copy=False)
    except (TypeError, ValueError):
        raise BadPicture(
            f"A {type(picture).__name__} is no picture: give a path, a Pillow image or an array."
        ) from None
    if array.ndim not in (3, 4) or array.shape[-1] != 3 or 0 in array.shape:
        raise BadPicture(
            f"An array of shape {array.shape} is no picture: (height, width, 3) or (count, height, width, 3) is needed."
        )
    if not np.isfinite(array).all():
        raise BadPicture("An array holds values that are no numbers (NaN or infinite); pictures are in [-1, 1].")
    return array


def to_image(array: np.ndarray) -> Image.Image:
    """A float array (height, width, 3) as an image; values outside of [-1, 1] are clipped."""
    return Image.fromarray(levels(array))


def levels(array: np.ndarray) -> np.ndarray:
    """Values in [-1, 1] as the nearest of 256 levels, uint8; what is beyond is clipped."""
    return np.rint((np.clip(array, -1, 1) + 1) * 127.5).astype("uint8")


def from_levels(pixels: np.ndarray) -> np.ndarray:
    """Levels, uint8, as float32 in [-1, 1]; an array of floats as it is."""
    return pixels.astype("float32") / 127.5 - 1 if pixels.dtype == np.uint8 else pixels


def resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture (height, width, 3), uint8 or float32 in [-1, 1], scaled to another size, as the same."""
    image = Image.fromarray(pixels) if pixels.dtype == np.uint8 else to_image(pixels)
    scaled = image.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(scaled) if pixels.dtype == np.uint8 else to_array(scaled)


def fitted(array: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture (height, width, 3) scaled and cut to another size, as much of its middle as fits."""
    if array.shape[:2] == (height, width):
        return array
    return to_array(ImageOps.fit(to_image(array), (width, height), Image.Resampling.LANCZOS))


def scaled(image: Image.Image, shorter: int, copies: int = 1) -> Image.Image:
    """The image with its shorter side of `shorter` pixels.

    Raises:
        BadPicture: The result, times `copies`, would exceed `files.LARGEST` pixels.
    """
    factor = shorter / min(image.size)
    width, height = (max(shorter, round(side * factor)) for side in image.size)
    if copies * width * height > files.LARGEST:
        possible = (files.LARGEST / copies * min(image.size) / max(image.size)) ** 0.5 - 0.25  # other sides round up
        many = f"{copies} pictures" if copies > 1 else "A picture"
        raise BadPicture(
            f"{many} of {width} x {height} pixels would be too large: up to {files.LARGEST // 1_000_000} megapixels "
            f"are possible, which is a shorter side of {int(possible)}."
        )
    return image if image.size == (width, height) else image.resize((width, height), Image.Resampling.LANCZOS)
