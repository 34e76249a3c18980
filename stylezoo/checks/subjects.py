"""The subjects of checks: one plugin, its component built small, and pictures to test it with."""

import inspect
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
from keras import ops

from stylezoo import features
from stylezoo.catalogue.registry import Plugin
from stylezoo.contract.inputs import channels_of
from stylezoo.drawing.graphs import keeps_shape
from stylezoo.spec import Spec

SIDE = 72  # pixels: the least that the patches of most discriminators need
SIDES = (SIDE, 96, 128, 256)  # for generators that halve a picture more often
ODD = (29, 34)  # height and width of a picture that no number of halvings divides
STYLES = ("song", "monet")
ROUGH = {"mixed_float16": 0.1, "mixed_bfloat16": 0.3}  # precision: how far from float32 results may be, relatively
VGG_WIDTHS = (4, 5, 6, 7, 8)
SMALL = {  # options that make a component small, if it has them
    "filters": 2,
    "blocks": 1,
    "units": 4,
    "layers": 1,
    "length": 1,
    "downs": 3,
    "mlp": 4,
    "widths": "-".join(map(str, VGG_WIDTHS)),
}


@dataclass(frozen=True)
class Suite:
    """The checks of one kind of plugins.

    Attributes:
        subject: The class of their subject, built from a plugin and its options.
        checks: Name of a check -> a function of a subject, which raises an AssertionError.
    """

    subject: type["Subject"]
    checks: dict[str, Callable[["Subject"], None]]


class Subject:
    """A plugin and the objects that its checks need, each built once."""

    def __init__(self, plugin: Plugin, options: dict):
        self.plugin = plugin
        self.options = options

    @cached_property
    def spec(self):
        spec = small(self.plugin.kind, Spec(self.plugin.qualified))
        return replace(spec, options={**spec.options, **self.options})

    @cached_property
    def component(self):
        return self.plugin.load()

    @property
    def vgg(self):
        """A file with a narrow VGG-19, for components that use one."""
        return narrow_vgg()


def demand(condition, reason):
    """Fail a check, unless the condition holds.

    Raises:
        AssertionError: It does not; with this reason.
    """
    if not condition:
        raise AssertionError(reason)


def small(kind: str, spec: Spec) -> Spec:
    """The same part, as small as its options allow."""
    accepted = inspect.signature(spec.part(kind).component).parameters
    options = {
        name: value for name, value in SMALL.items() if name in accepted and type(accepted[name].default) is type(value)
    }
    return replace(spec, options={**spec.options, **options})


def fitting_side(generator) -> int:
    """The smallest of `SIDES` in which a generator's pictures are as large as the source."""
    fitting = [side for side in SIDES if keeps_shape(generator, (1, side, side, channels_of(generator)))]
    return fitting[0] if fitting else SIDE


def pictures(count, height, width, channels=3):
    """Two batches of smooth random pictures in [-1, 1], the same each time."""
    random = np.random.default_rng([count, height, width])
    coarse = random.uniform(-1, 1, (2, count, -(-height // 8), -(-width // 8), channels))
    fine = random.uniform(-0.2, 0.2, (2, count, height, width, channels))
    blocks = np.kron(coarse, np.ones((1, 1, 8, 8, 1)))[:, :, :height, :width]
    return np.clip(blocks + fine, -1, 1).astype("float32")


def labels(count, styles=2):
    """One-hot labels (count, styles) of the styles in turn."""
    return np.eye(styles, dtype="float32")[np.arange(count) % styles]


@lru_cache(maxsize=1)
def narrow_vgg() -> str:
    """The path of an .npz with random weights of a VGG-19 of few channels."""
    random = np.random.default_rng(0)
    channels = [3, *(width for width, count in zip(VGG_WIDTHS, features.BLOCKS, strict=True) for _ in range(count))]
    arrays = {}
    for i, (a, b) in enumerate(pairwise(channels)):
        arrays[f"{i}.kernel"] = (random.normal(size=(3, 3, a, b)) / np.sqrt(4 * a)).astype("float32")
        arrays[f"{i}.bias"] = (0.1 * random.normal(size=b)).astype("float32")
    path = Path(folder(), "vgg.npz")
    np.savez(path, **arrays)
    return str(path)


@lru_cache(maxsize=1)
def folder() -> str:
    """A folder that is removed when Python ends."""
    folder.kept = tempfile.TemporaryDirectory(prefix="stylezoo-checks-")
    return folder.kept.name


@contextmanager
def built_with(precision: str):
    """A context that builds networks with a precision, and with the same random weights each time."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    keras.utils.set_random_seed(0)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def finite(values) -> bool:
    """Whether all tensors of a list are finite."""
    return all(np.isfinite(ops.convert_to_numpy(value)).all() for value in values)


def equal(ones, others, tolerance=0.0) -> bool:
    """Whether two lists of tensors are equal, but for a tolerance, relative and absolute."""
    pairs = zip(ones, others, strict=True)
    return all(
        np.allclose(ops.convert_to_numpy(a), ops.convert_to_numpy(b), rtol=tolerance, atol=tolerance) for a, b in pairs
    )
