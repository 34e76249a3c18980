"""The output of all commands: lines, JSON documents, progress bars, errors; and a silent start of TensorFlow."""

import errno
import os
import sys
from contextlib import contextmanager, suppress

import click

from stylezoo.errors import StylezooError, printable

INTERRUPTED = 130  # the exit code of a program that was ended by Ctrl-C
ADDRESS_SPACE = 3_000_000_000  # bytes; with less TensorFlow 2.21 crashes when it starts
OUTPUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF, errno.EFBIG)  # of a stream, which has no name
BAR = {"item_show_func": lambda text: text, "width": 20}
PARTS = 1000  # steps of the progress bar for each picture: a large picture takes long


@contextmanager
def one_line_errors():
    """Show stylezoo's own errors as one line; any other is a bug and keeps its traceback."""
    try:
        yield
    except StylezooError as error:
        shown = click.ClickException(str(error))
        shown.exit_code = error.exit_code
        raise shown from error
    except click.ClickException as error:
        error.message = printable(error.message)
        raise


def say(text="", err=False, nl=True, **style):
    """Print a line, in `style` as `click.style` takes it.

    What files, plugins and styles are called comes from anybody, so control characters are left out here: every line
    of a command is printed by this function.
    """
    text = str(text)
    click.secho(text[: len(text) - len(text.lstrip(" "))] + printable(text), err=err, nl=nl, **style)


def say_apart(text, **style):
    """Print a line after an empty one, such as a heading."""
    say()
    say(text, **style)


def open_streams():
    """Open the null device in place of standard streams that the process was started without.

    Otherwise the next file that is opened, such as a picture, would get the number of the closed stream, and what
    TensorFlow prints would be written into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - open to the end
    if hasattr(sys.stdout, "reconfigure"):  # that of a notebook has none
        # What it cannot spell, such as names in Chinese in a pipe on Windows, is spelled as in Python.
        sys.stdout.reconfigure(errors="backslashreplace")


@contextmanager
def one_line_system_errors():
    """End the process with one line for an error of the system, such as a full disk behind standard output."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.filename is not None:
            reason = f"'{error.filename}': {reason}"
        elif error.errno in OUTPUT_ERRORS:
            reason = f"The output cannot be written: {reason}"
        with suppress(OSError):  # standard error may be the stream that cannot be written
            click.secho(f"Error: {reason}.", fg="red", err=True)
        _drop_output()
        sys.exit(1)


def _drop_output():
    """Send what is left in the buffers to the null device, so that Python does not fail again when it ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(null, number)


def print_document(**parts):
    """Print one JSON document for programs.

    Its schema increases by one when something is removed or gets another meaning.
    """
    print_json({"schema": 1, **parts})


def print_json(plain):
    """Print plain data as indented JSON, which spells control characters."""
    import json

    click.echo(json.dumps(plain, indent=2, default=str))


def print_rows(rows):
    """Print pairs of a label and a value, indented, the values aligned."""
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        say(f"  {label:{width}}  {value}".rstrip())


def print_next(what, *commands):
    """Print what to do next, and the command lines for it."""
    say(f"Next    {what}:")
    for command in commands:
        say(f"  {command}")


def print_status(text=""):
    """Replace the current line of a terminal, on stderr; without a terminal nothing is shown."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{printable(text)}", nl=False, err=True)


@contextmanager
def picture_progress(total, label, stream=None):
    """A function of the number of pictures done, fractions included, and the name of the current picture.

    In a terminal it moves a bar with the time left; else it shows nothing.
    """
    stream = stream or sys.stderr
    if not stream.isatty():
        yield lambda done, name=None: None
        return
    with click.progressbar(length=PARTS * total, label=label, show_percent=True, file=stream, **BAR) as bar:

        def show(done, name=None):
            item = printable(f"{int(done) + 1}/{total} {name}") if name else bar.current_item
            bar.update(int(PARTS * done) - bar.pos, item)

        yield show


def import_keras():
    """Import Keras and TensorFlow without their start-up messages, which do not matter to users of this command.

    TensorFlow's C++ code writes to the file descriptor before it reads its log level, so the descriptor is replaced
    during the import. If the import fails, the messages are shown.

    Raises:
        StylezooError: The memory of the process is limited so much that TensorFlow would crash.
    """
    _check_memory()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    sys.stderr.flush()
    kept = os.dup(2)
    with _temporary_file() as written:
        os.dup2(written.fileno(), 2)
        try:
            import keras  # noqa: F401
        except (ValueError, AttributeError, TypeError) as error:
            raise StylezooError(f"Keras refuses its settings in '{_keras_settings()}': {error}. Remove it.") from error
        except BaseException:
            written.seek(0)
            os.write(kept, written.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _keras_settings():
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    return os.path.join(home, "keras.json")


def _check_memory():
    try:
        import resource
    except ImportError:  # Windows, where memory is not limited in this way
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if 0 <= limit < ADDRESS_SPACE:
        raise StylezooError(
            f"The memory of this process is limited to {limit / 1e9:.1f} GB, and TensorFlow needs "
            f"{ADDRESS_SPACE / 1e9:.0f} GB to start: raise the limit (ulimit -v unlimited)."
        )


def _temporary_file():
    """An empty file; without a usable temporary folder the null device, which keeps nothing."""
    import tempfile

    try:
        return tempfile.TemporaryFile()
    except OSError:
        return open(os.devnull, "r+b")
