"""The pictures of one domain as pixels, each scaled to the size from which crops are taken."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from stylezoo.data.album import Album, Item
from stylezoo.errors import BadData, BadPicture, name_all
from stylezoo.pictures import animation, arrays, luminance, scans

KEPT_BYTES = 2**30  # of scaled pictures in memory for each domain: 3500 of 320 x 320 pixels


class Pictures:
    """Pictures of one domain, each scaled so that its shorter side is `size` pixels.

    Every file is read once at the beginning, so that damaged ones are reported before a training, not during it.

    Args:
        given: The pictures, in any form that `Album.of` reads.
        size: The shorter side, in pixels.
        smallest: The least shorter side of a picture before scaling, in pixels.
        tones: From `luminance.tones`, matched by each picture; None: pictures stay as they are.
        items: The pictures to take instead of all those of the album.
        channels: The channels of the model: see `opening.open_picture`.

    Attributes:
        album: Where they come from.
        items: The pictures that are used, in order.
        skipped: A line for each file of a folder that is not used: it cannot be read, or it is too small.
        notes: Lines about kinds of files that are left out, and about files whose first frame or page is used.

    Raises:
        BadData: There is no such file or folder, or not one usable picture.
    """

    def __init__(
        self,
        given,
        size: int,
        smallest: int = 1,
        tones=None,
        items: Sequence[Item] | None = None,
        channels: int = 3,
    ):
        self.album = Album.of(given)
        self.size = size
        self.channels = channels
        self.tones = tones
        self.smallest = smallest
        self.items, self.skipped, self.notes = [], [], list(self.album.left_out)
        self._kept, self._kept_bytes = {}, 0
        self._read_all(self.album.items if items is None else items)
        if not self.items:
            why = name_all(self.skipped[:1], "it is empty")
            raise BadData(f"'{self.album}' has no picture that can be used: {why}")

    def __len__(self):
        return len(self.items)

    def __str__(self):
        count = "1 picture" if len(self) == 1 else f"{len(self)} pictures"
        return f"{count} ({len(self.skipped)} skipped)" if self.skipped else count

    def __getitem__(self, index: int) -> np.ndarray:
        """The scaled picture, uint8 or uint16 (height, width, channels)."""
        return self._kept[index] if index in self._kept else self._read(self.items[index])

    def keep(self, indices: Sequence[int]) -> None:
        """Keep these pictures only."""
        self._kept = {new: self._kept[old] for new, old in enumerate(indices) if old in self._kept}
        self.items = [self.items[i] for i in indices]

    def image(self, index: int) -> Image.Image:
        """The picture, upright, at the size it has in its file; one that is too large for memory smaller."""
        return self.items[index].open(self.size, self.channels)

    def _read_all(self, items):
        several = {}
        with ThreadPoolExecutor() as pool:  # Pillow decodes without holding the interpreter's lock
            for item, (pixels, frames) in zip(items, pool.map(self._try_read, items), strict=True):
                if isinstance(pixels, BadPicture) and item.required:
                    raise BadData(str(pixels))
                if isinstance(pixels, BadPicture):
                    self.skipped.append(str(pixels))
                    continue
                if self._kept_bytes + pixels.nbytes <= KEPT_BYTES:
                    self._kept[len(self.items)] = pixels
                    self._kept_bytes += pixels.nbytes
                self.items.append(item)
                if frames:
                    several[item.path] = frames
        if several:
            self.notes.append(animation.first_used(several))

    def _try_read(self, item):
        """The pixels of a picture, or the error; and its frames or pages in words, if there are several."""
        try:
            return self._read(item), item.several
        except BadPicture as error:
            return error, ""

    def _read(self, item):
        image = item.open(self.size, self.channels)
        if min(image.size) < self.smallest:
            raise BadPicture(
                f"{item} has {image.width} x {image.height} pixels, too small: at least {self.smallest} are needed "
                "each way, half of the recipe's image_size."
            )
        pixels = scans.pixels(arrays.scaled(image, self.size))
        return pixels if self.tones is None else luminance.match_tones(pixels, self.tones)


def tones_of(styles: Iterable[Pictures], colours: bool) -> np.ndarray:
    """The tones of the pictures of all styles, with their colours or without: see `luminance.tones`."""
    return luminance.tones((style[i] for style in styles for i in range(len(style))), colours)
