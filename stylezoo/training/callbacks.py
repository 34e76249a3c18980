"""The callbacks that write a run folder: the log, contact sheets, the page, checkpoints and the model."""

import shutil
import time
from contextlib import contextmanager
from dataclasses import replace

import keras

from stylezoo.errors import BadRun, Diverged
from stylezoo.files import archive
from stylezoo.pictures import arrays, files, sheets
from stylezoo.reports import page
from stylezoo.runs import card, checkpoints, loading, log
from stylezoo.runs.folder import RunFolder

SHEETS = 10  # contact sheets in one training, at most
LOG_ROWS = 100  # rows of the log in one training, at most
PAGE_EVERY, PAGE_WITHIN = 10, 60  # seconds from one page to the next, at least, and where writing is slow
PAGE_SHARE = 0.005  # of the time, for writing pages
SHEET_ROWS = 4  # sources on one contact sheet, at most


def is_due(run, times: int) -> bool:
    """Whether what is done so many times in a training, at most, is to be done after the present step."""
    return run.step % -(-run.steps // times) == 0 or run.step == run.steps


class Log(keras.callbacks.Callback):
    """Writes the means of all losses into ``log.csv``, a row every few steps."""

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.path = run.folder / RunFolder.LOG

    def on_train_begin(self, logs=None):
        seconds, _ = log.begin(self.run.folder, [m.name for m in self.model.metrics], self.run.step)
        self.began = time.monotonic() - seconds
        self.means = [variable.numpy() for variable in self.model.metrics_variables]  # since the last row

    def on_epoch_begin(self, epoch, logs=None):  # Keras has reset them
        for variable, value in zip(self.model.metrics_variables, self.means, strict=True):
            variable.assign(value)

    def on_train_batch_end(self, batch, logs=None):
        if is_due(self.run, LOG_ROWS):
            step = self.run.step
            self.run.folder.check_place()
            log.add(self.path, step, time.monotonic() - self.began, [logs[m.name] for m in self.model.metrics])
            self.model.reset_metrics()


class Sheets(keras.callbacks.Callback):
    """Draws a contact sheet every few steps: source, style and fake side by side."""

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.has_drawn = False

    def on_train_batch_end(self, batch, logs=None):
        if is_due(self.run, SHEETS):
            self.draw()

    def draw(self):
        self.run.folder.check_place()
        pictures, size = self.run.batches, self.run.recipe.scaled_size
        rows = []
        for i in range(min(SHEET_ROWS, len(pictures.source))):
            source = arrays.scaled(pictures.source.image(i), size)
            row = [source]
            shown = self.run.shown(i)
            for _, picture, style in shown:
                row += [arrays.scaled(picture, size), self.model.stylize(source, style)]
            rows.append(row)
        titles = [title for name, _, _ in shown for title in (name or "style", f"step {self.run.step}")]
        sheet = sheets.contact_sheet(rows, ["source", *titles], size)
        newest = self.run.folder / RunFolder.SAMPLES / f"step-{self.run.step:06d}.png"
        files.save_picture(sheet, newest)
        with self.run.folder.writing(RunFolder.LATEST) as temporary:
            shutil.copyfile(newest, temporary)
        if not self.has_drawn:
            self.has_drawn = True
            self.run.news.append(f"Look at {self.run.folder / RunFolder.LATEST}, always the newest sheet.")


class Report(keras.callbacks.Callback):
    """Writes the page of the run when there is something new to show, and how the training has ended.

    A page that cannot be written does not end the training: whatever is wrong with the folder, a checkpoint tells.
    """

    SOURCES = (RunFolder.LOG, RunFolder.FIGURES, RunFolder.LATEST, RunFolder.CARD)  # whose change is something new

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.path = run.folder / RunFolder.REPORT
        self.has_told = False

    def on_train_begin(self, logs=None):
        self.write("training")

    def on_train_batch_end(self, batch, logs=None):
        if time.monotonic() >= self.due and self._sources() != self.shown:
            self.write("training")

    def write(self, state):
        """Write the page with the state of the training: see `page.write`."""
        began = time.monotonic()
        self.shown = self._sources()
        try:
            page.write(self.run.folder, state)
            line = f"Open {self.path} in a browser: it follows the training."
        except (OSError, BadRun) as error:
            line = f"{self.path} cannot be written: {error}"
        if not self.has_told:
            self.has_told = True
            self.run.news.append(line)
        ended = time.monotonic()
        self.due = ended + max(PAGE_EVERY, min(PAGE_WITHIN, (ended - began) / PAGE_SHARE))

    @contextmanager
    def ending(self):
        """A context at whose end the page tells how the training has ended."""
        state = "stopped"
        try:
            yield
            state = "complete" if self.run.step == self.run.steps else state
        except Diverged:
            state = "diverged"
            raise
        finally:
            self.write(state)

    def _sources(self):
        """When the files that the page shows were written."""
        paths = [self.run.folder / name for name in self.SOURCES]
        return [path.stat().st_mtime_ns for path in paths if path.exists()]


class Checkpoints(keras.callbacks.Callback):
    """Writes checkpoints and the model in their rhythm.

    Args:
        run: The `Run` that is trained.
        rhythm: When checkpoints are written.

    Attributes:
        step: The step of the last checkpoint.
    """

    def __init__(self, run, rhythm):
        super().__init__()
        self.run = run
        self.rhythm = rhythm
        self.cost = None

    def on_train_begin(self, logs=None):
        self.step, self.time = self.run.step, time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if self.rhythm.is_due(self.run.step - self.step, time.monotonic() - self.time, self.cost):
            began = time.monotonic()
            self.save()
            self.cost = time.monotonic() - began

    def save(self):
        """Write a checkpoint, the model and its card."""
        run = self.run
        run.card = card.updated(replace(run.card, date=card.today()), run.folder)
        save(run)
        self.step, self.time = run.step, time.monotonic()


def save(run, instead=False):
    """Write a checkpoint of a run, its model and its card.

    The checkpoint is a copy of the weights in the model's file: HDF5 itself, which Keras writes into memory there, can
    end the process when a disk is full.

    Args:
        run: The `Run`.
        instead: Whether the checkpoint replaces the last one, which else becomes the one before.

    Raises:
        Diverged: The model or its optimizers hold NaN or infinity.
    """
    folder = run.folder
    if place := loading.infinite(loading.state(run.model)):
        raise Diverged(f"Step {run.step}: there is NaN or infinity in {place}.")
    run.card = replace(run.card, steps=run.step, total_steps=run.steps)
    with folder.writing(RunFolder.MODEL) as temporary:
        run.model.save(temporary)
        checkpoints.write(folder, lambda path: archive.extract(temporary, archive.WEIGHTS, path), instead)
        archive.append(temporary, card.members(run.card, card.sheet(folder)))
    folder.write_json(RunFolder.CARD, run.card.to_dict())
