"""Plots of the rows of one section and device, as SVG files. matplotlib comes with the extra `benchmarks`."""

import re
from collections import defaultdict

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "stylezoo", "font.size": 9})

import matplotlib.pyplot as plt  # noqa: E402 - after the choice of the backend

NUMBERED = re.compile(r"(?:(\w+)=)?(\d+)(?: px)?")  # "batch_size=4", "1024 px": a point of a curve
WIDE = 30  # between the shortest and the longest bar: more needs a logarithmic axis

COLOURS = {"stylezoo": "C0", "torch": "C1", "stylezoo, one piece": "C2", "torch, compiled": "C3"}


def draw(section, rows, path):
    """Draw curves where the jobs are numbers, else bars, each from quartile to quartile."""
    curves = all(NUMBERED.fullmatch(row.job) for row in rows)
    figure = _curves(rows) if curves else _bars(rows)
    figure.suptitle(f"{section}: {rows[0].device}")
    figure.savefig(path, format="svg", metadata={"Date": None})  # equal figures give an equal file
    plt.close(figure)


def _colour(library):
    return COLOURS.get(library, "C4")


def _bars(rows):
    labels = [", ".join(filter(None, (row.job, row.precision, row.library))) for row in rows]
    figure, axes = plt.subplots(figsize=(8, 0.6 + 0.24 * len(rows)), layout="constrained")
    errors = [[row.median - row.lower for row in rows], [row.upper - row.median for row in rows]]
    axes.barh(labels, [row.median for row in rows], xerr=errors, color=[_colour(row.library) for row in rows])
    axes.invert_yaxis()
    if max(row.median for row in rows) > WIDE * min(row.median for row in rows):
        axes.set_xscale("log")
    axes.set_xlabel(rows[0].unit)
    return figure


def _curves(rows):
    """A plot for each thing that grows, a curve for each library and precision."""
    things = defaultdict(lambda: defaultdict(list))
    for row in rows:
        name, number = NUMBERED.fullmatch(row.job).groups()
        things[name or "side in pixels"][f"{row.library} {row.precision}".strip()].append((int(number), row))
    figure, every = plt.subplots(1, len(things), figsize=(max(5, 3 * len(things)), 3.4), layout="constrained")
    for axes, (name, curves) in zip([every] if len(things) == 1 else every, things.items(), strict=True):
        for label, points in curves.items():
            numbers, those = zip(*sorted(points, key=lambda point: point[0]), strict=True)
            look = {"color": _colour(those[0].library)}
            dashes = "--" if those[0].precision == "mixed_bfloat16" else "-"
            axes.plot(numbers, [row.median for row in those], dashes, marker="o", label=label, **look)
            axes.fill_between(numbers, [row.lower for row in those], [row.upper for row in those], alpha=0.2, **look)
        axes.set_xlabel(name)
        axes.set_ylabel(rows[0].unit)
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=7)
    return figure
