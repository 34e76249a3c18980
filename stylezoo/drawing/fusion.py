"""The styles of a picture, their weights and their masks."""

import math
import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from stylezoo.errors import BadOptions, BadPicture, UsageError
from stylezoo.pictures import colour, files

__all__ = ["caption", "sweep"]

SAME_SHAPE = 0.02  # by how much the proportions of a mask may differ from those of its picture


@dataclass(frozen=True)
class Share:
    """One style of a fusion.

    Attributes:
        style: The name of a style, or a picture of it.
        weight: Its weight, in proportion to the others.
        mask: Its place, a grey image: white is full style, black none. None: where no mask is.
    """

    style: Any
    weight: float = 1.0
    mask: Image.Image | None = None


@dataclass(frozen=True)
class Fusion:
    """Styles that share a picture.

    Styles with masks cover the places of their masks, overlapping ones by mask and weight; the others share the rest by
    their weights. Where no style is, the picture stays as it is.

    Attributes:
        parts: The styles, none twice.
        strength: 1: in full style; 0: the picture as it is.
    """

    parts: tuple[Share, ...] = ()
    strength: float = 1.0

    def __post_init__(self):
        if not 0 <= self.strength <= 1:  # also true for NaN
            raise BadOptions(f"The strength is {self.strength}; it can be 0, the picture as it is, to 1, full style.")
        for part in self.parts:
            if not (math.isfinite(part.weight) and part.weight >= 0):
                raise BadOptions(f"The weight of {_quoted(part.style)} is {part.weight}; it must be 0 or more.")
        if self.parts and not 0 < sum(part.weight for part in self.parts) < math.inf:
            raise BadOptions("All styles have the weight 0, or more than can be counted; give them others.")

    @classmethod
    def of(cls, styles=None, masks=None, strength: float = 1.0) -> "Fusion":
        """A fusion from styles, masks and strength as a user gives them.

        Args:
            styles: One style, a list of styles, or their weights: ``{"monet": 0.6, "song": 0.4}``, or a list of
                (style, weight) for pictures, which cannot be keys.
            masks: Their places, ``{"monet": mask}`` or a list of (style, mask); a mask is a path, an image, or an
                array (height, width) in [0, 1]. A style need not be in `styles` as well.
            strength: 0 to 1.

        Raises:
            BadOptions: A weight is negative, all of them are 0, or the strength is not between 0 and 1.
            BadPicture: A mask cannot be read.
        """
        parts = [Share(style, _number(weight, f"weight of {_quoted(style)}")) for style, weight in _weighed(styles)]
        for style, mask in _pairs(masks, "masks", "mask"):
            place = next((i for i, part in enumerate(parts) if _same(part.style, style)), len(parts))
            parts[place:] = parts[place:] or [Share(style)]
            if parts[place].mask is not None:
                raise BadOptions(f"{_quoted(style)} has two masks; draw them into one.")
            parts[place] = replace(parts[place], mask=opened_mask(mask))
        whole = cls(tuple(parts), _number(strength, "strength"))
        return replace(whole, parts=tuple(part for part in parts if part.weight))

    @property
    def is_divided(self) -> bool:
        """Whether places of the picture differ in style."""
        return any(part.mask is not None for part in self.parts)

    @property
    def leaves_places(self) -> bool:
        """Whether there may be places without any style: all styles have masks."""
        return self.is_divided and all(part.mask is not None for part in self.parts)

    @property
    def has_source(self) -> bool:
        """Whether the unchanged picture has a share as well, the last one."""
        return self.strength < 1 or self.leaves_places

    def masks(self, height: int, width: int) -> list[np.ndarray]:
        """The masks at the size of a picture, (height, width) each: uint8, or float32 in [0, 1].

        Raises:
            BadPicture: A mask has other proportions than the picture.
        """
        return [_scaled(part.mask, height, width) for part in self.parts if part.mask is not None]

    def shares(self, masks: list[np.ndarray]) -> np.ndarray:
        """The share of each style at each place of a part of a picture, the source last: they sum to 1.

        Args:
            masks: The same part of each of the `masks`.

        Returns:
            float32 (height, width, styles), or (1, 1, styles) if there are no masks.
        """
        masks = iter(masks)
        regions = [None if part.mask is None else _unit(next(masks)) for part in self.parts]
        pairs = list(zip(self.parts, regions, strict=True))
        zero = np.zeros((1, 1), "float32")
        covered = np.minimum(sum((region for region in regions if region is not None), zero), 1)
        weighed = sum((part.weight * region for part, region in pairs if region is not None), zero)
        everywhere = sum(part.weight for part, region in pairs if region is None)
        shares = [
            (1 - covered) * (part.weight / everywhere)
            if region is None
            else covered * part.weight * region / np.maximum(weighed, np.finfo("float32").tiny)
            for part, region in pairs
        ]
        shares = self.strength * np.stack(np.broadcast_arrays(*shares), axis=-1)
        if self.has_source:
            shares = np.concatenate([shares, 1 - shares.sum(axis=-1, keepdims=True)], axis=-1)
        return shares.astype("float32")


def opened_mask(mask) -> Image.Image:
    """A mask as a grey image; transparent pixels are black.

    Args:
        mask: A path, an image, or an array (height, width) in [0, 1].

    Raises:
        BadPicture: It cannot be read, or the array is of another shape or leaves [0, 1].
    """
    if isinstance(mask, np.ndarray):
        values = mask.astype("float32")
        if values.ndim != 2 or not values.size or not (values.min() >= 0 and values.max() <= 1):
            raise BadPicture("A mask that is an array must be (height, width), with numbers in [0, 1].")
        return Image.fromarray(values)
    image = files.opened(mask, partial(files.open_picture, alpha=True), colour.upright)
    if image is None:
        raise BadPicture(f"A {type(mask).__name__} is no mask: give a path, an image or an array (height, width).")
    grey = image.convert("L")
    if image.mode == "RGBA":
        grey = Image.composite(grey, Image.new("L", grey.size), image.getchannel("A"))
    return grey


def sweep(count: int, steps: int) -> list[list[tuple[float, ...]]]:
    """Weights from one style to the others, as the rows of a sheet.

    Args:
        count: Styles: two make a strip, three or four a square with a style at each corner; with three styles the
            fourth corner is an equal mixture.
        steps: Pictures from one style to the next, at least 2.

    Raises:
        UsageError: It is another number of styles.

    Examples:
        >>> from stylezoo.drawing import fusion
        >>> fusion.sweep(2, 3)
        [[(1.0, 0.0), (0.5, 0.5), (0.0, 1.0)]]
    """
    ramp = [i / (steps - 1) for i in range(steps)]
    if count == 2:
        return [[(1 - x, x) for x in ramp]]
    if count not in (3, 4):
        raise UsageError(f"A sweep goes between 2, 3 or 4 styles; there are {count}.")
    corners = np.eye(4)
    if count == 3:
        corners = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1 / 3, 1 / 3, 1 / 3]])
    return [[_between(corners, x, y) for x in ramp] for y in ramp]


def caption(names: list[str], weights: tuple[float, ...]) -> str:
    """A short caption of a mixture: the name of the only style, or the percentages of all.

    Examples:
        >>> from stylezoo.drawing import fusion
        >>> fusion.caption(["monet", "song"], (0.25, 0.75))
        '25 : 75'
    """
    if 1 in weights:
        return Path(names[weights.index(1)]).name
    return " : ".join(f"{weight:.0%}".rstrip("%") for weight in weights)


def _between(corners, x, y):
    """Bilinear interpolation between the corners, row by row from the top left."""
    weights = np.outer([1 - y, y], [1 - x, x]).ravel()
    return tuple((weights @ corners).tolist())


def _weighed(styles):
    """Styles as a list of (style, weight), none twice; the weights of one that is named twice are added."""
    if not isinstance(styles, dict):
        styles = styles if isinstance(styles, list | tuple) else [] if styles is None else [styles]
        styles = [each if isinstance(each, tuple) else (each, 1.0) for each in styles]
    pairs = []
    for style, weight in _pairs(styles, "styles", "weight"):
        for i, (other, before) in enumerate(pairs):
            if _same(other, style):
                pairs[i] = (other, before + weight)
                break
        else:
            pairs.append((style, weight))
    return pairs


def _same(style, other):
    """Whether two styles are the same: one object, or equal names; pictures are not compared."""
    return style is other or (
        isinstance(style, str | os.PathLike)
        and isinstance(other, str | os.PathLike)
        and os.fspath(style) == os.fspath(other)
    )


def _pairs(given, name, what):
    """The pairs of a dictionary or of a list of pairs."""
    pairs = list(given.items() if isinstance(given, dict) else given or ())
    if isinstance(given, str) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise BadOptions(f"{name} must be a dictionary, or a list of pairs: (style, {what}).")
    return pairs


def _number(value, what):
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise BadOptions(f"The {what} is {value!r}; it must be a number, 0 or more.")
    return float(value)


def _quoted(style):
    return f"'{style}'" if isinstance(style, str | os.PathLike) else "a style"


def _scaled(mask, height, width):
    if abs(math.log(mask.width / mask.height) - math.log(width / height)) > SAME_SHAPE + 1 / min(mask.size) + 1 / min(
        height, width
    ):
        raise BadPicture(
            f"A mask has {mask.width} x {mask.height} pixels, other proportions than the picture's {width} x {height}."
        )
    size = (width, height)
    return np.asarray(mask if mask.size == size else mask.resize(size, Image.Resampling.BICUBIC))


def _unit(mask):
    """A mask in [0, 1]; bicubic scaling may exceed that range."""
    return mask / np.float32(255) if mask.dtype == np.uint8 else np.clip(mask, 0, 1)
