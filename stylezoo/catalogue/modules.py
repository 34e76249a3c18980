"""Where modules lie and what their sources say, by Python's finders: nothing is imported, not even packages above."""

import ast
import os
import sys
import warnings
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import NamedTuple

LARGEST = 2**18  # bytes of a source that is read


class Source(NamedTuple):
    """The source of a module.

    Attributes:
        file: Where it lies; None if there is no such module. In a zip archive it is no file of its own.
        tree: Its syntax tree; None if it cannot be read.
        text: The source; "" likewise.
        unread: Why it cannot be read, in a clause, although the module may work: it is compiled, or too large.
        problem: Why the module cannot work, in a clause: there is none, or it is no Python.
    """

    file: Path | None = None
    tree: ast.Module | None = None
    text: str = ""
    unread: str = ""
    problem: str = ""


def read(module: str) -> Source:
    """The source of a module. Never raises."""
    try:
        spec = found(module, tuple(map(str, sys.path)))
        file = Path(spec.origin) if spec.has_location else None
    except LookupError:
        return Source(problem=f"there is no module '{module}'")
    except Exception as error:  # of any finder
        return Source(unread=str(error) or type(error).__name__)
    if file is None or file.suffix != ".py":
        return Source(file, unread="it has no source in Python")
    try:
        content = _content(spec, file)
    except Exception as error:  # of any loader
        return Source(file, unread=str(error) or type(error).__name__)
    if len(content) > LARGEST:
        return Source(file, unread=f"it has more than {LARGEST} bytes")
    return _parsed(file, content)


@lru_cache(maxsize=256)
def found(module: str, places: tuple[str, ...]) -> ModuleSpec:
    """The specification of a module: where it lies. A missing one is not cached: it may be installed later.

    Args:
        module: Its full name.
        places: `sys.path`.

    Raises:
        LookupError: No finder knows it.
    """
    package, _, name = module.rpartition(".")
    inside = None
    if package:
        try:
            inside = list(found(package, places).submodule_search_locations or ())
        except LookupError:  # the finder of an editable install may know the module and not the package
            inside = []
    for finder in sys.meta_path:
        # The finder of folders wants packages to be imported; told the last name only, it looks into these folders.
        wanted = name if finder is PathFinder else module
        try:
            spec = finder.find_spec(wanted, inside)
        except Exception:  # a broken finder hides no module of the others
            continue
        if spec is not None:
            return spec
    raise LookupError(module)


def data_file(package: str, name: str) -> Path | None:
    """The file of this name in the folder of a package, or beside a module; None if there is none."""
    try:
        spec = found(package, tuple(map(str, sys.path)))
    except LookupError:
        return None
    folders = spec.submodule_search_locations or [os.path.dirname(spec.origin or "")]
    return next((Path(folder, name) for folder in folders if os.path.isfile(os.path.join(folder, name))), None)


def _content(spec, file):
    """The bytes of a source, one more than `LARGEST` at most where it is a file."""
    if file.is_file():
        with open(file, "rb") as opened:
            return opened.read(LARGEST + 1)
    return spec.loader.get_data(spec.origin)  # of a zip archive


@lru_cache(maxsize=32)
def _parsed(file, content):
    try:
        with warnings.catch_warnings(action="ignore"):  # about its backslashes
            tree = ast.parse(content)
        return Source(file, tree, content.decode(errors="replace"))
    except (RecursionError, MemoryError):
        return Source(file, unread="it is nested too deeply")
    except (SyntaxError, ValueError) as error:
        return Source(file, problem=f"its source cannot be read: {error}")
