"""The training that a page starts: the command `stylezoo train` as a process of its own, one at a time."""

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from stylezoo.app.visits import Upload, Visit
from stylezoo.errors import BadRun, UsageError, printable
from stylezoo.reports.facts import Facts
from stylezoo.reports.page import duration
from stylezoo.runs.folder import RunFolder

MOST_STEPS = 10**7
PATIENCE = 120  # seconds in which a training saves what it has learned
LINES = 20  # of its output that are kept


class Training:
    """One training.

    Attributes:
        owner: The visit that has started it, which alone sees its pictures.
        folder: Its run folder.
        words: Its command.
        stopped: Whether somebody has asked it to stop.
    """

    def __init__(self, owner: Visit, words: Sequence[str], folder: RunFolder):
        self.owner, self.words, self.folder = owner, [*words], folder
        self.stopped = False
        self._lines, self._process, self._reading = deque(maxlen=LINES), None, None

    @classmethod
    def of(cls, visit: Visit, models: Sequence[str], plain: Any) -> "Training":
        """The training that a visit asks for; its pictures are copied beside the run, which can be resumed so.

        Args:
            visit: The visit, whose lessons are taken.
            models: The names of the models that can be trained.
            plain: The message: "model", and "steps" or None.

        Raises:
            UsageError: Pictures are missing, or there is no such model or number.
            BadRun: The folder of runs cannot be written.
        """
        model, steps = (plain.get(name) if isinstance(plain, dict) else None for name in ("model", "steps"))
        if model not in models:
            raise UsageError("Choose one of the models.")
        if steps is not None and not (isinstance(steps, int) and 1 <= steps <= MOST_STEPS):
            raise UsageError(f"The number of steps can be 1 to {MOST_STEPS}.")
        if not all(visit.lessons.values()):
            raise UsageError("A training needs two pictures: a photograph, and one whose style is learned.")
        folder = RunFolder.new(model)
        pictures = RunFolder.new(f"{folder.path.name}-pictures").path
        words = ["train", model]
        try:
            for role, uploads in visit.lessons.items():
                words += [f"--{role}", str(_copied(uploads, pictures / role))]
        except OSError as error:
            raise BadRun(f"Cannot write into '{pictures}': {error.strerror or error}.") from None
        return cls(visit, [*words, *(["--steps", str(steps)] if steps else []), "-o", str(folder)], folder)

    def start(self) -> None:
        """Start the process, which ends with the server, but not at once by the Ctrl-C of its terminal."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stylezoo.app.pupil", *self.words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            start_new_session=True,
        )
        self._reading = asyncio.create_task(self._read())

    async def _read(self):
        with self._process.stdout as lines:
            while line := await asyncio.to_thread(lines.readline):
                self._lines.append(printable(line.decode(errors="replace")))
        await asyncio.to_thread(self._process.wait)
        self._process.stdin.close()
        if self.has_learned and str(self.folder) not in self.owner.runs:
            self.owner.runs.append(str(self.folder))

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._reading is not None and not self._reading.done()

    @property
    def has_learned(self) -> bool:
        """Whether its model has learned anything and can draw."""
        return self.folder.has(RunFolder.MODEL) and bool(Facts(self.folder).card.steps)

    @property
    def sheet(self) -> Path:
        """Its newest contact sheet, which may not be there yet."""
        return self.folder / RunFolder.LATEST

    async def stop(self) -> None:
        """Ask it to save what it has learned and to end, and wait for that; a second time it is ended at once."""
        if not self.is_running:
            return
        if self.stopped:
            self._process.kill()
        else:
            self._process.stdin.close()  # is a Ctrl-C for `pupil`, also where a process gets no signals
        self.stopped = True
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._reading), PATIENCE)

    def told(self, visit: Visit) -> dict[str, Any]:
        """What a page shows of it: to others than its owner no more than how far it is."""
        facts = Facts(self.folder)
        shown = {
            "mine": visit is self.owner,
            "running": self.is_running,
            "step": facts.step,
            "steps": facts.steps,
            "state": self._state(facts),
        }
        if visit is self.owner:
            shown["command"] = shlex.join(["stylezoo", *self.words])
            shown["style"] = str(self.folder) if str(self.folder) in visit.runs else None
            shown["sheet"] = facts.sheets[-1][0] if facts.sheets else None
        return shown

    def _state(self, facts):
        """How it goes, in a sentence."""
        if self.is_running:
            if self.stopped:
                return "Stopping; what is learned is saved."
            left = f"; about {duration(facts.seconds_left)} left" if facts.step and facts.seconds_left else ""
            return f"Training{left}." if facts.step else "Starting, which takes up to a minute."
        if self._process.returncode == 0:
            return f"Complete. The style is in '{self.folder}'."
        if self.stopped:
            return f"Stopped. What is learned is in '{self.folder}'." if self.has_learned else "Stopped."
        return next((line for line in reversed(self._lines) if "Error" in line), "It has failed.")


def _copied(uploads: list[Upload], folder):
    """The copy of one picture, or the folder with the copies of several."""
    folder.mkdir(parents=True)
    for number, upload in enumerate(uploads, 1):
        shutil.copyfile(upload.path, folder / f"{number}{upload.path.suffix}")
    return folder / f"1{uploads[0].path.suffix}" if len(uploads) == 1 else folder
