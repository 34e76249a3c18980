"""One picture drawn by several painters, and their pictures joined into one."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from stylezoo.drawing.fusion import Fusion
from stylezoo.drawing.painter import Painter, Redraws
from stylezoo.errors import BadOptions, name_all
from stylezoo.pictures import arrays, luminance

LEVELS = 5  # of the pyramid: strokes of up to 32 pixels are chosen, broader areas are mixed
CHOICE = 4  # exponent of the strength of a stroke: the larger, the more of the stronger one alone


@dataclass
class JoinedPainter(Redraws):
    """Redraws pictures in several styles of different networks: each draws the picture, and the results are joined.

    `keep_colour` and `on_tile` may be set between two pictures; `dataclasses.replace` makes one for another film.

    Attributes:
        painters: A painter for each style.
        fusion: The weights and masks of the styles, as many as painters, and the strength.
        keep_colour: As in `Painter`.
        steady: As in `Painter`.
        on_tile: Called with the number of tiles that are drawn and the number of all, those of all painters.
        has_strength: False: at less strength the result is blended with the picture.
    """

    painters: list[Painter]
    fusion: Fusion
    keep_colour: bool = False
    steady: bool | str | float = False
    on_tile: Callable[[int, int], None] = lambda done, count: None
    has_strength = False

    def __post_init__(self):
        if len(counts := {each.channels for each in self.painters}) > 1:
            raise BadOptions(
                f"The styles draw pictures of {name_all(sorted(counts))} channels; only those of one number can share "
                "a picture."
            )
        self.painters = [replace(each, steady=self.steady, keep_colour=False) for each in self.painters]

    @property
    def channels(self) -> int:
        return self.painters[0].channels

    def drawers(self):
        """As `Painter.drawers`, of all painters."""
        return [drawer for painter in self.painters for drawer in painter.drawers()]

    def _redrawn(self, pixels):
        if not self.fusion.strength:
            return pixels.copy()
        picture = arrays.from_levels(pixels)
        shares = self.fusion.shares(self.fusion.masks(*pixels.shape[:2]))[..., : len(self.painters)]
        styled = shares.sum(axis=-1, keepdims=True)
        joined = join(self._drawn(picture, shares), shares / np.maximum(styled, np.finfo("float32").tiny))
        if self.keep_colour:
            joined = luminance.with_light_of(picture, joined)
        drawn = picture + styled * (joined - picture) if self.fusion.has_source else joined
        return arrays.as_given(drawn, pixels)

    def _drawn(self, picture, shares):
        """The picture as each painter draws it; the picture itself for a painter without a share."""
        drawn = []
        for number, painter in enumerate(self.painters):
            painter.on_tile = lambda done, count, number=number: self.on_tile(
                number * count + done, len(self.painters) * count
            )
            drawn.append(painter.paint(picture) if shares[..., number].any() else picture)
        return drawn


def join(pictures: list[np.ndarray], shares: np.ndarray) -> np.ndarray:
    """Pictures joined by the share of each at each place.

    Means of pictures are grey and blurred: strokes of one lie over those of the others like a film. So the pictures are
    split into a pyramid of details (Burt and Adelson, 1983, https://doi.org/10.1145/245.247). Broad areas are the mean
    by shares; among details of each size the stronger one prevails at each place, as in image fusion (Burt and
    Kolczynski, 1993, https://doi.org/10.1109/ICCV.1993.378222).

    Args:
        pictures: float32 (height, width, channels) each, in [-1, 1].
        shares: float32 (height, width, count) or (1, 1, count); they sum to 1 where there is any style.

    Returns:
        float32 (height, width, channels) in [-1, 1]. Where one picture has the whole share, the result is that picture,
        but for what reaches it from places nearby where shares change.
    """
    if (alone := shares.reshape(-1, len(pictures)).max(axis=0)).astype(bool).sum() == 1:
        return pictures[int(alone.argmax())]
    shares = np.broadcast_to(shares, (*pictures[0].shape[:2], len(pictures)))
    details = []
    for _ in range(LEVELS):
        if min(pictures[0].shape[:2]) < 4:
            break
        small = [_halved(each) for each in pictures]
        layers = [each - _sized(less, each.shape) for each, less in zip(pictures, small, strict=True)]
        details.append(_mixed(layers, _prevailing(layers, shares)))
        pictures, shares = small, _halved(shares)
    joined = _mixed(pictures, shares)
    for detail in reversed(details):
        joined = detail + _sized(joined, detail.shape)
    return np.clip(joined, -1, 1).astype("float32")


def _prevailing(layers, shares):
    """The shares of details: most for the stronger ones, of which those nearby decide together."""
    strength = np.stack([_sized(_halved(np.abs(each).mean(axis=-1, keepdims=True)), (*each.shape[:2], 1))[..., 0]
                         for each in layers], axis=-1)  # fmt: skip
    weights = np.maximum(strength, 1e-4) ** CHOICE * shares ** (CHOICE / 2)
    return weights / np.maximum(weights.sum(axis=-1, keepdims=True), np.finfo("float32").tiny)


def _mixed(layers, shares):
    return sum(each * shares[..., i : i + 1] for i, each in enumerate(layers))


def _halved(array):
    height, width, _ = array.shape
    return _sized(array, (-(-height // 2), -(-width // 2), array.shape[-1]))


def _sized(array, shape):
    """An array (height, width, n) of any numbers, resampled to another height and width."""
    size = (shape[1], shape[0])
    planes = [Image.fromarray(np.ascontiguousarray(array[..., i], "float32")) for i in range(array.shape[-1])]
    return np.stack([np.asarray(plane.resize(size, Image.Resampling.BILINEAR)) for plane in planes], axis=-1)
