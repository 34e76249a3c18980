"""Colours of Pillow images: any mode, depth, profile and orientation to upright sRGB of 8 bits, or to a palette."""

import threading
import warnings
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps

from stylezoo.pictures import depth, png

WARNING_FILTERS = threading.Lock()  # they belong to the process, and folders are read by several threads
SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"}  # what ICC calls the colours of a Pillow mode
LUMA = np.float32([0.299, 0.587, 0.114])  # ITU-R BT.601
CLEAR = 255  # the colour of a palette that stands for transparency
OFTEN_UNUSED = frozenset({"BMP", "CUR", "DDS", "DIB", "ICO", "SGI", "TGA", "TIFF"})  # many programs leave alpha 0 there


def upright(image: Image.Image, as_stored: bool = False) -> Image.Image:
    """Any Pillow image as upright sRGB of 8 bits a channel: RGBA where a pixel is transparent, else RGB.

    Colours are not premultiplied, and white where alpha is 0. An alpha that is 0 everywhere is ignored in formats where
    programs often leave it unused (`OFTEN_UNUSED`); a PNG, WebP, GIF or AVIF means it. An embedded ICC profile is
    applied, as are the gamma and the primaries of a PNG; a profile that is damaged or made for another colour space is
    ignored. What is black and white in more than 8 bits is told in `stylezoo.pictures.depth`. An RGB image that needs
    none of this is returned itself, not a copy.

    Args:
        image: The image.
        as_stored: Whether no profile is applied.

    Raises:
        BadPicture: The range of its values is not known.
    """
    chunks, form = png.chunks(image), image.format
    image.load()
    declared, profile = depth.Declared.of(image, chunks), None if as_stored else png.profile(image, chunks)
    image = turned(image)
    if image.mode in depth.GREYS or declared.is_signed_byte:
        image = _of_eight_bits(image, declared)
    if not image.has_transparency_data:
        return _in_srgb(image, profile)
    image = _with_alpha(image)
    alpha = image.getchannel("A")
    colours = _in_srgb(image.convert(image.mode.removesuffix("A")), profile)
    least, most = alpha.getextrema()
    if least < 255 and (most or form not in OFTEN_UNUSED):
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
    """An RGB or RGBA image as mode P: its colours, or dithered to 255 of them; the last index is free or transparent.

    Only an opaque image of exactly 256 colours has no free index.
    """
    colours = image.convert("RGB")
    if found := colours.getcolors(CLEAR + (image.mode == "RGB")):  # None if there are more
        indices = chosen = colours.quantize(len(found), Image.Quantize.MEDIANCUT)
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


def is_changed_by(profile: bytes | None, mode: str) -> bool:
    """Whether an ICC profile makes other colours of those of an image in mode L or RGB."""
    transform = _to_srgb(profile, mode) if profile else None
    if transform is None or mode == "RGB":
        return transform is not None
    ramp = np.arange(256, dtype="uint8")[None]
    return bool(np.abs(np.asarray(transform.apply(Image.fromarray(ramp)))[..., 1].astype(int) - ramp).max() > 2)


def turned(image: Image.Image) -> Image.Image:
    """The image turned by its EXIF orientation; itself, without a copy, if there is nothing to turn."""
    with silenced():
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        return ImageOps.exif_transpose(image) if turned else image


def _of_eight_bits(image, declared):
    """An image of one channel of other samples as L, or as LA if one of its values stands for transparency."""
    samples = declared.samples(image)
    grey = Image.fromarray(declared.levels(samples))
    if "transparency" in image.info:
        grey.putalpha(Image.fromarray(np.uint8(255) * (samples != image.info["transparency"])))
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
    del converted.info["icc_profile"]  # that of sRGB
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
