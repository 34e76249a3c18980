"""The progress of a training in a notebook: one line and the newest contact sheet, which change in place."""

import sys
import time
from base64 import b64encode
from html import escape
from io import BytesIO

import keras
from PIL import Image

from stylezoo.errors import printable
from stylezoo.runs.folder import RunFolder
from stylezoo.training import callbacks as ours
from stylezoo.training.callbacks import is_due

SHOWN = ("generator", "discriminator")  # metrics that are shown
OFTEN = 0.5  # seconds between two messages to the page of a notebook, at least
LARGEST = (1200, 1200)  # pixels of a sheet there
LINE = (
    '<progress value="{step}" max="{steps}" style="width: 16em; vertical-align: middle"></progress> '
    '<span style="font-variant-numeric: tabular-nums">{text}</span>'
)


def is_running() -> bool:
    """Whether this is the kernel of a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def losses(logs) -> str:
    """The losses of both players, in words."""
    return "  ".join(f"{name} {logs[name]:.3f}" for name in SHOWN if name in logs)


class NotebookProgress(keras.callbacks.Callback):
    """Shows a bar, step, losses and the time that is left in one line of the page, and below it the contact sheet.

    It is a context as well: at its end the line says how long the training took, or where it stopped.

    Args:
        run: The `Run` that is trained.
    """

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.line = self.sheet = None  # the handles of what is shown
        self.text, self.time = "", 0.0

    def __enter__(self):
        self.began = time.monotonic()
        return self

    def __exit__(self, kind, error, trace):
        if self.line:
            took = _time(time.monotonic() - self.began)
            self._show(f"{self.text}  {'stopped after' if self.run.step < self.run.steps else 'in'} {took}")

    def on_train_begin(self, logs=None):
        self.first = (
            None  # the step after which the time left is estimated: the first one takes as long as the compiler
        )
        self._show("Compiling the training step, which can take a minute.")

    def on_train_batch_end(self, batch, logs=None):
        now, step = time.monotonic(), self.run.step
        self.first = self.first or (step, now)
        self.text = f"step {step}/{self.run.steps}  {losses(logs)}"
        if now - self.time > OFTEN or step == self.run.steps:
            self.time = now
            self._show(f"{self.text}  {self._left(step, now)}")
        if is_due(self.run, ours.SHEETS):
            self.sheet = _shown(self.sheet, _picture(self.run.folder / RunFolder.LATEST))

    def _left(self, step, now):
        steps, seconds = step - self.first[0], now - self.first[1]
        return f"{_time(seconds / steps * (self.run.steps - step))} left" if steps else ""

    def _show(self, text):
        news = [printable(line) for line in self.run.news]
        line = LINE.format(step=self.run.step, steps=self.run.steps, text=_markup(text))
        page = "<br>".join([line, *map(_markup, news)])
        self.line = _shown(self.line, {"text/plain": "\n".join([text, *news]), "text/html": page})


def _markup(text):
    return escape(text).replace("  ", "&ensp;")


def _time(seconds):
    """A time as a clock shows it: 0:05, 12:30, 1:02:03."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _picture(file):
    """A sheet as a small picture: the page keeps it, and a whole one can have several megabytes."""
    with Image.open(file) as sheet:
        small = sheet.convert("RGB")
    small.thumbnail(LARGEST)
    written = BytesIO()
    small.save(written, "JPEG", quality=90)
    return {"text/plain": str(file), "image/jpeg": b64encode(written.getvalue()).decode()}


def _shown(handle, content):
    """Show something in the page of the notebook, in the place of what this handle is of; returns its handle."""
    if handle is None:
        return sys.modules["IPython"].display.display(content, raw=True, display_id=True)
    handle.update(content, raw=True)
    return handle
