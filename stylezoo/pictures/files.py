"""Picture files: opened as Pillow images, and written so that a reader never sees half a file."""

import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib.util import find_spec
from io import TextIOBase
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from stylezoo.errors import BadPicture
from stylezoo.files import atomic
from stylezoo.pictures import colour, foreign
from stylezoo.pictures.depth import Unusable
from stylezoo.pictures.scans import Scan

if find_spec("pillow_heif"):  # the extra "heif"; Pillow learns a format by its registration
    with suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()

STUBS = {"BUFR", "GRIB", "HDF5", "MPEG"}  # formats that Pillow recognises but cannot decode
SUFFIXES = frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in {*Image.OPEN} - STUBS)
UNFIT = STUBS | {"BLP", "EPS", "HEIF", "ICNS", "ICO", "MSP", "WMF", "XBM"}  # formats that are not written properly
LARGEST = 64_000_000  # pixels: some four times what a phone takes; above that a decoder may fill the memory
FILLING = threading.Lock()  # only one thread decodes a picture that fills the memory
LARGEST_SCALED = 4 * LARGEST  # pixels of a picture that is scaled down as soon as it is decoded
WITH_ALPHA = frozenset({"AVIF", "DDS", "GIF", "ICNS", "ICO", "JPEG2000", "PNG", "SGI", "TGA", "TIFF", "WEBP"})


def open_picture(source: str | Path | BinaryIO, alpha: bool = False, shorter: int | None = None) -> Image.Image:
    """A picture file as an upright RGB image in sRGB, or with `alpha` what `colour.upright` gives: RGB or RGBA.

    The first frame of an animation is taken, and 16 bits a channel become 8. Without `alpha` transparency is laid on
    white.

    Args:
        source: The path, or a binary file object.
        alpha: Whether transparency is kept.
        shorter: The shorter side to which the caller scales the picture, in pixels. With it a picture may have up to
            `LARGEST_SCALED` pixels; one of more than `LARGEST` is returned smaller, at least twice as large as wanted.

    Raises:
        BadPicture: The file is missing, is no picture, is cut off, does not say which values are white, or has more
            than `LARGEST` pixels.
    """
    return decoded(source, colour.upright if alpha else colour.to_rgb, shorter)


def decoded(
    source: str | Path | BinaryIO, convert: Callable[[Image.Image], Image.Image], shorter: int | None = None
) -> Image.Image:
    """What a function makes of the Pillow image of a picture file; for the rest see `open_picture`."""
    with reading(source, shorter) as image:
        large = is_large(image)
        with FILLING if large else nullcontext():
            picture = convert(image)
            return picture.reduce(max(1, min(picture.size) // (2 * shorter))) if large else picture


def is_large(image: Image.Image) -> bool:
    """Whether an image has more pixels than one that is kept at its size."""
    return image.width * image.height > LARGEST


def opened(picture, read: Callable = open_picture, convert: Callable = colour.to_rgb) -> Image.Image | None:
    """What `read` makes of a path or a binary file object, `convert` of a Pillow image; None for anything else.

    Raises:
        BadPicture: As `read`; or an image has no pixels.
    """
    if isinstance(picture, str | os.PathLike) or hasattr(picture, "read"):
        return read(picture)
    if not isinstance(picture, Image.Image):
        return None
    if 0 in picture.size:
        raise BadPicture("The image has no pixels.")
    return convert(picture)


@contextmanager
def reading(source: str | Path | BinaryIO, shorter: int | None = None) -> Iterator[Image.Image]:
    """The Pillow image of a picture file, not decoded yet; the file is open within the block.

    Args:
        source: As in `open_picture`.
        shorter: Likewise.

    Raises:
        BadPicture: As `open_picture`; also for any error of Pillow within the block.
    """
    name = name_of(source)
    try:
        with _image_of(source, name) as image:
            _fit_memory(image, name, shorter)
            yield image
    except Unusable as error:
        raise BadPicture(f"{name} cannot be used: {error.reason}.") from None
    except BadPicture:
        raise
    except Image.DecompressionBombError:
        raise BadPicture(f"{name} has far too many pixels. Scale it down first.") from None
    except Exception as error:  # each of Pillow's decoders has its own way to fail on a damaged file
        raise BadPicture(f"{name} cannot be read: {reason(error)}.") from None


def name_of(source: str | Path | BinaryIO) -> str:
    """How a message calls a file."""
    return "The file" if hasattr(source, "read") else f"'{source}'"


def place_of(source: str | Path | BinaryIO) -> Path | BinaryIO:
    """The path of a file that can be read, or the binary file object.

    Raises:
        BadPicture: There is no such file, or it is something else.
    """
    if isinstance(source, TextIOBase):
        raise BadPicture("The file is opened as a text; open it as a binary file: open(path, 'rb').")
    if hasattr(source, "read"):
        return source
    path = Path(os.path.expanduser(source))
    if not os.path.exists(path):  # unlike the methods of Path it raises no error for names that are too long
        raise BadPicture(f"There is no file '{path}'.")
    if os.path.isdir(path):
        raise BadPicture(f"'{path}' is a folder; a picture file was expected.")
    if not os.path.isfile(path):  # a pipe, which waits until somebody writes, and cannot be read twice
        raise BadPicture(f"'{path}' is no regular file.")
    return path


def refuse_large(image: Image.Image, name: str) -> None:
    """Raises BadPicture, with this name for the file, if an image has more than `LARGEST` pixels."""
    if is_large(image):
        raise BadPicture(
            f"{name} has {image.width} x {image.height} pixels; "
            f"up to {LARGEST // 1_000_000} megapixels are possible. Scale it down first (--size)."
        )


def is_writable(path: Path) -> bool:
    """Whether pictures of any size and all colours can be written in the format of the path's suffix."""
    form = Image.registered_extensions().get(path.suffix.lower())
    return form in Image.SAVE and form not in UNFIT


def not_writable(path: Path) -> str:
    """The message for a file that is not `is_writable`."""
    return f"Pictures cannot be written as '{path.suffix}', the suffix of '{path}'; take .png or .jpg."


def save_picture(image: Image.Image, path: str | Path) -> None:
    """Write an image in the format of the path's suffix; a reader never sees half a file.

    Transparency is kept where the format can hold it, and laid on white where it cannot, as in a JPEG. PNG and TIFF
    hold all bits of a `Scan`.

    Raises:
        BadPicture: Pillow cannot write that format, or it cannot hold so many channels.
        MissingExtra: It needs tifffile, which is not installed.
    """
    path = Path(os.path.expanduser(path))
    if not is_writable(path):
        raise BadPicture(not_writable(path))
    form = Image.registered_extensions()[path.suffix.lower()]
    if image.has_transparency_data and not (isinstance(image, Scan) and form in ("PNG", "TIFF")):
        image = colour.upright(image) if form in WITH_ALPHA else colour.to_rgb(image)
    with atomic.written(path) as temporary:
        if form == "GIF":
            colour.paletted(image).save(temporary, form, optimize=False)
        else:
            image.save(temporary, form, **_quality(path))


def reason(error: Exception) -> str:
    """The message of an error, in one line without a full stop."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _image_of(source, name):
    """The Pillow image of a path or a file object."""
    place = place_of(source)
    return _recognised(place, name, "" if hasattr(place, "read") else place.suffix)


def _recognised(source, name, suffix):
    try:
        with colour.silenced(), _larger_allowed():
            image = Image.open(source)
    except Image.UnidentifiedImageError:
        with nullcontext(source) if hasattr(source, "read") else open(source, "rb") as file:
            raise BadPicture(f"{name} {foreign.unknown(file, suffix)}") from None
    if foreign.is_raw(image, suffix):
        image.close()
        raise BadPicture(f"{name} is {foreign.RAW}")
    return image


@contextmanager
def _larger_allowed():
    """Let Pillow open what `reading` checks afterwards; `colour.silenced` keeps other threads out."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, LARGEST_SCALED // 2  # Pillow refuses twice that
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _fit_memory(image, name, shorter):
    """Refuse an image that is too large, or have it decoded at less than its size, as only JPEG can be."""
    if shorter is None:
        refuse_large(image, name)
    elif is_large(image):
        factor = 2 * shorter / min(image.size)
        image.draft(None, tuple(math.ceil(side * factor) for side in image.size))


def _quality(path):
    return {"quality": 95} if path.suffix.lower() in (".jpg", ".jpeg", ".webp") else {}
