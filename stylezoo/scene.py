"""What layers are told, beyond their inputs, of the picture that is being redrawn.

Training knows nothing of it. When a picture is redrawn a `Scene` may say that what a network sees is only a part of it
(a tile of a large photograph, a frame of a film), so that what a layer finds out about the whole, such as the means of
instance normalisation, is that of the whole; and that several styles share the picture. Layers of plugins ask with the
functions `whole`, `moments`, `mixed` and `origin`.
"""

from contextvars import ContextVar

from keras import ops

from stylezoo.errors import BrokenPlugin

__all__ = ["mixed", "moments", "origin", "whole"]

_current = ContextVar("scene", default=None)


class Scene:
    """One pass through a generator, as a context: ``with Scene(...) as scene``.

    Args:
        shares: How much of the picture each of R styles has at each place: (1, height, width, R), or (1, 1, 1, R)
            where it is the same everywhere; they sum to 1. None: there is one style.
        found: What another pass through the same network has noted, which holds in this one too. None: nothing.
        corner: The row and the column of the whole picture at which this part begins.

    Attributes:
        found: What layers found out about the whole, in the order in which they asked.

    Raises:
        BrokenPlugin: At the end, if layers asked for more or for fewer facts than the other pass has noted: then they
            were given facts that other layers found.
    """

    def __init__(self, shares=None, found=None, corner=(0, 0)):
        self.shares = shares
        self.corner = corner
        self.found = [] if found is None else list(found)
        self._is_part = found is not None
        self._asked = 0
        self._sized = {}

    def __enter__(self):
        self._token = _current.set(self)
        return self

    def __exit__(self, kind, *error):
        _current.reset(self._token)
        if kind is None and self._is_part and self._asked != len(self.found):
            raise BrokenPlugin(
                f"In a part of a picture the generator's layers asked for {self._asked} facts about the whole, and in "
                f"the whole they noted {len(self.found)}: let each call the functions of stylezoo.scene equally often "
                "whatever the size of the picture."
            )

    def of_whole(self, value):
        """The value itself, which is noted, or what the other pass noted in its place."""
        if not self._is_part:
            self.found.append(value)
            return value
        self._asked += 1  # one too many is refused at the end: Keras would change the message of an error in a layer
        return self.found[self._asked - 1] if self._asked <= len(self.found) else value

    def shares_at(self, height, width):
        """The shares at the resolution of some features."""
        if self.shares.shape[1:3] == (1, 1):
            return self.shares
        if (height, width) not in self._sized:
            small = ops.image.resize(self.shares, (height, width), "bilinear", antialias=True)
            self._sized[height, width] = small
        return self._sized[height, width]


def whole(value):
    """A tensor that tells something about the whole picture, as this part of the picture should take it.

    For a layer that computes such a thing, a mean over height and width for instance: in a tile of a large picture, or
    a frame of a film, the value from the pass over the whole is returned instead.
    """
    scene = _current.get()
    return value if scene is None else scene.of_whole(value)


def moments(features, axes=(1, 2)):
    """The mean and the variance of features over axes, each kept as 1: those of the `whole` picture."""
    mean, variance = ops.moments(features, axes=axes, keepdims=True)
    return whole(mean), whole(variance)


def mixed(numbers, features):
    """The numbers with which styles enter a network, where several styles share the picture.

    A layer that calls it says so in its class: ``fuses = True``.

    Args:
        numbers: What each style says, (R, 1, 1, n), one row a style.
        features: What it is said to, (1, height, width, ...).

    Returns:
        (1, height, width, n), by each style's share of the place, or (1, 1, 1, n); outside of a fusion `numbers`.
    """
    scene = _current.get()
    if scene is None or scene.shares is None:
        return numbers
    _, height, width, _ = ops.shape(features)
    return ops.matmul(scene.shares_at(height, width), ops.cast(numbers[:, 0, 0, :], "float32"))


def origin():
    """The row and the column of the whole picture at which the part that is seen begins: (0, 0), or two tensors."""
    scene = _current.get()
    return (0, 0) if scene is None else scene.corner
