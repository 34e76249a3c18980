"""How sources and styles are related: the root class of the data modes, for a recipe's `data`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from stylezoo.data.album import Album
from stylezoo.data.crops import Crops
from stylezoo.data.domains import Pictures, tones_of
from stylezoo.errors import BadRecipe, name_all
from stylezoo.pictures import luminance
from stylezoo.spec import Choice

if TYPE_CHECKING:
    from stylezoo.data.batches import Batches

Read = Callable[..., Pictures]  # read(album, tones=None, items=None): the pictures of an album at the recipe's size
DIRECTIONS = ("AtoB", "BtoA")


class DataMode(Choice, ABC, field="data"):
    """How a training reads its pictures and makes batches of them; a subclass with a name is a choice for `data`.

    A subclass defines the samples for pictures that are not given (`complete`), how both domains are read (`domains`)
    and how a batch is made (`batch`). A data mode has no pictures itself: `Batches` keeps them.

    Attributes:
        names: The names of the model's styles, where it has several.
        added: How many of the last ones are new to a trained model; only their pictures are read.
        labelled: Whether batches have labels: the style of each style picture.
        match_tones: Whether the tones of every source are matched to those of the styles.
        match_colours: Whether its colours are matched as well, and those of what a network of one style draws.
    """

    names: tuple[str, ...] = ()
    added: int = 0
    labelled: bool = False
    match_tones: bool = False
    match_colours: bool = False

    @property
    def tones(self) -> int:
        """How many numbers describe the tones that are matched: see `luminance.tones`; 0 if none are."""
        return luminance.COLOURED if self.match_colours else luminance.PLAIN if self.match_tones else 0

    @property
    def added_numbers(self) -> range:
        """The numbers of the styles that are new to a trained model."""
        return range(len(self.names) - self.added, len(self.names))

    @abstractmethod
    def complete(self, source: Album, style: Album) -> tuple[Album, Album]:
        """Source and style, with built-in samples for what is not given.

        Raises:
            BadData: There are no such samples.
        """

    @abstractmethod
    def domains(self, source: Album, style: Album, read: Read) -> tuple[Pictures, dict[str, Pictures]]:
        """The pictures of the sources, and those of each style by its name, "" if there is one.

        Args:
            source: From `complete`.
            style: Likewise.
            read: Called as ``read(album, tones=None, items=None)``, it scales the pictures of an album, or only its
                `items`, to the recipe's size and matches them to `tones`.

        Raises:
            BadData: The pictures cannot be used.
        """

    @abstractmethod
    def batch(self, batches: Batches, numbers: Sequence[int]) -> tuple[np.ndarray, ...]:
        """The source and style crops of these numbers, from `Batches.cut`, and labels if there are any."""

    def laid_out(self, source: Album, style: Album) -> tuple[Album, Album]:
        """Source and style in the folders of a public data set, if `source` is one and there is no `style`."""
        return source, style

    def check(self, crops: Crops, two_way: bool = False) -> None:
        """Check that this data allows these crops, and a two-way model if `two_way`.

        Raises:
            BadRecipe: It does not.
        """
        if crops.one_picture:
            raise BadRecipe(f"crops is '{crops.name}' and data is '{self.name}'; they are for unpaired data only.")

    def with_names(self, styles: Iterable[str]) -> DataMode:
        """The same with the names of the styles whose pictures were read; itself if styles have no names."""
        return self

    def shown(self, batches: Batches, index: int) -> list[tuple[str, Image.Image]]:
        """The pictures beside source number `index` in a contact sheet: one of each style, with the style's name."""
        return [(name, style.image(index % len(style))) for name, style in batches.styles.items()]

    def card_rows(self, source: Pictures, styles: Mapping[str, Pictures]) -> list[dict[str, Any]]:
        """The rows of a card about the pictures: role, kind of album, name and number."""
        roles = {"source": source, **{f"style {name}".rstrip(): style for name, style in styles.items()}}
        return [
            {"role": role, "kind": each.album.kind, "name": each.album.name, "pictures": len(each)}
            for role, each in roles.items()
        ]

    def read_source(self, source: Album, styles: Mapping[str, Pictures], read: Read) -> Pictures:
        """The pictures of the sources, matched to the tones of the styles if the data says so."""
        return read(source, tones=tones_of(styles.values(), self.match_colours) if self.tones else None)


def checked_direction(direction: str) -> str:
    """The direction, if it is valid.

    Raises:
        ValueError: It is not.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"direction is '{direction}'; it can be {name_all(DIRECTIONS)}")
    return direction


def train_folders(source: Album, style: Album, direction: str) -> tuple[Album, Album]:
    """The folders ``trainA`` and ``trainB`` of a CycleGAN data set, the source first; else the given albums."""
    halves = () if style.is_given else source.subfolders("trainA", "trainB")
    if not halves:
        return source, style
    return halves if direction == "AtoB" else halves[::-1]
