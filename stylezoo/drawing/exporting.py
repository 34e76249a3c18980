"""A trained generator as a SavedModel of TensorFlow, which draws what `Painter` draws, without stylezoo."""

import os

import keras
import numpy as np
from keras import ops

from stylezoo import backend
from stylezoo.contract import style_input
from stylezoo.contract.inputs import has_noise_map, noise_input, random_noise
from stylezoo.drawing.graphs import SMALLEST, Graphs
from stylezoo.drawing.painter import LARGEST_STYLE, matches_drawn
from stylezoo.drawing.toning import match_drawn, match_tones
from stylezoo.errors import BadOptions

ENDPOINT = "serve"  # as in Keras


class Export:
    """The function of a SavedModel: pictures of any size are drawn in one piece, in one style.

    As in `Painter`, a picture is padded to a size for the generator and cut back, its tones and those of what is drawn
    are matched to those of the styles, and the noise is that of a seed. Masks, mixtures of pictures, strength and tiles
    are left out, and strokes are as trained.

    Args:
        generator: A generator's Keras model.
        names: The names of the model's styles.
        random: Whether the model was trained on random styles.
        tones: As in `Painter`.
        seed: Likewise.
    """

    def __init__(self, generator, names=(), random=False, tones=None, seed=0):
        self.generator, self.tones, self.seed = generator, tones, seed
        self.way = style_input(generator)
        self.step = Graphs.of(generator).step
        self.default = self._default(names, random)

    def _default(self, names, random):
        """The style of a picture for which none is given: a pair of whether there is one, and its tensor."""
        try:
            styles = self.way.default(names, random)
        except BadOptions:
            return False, None
        if not styles:
            return True, None
        return True, self.way.mixture(self.way.palette(styles, self.seed), np.ones((1, 1, 1), "float32"), False)[0]

    @property
    def signatures(self):
        """The arguments of the function: pictures, or ``[pictures, styles]`` where the generator is given a style."""
        source = keras.InputSpec("float32", (None, None, None, 3), name="source")
        given = [
            keras.InputSpec("float32", (None, *each.shape[1:]), name=each.name)
            for each in self.generator.inputs
            if each.name in self.way.inputs[:1]
        ]
        return [[source]] * self.default[0] + [[[source, *given]]] * bool(given)

    def write(self, path, signature=None, verbose=True) -> None:
        """Write a SavedModel with the function `draw`, called ``serve``.

        Args:
            path: The folder.
            signature: The arguments of the function, as in Keras; None: `signatures`.
            verbose: Whether Keras prints them.
        """
        draw = backend.graph(self.draw)
        for each in self.signatures if signature is None else [signature]:
            draw.get_concrete_function(*keras.tree.map_structure(backend.tensor_like, each))
        archive = keras.export.ExportArchive()
        archive.track(self.generator)
        archive.add_endpoint(ENDPOINT, draw)
        archive.write_out(os.path.expanduser(path), verbose=verbose)

    def draw(self, inputs):
        """Pictures (batch, height, width, 3), float32 in [-1, 1], redrawn.

        Args:
            inputs: The pictures, likewise, or a list of them and of their styles: pictures, or weights (batch, K).
        """
        source, *given = inputs if isinstance(inputs, list | tuple) else [inputs]
        batch, height, width, _ = ops.shape(source)
        sides = [self._fitting(height), self._fitting(width)]
        noise = self._noise(source)
        if has_noise_map(self.generator):
            noise = _padded(noise, sides)
        style = self._style(given, batch, height, width)
        padded = _padded(source, sides)
        toned = padded if self.tones is None else match_tones(padded, source, self.tones)
        drawn = ops.clip(self.way.draw(toned, style, seed=None, noise=noise)[:, :height, :width], -1, 1)
        return match_drawn(drawn, self.tones) if matches_drawn(self.way, self.tones) else drawn

    def _fitting(self, side):
        """The side from this one on at which the generator's output has the size of its input."""
        return -(-ops.maximum(side, SMALLEST) // self.step) * self.step

    def _noise(self, source):
        """The input `noise` of the generator, of each picture the same; None: it has none."""
        if noise_input(self.generator) is None:
            return None
        return ops.repeat(random_noise(self.generator, source[:1], self.seed), ops.shape(source)[0], axis=0)

    def _style(self, given, batch, height, width):
        """The styles for the generator, of each picture of a batch."""
        if not given:
            return self.default[1] if self.default[1] is None else ops.repeat(self.default[1], batch, axis=0)
        if not self.way.takes_picture:
            return given[0]
        share = ops.minimum(1.0, LARGEST_STYLE / ops.sqrt(ops.cast(height * width, "float32")))
        sides = [ops.cast(ops.round(share * ops.cast(side, "float32")), "int32") for side in (height, width)]
        return backend.fitted(given[0], [self._fitting(side) for side in sides])


def _padded(pictures, sides):
    """Pictures with their mirror image beyond the right and the bottom border, up to a size."""
    for axis, side in enumerate(sides, 1):
        length = ops.shape(pictures)[axis]
        place = ops.arange(side) % (2 * length)
        pictures = ops.take(pictures, ops.minimum(place, 2 * length - 1 - place), axis=axis)
    return pictures
