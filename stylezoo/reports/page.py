"""The page of a run, ``report.html``: what its folder tells, in one file that follows the training."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from stylezoo.errors import BadPicture
from stylezoo.reports import figures, markup, shown
from stylezoo.reports.facts import Facts
from stylezoo.runs.folder import RunFolder

STATES = {
    "training": "Training, step {step}",
    "complete": "Complete after {step}",
    "stopped": "Stopped at step {step}",
    "diverged": "Diverged: the last row of the log is step {step}",
}
SCRIPTS = ("uplot/uPlot.iife.min.js", "charts.js", "run.js")
NEXT = {"training": 10}  # seconds until the page is read again: a training that has ended writes no further one


def write(folder: RunFolder, state: str) -> None:
    """Write the page of a run; a reader never sees half of it. What cannot be read is left out, with a note.

    Args:
        folder: The run folder.
        state: "training", "complete", "stopped" or "diverged".

    Raises:
        BadRun: As `RunFolder.check_place`.
        OSError: The page cannot be written.
    """
    facts = Facts(folder)
    data = {
        "written": time.time(),
        "next": NEXT.get(state),
        "losses": _columns(facts.losses),
        "figures": _columns(facts.figures),
        "baselines": figures.baselines(facts.evaluation),
    }
    title = f"{facts.name}: {state}"
    folder.write_text(RunFolder.REPORT, markup.document(title, _parts(facts, state), data, SCRIPTS))


def _columns(curves):
    return {"steps": curves.steps, "series": [[name, values] for name, values in curves.series.items()]}


def _parts(facts, state):
    """The content of the page, markup."""
    yield from _head(facts, state)
    yield "<main>"
    yield from markup.section("sheets", "Contact sheets", *_sheets(facts))
    yield from markup.section("result", "Result", *_result(facts))
    yield from markup.section("losses", "Losses", *_place(facts.losses))
    yield from markup.section(
        "figures", "Figures", *figures.parts(facts.evaluation, facts.figures), *_place(facts.figures)
    )
    yield from markup.section("repeat", "Repeat this training", markup.command(facts.command), *_hints(facts))
    yield '<div class="columns">'
    for number, (heading, rows) in enumerate(facts.card.sections()):
        yield from markup.section(f"card-{number}", heading, markup.facts(rows))
    yield "</div></main>"


def _head(facts, state):
    yield f"<header><h1>{markup.text(facts.name)}</h1>"
    if about := facts.card.recipe.get("about"):
        yield f"<p>{markup.text(about)}</p>"
    reached = f"{facts.step}" if facts.steps is None else f"{facts.step} of {facts.steps}"
    yield f'<p class="state {state}">{markup.text(STATES[state].format(step=reached))}</p>'
    yield f"<p>{markup.text(' · '.join(_pace(facts, state)))}</p>"
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    yield f'<p class="quiet">Written {moment} at step {facts.step}<span id="age"></span></p>'
    yield from (f'<p class="note">{markup.text(each)}</p>' for each in facts.notes)
    yield "</header>"


def _pace(facts, state):
    """How fast the training is, and on what."""
    if facts.losses.speed:
        yield f"{facts.losses.speed:.3g} steps per second"
    if facts.losses.seconds:
        yield duration(facts.losses.seconds[-1]) + (" so far" if state == "training" else "")
    if state == "training" and facts.seconds_left:
        yield f"about {duration(facts.seconds_left)} left"
    machine = facts.card.machine
    device = machine.get("device", "")
    yield from (each for each in (device, machine.get("processor", "") if device == "CPU" else "") if each)
    if versions := facts.card.versions:
        yield ", ".join(f"{name} {versions[name]}" for name in ("stylezoo", "keras", "tensorflow") if name in versions)


def duration(seconds: float) -> str:
    """A time in words: "40 s", "12 min", "3 h 5 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _sheets(facts) -> Iterator[str]:
    """The contact sheets and the slider that chooses one of them."""
    found = [(step, picture) for step, path in facts.sheets if (picture := _embedded(path))]
    if not found:
        return
    last = len(found) - 1
    if last:
        yield f'<p class="slider"><input type="range" id="step" min="0" max="{last}" value="{last}" '
        yield 'aria-label="Step"><output id="shown" for="step"></output></p>'
    for step, picture in found:
        yield f'<figure class="sheet" data-step="{step}">{markup.image(picture, f"Contact sheet at step {step}")}'
        yield f"<figcaption>Step {step}</figcaption></figure>"


def _result(facts):
    if picture := _embedded(facts.folder / RunFolder.RESULT):
        yield f"<figure>{markup.image(picture, 'The first source in the style')}"
        yield f"<figcaption>The first source in the style, {RunFolder.RESULT}</figcaption></figure>"


def _embedded(path):
    try:
        return shown.of_file(path)
    except (OSError, BadPicture):
        return None


def _place(curves):
    """The place where a script draws the curves."""
    if curves.steps:
        yield '<div class="charts"></div><noscript><p>The curves need JavaScript.</p></noscript>'


def _hints(facts):
    if len(facts.card.lineage) > 1:
        yield "<p>It began with the weights of another model: name that one in place of MODEL.</p>"
    if any(row.get("name") for row in facts.card.data):
        yield "<p>Pictures are named without their folders.</p>"
