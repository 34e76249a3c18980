"""Figures while a model trains: measured in a rhythm, written into the run folder; the best model is kept."""

import math
import time
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import keras

from stylezoo.contract import Metric
from stylezoo.errors import BadOptions, BadRun, StylezooError, name_all
from stylezoo.evaluation import features, metrics
from stylezoo.evaluation.features import Features
from stylezoo.evaluation.measuring import Evaluation, check_channels
from stylezoo.evaluation.views import views
from stylezoo.files import archive
from stylezoo.pictures.scans import WHOLE
from stylezoo.runs import card, log
from stylezoo.runs.folder import RunFolder
from stylezoo.spec import Part, Spec
from stylezoo.training.epochs import FIGURE
from stylezoo.training.starting import Run

TIMES = 10  # in one training
RAREST = 200  # steps between two measurements, at least, unless a number is given: a short training has none
SMALLEST, LARGEST = 64, 256  # pixels
SOURCES, STYLES = 3, 3  # pictures, at most: measuring shall cost few per cent of the time


@dataclass(frozen=True)
class Measuring:
    """What is measured while a model trains.

    Attributes:
        metrics: The names of the metrics with their options; () for stylezoo's own.
        every: The number of steps from one measurement to the next; 0: never, None: see `steps`.
        best: The metric by which the best model is kept, "" if it is not.
        patience: After how many measurements without a better figure the training ends; 0: never.
        features: A file with weights of VGG-16 or VGG-19; "": those of the extra `features`, if it is installed.

    Examples:
        >>> from stylezoo.training import Measuring
        >>> Measuring.of(["palette"], every=100, best="palette").best
        'palette'
    """

    metrics: tuple[str | Spec | Metric, ...] = ()
    every: int | None = None
    best: str = ""
    patience: int = 0
    features: str = ""

    @classmethod
    def of(cls, metrics=(), every=None, best=None, patience=None, features=None) -> "Measuring":
        """Read the arguments of a user; None for what is not given.

        Raises:
            BadOptions: They do not fit together, or a number is none.
        """
        for name, value in (("evaluate_every", every), ("patience", patience)):
            if value is not None and (type(value) is not int or value < 0):
                raise BadOptions(f"{name} is {value!r}; it must be a number, 0 or more.")
        if patience and not best:
            raise BadOptions("patience needs a figure to watch: best='strokes', or --best strokes.")
        if best and every == 0:
            raise BadOptions("The best model is found by measuring: evaluate_every cannot be 0.")
        if not isinstance(best, str | None) or not isinstance(features, str | PathLike | None):
            raise BadOptions(f"best is {best!r}, features is {features!r}; they must be a name and a file.")
        listed = [metrics] if isinstance(metrics, str | Spec | Metric) else metrics
        file = str(Path(features).expanduser().resolve()) if features else ""  # a run may be resumed elsewhere
        return cls(tuple(listed), every, best or "", patience or 0, file)

    def steps(self, total: int) -> int:
        """The steps from one measurement to the next in a training of so many; 0: none.

        By default there are ten, but not more than one in 200 steps, so that a short training has none; always ten if
        the best model is wanted, which only measuring finds.
        """
        if self.every is not None:
            return self.every
        often = -(-total // TIMES)
        if self.best:
            return often
        return max(RAREST, often) if total >= RAREST else 0

    def chosen(self) -> tuple[dict[str, Part], dict[str, Metric], Features | None, str]:
        """The metrics, found and loaded; new ones of those that work here; the features; what is left out, in a line.

        Raises:
            StylezooError: One is not there, cannot work here, or the best model cannot be found by what is measured.
        """
        parts = metrics.parts(self.metrics)
        if self.best and self.best not in parts:
            raise BadOptions(f"The best model cannot be found by '{self.best}': measured are {name_all(parts)}.")
        found = features.found(self.features or None)
        new, note = metrics.built(parts, found, must=bool(self.metrics))
        if self.best and self.best not in new:
            raise BadOptions(note)
        return parts, new, found, note

    def check(self) -> None:
        """Check that it can be measured, if anything is given; it is checked again when the training begins.

        Raises:
            StylezooError: As `chosen`.
        """
        if self != Measuring():
            self.chosen()

    @property
    def asks(self) -> bool:
        """Whether anything is to be measured by these settings, not by default."""
        return bool(self.metrics or self.every or self.best)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data, for a card."""
        return {
            "metrics": [str(Spec.parse(each)) for each in self.metrics],
            "every": self.every,
            "best": self.best,
            "patience": self.patience,
            "features": self.features,
        }

    def or_before(self, settings: Any) -> "Measuring":
        """These settings; if none is given, those with which a training began, from its card.

        Raises:
            BadOptions: With those it cannot be measured here.
        """
        if self != Measuring() or not isinstance(settings, dict):
            return self
        try:
            known = {name: settings.get(name) for name in self.to_dict()}
            before = Measuring.of(**{**known, "metrics": tuple(known["metrics"] or ())})
        except (TypeError, StylezooError):  # a card that somebody has changed
            return self
        try:
            before.check()
        except StylezooError as error:  # such as a metric that was given as an object
            advice = "Say what is measured from now on, such as --metric strokes, or --evaluate-every 0 for nothing."
            raise BadOptions(f"{error} The training began with that. {advice}") from None
        return before


class Figures(keras.callbacks.Callback):
    """Measures what the model draws every some steps, and writes a row of ``figures.csv``.

    The callbacks after it find the figures in `logs`, as "figure_strokes".

    Args:
        run: The `Run` that is trained.
        measuring: What is measured.

    Raises:
        StylezooError: A metric is not there, or cannot work here.
    """

    def __init__(self, run: Run, measuring: Measuring):
        super().__init__()
        self.run = run
        self.measuring = measuring
        if measuring.asks:
            check_channels(run.recipe)
        self.every = measuring.steps(run.steps) if run.recipe.channels in WHOLE else 0
        self.evaluation = None
        self.chosen = measuring.chosen() if self.every else None

    def on_train_begin(self, logs=None):
        """Read the pictures that are measured, and measure the baselines."""
        if not self.every:
            return
        if self.evaluation is None:
            self._prepare()
        seconds, _ = log.begin(self.run.folder, list(self.evaluation.metrics), self.run.step, RunFolder.FIGURES)
        self.began = time.monotonic() - seconds

    def _prepare(self):
        run, (parts, new, found, note) = self.run, self.chosen
        size = min(max(SMALLEST, run.recipe.scaled_size), LARGEST)
        shown = views(run.model, run.batches, size, SOURCES, STYLES)
        self.evaluation = Evaluation(new, shown, metrics.words(parts, found))
        best = {name: part for name, part in parts.items() if name == self.measuring.best}
        self.how = metrics.words(best, found)
        run.card = run.card.evaluated(
            protocol=f"training pictures: {self.evaluation.protocol}",
            baselines=self.evaluation.baselines(),
            settings=self.measuring.to_dict(),
        )
        run.news += [f"Measured every {self.every} steps: {run.card.evaluation['protocol']}", *([note] if note else [])]

    def on_train_batch_end(self, batch, logs=None):
        step = self.run.step
        if self.evaluation and (step % self.every == 0 or step == self.run.steps):
            self._measure(step, logs if logs is not None else {})

    def _measure(self, step, logs):
        run, figures = self.run, self.evaluation.of(self.evaluation.drawn(self.model))
        run.folder.check_place()
        values = [math.nan if value is None else value for value in figures.values()]
        log.add(run.folder / RunFolder.FIGURES, step, time.monotonic() - self.began, values)
        logs.update(zip((f"{FIGURE}{name}" for name in figures), values, strict=True))
        run.card = run.card.evaluated(last={"step": step, "figures": figures})
        if self.measuring.best:
            self._compare(step, figures)

    def _compare(self, step, figures):
        """Keep the model if it is the best so far; end the training if it was not for too long."""
        by = self.measuring.best
        best = _best_of(self.run.folder, by, self.how)
        if _is_better(figures[by], best.get("figures", {}).get(by), self.evaluation.metrics[by].mode):
            best = {"by": by, "how": self.how, "step": step, "figures": figures}
            self.run.card = self.run.card.evaluated(best=best)
            save_best(self.run)
        else:
            self.run.card = self.run.card.evaluated(best=best)
        waited = (step - best.get("step", step)) / self.every
        if self.measuring.patience and waited >= self.measuring.patience:
            self.run.news.append(f"No better figure of {by} since step {best['step']}: the training ends.")
            self.run.steps = step
            self.model.stop_training = True


def _is_better(new, old, mode):
    if new is None:
        return False
    return old is None or (new < old if mode == "min" else new > old)


def _best_of(folder, by, how):
    """What the card of the best model says of it, {} if there is none, or it is the best by another figure.

    A figure of other features or options, `how`, is another one.

    The file itself knows: a training that goes back to a checkpoint may come to another figure at the same step.
    """
    if not folder.has(RunFolder.BEST):
        return {}
    try:
        found = card.read(folder / RunFolder.BEST).evaluation.get("best")
    except (BadRun, ValueError):  # damaged: the next one replaces it
        return {}
    is_whole = isinstance(found, dict) and isinstance(found.get("figures"), dict) and type(found.get("step")) is int
    is_same = is_whole and (found.get("by"), found.get("how")) == (by, how)
    return found if is_same and isinstance(found["figures"].get(by), int | float) else {}


def save_best(run: Run) -> None:
    """Write the model as the best one, with its card."""
    known = replace(run.card, steps=run.step, total_steps=run.steps, date=card.today())
    with run.folder.writing(RunFolder.BEST) as temporary:
        run.model.save(temporary)
        archive.append(temporary, card.members(known, card.sheet(run.folder)))
