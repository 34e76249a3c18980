"""What the safety of a training costs: watching for NaN, writing checkpoints, and --deterministic.

    python tests/benchmarks/safety.py [MODEL ...]

For a machine that does nothing else. A larger model than single-pair takes a quarter of an hour.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS = 12  # in a turn
TURNS = 3  # a figure is their median


def child(model, deterministic):
    """Train some steps in this process; print the median time of a step, of a look for NaN, and of a checkpoint."""
    import numpy as np
    from PIL import Image

    from stylezoo import backend, training
    from stylezoo.training.callbacks import save

    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "x.png"
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype="uint8")).save(picture)
        threads = {"threads": 0} if deterministic else {}
        recipe = training.chosen(model, steps=STEPS, **threads)
        run = training.start(recipe, picture, picture, Path(folder) / "run")
        variables = [variable for player in run.model.players for variable in run.model.variables_of(player)]
        is_finite = backend.finiteness(variables)
        run.model.make_train_function()
        batches = iter(run.batches.dataset())
        steps = [timed(lambda: run.model.train_on_batch(*next(batches))) for _ in range(STEPS)]
        looks, checkpoints = ([timed(action) for _ in range(5)] for action in (is_finite, lambda: save(run)))
        size = os.path.getsize(run.folder / run.folder.CHECKPOINT)
    print(*(statistics.median(each[1:]) for each in (steps, looks, checkpoints)), size)


def timed(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def measured(model, deterministic):
    command = [sys.executable, __file__, model, "--here", *(["--deterministic"] if deterministic else [])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return list(map(float, done.stdout.split()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", default=["single-pair"], metavar="MODEL")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--deterministic", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        child(given.models[0], given.deterministic)
        return
    print("| Model | A step | Looking for NaN | Writing a checkpoint | A step with --deterministic |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for model in given.models:
        turns = [(measured(model, False), measured(model, True)) for _ in range(TURNS)]
        step, look, checkpoint, size = (statistics.median(plain[i] for plain, _ in turns) for i in range(4))
        ratio = statistics.median(fixed[0] / plain[0] for plain, fixed in turns)
        print(
            f"| {model} | {step * 1000:.0f} ms | {look * 1000:.1f} ms, {look / step:.2%} of a step | "
            f"{checkpoint:.2f} s, {size / 2**20:.0f} MB | {ratio:.2f} times as long |"
        )


if __name__ == "__main__":
    main()
