"""The training loop, to the end or until it is interrupted."""

import signal
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import click
import keras

from stylezoo import backend
from stylezoo.data.album import Album
from stylezoo.devices import scope
from stylezoo.errors import BadOptions, BadRun, printable
from stylezoo.pictures import files
from stylezoo.runs import card
from stylezoo.runs.folder import RunFolder
from stylezoo.training.callbacks import Checkpoints, Log, Sheets
from stylezoo.training.progress import Progress
from stylezoo.training.starting import Run, chosen, start, title
from stylezoo.training.team import Team


def train(
    model=None, source=None, style=None, out=None, license="", start_from=None, add_style=(), callbacks=(), verbose=1,
    devices=None, workers=None, worker=None, **changes,
):  # fmt: skip
    """Train a model and write a run folder; see `stylezoo.train`."""
    add_style = Album.each_of(add_style)
    if add_style.parts and style is not None:
        raise BadOptions("Give 'style' or 'add_style', not both: the styles that the model has need no pictures.")
    if workers is not None and out is None:
        raise BadOptions("Name the run folder, out=: all workers must know the same one.")
    callbacks = _callbacks(callbacks)
    with scope(devices, workers, worker):
        plan = chosen(model, start_from, add_style, **changes).resolve()
        folder = out or RunFolder.new(title(model, start_from))
        run = start(plan, source, add_style if add_style.parts else style, folder, license, start_from)
    for line in run.batches.left_out if verbose else ():
        click.echo(printable(line), err=True)
    with Progress(run) as progress:
        return fit(run, [*callbacks, *([progress] if verbose else [])]).model


def _callbacks(given):
    """The callbacks of a user as a list; one alone may be given without a list."""
    listed = list(given) if isinstance(given, list | tuple) else [given]
    for each in listed:
        if not isinstance(each, keras.callbacks.Callback):
            raise BadOptions(f"A callback is {each!r}; it must be an object, such as keras.callbacks.TerminateOnNaN().")
    return listed


def fit(run: Run, callbacks=()) -> Run:
    """Train to the end and stylise the first source. After Ctrl-C the current step is finished and all is saved.

    Args:
        run: From `start` or `resume`.
        callbacks: More Keras callbacks, such as one that shows the progress.

    Raises:
        BadRun: The folder cannot be written, such as on a full disk; the last checkpoint stays.
    """
    team = Team(run)
    lock = run.folder.lock() if team.is_chief else nullcontext()  # the other workers write nothing
    with _one_line_errors(run.folder), lock, _stopping(team), team.working():
        checkpoints = Checkpoints(run)
        if run.step < run.steps:
            writing = [Log(run), Sheets(run), checkpoints] if team.is_chief else []
            run.model.fit(
                run.batches.dataset(run.step, team.strategy),
                steps_per_epoch=run.steps - run.step,
                epochs=1,
                shuffle=False,
                verbose=0,
                callbacks=[team, *writing, *callbacks],
            )
        if team.is_chief:
            _write_last_files(run, checkpoints)
    return run


def _write_last_files(run, checkpoints):
    """Write the card and the model, and the first source in the style if the training is complete."""
    run.card = card.updated(replace(run.card, steps=run.step, total_steps=run.steps, date=card.today()), run.folder)
    run.folder.write_json(RunFolder.CARD, run.card.to_dict())
    checkpoints.save_model()
    if run.step == run.steps:
        _, _, style = run.shown(0)[0]
        drawn = run.model.stylize(run.batches.source.image(0), style)
        files.save_picture(drawn, run.folder / RunFolder.RESULT)


def device(run: Run | None = None) -> str:
    """The device, or with a run the devices, on which TensorFlow computes, in words."""
    gpus = backend.gpus()
    name = f"GPU, {', '.join(gpus)}" if gpus else f"CPU, {backend.cores()} cores"
    shares = run.model.distribute_strategy.num_replicas_in_sync if run else 1
    return f"{name}, each batch shared by {shares} devices" if shares > 1 else name


@contextmanager
def _one_line_errors(folder):
    """A context in which an error of memory, a picture or the file system is a `BadRun` of one line."""
    with folder.one_line_errors():
        try:
            yield
        except backend.OUT_OF_MEMORY:
            raise BadRun(
                "There is not enough memory for this training. Make it smaller: "
                "--set batch_size=1, a smaller --set image_size=, or fewer generator filters."
            ) from None
        except backend.BROKEN_BATCH as error:
            reason = (str(error).partition("BadPicture: ")[2] or str(error)).partition("\n")[0]
            raise BadRun(f"A picture cannot be read any more. {reason}{folder.advice}") from error


@contextmanager
def _stopping(team):
    """A context in which Ctrl-C and SIGTERM end training after the current step; a second Ctrl-C ends it at once."""
    if threading.current_thread() is not threading.main_thread():  # signals belong to the main thread
        yield
        return

    def stop(number, frame):
        if team.interrupted:
            raise KeyboardInterrupt
        team.interrupted = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
