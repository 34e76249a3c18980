"""The figures of a run in a table, from the field ``evaluation`` of its card, of which nothing is taken for granted."""

from typing import Any

from stylezoo.reports import markup
from stylezoo.reports.facts import Curves
from stylezoo.runs.figures import is_number, numbers, part


def parts(evaluation: dict[str, Any], measured: Curves) -> list[str]:
    """The protocol and the table, markup; [] if there are no figures.

    Args:
        evaluation: ``Card.evaluation``, as plain data.
        measured: The rows of ``figures.csv``, whose last one may be newer than the card.
    """
    last, step, intervals = _last(evaluation, measured)
    best = part(evaluation, "best")
    columns = {f"last, step {step}" if step else "last": (last, intervals)} if last else {}
    if best_figures := numbers(best.get("figures")):
        by = f" by {best['by']}" if isinstance(best.get("by"), str) else ""
        columns[f"best{by}, step {best.get('step', 'not known')}"] = (best_figures, {})
    columns.update((name, (known, {})) for name, known in baselines(evaluation).items())
    protocol = evaluation.get("protocol")
    return table(columns, protocol if isinstance(protocol, str) else "")


def table(columns: dict[str, tuple[dict[str, Any], dict[str, Any]]], protocol: str = "") -> list[str]:
    """The protocol and a table with a row for each figure, markup; [] if there are no figures.

    Args:
        columns: By their headings the figures, and the intervals of some of them: two numbers each.
        protocol: How they were measured, "" if that is not known.
    """
    names = list(dict.fromkeys(name for known, _ in columns.values() for name in known))
    if not names:
        return []
    rows = [
        [name, *(_shown(known.get(name), within.get(name)) for known, within in columns.values())] for name in names
    ]
    said = [f"<p>{markup.text(protocol)}</p>"] if protocol else []
    return [*said, markup.table(["", *columns], rows)]


def baselines(evaluation: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The figures of each baseline that are numbers."""
    found = {str(name): numbers(each) for name, each in part(evaluation, "baselines").items()}
    return {name: known for name, known in found.items() if known}


def _last(evaluation, measured):
    """The last figures, their step and their intervals."""
    last = part(evaluation, "last")
    step = last.get("step") if isinstance(last.get("step"), int) else 0
    if measured.last > step:
        return numbers({name: values[-1] for name, values in measured.series.items()}), measured.last, {}
    return numbers(last.get("figures")), step, part(last, "intervals")


def _shown(value, within=None):
    """A figure with its interval, "" if there is none."""
    if not is_number(value):
        return ""
    if isinstance(within, list) and len(within) == 2 and all(map(is_number, within)):
        return f"{value:.4g} ({within[0]:.4g} to {within[1]:.4g})"
    return f"{value:.4g}"
