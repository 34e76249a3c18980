"""All 16 bits of a channel, where Pillow itself gives 8 of them."""

import sys

import numpy as np
from PIL import Image

from stylezoo.pictures import colour, png, tiff
from stylezoo.pictures.depth import BITS, GREYS, Declared
from stylezoo.pictures.scans import Scan

SWAPPED = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}  # byte orders
COLOURS = ("RGB", "RGBX", "RGBA", "LA")
PLANES = 284  # the TIFF tag that says whether channels are apart (2)


def scan_of(image: Image.Image, channels: int = 3) -> Scan | None:
    """The samples of an image of 16 bits a channel, upright, as one channel or three.

    Args:
        image: The image of an open file that is not decoded yet, or an image in memory.
        channels: For how many they are read. For one, grey samples are taken as they are, whatever profile is embedded.

    Returns:
        None where an image has 8 bits, or its colours must be converted by a profile, which is done in 8 bits.

    Raises:
        Unusable: As `colour.upright`.
        MissingExtra: It needs the extra `tiff`.
    """
    raw = _raw_mode(image)
    if image.mode not in GREYS and not raw:
        return None
    is_grey = image.mode in GREYS or raw.startswith("LA")
    chunks = png.chunks(image)
    declared, profile = Declared.of(image, chunks), png.profile(image, chunks)
    if not (is_grey and channels == 1) and colour.is_changed_by(profile, "L" if is_grey else "RGB"):
        return None
    if image.mode in GREYS:
        return _grey(image, declared)
    return _coloured(image, raw)


def _raw_mode(image):
    """How the samples of colours of 16 bits lie in a file, such as "RGB;16B"; "" for other images."""
    tile = (getattr(image, "tile", None) or [None])[0]
    if tile is None or image.format not in ("PNG", "TIFF"):
        return ""
    if image.format == "TIFF" and image.mode == "RGB" and _has_planes(image):
        return "planes"
    raw = tile[3] if isinstance(tile[3], str) else tile[3][0]
    known = isinstance(raw, str) and raw.partition(";16")[0] in COLOURS and ";16" in raw
    return raw if known and image.info.get("transparency") is None else ""


def _has_planes(image):
    """Whether the colours of a TIFF of 16 bits lie apart, as Pillow does not read them."""
    return image.tag_v2.get(PLANES) == 2 and set(image.tag_v2.get(BITS, ())) == {16}


def _grey(image, declared):
    image.load()
    image = colour.turned(image)
    samples = declared.samples(image)
    alpha = None
    if "transparency" in image.info:
        alpha = np.uint16(65535) * (samples != image.info["transparency"])
    return Scan(declared.levels(samples, "uint16")[..., None], alpha)


def _coloured(image, raw):
    """Pillow takes the upper byte of each sample. Told that the bytes are in the other order, it takes the lower one.

    So all its decoders, with all their checks, serve for 16 bits.
    """
    if raw == "planes":
        return Scan(*tiff.first_page(image.filename or image.fp))
    place = image.fp.tell()
    if raw.startswith("LA"):  # four bytes of a pixel are four channels
        both = np.asarray(_decoded(image, "RGBA", "RGBA"))
        samples = both[..., ::2].astype("uint16") << 8 | both[..., 1::2]
    else:
        lower = _decoded(image, raw[:-1] + SWAPPED[raw[-1]])
        image.fp.seek(place)
        image.load()
        upper = colour.turned(image)
        samples = np.asarray(upper).astype("uint16") << 8 | np.asarray(lower)
    count = 1 if raw.startswith("LA") else 3
    alpha = samples[..., count] if samples.shape[-1] > count else None
    opaque = alpha is None or alpha.min() == 65535 or (image.format in colour.OFTEN_UNUSED and not alpha.any())
    return Scan(samples[..., :count], None if opaque else alpha)


def _decoded(image, raw, mode=None):
    """The image of the same file, upright, decoded as if its samples lay in another way."""
    file = image.filename or image.fp
    if file is image.fp:
        file.seek(0)
    with colour.silenced():
        twin = Image.open(file)
    with twin:
        twin._mode = mode or twin.mode
        twin.tile = [tile._replace(args=raw if isinstance(tile.args, str) else (raw, *tile.args[1:]))
                     for tile in twin.tile]  # fmt: skip
        twin.load()
        return colour.turned(twin)
