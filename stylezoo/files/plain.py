"""Untrusted text and JSON, read safely: bounded in size, plain, without control characters."""

import json
import re
import unicodedata

DEEPEST = 32  # lists and objects within each other
MOST = 20_000  # values in one document
LONGEST = 20_000  # characters of one text
ABSOLUTE = re.compile(r"(?<![\w.~:/\\-])(?:~|[A-Za-z]:)?[/\\]+(?=[^\s/\\])(?:[^/\\'\",;=]+[/\\]+)*([^/\\'\",;=]*)")


def read(content: bytes, largest: int, exact: bool = False):
    """The plain data of a JSON document, its texts `printable`.

    Args:
        content: The document.
        largest: How many bytes it may have.
        exact: Whether a name that is not `printable` is refused: Keras reads the document itself, and would see
            another name than the one that is checked here.

    Raises:
        ValueError: It is no JSON, it is too large, there is too much of it, or such a name is in it.
    """
    if len(content) > largest:
        raise ValueError(f"it has more than {largest} bytes")
    try:
        found = json.loads(content, parse_constant=lambda name: None)  # NaN and Infinity are no JSON
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return _checked(found, DEEPEST, iter(range(MOST)), exact)


def printable(text: str) -> str:
    """A text on one line, without control characters and those that change the writing direction."""
    spaced = "".join(" " if each.isspace() else each for each in text)
    return "".join(each for each in spaced if unicodedata.category(each)[0] != "C").strip()


def without_folders(plain):
    """Plain data with only the last name of every absolute path in its texts: folders are private."""
    if isinstance(plain, dict):
        return {key: without_folders(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [without_folders(each) for each in plain]
    return ABSOLUTE.sub(r"\1", plain) if isinstance(plain, str) else plain


def _checked(found, depth, budget, exact):
    if next(budget, None) is None:
        raise ValueError(f"it has more than {MOST} values")
    if isinstance(found, dict | list) and not depth:
        raise ValueError("it is nested too deeply")
    if isinstance(found, dict):
        if exact and (odd := [key for key in found if key != printable(key)]):
            raise ValueError(f"it has the name {odd[0]!a}")
        checked = lambda each, depth: _checked(each, depth, budget, exact)  # noqa: E731
        return {checked(key, depth): checked(value, depth - 1) for key, value in found.items()}
    if isinstance(found, list):
        return [_checked(each, depth - 1, budget, exact) for each in found]
    if isinstance(found, str) and len(found) > LONGEST:
        raise ValueError(f"it has a text of more than {LONGEST} characters")
    return printable(found) if isinstance(found, str) else found
