"""A trained generator and a picture of any size: the same picture in the style, in one piece or in tiles."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Real

import keras
import numpy as np
from keras import ops

from stylezoo.contract import OneStyle, StyleInput, style_input
from stylezoo.contract.inputs import channels_of, has_noise_map, noise_input
from stylezoo.drawing.facts import Facts
from stylezoo.drawing.fusion import Fusion
from stylezoo.drawing.graphs import COARSEST, SMALLEST_TILE, Graphs
from stylezoo.drawing.tiles import Tiling, View
from stylezoo.errors import BadOptions, BadPicture
from stylezoo.pictures import arrays, luminance, opening, scans

__all__ = ["Painter"]

LARGEST_STYLE = 896  # pixels: the side of a square with the area at which style pictures are used at most
THUMBNAIL = 512  # pixels: the least side of a thumbnail; with 256 tones differ twice as much from those of one piece
THUMBNAIL_SHARE = 0.22  # its side as a share of the picture's: drawing it takes 5 % of the time
BROADEST = 8  # the largest stroke
FINEST = 768  # pixels of the shorter side: in larger pictures strokes as trained are too fine to be seen
NOTICED = 1.5  # a stroke that is fewer times as broad is not worth a second drawing
UNTOUCHED = 4  # exponent of the share without a style: grey places of a mask keep the network's output
LASTING = ("generator", "fusion", "tones", "seed")  # attributes that the facts of a film depend on


class Redraws(ABC):
    """Redraws pictures of any form, by a method for one picture as an array."""

    def paint(self, picture):
        """Redraw a picture.

        Args:
            picture: A path, a binary file object, a Pillow image, or an array (height, width, channels) or (count,
                height, width, channels): floats in [-1, 1], uint8 in 0..255, or uint16 in 0..65535.

        Returns:
            A Pillow image for a file or an image, as transparent as it was; it is a `Scan` if it has 16 bits, or other
            channels than one or three. For an array a float32 array of the same shape, not quantised. At strength 0 it
            is the picture itself, and no network runs.

        Raises:
            BadPicture: The file cannot be read, the array is of another shape or range, the frames of a film differ in
                size, or there is not enough memory.
        """
        image = opening.opened(picture, self.channels)
        if image is not None:
            return scans.image_of(self._redrawn(scans.pixels(image)), scans.alpha(image))
        array = arrays.as_array(picture, self.channels)
        if array.ndim == 4:  # one by one: memory, not speed, is short
            return np.stack([self._redrawn(one) for one in array])
        return self._redrawn(array)

    @property
    @abstractmethod
    def channels(self) -> int:
        """The channels of the pictures that are drawn."""

    @abstractmethod
    def _redrawn(self, pixels):
        """A picture (height, width, channels), levels or float32 in [-1, 1], as the same."""


@dataclass
class Painter(Redraws):
    """Redraws pictures with a generator, all in the same styles.

    `tile`, `keep_colour` and `on_tile` may be set between two pictures; `dataclasses.replace` makes a painter for other
    styles, or for another film.

    Attributes:
        generator: A generator's Keras model.
        fusion: The styles, as `StyleInput.read` gives them: rows (K,) of weights of named styles, or pictures as arrays
            (height, width, channels); the style None is a random one. No styles for a generator that has one only.
        tones: From `luminance.tones`, to which pictures are matched first; None: they are not. If they have colours and
            the generator has one style only, what it draws is matched as well.
        seed: For a generator with noise or random style codes.
        keep_colour: Whether only the luminance is redrawn, and the picture's own colours stay.
        stroke: How many times as broad strokes are, from 1 to `BROADEST`: the picture is drawn smaller by this factor,
            enlarged, and drawn again. None: as trained, but if the generator makes strokes of a map of noise, in
            proportion to a picture whose shorter side has 1152 pixels or more, relative to `FINEST` pixels.
        tile: The side of tiles, in pixels; 0: draw in one piece; None: tiles as large as memory allows, if the picture
            is larger than one.
        steady: Whether all pictures are frames of one film, all of one size: the facts about the first frame are used
            for all. Else a change in one corner would make the whole picture flicker. "whole" or a number of seconds
            are for `films.redraw`, which knows the frames to come.
        on_tile: Called with the number of tiles that are drawn and the number of all tiles.
        has_strength: Whether the generator itself can draw a style at less strength; else its output is blended with
            the picture.
        film: The size of the frames of a steady painter and the facts about them; None before the first frame.
        drift: How far the scene has moved from where the noise is, at each pixel, so that strokes move with it: rows
            and columns to add to its place, (height, width, 2); None: not at all.

    Raises:
        BadOptions: Tiles are too small, or the generator cannot mix styles or divide a picture among them.

    Examples:
        >>> painter = stylezoo.load_model("great-wave").painter(keep_colour=True)
        >>> painter.paint("photo.jpg").save("drawn.png")
    """

    generator: keras.Model
    fusion: Fusion = field(default_factory=Fusion)
    tones: np.ndarray | None = None
    seed: int = 0
    keep_colour: bool = False
    stroke: float | None = None
    tile: int | None = None
    steady: bool | str | float = False
    on_tile: Callable[[int, int], None] = lambda done, count: None

    def __post_init__(self):
        if self.tile and self.tile < SMALLEST_TILE:
            raise BadOptions(f"Tiles of {self.tile} pixels are too small: {SMALLEST_TILE} or more, or 0 for none.")
        stroke = 1 if self.stroke is None else self.stroke
        if not isinstance(stroke, Real) or not 1 <= stroke <= BROADEST:  # also for NaN
            raise BadOptions(
                f"The stroke is {self.stroke!r}; it must be a number from 1, as trained, to {BROADEST} times as broad."
            )
        self.film = self.drift = None
        if self.keep_colour and self.channels != 3:
            raise BadOptions(f"The model draws pictures of {self.channels} channels, which have no colours to keep.")
        self._style = style_input(self.generator)
        self._graphs = Graphs.of(self.generator)
        several = len(self.fusion.parts) > 1 and not self._style.can_mix
        if several or (self.fusion.is_divided and not self._style.can_divide):
            raise BadOptions(f"The generator '{self.generator.name}' takes one style at a time, everywhere the same.")
        self.has_strength = bool(self.fusion.parts) and self._style.can_weaken
        self._fusion = self.fusion if self.has_strength else replace(self.fusion, strength=1.0)
        self._opacity = 1.0 if self.has_strength else self.fusion.strength

    def __setattr__(self, name, value):
        if name in LASTING and "_graphs" in vars(self):
            raise BadOptions(f"The {name} of a painter stays; dataclasses.replace(painter, {name}=...) makes another.")
        super().__setattr__(name, value)

    @property
    def channels(self) -> int:
        return channels_of(self.generator)

    def _redrawn(self, pixels):
        if not self.fusion.strength:
            return pixels.copy()
        height, width, _ = pixels.shape
        stroke = self.stroke or self._in_proportion(height, width)
        try:
            return self._drawn(pixels) if stroke == 1 else self._broadly_drawn(pixels, stroke)
        except MemoryError:
            raise BadPicture(
                f"There is not enough memory to redraw {width} x {height} pixels; make the picture smaller (--size) "
                "or the tiles (--tile)."
            ) from None

    def drawers(self):
        """The painters that have facts of a film: this one and, where strokes may be broad, that of the sketch."""
        return [self] if self.stroke == 1 else [self, self._sketcher]

    @cached_property
    def _sketcher(self):
        """The painter for the smaller picture. It reports no tiles: they are few; the larger picture has its own."""
        return replace(self, stroke=1.0, keep_colour=False, on_tile=lambda done, count: None)

    def _in_proportion(self, height, width):
        """The stroke for a picture of a size."""
        times = min(height, width) / FINEST
        return min(times, BROADEST) if times >= NOTICED and has_noise_map(self.generator) else 1

    def _broadly_drawn(self, pixels, stroke):
        """The picture drawn smaller, enlarged, and drawn again at its own size, which makes the enlarged strokes sharp.

        Where the picture has less of a style, the second drawing begins with more of the picture.
        """
        height, width, _ = pixels.shape
        self._facts_of_film(height, width)  # refuses a frame of another size before a smaller one is drawn
        small = arrays.resized(pixels, *(max(1, round(side / stroke)) for side in (height, width)))
        self._sketcher.tile, self._sketcher.drift = self.tile, self.drift
        form = pixels.dtype if arrays.is_levels(pixels) else "uint8"
        sketch = arrays.resized(arrays.levels(self._sketcher.paint(small), form), height, width)
        drawn = self._drawn(arrays.by_bands(_mixed, pixels, sketch, self._styled(height, width)))
        return arrays.by_bands(luminance.with_light_of, pixels, drawn) if self.keep_colour else drawn

    def _styled(self, height, width):
        """How much of each place has a style: 1 is all of it at full strength."""
        if not self._fusion.has_source:
            return np.broadcast_to(np.float32(self._opacity), (height, width, 1))
        return self._opacity * (1 - self._fusion.shares(self._fusion.masks(height, width))[..., -1:])

    def _drawn(self, pixels):
        """A picture (height, width, channels), levels or float32 in [-1, 1], as the same."""
        height, width, _ = pixels.shape
        view = View(pixels, self._fusion.masks(height, width), self._noise(height, width))
        facts = self._facts_of_film(height, width)
        if self._needs_tiles(height, width):
            return self._in_tiles(view, facts)
        drawn, facts = self._in_one_piece(view, facts or self._first_facts(view))
        self._remember(view, facts)
        return view.as_given(drawn)

    def _facts_of_film(self, height, width):
        """The facts about the film that a picture is a frame of; None for its first frame and for a single picture."""
        if self.film is None:
            return None
        (first_height, first_width), facts = self.film
        if (height, width) != (first_height, first_width):
            raise BadPicture(
                f"A frame has {width} x {height} pixels, the first had {first_width} x {first_height}: a steady "
                "painter redraws frames of one size; make another painter for another film."
            )
        return facts

    def _remember(self, view, facts):
        if self.steady:
            self.film = view.shape, facts

    def _in_one_piece(self, view, facts):
        """The picture as float32, padded by reflection to a size for the generator and cut back; and its facts."""
        height, width = view.shape
        reason = None
        for sides in self._graphs.fitting(height, width):
            try:
                drawn, facts = self._draw(view, (0, 0), sides, facts)
            except ValueError as error:  # branches that cannot be joined, which compute_output_shape did not show
                reason = error
                continue
            return drawn[:height, :width], facts
        raise BadPicture(
            f"The generator of this model cannot redraw a picture of {width} x {height} pixels."
        ) from reason

    def _needs_tiles(self, height, width):
        if self.tile is not None:
            return 0 < self.tile < max(height, width)
        pixels = height * width
        return pixels > (3 * COARSEST) ** 2 and pixels > self._graphs.side**2  # the first saves a trace

    def _in_tiles(self, view, facts):
        """The picture in overlapping tiles, all with the facts of a thumbnail, so that they do not differ in tone.

        The facts of a smaller thumbnail are less exact, those of a larger one take longer.
        """
        tile = self.tile or self._graphs.side
        if facts is None:
            side = min(self._graphs.side, max(THUMBNAIL, math.prod(view.shape) ** 0.5 * THUMBNAIL_SHARE))
            _, facts = self._in_one_piece(view.thumbnail(side), self._first_facts(view))
            self._remember(view, facts)
        tiling = Tiling.of(view.shape, tile, self._graphs.step)  # the thumbnail's sides may fit by chance
        return tiling.joined(view, lambda corner: self._draw(view, corner, tiling.sides, facts)[0], self.on_tile)

    def _draw(self, view, corner, sides, facts):
        """A part of the picture, float32 in [-1, 1], and the facts.

        Facts that are not known yet are found here; then the part must be the whole picture.
        """
        whole, view = view, view.cut(corner, sides)
        part = arrays.from_levels(view.pixels)
        shares = self._fusion.shares(view.masks) if self._fusion.parts else None
        source = part if self.tones is None else self._toned(part, facts.tones, shares)
        known, known_again = facts.found or [None, None]
        noise = None if view.noise is None else view.noise[None]

        origin = corner if self.drift is None else corner + np.rint(np.median(self.drift, axis=(0, 1))).astype(int)

        def output(style, regions, known):
            return self._graphs.draw(self.generator, source[None], noise, style, regions, known, origin, self.seed)

        drawn, found = output(*self._mixture(source, shares, facts), known)
        if not self._fusion.has_source:
            return self._finished(part, drawn, replace(facts, found=[found, None]), whole.shape)
        # A place without a style must not depend on the facts about those that have one.
        shared = found if self._fusion.is_divided and not self._style.has_facts else None
        again, found_again = output(facts.palette[-1:], None, shared if known_again is None else known_again)
        drawn = drawn + shares[..., -1:] * (source - again)  # the error of the network's reconstruction is no style
        if self._fusion.leaves_places:  # nor is what its receptive field takes from across the border of a mask
            untouched = (shares[..., -1:] - 1 + self._fusion.strength) / max(self._fusion.strength, 1e-6)
            drawn = drawn + untouched**UNTOUCHED * (source - drawn)
        return self._finished(part, drawn, replace(facts, found=[found, found_again]), whole.shape)

    def _mixture(self, source, shares, facts):
        """The generator's style for a part, and the shares of several styles or None."""
        if facts.palette is not None:
            return self._style.mixture(facts.palette, shares, self._fusion.is_divided)
        if not self._style.takes_picture:
            return None, None
        parts = self._fusion.parts
        style = arrays.fitted(parts[0].style, *source.shape[:2]) if parts else source
        return style[None], None

    def _first_facts(self, view):
        """The facts about a picture before it is drawn."""
        tones = None if self.tones is None else luminance.tones([view.pixels], len(self.tones) > luminance.PLAIN)
        return Facts(tones, self._palette(view) if self._fusion.parts else None)

    def _palette(self, view):
        """The styles for `StyleInput.mixture`, the source as the last if it has a share."""
        styles = [part.style for part in self._fusion.parts]
        if self._style.takes_picture:
            styles = self._pictures(styles, view)
        elif self._fusion.has_source:
            styles.append(self._style.as_it_is)
        palette = self._style.palette(styles, self.seed)
        return palette if palette is None else ops.convert_to_numpy(palette)

    def _pictures(self, styles, view):
        """Pictures of the styles and of the source, if it has a share, all of one size; a random style stays None.

        They are as large as the source, but not larger than `LARGEST_STYLE`, regardless of their own sizes: else one
        would depend on another.
        """
        factor = min(1.0, LARGEST_STYLE / math.prod(view.shape) ** 0.5)
        sides = next(self._graphs.fitting(*(max(1, round(factor * side)) for side in view.shape)))
        pictures = [style if style is None else arrays.fitted(style, *sides) for style in styles]
        if self._fusion.has_source:
            pictures.append(arrays.from_levels(arrays.resized(view.pixels, *sides)))
        return pictures

    def _noise(self, height, width):
        """Noise for every pixel of a picture, for a generator that has a map of it: (height, width, channels)."""
        if not has_noise_map(self.generator):
            return None
        channels = noise_input(self.generator).shape[-1]
        noise = ops.convert_to_numpy(keras.random.normal((height, width, channels), seed=self.seed))
        return noise if self.drift is None else drifted(noise, self.drift)

    def _toned(self, part, before, shares):
        """The picture matched to the tones of the styles, by their share of each place."""
        matched = luminance.match_tones(part, self.tones, before)
        return matched + shares[..., -1:] * (part - matched) if self._fusion.has_source else matched

    def _finished(self, part, drawn, facts, sides):
        """What the generator drew of a part of a picture, as the user wants it, and the facts about all of it."""
        drawn = np.clip(drawn, -1, 1)  # not every generator ends in a tanh
        if matches_drawn(self._style, self.tones):
            if facts.drawn is None:
                height, width = sides
                facts = replace(facts, drawn=luminance.tones([drawn[:height, :width]], colours=True))
            drawn = luminance.match_drawn(drawn, self.tones, facts.drawn)
        if self.keep_colour:
            drawn = luminance.with_light_of(part, drawn)
        return drawn if self._opacity == 1 else part + np.float32(self._opacity) * (drawn - part), facts


def matches_drawn(style_input: StyleInput, tones: np.ndarray | None) -> bool:
    """Whether what a generator drew is matched to tones again: if they have colours, and it has one style only.

    Such a network draws paler than the painting, and each drifts to other colours. Several styles of one network have
    their tones in common: matched to these, they would look alike.
    """
    return tones is not None and len(tones) > luminance.PLAIN and isinstance(style_input, OneStyle)


def drifted(noise, drift):
    """Noise (height, width, n) that has moved with a scene: see `Painter.drift`, here for a picture of any size."""
    height, width, _ = noise.shape
    rows, columns = (np.arange(side) * given // side for side, given in zip((height, width), drift.shape, strict=False))
    near = np.rint(drift[rows][:, columns] * (height / len(drift))).astype(int)
    places = np.moveaxis(near, -1, 0) + np.indices((height, width))
    return noise[places[0] % height, places[1] % width]


def _mixed(picture, sketch, share):
    return picture + share * (sketch - picture)
