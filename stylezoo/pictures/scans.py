"""Pictures with more bits or other channels than Pillow's own, and all pictures as arrays of levels."""

import os
from collections.abc import Callable

import numpy as np
from PIL import Image

from stylezoo.errors import BadPicture

WHOLE = (1, 3)  # channels that every format can hold: grey, and red, green and blue


class Scan(Image.Image):
    """A picture with 16 bits a channel, or with other channels than one or three.

    It is a Pillow image of 8 bits to look at: one or two channels are shown as grey, the first of them; of more than
    three the first three are red, green and blue. All bits are in `samples`; `resize`, `crop` and `reduce` keep them,
    and so does `save` into PNG and TIFF. Other methods are those of the image of 8 bits.

    Args:
        samples: (height, width, channels), uint8 or uint16.
        alpha: The opacity, (height, width) of the same type; None: it is opaque.

    Attributes:
        samples: As given.
        alpha: As given.
    """

    def __init__(self, samples: np.ndarray, alpha: np.ndarray | None = None):
        super().__init__()
        self.samples, self.alpha = samples, alpha
        shown = samples[..., :3] if samples.shape[-1] > 2 else samples[..., 0]
        view = Image.fromarray(np.ascontiguousarray(_eight_bits(shown)))
        if alpha is not None:
            view.putalpha(Image.fromarray(_eight_bits(alpha)))
        self.im, self._mode, self._size = view.im, view.mode, view.size

    def resize(self, size, resample=Image.Resampling.LANCZOS, box=None, reducing_gap=None) -> "Scan":
        """See `PIL.Image.Image.resize`."""
        return self._planes(lambda plane: plane.resize(size, resample, box, reducing_gap))

    def reduce(self, factor, box=None) -> "Scan":
        """See `PIL.Image.Image.reduce`."""
        return self._planes(lambda plane: plane.reduce(factor, box))

    def crop(self, box=None) -> "Scan":
        """See `PIL.Image.Image.crop`."""
        return self._planes(lambda plane: plane.crop(box))

    def save(self, fp, format=None, **options) -> None:
        """Write it, with all bits as PNG and TIFF; other formats hold its 8 bits. See `PIL.Image.Image.save`.

        Raises:
            BadPicture: The format cannot hold so many channels.
            MissingExtra: Its TIFF needs the extra `tiff`.
        """
        from stylezoo.pictures import png, tiff

        form = format or Image.registered_extensions().get(os.path.splitext(str(fp))[1].lower())
        if form == "TIFF":
            tiff.write(fp, self.samples, self.alpha)
        elif self.samples.shape[-1] not in WHOLE:
            raise BadPicture(
                f"A picture of {self.samples.shape[-1]} channels can be written as TIFF only: take a name that ends in "
                ".tif."
            )
        elif form == "PNG" and self.samples.dtype == np.uint16:
            png.write(fp, self.samples, self.alpha)
        else:
            super().save(fp, format, **options)

    def _planes(self, change):
        alpha = None if self.alpha is None else by_planes(self.alpha[..., None], change)[..., 0]
        return Scan(by_planes(self.samples, change), alpha)


def by_planes(pixels: np.ndarray, change: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    """A picture (height, width, channels) whose channels are changed one by one, in its own number format.

    Args:
        pixels: Levels, or floats.
        change: A function of one channel, an image of floats.
    """
    planes = [Image.fromarray(np.ascontiguousarray(pixels[..., i], "float32")) for i in range(pixels.shape[-1])]
    changed = np.stack([np.asarray(change(plane)) for plane in planes], axis=-1)
    if pixels.dtype.kind == "f":
        return changed
    return np.rint(np.clip(changed, 0, np.iinfo(pixels.dtype).max)).astype(pixels.dtype)


def pixels(image: Image.Image) -> np.ndarray:
    """An upright image as levels (height, width, channels), without its transparency: those of a scan, or uint8."""
    if isinstance(image, Scan):
        return image.samples
    if image.mode in ("L", "LA"):
        return np.asarray(image.convert("L"))[..., None]
    return np.asarray(image.convert("RGB"))


def alpha(image: Image.Image) -> np.ndarray | None:
    """The opacity of an upright image, in the number format of its `pixels`; None: it is opaque."""
    if isinstance(image, Scan):
        return image.alpha
    return np.asarray(image.getchannel("A")) if image.mode in ("LA", "RGBA") else None


def image_of(pixels: np.ndarray, alpha: np.ndarray | None = None) -> Image.Image:
    """The image of such levels: a plain one of Pillow's if they have 8 bits and one channel or three, else a scan."""
    if pixels.dtype != np.uint8 or pixels.shape[-1] not in WHOLE:
        return Scan(pixels, alpha)
    image = Image.fromarray(pixels if pixels.shape[-1] == 3 else pixels[..., 0])
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    return image


def _eight_bits(levels):
    """Levels as the nearest ones of 8 bits."""
    return levels if levels.dtype == np.uint8 else ((levels.astype("uint32") + 128) // 257).astype("uint8")
