"""Checks of every plugin: that it can be listed, imported and documented, and that its options are plain."""

import inspect
import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import lru_cache

from stylezoo.catalogue import registry
from stylezoo.catalogue.sources import describe
from stylezoo.checks import doctor
from stylezoo.checks.subjects import demand
from stylezoo.errors import name_all
from stylezoo.spec import GIVEN, Spec


def listed_without_import(subject):
    """`stylezoo list` and `show` import neither the plugin nor Keras."""
    imported = _imported_by_listing()
    demand(subject.plugin.place[0].partition(".")[0] not in imported, "listing imports it")
    demand("keras" not in imported, "listing imports Keras")


@lru_cache(maxsize=1)
def _imported_by_listing():
    code = (
        "import sys; from stylezoo.catalogue import registry, sources; "
        "[sources.describe(plugin) for plugin in registry.plugins()]; print(*sys.modules)"
    )
    path = os.pathsep.join(os.path.abspath(each) for each in sys.path)
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def imported_cleanly(subject):
    """Importing it succeeds and changes nothing that `stylezoo doctor` sees: output, files, settings, random state."""
    diagnosis = _diagnoses(subject.plugin.distribution)[subject.plugin]
    # A slow import is the doctor's business: a machine that tests run on may be busy.
    demand(diagnosis.cause in ("", "slow import"), f"{diagnosis.cause}: {diagnosis.reason}")


@lru_cache(maxsize=8)
def _diagnoses(distribution):
    plugins = [plugin for plugin in registry.plugins() if plugin.owned_by(distribution)]
    return {diagnosis.plugin: diagnosis for diagnosis in doctor.examine(plugins)}


def documented(subject):
    """Its source can be read, says in a first paragraph what it is, and in "Args:" what each option means."""
    said = describe(subject.plugin)
    demand(not said.problem, said.problem)
    demand(said.summary.rstrip("."), "it has no docstring")
    if subject.plugin.kind != "model":
        parameters = [name for name in inspect.signature(subject.component).parameters if name != "shape"]
        unseen = sorted(set(parameters) - {option.name for option in said.options})
        demand(not unseen, f"its source does not show the option {name_all(unseen)}: write a constructor that names it")
    silent = [option.name for option in said.options if option.name not in {*said.meanings, *GIVEN}]
    demand(not silent, f"its docstring's section 'Args:' lacks the option {name_all(silent)}")


def plain_options(subject):
    """Its options stand in the signature, have plain values, and come back from text and from JSON as they were."""
    parameters = inspect.signature(subject.component).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.name not in GIVEN and p.default is not p.empty}
    spec = replace(subject.spec, options={**defaults, **subject.spec.options})
    demand(Spec.parse(str(spec)) == spec, f"'{spec}' does not mean the options that it is written for")
    try:
        again = json.loads(json.dumps(spec.options))
    except TypeError as error:
        raise AssertionError(f"its options are not plain data: {error}") from None
    same = [(key, type(value), value) for key, value in spec.options.items()]
    read = [(key, type(value), value) for key, value in again.items()]
    demand(read == same, f"its options {spec.options} come back from JSON as {again}")
    spec.part(subject.plugin.kind)


EVERY = {
    "listed_without_import": listed_without_import,
    "imported_cleanly": imported_cleanly,
    "documented": documented,
}
EVERY_PART = {**EVERY, "plain_options": plain_options}
