"""Several styles for one generator, each with a name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stylezoo.data.album import Album
from stylezoo.data.crops import NEXT_STYLE, SOURCE, STYLE
from stylezoo.data.modes import DataMode, checked_direction, train_folders
from stylezoo.errors import BadData, BadRecipe
from stylezoo.pictures import samples


class NamedStyles(DataMode, name="named-styles"):
    """Several styles for one generator, each with a name. Batches have labels.

    Args:
        names: The names of the styles. A training takes them from its folders; those of a trained model are kept.
        added: How many of the last styles are new to a trained generator; only their own layers are trained, and only
            they are in the data.
        match_tones: As in `Unpaired`, for all styles together.
        match_colours: Likewise; what is drawn is not matched again, so that the styles stay different.
        direction: As in `Unpaired`.
    """

    labelled = True

    def __init__(
        self,
        names: Sequence[str] = (),
        added: int = 0,
        match_tones: bool = False,
        direction: str = "AtoB",
        match_colours: bool = False,
    ):
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"names is {names!r}; it must be a list of names, such as ['monet', 'song']")
        self.names = tuple(names)
        self.added = added
        self.match_tones = match_tones
        self.match_colours = match_colours
        self.direction = checked_direction(direction)
        self._check_names()
        self.learnt = self.names[: len(self.names) - added] if added else ()

    def _check_names(self):
        if not all(name.strip() for name in self.names):
            raise ValueError(f"names is {list(self.names)}; every style needs a name")
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"names is {list(self.names)}; no name can be there twice")
        if self.added and not 0 < self.added < len(self.names):
            raise ValueError(f"added is {self.added}; it needs names of styles before those that are added")
        if self.added and self.tones:
            matched = "match_tones" if self.match_tones else "match_colours"
            raise ValueError(
                f"added is not 0 and {matched} is true; all styles of a model share their tones, and others would "
                "change the pictures of those that it has"
            )

    def laid_out(self, source, style):
        """As unpaired data; then each item of a list, or each subfolder of a folder, is a style."""
        source, style = train_folders(source, style, self.direction)
        return source, style.by_style(self.learnt) if style.is_given else style

    def check(self, crops, two_way=False):
        """Not possible: crops of one picture in a batch, and two-way models."""
        super().check(crops, two_way)
        if two_way:
            raise BadRecipe(
                f"data is '{self.name}' and two_way is true; a model of several styles has no one way back."
            )

    def complete(self, source, style):
        """The sample photograph and the sample styles are used."""
        source = source.or_sample(samples.photograph)
        if style.is_given:
            return source, style
        drawn = samples.styles()
        parts = tuple(Album("sample", image=image) for image in drawn.values())
        return source, Album("named", parts=parts, names=tuple(drawn))

    def domains(self, source, style, read):
        """The sources, and each style by its name."""
        style = style.by_style(self.learnt)
        if self.added and self.added != len(style.parts):
            raise BadData(f"The recipe adds {self.added} styles, and there are pictures of {len(style.parts)}.")
        styles = {name: read(part) for name, part in zip(style.names, style.parts, strict=True)}
        return self.read_source(source, styles, read), styles

    def batch(self, batches, numbers):
        """Crops of both domains, and labels: float32 (pictures, styles), one-hot.

        The styles take turns, for any number of their pictures.
        """
        turns = np.array([divmod(i, len(batches.styles)) for i in numbers])  # (pictures, 2): turn and style
        source = batches.cut(batches.source, SOURCE, numbers)
        style = np.empty_like(source)
        for which, pictures in enumerate(batches.styles.values()):
            mine = turns[:, 1] == which
            if mine.any():
                style[mine] = batches.cut(pictures, STYLE + NEXT_STYLE * which, turns[mine, 0].tolist())
        labels = np.eye(len(self.learnt) + len(batches.styles), dtype="float32")
        return source, style, labels[len(self.learnt) + turns[:, 1]]

    def with_names(self, styles):
        """The same with the names of all styles: those of the trained model and these."""
        return NamedStyles.read(self.spec.with_option("names", [*self.learnt, *styles]))
