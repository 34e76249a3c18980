"""Painters in ready-made styles and trained runs, alone or fused."""

from collections.abc import Mapping
from os import PathLike

from stylezoo.drawing.fusion import Fusion
from stylezoo.drawing.joining import JoinedPainter
from stylezoo.drawing.painter import Painter
from stylezoo.errors import BadOptions
from stylezoo.pictures import arrays
from stylezoo.runs import loading, styles
from stylezoo.runs.interpolation import Siblings


class Mixture:
    """Some styles, each a trained model, for painters with any weights and strength. See `loading.remembered`.

    Without masks, siblings are mixed by their weights: see `Siblings`. Else each model draws the picture, and the
    results are joined: see `joining.join`.

    Args:
        names: Ready-made styles, run folders, ``.keras`` files or addresses; none: the default style.
        masks: Pairs of such a name and a mask, as for `Fusion.of`.

    Attributes:
        names: The models, those of the masks as well.
        reason: Why several models are not mixed by their weights, a sentence; "" if they are, or if there is one.

    Raises:
        UsageError: There is no default style.
        BadRun: As in `stylezoo.load_model`.
    """

    def __init__(self, names=(), masks=()):
        self.masks = [*masks]
        self._named = [str(name) for name in names] or ([] if self.masks else [styles.default()])
        self.names = list(dict.fromkeys([*self._named, *(str(name) for name, _ in self.masks)]))
        self.reason, self._siblings = "", None
        if len(self.names) > 1 and not self.masks:
            try:
                self._siblings = Siblings(self.names, loading.remembered)
            except BadOptions as error:
                self.reason = str(error)
        if self._siblings is None:
            self._models = {name: loading.remembered(loading.checked_file(name)) for name in self.names}

    def painter(self, weights=(), strength: float = 1.0, **look) -> Painter | JoinedPainter:
        """A painter in a mixture of the styles.

        Args:
            weights: The weight of each named style; none: all have the same.
            strength: From 0, the picture as it is, to 1, full style.
            **look: As in `GAN.painter`.

        Raises:
            BadOptions: The weights, the strength or the look are not valid.
            BadPicture: A mask cannot be read.
        """
        weights = weights or [1.0] * len(self._named)
        fusion = Fusion.of(list(zip(self._named, weights, strict=True)), self.masks, strength)
        if self._siblings:
            mixed = loading.sharing(self._siblings.at(self._weights(fusion)))
            return mixed.painter(strength=strength, **look)
        if len(fusion.parts) == 1 and not fusion.is_divided:
            return self._models[fusion.parts[0].style].painter(strength=strength, **look)
        painters = [self._models[part.style].painter(**look) for part in fusion.parts]
        return JoinedPainter(painters, fusion, look.get("keep_colour", False), look.get("steady", False))

    def _weights(self, fusion):
        shares = {part.style: part.weight for part in fusion.parts}
        return [shares.get(name, 0.0) for name in self.names]


def redrawn(picture, style, masks, strength, size, look):
    """A picture in a ready-made style, or in a fusion of several; see `stylezoo.stylize`."""
    styles = [style] if isinstance(style, str | PathLike) else style or []
    weights = list(styles.values()) if isinstance(styles, Mapping) else []
    places = masks.items() if isinstance(masks, Mapping) else masks or ()
    painter = Mixture(styles, places).painter(weights, strength, **look)
    return painter.paint(picture if size is None else arrays.opened_at(picture, size, painter.channels))
