"""Colours of Pillow images: any mode, depth, profile and orientation to upright sRGB of 8 bits, or to a palette."""

import threading
import warnings
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps

WARNING_FILTERS = threading.Lock()  # they belong to the process, and folders are read by several threads
SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"}  # what ICC calls the colours of a Pillow mode
CLEAR = 255  # the colour of a palette that stands for transparency


def upright(image: Image.Image) -> Image.Image:
    """Any Pillow image as upright sRGB of 8 bits a channel: RGBA where a pixel is transparent, else RGB.

    Colours are not premultiplied, and white where alpha is 0. An embedded ICC profile is applied; one that is damaged
    or made for another colour space is ignored. An RGB image that needs none of this is returned itself, not a copy.
    """
    image.load()
    image, profile = _turned(image), image.info.get("icc_profile")
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
        image = _of_eight_bits(image)
    if not image.has_transparency_data:
        return _in_srgb(image, profile)
    image = _with_alpha(image)
    alpha = image.getchannel("A")
    colours = _in_srgb(image.convert(image.mode.removesuffix("A")), profile)
    if alpha.getextrema()[0] < 255:
        colours.paste("white", mask=alpha.point([255] + [0] * 255))
        colours.putalpha(alpha)
    return colours


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow image as `upright` RGB, its transparency laid on white."""
    image = upright(image)
    if image.mode == "RGB":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def paletted(image: Image.Image) -> Image.Image:
    """An RGB or RGBA image as mode P: its up to 255 colours, or dithered to 255; the last index is transparent."""
    colours = image.convert("RGB")
    if colours.getcolors(CLEAR):  # None if there are more
        indices = chosen = colours.quantize(CLEAR, Image.Quantize.MEDIANCUT)
    else:  # octrees are dithered more evenly than median cuts, and thirty times as fast
        chosen = colours.quantize(CLEAR, Image.Quantize.FASTOCTREE)
        indices = colours.quantize(palette=chosen, dither=Image.Dither.FLOYDSTEINBERG)
    indices.putpalette((chosen.getpalette() + [0] * 768)[:768])
    indices.info = {}
    if image.mode == "RGBA":  # transparency in a GIF is all or nothing
        indices.paste(CLEAR, mask=image.getchannel("A").point([255] * 128 + [0] * 128))
        indices.info["transparency"] = CLEAR
    return indices


@contextmanager
def silenced():
    """Suppress Pillow's warnings: sizes are checked elsewhere, and pictures with damaged EXIF blocks can be used."""
    with WARNING_FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _turned(image):
    """The image turned by its EXIF orientation; itself, without a copy, if there is nothing to turn."""
    with silenced():
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        return ImageOps.exif_transpose(image) if turned else image


def _of_eight_bits(image):
    """An image of one channel of 16 or 32 bits as L, or as LA if one of its values stands for transparency."""
    values = np.asarray(image)
    grey = Image.fromarray(_eight_bits(values))
    if "transparency" in image.info:
        grey.putalpha(Image.fromarray(np.uint8(255) * (values != image.info["transparency"])))
    return grey


def _with_alpha(image):
    """An image that has any sort of transparency as LA or RGBA."""
    clear = image.info.get("transparency")
    if isinstance(clear, tuple) and max(clear) > 255:  # of a PNG of 16 bits a channel, which Pillow opens as 8
        image = image.copy()
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    return image.convert("LA" if image.mode in ("1", "L", "LA", "La") else "RGBA")


def _in_srgb(image, profile):
    """An image without alpha as RGB, by its ICC profile (bytes or None) if that fits."""
    if image.mode not in SPACES:  # a profile of palette, HSV or YCbCr images is one of their RGB values
        image = image.convert("L" if image.mode == "1" else "RGB")
    transform = _to_srgb(profile, image.mode) if profile else None
    if transform is None and image.mode == "LAB":
        transform = _to_srgb(_known("LAB").tobytes(), "LAB")
    if transform is None:
        return image if image.mode == "RGB" else image.convert("RGB")
    converted = transform.apply(image)
    del converted.info["icc_profile"]
    return converted


@lru_cache(maxsize=8)  # the pictures of one camera, the frames of one animation
def _to_srgb(profile, mode):
    """The transform from an ICC profile to sRGB; None if the profile cannot be used or nothing would change."""
    try:
        given = ImageCms.ImageCmsProfile(BytesIO(profile))
        if given.profile.xcolor_space.strip() != SPACES[mode]:
            return None
        transform = ImageCms.ImageCmsTransform(given, _known("sRGB"), mode, "RGB")
    except (OSError, TypeError, ValueError):
        return None
    return None if mode == "RGB" and _changes_nothing(transform) else transform


def _known(name):
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name))


def _changes_nothing(transform):
    """Whether a transform of RGB changes no colour of a sample of the cube: its profile is sRGB under some name."""
    cube = np.stack(np.meshgrid(*[np.arange(0, 256, 15, dtype="uint8")] * 3), axis=-1).reshape(18, -1, 3)
    changed = np.asarray(transform.apply(Image.fromarray(cube)))
    return np.abs(changed.astype(int) - cube).max() <= 2  # table profiles have rounding errors


def _eight_bits(values):
    """Grey values of more than 8 bits as 8: integers of 16 bits by their range, floats in [0, 1] or [0, 255]."""
    if values.dtype.kind == "f":
        values = np.nan_to_num(values) * (255 if np.nanmax(values, initial=0) <= 1 else 1)
    elif values.max(initial=0) > 255 or values.dtype == np.uint16:
        values = values / 257
    return np.rint(np.clip(values, 0, 255)).astype("uint8")
