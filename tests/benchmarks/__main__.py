"""How fast stylezoo is, beside PyTorch and beside what the machine can do.

    python -m tests.benchmarks [SECTION ...] [--list] [--quick] [--rounds N] [--out CSV] [--torch-python PATH]
    python -m tests.benchmarks --page

Run it from the checkout, on a machine that does nothing else. Each variant is prepared in a process of its own; then
the variants of a job take turns. The rows go to the CSV file of the device in docs/performance, after each job; rows of
the same job there are replaced. `--page` writes tables and plots of all devices into docs/performance.md.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import page, rows
from tests.benchmarks.measuring import Machine
from tests.benchmarks.sections import SECTIONS
from tests.benchmarks.variants import Setting

QUICK_ROUNDS, ROUNDS = 2, 9
BEGAN = time.monotonic()


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)}; all if none is named")
    parser.add_argument("--list", action="store_true", help="show what would be measured")
    parser.add_argument("--only", metavar="TEXT", default="", help="only jobs whose name contains the text")
    parser.add_argument("--precision", default="", help="only this one; float32 on a processor without bfloat16")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="make everything tiny, and measure one job a section unless sections are named: to try the command",
    )
    parser.add_argument("--rounds", type=int, help=f"turns of each variant (default: {ROUNDS})")
    parser.add_argument("--out", type=Path, metavar="CSV", help="the file for the rows")
    parser.add_argument(
        "--torch-python", metavar="PATH", help="a Python that has PyTorch (default: this one if it has)"
    )
    parser.add_argument("--compile", action="store_true", help="PyTorch's compiler as a variant as well")
    parser.add_argument("--page", action="store_true", help="write docs/performance.md from the CSV files, and stop")
    given = parser.parse_args()
    for name in given.sections:
        if name not in SECTIONS:
            parser.error(f"there is no section {name!r}; there are {', '.join(SECTIONS)}")
    return given


def say(text):
    print(f"{time.monotonic() - BEGAN:7.1f} s  {text}", file=sys.stderr, flush=True)


def version_of_torch(python):
    """The version of PyTorch in a Python; "" if it cannot import it."""
    command = [python, "-c", "import torch; print(torch.__version__)"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def groups(given, setting):
    """The groups of each section that are asked for; to try the command, the first of each is enough."""
    most = 1 if given.quick and not (given.sections or given.only) else None
    for name in given.sections or SECTIONS:
        for group in SECTIONS[name](setting)[:most]:
            if chosen := [
                variant for variant in group if given.only in variant.job and given.precision in variant.precision
            ]:
                yield name, chosen


def measure(given):
    python = given.torch_python or sys.executable
    torch = version_of_torch(python)
    if not torch:
        say(f"There are no rows of PyTorch: {python} cannot import torch. Name a Python that can: --torch-python PATH")
    machine = Machine(given.quick, given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS), torch, say)
    setting = Setting(machine.gpu, given.quick, python if torch else None, given.compile)
    out = given.out or (Path("performance-quick.csv") if given.quick else rows.file_of(machine.device))
    keep(out, machine.rows)
    for section, group in groups(given, setting):
        keep(out, machine.measure(section, group))
    say(f"The rows are in {out}; python -m tests.benchmarks --page makes the page of those in docs/performance.")


def keep(out, new):
    """Write rows beside those that are there, and show them."""
    rows.write(out, rows.merged(rows.read(out), new))
    print(page.table(new, head=False), flush=True)


def main():
    given = arguments()
    if given.page:
        page.write()
    elif given.list:
        for section, group in groups(given, Setting(False, given.quick, sys.executable, given.compile)):
            for variant in group:
                print(section, variant, sep=": ")
    else:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["TMPDIR"] = tempfile.tempdir = folder
            measure(given)


if __name__ == "__main__":
    main()
