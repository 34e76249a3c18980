"""How long looking, and being refused, takes in an environment of 270 distributions, and as a multiple of ``python -c
"import click"``. An answer that needs no TensorFlow should come in less than half a second.

    python tests/benchmarks/start_up.py [RUNS]

The commands take turns, so that a busy machine slows all of them alike; medians are compared, not single times.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DISTRIBUTIONS = 270
WITH_ENTRY_POINTS = 92  # as many as in an environment of Keras, TensorFlow and Jupyter
COMMANDS = {
    'python -c "import click"': ["-c", "import click"],
    "stylezoo --help": ["-m", "stylezoo", "--help"],
    "stylezoo list": ["-m", "stylezoo", "list"],
    "stylezoo list losses": ["-m", "stylezoo", "list", "losses"],
    "stylezoo show lsgan": ["-m", "stylezoo", "show", "lsgan"],
    "stylezoo train --loss <TAB>": ["-c", "from stylezoo.cli import main; main(prog_name='stylezoo')"],
}
REFUSED = {  # what is not there, by command line
    f"stylezoo {line}": ["-m", "stylezoo", *line.split()]
    for line in (
        "train transfr",
        "train --loss lsgna",
        "train --recipe gone.json",
        "train --resume gone",
        "train --from gone",
        "train --source gone",
        "train -o .",
        "import gone.pth -m cut",
        "stylize gone.png -m gone",
        "stylize gone.png -m gone -o b.docx",
    )
}
COMPLETION = {"_STYLEZOO_COMPLETE": "bash_complete", "COMP_WORDS": "stylezoo train --loss ", "COMP_CWORD": "3"}


def install(folder, distributions=DISTRIBUTIONS, with_entry_points=WITH_ENTRY_POINTS, plugin_every=10):
    """Metadata folders as pip leaves them; one in ten offers a loss, or one in `plugin_every`."""
    for i in range(distributions):
        place = folder / f"package_{i}-1.{i}.dist-info"
        place.mkdir()
        place.joinpath("METADATA").write_text(
            f"Metadata-Version: 2.1\nName: package-{i}\nVersion: 1.{i}\n\n" + "x" * 4000
        )
        place.joinpath("RECORD").write_text("file,sha256=0,0\n" * 40)
        if i < with_entry_points:
            group = f"[stylezoo.losses]\nloss-{i} = package_{i}:Loss\n" if i % plugin_every == 0 else ""
            place.joinpath("entry_points.txt").write_text(f"[console_scripts]\nrun-{i} = package_{i}:main\n\n{group}")
            text = f'from stylezoo import ImageLoss\n\n\nclass Loss(ImageLoss):\n    """Loss {i}."""\n'
            folder.joinpath(f"package_{i}.py").write_text(text)


def environment(name, folder):
    """The environment variables of a command by its name."""
    variables = {**os.environ, "PYTHONPATH": str(folder), **(COMPLETION if "TAB" in name else {})}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its byte code
    return variables


def measure(runs):
    """Seconds of each command, by command."""
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder))
        seconds = {name: [] for name in (*COMMANDS, *REFUSED)}
        for run in range(runs + 1):  # the first writes byte code and is not counted
            for name, words in {**COMMANDS, **REFUSED}.items():
                variables = environment(name, folder)
                began = time.perf_counter()
                done = subprocess.run([sys.executable, *words], cwd=folder, env=variables, capture_output=True)
                if run:
                    seconds[name].append(time.perf_counter() - began)
                assert (done.returncode != 0) == (name in REFUSED), done.stderr.decode()
    return seconds


def main():
    seconds = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    unit = next(iter(medians.values()))
    for name, median in medians.items():
        print(f"{1000 * median:6.0f} ms  {median / unit:5.2f}x  {name}")


if __name__ == "__main__":
    main()
