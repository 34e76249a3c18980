"""The doctor finds out what is wrong with plugins of which no program could survive the import."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import THIRD_PARTY
from test_cli import stylezoo

from stylezoo.catalogue import registry
from stylezoo.checks.doctor import examine, of_machine
from stylezoo.errors import StylezooError

pytestmark = pytest.mark.long  # each distribution is a child process that imports Keras

ILL = {  # folder of tests/third_party: plugin, cause, what the reason says, what the advice says
    "crashes": ("crashing", "crash", r"ended by SIGSEGV .*acme_crashes\.py, line 7$", "pip uninstall acme-crashes"),
    "endless": ("endless", "endless import", r"still .* after 6 s, in .*acme_endless\.py, line 8$", "pip uninstall"),
    "exits": ("leaving", "exit", "ends Python with exit status 7", "pip uninstall acme-exits"),
    "quits": ("quitting", "exit", "ended Python with exit status 0", "pip uninstall acme-quits"),
    "newer": (
        "futuristic",
        "plugin API",
        "needs plugin API >= 99, this is",
        "pip install --upgrade stylezoo",
    ),
    "older": ("ancient", "plugin API", "names no version of the plugin API", "pip uninstall acme-older"),
    "requires": (
        "demanding",
        "missing dependency",
        "'a_package_that_nobody_has', which is not installed",
        "'pip install \"a-package-that-nobody-has>=2\"'",
    ),
    "missing": ("dreamy", "missing dependency", "'a_package_that_nobody_has'", "report to the authors of acme-missing"),
    "other_core": ("elsewhere", "other stylezoo", "it requires 'stylezoo>=99', this is ", '--upgrade "stylezoo>=99"'),
    "slow": ("slow", "slow import", r"takes \d\.\d s", "report to the authors of acme-slow"),
    "malformed": ("dashed", "entry point", "'my-module:Loss' is not of the form", "pip uninstall acme-malformed"),
    "meddles": ("meddling", "side effects", "environment.*current folder.*prints.*random.*precision", "change nothing"),
}


@pytest.fixture(scope="module")
def diagnoses():
    """What is found of all of them at once: name of the plugin -> diagnosis."""
    with pytest.MonkeyPatch.context() as patch:
        for folder in ("acme", *ILL):
            patch.syspath_prepend(str(THIRD_PARTY / folder))
        strangers = [plugin for plugin in registry.plugins() if plugin.distribution != "stylezoo"]
        return {each.plugin.name: each for each in examine(strangers, deadline=6)}


@pytest.mark.parametrize("folder", ILL)
def test_the_cause_is_named_with_file_and_advice(folder, diagnoses):
    name, cause, reason, advice = ILL[folder]
    found = diagnoses[name]
    assert found.cause == cause
    assert re.search(reason, found.reason)
    assert advice.lower() in found.advice.lower()
    assert "\n" not in found.reason + found.advice
    if cause != "entry point":
        assert found.file.endswith(f"acme_{folder}.py")


def test_who_is_well_beside_them_is_said_to_be_well(diagnoses):
    for name in ("charbonnier", "retouch", "acme-retouch"):
        assert (diagnoses[name].cause, diagnoses[name].reason, diagnoses[name].advice) == ("", "", "")


def test_after_a_plugin_that_ends_python_those_of_its_distribution_are_still_examined(tmp_path, monkeypatch):
    metadata = tmp_path / "acme_pair-1.0.dist-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_text("[stylezoo.losses]\na = acme_pair_a:A\nb = acme_pair_b:B\n")
    (tmp_path / "acme_pair_a.py").write_text("import os\nos._exit(5)\n")
    (tmp_path / "acme_pair_b.py").write_text("class B:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    a, b = examine([plugin for plugin in registry.plugins() if plugin.owned_by("acme-pair")])
    assert (a.plugin.name, a.cause) == ("a", "exit")
    assert (b.plugin.name, b.cause, b.reason) == ("b", "contract", "it is not a subclass of stylezoo.Loss")


def test_what_a_plugin_has_started_does_not_keep_the_doctor(tmp_path, monkeypatch):
    metadata = tmp_path / "acme_forks-1.0.dist-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_text("[stylezoo.losses]\nforks = acme_forks:Forks\n")
    started = tmp_path / "started"
    (tmp_path / "acme_forks.py").write_text(
        "import subprocess, sys\nfrom stylezoo import ImageLoss\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(500)'])\n"
        f"open({str(started)!r}, 'w').write(str(child.pid))\n"
        "class Forks(ImageLoss):\n    def measure(self, source, style, fake):\n        return 0.0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    (found,) = examine([plugin for plugin in registry.plugins() if plugin.owned_by("acme-forks")])
    assert found.plugin.name == "forks"
    state = Path(f"/proc/{started.read_text()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"  # ended, at most not yet reaped


def test_a_model_with_a_broken_part_names_the_part(tmp_path, monkeypatch):
    metadata = tmp_path / "acme_model-1.0.dist-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_text("[stylezoo.models]\nacme = acme_model:recipe\n")
    text = "from stylezoo import Recipe\nrecipe = Recipe(about='A.', losses=('lsgan', 'acme-missing/dreamy'))\n"
    (tmp_path / "acme_model.py").write_text(text)
    for folder in (THIRD_PARTY / "missing", tmp_path):
        monkeypatch.syspath_prepend(str(folder))
    (found,) = examine([plugin for plugin in registry.plugins() if plugin.owned_by("acme-model")])
    assert found.cause == "broken part"
    assert found.reason.startswith("its loss 'acme-missing/dreamy' is broken: ModuleNotFoundError")
    assert found.advice == "See 'stylezoo doctor acme-missing/dreamy'."


def test_a_model_whose_part_is_not_installed_is_told_what_to_install(tmp_path, monkeypatch):
    metadata = tmp_path / "acme_model-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: acme-model\nVersion: 1.0\nRequires-Dist: nobodys-loss\n")
    (metadata / "entry_points.txt").write_text("[stylezoo.models]\nacme = acme_model:recipe\n")
    text = "from stylezoo import Recipe\nrecipe = Recipe(about='A.', losses=('lsgan', 'nobodys-loss/glow'))\n"
    (tmp_path / "acme_model.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    (found,) = examine([plugin for plugin in registry.plugins() if plugin.owned_by("acme-model")])
    assert found.cause == "missing dependency"
    assert "'nobodys-loss' is not installed or offers no loss 'glow'" in found.reason
    assert found.advice == "Install what it requires: 'pip install nobodys-loss'."


def test_without_keras_one_line_says_so(tmp_path, monkeypatch):
    (tmp_path / "keras.py").write_text("raise ImportError('keras is ill')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(StylezooError, match=r"Keras cannot be imported, .*ImportError: keras is ill"):
        list(examine(registry.plugins("loss")[:1]))


def test_a_gpu_plugin_that_keeps_tensorflow_from_starting_is_told(third_party, tmp_path, monkeypatch):
    assert of_machine() == []
    third_party("metal")
    (line,) = of_machine()
    assert line.startswith("tensorflow-metal 1.2.0, which ")
    assert line.endswith("cannot be imported beside it: 'pip uninstall tensorflow-metal'.")
    (tmp_path / "keras.py").write_text("raise ImportError('libmetal_plugin.dylib')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(StylezooError, match=r"Keras cannot be imported, .*libmetal_plugin\.dylib\. tensorflow-metal"):
        list(examine(registry.plugins("loss")[:1]))


@pytest.mark.parametrize(("name", "version"), [("tensorflow-metal", "1.3.0"), ("tensorflow", "2.19.1")])
def test_other_versions_of_it_are_none_of_ours(third_party, tmp_path, monkeypatch, name, version):
    """Of a newer one nothing is known, and with an older TensorFlow it works."""
    third_party("metal")
    metadata = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert of_machine() == []


def test_all_built_ins_are_well_and_nothing_is_imported_here(python):
    code = """
import sys
from stylezoo.cli import main
try:
    main(["doctor", "stylezoo", "--json"])
finally:
    heavy = ("keras", "tensorflow", "numpy", "stylezoo_builtins")
    print([name for name in heavy if name in sys.modules], file=sys.stderr)
"""
    done = python("-c", code, installed=["missing"])
    assert done.stderr == "[]\n"
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert (document["schema"], document["api"]) == (1, registry.API)
    assert {row["distribution"] for row in document["plugins"]} == {"stylezoo"}
    assert len(document["plugins"]) == sum(plugin.distribution == "stylezoo" for plugin in registry.plugins())


def test_exit_code_3_when_something_is_wrong(python):
    done = python("-m", "stylezoo", "doctor", "acme-missing/dreamy", installed=["missing", "rival"])
    assert done.returncode == 3
    assert done.stdout.startswith("missing dependency: loss dreamy  acme-missing 0.3\n  why   ")
    assert done.stderr == ""


def test_what_is_wrong_with_the_machine_is_a_line_and_exit_code_3(python):
    done = python("-m", "stylezoo", "doctor", "charbonnier", installed=["acme", "metal"])
    assert (done.returncode, done.stderr) == (3, "")
    assert [line.partition(" ")[0] for line in done.stdout.splitlines()] == ["tensorflow-metal", "acme-style"]


def test_unreadable_metadata_and_shared_names_are_told(python):
    done = python("-m", "stylezoo", "doctor", "Rival.Losses", installed=["rival", "unreadable_ours"])
    assert done.returncode == 3
    assert "headless_loss-1.0.dist-info/entry_points.txt, which cannot be read" in done.stdout
    assert "The loss 'lsgan' has several owners; say Rival.Losses/lsgan or stylezoo/lsgan.\n" in done.stdout


def test_ctrl_c_leaves_no_child_behind():
    process = subprocess.Popen(
        [sys.executable, "-m", "stylezoo", "doctor", "endless", "--deadline", "100"],
        env={**os.environ, "PYTHONPATH": str(THIRD_PARTY / "endless")},
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (mine := children.read_text().split()):
        time.sleep(0.1)
    time.sleep(1)  # it is well under way
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 1
    assert not Path(f"/proc/{mine[0]}").exists()


def test_an_unknown_name_is_one_line():
    done = stylezoo("doctor", "acme-stile")
    assert done.exit_code == 2
    assert done.stderr == "Error: No plugin and no distribution of plugins is named 'acme-stile'.\n"
