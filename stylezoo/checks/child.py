"""The child process of the doctor: it imports plugins, and reports a line of JSON on each."""

import faulthandler
import json
import os
import signal
import sys
import threading
import time
from typing import Any

from stylezoo.catalogue import registry
from stylezoo.catalogue.registry import Plugin
from stylezoo.errors import BrokenPlugin, StylezooError, UnknownPlugin


def main() -> None:
    """Import the plugins named on standard input, and report a line of JSON on each."""
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # output of plugins is no report

    def report(**fields):
        print(json.dumps(fields), file=reports, flush=True)

    request = json.load(sys.stdin)
    try:
        import keras  # noqa: F401 - before the clock runs
    except Exception as error:
        report(keras=f"{type(error).__name__}: {error}")
        return
    from stylezoo import contract, layers, recipe  # noqa: F401 - not counted as the plugins' imports

    report()
    faulthandler.enable()
    for kind, name in request["plugins"]:
        plugin = registry.find(kind, name)
        faulthandler.dump_traceback_later(request["deadline"])
        before, began = _state(), time.monotonic()
        cause, reason, advice = _import(plugin)
        seconds = time.monotonic() - began
        faulthandler.cancel_dump_traceback_later()
        report(cause=cause, reason=reason, advice=advice, seconds=seconds, effects=_effects(before, _state()))


def _import(plugin: Plugin) -> tuple[str, str, str]:
    """Why a plugin cannot be used, in two words and in a sentence, and what to do; empty texts if it can."""
    from stylezoo.recipe import Recipe
    from stylezoo.runs import loading

    try:
        if plugin.kind == "model":
            Recipe.named(plugin.qualified).resolve()
        elif plugin.kind == "style":
            loading.checked_recipe(loading.model_file(plugin.qualified)).resolve()
        else:
            plugin.load()
    except BrokenPlugin as error:
        if error.plugin != plugin:  # a part of a recipe, which has its own diagnosis
            advice = f"See 'stylezoo doctor {error.plugin.qualified}'."
            return (
                "broken part",
                f"its {error.plugin.kind} '{error.plugin.qualified}' is broken: {error.reason}",
                advice,
            )
        return *_cause(plugin, error), ""
    except UnknownPlugin as error:  # a part of a recipe
        return "missing dependency", str(error).rstrip("."), ""
    except StylezooError as error:
        return "contract", str(error).rstrip("."), ""
    return "", "", ""


def _cause(plugin: Plugin, error: BrokenPlugin) -> tuple[str, str]:
    match error.__cause__:
        case None:
            return "contract", error.reason
        case ModuleNotFoundError(name=str(name)) if name.partition(".")[0] == plugin.place[0].partition(".")[0]:
            return "entry point", f"there is no module '{name}'"
        case ImportError(name=str(name)) if name.partition(".")[0] == "stylezoo":
            return "other stylezoo", error.reason
        case ModuleNotFoundError(name=str(name)):
            return "missing dependency", f"it imports '{name}', which is not installed"
        case ImportError():
            return "import error", error.reason
        case SystemExit(code=status):
            return "exit", f"it ends Python with exit status {status} when it is imported"
    return "error", error.reason


def _state() -> dict[str, Any]:
    """The state that an import should not change, by the words for a change."""
    import logging
    import random

    import keras
    import numpy

    sys.stdout.flush()
    sys.stderr.flush()
    return {
        "changes environment variables": dict(os.environ),
        "leaves the current folder": os.getcwd(),
        "writes into the current folder": sorted(os.listdir()),
        "prints something": os.fstat(2).st_size,
        "sets up logging": (logging.root.level, list(logging.root.handlers)),
        "changes what signals do": (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)),
        "starts threads": threading.active_count(),
        "draws or seeds random numbers": (random.getstate(), str(numpy.random.get_state())),
        "changes Keras' precision": (keras.config.dtype_policy().name, keras.config.floatx()),
        "changes Keras' order of channels": keras.config.image_data_format(),
    }


def _effects(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [effect for effect, state in before.items() if after[effect] != state]
