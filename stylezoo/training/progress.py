"""The progress of a training, shown while it runs."""

import sys
from contextlib import suppress

import click
import keras

from stylezoo.errors import printable
from stylezoo.training import notebook

LINES = 10  # of progress in a whole training, without a terminal


def shown(run):
    """The progress of a run as it is best shown here: in a notebook as a part of its page, else as `Progress`."""
    return notebook.NotebookProgress(run) if notebook.is_running() else Progress(run)


class Progress(keras.callbacks.Callback):
    """Shows step, losses and the time that is left: a bar in a terminal, else ten lines, as in a log.

    It is a context as well, which ends the bar if the training fails: a bar hides the cursor. A stream that cannot be
    written any more, such as that of a closed terminal, does not end the training.

    Args:
        run: The `Run` that is trained.
        stream: The stream to write to; None: standard error.
    """

    def __init__(self, run, stream=None):
        super().__init__()
        self.run = run
        self.stream = stream
        self.bar = None
        self.told = 0  # of the run's news

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.on_train_end()

    def on_train_begin(self, logs=None):
        self.on_train_end()  # of the part before a rollback
        self.stream = self.stream or sys.stderr
        with suppress(OSError):
            if self.stream.isatty():
                click.echo("Compiling the training step, which can take a minute.", file=self.stream)

    def on_train_batch_end(self, batch, logs=None):
        with suppress(OSError):
            self._tell_news()
            self._show(notebook.losses(logs))

    def _tell_news(self):
        """Print what is new of the run; a bar is drawn again below it."""
        for line in self.run.news[self.told :]:
            click.echo("\r\x1b[K" if self.bar else "", nl=False, file=self.stream)
            click.echo(printable(line), file=self.stream)
        self.told = len(self.run.news)

    def _show(self, losses):
        step, steps = self.run.step, self.run.steps
        label = f"step {step}/{steps}"
        if self.bar:
            self.bar.label = label
            self.bar.update(1, losses)
        elif self.stream.isatty() and step < steps:
            # The time left is estimated from the steps since here: the first one took as long as the compiler.
            shown = {"width": 20, "item_show_func": lambda text: text, "file": self.stream}
            self.bar = click.progressbar(length=steps - step, label=label, **shown).__enter__()
            self.bar.current_item = losses
            self.bar.render_progress()
        elif step % max(1, steps // LINES) == 0 or step == steps:
            click.echo(f"{label}  {losses}", file=self.stream)

    def on_train_end(self, logs=None):
        if self.bar:
            with suppress(OSError):
                self.bar.__exit__(None, None, None)
            self.bar = None
