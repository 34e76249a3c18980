"""Pictures as a model of some number of channels takes them, with all their bits."""

from contextlib import suppress
from functools import partial
from typing import BinaryIO

import numpy as np
from PIL import Image

from stylezoo.errors import BadPicture, MissingExtra
from stylezoo.pictures import colour, deep, depth, files, foreign, tiff
from stylezoo.pictures.foreign import SAMPLES
from stylezoo.pictures.scans import WHOLE, Scan

GREYS = ("1", "L", "LA", "La")  # modes of Pillow of one channel with 8 bits


def open_picture(source, channels: int = 3, shorter: int | None = None) -> Image.Image:
    """A picture file, upright and with its transparency, as a model takes it.

    For three channels that is RGB or RGBA in sRGB; grey pictures become grey ones of three channels. For one channel it
    is L or LA: of a colour picture its luminance, and of a grey one its samples as they are. For another number it is a
    `Scan` of a TIFF with so many samples a pixel. A picture of 16 bits a channel is a `Scan`, unless it has more than
    `files.LARGEST` pixels or its colours are converted from those of another profile.

    Args:
        source: The path, or a binary file object.
        channels: The channels of the model.
        shorter: As in `files.open_picture`.

    Raises:
        BadPicture: As `files.open_picture`; or it has another number of channels.
        MissingExtra: It needs tifffile, which is not installed.
    """
    if channels not in WHOLE:
        return Scan(tiff.read(source, channels))

    def taken(image):
        _check_samples(image)
        return _with_channels(image, channels, whole=not files.is_large(image))

    try:
        return files.decoded(source, taken, shorter)
    except BadPicture as error:
        return _with_channels(_grey_with_opacity(source, error), channels)


def _grey_with_opacity(source, error):
    """The scan of a TIFF of 16-bit grey with its opacity, which Pillow does not read; for any other file the error."""
    with suppress(BadPicture, MissingExtra):
        samples, alpha = tiff.first_page(source)
        if alpha is not None and samples.shape[-1] == 1:
            return Scan(samples, alpha)
    raise error


def opened(picture, channels: int = 3) -> Image.Image | None:
    """A picture that is a path, a binary file object or a Pillow image, as `open_picture`; None for anything else.

    Raises:
        BadPicture: As `open_picture`; or an image has no pixels.
    """
    return files.opened(picture, partial(open_picture, channels=channels), partial(_with_channels, channels=channels))


def natural(image: Image.Image) -> Image.Image:
    """An image with the channels and the bits that it has: a `Scan`, or what `colour.upright` gives.

    Raises:
        Unusable: As `colour.upright`.
    """
    scan = image if isinstance(image, Scan) else deep.scan_of(image)
    return colour.upright(image) if scan is None else scan


def as_stored(file: BinaryIO) -> Image.Image:
    """The picture of a binary file object, `natural`.

    Raises:
        BadPicture: As `open_picture`.
    """
    try:
        with files.reading(file) as image:
            _check_samples(image)
            return natural(image)
    except BadPicture as error:
        with suppress(BadPicture):  # that of another reader says less
            return Scan(*tiff.first_page(file))
        raise error


def flat(image: Image.Image) -> Image.Image:
    """An image from `open_picture` with its transparency laid on white."""
    if isinstance(image, Scan):
        return image if image.alpha is None else Scan(_on_white(image.samples, image.alpha))
    if image.mode == "LA":
        return Image.composite(image.getchannel("L"), Image.new("L", image.size, "white"), image.getchannel("A"))
    return image if image.mode == "L" else colour.to_rgb(image)


def _check_samples(image):
    """Check that Pillow reads all samples of a TIFF: of grey ones that lie apart it reads the first alone."""
    count = image.tag_v2.get(SAMPLES, 1) if image.format == "TIFF" else 1
    if count > 1 and image.mode in (*GREYS, *depth.GREYS) and len(image.getbands()) == 1:
        raise depth.Unusable(f"it has {count} channels; {foreign.trainable(count)}")


def _with_channels(image, channels, whole=True):
    """An image of Pillow's or a scan with this number of channels; `whole` is whether 16 bits are kept."""
    scan = image if isinstance(image, Scan) else deep.scan_of(image, channels) if whole else None
    count = 3 if scan is None else scan.samples.shape[-1]
    if channels != count and not (channels in WHOLE and count in WHOLE):
        raise BadPicture(
            f"The picture has {count} channels, and the model takes {channels}: give a TIFF file with {channels} "
            f"samples a pixel, or an array (height, width, {channels})."
        )
    if scan is not None:
        return scan if channels == count else Scan(_converted(scan.samples, channels), scan.alpha)
    if channels == 3:
        return colour.upright(image)
    upright = colour.upright(image, as_stored=image.mode in GREYS)
    return upright.convert("LA" if upright.mode == "RGBA" else "L")


def _converted(samples, channels):
    """Grey samples as three equal channels, or the luminance of three."""
    if channels == 3:
        return np.repeat(samples, 3, axis=-1)
    return np.rint(samples @ colour.LUMA)[..., None].astype(samples.dtype)


def _on_white(samples, alpha):
    white = np.float32(np.iinfo(samples.dtype).max)
    opacity = (alpha / white)[..., None]
    return np.rint(white + opacity * (samples - white)).astype(samples.dtype)
