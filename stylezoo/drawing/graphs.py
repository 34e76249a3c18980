"""A generator as TensorFlow graphs, one for each size of picture and seed, and the sizes that it can draw."""

import math
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from threading import Lock

import keras
from keras import ops

from stylezoo import backend
from stylezoo.contract import style_input
from stylezoo.contract.inputs import channels_of
from stylezoo.contract.networks import applied
from stylezoo.errors import BadPicture
from stylezoo.scene import Scene

COARSEST = 256  # pixels: no published generator halves a picture more than eight times
SMALLEST = 16  # pixels: a smaller picture is too small for the reflection padding in a network
MEMORY = 2**31  # bytes that drawing in one piece may take
BYTES = 21  # for each output value of the largest layer: five tensors of four bytes with oneDNN, half of it without
PIXEL = 400  # further bytes for each pixel: the picture as floats, its parts, their results
SMALLEST_TILE = 256  # pixels
KEPT = 4  # graphs of a generator: the least recently used one is dropped

_of_generators = weakref.WeakKeyDictionary()
_templates = weakref.WeakKeyDictionary()  # the generators whose graphs others share, for as long as those live


class Graphs:
    """The graphs of one generator. They live as long as the generator, to which they have a weak reference only.

    Generators that are built alike can share them: the weights of one are then given to the graphs of the other.

    Without a graph the outputs of all layers would stay in memory to the end.
    """

    def __init__(self, generator: keras.Model):
        self._generator = weakref.ref(generator)
        self._kept = OrderedDict()
        self._lock = Lock()  # threads that call `stylezoo.stylize` share a generator

    @classmethod
    def of(cls, generator: keras.Model) -> "Graphs":
        """The graphs of a generator, the same object each time."""
        if generator not in _of_generators:
            _of_generators[generator] = cls(generator)
        return _of_generators[generator]

    def share(self, generator: keras.Model) -> None:
        """Let these be the graphs of a generator that is built alike, which need not be traced again for it."""
        _of_generators[generator], _templates[generator] = self, self._generator()

    def draw(self, generator, source, noise, style, shares, found, corner, seed):
        """Draw one picture or a part of one.

        Args:
            generator: The generator that has these graphs, or one that shares them.
            source: (1, height, width, channels) in [-1, 1].
            noise: The input `noise`; None: drawn with `seed`.
            style: As for `StyleInput.draw`.
            shares: The shares of the styles, (1, height, width, styles); None: there is one style.
            found: The layers' facts about the whole picture; None: this is the whole picture.
            corner: The row and the column at which the part begins.
            seed: For noise.

        Returns:
            A float32 array (height, width, channels), and the layers' facts.

        Raises:
            MemoryError: There is not enough.
            ValueError: Branches of the network cannot be joined at this size.
        """
        tensors = [
            each if each is None else ops.convert_to_tensor(each, "float32") for each in (source, noise, style, shares)
        ]
        weights = [ops.convert_to_tensor(each) for each in generator.weights]
        given = (*tensors, found, ops.convert_to_tensor(corner, "int32"), seed, weights)
        try:
            # Called directly, the function would warn of the number of its graphs.
            drawn, facts = self._at((*tensors[0].shape[1:3], seed)).get_concrete_function(*given)(*given)
        except backend.OUT_OF_MEMORY as error:
            raise MemoryError from error
        return ops.convert_to_numpy(drawn)[0], facts

    @cached_property
    def side(self) -> int:
        """The side of the largest square that can be drawn in one piece within `MEMORY`."""
        operations = self._traced((COARSEST, COARSEST)).get_operations()
        outputs = [output.shape for operation in operations for output in operation.outputs]
        numbers = max(
            math.prod(shape) for shape in outputs if shape.rank == 4 and shape.is_fully_defined() and shape[0] == 1
        )
        side = (MEMORY / (PIXEL + BYTES * numbers / COARSEST**2)) ** 0.5
        return max(SMALLEST_TILE, int(side) // 64 * 64)

    @cached_property
    def step(self) -> int:
        """The number by which the sides of a picture must be divisible, so that the generator can draw it.

        Raises:
            BadPicture: There is none.
        """
        for sides in self.fitting(COARSEST + 1, COARSEST + 1):  # the worst case: nothing divides it
            try:
                self._traced(sides)
            except ValueError:  # branches that cannot be joined, which compute_output_shape did not show
                continue
            return sides[0] - COARSEST  # the steps divide COARSEST
        raise BadPicture(f"The generator '{self._generator().name}' cannot redraw pictures of any size.")

    def _traced(self, sides):
        """The graph of the network for pictures of one size."""
        generator = self._generator()
        shapes = [
            (size or other for size, other in zip(each.shape, (1, *sides, 0), strict=False))
            for each in generator.inputs
        ]
        draw = backend.graph(lambda *inputs: applied(generator, inputs))
        return draw.get_concrete_function(*(backend.tensor_of(tuple(shape)) for shape in shapes)).graph

    def fitting(self, height: int, width: int) -> Iterator[tuple[int, int]]:
        """The sizes from (height, width) on at which the generator's output has the size of its input."""
        step = 1
        while step <= COARSEST:
            sides = tuple(-(-max(size, SMALLEST) // step) * step for size in (height, width))
            if keeps_shape(self._generator(), (1, *sides, channels_of(self._generator()))):
                yield sides
            step *= 2

    def _at(self, key):
        """The graphs for pictures of one size, with one seed, which is a constant of a graph."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = _graph(self._generator)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]


def keeps_shape(generator: keras.Model, shape: tuple[int, int, int, int]) -> bool:
    """Whether the generator's output for pictures of this shape has the same shape."""
    shapes = [tuple(size or other for size, other in zip(each.shape, shape, strict=False)) for each in generator.inputs]
    try:
        return generator.compute_output_shape(shapes if len(shapes) > 1 else shapes[0]) == shape
    except ValueError:  # branches of different size that cannot be joined
        return False


def _graph(generator):
    """A function of tensors, weights among them, that draws with a generator, which is given by a weak reference."""

    def redraw(source, noise, style, shares, found, corner, seed, weights):
        network = generator()
        pairs = list(zip(network.weights, weights, strict=True))
        with keras.StatelessScope(pairs), Scene(shares, found, (corner[0], corner[1])) as scene:
            drawn = style_input(network).draw(source, style, seed=seed, noise=noise)
        return drawn, scene.found

    return backend.graph(redraw)
