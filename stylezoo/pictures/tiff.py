"""TIFF files of any number of channels, with 8 or 16 bits each, by tifffile: what Pillow does not read or write."""

import logging
from contextlib import contextmanager

import numpy as np
from PIL import Image

from stylezoo.errors import BadPicture, MissingExtra
from stylezoo.pictures import files
from stylezoo.pictures.scans import WHOLE

OPACITY = 2  # in the list of samples beyond grey or colours: the pixels are not multiplied by it
TYPES = ("uint8", "uint16")
MOST_SAMPLES = 4 * files.LARGEST  # of a picture: 512 MB with 16 bits
SLACK = 2**16  # bytes that a compressed part may have more than twice its pixels; a small file must not fill the memory

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # its warnings about damaged tags are no lines of ours


def read(source, channels: int) -> np.ndarray:
    """The samples of the first page of a TIFF file: (height, width, channels), uint8 or uint16.

    Args:
        source: The path, or a binary file object.
        channels: How many samples a pixel must have.

    Raises:
        BadPicture: The file is missing, damaged, too large, no TIFF, or has other samples.
        MissingExtra: tifffile is not installed.
    """
    name = files.name_of(source)
    with _opened(files.place_of(source), name, channels) as file:
        page = file.pages.first
        if page.samplesperpixel != channels:
            raise BadPicture(
                f"{name} has {_counted(page.samplesperpixel)}, and the model takes {channels}: give TIFF files with "
                f"{channels} samples a pixel, or train with channels={page.samplesperpixel}."
            )
        return _samples(page, file.filehandle.size, name)


def first_page(source) -> tuple[np.ndarray, np.ndarray | None]:
    """Likewise of a TIFF of any number of samples; and the opacity, (height, width), if grey or colours have one."""
    name = files.name_of(source)
    with _opened(files.place_of(source), name) as file:
        page = file.pages.first
        samples = _samples(page, file.filehandle.size, name)
    if samples.shape[-1] - 1 not in WHOLE or [*page.extrasamples] != [OPACITY]:
        return samples, None
    return samples[..., :-1], samples[..., -1]


def write(file, samples: np.ndarray, alpha: np.ndarray | None = None) -> None:
    """Write samples as a TIFF.

    Args:
        file: The path, or a binary file object.
        samples: (height, width, channels), uint8 or uint16.
        alpha: The opacity, (height, width); None: it is opaque.

    Raises:
        MissingExtra: tifffile is not installed; grey pictures without transparency need none.
    """
    if samples.shape[-1] == 1 and alpha is None:
        Image.fromarray(samples[..., 0]).save(file, "TIFF")
        return
    more = {} if alpha is None else {"extrasamples": ["unassalpha"]}
    samples = samples if alpha is None else np.concatenate([samples, alpha[..., None]], axis=-1)
    kind = "rgb" if samples.shape[-1] - len(more) == 3 else "minisblack"
    _library().imwrite(
        file, samples, photometric=kind, planarconfig="contig", metadata=None, software="stylezoo", **more
    )


def _library():
    try:
        import tifffile
    except ImportError:
        raise MissingExtra("Such TIFF files need tifffile: pip install 'stylezoo[tiff]'.") from None
    return tifffile


@contextmanager
def _opened(source, name, channels=None):
    """An open TIFF; all that tifffile may raise is a `BadPicture`."""
    library = _library()
    try:
        if hasattr(source, "read"):
            source.seek(0)
        file = library.TiffFile(source)
    except library.TiffFileError:
        wanted = f"pictures of {channels} channels are TIFF files with {channels} samples a pixel"
        raise BadPicture(f"{name} is no TIFF file; {wanted}.") from None
    except Exception as error:
        raise _unreadable(name, error) from None
    with file:
        try:
            yield file
        except BadPicture:
            raise
        except Exception as error:  # it has many ways to fail on a damaged file
            raise _unreadable(name, error) from None


def _unreadable(name, error):
    return BadPicture(f"{name} cannot be read: {files.reason(error)}.")


def _samples(page, size, name):
    """The samples of a page (height, width, channels), if it is bounded and whole; `size` is that of the file."""
    sides, count = (page.imagelength, page.imagewidth), page.samplesperpixel
    if str(page.dtype) not in TYPES:
        raise BadPicture(f"{name} has samples of {page.dtype}; with {_counted(count)} they must be uint8 or uint16.")
    parts = page.rowsperstrip * sides[1] if not page.is_tiled else page.tilelength * page.tilewidth * page.tiledepth
    if max(sides[0] * sides[1], parts) > files.LARGEST or max(sides[0] * sides[1], parts) * count > MOST_SAMPLES:
        most = min(files.LARGEST, MOST_SAMPLES // count) // 1_000_000
        raise BadPicture(
            f"{name} has {sides[1]} x {sides[0]} pixels of {_counted(count)}; up to {most} megapixels are possible. "
            "Cut it into parts first."
        )
    most = 2 * parts * count * page.dtype.itemsize + SLACK
    ends = [place + length for place, length in zip(page.dataoffsets, page.databytecounts, strict=True)]
    if max(ends, default=0) > size or max(page.databytecounts, default=0) > most:
        raise BadPicture(f"{name} cannot be read: it is cut off or damaged.")
    found = page.asarray(maxworkers=1)
    found = np.moveaxis(found, 0, -1) if page.axes == "SYX" else found.reshape(*found.shape[:2], -1)
    if found.shape != (*sides, count):
        raise BadPicture(f"{name} cannot be read: its axes are {page.axes}.")
    return np.ascontiguousarray(found, page.dtype.newbyteorder("="))


def _counted(channels):
    return "1 channel" if channels == 1 else f"{channels} channels"
