"""Which pictures are to be redrawn, and into which files."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from stylezoo.errors import UsageError
from stylezoo.pictures import files, film_writing, films, folders

KEPT = (".gif", ".webp", *film_writing.SUFFIXES)  # formats of animations and films, which the result keeps
LONGEST = 255  # bytes of a file's name that file systems allow
FOLDED = sys.platform in ("win32", "darwin")  # where Photo.png and photo.png usually are one file


def targets(
    pictures: list[Path],
    out: str | Path | None = None,
    keep: Iterable[Path] = (),
    note: Callable[[str], object] = lambda line: None,
    still: str = ".png",
) -> dict[Path, Path]:
    """Where the result of each picture goes.

    The result of a picture is NAME-stylized.png beside it or in the folder `out`, or it is `out` itself. A film stays
    one: NAME-stylized.mp4 where its own format cannot be written. Results of a folder keep names, subfolders and
    formats, as far as Pillow can write these, in `out` or in FOLDER-stylized; others become PNG. Where pictures that
    differ in their suffixes only would become one PNG, those that are no PNG keep their suffix before it: x.jpg beside
    x.png becomes x.jpg-stylized.png, x.ico beside x.png in a folder x.ico.png.

    Args:
        pictures: Files, and folders that are searched with their subfolders.
        out: A folder, or for one picture a file: a path with a suffix that is no folder and has no slash at its end.
        keep: Further pictures that no result may replace: masks and style pictures.
        note: Called with a line for each kind of files of a folder that is left out, and for such suffixes.
        still: The suffix of the result of a picture that is given by itself and is no film.

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
    if into_file and not files.is_writable(out) and not films.is_writable(out):
        raise UsageError(files.not_writable(out))
    found = []
    for picture in pictures:
        if os.path.isdir(picture):  # unlike Path.is_dir it raises no error for names that are too long
            found += _of_folder(picture, out or _beside(picture), note)
        elif into_file:
            found.append((picture, out))
        else:
            other = ".mp4" if films.is_film(picture) else still
            suffix = picture.suffix.lower() if picture.suffix.lower() in KEPT else other
            found.append((picture, (out or picture.parent) / _joined(picture.stem, f"-stylized{suffix}")))
    found = _apart(found, note)
    _check_apart(found, keep)
    return dict(found)


def _apart(found, note):
    """The same with the suffix of the picture in each result that would be that of another one of its stem as well."""
    owners = {}
    for picture, target in found:
        owners.setdefault(_key(target), set()).add(_key(os.path.abspath(picture)))

    def named(picture, target):
        rivals = owners[_key(target)]
        same_stem = len({owner.with_suffix("") for owner in rivals}) == 1 < len(rivals)
        if not same_stem or picture.suffix == target.suffix:
            return target
        return target.with_name(target.name.replace(picture.stem, picture.name, 1))

    changed = [(picture, named(picture, target)) for picture, target in found]
    if renamed := [new for new, old in zip(changed, found, strict=True) if new != old]:
        picture, target = renamed[0]
        note(f"Pictures that differ in the suffix only keep it: the result of '{picture}' is '{target}'.")
    return changed


def _key(path):
    """What is equal for paths of one file."""
    return Path(str(path).casefold() if FOLDED else path)


def _real(path):
    return Path(os.path.realpath(path))  # unlike Path.resolve it raises no error for a link to itself


def _beside(folder):
    named = folder if folder.name not in ("", "..") else _real(folder)
    return named.parent / _joined(named.name, "-stylized")


def _joined(stem, ending):
    """A name of at most `LONGEST` bytes: a longer stem is cut."""
    while len(os.fsencode(stem + ending)) > LONGEST:
        stem = stem[:-1]
    return stem + ending


def _of_folder(folder, out, note):
    """The pictures of a folder, without earlier results that lie in it, with their targets."""
    listed, inside = folders.pictures(folder), _real(out)
    found = listed.pictures
    if _real(folder) in inside.parents:
        found = [file for file in found if not _real(file).is_relative_to(inside)]
    if not found:
        raise UsageError(" ".join([f"The folder '{folder}' holds no picture files.", *listed.left_out]))
    for line in listed.left_out:
        note(line)
    return [(file, _writable(out / file.relative_to(folder))) for file in found]


def _writable(path):
    return path if files.is_writable(path) else path.with_name(_joined(path.stem, ".png"))


def _check_apart(found, keep):
    owners, places = {}, {}
    for picture, target in found:
        other = owners.setdefault(_key(_real(target)), picture)
        if other != picture:
            raise UsageError(f"The results of '{other}' and '{picture}' would be the same file, '{target}'.")
        place = places.setdefault(_key(os.path.abspath(picture)), target)
        if place != target:
            raise UsageError(f"'{picture}' would be drawn twice, as '{place}' and as '{target}'; name it in one way.")
    if lost := owners.keys() & {_key(_real(picture)) for picture in [*(picture for picture, _ in found), *keep]}:
        raise UsageError(f"The result would take the place of the picture '{lost.pop()}'; name another with -o.")
