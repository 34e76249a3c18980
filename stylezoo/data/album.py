"""Pictures in any form that a user gives, read once into an `Album`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from PIL import Image

from stylezoo.errors import BadData, printable
from stylezoo.pictures import animation, files, folders, opening, scans


@dataclass(frozen=True, eq=False)
class Item:
    """One picture of an album: a file, an image in memory, or one half of either.

    Attributes:
        path: The file; None for an image in memory.
        image: The image; None for a file.
        half: "A" for its left half, "B" for its right half, "" for all of it.
        required: Whether a damaged picture is an error. Others are skipped: one of many files in a folder.
    """

    path: Path | None = None
    image: Image.Image | None = None
    half: str = ""
    required: bool = True

    def __str__(self) -> str:
        if self.path is None:
            return "The image"
        return f"'{self.path}, half {self.half}'" if self.half else f"'{self.path}'"

    @property
    def several(self) -> str:
        """The frames or pages of its file in words, if there are several; the first is used."""
        return "" if self.path is None else animation.several(self.path)

    def open(self, shorter: int | None = None, channels: int = 3) -> Image.Image:
        """The picture, upright and opaque, at its own size.

        Args:
            shorter: As in `opening.open_picture`.
            channels: Likewise.

        Raises:
            BadPicture: The file cannot be read.
        """
        if self.image is None:
            image = opening.flat(opening.open_picture(self.path, channels, shorter))
        else:
            image = opening.flat(opening.opened(self.image, channels))
        width = image.width // 2 if self.half else image.width
        left = image.width - width if self.half == "B" else 0
        return image.crop((left, 0, left + width, image.height)) if self.half else image

    def halves(self, order: str = "AB") -> tuple[Item, ...]:
        """Its two halves as a pair, which is skipped if the file is damaged."""
        return tuple(replace(self.skippable(), half=half) for half in order)

    def skippable(self) -> Item:
        """The same, skipped if its file is damaged; an image in memory stays required."""
        return replace(self, required=self.path is None)


@dataclass(frozen=True, eq=False)
class Album:
    """The pictures of a domain, or of several styles, as a user gave them. `Album.of` reads one.

    Files are opened later: see `stylezoo.data.domains.Pictures`, which also lists what it skipped and why.

    Attributes:
        kind: "sample" for nothing given or a built-in sample, "image", "picture" for a file, "folder", "list", "named".
        path: The file or the folder.
        image: The image.
        parts: The albums of a list, or those of named styles.
        names: The names of the `parts`, if they have any.

    Examples:
        >>> from stylezoo.data import Album
        >>> len(Album.of("photos/").items)
        2
    """

    kind: str = "sample"
    path: Path | None = None
    image: Image.Image | None = None
    parts: tuple[Album, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Any) -> Album:
        """Read pictures in any form.

        Args:
            given: A picture file, a folder that is searched with its subfolders, a Pillow image, a binary file object,
                a list or a dict by name of these, an album, or None for the built-in samples.

        Raises:
            BadData: There is no such file or folder, or it is none of these.
            BadPicture: A file object is no picture.
        """
        if isinstance(given, Album):
            return given
        if given is None:
            return cls()
        if isinstance(given, Image.Image):
            return cls("image", image=given)
        if hasattr(given, "read"):
            return cls("image", image=opening.as_stored(given))
        if isinstance(given, dict):
            return cls("named", parts=tuple(map(cls.of, given.values())), names=tuple(given))
        if isinstance(given, list | tuple):
            return cls("list", parts=tuple(map(cls.of, given)))
        if isinstance(given, str | os.PathLike):
            if not os.fspath(given):  # which would mean the current folder
                raise BadData("The path of the pictures is empty: give a file or a folder.")
            return cls._at(Path(os.path.expanduser(given)))
        raise BadData(
            f"A {type(given).__name__} is not a picture: give a path, a folder, a Pillow image, or a list of them."
        )

    @classmethod
    def each_of(cls, given: Any) -> Album:
        """Read pictures, each a style of its own: a single one becomes a list of one, None an empty list.

        Raises:
            BadData: As `of`.
        """
        album = cls.of(given)
        return album if album.kind in ("list", "named") else cls("list", parts=(album,) if album.is_given else ())

    @classmethod
    def from_plain(cls, place: Any, folder: Path) -> Album:
        """The album that `to_plain` wrote into a run folder.

        Raises:
            BadData: A file or folder no longer exists.
            TypeError: `to_plain` did not write it.
        """
        if place is None:
            return cls()
        if isinstance(place, dict):
            parts = tuple(cls.from_plain(each, folder) for each in place.values())
            return cls("named", parts=parts, names=tuple(place))
        if isinstance(place, list):
            return cls("list", parts=tuple(cls.from_plain(each, folder) for each in place))
        if not isinstance(place, str):
            raise TypeError(f"{place!r} is no path")
        return cls._at(folder / place)

    def to_plain(self, copy: Path, folder: Path) -> Any:
        """The paths of the pictures, for a run folder: None for samples, else absolute paths, in lists and dicts.

        Args:
            copy: The file to which an image in memory is written; its path becomes relative to the run folder.
            folder: The run folder.
        """
        if self.kind == "sample":
            return None
        if self.kind in ("list", "named"):
            copies = [copy.with_stem(f"{copy.stem}-{number}") for number in range(len(self.parts))]
            places = [part.to_plain(each, folder) for part, each in zip(self.parts, copies, strict=True)]
            return dict(zip(self.names, places, strict=True)) if self.kind == "named" else places
        if self.image is not None:
            image = opening.flat(opening.natural(self.image))
            copy = copy if scans.pixels(image).shape[-1] in scans.WHOLE else copy.with_suffix(".tif")
            files.save_picture(image, copy)
            return copy.relative_to(folder).as_posix()
        return str(self.path.resolve())

    @classmethod
    def _at(cls, path: Path) -> Album:
        if not os.path.exists(path):  # unlike Path.exists it raises no error for names that are too long
            raise BadData(f"There is no file or folder '{path}'.")
        return cls("folder" if path.is_dir() else "picture", path=path)

    def __str__(self) -> str:
        if self.path is not None:
            return str(self.path)
        return ", ".join(map(str, self.parts)) or self.kind

    @property
    def is_given(self) -> bool:
        """Whether the user gave any: false for samples, true for an empty list."""
        return self.kind != "sample"

    def or_sample(self, image: Callable[[], Image.Image]) -> Album:
        """This album; if the user gave nothing, the built-in sample that `image` returns."""
        return self if self.is_given else Album("sample", image=image())

    @property
    def name(self) -> str:
        """The name of the file or folder, without the folders above it; "" for other kinds."""
        return printable(self.path.resolve().name) if self.path is not None else ""

    @property
    def folder(self) -> Path | None:
        """The path of a folder, else None."""
        return self.path if self.kind == "folder" else None

    @property
    def leaves(self) -> tuple[Album, ...]:
        """Each file, folder and image that was given: the parts of a list, or this album alone."""
        return self.parts if self.kind in ("list", "named") else (self,)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every picture, those of folders in the order of their paths.

        Raises:
            BadData: A folder holds no picture files.
        """
        if self.image is not None:
            return (Item(image=self.image),)
        if self.folder is not None:
            return tuple(Item(file, required=False) for file in self._pictures())
        if self.path is not None:
            return (Item(self.path),)
        return tuple(item for part in self.parts for item in part.items)

    @property
    def left_out(self) -> tuple[str, ...]:
        """A line for each kind of files in folders that are pictures and cannot be read."""
        if self.folder is not None:
            return self._found.left_out
        return tuple(line for part in self.parts for line in part.left_out)

    def subfolders(self, *names: str) -> tuple[Album, ...]:
        """The subfolders of these names, if this is a folder that has them all; else none."""
        inner = [self.folder / name for name in names] if self.folder else []
        return tuple(map(Album.of, inner)) if all(each.is_dir() for each in inner) else ()

    def by_style(self, taken: Iterable[str] = ()) -> Album:
        """The same with a name for each style: each of a list, or each subfolder of one folder, is a style.

        Args:
            taken: The names of earlier styles. An image in memory is named by its number, counted after these.

        Raises:
            BadData: Two have the same name.
        """
        if self.kind == "named":
            return self
        parts = self.parts if self.kind == "list" else self._inner() or (self,)
        taken, named = tuple(taken), {}
        for number, part in enumerate(parts, len(taken)):
            name = part._style() or next(free for i in count(number) if (free := f"style-{i}") not in (*taken, *named))
            if name in named:
                raise BadData(f"Two of the styles are called '{name}': '{named[name]}' and '{part}'. Rename one.")
            named[name] = part
        return Album("named", parts=tuple(named.values()), names=tuple(named))

    def _style(self):
        path = self.path and self.path.resolve()
        return path and (path.name if self.folder else path.stem)

    def _inner(self):
        inner = folders.subfolders(self.folder) if self.folder else []
        return tuple(Album("folder", path=each) for each in inner)

    @cached_property
    def _found(self):
        return folders.pictures(self.folder)

    def _pictures(self):
        if not self._found.pictures:
            raise BadData(" ".join([f"The folder '{self.folder}' holds no picture files.", *self._found.left_out]))
        return self._found.pictures
