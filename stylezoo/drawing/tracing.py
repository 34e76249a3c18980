"""What a painter draws, as a function of tensors: pictures of any size in one piece, for files of other programs.

Masks and tiles are left out, and strokes are as trained. All else is as `Painter` and `JoinedPainter` do it, in
operations that every runtime has.
"""

import numpy as np
from keras import ops

from stylezoo.contract import style_input
from stylezoo.contract.inputs import has_noise_map, noise_input, random_noise
from stylezoo.drawing.graphs import SMALLEST, Graphs
from stylezoo.drawing.joining import CHOICE, LEVELS, JoinedPainter
from stylezoo.drawing.painter import LARGEST_STYLE, Painter, matches_drawn
from stylezoo.drawing.resampling import fitted, resampled, triangle
from stylezoo.drawing.toning import match_drawn, match_tones
from stylezoo.layers import luminance
from stylezoo.scene import Scene

FINEST = 2.0**-24  # random numbers of noise are multiples of it


class Traced:
    """A painter as a function of tensors.

    Args:
        painter: A `Painter` without masks. Without styles, one for a generator that has a single style, or that is
            given the picture of its style with each call.
        numbers: How many random numbers of noise are kept as an array, for pictures of as many pixels; in larger ones
            they repeat. None: they are made when they are needed, which only TensorFlow can.
    """

    def __init__(self, painter: Painter, numbers: int | None = None):
        self.painter, self.generator = painter, painter.generator
        self.way = style_input(painter.generator)
        self.step = Graphs.of(painter.generator).step
        self.networks = [painter.generator]
        self._noise = self._fixed_noise(numbers)

    def __call__(self, source, strength=None, weights=None, style=None):
        """Pictures redrawn: (batch, height, width, channels) in [-1, 1].

        Args:
            source: The pictures, likewise.
            strength: A tensor of one number; None: the painter's.
            weights: A tensor of a number for each style of the painter, of which only the proportions count; None: the
                painter's.
            style: The picture of the style, (1, height, width, 3) in [-1, 1], if the painter has none.
        """
        tones, (height, width) = self.painter.tones, ops.shape(source)[1:3]
        sides = [self._fitting(height), self._fitting(width)]
        padded = _padded(source, sides)
        shares = self._shares(strength, weights, style)
        toned = padded if tones is None else match_tones(padded, source, tones)
        if shares is not None and self._has_source(strength):
            toned = toned + shares[-1] * (padded - toned)
        drawn = ops.clip(self._drawn(source, toned, shares, strength, style)[:, :height, :width], -1, 1)
        if matches_drawn(self.way, tones):
            drawn = match_drawn(drawn, tones)
        if self.painter.keep_colour:
            drawn = with_light_of(source, drawn)
        if self._weakens(style):
            return drawn
        return blended(source, drawn, self.painter.fusion.strength if strength is None else strength)

    def _fitting(self, side):
        """The side from this one on at which the generator's output has the size of its input."""
        # Of positive numbers: runtimes differ in how they divide negative ones.
        return (ops.maximum(side, SMALLEST) + self.step - 1) // self.step * self.step

    # Styles

    def _weakens(self, style):
        """Whether the network itself draws at less strength."""
        return bool(self.painter.fusion.parts or style is not None) and self.way.can_weaken

    def _has_source(self, strength):
        """Whether the picture as it is has a share, the last one."""
        return self.way.can_weaken and (strength is not None or self.painter.fusion.strength < 1)

    def _shares(self, strength, weights, style):
        """The share of each style, and of the picture as it is if it has one: (styles,); None: there are no styles."""
        parts = self.painter.fusion.parts
        if not parts and style is None:
            return None
        shares = proportions([part.weight for part in parts] or [1.0], weights)
        if not self._has_source(strength):
            return shares
        strength = ops.reshape(self.painter.fusion.strength if strength is None else strength, (1,))
        return ops.concatenate([shares * strength, 1 - strength])

    def _drawn(self, source, toned, shares, strength, style):
        """The output of the network, as `Painter` calls it."""
        noise = self._noise_of(source, toned)
        if shares is None:
            return self._called(toned, None, None, noise)
        palette = self._palette(source, toned, strength, style)
        if palette is None:
            return self._called(toned, self._pictures(source, toned, style)[0], None, noise)
        drawn = self._called(toned, *self.way.mixture(palette, shares[None, None], False), noise)
        if not self._has_source(strength):
            return drawn
        again = self._called(toned, palette[-1:], None, noise)
        return drawn + shares[-1] * (toned - again)

    def _called(self, toned, style, shares, noise):
        with Scene(shares, exported=True):
            if style is not None and shares is None:
                style = ops.repeat(ops.convert_to_tensor(style), ops.shape(toned)[0], axis=0)
            return self.way.draw(toned, style, seed=None, noise=noise)

    def _palette(self, source, toned, strength, style):
        """The styles for `StyleInput.mixture`, the source as the last if it has a share."""
        if self.way.takes_picture:
            styles = self._pictures(source, toned, style)
            if self._has_source(strength):
                styles.append(resampled(source, self._sides_of_styles(source), rounded=True))
            # A palette is of pictures without the axis of the batch.
            return self.way.palette([each if each is None else each[0] for each in styles], self.painter.seed)
        rows = [part.style for part in self.painter.fusion.parts]
        return self.way.palette(rows + [self.way.as_it_is] * self._has_source(strength), self.painter.seed)

    def _pictures(self, source, toned, style):
        """The pictures of the styles, (1, height, width, 3) each; a random style stays None."""
        given = [part.style for part in self.painter.fusion.parts] if style is None else [style[0]]
        return [each if each is None else self._scaled(each[None], source, toned) for each in given]

    def _scaled(self, picture, source, toned):
        """A picture of a style in the size in which the painter uses it."""
        return fitted(picture, self._sides_of_styles(source) if self.way.can_mix else ops.shape(toned)[1:3])

    def _sides_of_styles(self, source):
        """The height and the width of the pictures of styles."""
        height, width = ops.shape(source)[1:3]
        share = ops.minimum(1.0, LARGEST_STYLE / ops.sqrt(ops.cast(height * width, "float32")))
        sides = [ops.cast(ops.round(share * ops.cast(side, "float32")), "int32") for side in (height, width)]
        return [self._fitting(side) for side in sides]

    # Noise

    def _fixed_noise(self, numbers):
        """The numbers of the input `noise` as an array; None: there is no such input, or they are made in the graph.

        They are integers, because converters make floats less exact if half precision is asked for.
        """
        wanted = noise_input(self.generator)
        if wanted is None or (has_noise_map(self.generator) and numbers is None):
            return None
        sides = np.zeros((1, 1, numbers or 1, 3), "float32")  # the numbers of a larger picture begin with these
        noise = ops.convert_to_numpy(random_noise(self.generator, sides, self.painter.seed))
        return np.rint(noise / FINEST).astype("int32")

    def _noise_of(self, source, toned):
        """The input `noise`, the same for each picture of a batch; None: the generator has none."""
        if noise_input(self.generator) is None:
            return None
        batch, height, width, _ = ops.shape(source)
        if self._noise is None:
            noise = random_noise(self.generator, source[:1], self.painter.seed)
        elif has_noise_map(self.generator):
            channels = self._noise.shape[-1]
            numbers = ops.take(self._noise.ravel(), ops.arange(height * width * channels) % self._noise.size)
            noise = FINEST * ops.cast(ops.reshape(numbers, (1, height, width, channels)), "float32")
        else:
            noise = FINEST * ops.cast(self._noise, "float32")
        if has_noise_map(self.generator):
            noise = _padded(noise, ops.shape(toned)[1:3])
        return ops.repeat(noise, batch, axis=0)


class TracedJoin:
    """A painter of several networks as a function of tensors, as `Traced`.

    Args:
        painter: A `JoinedPainter` without masks.
        numbers: As for `Traced`.
    """

    def __init__(self, painter: JoinedPainter, numbers: int | None = None):
        self.painter = painter
        self.parts = [Traced(each, numbers) for each in painter.painters]
        self.networks = [part.generator for part in self.parts]

    def __call__(self, source, strength=None, weights=None, style=None):
        """As of `Traced`; `style` is not used: each network has its own."""
        fusion = self.painter.fusion
        shares = proportions([part.weight for part in fusion.parts], weights)
        drawn = join([part(source) for part in self.parts], shares)
        if self.painter.keep_colour:
            drawn = with_light_of(source, drawn)
        return blended(source, drawn, fusion.strength if strength is None else strength)


def traced(painter, numbers: int | None = None) -> Traced | TracedJoin:
    """A painter as a function of tensors."""
    return (TracedJoin if isinstance(painter, JoinedPainter) else Traced)(painter, numbers)


def proportions(fixed, weights=None):
    """Weights as shares that sum to 1: those of a tensor, else the fixed ones."""
    weights = ops.convert_to_tensor(np.float32(fixed)) if weights is None else ops.relu(ops.reshape(weights, (-1,)))
    return weights / ops.maximum(ops.sum(weights), 1e-12)


def blended(source, drawn, strength):
    """What is drawn over its source, as strongly as wanted."""
    if isinstance(strength, int | float):
        return drawn if strength == 1 else source + strength * (drawn - source)
    return source + ops.reshape(strength, (1, 1, 1, 1)) * (drawn - source)


def with_light_of(source, drawn):
    """Pictures in their own colours with the luminance of others, as `pictures.luminance.with_light_of`."""
    return ops.clip(source + luminance(drawn) - luminance(source), -1, 1)


def join(pictures, shares):
    """Pictures joined by the share of each, as `joining.join` does it for arrays.

    Args:
        pictures: Tensors (batch, height, width, 3) in [-1, 1], with sides of at least 2**7 pixels.
        shares: (pictures,); they sum to 1.
    """
    details = []
    for _ in range(LEVELS):
        small = [_halved(each) for each in pictures]
        layers = [each - resampled(less, _sides(each), triangle) for each, less in zip(pictures, small, strict=True)]
        details.append(_mixed(layers, _prevailing(layers, shares)))
        pictures = small
    joined = _mixed(pictures, [shares[number] for number in range(len(pictures))])
    for detail in reversed(details):
        joined = detail + resampled(joined, _sides(detail), triangle)
    return ops.clip(joined, -1, 1)


def _prevailing(layers, shares):
    strengths = [
        resampled(_halved(ops.mean(ops.abs(each), axis=-1, keepdims=True)), _sides(each), triangle) for each in layers
    ]
    weights = [
        ops.power(ops.maximum(each, 1e-4), CHOICE) * ops.power(shares[number], CHOICE / 2)
        for number, each in enumerate(strengths)
    ]
    return [each / ops.maximum(sum(weights), np.finfo("float32").tiny) for each in weights]


def _mixed(layers, shares):
    return sum(each * share for each, share in zip(layers, shares, strict=True))


def _halved(pictures):
    return resampled(pictures, [(side + 1) // 2 for side in _sides(pictures)], triangle)


def _sides(pictures):
    return ops.shape(pictures)[1:3]


def _padded(pictures, sides):
    """Pictures with their mirror image beyond the right and the bottom border, up to a size."""
    for axis, side in enumerate(sides, 1):
        length = ops.shape(pictures)[axis]
        if isinstance(side, int) and side == length:
            continue
        place = ops.arange(side) % (2 * length)
        pictures = ops.take(pictures, ops.minimum(place, 2 * length - 1 - place), axis=axis)
    return pictures
