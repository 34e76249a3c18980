"""Import plugins in processes of their own, and say of each what is wrong with it and what to do.

A plugin may end Python, crash it or never come back from its import; here that ends a child process, which is named
the culprit by what it had not reported yet. The plugins of one distribution share a child as long as it lives.
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

from stylezoo.catalogue.registry import Plugin
from stylezoo.catalogue.sources import describe
from stylezoo.errors import StylezooError

DEADLINE = 20.0  # seconds that an import may take
SLOW = 3.0  # seconds from which on an import is called slow; Keras and TensorFlow are there before
KERAS_DEADLINE = 300.0  # seconds for Keras itself, on a machine that is busy
GRACE = 2.0  # seconds in which a child tells where it hangs
CHILD = "from stylezoo.checks.child import main; main()"
CHILD_ENVIRONMENT = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}


@dataclass(frozen=True)
class Diagnosis:
    """What came of one plugin's import.

    Attributes:
        plugin: The plugin.
        cause: What is wrong in two words, such as "missing dependency"; "" if nothing is.
        reason: The same in a sentence, without its full stop.
        advice: What to do, a sentence.
        file: Where its source lies, "" if it was not found.
        seconds: How long the import took, Keras and TensorFlow left out.
    """

    plugin: Plugin
    cause: str = ""
    reason: str = ""
    advice: str = ""
    file: str = ""
    seconds: float = 0.0


def examine(plugins: Iterable[Plugin], deadline: float = DEADLINE) -> Iterator[Diagnosis]:
    """Import plugins, each where it can do no harm, and tell what came of it as soon as it is known.

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
            if plugin.problem:  # the metadata says so; nothing need be imported
                yield _from_metadata(plugin)
            else:
                waiting.append(plugin)
        while waiting:
            for diagnosis in _from_one_child(waiting, deadline):
                yield diagnosis
                waiting = waiting[1:]


def _from_metadata(plugin: Plugin) -> Diagnosis:
    cause = "entry point" if plugin.place is None else "plugin API"
    return Diagnosis(plugin, cause, plugin.problem, plugin.advice, _file(plugin))


def _from_one_child(plugins: list[Plugin], deadline: float) -> Iterator[Diagnosis]:
    """What one child reports, and of the plugin that it does not survive how it ended."""
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile() as said,
        _child(plugins, deadline, folder, said) as (process, reports),
    ):
        report = _next(reports, KERAS_DEADLINE)
        if report is None or report.get("keras"):
            reason = (report or {}).get("keras") or _last_line(said) or "it does not come back"
            raise StylezooError(f"Keras cannot be imported, without which no plugin works: {reason}.")
        for plugin in plugins:
            report = _next(reports, deadline + GRACE)
            if report is None:
                yield _lost(plugin, process, said, deadline)
                return
            yield _reported(plugin, report)


@contextmanager
def _child(plugins, deadline, folder, said):
    """A child that imports these plugins in a folder of its own, and the queue of its reports; None ends it."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        cwd=folder,
        env={**os.environ, **CHILD_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
        encoding="utf-8",
        start_new_session=True,  # with what a plugin starts it can be ended as one
    )
    reports = queue.Queue()
    listener = threading.Thread(target=_listen, args=(process, reports), daemon=True)
    try:
        listener.start()
        names = [[plugin.kind, plugin.qualified] for plugin in plugins]
        with suppress(OSError), process.stdin as request:  # it may be gone already, which the listener reports
            json.dump({"deadline": deadline, "plugins": names}, request)
        yield process, reports
    finally:
        _end(process)
        listener.join(GRACE)


def _listen(process, reports):
    """Put what a child reports into a queue, and None when it has ended."""
    with process.stdout:
        for line in process.stdout:
            if line.startswith("{"):  # what is printed before the child takes over is no report
                reports.put(json.loads(line))
    process.wait()
    reports.put(None)


def _end(process: subprocess.Popen) -> None:
    """End a child and, where there are groups of processes, all that it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _next(reports, seconds):
    """The child's next report, None if it has ended or is silent for so long."""
    try:
        return reports.get(timeout=seconds)
    except queue.Empty:
        return None


def _reported(plugin: Plugin, report: dict[str, Any]) -> Diagnosis:
    cause, reason, advice = report["cause"], report["reason"], report["advice"] or plugin.advice
    if cause == "missing dependency" and (missing := _missing_requirements(plugin)):
        advice = f"Install what it requires: 'pip install {' '.join(map(_quoted, missing))}'."
    elif cause == "missing dependency":
        advice = f"Its metadata does not name it; tell the authors of {plugin.distribution}, or install it yourself."
    elif cause == "other stylezoo" and (wanted := _other_stylezoo(plugin)):
        reason = f"{reason}; it requires '{wanted}', this is {importlib.metadata.version('stylezoo')}"
        advice = f"'pip install --upgrade {_quoted(wanted)}', or an older {plugin.distribution}."
    elif not cause and report["seconds"] > SLOW:
        cause, reason = "slow import", f"its import takes {report['seconds']:.1f} s, which every training waits for"
        advice = f"Tell the authors of {plugin.distribution}: what is slow belongs into the component."
    elif not cause and report["effects"]:
        cause, reason = "side effects", f"its import {'; '.join(report['effects'])}"
        advice = f"Tell the authors of {plugin.distribution}: an import should change nothing."
    return Diagnosis(plugin, cause, reason, advice if cause else "", _file(plugin), report["seconds"])


def _lost(plugin: Plugin, process: subprocess.Popen, said, deadline: float) -> Diagnosis:
    """Of a plugin whose import the child did not come back from."""
    status = process.poll()
    where = _place(said, plugin)
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


def _place(said, plugin: Plugin) -> str:
    """Where Python was when it ended or hung, of the frames that were printed the innermost of the plugin's own."""
    said.seek(0)
    frames = re.findall(r'^  File "(.+)", line (\d+)', said.read().decode(errors="replace"), re.MULTILINE)
    file = _file(plugin)
    own = [frame for frame in frames if file and Path(frame[0]).parent == Path(file).parent]
    return "".join(f", in {name}, line {line}" for name, line in (own or frames)[:1])


def _last_line(said) -> str:
    said.seek(0)
    return (said.read().decode(errors="replace").strip().splitlines() or [""])[-1]


def _file(plugin: Plugin) -> str:
    return str(describe(plugin).file or "")


def _requirements(plugin: Plugin) -> list[str]:
    """What the plugin's distribution requires always, not for some of its extras or on some machines."""
    try:
        required = importlib.metadata.Distribution.at(plugin.metadata).requires or []
    except OSError:
        return []
    return [requirement.strip() for requirement in required if ";" not in requirement]


def _missing_requirements(plugin: Plugin) -> list[str]:
    return [each for each in _requirements(plugin) if not _is_installed(re.split(r"[^\w.-]", each)[0])]


def _quoted(requirement: str) -> str:
    """A requirement as a shell takes it: ">" would write a file."""
    return requirement if re.fullmatch(r"[\w.-]+", requirement) else f'"{requirement}"'


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _other_stylezoo(plugin: Plugin) -> str:
    """The version of stylezoo that a plugin's distribution requires, as its metadata says it."""
    return next((each for each in _requirements(plugin) if re.match(r"stylezoo\s*[<>=!~]", each)), "")
