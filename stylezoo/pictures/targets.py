"""Which pictures are to be redrawn, and into which files."""

import os
from collections.abc import Iterable
from pathlib import Path

from stylezoo.errors import UsageError
from stylezoo.pictures import files

KEPT = (".gif", ".webp")  # formats of animations, which the result keeps


def targets(pictures: list[Path], out: str | Path | None = None, keep: Iterable[Path] = ()) -> dict[Path, Path]:
    """Where the result of each picture goes.

    The result of a picture is NAME-stylized.png beside it or in the folder `out`, or it is `out` itself. Results of a
    folder keep names, subfolders and formats, as far as Pillow can write these, in `out` or in FOLDER-stylized.

    Args:
        pictures: Files, and folders that are searched with their subfolders.
        out: A folder, or for one picture a file: a path with a suffix that is no folder and has no slash at its end.
        keep: Further pictures that no result may replace: masks and style pictures.

    Raises:
        UsageError: Two results would be one file, a picture would have two results, a result would replace a picture
            or cannot be written in the format of `out`, or a folder has no pictures.
    """
    is_folder = str(out).endswith(("/", os.sep)) or out is None or os.path.isdir(out)
    out = None if out is None else Path(out)
    into_file = not is_folder and bool(out.suffix)
    if into_file and (len(pictures) > 1 or os.path.isdir(pictures[0])):
        many = f"there are {len(pictures)} pictures" if len(pictures) > 1 else f"'{pictures[0]}' is a folder"
        raise UsageError(f"'{out}' is one file and {many}; name a folder.")
    if into_file and not files.is_writable(out):
        raise UsageError(files.not_writable(out))
    found = []
    for picture in pictures:
        if os.path.isdir(picture):  # unlike Path.is_dir it raises no error for names that are too long
            found += _of_folder(picture, out or _beside(picture))
        elif into_file:
            found.append((picture, out))
        else:
            suffix = picture.suffix.lower() if picture.suffix.lower() in KEPT else ".png"
            found.append((picture, (out or picture.parent) / f"{picture.stem}-stylized{suffix}"))
    _check_apart(found, keep)
    return dict(found)


def _beside(folder):
    named = folder if folder.name not in ("", "..") else folder.resolve()
    return named.parent / f"{named.name}-stylized"


def _of_folder(folder, out):
    """The pictures of a folder, without earlier results that lie in it, with their targets."""
    found, inside = files.in_folder(folder), out.resolve()
    if folder.resolve() in inside.parents:
        found = [file for file in found if not file.resolve().is_relative_to(inside)]
    if not found:
        raise UsageError(f"The folder '{folder}' holds no picture files.")
    return [(file, _writable(out / file.relative_to(folder))) for file in found]


def _writable(path):
    return path if files.is_writable(path) else path.with_suffix(".png")


def _check_apart(found, keep):
    owners, places = {}, {}
    for picture, target in found:
        other = owners.setdefault(target.resolve(), picture)
        if other != picture:
            raise UsageError(f"The results of '{other}' and '{picture}' would be the same file, '{target}'.")
        place = places.setdefault(os.path.abspath(picture), target)
        if place != target:
            raise UsageError(f"'{picture}' would be drawn twice, as '{place}' and as '{target}'; name it in one way.")
    if lost := owners.keys() & {picture.resolve() for picture in [*(picture for picture, _ in found), *keep]}:
        raise UsageError(f"The result would take the place of the picture '{lost.pop()}'; name another with -o.")
