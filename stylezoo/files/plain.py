"""Untrusted JSON, read safely: bounded in size, plain, without control characters."""

import json
import math
import os
import re

from stylezoo.errors import printable

DEEPEST = 32  # lists and objects within each other
MOST = 20_000  # values in one document
LONGEST = 20_000  # characters of one text
LARGEST_NUMBER = 2**64  # of whole numbers, which JSON and Python do not bound
ABSOLUTE = re.compile(r"(?<![\w.~:/\\-])(?:~|[A-Za-z]:)?[/\\]+(?=[^\s/\\])(?:[^/\\'\",;=]+[/\\]+)*([^/\\'\",;=]*)")


def read(content: bytes, largest: int, exact: bool = False):
    """The plain data of a JSON document, its texts `printable`, and None for numbers that are not finite.

    Args:
        content: The document.
        largest: How many bytes it may have.
        exact: Whether a name that is not `printable` is refused: Keras reads the document itself, and would see
            another name than the one that is checked here.

    Raises:
        ValueError: As `bounded`, or such a name is in it.
    """
    return _printable(bounded(content, largest), exact)


def of_file(path: str | os.PathLike, largest: int, most: int = MOST):
    """The plain data of a JSON file, as `bounded`.

    Raises:
        OSError: It cannot be read.
        ValueError: As `bounded`.
    """
    with open(path, "rb") as file:
        return bounded(file.read(largest + 1), largest, most)


def bounded(content: bytes, largest: int, most: int = MOST):
    """The plain data of a JSON document as it is, bounded in size, depth and numbers.

    Args:
        content: The document.
        largest: How many bytes it may have.
        most: How many values it may have.

    Raises:
        ValueError: It is no JSON, it is too large, or there is too much of it.
    """
    if len(content) > largest:
        raise ValueError(f"it has more than {largest} bytes")
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check(found, DEEPEST, iter(range(most)), most)
    return found


def without_folders(plain):
    """Plain data with only the last name of every absolute path in its texts: folders are private."""
    if isinstance(plain, dict):
        return {key: without_folders(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [without_folders(each) for each in plain]
    return ABSOLUTE.sub(r"\1", plain) if isinstance(plain, str) else plain


def _check(found, depth, budget, most):
    """Check that plain data is bounded, at any depth."""
    if next(budget, None) is None:
        raise ValueError(f"it has more than {most} values")
    if isinstance(found, dict | list):
        if not depth:
            raise ValueError("it is nested too deeply")
        for each in [*found, *found.values()] if isinstance(found, dict) else found:
            _check(each, depth - 1, budget, most)
    elif isinstance(found, str):
        if len(found) > LONGEST:
            raise ValueError(f"it has a text of more than {LONGEST} characters")
        if any("\ud800" <= each <= "\udfff" for each in found):
            raise ValueError("it has a text with half a character")
    elif isinstance(found, int) and abs(found) > LARGEST_NUMBER:
        raise ValueError(f"it has a number of {len(str(abs(found)))} digits")


def _printable(found, exact):
    if isinstance(found, dict):
        if exact and (odd := [key for key in found if key != printable(key)]):
            raise ValueError(f"it has the name {odd[0]!a}")
        return {printable(key): _printable(value, exact) for key, value in found.items()}
    if isinstance(found, list):
        return [_printable(each, exact) for each in found]
    if isinstance(found, float) and not math.isfinite(found):
        return None  # NaN is no JSON
    return printable(found) if isinstance(found, str) else found
