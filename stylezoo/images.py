"""Pictures: files and Pillow images of any kind to float arrays (height, width, 3) in [-1, 1], and back."""

import os
import tempfile
import threading
import warnings
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from stylezoo.errors import BadPicture

SUFFIXES = frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in Image.OPEN)
WARNING_FILTERS = threading.Lock()  # they belong to the process, and folders are read by several threads
LARGEST = 64_000_000  # pixels: some four times what a phone takes; above that a decoder may fill the memory


def open_picture(path: str | Path) -> Image.Image:
    """A picture file as an upright RGB image.

    The first frame of an animation is taken, transparency is laid on white, 16 bits a channel become 8.

    Raises:
        BadPicture: The file is missing, is no picture, is cut off, or has more than `LARGEST` pixels.
    """
    path = Path(path)
    if not path.exists():
        raise BadPicture(f"There is no file '{path}'.")
    if path.is_dir():
        raise BadPicture(f"'{path}' is a folder; a picture file was expected.")
    try:
        with _quietly():
            image = Image.open(path)
        with image:
            if image.width * image.height > LARGEST:
                raise BadPicture(
                    f"'{path}' has {image.width} x {image.height} pixels; "
                    f"up to {LARGEST // 1_000_000} megapixels are possible. Scale it down first."
                )
            image.load()  # the long part, so not under the lock of `_quietly`
            return to_rgb(image)
    except BadPicture:
        raise
    except Image.DecompressionBombError:
        raise BadPicture(f"'{path}' has far too many pixels. Scale it down first.") from None
    except Image.UnidentifiedImageError:
        raise BadPicture(f"'{path}' is not a picture that Pillow can read.") from None
    except Exception as error:  # each of Pillow's decoders has its own way to fail on a damaged file
        raise BadPicture(f"'{path}' cannot be read: {_reason(error)}.") from None


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow image as upright RGB: transparency on white, 16 bits scaled to 8, palette, grey and CMYK converted."""
    with _quietly():
        image = ImageOps.exif_transpose(image)
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
        image = Image.fromarray(_eight_bits(np.asarray(image)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


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
    return Image.fromarray(_levels(array))


def light(array: np.ndarray) -> np.ndarray:
    """The luminance (ITU-R BT.601) of pictures (..., 3), in their range."""
    return array @ np.float32([0.299, 0.587, 0.114])


def tones(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """What is light and dark in pictures in [-1, 1], all together: mean, deviation, darkest and lightest luminance.

    The darkest and the lightest half per cent are left out: they may be specks.
    """
    counts = sum(np.bincount(_levels(light(array)).ravel(), minlength=256) for array in arrays)
    values, shares = np.linspace(-1, 1, 256), np.cumsum(counts) / counts.sum()
    mean = np.average(values, weights=counts)
    deviation = np.sqrt(np.average((values - mean) ** 2, weights=counts))
    darkest, lightest = (values[np.searchsorted(shares, share)] for share in (0.005, 0.995))
    return np.array([mean, deviation, darkest, lightest], "float32")


def match_tones(array: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """A picture in [-1, 1] with its luminance brought to wanted `tones`, its colours kept (Hertzmann et al., 2001).

    The mean and the spread of light become those of the style (Image Analogies, https://doi.org/10.1145/383259.383295).
    """
    before = light(array)
    mean, deviation, darkest, lightest = wanted
    after = np.clip((before - before.mean()) / (before.std() + 1e-6) * deviation + mean, darkest, lightest)
    return np.clip(array + (after - before)[..., None], -1, 1)


def scaled(image: Image.Image, shorter: int) -> Image.Image:
    """The image with its shorter side of `shorter` pixels."""
    factor = shorter / min(image.size)
    size = [max(shorter, round(side * factor)) for side in image.size]
    return image if image.size == tuple(size) else image.resize(size, Image.Resampling.LANCZOS)


def centre_square(image: Image.Image, side: int) -> Image.Image:
    """The middle of the image, `side` x `side` pixels."""
    return ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)


def save_picture(image: Image.Image, path: str | Path) -> None:
    """Write an image in the format of the path's suffix; a reader never sees half a file.

    Raises:
        BadPicture: Pillow cannot write that format.
    """
    path = Path(path)
    if Image.registered_extensions().get(path.suffix.lower()) not in Image.SAVE:
        raise BadPicture(f"Pictures cannot be written as '{path.suffix}', the suffix of '{path}'; take .png or .jpg.")
    with written(path) as temporary:
        image.save(temporary, format=Image.registered_extensions()[path.suffix.lower()], **_quality(path))


class written:  # noqa: N801 - used as a verb: `with written(path) as temporary`
    """Gives a temporary path beside `path` which takes its place at the end, if nothing was raised."""

    def __init__(self, path: str | Path):
        self.path = Path(path)

    def __enter__(self) -> Path:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", suffix=f"-{self.path.name}", dir=self.path.parent)
        os.close(handle)
        self.temporary = Path(name)
        return self.temporary

    def __exit__(self, kind, error, trace):
        if kind is None:
            os.chmod(self.temporary, 0o666 & ~_umask())  # mkstemp keeps files to their owner
            os.replace(self.temporary, self.path)
        else:
            self.temporary.unlink(missing_ok=True)


def contact_sheet(rows: list[list[Image.Image]], titles: list[str], height: int = 256) -> Image.Image:
    """Pictures side by side under titles, every row scaled to one height."""
    gap, band = 6, 22
    rows = [[_of_height(image, height) for image in row] for row in rows]
    widths = [max(image.width for image in column) for column in zip(*rows, strict=True)]
    size = (sum(widths) + gap * (len(widths) + 1), band + (height + gap) * len(rows))
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    left = gap
    for column, width in enumerate(widths):
        draw.text((left + width // 2, band // 2), titles[column], "black", font, anchor="mm")
        for line, row in enumerate(rows):
            sheet.paste(row[column], (left + (width - row[column].width) // 2, band + line * (height + gap)))
        left += width + gap
    return sheet


def _of_height(image, height):
    return image.resize((max(1, round(image.width * height / image.height)), height), Image.Resampling.LANCZOS)


@contextmanager
def _quietly():
    """Keeps Pillow's warnings back: of size LARGEST speaks, and a damaged EXIF block spoils no picture."""
    with WARNING_FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _levels(array):
    """Values in [-1, 1] as the nearest of 256 levels."""
    return np.rint((np.clip(array, -1, 1) + 1) * 127.5).astype("uint8")


def _eight_bits(values):
    """Grey values of more than 8 bits as 8: 16-bit integers by their range, floats as they come, in [0, 1] or 255."""
    if values.dtype.kind == "f":
        values = np.nan_to_num(values) * (255 if np.nanmax(values, initial=0) <= 1 else 1)
    elif values.max(initial=0) > 255 or values.dtype == np.uint16:
        values = values / 257
    return np.rint(np.clip(values, 0, 255)).astype("uint8")


def _quality(path):
    return {"quality": 95} if path.suffix.lower() in (".jpg", ".jpeg", ".webp") else {}


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _reason(error):
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
