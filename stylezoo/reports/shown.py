"""Pictures within a page: JPEG files as data addresses."""

import base64
import io
import os
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from stylezoo.pictures import colour, files

WIDEST = 1280  # pixels
KEPT = 64  # pictures, for the next page


class Shown(NamedTuple):
    """A picture within a page.

    Attributes:
        address: Its data address.
        width: Pixels.
        height: Likewise.
    """

    address: str
    width: int
    height: int


def of_file(path: Path, widest: int = WIDEST) -> Shown:
    """The picture of a file; one that has not changed is not encoded again.

    Raises:
        OSError: There is no such file.
        BadPicture: It is no picture.
    """
    state = os.stat(path)
    return _of_file(path, widest, state.st_mtime_ns, state.st_size)


def embedded(picture: Image.Image, widest: int = WIDEST) -> Shown:
    """A picture, made smaller if it is wider than `widest` pixels; transparency is laid on white."""
    picture = colour.to_rgb(picture)
    if picture.width > widest:
        height = max(1, round(picture.height * widest / picture.width))
        picture = picture.resize((widest, height), Image.Resampling.LANCZOS, reducing_gap=2)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    code = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Shown(f"data:image/jpeg;base64,{code}", *picture.size)


@lru_cache(maxsize=KEPT)
def _of_file(path, widest, time, size):
    return embedded(files.open_picture(path), widest)
