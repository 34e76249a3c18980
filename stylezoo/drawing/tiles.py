"""A picture as overlapping tiles, and the tiles as one picture without seams."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from stylezoo.drawing.graphs import SMALLEST
from stylezoo.pictures import arrays

OVERLAP = 80  # pixels that neighbouring tiles share, at least
TRIMMED = 24  # pixels of the overlap next to a tile's border, which are not used: the network saw reflections there


@dataclass(frozen=True)
class View:
    """A picture, the masks of its styles and its noise, all of one size; it is drawn in parts.

    Attributes:
        pixels: (height, width, channels), uint8, which takes a quarter of the memory, uint16, or float32 in [-1, 1].
        masks: (height, width) each.
        noise: (height, width, channels), or None.
    """

    pixels: np.ndarray
    masks: list[np.ndarray]
    noise: np.ndarray | None

    @property
    def shape(self) -> tuple[int, int]:
        return self.pixels.shape[:2]

    def cut(self, corner: tuple[int, int], sides: tuple[int, int]) -> "View":
        """A part of it, padded by reflection beyond the border."""
        noise = None if self.noise is None else _cut(self.noise, corner, sides)
        return View(_cut(self.pixels, corner, sides), [_cut(mask, corner, sides) for mask in self.masks], noise)

    def thumbnail(self, side: float) -> "View":
        """All of it scaled down to at most side x side pixels; the noise, which has no scale, is cropped."""
        height, width = self.shape
        factor = min(1.0, side / (height * width) ** 0.5)
        small = [max(1, round(length * factor)) for length in (height, width)]
        pixels = arrays.resized(self.pixels, *small)
        masks = [np.asarray(Image.fromarray(mask).resize(small[::-1], Image.Resampling.BOX)) for mask in self.masks]
        return View(pixels, masks, None if self.noise is None else _cut(self.noise, (0, 0), small))

    def as_given(self, drawn: np.ndarray) -> np.ndarray:
        """A drawn part in the number format of the picture."""
        return arrays.as_given(drawn, self.pixels)


@dataclass(frozen=True)
class Tiling:
    """The places of the tiles of a picture.

    Attributes:
        sides: Height and width of each tile.
        tops: The rows at which tiles begin.
        lefts: The columns at which they begin.
        overlap: How many pixels neighbouring tiles share.
    """

    sides: tuple[int, int]
    tops: list[int]
    lefts: list[int]
    overlap: int

    @classmethod
    def of(cls, shape: tuple[int, int], tile: int, step: int) -> "Tiling":
        """The tiles of a picture, as even as possible.

        Args:
            shape: Height and width of the picture.
            tile: The largest side of a tile, in pixels.
            step: A number by which the sides of tiles must be divisible.
        """
        overlap = -(-OVERLAP // step) * step
        (height, tops), (width, lefts) = (_along(length, tile, step, overlap) for length in shape)
        return cls((height, width), tops, lefts, overlap)

    def joined(self, view: View, draw: Callable, on_tile: Callable[[int, int], None]) -> np.ndarray:
        """The picture joined from tiles, in the number format of `view`.

        Args:
            view: The picture.
            draw: Gives the tile at a corner (row, column): (height, width, channels), float32 in [-1, 1].
            on_tile: Called with the number of tiles that are drawn and the number of all tiles.
        """
        canvas, done = np.zeros_like(view.pixels), 0
        for top in self.tops:  # one band after the other: the whole picture as floats would take too much memory
            band = np.zeros((self.sides[0], *view.pixels.shape[1:]), "float32")
            for left in self.lefts:
                drawn = draw((top, left))
                there = band[:, left : left + self.sides[1]]
                there[...] = _faded(there, drawn[:, : there.shape[1]], left, self.overlap, axis=1)
                done += 1
                on_tile(done, len(self.tops) * len(self.lefts))
            self._lay(canvas, band, top, view)
        return canvas

    def _lay(self, canvas, band, top, view):
        """Lay a band of tiles below those before it."""
        there = canvas[top : top + self.sides[0]]
        band = band[: len(there)]
        before = arrays.from_levels(there[: self.overlap])
        band[: self.overlap] = _faded(before, band[: self.overlap], top, self.overlap, axis=0)
        for row in range(0, len(band), TRIMMED):  # in small parts: the arithmetic takes several times their memory
            there[row : row + TRIMMED] = view.as_given(band[row : row + TRIMMED])


def _cut(array, corner, sides):
    """A part of an array, with its mirror image beyond the right and the bottom border."""
    (top, left), (height, width) = corner, sides
    part = array[top : top + height, left : left + width]
    missing = [(0, side - length) for side, length in zip(sides, part.shape, strict=False)]
    return np.pad(part, [*missing, *[(0, 0)] * (array.ndim - 2)], mode="symmetric") if np.any(missing) else part


def _along(length, tile, step, overlap):
    """The side of tiles and their starts along one axis, as even as possible.

    The last tile ends where the picture does, padded to a multiple of `step` as in one piece: beyond that a tile would
    show the network a mirror image that it does not see in one piece.
    """
    padded = -(-max(length, SMALLEST) // step) * step
    if length <= tile:
        return padded, [0]
    count = -(-(length - overlap) // max(step, tile - overlap))
    stride = -(-(length - overlap) // (count * step)) * step
    side = min(stride + overlap, padded)
    count = -(-(padded - side) // stride) + 1
    return side, [min(i * stride, padded - side) for i in range(count)]


def _faded(below, above, start, overlap, axis):
    """A tile over those before it along an axis: it fades in over the middle of the overlap."""
    if not start:
        return above
    rising = (np.arange(above.shape[axis], dtype="float32") + 0.5 - TRIMMED) / (overlap - 2 * TRIMMED)
    opacity = np.expand_dims(np.clip(rising, 0, 1), (1 - axis, 2))
    return below + opacity * (above - below)
