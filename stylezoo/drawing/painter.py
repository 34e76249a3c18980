"""A trained generator and a picture of any size: the same picture in the style, in one piece or in tiles."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from PIL import Image

from stylezoo import contract
from stylezoo.drawing.fusion import Fusion, Share
from stylezoo.errors import BadOptions, BadPicture
from stylezoo.pictures import arrays, colour, files, luminance
from stylezoo.scene import Scene, fuses

COARSEST = 256  # pixels: no published generator halves a picture more than eight times
SMALLEST = 16  # pixels: a smaller picture has no room for the reflections inside of a network
MEMORY = 7 * 2**28  # bytes: what is drawn in one piece may take so much
BYTES = 36  # for each number that a layer answers with: some nine tensors of four bytes are held at once
PIXEL = 400  # bytes for each pixel besides: the picture as floats, its parts, what becomes of them
LARGEST_STYLE = 896  # pixels: of the side of a square as large as a style's picture is used
OVERLAP = 128  # pixels that neighbouring tiles share, at least
SMALLEST_TILE = 2 * OVERLAP
UNTOUCHED = 4  # the power with which places without a style are the picture: greys of a mask are the network's
TRIMMED = 32  # of these, pixels next to the border of a tile that are not used: its network saw reflections there


@dataclass
class Painter:
    """Redraws pictures with a generator, all in the same look.

    Attributes:
        generator: A generator's Keras model.
        fusion: The styles, as the generator takes them: rows (K,) of weights of its named styles, or pictures as
            arrays (height, width, 3). None of them for a generator that has one style only.
        random_code: Whether a generator made of codes takes a random one.
        tones: To what light and dark of a picture are brought first, as `luminance.tones` tells it; None: to nothing.
        seed: For a generator with noise or random style codes.
        keep_colour: Whether only the luminance is drawn, and the picture's own colours stay.
        tile: The side of tiles, in pixels; 0: draw in one piece; None: tiles as large as `MEMORY` allows, if the
            picture is larger than one.
        steady: Whether what is found out about the first picture holds for all that follow, as in a film, where else
            a change in one corner would make all the rest flicker.
        on_tile: Called with the number of tiles that are drawn and the number that there are.
        has_strength: Whether the generator can draw less of a style; else what it draws is laid over the picture.

    Raises:
        BadOptions: Tiles are too small.
    """

    generator: keras.Model
    fusion: Fusion = field(default_factory=Fusion)
    random_code: bool = False
    tones: np.ndarray | None = None
    seed: int = 0
    keep_colour: bool = False
    tile: int | None = None
    steady: bool = False
    on_tile: Callable[[int, int], None] = lambda done, count: None

    def __post_init__(self):
        if self.tile and self.tile < SMALLEST_TILE:
            raise BadOptions(f"Tiles of {self.tile} pixels are too small: {SMALLEST_TILE} or more, or 0 for none.")
        self._facts = None  # about the first picture, where they hold for all
        self._step = None  # by what the sides of tiles must be divisible
        self._inputs = {each.name: each for each in self.generator.inputs}
        parts = (Share(None),) if self.random_code else self.fusion.parts
        self._has_codes = bool(parts) and contract.made_of_codes(self.generator)
        self.has_strength = "styles" in self._inputs or self._has_codes or (bool(parts) and fuses(self.generator))
        self._fusion = Fusion(parts, self.fusion.strength if self.has_strength else 1.0)
        self._opacity = 1.0 if self.has_strength else self.fusion.strength

    def paint(self, picture):
        """Redraw a picture.

        Args:
            picture: A path, a Pillow image, or a float array (height, width, 3) or (count, height, width, 3) in
                [-1, 1].

        Returns:
            A Pillow image for a path or an image, as transparent as it was; a float32 array of the same shape, not
            quantised, for an array.

        Raises:
            BadPicture: The file cannot be read, the array is of another shape, or there is not enough memory.
        """
        if isinstance(picture, str | os.PathLike):
            picture = files.open_picture(picture, alpha=True)
        if isinstance(picture, Image.Image):
            return self._image(colour.upright(picture))
        array = arrays.as_array(picture)
        if array.ndim == 4:  # one by one: memory, not speed, is short
            return np.stack([self._redrawn(one) for one in array])
        return self._redrawn(array)

    def _image(self, image):
        drawn = Image.fromarray(self._redrawn(np.asarray(image.convert("RGB"))))
        if image.mode == "RGBA":
            drawn.putalpha(image.getchannel("A"))
        return drawn

    def _redrawn(self, pixels):
        """A picture (height, width, 3), uint8 or float32 in [-1, 1], as the same."""
        height, width, _ = pixels.shape
        view = View(pixels, self._fusion.masks(height, width), self._noise(height, width))
        try:
            if self._needs_tiles(height, width):
                return self._in_tiles(view)
            drawn, facts = self._in_one_piece(view, self._facts or self._first_facts(view))
        except (MemoryError, tf.errors.ResourceExhaustedError):
            raise BadPicture(
                f"There is not enough memory to redraw {width} x {height} pixels; make the picture smaller (--size) "
                "or the tiles (--tile)."
            ) from None
        self._remember(facts)
        return view.as_given(drawn)

    def _in_one_piece(self, view, facts):
        """The picture as float32, enlarged by reflection to what the generator can take and cut back; and its facts."""
        height, width = view.shape
        reason = None
        for step, sides in _fitting(self.generator, height, width):
            try:
                drawn, found = self._draw(view, (0, 0), sides, facts)
            except ValueError as error:  # branches that cannot be joined, which a layer's own word did not tell
                reason = error
                continue
            return drawn[:height, :width], replace(facts, step=step, found=found)
        raise BadPicture(
            f"The generator of this model cannot redraw a picture of {width} x {height} pixels."
        ) from reason

    def _needs_tiles(self, height, width):
        if self.tile is not None:
            return 0 < self.tile < max(height, width)
        pixels = height * width
        return pixels > (2 * COARSEST) ** 2 and pixels > _side(self.generator) ** 2  # the first saves a trace

    def _in_tiles(self, view):
        """The picture in overlapping tiles, all with the facts of a thumbnail: so they do not differ in tone.

        The thumbnail is as large as memory allows: what is found out about a smaller one is less exact.
        """
        facts, tile = self._facts, self.tile or _side(self.generator)
        if facts is None:
            _, facts = self._in_one_piece(view.thumbnail(_side(self.generator)), self._first_facts(view))
            self._remember(facts)
        if self._step is None:  # the thumbnail's sides may have fitted by chance; these are the worst of all
            odd = view.cut((0, 0), (COARSEST + 1, COARSEST + 1))
            self._step = self._in_one_piece(odd, replace(facts, found=None))[1].step
        step = self._step
        overlap = -(-OVERLAP // step) * step
        (height, tops), (width, lefts) = (_along(length, tile, step, overlap) for length in view.shape)
        canvas, done = np.zeros_like(view.pixels), 0
        for top in tops:  # a band across the picture after the other: all of it as floats would take too much room
            band = np.zeros((height, view.shape[1], 3), "float32")
            for left in lefts:
                drawn, _ = self._draw(view, (top, left), (height, width), facts)
                there = band[:, left : left + width]
                there[...] = _faded(there, drawn[:, : there.shape[1]], left, overlap, axis=1)
                done += 1
                self.on_tile(done, len(tops) * len(lefts))
            there = canvas[top : top + height]
            band = band[: len(there)]
            before = arrays.from_levels(there[:overlap])
            band[:overlap] = _faded(before, band[:overlap], top, overlap, axis=0)
            for row in range(0, len(band), TRIMMED):  # bit by bit: the arithmetic takes several times its room
                there[row : row + TRIMMED] = view.as_given(band[row : row + TRIMMED])
        return canvas

    def _remember(self, facts):
        if self.steady:
            self._facts = facts

    def _draw(self, view, corner, sides, facts):
        """A part of the picture, float32 in [-1, 1], and what layers found out about it, in each pass."""
        view = view.cut(corner, sides)
        part = arrays.from_levels(view.pixels)
        shares = self._fusion.shares(view.masks) if self._fusion.parts else None
        source = part if self.tones is None else self._toned(part, facts.light, shares)
        known = facts.found or [None, None]
        given = [source[None], view.noise if view.noise is None else view.noise[None]]
        drawn, noted = self._answer([*given, *self._mixture(source, shares, facts)], known[0], corner)
        if not self._fusion.has_source:
            return self._finished(part, drawn), [noted]
        # A place without a style must not change with what is found out about those that have one.
        shared = noted if self._fusion.is_divided and facts.styles is None else None
        again, noted_again = self._answer([*given, *self._as_it_is(facts)], known[1] or shared, corner)
        drawn = drawn + shares[..., -1:] * (source - again)  # what the network cannot give back is no style
        if self._fusion.leaves_places:  # nor is what reaches across the border of a mask
            untouched = (shares[..., -1:] - 1 + self._fusion.strength) / max(self._fusion.strength, 1e-6)
            drawn = drawn + untouched**UNTOUCHED * (source - drawn)
        return self._finished(part, drawn), [noted, noted_again]

    def _answer(self, given, known, corner):
        """What the generator draws, (height, width, 3), and what its layers found out if it was not known."""
        tensors = [each if each is None else ops.convert_to_tensor(each, "float32") for each in given]
        given = (*tensors, known, ops.convert_to_tensor(corner, "int32"), self.seed)
        # Called as it is, a function warns of the graphs that it makes, one for each kind of look.
        graph = _in_graph(self.generator, tuple(tensors[0].shape[1:3])).get_concrete_function(*given)
        drawn, noted = graph(*given)
        return ops.convert_to_numpy(drawn)[0], noted

    def _mixture(self, source, shares, facts):
        """What a generator is told of the styles: pictures, rows, codes, and their shares of the picture, or None."""
        regions = shares[None] if self._fusion.is_divided else None
        if "styles" in self._inputs:
            rows = np.stack([part.style for part in self._fusion.parts])
            rows = np.concatenate([rows, np.zeros_like(rows[:1])]) if self._fusion.has_source else rows
            return None, rows if self._fusion.is_divided else shares[0] @ rows, None, regions
        if facts.codes is not None:
            return None, None, facts.codes if self._fusion.is_divided else shares[0] @ facts.codes, regions
        if facts.styles is not None:
            return facts.styles, None, None, shares[None] if len(facts.styles) > 1 else None
        style = source if not self._fusion.parts else arrays.fitted(self._fusion.parts[0].style, *source.shape[:2])
        return style[None], None, None, None

    def _as_it_is(self, facts):
        """What a generator is told when it shall leave the picture as it is."""
        if "styles" in self._inputs:
            return None, np.zeros((1, self._inputs["styles"].shape[-1])), None, None
        if facts.codes is not None:
            return None, None, facts.codes[-1:], None
        return facts.styles[-1:], None, None, None

    def _first_facts(self, view):
        """What is known of a picture before it is drawn."""
        light = None if self.tones is None else luminance.light_moments(view.pixels)
        if not self._has_codes and not ("style" in self._inputs and self._fusion.parts and fuses(self.generator)):
            return Facts(light)
        styles = self._styles(view)
        return Facts(light, codes=self._codes(styles)) if self._has_codes else Facts(light, styles=np.stack(styles))

    def _styles(self, view):
        """Pictures of the styles and of the source, if it has a share, all of one size.

        They are as large as the source, but not larger than `LARGEST_STYLE`, whatever size they have themselves: else
        one would depend on another.
        """
        pictures = [part.style for part in self._fusion.parts if part.style is not None]
        factor = min(1.0, LARGEST_STYLE / math.prod(view.shape) ** 0.5)
        _, sides = next(_fitting(self.generator, *(max(1, round(factor * side)) for side in view.shape)))
        styles = [arrays.fitted(each, *sides) for each in pictures]
        if self._fusion.has_source:
            styles.append(arrays.from_levels(arrays.resized(view.pixels, *sides)))
        return styles

    def _codes(self, styles):
        """The codes of the styles, and of the source if it has a share: (styles, n)."""
        codes = []
        if self.random_code:
            codes.append(contract.random_code(self.generator, np.zeros((1, 1, 1, 3), "float32"), self.seed))
        if styles:
            codes.append(self.generator.get_layer("style_code")(np.stack(styles)))
        return np.concatenate([ops.convert_to_numpy(each) for each in codes]).astype("float32")

    def _noise(self, height, width):
        """Noise for every pixel of a picture, for a generator that has a map of it: (height, width, channels)."""
        wanted = self._inputs.get("noise")
        if wanted is None or len(wanted.shape) < 4:
            return None
        noise = keras.random.normal((height, width, wanted.shape[-1]), seed=self.seed)
        return ops.convert_to_numpy(noise)

    def _toned(self, part, light, shares):
        """The picture in the tones of the styles, as far as these have a share of it."""
        matched = luminance.match_tones(part, self.tones, light)
        return matched + shares[..., -1:] * (part - matched) if self._fusion.has_source else matched

    def _finished(self, part, drawn):
        drawn = np.clip(drawn, -1, 1)  # not every generator ends in a tanh
        if self.keep_colour:
            drawn = luminance.with_light(part, luminance.light(drawn))
        return drawn if self._opacity == 1 else part + np.float32(self._opacity) * (drawn - part)


@dataclass(frozen=True)
class Facts:
    """What is known of a whole picture when a part of it is drawn.

    Attributes:
        light: Mean and deviation of its luminance; None where no tones are matched.
        styles: Pictures of the styles (styles, height, width, 3), for a generator that mixes such.
        codes: The styles' codes (styles, n), for a generator made of codes.
        step: By what the sides of a part must be divisible.
        found: What layers found out in each pass; None: nothing yet, they shall note it.
    """

    light: tuple[float, float] | None
    styles: np.ndarray | None = None
    codes: np.ndarray | None = None
    step: int = 1
    found: list | None = None


@dataclass(frozen=True)
class View:
    """A picture, the masks of its styles and its noise, all of one size, of which parts are drawn.

    Attributes:
        pixels: (height, width, 3), uint8, which takes a quarter of the room, or float32 in [-1, 1].
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
        """A part of it, continued by reflection where that reaches beyond the border."""
        noise = None if self.noise is None else _cut(self.noise, corner, sides)
        return View(_cut(self.pixels, corner, sides), [_cut(mask, corner, sides) for mask in self.masks], noise)

    def thumbnail(self, side: int) -> "View":
        """All of it scaled down to at most side x side pixels; of the noise, which has no scale, a part."""
        height, width = self.shape
        factor = min(1.0, side / (height * width) ** 0.5)
        small = [max(1, round(length * factor)) for length in (height, width)]
        pixels = arrays.resized(self.pixels, *small)
        masks = [np.asarray(Image.fromarray(mask).resize(small[::-1], Image.Resampling.BOX)) for mask in self.masks]
        return View(pixels, masks, None if self.noise is None else _cut(self.noise, (0, 0), small))

    def as_given(self, drawn: np.ndarray) -> np.ndarray:
        """What was drawn, as numbers of the kind that the picture has."""
        return arrays.levels(drawn) if self.pixels.dtype == np.uint8 else drawn


@lru_cache(maxsize=4)
def _in_graph(generator, sides):
    """The generator as one graph: step by step, the answers of all its layers would stay in memory to the end.

    A graph for each size, so that those of a folder's many sizes are forgotten one by one.
    """

    def redraw(source, noise, styles, labels, code, shares, found, corner, seed):
        with Scene(shares, found, (corner[0], corner[1])) as scene:
            drawn = contract.generate(generator, source, styles, seed=seed, labels=labels, code=code, noise=noise)
        return drawn, scene.found

    return tf.function(redraw, autograph=False)


@lru_cache(maxsize=4)
def _side(generator):
    """The side of the largest square that can be drawn in one piece within `MEMORY`."""
    specs = [tf.TensorSpec((1, *(size or COARSEST for size in each.shape[1:]))) for each in generator.inputs]
    draw = tf.function(lambda *inputs: generator(inputs if len(inputs) > 1 else inputs[0]), autograph=False)
    graph = draw.get_concrete_function(*specs).graph
    answers = [output.shape for operation in graph.get_operations() for output in operation.outputs]
    numbers = max(
        math.prod(shape) for shape in answers if shape.rank == 4 and shape.is_fully_defined() and shape[0] == 1
    )
    side = (MEMORY / (PIXEL + BYTES * numbers / COARSEST**2)) ** 0.5
    return max(SMALLEST_TILE, int(side) // 64 * 64)


def _fitting(generator, height, width):
    """The sizes from (height, width) on that the generator says to answer with a picture of the same size.

    Each as (step, sides), with what the sides were made divisible by.
    """
    step = 1
    while step <= COARSEST:
        sides = tuple(-(-max(size, SMALLEST) // step) * step for size in (height, width))
        if answers(generator, (1, *sides, 3)):
            yield step, sides
        step *= 2


def answers(generator, shape):
    """Whether the generator answers a picture of this shape with one of the same shape."""
    shapes = [tuple(size or other for size, other in zip(each.shape, shape, strict=False)) for each in generator.inputs]
    try:
        return generator.compute_output_shape(shapes if len(shapes) > 1 else shapes[0]) == shape
    except ValueError:  # branches of different size that cannot be joined
        return False


def _cut(array, corner, sides):
    """A part of an array, with its mirror image at the right and the bottom where it reaches beyond."""
    (top, left), (height, width) = corner, sides
    part = array[top : top + height, left : left + width]
    missing = [(0, side - length) for side, length in zip(sides, part.shape, strict=False)]
    return np.pad(part, [*missing, *[(0, 0)] * (array.ndim - 2)], mode="symmetric") if np.any(missing) else part


def _along(length, tile, step, overlap):
    """The side of tiles and where they begin along one axis, as even as possible."""
    if length <= tile:
        return -(-max(length, SMALLEST) // step) * step, [0]
    count = -(-(length - overlap) // max(step, tile - overlap))
    stride = -(-(length - overlap) // (count * step)) * step
    count = -(-(length - overlap) // stride)
    return stride + overlap, [i * stride for i in range(count)]


def _faded(below, above, start, overlap, axis):
    """A tile over those before it along an axis: over the middle of the overlap it comes to be seen."""
    if not start:
        return above
    rising = (np.arange(above.shape[axis], dtype="float32") + 0.5 - TRIMMED) / (overlap - 2 * TRIMMED)
    opacity = np.expand_dims(np.clip(rising, 0, 1), (1 - axis, 2))
    return below + opacity * (above - below)
