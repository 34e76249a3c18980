"""Checks of every plugin: that it can be listed, imported and documented, and that its options are plain."""

import inspect
import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import lru_cache

from stylezoo.catalogue import registry
from stylezoo.catalogue.kinds import KINDS
from stylezoo.catalogue.sources import describe
from stylezoo.checks import doctor
from stylezoo.checks.subjects import demand
from stylezoo.errors import name_all
from stylezoo.spec import GIVEN, Spec


def listed_without_import(subject):
    """`stylezoo list` and `show` import neither the plugin nor Keras."""
    if subject.plugin.local is not None:  # it is in this process only, and imported
        return
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
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def imported_cleanly(subject):
    """Importing it succeeds and changes nothing that `stylezoo doctor` sees: output, files, settings, random state."""
    if subject.plugin.local is not None:
        return
    diagnosis = _diagnoses(subject.plugin.distribution)[subject.plugin]
    # Slow imports are left to the doctor: a machine that runs tests may be busy.
    demand(diagnosis.cause in ("", "slow import"), f"{diagnosis.cause}: {diagnosis.reason}")


@lru_cache(maxsize=8)
def _diagnoses(distribution):
    plugins = [plugin for plugin in registry.plugins() if plugin.owned_by(distribution)]
    return {diagnosis.plugin: diagnosis for diagnosis in doctor.examine(plugins)}


def documented(subject):
    """Its source can be read, and its docstring has a first paragraph and explains each option in "Args:"."""
    found = describe(subject.plugin)
    demand(not found.problem, found.problem)
    if KINDS[subject.plugin.kind].suffix:  # a file has a card, which has a check of its own
        return
    demand(found.summary.rstrip("."), "it has no docstring")
    if subject.plugin.kind != "model":
        parameters = [name for name in inspect.signature(subject.component).parameters if name != "shape"]
        unseen = sorted(set(parameters) - {option.name for option in found.options})
        demand(not unseen, f"its source does not show the option {name_all(unseen)}: write a constructor that names it")
    lacking = [option.name for option in found.options if option.name not in {*found.meanings, *GIVEN}]
    demand(not lacking, f"its docstring's section 'Args:' lacks the option {name_all(lacking)}")


def plain_options(subject):
    """Its options are in the signature, have plain values, and survive conversion to text and to JSON."""
    parameters = inspect.signature(subject.component).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.name not in GIVEN and p.default is not p.empty}
    spec = replace(subject.spec, options={**defaults, **subject.spec.options})
    demand(Spec.parse(str(spec)) == spec, f"'{spec}' is not read as the options that it was written from")
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
