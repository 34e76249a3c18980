"""What a second worker brings: python -m tests.benchmarks.workers, on a Linux machine with two free cores.

The same training, the same whole batch: one process on one core, one process on two cores, and two workers on one core
each. They take turns; a figure is the median of the turns, each of which is the median of its steps.
"""

import argparse
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS, SKIPPED = 24, 4  # in the first steps graphs are traced and memory is taken
WAYS = {"one process, one core": ["0"], "one process, two cores": ["0,1"], "two workers, one core each": ["0", "1"]}
TRAINING = """
import sys, time
import keras, numpy as np, stylezoo
class Clock(keras.callbacks.Callback):
    times = []
    def on_train_batch_end(self, batch, logs=None):
        self.times.append(time.perf_counter())
rng = np.random.default_rng(0)
from PIL import Image
pictures = [Image.fromarray(rng.integers(0, 256, (160, 160, 3), dtype="uint8")) for _ in range(8)]
out, filters, size, batch, steps, skipped, workers, worker = sys.argv[1:]
clock = Clock()
stylezoo.train("transfer", pictures, pictures, out, steps=int(steps), callbacks=clock, verbose=0,
               generator=f"resnet:filters={filters},blocks=4", image_size=int(size), load_size=160,
               batch_size=int(batch), precision="float32",
               **({"workers": workers, "worker": int(worker)} if workers else {}))
print(np.median(np.diff(clock.times)[int(skipped) :]))
"""


def seconds(cores, given):
    """The seconds of a step, with a worker on each of these sets of cores."""
    hosts = ",".join(f"127.0.0.1:{free_port()}" for _ in cores) if len(cores) > 1 else ""
    with tempfile.TemporaryDirectory() as folder:
        out, settings = str(Path(folder, "run")), (given.filters, given.size, given.batch, str(STEPS), str(SKIPPED))
        started = [
            subprocess.Popen(
                ["taskset", "-c", each, sys.executable, "-c", TRAINING, out, *settings, hosts, str(number)],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )
            for number, each in enumerate(cores)
        ]  # fmt: skip
        first, *_ = [process.communicate()[0] for process in started]
        return float(first)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("filters", "16"), ("size", "64"), ("batch", "8"), ("rounds", "3")):
        parser.add_argument(f"--{name}", default=value)
    given = parser.parse_args()
    turns = {way: [] for way in WAYS}
    for _ in range(int(given.rounds)):
        for way, cores in WAYS.items():
            turns[way].append(seconds(cores, given))
    first = statistics.median(next(iter(turns.values())))
    for way, found in turns.items():
        median = statistics.median(found)
        spread = f"{1000 * min(found):.0f} to {1000 * max(found):.0f}"
        print(f"{way:28} {1000 * median:6.0f} ms a step ({spread}), {first / median:.2f} times as fast")


if __name__ == "__main__":
    main()
