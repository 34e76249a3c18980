"""A process that prepares one piece of work and then times a block of it whenever it is told to.

    python -m tests.benchmarks.worker MODULE JOB

The function `prepare` of ``tests.benchmarks.MODULE`` gets the job, a JSON object, and returns `Work`. Standard output
is the line to the parent: one JSON object with the facts about the work when it is prepared, then one for each "go".
PyTorch's Python runs this too, so that it needs the standard library only.
"""

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

WARM = 2  # units before the first that is timed: graphs are traced and algorithms are chosen in them
SLOW = 20  # seconds: what takes longer is done once before


@dataclass
class Work:
    """What is timed.

    Attributes:
        run: Does so many units of work and waits for the last of them.
        parts: How many of what is counted are in a unit, such as pictures in a batch.
        facts: What the parent compares and writes down: see `measuring`.
        device_memory: The most bytes that the device's own memory held; 0 on a processor.
    """

    run: Callable[[int], None]
    parts: int = 1
    facts: dict = field(default_factory=dict)
    device_memory: Callable[[], int] = lambda: 0


def seconds_of(run, count):
    """The seconds of each of `count` units, done in one block."""
    began = time.perf_counter()
    run(count)
    return (time.perf_counter() - began) / count


def warmed(run):
    """The seconds of a unit when all is traced and chosen."""
    seconds = seconds_of(run, 1)
    if seconds < SLOW:
        run(WARM - 1)
        seconds = seconds_of(run, 1)
    return seconds


def main():
    module, job = sys.argv[1], json.loads(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not come between the answers

    def answer(**values):
        print(json.dumps(values), file=answers, flush=True)

    work = importlib.import_module(f"tests.benchmarks.{module}").prepare(job)
    count = max(1, round(job["seconds"] / warmed(work.run)))
    answer(**work.facts)
    for _ in sys.stdin:
        seconds = seconds_of(work.run, count)
        peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answer(seconds=seconds / work.parts, memory=peak, device_memory=work.device_memory())


if __name__ == "__main__":
    main()
