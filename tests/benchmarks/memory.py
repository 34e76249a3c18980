"""Whether memory levels off when models are made, read, trained and used again and again in one process.

    python tests/benchmarks/memory.py [WORK ...] [--times 60]

Each work is done in a process of its own. After each time the garbage is collected and given back to the system, so
that what is left is in use. The resident memory is printed in MB.
"""

import argparse
import ctypes
import gc
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SHOWN = (1, 2, 5, 10, 20, 30, 40, 50, 60, 100, 200, 300)
SIZES = ((64, 96), (128, 128), (200, 150), (96, 64), (75, 220), (256, 192), (300, 300))  # of pictures
SMALL = {"image_size": 32, "load_size": 36}


def resident():
    """The resident memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def works(folder):
    """Functions of the number of the time, by name."""
    import numpy as np

    import stylezoo

    def created(_=0):
        return stylezoo.create_model("transfer", **SMALL)

    file = folder / "model.keras"
    created().save(file)
    painter = stylezoo.load_model(file).painter()

    def picture(i):
        return np.full((*SIZES[i % len(SIZES)], 3), i % 256, "uint8")

    def train(_):
        crops = np.zeros((1, 32, 32, 3), "float32")
        created().fit(crops, crops, verbose=0)

    return {
        "create": created,
        "load": lambda _: stylezoo.load_model(file),
        "draw": lambda i: created().stylize(picture(0)),
        "style": lambda i: stylezoo.stylize(picture(i), stylezoo.list_styles()[0]),
        "pictures": lambda i: painter.paint(picture(i)),
        "train": train,
    }


def measure(work, times):
    """Print the memory after some of the times."""
    with tempfile.TemporaryDirectory() as folder:
        do = works(Path(folder))[work]
        for i in range(1, times + 1):
            do(i)
            gc.collect()
            gc.collect()  # what finalizers of the first have left
            ctypes.CDLL("libc.so.6").malloc_trim(0)
            if i in SHOWN or i == times:
                print(f"{work:9}{i:4} times {resident():8.1f} MB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("works", nargs="*", metavar="WORK")
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        measure(given.works[0], given.times)
        return
    for work in given.works or ("create", "load", "draw", "style", "pictures", "train"):
        command = [sys.executable, __file__, work, "--times", str(given.times), "--here"]
        subprocess.run(command, check=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
