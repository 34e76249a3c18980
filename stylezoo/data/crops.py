"""How crops are taken from pictures: anywhere at random, or from the places of a grid."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from stylezoo.data.domains import Pictures
from stylezoo.pictures import arrays
from stylezoo.spec import Choice

SOURCE, STYLE, CROPS, GRIDS = range(4)  # purposes of random numbers: independent streams
NEXT_STYLE = 100  # the distance of the streams of several styles


@dataclass(frozen=True)
class Sizes:
    """The sizes and the seed of all crops of a training.

    Attributes:
        side: The side of a crop, in pixels: the recipe's image_size.
        scaled: The shorter side of the pictures that crops are taken from, in pixels: the recipe's load_size.
        seed: The recipe's seed.
        decay: The number of the first crop of the decay epochs.
    """

    side: int
    scaled: int
    seed: int
    decay: int


@dataclass(frozen=True)
class Stream:
    """The pictures of a domain in the order in which a training sees them, and random numbers of its own.

    Attributes:
        pictures: The domain.
        number: `SOURCE`, or `STYLE` + `NEXT_STYLE` times the number of the style. Two streams of one number have the
            same order of pictures and the same random numbers.
        sizes: The sizes of crops and pictures.
        like: The partners of the pictures, to whose sizes they are scaled.
    """

    pictures: Pictures
    number: int
    sizes: Sizes
    like: Pictures | None = None

    @property
    def is_source(self) -> bool:
        """Whether these are sources."""
        return self.number == SOURCE

    def pixels(self, i: int) -> np.ndarray:
        """Picture number i, levels (height, width, channels). Each epoch shows every picture once, in its own order."""
        epoch, place = divmod(i, len(self.pictures))
        place = _order(len(self.pictures), self.sizes.seed, self.number, epoch)[place]
        pixels = self.pictures[place]
        return pixels if self.like is None else _resized(pixels, *self.like[place].shape[:2])

    def random(self, purpose: int, i: int) -> np.random.Generator:
        """Random numbers for one purpose and crop or batch number i: always the same."""
        return np.random.default_rng([self.sizes.seed, purpose, self.number, i])


class Crops(Choice, ABC, field="crops"):
    """How crops are taken from pictures; a subclass with a name is a choice for a recipe's `crops`.

    Attributes:
        turn_style: Whether crops of styles are turned, and those of sources are not.
        one_picture: Whether all crops of a batch are from one picture.
    """

    turn_style = False
    one_picture = False

    @abstractmethod
    def cut(self, stream: Stream, numbers: Sequence[int]) -> list[np.ndarray]:
        """The crops of these successive numbers, levels (side, side, channels): a pure function of both arguments."""


class RandomCrops(Crops, name="random"):
    """Crops from anywhere in a picture, one for each picture.

    Args:
        source_zoom: The range of the sizes of source crops, as multiples of the recipe's image_size, to which they are
            then scaled: (1, 2) shows up to twice as much of the picture, half as large.
        style_zoom: Likewise for styles: (0.5, 1) makes strokes up to twice as broad.
        flip: Whether half of the crops are mirrored.
        turn_style: Whether style crops are turned by quarters, so that strokes run in all directions.
        whole_in_decay: Whether crops show all of a picture's shorter side in the decay epochs, as in CUT.
    """

    def __init__(
        self,
        source_zoom: tuple[float, float] = (1.0, 1.0),
        style_zoom: tuple[float, float] = (1.0, 1.0),
        flip: bool = True,
        turn_style: bool = False,
        whole_in_decay: bool = False,
    ):
        self.source_zoom = _checked_zoom("source_zoom", source_zoom)
        self.style_zoom = _checked_zoom("style_zoom", style_zoom)
        self.flip = flip
        self.turn_style = turn_style
        self.whole_in_decay = whole_in_decay

    def cut(self, stream: Stream, numbers: Sequence[int]) -> list[np.ndarray]:
        """See `Crops.cut`."""
        return [self._crop(stream, i) for i in numbers]

    def _crop(self, stream, i):
        pixels, random, side = stream.pixels(i), stream.random(CROPS, i), stream.sizes.side
        height, width = pixels.shape[:2]
        taken = min(max(1, round(side * random.uniform(*self._zoom(stream, i)))), height, width)
        top, left = random.integers(0, [height - taken + 1, width - taken + 1])
        crop = _resized(pixels[top : top + taken, left : left + taken], side, side)
        if self.flip and random.random() < 0.5:
            crop = crop[:, ::-1]
        turned = self.turn_style and not stream.is_source
        return np.rot90(crop, random.integers(4)) if turned else crop

    def _zoom(self, stream, i):
        if self.whole_in_decay and i >= stream.sizes.decay:
            return (stream.sizes.scaled / stream.sizes.side,) * 2
        return self.source_zoom if stream.is_source else self.style_zoom


class GridCrops(Crops, name="grid"):
    """Crops of a batch from the cells of a shuffled grid on one picture, without repetition if possible, as in SinCUT.

    Height and width of the picture are zoomed by independent random factors.

    Args:
        source_zoom: As in `RandomCrops`.
        style_zoom: Likewise.
        flip: Whether half of the crops are mirrored.
    """

    one_picture = True

    def __init__(
        self,
        source_zoom: tuple[float, float] = (1.0, 1.0),
        style_zoom: tuple[float, float] = (1.0, 1.0),
        flip: bool = True,
    ):
        self.source_zoom = _checked_zoom("source_zoom", source_zoom)
        self.style_zoom = _checked_zoom("style_zoom", style_zoom)
        self.flip = flip

    def cut(self, stream: Stream, numbers: Sequence[int]) -> list[np.ndarray]:
        """See `Crops.cut`."""
        side, batch = stream.sizes.side, numbers[0] // len(numbers)
        random = stream.random(GRIDS, batch)
        pixels = self._zoomed(stream.pixels(batch), random, stream)
        rows, columns = (each // side for each in pixels.shape[:2])
        top, left = (random.integers(each % side + 1) for each in pixels.shape[:2])
        cells = np.resize(random.permutation(rows * columns), len(numbers))
        corners = [(top + side * (cell // columns), left + side * (cell % columns)) for cell in cells]
        crops = [pixels[y : y + side, x : x + side] for y, x in corners]
        return [crop[:, ::-1] if self.flip and random.random() < 0.5 else crop for crop in crops]

    def _zoomed(self, pixels, random, stream):
        low, high = self.source_zoom if stream.is_source else self.style_zoom
        # Uniform in the scale of the picture, not in the size of the crop.
        size = pixels.shape[:2] * random.uniform(1 / high, 1 / low, 2)
        return _resized(pixels, *(max(stream.sizes.side, round(each)) for each in size))


def _checked_zoom(name, zoom):
    try:
        low, high = zoom
        if 0 < low <= high < math.inf:
            return low, high
    except (TypeError, ValueError):  # not two of them, or no numbers
        pass
    raise ValueError(f"{name} is {zoom}; it must be two numbers above 0, the smaller first")


def _resized(pixels, height, width):
    """Levels (height, width, channels) in another size."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return arrays.resized(pixels, height, width)


@lru_cache(maxsize=8)
def _order(count, seed, stream, epoch):
    """The order in which an epoch goes through the pictures."""
    return np.random.default_rng([seed, stream, epoch]).permutation(count)
