"""The tables of a training, ``log.csv`` and ``figures.csv``: their whole rows, and how one is mended after a crash."""

import csv
import os
import re
from itertools import count
from pathlib import Path

from stylezoo.runs.folder import RunFolder

FIRST = ["step", "seconds"]  # the first columns; then one for each loss or figure
LARGEST = 2**26  # bytes that are read
STEP = re.compile(r"[0-9]{1,18}")
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*([eE][-+]?[0-9]+)?|nan|inf)")


def rows(path: Path) -> list[list[str]]:
    """The header of a table and its whole rows, their steps increasing; [] if there is none or it has no rows.

    Raises:
        OSError: It cannot be read.
    """
    header, whole, _ = _read(path)
    return [header, *whole] if whole and header[:1] == FIRST[:1] else []


def begin(folder: RunFolder, columns: list[str], step: int, name: str = RunFolder.LOG) -> tuple[float, str]:
    """Begin a table of a training, or continue it: only whole rows up to the present step are kept.

    A table with other columns is kept under another name.

    Args:
        folder: The run folder.
        columns: The columns after the first two.
        step: The present step.
        name: Its file.

    Returns:
        The seconds in the last row, and what was wrong with the table, in a sentence; "" if nothing was.
    """
    path, wanted = folder / name, [*FIRST, *columns]
    header, whole, broken = _read(path)
    note = ""
    if not path.exists() or not path.stat().st_size:
        note = f"{name} was lost, and begins anew." if step else ""
    elif header != wanted:
        aside = next(free for i in count(1) if not (free := path.with_stem(f"{path.stem}-{i}")).exists())
        os.replace(path, aside)
        note = f"{name} is not that of this training: it is kept as {aside.name}, and a new one begins."
        whole = []
    elif broken:
        note = f"{name} had {broken} broken {'row, which is' if broken == 1 else 'rows, which are'} left out."
    kept = [row for row in whole if int(row[0]) <= step]
    with folder.writing(name) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([wanted, *kept])
    return (float(kept[-1][1]) if kept else 0.0), note


def add(path: Path, step: int, seconds: float, values: list[float]) -> None:
    """Add a row to a table."""
    with open(path, "a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow([step, f"{seconds:.1f}", *(f"{value:.6g}" for value in values)])


def _read(path):
    """The header of a table, its whole rows, and the number of the others."""
    try:
        with open(path, "rb") as file:
            text = file.read(LARGEST).decode("utf-8-sig", errors="replace")
    except FileNotFoundError:
        return [], [], 0
    header, *others = [_fields(line) for line in text.splitlines() if line] or [[]]
    whole, last = [], -1
    for row in others:
        if (
            row
            and len(row) == len(header)
            and STEP.fullmatch(row[0])
            and all(map(NUMBER.fullmatch, row))
            and int(row[0]) > last
        ):
            last = int(row[0])
            whole.append(row)
    return header, whole, len(others) - len(whole)


def _fields(line):
    try:
        return next(csv.reader([line]), [])
    except csv.Error:  # a field of more than 131072 characters
        return []
