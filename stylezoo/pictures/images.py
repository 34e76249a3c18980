"""Pictures: files and Pillow images of any kind to float arrays (height, width, 3) in [-1, 1], and back."""

import os
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageDraw, ImageFont, ImageOps

from stylezoo.errors import BadPicture
from stylezoo.files.atomic import written

STUBS = {"BUFR", "GRIB", "HDF5"}  # Pillow knows them by name only
SUFFIXES = frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in {*Image.OPEN} - STUBS)
UNFIT = STUBS | {"BLP", "EPS", "ICNS", "ICO", "MSP", "WMF", "XBM"}  # nor does it write these as they should be
WARNING_FILTERS = threading.Lock()  # they belong to the process, and folders are read by several threads
LARGEST = 64_000_000  # pixels: some four times what a phone takes; above that a decoder may fill the memory
WITH_ALPHA = frozenset({"AVIF", "DDS", "GIF", "ICNS", "ICO", "JPEG2000", "PNG", "SGI", "TGA", "TIFF", "WEBP"})
SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"}  # what ICC calls the colours of a Pillow mode
CLEAR = 255  # the colour of a palette that stands for transparency


def open_picture(path: str | Path, alpha: bool = False) -> Image.Image:
    """A picture file as an upright RGB image in sRGB, or with `alpha` what `upright` gives: RGB or RGBA.

    The first frame of an animation is taken, and 16 bits a channel become 8. Without `alpha` transparency is laid on
    white.

    Raises:
        BadPicture: The file is missing, is no picture, is cut off, or has more than `LARGEST` pixels.
    """
    with reading(path) as image:
        return upright(image) if alpha else to_rgb(image)


@contextmanager
def reading(path: str | Path) -> Iterator[Image.Image]:
    """The Pillow image of a picture file, not decoded yet; the file is open for as long as the block lasts.

    Raises:
        BadPicture: As `open_picture`; also for whatever Pillow raises inside of the block.
    """
    path = Path(path)
    try:
        if not path.exists():
            raise BadPicture(f"There is no file '{path}'.")
        if path.is_dir():
            raise BadPicture(f"'{path}' is a folder; a picture file was expected.")
        with _quietly():
            image = Image.open(path)
        with image:
            refuse_large(image, path)
            yield image
    except BadPicture:
        raise
    except Image.DecompressionBombError:
        raise BadPicture(f"'{path}' has far too many pixels. Scale it down first.") from None
    except Image.UnidentifiedImageError:
        raise BadPicture(f"'{path}' is not a picture that Pillow can read.") from None
    except Exception as error:  # each of Pillow's decoders has its own way to fail on a damaged file
        raise BadPicture(f"'{path}' cannot be read: {reason(error)}.") from None


def refuse_large(image: Image.Image, path: str | Path) -> None:
    """Raises BadPicture if the image of a file has more than `LARGEST` pixels."""
    if image.width * image.height > LARGEST:
        raise BadPicture(
            f"'{path}' has {image.width} x {image.height} pixels; "
            f"up to {LARGEST // 1_000_000} megapixels are possible. Scale it down first."
        )


def upright(image: Image.Image) -> Image.Image:
    """Any Pillow image as upright sRGB of 8 bits a channel: RGBA where a pixel is transparent, else RGB.

    Colours are straight, not premultiplied, and white where nothing is seen of them. An embedded ICC profile is
    applied; one that is damaged, or made for other colours than the image has, is ignored. An RGB image that needs
    none of this is returned as it is, not as a copy.
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


def to_array(image: Image.Image) -> np.ndarray:
    """An image as float32 (height, width, 3) in [-1, 1]."""
    return np.asarray(to_rgb(image), "float32") / 127.5 - 1


def as_array(picture) -> np.ndarray:
    """A picture in any form as float32 (height, width, 3) or (count, height, width, 3) in [-1, 1].

    Args:
        picture: A path, a Pillow image, or such an array.

    Raises:
        BadPicture: The file cannot be read, or the array is of another shape.
    """
    if isinstance(picture, str | os.PathLike):
        picture = open_picture(picture)
    if isinstance(picture, Image.Image):
        return to_array(picture)
    array = np.asarray(picture, "float32")
    if array.ndim not in (3, 4) or array.shape[-1] != 3 or 0 in array.shape:
        raise BadPicture(
            f"An array of shape {array.shape} is no picture: (height, width, 3) or (count, height, width, 3) is needed."
        )
    return array


def fitted(array: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture (height, width, 3) scaled and cut to another size, as much of its middle as fits."""
    if array.shape[:2] == (height, width):
        return array
    return to_array(ImageOps.fit(to_image(array), (width, height), Image.Resampling.LANCZOS))


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


def light(array: np.ndarray) -> np.ndarray:
    """The luminance (ITU-R BT.601) of pictures (..., 3), in their range."""
    return array @ np.float32([0.299, 0.587, 0.114])


def tones(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """What is light and dark in pictures in [-1, 1], all together: mean, deviation, darkest and lightest luminance.

    The darkest and the lightest half per cent are left out: they may be specks.
    """
    counts = sum(np.bincount(levels(light(array)).ravel(), minlength=256) for array in arrays)
    values, shares = np.linspace(-1, 1, 256), np.cumsum(counts) / counts.sum()
    mean = np.average(values, weights=counts)
    deviation = np.sqrt(np.average((values - mean) ** 2, weights=counts))
    darkest, lightest = (values[np.searchsorted(shares, share)] for share in (0.005, 0.995))
    return np.array([mean, deviation, darkest, lightest], "float32")


def light_moments(pixels: np.ndarray) -> tuple[float, float]:
    """The mean and the deviation of a picture's luminance, of uint8 or float32 in [-1, 1]; in bands, to save memory."""
    bands = [light(from_levels(band)) for band in np.array_split(pixels, -(-len(pixels) // 256))]
    count = sum(band.size for band in bands)
    mean = sum(band.sum(dtype="float64") for band in bands) / count
    variance = sum(np.square(band - mean, dtype="float64").sum() for band in bands) / count
    return float(mean), float(np.sqrt(variance))


def match_tones(array: np.ndarray, wanted: np.ndarray, before: tuple[float, float] | None = None) -> np.ndarray:
    """A picture in [-1, 1] with its luminance brought to wanted `tones`, its colours kept (Hertzmann et al., 2001).

    The mean and the spread of light become those of the style (Image Analogies, https://doi.org/10.1145/383259.383295).

    Args:
        array: The picture, or a part of one.
        wanted: What `tones` found.
        before: The `light_moments` of the whole picture; None: those of this array.
    """
    old_mean, old_deviation = before or light_moments(array)
    mean, deviation, darkest, lightest = wanted
    after = (light(array) - np.float32(old_mean)) / np.float32(old_deviation + 1e-6) * deviation + mean
    return with_light(array, np.clip(after, darkest, lightest))


def with_light(array: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """A picture (height, width, 3) in [-1, 1] in its own colours with another luminance (height, width).

    All three channels are moved alike, which leaves the colour differences of YCbCr as they are.
    """
    return np.clip(array + (wanted - light(array))[..., None], -1, 1)


def scaled(image: Image.Image, shorter: int, copies: int = 1) -> Image.Image:
    """The image with its shorter side of `shorter` pixels.

    Raises:
        BadPicture: It, or as many `copies` of it as shall be, would have more than `LARGEST` pixels.
    """
    factor = shorter / min(image.size)
    width, height = (max(shorter, round(side * factor)) for side in image.size)
    if copies * width * height > LARGEST:
        possible = int((LARGEST / copies * min(image.size) / max(image.size)) ** 0.5 - 0.25)  # other sides round up
        many = f"{copies} pictures" if copies > 1 else "A picture"
        raise BadPicture(
            f"{many} of {width} x {height} pixels would be too large: up to {LARGEST // 1_000_000} megapixels are "
            f"possible, which is a shorter side of {possible}."
        )
    return image if image.size == (width, height) else image.resize((width, height), Image.Resampling.LANCZOS)


def centre_square(image: Image.Image, side: int) -> Image.Image:
    """The middle of the image, `side` x `side` pixels."""
    return ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)


def is_writable(path: Path) -> bool:
    """Whether pictures of any size and all colours can be written in the format of the path's suffix."""
    form = Image.registered_extensions().get(path.suffix.lower())
    return form in Image.SAVE and form not in UNFIT


def not_writable(path: Path) -> str:
    """What to say of a file that is not `is_writable`."""
    return f"Pictures cannot be written as '{path.suffix}', the suffix of '{path}'; take .png or .jpg."


def save_picture(image: Image.Image, path: str | Path) -> None:
    """Write an image in the format of the path's suffix; a reader never sees half a file.

    Transparency is kept where the format can hold it, and laid on white where it cannot, as in a JPEG.

    Raises:
        BadPicture: Pillow cannot write that format.
    """
    path = Path(path)
    if not is_writable(path):
        raise BadPicture(not_writable(path))
    form = Image.registered_extensions()[path.suffix.lower()]
    if image.has_transparency_data:
        image = upright(image) if form in WITH_ALPHA else to_rgb(image)
    with written(path) as temporary:
        if form == "GIF":
            paletted(image).save(temporary, form, optimize=False)
        else:
            image.save(temporary, form, **_quality(path))


def paletted(image: Image.Image) -> Image.Image:
    """An RGB or RGBA image as mode P: its up to 255 colours, or dithered such; the last one for what is transparent."""
    colours = image.convert("RGB")
    if colours.getcolors(CLEAR):  # None if there are more
        indices = chosen = colours.quantize(CLEAR, Image.Quantize.MEDIANCUT)
    else:  # octrees are dithered more evenly than median cuts, and thirty times as fast
        chosen = colours.quantize(CLEAR, Image.Quantize.FASTOCTREE)
        indices = colours.quantize(palette=chosen, dither=Image.Dither.FLOYDSTEINBERG)
    indices.putpalette((chosen.getpalette() + [0] * 768)[:768])
    indices.info = {}
    if image.mode == "RGBA":  # a colour of a palette in a GIF is seen or not, with nothing in between
        indices.paste(CLEAR, mask=image.getchannel("A").point([255] * 128 + [0] * 128))
        indices.info["transparency"] = CLEAR
    return indices


def files(folder: Path) -> list[Path]:
    """The files of a folder and its subfolders that are called like pictures, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


def contact_sheet(rows: list[list[Image.Image]], titles: list, height: int = 256) -> Image.Image:
    """Pictures side by side, every row scaled to one height.

    Args:
        titles: One for each column, above them all; or a list of such lists, one for each row and above it.
    """
    gap, band, font = 6, 22, ImageFont.load_default(14)
    bands = titles if titles and not isinstance(titles[0], str) else [titles]
    rows = [[_of_height(image, height) for image in row] for row in rows]
    widths = [max(image.width for image in column) for column in zip(*rows, strict=True)]
    lefts = [gap + sum(widths[:column]) + gap * column for column in range(len(widths))]
    tops = [band * min(line + 1, len(bands)) + (height + gap) * line for line in range(len(rows))]
    sheet = Image.new("RGB", (lefts[-1] + widths[-1] + gap, tops[-1] + height + gap), "white")
    draw = ImageDraw.Draw(sheet)
    for words, top in zip(bands, tops, strict=False):
        for word, left, width in zip(words, lefts, widths, strict=True):
            draw.text((left + width // 2, top - band // 2), word, "black", font, anchor="mm")
    for row, top in zip(rows, tops, strict=True):
        for image, left, width in zip(row, lefts, widths, strict=True):
            sheet.paste(image, (left + (width - image.width) // 2, top))
    return sheet


def reason(error: Exception) -> str:
    """What an error says, in one line without a full stop."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _of_height(image, height):
    width = max(1, round(image.width * height / image.height))
    return to_rgb(image).resize((width, height), Image.Resampling.LANCZOS)


def _turned(image):
    """The image as its EXIF block says it was held; itself where there is nothing to turn, to save a copy."""
    with _quietly():
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
    if image.mode not in SPACES:  # a profile of palette, HSV or YCbCr images speaks of the RGB that they stand for
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
    """The way from an ICC profile to sRGB; None where there is none or nothing would change."""
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
    """Whether a transform of RGB leaves colours from all over the cube alone: its profile is sRGB, however called."""
    cube = np.stack(np.meshgrid(*[np.arange(0, 256, 15, dtype="uint8")] * 3), axis=-1).reshape(18, -1, 3)
    changed = np.asarray(transform.apply(Image.fromarray(cube)))
    return np.abs(changed.astype(int) - cube).max() <= 2  # a profile of tables is off by a rounding


@contextmanager
def _quietly():
    """Keeps Pillow's warnings back: of size LARGEST speaks, and a damaged EXIF block spoils no picture."""
    with WARNING_FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _eight_bits(values):
    """Grey values of more than 8 bits as 8: 16-bit integers by their range, floats as they come, in [0, 1] or 255."""
    if values.dtype.kind == "f":
        values = np.nan_to_num(values) * (255 if np.nanmax(values, initial=0) <= 1 else 1)
    elif values.max(initial=0) > 255 or values.dtype == np.uint16:
        values = values / 257
    return np.rint(np.clip(values, 0, 255)).astype("uint8")


def _quality(path):
    return {"quality": 95} if path.suffix.lower() in (".jpg", ".jpeg", ".webp") else {}
