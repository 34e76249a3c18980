"""Facts about the whole picture for layers: its statistics, the shares of its styles, the place of the part.

Training does not use it. When a picture is redrawn, a network may see only a part of it: a tile of a large photograph,
a frame of a film. In a `Scene` statistics such as the means of instance normalisation are those of the whole picture,
and several styles can share it. Layers of plugins use the functions `whole`, `moments`, `mixed`, `origin` and
`repeated`.
"""

from contextvars import ContextVar

from keras import ops

from stylezoo import backend
from stylezoo.errors import BrokenPlugin

__all__ = ["mixed", "moments", "origin", "repeated", "standardized", "whole"]

MOST_PARTS = 8  # pictures of a batch that are normalised one by one

_current = ContextVar("scene", default=None)


class Scene:
    """One pass through a generator, as a context: ``with Scene(...) as scene``.

    Args:
        shares: How much of the picture each of R styles has at each place: (1, height, width, R), or (1, 1, 1, R)
            where it is the same everywhere; they sum to 1. None: there is one style.
        found: The facts that another pass through the same network recorded, for use in this one. None: record them.
        corner: The row and the column of the whole picture at which this part begins.
        exported: Whether the graph is for the files of other programs, not all of which have loops.

    Attributes:
        found: The facts about the whole picture, in the order of the layers' calls.

    Raises:
        BrokenPlugin: At the end, if layers used more or fewer facts than the other pass recorded: then a layer was
            given another layer's facts.
    """

    def __init__(self, shares=None, found=None, corner=(0, 0), exported=False):
        self.shares = shares
        self.corner = corner
        self.exported = exported
        self.found = [] if found is None else list(found)
        self._is_part = found is not None
        self._used = 0
        self._sized = {}

    def __enter__(self):
        self._token = _current.set(self)
        return self

    def __exit__(self, kind, *error):
        _current.reset(self._token)
        if kind is None and self._is_part and self._used != len(self.found):
            raise BrokenPlugin(
                f"In a part of a picture the generator's layers use {self._used} facts about the whole picture, which "
                f"has {len(self.found)}: each layer must call the functions of stylezoo.scene equally often for any "
                "size of the picture."
            )

    def of_whole(self, value):
        """The value itself, which is recorded, or in a part the value that the other pass recorded."""
        if not self._is_part:
            self.found.append(value)
            return value
        self._used += 1  # one too many is refused at the end: Keras would change the message of an error in a layer
        return self.found[self._used - 1] if self._used <= len(self.found) else value

    def shares_at(self, height, width):
        """The shares at the resolution of some features."""
        if self.shares.shape[1:3] == (1, 1):
            return self.shares
        if (height, width) not in self._sized:
            small = ops.image.resize(self.shares, (height, width), "bilinear", antialias=True)
            self._sized[height, width] = small
        return self._sized[height, width]


def whole(value):
    """A statistic of the whole picture, such as a layer's mean over height and width, or a pair of mean and variance.

    In a tile of a large picture, or a frame of a film, the value from the pass over the whole is returned instead of
    the given one.

    Examples:
        >>> from stylezoo import scene
        >>> mean = scene.whole(keras.ops.mean(np.ones((1, 8, 8, 3), "float32"), axis=(1, 2), keepdims=True))
    """
    scene = _current.get()
    return value if scene is None else scene.of_whole(value)


def moments(features, axes=(1, 2)):
    """The mean and the variance of features over axes, each kept as 1: those of the `whole` picture.

    Examples:
        >>> from stylezoo import scene
        >>> mean, variance = scene.moments(np.ones((1, 8, 8, 3), "float32"))
        >>> mean.shape
        TensorShape([1, 1, 1, 3])
    """
    return whole(tuple(ops.moments(features, axes=axes, keepdims=True)))  # a pair: the facts of frames are pooled


def standardized(features, epsilon=1e-5):
    """Features with mean 0 and variance 1 in each channel of each picture, by the moments of the `whole` picture.

    Faster than with `moments`: one kernel forward and one backward for each picture, in half precision as well.

    Args:
        features: (batch, height, width, channels).
        epsilon: Added to the variance.

    Returns:
        A tensor of the same shape and type. The statistics are float32.

    Examples:
        >>> from stylezoo import scene
        >>> features = np.random.default_rng(0).normal(5, 2, (1, 16, 16, 4)).astype("float32")
        >>> round(float(keras.ops.std(scene.standardized(features))), 3)
        1.0
    """
    count, channels = features.shape[0], features.shape[-1]
    unchanged = ops.ones(channels), ops.zeros(channels)  # scale and shift
    if _current.get() is None and count is not None and count <= MOST_PARTS:
        each = [backend.normalized(picture, *unchanged, epsilon)[0] for picture in ops.split(features, count)]
        return ops.concatenate(each) if count > 1 else each[0]
    x = ops.cast(features, "float32")  # float16 overflows in the squares
    mean, variance = moments(x)
    if count == 1:  # the whole and its parts by the same kernel, so that equal pixels stay equal
        return backend.normalized(features, *unchanged, epsilon, [mean[0, 0, 0], variance[0, 0, 0]])[0]
    return ops.cast((x - mean) * ops.rsqrt(variance + epsilon), features.dtype)


def mixed(numbers, features):
    """The parameters of several styles in one picture, mixed by their shares.

    The class of a layer that calls it has the attribute ``fuses = True``.

    Args:
        numbers: The parameters of each style, (R, 1, 1, n).
        features: The features that they apply to, (1, height, width, ...).

    Returns:
        (1, height, width, n), by the shares at each place, or (1, 1, 1, n); without a fusion `numbers`.
    """
    scene = _current.get()
    if scene is None or scene.shares is None:
        return numbers
    _, height, width, _ = ops.shape(features)
    return ops.matmul(scene.shares_at(height, width), ops.cast(numbers[:, 0, 0, :], "float32"))


def origin():
    """The row and the column of the whole picture at which this part begins: (0, 0), or two tensors."""
    scene = _current.get()
    return (0, 0) if scene is None else scene.corner


def repeated(count: int, step, state):
    """The state after `count` steps: ``state = step(state)`` again and again.

    It is a loop of the graph, which is traced in less time than the steps written one after the other. In an exported
    model they are written out, because not all runtimes have loops.

    Args:
        count: The number of steps.
        step: A function from a state to the next.
        state: A tuple of tensors, whose shapes stay.

    Examples:
        >>> from stylezoo import scene
        >>> float(scene.repeated(3, lambda state: 2 * state, keras.ops.ones(())))
        8.0
    """
    scene = _current.get()
    if scene is None or not scene.exported:
        return ops.fori_loop(0, count, lambda _, state: step(state), state)
    for _ in range(count):
        state = step(state)
    return state
