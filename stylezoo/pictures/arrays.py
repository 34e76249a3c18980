"""Pictures as float arrays (height, width, channels) in [-1, 1] and back, and in other sizes."""

import os
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image, ImageOps

from stylezoo.errors import BadOptions, BadPicture
from stylezoo.pictures import colour, files, opening, scans

BAND = 256  # rows of a picture that are changed at once, to save memory
LEVELS = {"uint8": 127.5, "uint16": 32767.5}  # types of levels, each with how many of them there are in 1
SLACK = 0.01  # how far floats may be outside of [-1, 1], as in resampled pictures


def to_array(image: Image.Image) -> np.ndarray:
    """An image as float32 (height, width, 3) in [-1, 1]."""
    return np.asarray(colour.to_rgb(image), "float32") / 127.5 - 1


def as_array(picture, channels: int = 3) -> np.ndarray:
    """A picture in any form as float32 (height, width, channels) or (count, height, width, channels) in [-1, 1].

    Args:
        picture: A path, a binary file object, a Pillow image, or such an array; one of uint8 has levels in 0..255, one
            of uint16 in 0..65535.
        channels: The channels of the model that takes it.

    Raises:
        BadPicture: The file cannot be read, or the array is of another shape, type or range.
    """
    image = opening.opened(picture, channels)
    if image is not None:
        return from_levels(scans.pixels(opening.flat(image)))
    array = _numbers(picture)
    if array.ndim not in (3, 4) or array.shape[-1] != channels or 0 in array.shape:
        raise BadPicture(
            f"An array of shape {array.shape} is no picture: (height, width, {channels}) or (count, height, width, "
            f"{channels}) is needed."
        )
    if found := fault(array):
        raise BadPicture(f"An array {found}")
    return from_levels(array).astype("float32", copy=False)


def fault(array: np.ndarray) -> str:
    """What is wrong with the values of pictures, the rest of a sentence; "" for levels and for floats in [-1, 1]."""
    if is_levels(array):
        return ""
    if wrong := fault_of_type(str(array.dtype)):
        return wrong
    if not np.isfinite(array).all():
        return "holds values that are no numbers (NaN or infinite); pictures are in [-1, 1]."
    if np.abs(array).max(initial=0) > 1 + SLACK:
        return (
            f"has values from {array.min():g} to {array.max():g}; pictures are floats in [-1, 1] or uint8: of values "
            "in 0..255 take x / 127.5 - 1."
        )
    return ""


def fault_of_type(name: str) -> str:
    """Likewise for the name of a type alone."""
    if name in LEVELS or "float" in name:
        return ""
    return (
        f"is {name}; pictures are uint8 in 0..255, uint16 in 0..65535 or floats in [-1, 1]: of {name} in 0..255 take "
        "x / 127.5 - 1."
    )


def _numbers(picture):
    """An array of numbers from whatever is like one."""
    try:
        array = np.asarray(picture)
    except (TypeError, ValueError):  # lists of unequal lengths
        array = np.asarray(None)
    if array.dtype.kind in "OSUM":
        many = "; of several give one after another" if isinstance(picture, list | tuple) else ""
        raise BadPicture(
            f"A {type(picture).__name__} is no picture: give a path, a binary file object, a Pillow image or an array"
            f"{many}."
        )
    return array


def to_image(array: np.ndarray) -> Image.Image:
    """A float array (height, width, 3) as an image; values outside of [-1, 1] are clipped."""
    return Image.fromarray(levels(array))


def is_levels(pixels: np.ndarray) -> bool:
    """Whether pixels are levels, uint8 or uint16, and no floats."""
    return str(pixels.dtype) in LEVELS


def levels(array: np.ndarray, dtype="uint8") -> np.ndarray:
    """Values in [-1, 1] as the nearest levels, of uint8 or uint16; what is beyond is clipped."""
    return np.rint((np.clip(array, -1, 1) + 1) * LEVELS[str(np.dtype(dtype))]).astype(dtype)


def from_levels(pixels: np.ndarray) -> np.ndarray:
    """Levels, uint8 or uint16, as float32 in [-1, 1], so exact that `levels` gives them back; floats as they are."""
    return pixels.astype("float32") / LEVELS[str(pixels.dtype)] - 1 if is_levels(pixels) else pixels


def as_given(array: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """A picture of floats in [-1, 1] in the number format of another one: levels, or floats as it is."""
    return levels(array, pixels.dtype) if is_levels(pixels) else array


def bands(array: np.ndarray) -> list[np.ndarray]:
    """An array (height, ...) in parts of at most `BAND` rows: arithmetic takes several times the memory of levels."""
    return np.array_split(array, -(-len(array) // BAND))


def by_bands(change: Callable, first: np.ndarray, *others: np.ndarray) -> np.ndarray:
    """A picture made of others of the same size, part by part, in the number format of the first.

    Args:
        change: A function of a part of each, as floats, that gives the part of the picture.
        first: A picture (height, width, channels), levels or floats in [-1, 1].
        *others: Likewise, or other floats (height, width, n).
    """
    made = np.empty(first.shape, first.dtype if is_levels(first) else "float32")
    for part, *given in zip(*map(bands, (made, first, *others)), strict=True):
        new = change(*map(from_levels, given))
        part[...] = as_given(new, made)
    return made


def resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture (height, width, channels), levels or float32 in [-1, 1], scaled to another size, as the same."""
    if not _is_image(pixels):
        return scans.by_planes(pixels, lambda plane: plane.resize((width, height), Image.Resampling.LANCZOS))
    image = Image.fromarray(pixels) if pixels.dtype == np.uint8 else to_image(pixels)
    scaled = image.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(scaled) if pixels.dtype == np.uint8 else to_array(scaled)


def fitted(array: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture (height, width, channels) scaled and cut to another size, as much of its middle as fits."""
    if array.shape[:2] == (height, width):
        return array
    if not _is_image(array):
        fit = partial(ImageOps.fit, size=(width, height), method=Image.Resampling.LANCZOS)
        return scans.by_planes(array, fit)
    return to_array(ImageOps.fit(to_image(array), (width, height), Image.Resampling.LANCZOS))


def _is_image(pixels):
    """Whether a picture is one of Pillow's: three channels of 8 bits, or of floats, which become these."""
    return pixels.shape[-1] == 3 and pixels.dtype != np.uint16


def opened_at(picture, shorter: int, channels: int = 3) -> Image.Image:
    """A picture file or an image, its shorter side scaled to `shorter` pixels; transparency is kept.

    `channels` are those of the model, as in `opening.open_picture`.

    Raises:
        BadOptions: It is neither, or the side is less than one pixel.
        BadPicture: As `files.open_picture` and `scaled`.
    """
    if not isinstance(shorter, int) or shorter < 1:
        raise BadOptions(f"The size is {shorter!r}; it must be a number of pixels, 1 or more.")
    if isinstance(picture, str | os.PathLike):
        return scaled(opening.open_picture(picture, channels, shorter), shorter)
    image = opening.opened(picture, channels)
    if image is None:
        raise BadOptions("A size is for a picture file or an image; scale arrays before.")
    return scaled(image, shorter)


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
