"""What identifies the files of pictures, so that a resumed training sees that they have changed."""

import os
import re
import zlib
from collections.abc import Iterable
from pathlib import Path

from stylezoo.data.album import Album
from stylezoo.errors import name_all

END = 2**21  # bytes at the beginning and at the end of a file that are read; of a smaller one all
FORM = re.compile(r"(-?[0-9]+) ([0-9]+) ([0-9]+) (.+)", re.DOTALL)  # size, time, CRC-32, path


def taken(albums: Iterable[Album], folder: Path, known: Iterable[str] = ()) -> list[str]:
    """A line for every file in these albums: size in bytes, time of change in nanoseconds, CRC-32, path.

    Args:
        albums: The albums.
        folder: The run folder; paths of files in it are relative to it.
        known: An earlier result: a file of equal size and time is not read again.
    """
    earlier = {(size, time, path): checksum for size, time, checksum, path in map(_fields, known)}
    files = {item.path.absolute() for album in albums if album.is_given for item in album.items if item.path}
    inside = folder.resolve()
    return [_line(file, inside, earlier) for file in sorted(files)]


def _line(file, folder, earlier):
    path = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)
    try:
        found = os.stat(file)
        size, time = str(found.st_size), str(found.st_mtime_ns)
        return f"{size} {time} {earlier.get((size, time, path)) or _checksum(file, found.st_size)} {path}"
    except OSError:  # it is reported, or left out, where it is read as a picture
        return f"-1 0 0 {path}"


def _checksum(path, size):
    with open(path, "rb") as file:
        checksum = zlib.crc32(file.read(END))
        if size > 2 * END:
            file.seek(-END, os.SEEK_END)
        return zlib.crc32(file.read(END), checksum)


def _fields(line):
    return FORM.fullmatch(line).groups()


def are_valid(lines) -> bool:
    """Whether plain data is a result of `taken`."""
    return isinstance(lines, list) and all(isinstance(line, str) and FORM.fullmatch(line) for line in lines)


def changes(before: list[str], now: list[str]) -> str:
    """How files differ from earlier ones, in a clause; "" if they do not. Their times alone do not count."""
    old, new = ({path: (size, checksum) for size, _, checksum, path in map(_fields, lines)} for lines in (before, now))
    found = {
        "gone": [path for path in old if path not in new],
        "new": [path for path in new if path not in old],
        "changed": [path for path in new if path in old and old[path] != new[path]],
    }
    return name_all(
        [f"{len(paths)} {what}, such as '{Path(paths[0]).name}'" for what, paths in found.items() if paths], ""
    )
