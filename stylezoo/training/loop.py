"""The training loop, to the end or until it is interrupted."""

import signal
import threading
from contextlib import contextmanager, nullcontext

import click
import keras

from stylezoo import backend
from stylezoo.data.album import Album
from stylezoo.devices import is_chief, scope
from stylezoo.errors import BadOptions, BadPicture, BadRun, Diverged, printable
from stylezoo.pictures import files
from stylezoo.pictures.scans import WHOLE
from stylezoo.runs.checkpoints import Rhythm
from stylezoo.runs.folder import RunFolder
from stylezoo.training import progress
from stylezoo.training.board import Board
from stylezoo.training.callbacks import Checkpoints, Log, Report, Sheets
from stylezoo.training.epochs import Epochs
from stylezoo.training.evaluating import Figures, Measuring
from stylezoo.training.guard import Guard, check_on_nan, roll_back, stopped
from stylezoo.training.starting import Run, begin, chosen, start, title
from stylezoo.training.team import Team

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def train(
    model=None, source=None, style=None, out=None, license="", start_from=None, add_style=(), callbacks=(), verbose=1,
    devices=None, workers=None, worker=None, checkpoint_every=None, on_nan="stop", measuring=None, tensorboard=False,
    **changes,
):  # fmt: skip
    """Train a model and write a run folder; see `stylezoo.train`."""
    rhythm = Rhythm.of(checkpoint_every)
    check_on_nan(on_nan)
    add_style = Album.each_of(add_style)
    if add_style.parts and style is not None:
        raise BadOptions("Give 'style' or 'add_style', not both: the styles that the model has need no pictures.")
    if workers is not None and out is None:
        raise BadOptions("Name the run folder, out=: all workers must know the same one.")
    callbacks = _callbacks(callbacks)
    recipe = chosen(model, start_from, add_style, **changes)
    folder = out or RunFolder.new(title(model, start_from))
    with scope(devices, workers, worker):
        run = start(recipe, source, add_style if add_style.parts else style, folder, license, start_from, write=False)
    (measuring or Measuring()).check()
    begin(run)
    is_shown = verbose and is_chief(run.model.distribute_strategy)
    for line in run.batches.left_out if is_shown else ():
        click.echo(printable(line), err=True)
    with progress.shown(run) as shown:
        callbacks = [*callbacks, *([shown] if is_shown else [])]
        return fit(run, callbacks, rhythm, on_nan, measuring, tensorboard).model


def _callbacks(given):
    """The callbacks of a user as a list; one alone may be given without a list."""
    listed = list(given or ()) if isinstance(given, list | tuple | None) else [given]
    for each in listed:
        if not isinstance(each, keras.callbacks.Callback):
            raise BadOptions(f"A callback is {each!r}; it must be an object, such as keras.callbacks.TerminateOnNaN().")
    return listed


def fit(
    run: Run,
    callbacks=(),
    checkpoint_every=None,
    on_nan: str = "stop",
    measuring: Measuring | None = None,
    tensorboard: bool = False,
) -> Run:
    """Train to the end and stylise the first source. After Ctrl-C the current step is finished and all is saved.

    Args:
        run: From `start` or `resume`.
        callbacks: More Keras callbacks, or one. For them an epoch ends with each row of the log. After a rollback their
            `on_train_begin` is called again.
        checkpoint_every: When checkpoints are written: a number of steps, or a time such as "90s", "5m" or "1h". None:
            about once a minute, and less often where writing would take more than 1 % of the time.
        on_nan: What to do after a step with a loss or a gradient that is not finite: "stop", or "rollback", to the
            last checkpoint with half the learning rates, at most three times.
        measuring: What is measured while it trains. None: stylezoo's own metrics in their rhythm, or for a resumed run
            what it began with.
        tensorboard: Whether losses, figures and contact sheets are written for TensorBoard. A resumed run goes on with
            it in any case, if it did before.

    Raises:
        BadRun: The folder cannot be written, such as on a full disk, or the training has diverged; the last checkpoint
            stays.
        BadOptions: An argument is something else.

    Examples:
        >>> from stylezoo import training
        >>> run = training.fit(training.resume("runs/mine", steps=2))
        >>> run.model.stylize("photo.jpg").save("drawn.png")
    """
    check_on_nan(on_nan)
    callbacks = _callbacks(callbacks)
    team = Team(run)
    checkpoints = Checkpoints(run, Rhythm.of(checkpoint_every))
    report, writing, saving = Report(run), [], []
    if team.is_chief:
        figures = Figures(run, (measuring or Measuring()).or_before(run.card.evaluation.get("settings")))
        boards = [Board(run)] if tensorboard or (run.folder / RunFolder.TENSORBOARD).is_dir() else []
        writing, saving = [Log(run), Sheets(run), figures, report], [*boards, checkpoints]
    lock, ending = (run.folder.lock(), report.ending()) if team.is_chief else (nullcontext(), nullcontext())
    with _one_line_errors(run.folder), lock, ending, _stopping(team), team.working():
        while True:
            try:
                team.check_same()
                if run.step < run.steps:
                    _train(run, [Guard(run), *writing, Epochs(run, callbacks), *saving, team])
                if team.is_chief:
                    checkpoints.save()
                break  # at the end, or after a signal
            except Diverged as error:
                if on_nan == "stop":
                    raise stopped(run, error) from None
                roll_back(run, error)
        if team.is_chief:
            _draw_result(run)
    return run


def _train(run, callbacks):
    """Train until the last step, or until a callback ends it."""
    run.model.fit(
        run.batches.dataset(run.step, run.model.distribute_strategy),
        steps_per_epoch=run.steps - run.step,
        epochs=1,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )


def _draw_result(run):
    """Write the first source in the style, if the training is complete, or a callback has ended it."""
    if not run.interrupted:
        run.folder.check_place()
        _, _, style = run.shown(0)[0]
        drawn = run.model.stylize(run.batches.source.image(0), style)
        if run.recipe.channels not in WHOLE:
            drawn = drawn.copy()  # what is shown of it: a PNG cannot hold all channels
        files.save_picture(drawn, run.folder / RunFolder.RESULT)


def device(run: Run | None = None) -> str:
    """The device, or with a run the devices, on which TensorFlow computes, in words.

    Examples:
        >>> from stylezoo import training
        >>> training.device().partition(",")[0] in ("CPU", "GPU")
        True
    """
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
        except (*backend.OUT_OF_MEMORY, backend.BAD_BATCH) as error:
            if not backend.lacks_memory(error):
                raise
            raise BadRun(
                "There is not enough memory for this training. Make it smaller: "
                "--set batch_size=1, a smaller --set image_size=, or fewer generator filters."
            ) from None
        except BadPicture as error:  # from a contact sheet
            raise BadRun(f"A picture cannot be read any more. {error}{folder.advice}") from error
        except backend.BROKEN_BATCH as error:
            reason = (str(error).partition("BadPicture: ")[2] or str(error)).partition("\n")[0]
            raise BadRun(f"A picture cannot be read any more. {reason}{folder.advice}") from error


@contextmanager
def _stopping(team):
    """A context in which a signal ends training after the current step, and a second one at once.

    The signals are those of Ctrl-C, of the end of a job, and of the end of a terminal or a connection.
    """
    if threading.current_thread() is not threading.main_thread():  # signals belong to the main thread
        yield
        return

    def stop(number, frame):
        if team.interrupted:
            raise KeyboardInterrupt
        team.interrupted = True

    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup ignores SIGHUP
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
