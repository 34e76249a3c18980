"""The variants of a job take turns: A B A B in one run, so that a busy machine slows all of them alike.

A variant is prepared once, in a process of its own, and only one process computes at a time.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

ROOT = Path(__file__).parents[2]
PAUSE = 0.2  # seconds between turns, in which the threads of the process before fall asleep
LEAST_ROUNDS = 3
MOST_SECONDS = 180  # of the turns of one job, once the least rounds are made


class Failed(Exception):
    """A variant cannot be measured; the message says why."""


@dataclass(frozen=True)
class Summary:
    """The median and the quartiles of what was measured."""

    lower: float
    median: float
    upper: float

    @classmethod
    def of(cls, values):
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        return cls(*statistics.quantiles(values, n=4, method="inclusive"))


class Process:
    """A prepared process of a variant: each call of `turn` is one block of its work."""

    def __init__(self, python, module, job):
        command = [python, "-m", "tests.benchmarks.worker", module, json.dumps(job)]
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._log, "text": True}
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)
        try:
            self.facts = self._answer()
        except Failed:
            self.close()
            raise

    def turn(self):
        """What one block of work took: "seconds" of a unit, "memory" and "device_memory" so far in bytes."""
        try:
            print("go", file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise Failed(self._last_words()) from None
        return self._answer()

    def close(self):
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise Failed(self._last_words())
        return json.loads(line)

    def _last_words(self):
        code = self._process.wait()
        self._log.seek(0)
        lines = self._log.read().split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return f"it ended with {code}: {said[-1][:200] if said else 'it said nothing'}"


class FreshProcess:
    """A new process for each turn, for what only a new one shows: the memory that it needs at most."""

    def __init__(self, python, module, job):
        self._arguments = (python, module, job)
        self.facts = {}

    def turn(self):
        process = Process(*self._arguments)
        try:
            self.facts = process.facts
            return process.turn()
        finally:
            process.close()

    def close(self):
        pass


class Command:
    """A command line, which is started anew in each turn.

    Args:
        words: The words after ``python``.
        folder: The folder in which it runs.
        environment: Its environment variables; None: those of this process.
        until: What it prints when enough is done, after which it is ended; None: it ends itself.
        refused: Whether it must end with an error.
        first: Whether it runs once before, which writes byte code.
    """

    facts: ClassVar = {}

    def __init__(self, words, folder, environment=None, until=None, refused=False, first=True):
        self._words = [sys.executable, *map(str, words)]
        self._options = {"cwd": folder, "env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self._until = until
        self._refused = refused
        if first:
            self.turn()

    def turn(self):
        began = time.perf_counter()
        with subprocess.Popen(self._words, text=True, **self._options) as process:
            said = ""
            while (line := process.stdout.readline()) and not (self._until and self._until in line):
                said += line
            seconds = time.perf_counter() - began
            if line:
                process.kill()
        if not line and (self._until or (process.returncode != 0) != self._refused):
            raise Failed(said.strip().rpartition("\n")[2][:200])
        return {"seconds": seconds}

    def close(self):
        pass


def measured(variants, rounds, say):
    """What the turns of all variants gave: {name: (facts, answers)}; of one that cannot be measured, why, as a text.

    Args:
        variants: A function for each name, which prepares the variant.
        rounds: How many turns each takes; fewer if that takes too long.
        say: Called with a line about what happens.
    """
    found, prepared = {}, {}
    with ExitStack() as stack:
        for name, prepare in variants.items():
            say(f"prepare {name}")
            try:
                prepared[name] = prepare()
                stack.callback(prepared[name].close)
            except Failed as failure:
                found[name] = str(failure)
        answers = {name: [] for name in prepared}
        began = time.monotonic()
        for number in range(rounds):
            if number >= LEAST_ROUNDS and time.monotonic() - began > MOST_SECONDS:
                break
            say(f"round {number + 1} of {rounds}")
            for name in [name for name in prepared if name not in found]:
                time.sleep(PAUSE)
                try:
                    answers[name].append(prepared[name].turn())
                except Failed as failure:
                    found[name] = str(failure)
        rest = {name: (prepared[name].facts, answers[name]) for name in prepared if name not in found}
    return {**rest, **found}
