"""The checkpoints of a run: when they are written, their two generations, and the checksum of each.

This needs neither Keras nor TensorFlow.
"""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stylezoo.errors import BadOptions
from stylezoo.files.atomic import replace, written
from stylezoo.runs.folder import RunFolder

FIRST = 30  # seconds until the first checkpoint of a process
SHORTEST = 60  # seconds between two others, at least
SHARE = 0.01  # of the time of a training, at most, is spent on writing
SECONDS = {"s": 1, "m": 60, "h": 3600}
RHYTHM = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) *([smh])|([0-9]{1,9})")
SEAL = b"\nstylezoo sha256 "  # then 64 digits: it is behind the end of HDF5's data, which HDF5 does not read
SOME_BYTES = 2**20


@dataclass(frozen=True)
class Rhythm:
    """When checkpoints are written: by time, or every some steps.

    Attributes:
        seconds: The seconds between two; 0: as many that writing takes 1 % of the time, at least a minute.
        steps: The steps between two; 0: by time.
    """

    seconds: float = 0
    steps: int = 0

    @classmethod
    def of(cls, given: "str | int | Rhythm | None") -> "Rhythm":
        """Read a number of steps, such as 500, or a time, such as "90s", "5m" or "1h". None: the default.

        Raises:
            BadOptions: It is neither.
        """
        if given is None or isinstance(given, Rhythm):
            return given or cls()
        found = RHYTHM.fullmatch(str(given).strip())
        if isinstance(given, bool) or not found or not any(float(each) for each in found.group(1, 3) if each):
            raise BadOptions(
                f"Checkpoints cannot be written every '{given}': give a number of steps, such as 500, or a time, such "
                "as 90s, 5m or 1h."
            )
        time, unit, steps = found.groups()
        return cls(steps=int(steps)) if steps else cls(seconds=float(time) * SECONDS[unit])

    def is_due(self, steps: int, seconds: float, cost: float | None) -> bool:
        """Whether the next checkpoint is due.

        Args:
            steps: Since the last one, or since the training began or was resumed.
            seconds: Likewise.
            cost: How many seconds the last one took; None: there was none in this process.
        """
        if self.steps:
            return steps >= self.steps
        usual = FIRST if cost is None else max(SHORTEST, cost / SHARE)
        return seconds >= (self.seconds or usual)


def write(folder: RunFolder, save: Callable[[Path], None], instead: bool = False) -> None:
    """Write a checkpoint; the last one is kept as the one before.

    At every moment at least one whole checkpoint is there.

    Args:
        folder: The run folder.
        save: A function that writes the content into the file of a path.
        instead: Whether it replaces the last one.
    """
    with folder.writing(RunFolder.CHECKPOINT) as temporary:
        save(temporary)
        seal(temporary)
        if not instead:
            _keep_last(folder)


def _keep_last(folder):
    """Make the last checkpoint the one before. It keeps its own name as well, where file systems have hard links."""
    last, before = folder / RunFolder.CHECKPOINT, folder / RunFolder.CHECKPOINT_BEFORE
    if not last.exists() or (before.exists() and last.samefile(before)):  # of a process that was killed here
        return
    try:
        with written(before) as temporary:
            temporary.unlink()
            os.link(last, temporary)
    except OSError:
        replace(last, before)


def newest(folder: RunFolder) -> tuple[Path | None, str]:
    """The newest whole checkpoint of a run.

    Returns:
        Its path, and what is wrong with a newer one, in a sentence; None if there is no checkpoint.

    Raises:
        BadRun: All are damaged.
    """
    faults, is_sealed = [], folder.has(RunFolder.CHECKPOINT_BEFORE)  # former versions kept one, without a checksum
    for name in (RunFolder.CHECKPOINT, RunFolder.CHECKPOINT_BEFORE):
        is_sealed = is_sealed and name == RunFolder.CHECKPOINT
        fault = damage(folder / name, is_sealed) if folder.has(name) else "there is no such file"
        if not fault:
            told = "; ".join(f"{newer} cannot be used: {reason}" for newer, reason in faults)
            return folder / name, f"{told}. The checkpoint before it is used." if told else ""
        faults.append((name, fault))
    for name, fault in faults:
        if folder.has(name):
            raise folder.damaged(name, fault)
    return None, ""


def put_aside(folder: RunFolder) -> None:
    """Make the checkpoint before the last one the last; a damaged one is kept under another name, for its owner."""
    last = folder / RunFolder.CHECKPOINT
    if last.exists():
        replace(last, last.with_name("damaged.weights.h5"))
    replace(folder / RunFolder.CHECKPOINT_BEFORE, last)


def seal(file: Path) -> None:
    """Add its checksum to a file, and wait until the disk has it all."""
    with open(file, "r+b") as opened:
        digest = _digest(opened, os.path.getsize(file))
        opened.write(SEAL + digest)
        opened.flush()
        os.fsync(opened.fileno())


def damage(file: Path, is_sealed: bool = False) -> str:
    """What is wrong with a file, in words; "" if nothing is.

    Args:
        file: Its path.
        is_sealed: Whether it must have a checksum, as `seal` adds it.
    """
    try:
        with open(file, "rb") as opened:
            size = os.path.getsize(file) - len(SEAL) - 64
            opened.seek(max(size, 0))
            if opened.read(len(SEAL)) != SEAL:
                return "it is cut off, or its checksum is" if is_sealed else ""
            digest = opened.read()
            opened.seek(0)
            return "" if _digest(opened, size) == digest else "its checksum is another"
    except OSError as error:
        return error.strerror or str(error)


def _digest(opened, size):
    """The SHA-256 of the next bytes of a file, as digits."""
    digest = hashlib.sha256()
    while size and (some := opened.read(min(size, SOME_BYTES))):
        digest.update(some)
        size -= len(some)
    return digest.hexdigest().encode()
