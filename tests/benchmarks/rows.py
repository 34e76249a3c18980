"""The figures as rows of CSV files, a file for each device."""

import csv
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "performance"


@dataclass(frozen=True)
class Row:
    """What one variant took.

    Attributes:
        date: The day, as 2026-11-26.
        device: What computed.
        cores: The processor cores.
        tensorflow: Its version, and so for `keras` and `torch`; "" without PyTorch.
        section: The section of the benchmarks.
        job: What was done.
        precision: "float32", "mixed_bfloat16" or "".
        library: Who did it.
        median: The median of all turns, in `unit`.
        lower: Their lower quartile.
        upper: Their upper quartile.
        unit: "s", "pictures/s" or "MiB".
        flop_per_s: Operations a second, by formula; "" where they are not counted.
        ceiling: The operations a second of a matrix product in this precision on this device; "" likewise.
        ratio_to_torch: The median divided by PyTorch's best; "" for PyTorch itself, or where there is none.
        note: The memory layout, the kind of pictures, or why there is no figure.
    """

    date: str
    device: str
    cores: int
    tensorflow: str
    keras: str
    torch: str
    section: str
    job: str
    precision: str
    library: str
    median: float | str
    lower: float | str
    upper: float | str
    unit: str
    flop_per_s: float | str = ""
    ceiling: float | str = ""
    ratio_to_torch: float | str = ""
    note: str = ""


COLUMNS = [each.name for each in fields(Row)]
NUMBERS = ("median", "lower", "upper", "flop_per_s", "ceiling", "ratio_to_torch")


def file_of(device):
    """The file of a device under docs."""
    return FOLDER / f"{re.sub('[^a-z0-9]+', '-', device.lower()).strip('-')}.csv"


def read(path):
    """The rows of a file; none if there is no file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [Row(**{name: _read(name, text) for name, text in row.items()}) for row in csv.DictReader(file)]


def _read(name, text):
    return int(text) if name == "cores" else float(text) if text and name in NUMBERS else text


def write(path, rows):
    """Write rows to a file: numbers with four digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        for row in rows:
            table.writerow({name: _written(value) for name, value in asdict(row).items()})


def _written(value):
    return f"{value:.4g}" if isinstance(value, float) else value


def merged(old, new):
    """Old rows and new ones, which take the place of those of the same device, section and job.

    A job that is new comes after the old ones of its section.
    """
    place = lambda row: (row.device, row.section, row.job, row.precision)  # noqa: E731
    replaced = {place(row) for row in new}
    rows, added = [], list(new)
    for row in old:
        if place(row) not in replaced:
            rows.append(row)
            continue
        rows += [each for each in added if place(each) == place(row)]
        added = [each for each in added if place(each) != place(row)]
    return rows + added
