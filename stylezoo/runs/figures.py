"""The figures in a card, in words."""

from stylezoo.runs.folder import RunFolder


def rows(evaluation):
    """Rows of two texts about an evaluation: protocols, and a row for each set of pictures.

    Args:
        evaluation: The field of a `Card`, which anybody may have written.
    """
    measured = _mapping(evaluation.get("measured"))
    if protocol := evaluation.get("protocol"):
        yield "while training", str(protocol)
    for name in ("last", "best"):
        found = _mapping(evaluation.get(name))
        step = f"{name}{' by ' + str(found['by']) if 'by' in found else ''}, step {found.get('step')}"
        if found:
            yield step, _numbers(found.get("figures"))
    for name, figures in _mapping(evaluation.get("baselines")).items():
        yield str(name), _numbers(figures)
    if protocol := measured.get("protocol"):
        yield "evaluated", str(protocol)
    for name, figures in _mapping(measured.get("figures")).items():
        yield f"{name}, evaluated", _numbers(figures)


def told(evaluation: dict) -> list[str]:
    """What a training says of its figures when it ends: lines, none if it has measured nothing."""
    last, best = (_mapping(evaluation.get(name)) for name in ("last", "best"))
    found = [f"Figures {_numbers(last.get('figures'))}"] if last else []
    if best:
        found.append(f"        the best by {best['by']} was step {best['step']}: {RunFolder.BEST}")
    return found


def _numbers(figures):
    """Figures in words: "content 0.512, strokes 1.2"."""
    known = [(name, value) for name, value in _mapping(figures).items() if isinstance(value, int | float)]
    return ", ".join(f"{name} {value:.4g}" for name, value in known)


def _mapping(value):
    return value if isinstance(value, dict) else {}
