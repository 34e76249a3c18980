"""What a run folder tells about a training, as far as it can be read: a page shows what there is."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from stylezoo.errors import StylezooError, printable
from stylezoo.files import plain
from stylezoo.runs import card, log
from stylezoo.runs.card import Card
from stylezoo.runs.folder import RunFolder

SHEET = re.compile(r"step-([0-9]{1,18})\.png")
SHEETS = 40  # at most: a training that was continued often has more


@dataclass(frozen=True)
class Curves:
    """The columns of ``log.csv`` or ``figures.csv``.

    Attributes:
        steps: The steps of the rows, increasing.
        seconds: The seconds of the training until then.
        series: A list of values for each metric, by its name.
    """

    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    series: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: list[list[str]]) -> "Curves":
        """The columns of rows as `log.rows` gives them."""
        if not rows:
            return cls()
        header, *whole = rows
        columns = dict(zip(map(printable, header), zip(*whole, strict=True), strict=False))
        steps, seconds = columns.pop("step"), columns.pop("seconds", ["nan"] * len(whole))
        values = {name: [*map(float, column)] for name, column in columns.items()}
        return cls([*map(int, steps)], [*map(float, seconds)], values)

    @property
    def last(self) -> int:
        """The step of the last row, 0 if there is none."""
        return self.steps[-1] if self.steps else 0

    @property
    def speed(self) -> float:
        """Steps per second, without the first row, whose time has that of the compiler; 0 if it is not known."""
        rows = [(0, 0.0), *zip(self.steps, self.seconds, strict=True)]
        (first, began), (last, now) = rows[len(rows) > 2], rows[-1]
        return (last - first) / (now - began) if now > began else 0.0


class Facts:
    """The facts about a run.

    Args:
        folder: The run folder.

    Attributes:
        folder: Likewise.
        notes: A sentence for each file that cannot be read.
        card: The card.
        evaluation: Its field ``evaluation``: the last and the best figures and those of baselines, {} if there is none.
        losses: The curves of the log.
        figures: Likewise of the figures.
    """

    def __init__(self, folder: RunFolder):
        self.folder = folder
        self.notes = []
        self.card: Card = self._read(RunFolder.CARD, lambda: card.read(folder.path), Card())
        document = self._read(RunFolder.CARD, self._card_document, {})
        self.evaluation = _dictionary(_dictionary(document).get("evaluation"))
        self.losses = self._read(RunFolder.LOG, lambda: Curves.of(log.rows(folder / RunFolder.LOG)), Curves())
        self.figures = self._read(RunFolder.FIGURES, lambda: Curves.of(log.rows(folder / RunFolder.FIGURES)), Curves())

    def _read(self, name: str, read: Callable[[], Any], instead: Any) -> Any:
        """What can be read, or something instead and a note."""
        try:
            return read()
        except (OSError, ValueError, StylezooError) as error:
            note = f"{name} cannot be read: {printable(str(error))[:300]}"
            if not any(each.startswith(f"{name} ") for each in self.notes):
                self.notes.append(note)
            return instead

    def _card_document(self):
        """The card as plain data, {} if there is none."""
        try:
            return plain.of_file(self.folder / RunFolder.CARD, card.LARGEST)
        except FileNotFoundError:
            return {}

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.folder.path.resolve().name or "run"

    @property
    def step(self) -> int:
        """The last step of which any file knows."""
        return max(self.card.steps or 0, self.losses.last, *(step for step, _ in self.sheets), 0)

    @property
    def steps(self) -> int | None:
        """The planned number of steps."""
        return self.card.total_steps

    @property
    def seconds_left(self) -> float | None:
        """The time that the rest of the steps will take, None if it is not known."""
        if not self.losses.speed or self.steps is None:
            return None
        return max(0, self.steps - self.step) / self.losses.speed

    @cached_property
    def sheets(self) -> list[tuple[int, Path]]:
        """The last contact sheets, each with its step, in their order."""
        try:
            found = [(SHEET.fullmatch(path.name), path) for path in (self.folder / RunFolder.SAMPLES).iterdir()]
        except OSError:
            return []
        return sorted((int(match[1]), path) for match, path in found if match)[-SHEETS:]

    @property
    def command(self) -> str:
        """The command that repeats the training, with the names of pictures but not their folders."""
        recipe = f"{plain.without_folders(str(self.folder))}/{RunFolder.RECIPE}"
        words = ["stylezoo", "train", "--recipe", recipe]
        if len(self.card.lineage) > 1:
            words += ["--from", "MODEL"]
        for row in self.card.data:
            role = str(row.get("role", ""))
            for name in row["name"] if isinstance(row.get("name"), list) else [row.get("name")]:
                if name and row.get("kind") != "sample":
                    words += ["--source" if role == "source" else "--style", str(name)]
        return shlex.join(words)


def _dictionary(plain_data):
    return plain_data if isinstance(plain_data, dict) else {}
