"""The figures in a card, in words."""

import sys
from typing import Any

from stylezoo.runs.folder import RunFolder


def rows(evaluation):
    """Rows of two texts about an evaluation: protocols, and a row for each set of pictures.

    Args:
        evaluation: The field of a `Card`, which anybody may have written.
    """
    measured = part(evaluation, "measured")
    if protocol := evaluation.get("protocol"):
        yield "while training", str(protocol)
    for name in ("last", "best"):
        found = part(evaluation, name)
        step = f"{name}{' by ' + str(found['by']) if 'by' in found else ''}, step {found.get('step')}"
        if found:
            yield step, _words(found.get("figures"))
    for name, figures in part(evaluation, "baselines").items():
        yield str(name), _words(figures)
    if protocol := measured.get("protocol"):
        yield "evaluated", str(protocol)
    for name, figures in part(measured, "figures").items():
        yield f"{name}, evaluated", _words(figures)


def told(evaluation: dict) -> list[str]:
    """What a training says of its figures when it ends: lines, none if it has measured nothing."""
    last, best = (part(evaluation, name) for name in ("last", "best"))
    found = [f"Figures {_words(last.get('figures'))}"] if last else []
    if best:
        found.append(f"        the best by {best['by']} was step {best['step']}: {RunFolder.BEST}")
    return found


def _words(figures):
    """Figures in words: "content 0.512, strokes 1.2"."""
    return ", ".join(f"{name} {value:.4g}" for name, value in numbers(figures).items())


def part(plain: dict[str, Any], name: str) -> dict[str, Any]:
    """The object of this name in plain data; {} if there is none."""
    found = plain.get(name)
    return found if isinstance(found, dict) else {}


def numbers(plain: Any) -> dict[str, float]:
    """The numbers of an object that are finite; {} if it is no object."""
    items = plain.items() if isinstance(plain, dict) else ()
    return {str(name): float(value) for name, value in items if is_number(value)}


def is_number(value: Any) -> bool:
    """Whether a value of plain data is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
