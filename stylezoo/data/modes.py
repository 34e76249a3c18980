"""What sources and styles have to do with each other: the root of the data modes, for a recipe's `data`."""

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
from stylezoo.spec import Choice

if TYPE_CHECKING:
    from stylezoo.data.batches import Batches

Read = Callable[..., Pictures]  # read(album, tones=None, items=None): the pictures of an album at the recipe's size
DIRECTIONS = ("AtoB", "BtoA")


class DataMode(Choice, ABC, field="data"):
    """How a training reads its pictures and makes batches of them; a subclass with a name is a choice for `data`.

    A subclass must say what stands in for pictures that are not given (`complete`), how both domains are read
    (`domains`) and what a batch is (`batch`). A data mode has no pictures itself: `Batches` keeps them.

    Attributes:
        names: The names of the model's styles, where it has several.
        added: How many of the last of these are new to a trained model, so that only their pictures are read.
        labelled: Whether batches have labels, which say of what style each picture is.
        match_tones: Whether light and dark of every source are brought to those of the styles.
    """

    names: tuple[str, ...] = ()
    added: int = 0
    labelled: bool = False
    match_tones: bool = False

    @abstractmethod
    def complete(self, source: Album, style: Album) -> tuple[Album, Album]:
        """Source and style with built-in samples in the place of what is not given.

        Raises:
            BadData: There are no samples that would do.
        """

    @abstractmethod
    def domains(self, source: Album, style: Album, read: Read) -> tuple[Pictures, dict[str, Pictures]]:
        """The pictures of the sources, and those of each style by its name, "" if there is one.

        Args:
            source: What `complete` gave.
            style: Likewise.
            read: Called as ``read(album, tones=None, items=None)``, it scales the pictures of an album, or those
                `items` of it, to the recipe's size and brings them to `tones`.

        Raises:
            BadData: The pictures cannot be used.
        """

    @abstractmethod
    def batch(self, batches: Batches, numbers: Sequence[int]) -> tuple[np.ndarray, ...]:
        """The source and style crops of these numbers, as `Batches.cut` makes them, and labels if it has such."""

    def laid_out(self, source: Album, style: Album) -> tuple[Album, Album]:
        """Source and style in the folders of a public data set, if `source` is one and `style` is not given."""
        return source, style

    def check(self, crops: Crops, two_way: bool = False) -> None:
        """See that these crops are possible with this data, and a model that also translates back if `two_way`.

        Raises:
            BadRecipe: They are not.
        """
        if crops.one_picture:
            raise BadRecipe(f"crops is '{crops.name}' and data is '{self.name}'; they are for unpaired data only.")

    def with_names(self, styles: Iterable[str]) -> DataMode:
        """The same with the names of the styles whose pictures were read; itself where styles have no names."""
        return self

    def shown(self, batches: Batches, index: int) -> list[tuple[str, Image.Image]]:
        """What a contact sheet shows beside source number `index`: a picture of each style, with the style's name."""
        return [(name, style.image(index % len(style))) for name, style in batches.styles.items()]

    def card_rows(self, source: Pictures, styles: Mapping[str, Pictures]) -> list[dict[str, Any]]:
        """What a card says of the pictures: their role, what they were given as, their last name, and how many."""
        roles = {"source": source, **{f"style {name}".rstrip(): style for name, style in styles.items()}}
        return [
            {"role": role, "kind": each.album.kind, "name": each.album.name, "pictures": len(each)}
            for role, each in roles.items()
        ]

    def read_source(self, source: Album, styles: Mapping[str, Pictures], read: Read) -> Pictures:
        """The pictures of the sources, brought to the tones of the styles if `match_tones` says so."""
        return read(source, tones=tones_of(styles.values()) if self.match_tones else None)


def checked_direction(direction: str) -> str:
    """The direction, if it is one.

    Raises:
        ValueError: It is none.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"direction is '{direction}'; it can be {name_all(DIRECTIONS)}")
    return direction


def train_folders(source: Album, style: Album, direction: str) -> tuple[Album, Album]:
    """The folders ``trainA`` and ``trainB`` of a data set of CycleGAN's, the source first; else what is given."""
    halves = () if style.is_given else source.subfolders("trainA", "trainB")
    if not halves:
        return source, style
    return halves if direction == "AtoB" else halves[::-1]
