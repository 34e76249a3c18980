"""Measure a trained model: what `stylezoo.evaluate` and the command do."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from stylezoo.contract import Metric
from stylezoo.data.album import Album
from stylezoo.data.batches import Batches
from stylezoo.errors import BadOptions, BadRun, printable
from stylezoo.evaluation import features, metrics
from stylezoo.evaluation.measuring import Evaluation, Figures, check_channels
from stylezoo.evaluation.views import Views, counted, spread, views, whole
from stylezoo.pictures import arrays
from stylezoo.runs import card, loading
from stylezoo.runs.folder import RunFolder
from stylezoo.spec import Spec

__all__ = ["Measured"]

SIZE = 256  # pixels
MOST = 60  # sources, and pictures of the style
SMALLEST = 64  # pixels


@dataclass(frozen=True)
class Measured:
    """The figures of a model, beside those of baselines.

    Attributes:
        protocol: How they were measured, in a line.
        modes: For each metric "min" if a lower figure is better, "max" if a higher one is.
        figures: The figures of each row by the names of metrics; None where one is not finite. The rows are the model,
            "last" and, if the run has it, "best", then the baselines.
        intervals: The 95 % intervals of "last" and "best", by row and metric, where they are known.
        note: What was not measured and why, in lines: metrics, and pictures that cannot be read; "" if all was.

    Examples:
        >>> measured = stylezoo.evaluate("great-wave", source="photos/", style="paintings/", metrics=["palette"])
        >>> sorted(measured.figures)[0]
        'colours matched'
    """

    protocol: str
    modes: dict[str, str]
    figures: dict[str, Figures]
    intervals: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    note: str = ""

    def table(self) -> str:
        """The figures as lines of text: one for each metric, with its interval where there is one."""
        lines = [
            ["", *self.figures],
            *([name, *(self._cell(row, name) for row in self.figures)] for name in self.modes),
        ]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        shown = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        return "\n".join([self.protocol, *shown, *([self.note] if self.note else [])])

    def _cell(self, row, name):
        value, interval = self.figures[row].get(name), self.intervals.get(row, {}).get(name)
        shown = "-" if value is None else f"{value:.3f}"
        return f"{shown} [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else shown

    def __str__(self) -> str:
        return self.table()

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return {"protocol": self.protocol, "figures": self.figures, "intervals": self.intervals}


def evaluate(
    model: str | Path,
    source=None,
    style=None,
    names: Sequence[str | Spec | Metric] = (),
    weights: str | Path | None = None,
    size: int = SIZE,
    most: int = MOST,
    progress=lambda done, total: None,
) -> Measured:
    """Measure what a model draws; see `stylezoo.evaluate`.

    Args:
        model: As there.
        source: As there.
        style: As there.
        names: As `metrics` there.
        weights: As `features` there.
        size: As there.
        most: As `pictures` there.
        progress: Called with the number of models and baselines that are measured, and of all.
    """
    if type(size) is not int or type(most) is not int or size < SMALLEST or most < 1:
        raise BadOptions(
            f"size is {size!r}, pictures is {most!r}; they must be numbers, {SMALLEST} or more and 1 or more."
        )
    parts = metrics.parts(names)
    file = loading.checked_file(model)
    recipe = loading.checked_recipe(file)
    check_channels(recipe)
    batches = Batches(recipe, *_albums(model, source, style))
    found = features.found(weights)
    chosen, note = metrics.built(parts, found, must=bool(names))
    drawing = loading.drawing(file)
    evaluation = Evaluation(chosen, views(drawing, batches, size, most, most), metrics.words(parts, found))
    best, damage = _best(model)
    rows = {name: evaluation.drawn(each) for name, each in {"last": drawing, **best}.items()}
    notes = "\n".join(filter(None, [note, damage, *map(printable, batches.left_out)]))
    return _measured(evaluation, rows, notes, progress)


def of_results(
    pictures: Sequence[Image.Image],
    results: Mapping[str, Sequence[Image.Image]],
    style,
    names: Sequence[str | Spec | Metric] = (),
    weights: str | Path | None = None,
) -> Measured:
    """Measure results that are drawn already.

    Args:
        pictures: The sources.
        results: For each name the results of all sources, in their sizes.
        style: The pictures of the style, in any form that `Album.of` reads.
        names: As in `evaluate`.
        weights: Likewise.

    Raises:
        StylezooError: As in `evaluate`.
    """
    parts, found = metrics.parts(names), features.found(weights)
    chosen, note = metrics.built(parts, found, must=bool(names))
    items = Album.of(style).items
    size = min(min(image.size) for image in pictures)
    painted = [whole(items[i].open(size), size) for i in spread(len(items), MOST)]
    words = f"{counted(len(pictures), 'source')} as drawn, beside {counted(len(painted), 'picture')} at {size} pixels"
    given = Views([arrays.to_array(image) for image in pictures], [None] * len(pictures), painted, words)
    evaluation = Evaluation(chosen, given, metrics.words(parts, found))
    return _measured(evaluation, {name: map(arrays.to_array, drawn) for name, drawn in results.items()}, note)


def _measured(evaluation, rows, note, progress=lambda done, total: None):
    """The figures of rows of pictures, with intervals, and of the baselines."""
    figures, intervals = {}, {}
    for number, (name, fakes) in enumerate(rows.items()):
        progress(number, len(rows) + 1)
        figures[name], intervals[name] = evaluation.of(fakes), evaluation.intervals()
    progress(len(rows), len(rows) + 1)
    modes = {name: metric.mode for name, metric in evaluation.metrics.items()}
    return Measured(evaluation.protocol, modes, figures | evaluation.baselines(), intervals, note)


def keep(measured: Measured, run: str | Path) -> None:
    """Keep figures in the card of a run folder; of what is no run folder, or is being trained, nothing is changed."""
    folder = RunFolder(run)
    if not (os.path.isdir(folder) and folder.has(RunFolder.CARD)):
        return
    with suppress(BadRun), folder.lock():
        found = card.read(folder.path)
        folder.write_json(RunFolder.CARD, found.evaluated(measured=measured.to_dict()).to_dict())


def _albums(model, source, style):
    """The pictures that are given, or those of the training."""
    given = Album.of(source), Album.of(style)
    folder = RunFolder(model)
    if all(album.is_given for album in given) or not os.path.isdir(folder) or not folder.has(RunFolder.PLACES):
        if not given[1].is_given:  # the sample style would be that of another model
            raise BadOptions(
                f"'{model}' does not know its pictures: name those of its style, --style PICTURES, and what it shall "
                "draw, --source PICTURES."
            )
        return given
    listed = folder.read_json(RunFolder.PLACES)
    try:
        known = [Album.from_plain(listed[name], folder.path) for name in ("source", "style")]
    except (KeyError, TypeError) as error:
        raise folder.damaged(RunFolder.PLACES, error) from None
    return tuple(each if each.is_given else other for each, other in zip(given, known, strict=True))


def _best(model):
    """The best model of a run, by its row, {} if there is none; and why it cannot be used, a line."""
    folder = RunFolder(model)
    if not os.path.isdir(folder) or not folder.has(RunFolder.BEST):
        return {}, ""
    try:
        return {"best": loading.drawing(loading.checked_file(folder / RunFolder.BEST))}, ""
    except BadRun as error:
        return {}, f"The best model is not measured. {error}"
