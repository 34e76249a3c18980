"""What identifies the files of pictures, so that a resumed training sees that they have changed."""

import os
import zlib
from collections.abc import Iterable
from pathlib import Path

from stylezoo.data.album import Album
from stylezoo.errors import name_all

SOME_BYTES = 2**20
FIELDS = 4  # of one file: path, size in bytes, time of its last change in nanoseconds, CRC-32


def taken(albums: Iterable[Album], folder: Path, known: Iterable[list] = ()) -> list[list]:
    """Path, size, time and CRC-32 of every file in these albums, as plain data, in the order of the paths.

    Args:
        albums: The albums.
        folder: The run folder; paths of files in it are relative to it.
        known: An earlier result: a file of equal size and time is not read again.
    """
    earlier = {tuple(row[:3]): row[3] for row in known}
    files = {item.path.resolve() for album in albums if album.is_given for item in album.items if item.path}
    inside = folder.resolve()
    return sorted(_of(file, inside, earlier) for file in files)


def _of(file, folder, earlier):
    path = str(file.relative_to(folder) if file.is_relative_to(folder) else file)
    try:
        found = os.stat(file)
        key = (path, found.st_size, found.st_mtime_ns)
        return [*key, earlier[key] if key in earlier else _checksum(file)]
    except OSError:  # it is reported, or left out, where it is read as a picture
        return [path, -1, 0, 0]


def _checksum(path):
    checksum = 0
    with open(path, "rb") as file:
        while some := file.read(SOME_BYTES):
            checksum = zlib.crc32(some, checksum)
    return checksum


def are_valid(rows) -> bool:
    """Whether plain data is a result of `taken`."""
    return isinstance(rows, list) and all(
        isinstance(row, list)
        and len(row) == FIELDS
        and isinstance(row[0], str)
        and all(isinstance(number, int) for number in row[1:])
        for row in rows
    )


def changes(before: list[list], now: list[list]) -> str:
    """How files differ from earlier ones, in a clause; "" if they do not. Their times alone do not count."""
    old, new = ({path: (size, checksum) for path, size, _, checksum in rows} for rows in (before, now))
    found = {
        "gone": [path for path in old if path not in new],
        "new": [path for path in new if path not in old],
        "changed": [path for path in new if path in old and old[path] != new[path]],
    }
    return name_all(
        [f"{len(paths)} {what}, such as '{Path(paths[0]).name}'" for what, paths in found.items() if paths], ""
    )
