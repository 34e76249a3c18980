"""The folder of a run: its content, and how it is created, written, read and locked.

This needs neither Keras nor TensorFlow.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stylezoo.errors import BadRun, printable
from stylezoo.files.atomic import leftovers, written
from stylezoo.files.plain import of_file

__all__ = ["RunFolder"]

LOCKED = 2**30  # where a lock of Windows is
SIGNATURE = re.compile(r"([0-9]{1,10}) on (.*)\n")  # of the process that holds a lock
LARGEST, MOST = 2**28, 10**6  # bytes and values of a JSON file: there may be a path for each of many pictures

if TYPE_CHECKING:
    from stylezoo.recipe import Recipe


class Content(NamedTuple):
    """A file or a folder in a run folder.

    Attributes:
        name: Its name; a folder's ends with a slash.
        holds: Its content.
        when: When it is written.
    """

    name: str
    holds: str
    when: str


class RunFolder(os.PathLike):
    """The folder of one run: ``folder / RunFolder.LOG`` is a path in it.

    Files are written beside their place and moved there when they are complete, so that a reader never sees half a
    file; only ``log.csv`` and ``figures.csv`` grow row by row. When a run starts, ``recipe.json`` is written last: a
    folder with it is complete. `CONTENTS` lists the files of a training; an imported run has ``recipe.json``,
    ``plugins.json``, ``card.json`` and ``model.keras`` only.

    Args:
        path: The folder, which need not exist; ``~`` is the home folder.

    Attributes:
        path: Its path.

    Examples:
        >>> from stylezoo.runs.folder import RunFolder
        >>> RunFolder("runs/mine").trained_recipe().steps > 0
        True
    """

    RESULT = "result.png"
    REPORT = "report.html"
    SAMPLES = "samples"
    LATEST = "samples/latest.png"
    LOG = "log.csv"
    FIGURES = "figures.csv"
    MODEL = "model.keras"
    BEST = "model-best.keras"
    CARD = "card.json"
    CHECKPOINT = "checkpoints/latest.weights.h5"
    CHECKPOINT_BEFORE = "checkpoints/before.weights.h5"
    RECIPE = "recipe.json"
    PLUGINS = "plugins.json"
    PLACES = "pictures.json"
    PICTURES = "pictures"
    TENSORBOARD = "tensorboard"
    LOCK = ".lock"  # exists while a process writes into the folder

    CONTENTS = (
        Content(RESULT, "the first source in the style, at its full size", "at the end"),
        Content(
            REPORT,
            "a page about the run: contact sheets, curves, figures and facts, in one file for any browser",
            "at the start, at most every ten seconds and at the end",
        ),
        Content(
            f"{SAMPLES}/",
            "contact sheets: source, style, result; latest.png is the newest",
            "about ten times in a training",
        ),
        Content(LOG, "step, seconds and the mean of every loss since the row before", "about a hundred rows"),
        Content(FIGURES, "step, seconds and each figure of what the model draws, if any", "every 200 steps or so"),
        Content(MODEL, "the model, for 'stylezoo stylize' and 'stylezoo.load_model'", "with each checkpoint"),
        Content(BEST, "the model with the best figure of --best, if any", "when a figure is better than all before"),
        Content(CARD, "the facts about the model, for 'stylezoo show'", "at the start and with each checkpoint"),
        Content(
            "checkpoints/",
            "weights, optimizers and random states, for 'stylezoo train --resume': the latest, and the one before",
            "at the start, about once a minute and at the end, also after Ctrl-C",
        ),
        Content(RECIPE, "the complete recipe, for 'stylezoo train --recipe'", "at the start"),
        Content(PLUGINS, "kind, name, distribution and version of every part", "at the start"),
        Content(PLACES, "the pictures: their paths, null for the samples; sizes and checksums", "at the start"),
        Content(f"{PICTURES}/", "copies of pictures that were given from memory, if any", "at the start"),
        Content(f"{TENSORBOARD}/", "losses, figures and contact sheets for TensorBoard, if any", "with --tensorboard"),
    )

    def __init__(self, path: str | os.PathLike):
        self.path = Path(os.path.expanduser(path))
        self._lock = None  # the descriptor of the lock that this object holds

    @classmethod
    def new(cls, name: str, parent: str | Path = "runs") -> "RunFolder":
        """A folder that does not exist yet: ``runs/single-pair``, then ``runs/single-pair-2``.

        Args:
            name: Its name; of "distribution/name" the last part.
            parent: The folder that it is in.
        """
        name = name.rpartition("/")[2]
        number = 1
        while (folder := Path(parent, name if number == 1 else f"{name}-{number}")).exists():
            number += 1
        return cls(folder)

    def __fspath__(self):
        return str(self.path)

    def __str__(self):
        return str(self.path)

    def __repr__(self):
        return f"RunFolder({str(self.path)!r})"

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def has(self, *names: str) -> bool:
        """Whether all these files exist."""
        return all((self / name).is_file() for name in names)

    @property
    def is_run(self) -> bool:
        """Whether it holds a recipe or a model."""
        return self.has(self.RECIPE) or self.has(self.MODEL)

    def check_empty(self) -> None:
        """Check that a run can start here.

        Raises:
            BadRun: The folder holds something already, or cannot be read.
        """
        with self.one_line_errors():
            if not self.path.exists():
                return
            if not self.path.is_dir():
                raise BadRun(f"'{self}' is no folder. Name another one with -o.")
            if any(each.name != self.LOCK for each in self.path.iterdir()):
                is_trained = self.has(self.RECIPE, self.PLACES)  # else it was imported
                further = f"Go on with 'stylezoo train --resume {self}', or name" if is_trained else "Name"
                raise BadRun(f"'{self}' is not empty. {further} another folder with -o.")

    def trained_recipe(self) -> "Recipe":
        """The recipe of a training that can be resumed.

        Raises:
            BadRun: This is no run folder, or that of an imported model.
            BadRecipe: The recipe is damaged.
        """
        from stylezoo.recipe import Recipe  # the help of a command imports this module for its names only

        if not self.has(self.RECIPE):
            raise BadRun(f"'{self}' is no run folder: there is no {self.RECIPE} in it.")
        recipe = Recipe.read(self / self.RECIPE)
        if not self.has(self.PLACES):
            raise BadRun(f"'{self}' was imported, not trained: it cannot be resumed. It can redraw pictures.")
        return recipe

    @contextmanager
    def begin(self) -> Iterator[None]:
        """A context to write a new run in: the folder is empty and locked, and errors are in one line.

        Raises:
            BadRun: As `check_empty`, `lock` and `one_line_errors`.
        """
        with self.one_line_errors(), self.lock():
            self.check_empty()
            yield

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A context with a temporary path, which replaces a file at the end.

        Raises:
            BadRun: As `check_place`.
        """
        self.check_place()
        with written(self / name) as temporary:
            yield temporary

    def write_text(self, name: str, text: str) -> None:
        """Write a file atomically."""
        with self.writing(name) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def write_json(self, name: str, plain: Any) -> None:
        """Write plain data atomically, as indented JSON."""
        self.write_text(name, json.dumps(plain, indent=2) + "\n")

    def read_json(self, name: str) -> Any:
        """The plain data of a JSON file.

        Raises:
            BadRun: It is missing or damaged.
        """
        try:
            return of_file(self / name, LARGEST, MOST)
        except (OSError, ValueError) as error:
            raise self.damaged(name, error) from None

    def damaged(self, name: str, error: Exception | str) -> BadRun:
        """The error for a file of this folder that cannot be read, or its reason."""
        return BadRun(f"'{self}' is damaged: {name} cannot be read: {printable(str(error))[:200]}")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """A context in which no other process, and no other training of this one, writes into the folder.

        The lock ends with its process, also after a crash. On systems and file systems without such locks nothing is
        locked.

        Raises:
            BadRun: Another training writes into it, or it cannot be written.
        """
        file = self / self.LOCK
        with self.one_line_errors():
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = _locked(file)
        if descriptor is None:
            raise BadRun(
                f"'{self}' is being written by another training{_owner(file)}. Wait until it ends, or take another "
                "folder."
            )
        self._lock = descriptor
        try:
            yield
        finally:
            self._lock = None
            with suppress(OSError):
                if os.path.samestat(os.fstat(descriptor), os.stat(file)):
                    file.unlink()
            os.close(descriptor)

    def check_place(self) -> None:
        """Check that a locked folder is still the one that was locked.

        Raises:
            BadRun: Somebody has removed or replaced it meanwhile.
        """
        if self._lock is None:
            return
        try:
            is_same = os.path.samestat(os.fstat(self._lock), os.stat(self / self.LOCK))
        except OSError:
            is_same = False
        if not is_same:
            raise BadRun(
                f"'{self}' was removed or replaced while a training wrote into it, or its {self.LOCK} was. The "
                "training has stopped: put the folder back and resume it, or start again."
            )

    def remove_leftovers(self) -> None:
        """Remove the temporary files of a training that was killed while it wrote. The folder must be locked."""
        names = (content.name for content in self.CONTENTS if not content.name.endswith("/"))
        inner = (self.CHECKPOINT, self.CHECKPOINT_BEFORE, f"{self.SAMPLES}/*.png", f"{self.PICTURES}/*.png")
        for name in (*names, *inner):
            for file in leftovers(self / name):
                file.unlink(missing_ok=True)

    @contextmanager
    def one_line_errors(self) -> Iterator[None]:
        """A context in which an error of the file system is a `BadRun` of one line."""
        try:
            yield
        except OSError as error:
            raise BadRun(f"Cannot write into '{self}': {error.strerror or error}.{self.advice}") from error

    @property
    def advice(self) -> str:
        """How to resume after an error, if there is a checkpoint; begins with a space."""
        if not self.has(self.RECIPE) or not (self.has(self.CHECKPOINT) or self.has(self.CHECKPOINT_BEFORE)):
            return ""
        return f" The last checkpoint is kept: fix the cause, then 'stylezoo train --resume {self}'."


def _locked(file):
    """An open descriptor of a locked file; None if another holds the lock."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        if not _has_lock(descriptor):
            os.close(descriptor)
            return None
        try:
            if os.path.samestat(os.fstat(descriptor), os.stat(file)):
                _sign(descriptor)
                return descriptor
        except FileNotFoundError:  # the last owner of the lock has just removed the file: this lock is void
            pass
        os.close(descriptor)


def _sign(descriptor):
    """Write into a lock who holds it; on a full disk it stays empty."""
    from platform import node  # only for one who writes: the import takes 3 ms

    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()} on {node()}\n".encode())


def _owner(file):
    """Who holds a lock, for a message: ", process 1234 on host"; "" if it cannot be read."""
    try:
        with open(file, "rb") as opened:
            found = SIGNATURE.match(opened.read(300).decode(errors="replace"))
    except OSError:
        return ""
    return f", process {found[1]} on {printable(found[2])}" if found else ""


def _has_lock(descriptor):
    """Whether the file could be locked, or there are no locks on this system or file system."""
    try:
        _lock(descriptor)
    except BlockingIOError:
        return False
    except (OSError, ImportError):
        return True
    return True


def _lock(descriptor):
    try:
        import fcntl
    except ImportError:  # Windows, where others cannot read what is locked: a byte far behind the text
        import msvcrt

        os.lseek(descriptor, LOCKED, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(*error.args) from None
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
