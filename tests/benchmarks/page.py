"""The page docs/performance.md: a table and a plot for each section, from the CSV files of all devices."""

import html
import re
from collections import defaultdict
from pathlib import Path

from tests.benchmarks import rows as files

PAGE = files.FOLDER.parent / "performance.md"
HEAD = ("Job", "Precision", "Library", "Median", "Quartiles", "TFLOP/s", "of ceiling", "of PyTorch", "Note")
SECTION = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def table(rows, head=True):
    """Rows as a table in Markdown."""
    lines = [HEAD, ("---", "---", "---", *["---:"] * 5, "---")] if head else []
    return "\n".join(f"| {' | '.join(line)} |" for line in [*lines, *map(_cells, rows)])


def _cells(row):
    job, note = (html.escape(text, quote=False).replace("|", "\\|") for text in (row.job, row.note))
    if row.median == "":
        return (job, row.precision, row.library, "", "", "", "", "", note)
    speed = f"{row.flop_per_s / 1e12:.3g}" if row.flop_per_s else ""
    share = f"{row.flop_per_s / row.ceiling:.0%}" if row.flop_per_s and row.ceiling else ""
    ratio = f"{row.ratio_to_torch:.2f}" if row.ratio_to_torch else "" if row.library.startswith("torch") else "none"
    median, lower, upper = (_with_unit(value, row.unit) for value in (row.median, row.lower, row.upper))
    return (job, row.precision, row.library, median, f"{lower} to {upper}", speed, share, ratio, note)


def _with_unit(value, unit):
    if unit == "s" and value < 1:
        return f"{1000 * value:.3g} ms"
    return f"{value:.3g} s" if unit == "s" else f"{value:,.0f} {unit}"


def filled(text, rows):
    """The text of the page with the tables of all sections between their comments."""

    def section(found):
        return f"{found[1]}{_section(found[2], [row for row in rows if row.section == found[2]])}{found[3]}"

    return SECTION.sub(section, text)


def _section(name, rows):
    if not rows:
        return "\nNot measured yet.\n\n"
    parts = []
    for device, those in _by_device(rows).items():
        first = those[0]
        versions = [f"{library} {getattr(first, library)}" for library in ("tensorflow", "keras", "torch")]
        about = ", ".join([f"{first.cores} cores", first.date, *(each for each in versions if not each.endswith(" "))])
        plot = f"![{name} on {device}](performance/{_plot(name, device).name})\n\n" if plotted(those) else ""
        parts.append(f"\n**{device}** ({about})\n\n{plot}{table(those)}\n")
    return "".join(parts) + "\n"


def _by_device(rows):
    devices = defaultdict(list)
    for row in rows:
        devices[row.device].append(row)
    return devices


def _plot(section, device):
    return files.file_of(device).with_name(f"{files.file_of(device).stem}-{section}.svg")


def plotted(rows):
    """The rows that a plot shows; a table is enough for the ceilings."""
    return [row for row in rows if row.median != "" and row.section != "ceiling"]


def read_all(folder=files.FOLDER):
    """The rows of all devices."""
    return [row for file in sorted(Path(folder).glob("*.csv")) for row in files.read(file)]


def write():
    """Write the plots and the page."""
    from tests.benchmarks import plots  # matplotlib is an extra

    rows = read_all()
    for device, those in _by_device(rows).items():
        for section in dict.fromkeys(row.section for row in those):
            shown = plotted([row for row in those if row.section == section])
            if shown:
                plots.draw(section, shown, _plot(section, device))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), rows), encoding="utf-8")
