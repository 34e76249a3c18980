"""Text and JSON that strangers wrote, made harmless: bounded in size, plain, without control characters."""

import json
import re
import unicodedata

DEEPEST = 32  # lists and objects within each other
MOST = 20_000  # values in one document
LONGEST = 20_000  # characters of one text
ABSOLUTE = re.compile(r"(?<![\w.~:/\\-])(?:~|[A-Za-z]:)?[/\\]+(?=[^\s/\\])(?:[^/\\'\",;=]+[/\\]+)*([^/\\'\",;=]*)")


def read(content: bytes, largest: int):
    """The plain data of a JSON document, its texts `printable`.

    Raises:
        ValueError: It is no JSON, it is larger than `largest` bytes, or there is too much of it.
    """
    if len(content) > largest:
        raise ValueError(f"it has more than {largest} bytes")
    try:
        found = json.loads(content, parse_constant=lambda name: None)  # NaN and Infinity are no JSON
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return _checked(found, DEEPEST, iter(range(MOST)))


def printable(text: str) -> str:
    """A text on one line, without what a terminal would obey: control characters, and those that turn the writing."""
    spaced = "".join(" " if each.isspace() else each for each in text)
    return "".join(each for each in spaced if unicodedata.category(each)[0] != "C").strip()


def without_folders(plain):
    """Plain data with only the last name of every absolute path in its texts: folders tell about their owner."""
    if isinstance(plain, dict):
        return {key: without_folders(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [without_folders(each) for each in plain]
    return ABSOLUTE.sub(r"\1", plain) if isinstance(plain, str) else plain


def _checked(found, depth, budget):
    if next(budget, None) is None:
        raise ValueError(f"it has more than {MOST} values")
    if isinstance(found, dict | list) and not depth:
        raise ValueError("it is nested too deeply")
    if isinstance(found, dict):
        if odd := [key for key in found if key != printable(key)]:  # cleaned it would be another name than Keras reads
            raise ValueError(f"it has the name {odd[0]!a}")
        return {_checked(key, depth, budget): _checked(value, depth - 1, budget) for key, value in found.items()}
    if isinstance(found, list):
        return [_checked(each, depth - 1, budget) for each in found]
    if isinstance(found, str) and len(found) > LONGEST:
        raise ValueError(f"it has a text of more than {LONGEST} characters")
    return printable(found) if isinstance(found, str) else found
