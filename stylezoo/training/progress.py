"""The progress of a training, shown while it runs."""

import sys

import click
import keras

LINES = 10  # of progress in a whole training, without a terminal
SHOWN = ("generator", "discriminator")  # metrics that are shown


class Progress(keras.callbacks.Callback):
    """Shows step, losses and the time that is left: a bar in a terminal, else ten lines, as in a notebook or a log.

    It is a context as well, which ends the bar if the training fails: a bar hides the cursor.

    Args:
        run: The `Run` that is trained.
        stream: The stream to write to; None: standard error.
    """

    def __init__(self, run, stream=None):
        super().__init__()
        self.run = run
        self.stream = stream
        self.bar = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.on_train_end()

    def on_train_begin(self, logs=None):
        self.stream = self.stream or sys.stderr
        if self.stream.isatty():
            click.echo("Tracing the training step takes some seconds.", file=self.stream)
            # The bar estimates the time left from the steps that it has seen.
            label = f"step {self.run.step} +" if self.run.step else "step"
            shown = {"show_pos": True, "width": 20, "item_show_func": lambda text: text, "file": self.stream}
            self.bar = click.progressbar(length=self.run.steps - self.run.step, label=label, **shown).__enter__()

    def on_train_batch_end(self, batch, logs=None):
        step, steps = self.run.step, self.run.steps
        losses = "  ".join(f"{name} {logs[name]:.3f}" for name in SHOWN if name in logs)
        if self.bar:
            self.bar.update(1, losses)
        elif step % max(1, steps // LINES) == 0 or step == steps:
            click.echo(f"step {step}/{steps}  {losses}", file=self.stream)

    def on_train_end(self, logs=None):
        if self.bar:
            self.bar.__exit__(None, None, None)
            self.bar = None
