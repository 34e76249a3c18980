"""Figures while a model trains: measured in a rhythm, written into the run folder; the best model is kept."""

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras

from stylezoo.contract import Metric
from stylezoo.errors import BadOptions, BadRun, StylezooError, name_all, printable
from stylezoo.evaluation import features, metrics
from stylezoo.evaluation.measuring import Evaluation
from stylezoo.evaluation.views import views
from stylezoo.files import archive
from stylezoo.runs import card, log
from stylezoo.runs.folder import RunFolder
from stylezoo.spec import Spec
from stylezoo.training.starting import Run

TIMES = 10  # in one training
RAREST = 100  # steps between two measurements, at least, unless a number is given: a short training has none
SMALLEST, LARGEST = 64, 256  # pixels
SOURCES, STYLES = 4, 4  # pictures, at most: measuring shall cost few per cent of the time


@dataclass(frozen=True)
class Measuring:
    """What is measured while a model trains.

    Attributes:
        metrics: The names of the metrics with their options; () for stylezoo's own.
        every: The number of steps from one measurement to the next; 0: never, None: about ten times in a training.
        best: The metric by which the best model is kept, "" if it is not.
        patience: After how many measurements without a better figure the training ends; 0: never.
        features: A file with weights of VGG-16 or VGG-19; "": those of the extra `features`, if it is installed.
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
        listed = [metrics] if isinstance(metrics, str | Spec | Metric) else metrics
        return cls(tuple(listed), every, best or "", patience or 0, str(features or ""))

    def steps(self, total: int) -> int:
        """The steps from one measurement to the next in a training of so many; 0: none."""
        return max(RAREST, -(-total // TIMES)) if self.every is None else self.every

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data, for a card, which others may read: of the features without their folder."""
        return {
            "metrics": [str(Spec.parse(each)) for each in self.metrics],
            "every": self.every,
            "best": self.best,
            "patience": self.patience,
            "features": Path(self.features).name,
        }

    def or_before(self, settings: Any) -> "Measuring":
        """These settings; if none is given, those with which a training began, from its card.

        Raises:
            BadOptions: It began with features of a file, whose folder is not known.
        """
        if self != Measuring() or not isinstance(settings, dict):
            return self
        try:
            known = {name: settings.get(name) for name in self.to_dict()}
            before = Measuring.of(**{**known, "metrics": tuple(known["metrics"] or ())})
        except (TypeError, StylezooError):  # a card that somebody has changed
            return self
        if before.features and not Path(before.features).is_file():
            best = f" --best {before.best}" if before.best else ""
            raise BadOptions(
                f"The training has measured with features of '{printable(before.features)}'. Name the file again: "
                f"--features FILE{best}; or measure no more: --evaluate-every 0."
            )
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
        self.every = measuring.steps(run.steps)
        self.evaluation = None
        self.parts = metrics.parts(measuring.metrics) if self.every else {}
        if measuring.best and measuring.best not in self.parts:
            raise BadOptions(
                f"The best model cannot be found by '{measuring.best}': measured are {name_all(self.parts)}."
            )

    def on_train_begin(self, logs=None):
        """Read the pictures that are measured, and measure the baselines."""
        if not self.every or self.every > self.run.steps:
            return
        if self.evaluation is None:
            self._prepare()
        seconds, _ = log.begin(self.run.folder, list(self.evaluation.metrics), self.run.step, RunFolder.FIGURES)
        self.began = time.monotonic() - seconds

    def _prepare(self):
        run, found = self.run, features.found(self.measuring.features or None)
        must = bool(self.measuring.metrics)
        chosen, note = metrics.built(self.parts, found, must)
        if self.measuring.best and self.measuring.best not in chosen:
            raise BadOptions(note)
        size = min(max(SMALLEST, run.recipe.scaled_size), LARGEST)
        shown = views(run.model, run.batches, size, SOURCES, STYLES)
        self.evaluation = Evaluation(chosen, shown, found.name if found else "")
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
        run, figures = self.run, self.evaluation.of_model(self.model)
        run.folder.check_place()
        values = [math.nan if value is None else value for value in figures.values()]
        log.add(run.folder / RunFolder.FIGURES, step, time.monotonic() - self.began, values)
        logs.update(zip((f"figure_{name}" for name in figures), values, strict=True))
        run.card = run.card.evaluated(last={"step": step, "figures": figures})
        if self.measuring.best:
            self._compare(step, figures)

    def _compare(self, step, figures):
        """Keep the model if it is the best so far; end the training if it was not for too long."""
        by = self.measuring.best
        best = _best_of(self.run.folder, by)
        if _is_better(figures[by], best.get("figures", {}).get(by), self.evaluation.metrics[by].mode):
            best = {"by": by, "step": step, "figures": figures}
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


def _best_of(folder, by):
    """What the card of the best model says of it, {} if there is none, or it is the best by another figure.

    The file itself knows: a training that goes back to a checkpoint may come to another figure at the same step.
    """
    if not folder.has(RunFolder.BEST):
        return {}
    try:
        found = card.read(folder / RunFolder.BEST).evaluation.get("best")
    except (BadRun, ValueError):  # damaged: the next one replaces it
        return {}
    is_whole = isinstance(found, dict) and isinstance(found.get("figures"), dict) and type(found.get("step")) is int
    return found if is_whole and found.get("by") == by else {}


def save_best(run: Run) -> None:
    """Write the model as the best one, with its card."""
    known = replace(run.card, steps=run.step, total_steps=run.steps, date=card.today())
    with run.folder.writing(RunFolder.BEST) as temporary:
        run.model.save(temporary)
        archive.append(temporary, card.members(known, card.sheet(run.folder)))
