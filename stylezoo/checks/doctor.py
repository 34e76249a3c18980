"""Import plugins in child processes, and diagnose what is wrong with each and what to do.

A plugin may end Python, crash it or hang in its import; this only ends a child process, and the first plugin that it
has not reported is the cause. The plugins of one distribution share a child until it ends.
"""

import importlib.metadata
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from stylezoo.catalogue import needs
from stylezoo.catalogue.registry import PROJECT, Plugin
from stylezoo.catalogue.sources import describe
from stylezoo.errors import StylezooError

DEADLINE = 20.0  # seconds that an import may take
SLOW = 3.0  # seconds from which on an import is called slow, without those for Keras and TensorFlow
KERAS_DEADLINE = 300.0  # seconds for Keras itself, on a machine that is busy
GRACE = 2.0  # seconds for a child to report where it hangs
REQUIREMENT = re.compile(rf"{PROJECT.pattern} *(?:\[[A-Za-z0-9._, -]*\])? *\(?[A-Za-z0-9.*+!<>=~, -]*\)?")
METAL, TENSORFLOW = (1, 2), (2, 20)  # the last tensorflow-metal, and the first TensorFlow that it keeps from starting
CHILD = "from stylezoo.checks.child import main; main()"
CHILD_ENVIRONMENT = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}


@dataclass(frozen=True)
class Diagnosis:
    """The result of one plugin's import.

    Attributes:
        plugin: The plugin.
        cause: What is wrong in two words, such as "missing dependency"; "" if nothing is.
        reason: The same in a sentence, without its full stop.
        advice: What to do, a sentence.
        file: Its source file, "" if it was not found.
        seconds: The time of the import, without Keras and TensorFlow.
    """

    plugin: Plugin
    cause: str = ""
    reason: str = ""
    advice: str = ""
    file: str = ""
    seconds: float = 0.0


def examine(plugins: Iterable[Plugin], deadline: float = DEADLINE) -> Iterator[Diagnosis]:
    """Import plugins in child processes and yield a diagnosis of each as soon as it is known.

    Args:
        plugins: The plugins; those of one distribution come together in the result.
        deadline: Seconds that one import may take.

    Raises:
        StylezooError: Keras itself cannot be imported.
    """
    owner = lambda plugin: plugin.distribution  # noqa: E731
    for _, group in groupby(sorted(plugins, key=owner), key=owner):
        waiting = []
        for plugin in group:
            if plugin.local is not None:  # `register` has checked it, and another process does not know it
                yield Diagnosis(plugin)
            elif plugin.problem:  # known from the metadata, without an import
                yield _from_metadata(plugin)
            else:
                waiting.append(plugin)
        while waiting:
            for diagnosis in _from_one_child(waiting, deadline):
                yield diagnosis
                waiting = waiting[1:]


def of_machine() -> list[str]:
    """A line for each installed distribution that is no plugin and keeps TensorFlow from being imported."""
    metal, tensorflow = needs.version_of("tensorflow-metal"), needs.version_of("tensorflow")
    if not metal or not tensorflow or _numbers(metal) > METAL or _numbers(tensorflow) < TENSORFLOW:
        return []
    return [
        f"tensorflow-metal {metal}, which lets TensorFlow use the GPU of a Mac, does not work with TensorFlow 2.20 and "
        f"later; {tensorflow} is installed and cannot be imported beside it: 'pip uninstall tensorflow-metal'."
    ]


def _numbers(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _from_metadata(plugin: Plugin) -> Diagnosis:
    cause = "entry point" if plugin.place is None else "plugin API"
    return Diagnosis(plugin, cause, plugin.problem, plugin.advice, _file(plugin))


def _from_one_child(plugins: list[Plugin], deadline: float) -> Iterator[Diagnosis]:
    """The diagnoses from one child, up to the plugin that ended it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile() as errors,
        _child(plugins, deadline, folder, errors) as (process, reports),
    ):
        report = _next(reports, KERAS_DEADLINE)
        if report is None or report.get("keras"):
            reason = (report or {}).get("keras") or _last_line(errors) or "it does not return"
            told = f"Keras cannot be imported, without which no plugin works: {reason}."
            raise StylezooError(" ".join([told, *of_machine()]))
        for plugin in plugins:
            report = _next(reports, deadline + GRACE)
            if report is None:
                yield _lost(plugin, process, errors, deadline)
                return
            yield _reported(plugin, report)


@contextmanager
def _child(plugins, deadline, folder, errors):
    """A child process that imports these plugins in a temporary folder, and the queue of its reports; None ends it."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        cwd=folder,
        env={**os.environ, **CHILD_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
        encoding="utf-8",
        start_new_session=True,  # can be ended together with all processes that a plugin starts
    )
    reports = queue.Queue()
    listener = threading.Thread(target=_listen, args=(process, reports), daemon=True)
    try:
        listener.start()
        names = [[plugin.kind, plugin.qualified] for plugin in plugins]
        with suppress(OSError), process.stdin as request:  # it may have ended already, which the listener reports
            json.dump({"deadline": deadline, "plugins": names}, request)
        yield process, reports
    finally:
        _end(process)
        listener.join(GRACE)


def _listen(process, reports):
    """Put the reports of a child into a queue, and None when it has ended."""
    with process.stdout:
        for line in process.stdout:
            if line.startswith("{"):  # output before the first report
                reports.put(json.loads(line))
    process.wait()
    reports.put(None)


def _end(process: subprocess.Popen) -> None:
    """End a child process and, where there are process groups, all processes that it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _next(reports, seconds):
    """The child's next report; None if it has ended or there is none in these seconds."""
    try:
        return reports.get(timeout=seconds)
    except queue.Empty:
        return None


def _reported(plugin: Plugin, report: dict[str, Any]) -> Diagnosis:
    cause, reason, advice = report["cause"], report["reason"], report["advice"] or plugin.advice
    if cause == "missing dependency" and (missing := _missing_requirements(plugin)):
        advice = f"Install what it requires: 'pip install {' '.join(map(_quoted, missing))}'."
    elif cause == "missing dependency":
        advice = f"Install it, and report to the authors of {plugin.distribution} that their metadata lacks it."
    elif cause == "other stylezoo" and (wanted := _other_stylezoo(plugin)):
        reason = f"{reason}; it requires '{wanted}', this is {needs.version_of('stylezoo')}"
        advice = f"'pip install --upgrade {_quoted(wanted)}', or an older {plugin.distribution}."
    elif not cause and report["seconds"] > SLOW:
        cause, reason = "slow import", f"its import takes {report['seconds']:.1f} s, which delays every training"
        advice = f"Report to the authors of {plugin.distribution}: slow work belongs into the component."
    elif not cause and report["effects"]:
        cause, reason = "side effects", f"its import {'; '.join(report['effects'])}"
        advice = f"Report to the authors of {plugin.distribution}: an import should change nothing."
    return Diagnosis(plugin, cause, reason, advice if cause else "", _file(plugin), report["seconds"])


def _lost(plugin: Plugin, process: subprocess.Popen, errors, deadline: float) -> Diagnosis:
    """The diagnosis of a plugin whose import ended or blocked the child."""
    status = process.poll()
    where = _place(errors, plugin)
    if status is None:
        cause, reason = "endless import", f"it is still being imported after {deadline:g} s{where}"
    elif status < 0:
        cause, reason = "crash", f"Python was ended by {_signal(-status)} while it was imported{where}"
    else:
        cause, reason = "exit", f"it ended Python with exit status {status} while it was imported{where}"
    return Diagnosis(plugin, cause, reason, plugin.advice, _file(plugin))


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _place(errors, plugin: Plugin) -> str:
    """Where Python ended or hung: the innermost frame in the plugin's own files, if there is one."""
    errors.seek(0)
    frames = re.findall(r'^  File "(.+)", line (\d+)', errors.read().decode(errors="replace"), re.MULTILINE)
    file = _file(plugin)
    own = [frame for frame in frames if file and Path(frame[0]).parent == Path(file).parent]
    return "".join(f", in {name}, line {line}" for name, line in (own or frames)[:1])


def _last_line(errors) -> str:
    errors.seek(0)
    return (errors.read().decode(errors="replace").strip().splitlines() or [""])[-1]


def _file(plugin: Plugin) -> str:
    return str(describe(plugin).file or "")


def _requirements(plugin: Plugin) -> list[str]:
    """The unconditional requirements of the plugin's distribution, without those of extras or of some systems.

    Those that are more than a name and versions, such as addresses, are left out: they stand in no command.
    """
    try:
        required = importlib.metadata.Distribution.at(plugin.metadata).requires or []
    except OSError:
        return []
    return [each for each in map(str.strip, required) if len(each) < 200 and REQUIREMENT.fullmatch(each)]


def _missing_requirements(plugin: Plugin) -> list[str]:
    return [each for each in _requirements(plugin) if needs.version_of(PROJECT.match(each)[0]) is None]


def _quoted(requirement: str) -> str:
    """A requirement quoted for a shell, where ">" would write a file."""
    return requirement if PROJECT.fullmatch(requirement) else f'"{requirement}"'


def _other_stylezoo(plugin: Plugin) -> str:
    """The version of stylezoo that a plugin's distribution requires in its metadata."""
    return next((each for each in _requirements(plugin) if re.match(r"stylezoo\s*[<>=!~]", each)), "")
