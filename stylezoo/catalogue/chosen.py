"""Which distributions' plugins are used: all, or those that the variable STYLEZOO_PLUGINS names.

``STYLEZOO_PLUGINS=stylezoo-wgan-gp,my-losses`` uses the plugins of these two, an empty value those of none. What
stylezoo itself offers, and what `register` adds, is always used.
"""

import os
import re
from collections.abc import Iterable

VARIABLE = "STYLEZOO_PLUGINS"
ALWAYS = ("stylezoo", "local")


def normalised(distribution: str) -> str:
    """A project name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def are_used(distribution: str) -> bool:
    """Whether the plugins of a distribution are used."""
    named = _named()
    return named is None or distribution in ALWAYS or normalised(distribution) in named


def missing(distributions: Iterable[str]) -> list[str]:
    """What the variable names that is not among some distributions, in a line each."""
    there = {*map(normalised, (*distributions, *ALWAYS))}
    return [
        f"{VARIABLE} names '{name}', which is not installed or offers no plugin."
        for name in _named() or ()
        if name not in there
    ]


def _named():
    """The names in the variable, None where it is not set."""
    value = os.environ.get(VARIABLE)
    return None if value is None else [*map(normalised, filter(None, re.split(r"[\s,]+", value)))]
