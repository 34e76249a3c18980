"""The pictures in a folder and its subfolders, without what belongs to the system and not to the user."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stylezoo.pictures import files, foreign

SYSTEM = {  # of macOS, Windows, Linux and network storage, in lower case
    "$recycle.bin",
    "#recycle",
    "#snapshot",
    "@eadir",
    "@recently-snapshot",
    "@recycle",
    "@tmp",
    "__macosx",
    "desktop.ini",
    "lost+found",
    "network trash folder",
    "recycled",
    "recycler",
    "system volume information",
    "temporary items",
    "thumbs.db",
}


@dataclass(frozen=True)
class Found:
    """The pictures of a folder.

    Attributes:
        pictures: The files, in the order of their paths.
        left_out: A line for each kind of pictures that cannot be read, and for each folder that cannot.
    """

    pictures: tuple[Path, ...]
    left_out: tuple[str, ...]


def is_hidden(name: str) -> bool:
    """Whether files and folders of this name belong to the system: hidden ones, thumbnails, trash."""
    return name.startswith(".") or name.lower() in SYSTEM


def pictures(folder: Path) -> Found:
    """The pictures in a folder and its subfolders, by their suffixes; the folder itself may be hidden.

    Linked folders are followed, but no folder is read twice.
    """
    found, unread, refused = [], {}, []
    for path in _files(folder, refused):
        kind = foreign.of_suffix(path)
        if path.suffix.lower() in files.SUFFIXES:
            if path.is_file():
                found.append(path)
            elif path.is_symlink():
                refused.append(f"'{path}' is left out: it is a link to nothing.")
        elif kind and path.is_file():
            unread.setdefault(kind, []).append(path)
    lines = [
        f"{len(paths)} {kind.name} file{'s are' if len(paths) > 1 else ' is'} left out, such as '{min(paths)}'. "
        f"{kind.advice}"
        for kind, paths in unread.items()
    ]
    return Found(tuple(sorted(found)), (*lines, *refused))


def subfolders(folder: Path) -> list[Path]:
    """The subfolders of a folder that are the user's, in order."""
    return sorted(each for each in folder.iterdir() if each.is_dir() and not is_hidden(each.name))


def _files(folder, refused) -> Iterator[Path]:
    """All files that are not hidden; real folders come first, so that links lead to what is not found without them."""
    waiting, links, seen = [folder], [], set()
    while waiting or links:
        here = (waiting or links).pop(0)
        if (real := os.path.realpath(here)) in seen:
            continue
        seen.add(real)
        try:
            entries = [entry for entry in os.scandir(here) if not is_hidden(entry.name)]
        except OSError as error:
            refused.append(f"The folder '{here}' cannot be read: {error.strerror}.")
            continue
        for entry in entries:
            if os.path.isdir(entry.path):  # unlike entry.is_dir it raises no error for a link to itself
                (links if entry.is_symlink() else waiting).append(Path(here, entry.name))
            else:
                yield Path(here, entry.name)
