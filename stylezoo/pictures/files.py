"""Picture files: opened as Pillow images, found in folders, and written so that a reader never sees half a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from stylezoo.errors import BadPicture
from stylezoo.files import atomic
from stylezoo.pictures import colour

STUBS = {"BUFR", "GRIB", "HDF5"}  # formats that Pillow recognises but cannot decode
SUFFIXES = frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in {*Image.OPEN} - STUBS)
UNFIT = STUBS | {"BLP", "EPS", "ICNS", "ICO", "MSP", "WMF", "XBM"}  # formats that Pillow does not write properly
LARGEST = 64_000_000  # pixels: some four times what a phone takes; above that a decoder may fill the memory
WITH_ALPHA = frozenset({"AVIF", "DDS", "GIF", "ICNS", "ICO", "JPEG2000", "PNG", "SGI", "TGA", "TIFF", "WEBP"})


def open_picture(path: str | Path, alpha: bool = False) -> Image.Image:
    """A picture file as an upright RGB image in sRGB, or with `alpha` what `colour.upright` gives: RGB or RGBA.

    The first frame of an animation is taken, and 16 bits a channel become 8. Without `alpha` transparency is laid on
    white.

    Raises:
        BadPicture: The file is missing, is no picture, is cut off, or has more than `LARGEST` pixels.
    """
    with reading(path) as image:
        return colour.upright(image) if alpha else colour.to_rgb(image)


@contextmanager
def reading(path: str | Path) -> Iterator[Image.Image]:
    """The Pillow image of a picture file, not decoded yet; the file is open within the block.

    Raises:
        BadPicture: As `open_picture`; also for any error of Pillow within the block.
    """
    path = Path(path)
    try:
        if not path.exists():
            raise BadPicture(f"There is no file '{path}'.")
        if path.is_dir():
            raise BadPicture(f"'{path}' is a folder; a picture file was expected.")
        with colour.silenced():
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


def is_writable(path: Path) -> bool:
    """Whether pictures of any size and all colours can be written in the format of the path's suffix."""
    form = Image.registered_extensions().get(path.suffix.lower())
    return form in Image.SAVE and form not in UNFIT


def not_writable(path: Path) -> str:
    """The message for a file that is not `is_writable`."""
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
        image = colour.upright(image) if form in WITH_ALPHA else colour.to_rgb(image)
    with atomic.written(path) as temporary:
        if form == "GIF":
            colour.paletted(image).save(temporary, form, optimize=False)
        else:
            image.save(temporary, form, **_quality(path))


def in_folder(folder: Path) -> list[Path]:
    """The files of a folder and its subfolders with the suffixes of pictures, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


def reason(error: Exception) -> str:
    """The message of an error, in one line without a full stop."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _quality(path):
    return {"quality": 95} if path.suffix.lower() in (".jpg", ".jpeg", ".webp") else {}
