"""What real installs bring and take away, for the person who installs a plugin and for the one who writes it."""

import json
import os
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from test_cli import stylezoo
from uv import find_uv_bin

from stylezoo import create_model
from stylezoo.catalogue import installers
from stylezoo.errors import StylezooError

PLUGINS = Path(__file__).parents[1] / "plugins"
KINDS = ("loss", "generator", "discriminator", "model", "metric")  # a style is made of a trained run
SMALL = [f"--set={each}" for each in ("image_size=32", "load_size=36", "generator.filters=2", "generator.blocks=1")]

pytestmark = pytest.mark.long


def names(environment, kind):
    done = environment.stylezoo("list", kind, "--json")
    assert done.stderr == ""
    return {row["name"]: row for row in json.loads(done.stdout)["plugins"]}


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("picture") / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 44, 3), dtype="uint8")).save(path)
    return path


def complete(environment, words):
    variables = {"_STYLEZOO_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    code = "from stylezoo.cli import main; main(prog_name='stylezoo')"
    return environment.python("-c", code, **variables).stdout.split()


def test_a_loss_comes_and_goes_and_is_asked_for_by_what_was_trained_with_it(environment, picture, tmp_path):
    assert "wgan-gp" not in names(environment, "losses")
    environment.pip("install", PLUGINS / "stylezoo-wgan-gp")
    try:
        row = names(environment, "losses")["wgan-gp"]
        assert (row["distribution"], row["problem"]) == ("stylezoo-wgan-gp", "")
        assert "one_sided=False" in environment.stylezoo("show", "wgan-gp").stdout
        assert complete(environment, "stylezoo train --loss wgan-") == ["plain,wgan-gp"]
        doctor = environment.stylezoo("doctor", "wgan-gp")
        assert (doctor.returncode, doctor.stdout) == (0, f"{row['distribution']} {row['version']}: 1 of 1 well\n")
        words = ["--source", picture, "--style", picture, "--loss", "wgan", "--loss", "wgan-gp:weight=10", *SMALL]
        run = tmp_path / "run"
        done = environment.stylezoo("train", "transfer", *words, "--steps", 2, "-o", run)
        assert done.returncode == 0, done.stderr
        assert "wgan-gp" in (run / "log.csv").read_text().splitlines()[0]
        used = {(each["name"], each["distribution"]) for each in json.loads((run / "plugins.json").read_text())}
        assert ("wgan-gp", "stylezoo-wgan-gp") in used
        done = environment.stylezoo("stylize", picture, "-m", run, "-o", tmp_path / "drawn.png")
        assert done.returncode == 0, done.stderr
    finally:
        environment.pip("uninstall", "stylezoo-wgan-gp")
    assert "wgan-gp" not in names(environment, "losses")
    assert complete(environment, "stylezoo train --loss wgan-") == []
    done = environment.stylezoo("stylize", picture, "-m", run, "-o", tmp_path / "again.png")
    assert done.returncode == 1
    assert "needs the loss 'wgan-gp' of stylezoo-wgan-gp 0.1.0" in done.stderr
    assert "'pip install stylezoo-wgan-gp'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_model_of_other_distributions_parts_says_what_it_lacks(environment):
    environment.pip("install", PLUGINS / "stylezoo-fast-wgan")
    environment.pip("install", PLUGINS / "stylezoo-fast-style")
    try:
        assert "fast-wgan" in names(environment, "models")
        done = environment.stylezoo("train", "fast-wgan", "--dry-run")
        assert done.returncode == 2
        assert "'stylezoo-wgan-gp' is not installed or offers no loss 'wgan-gp'" in done.stderr
        done = environment.stylezoo("doctor", "fast-wgan", "--json")
        assert done.returncode == 3
        (row,) = json.loads(done.stdout)["plugins"]
        assert row["cause"] == "missing dependency"
        assert "pip install stylezoo-wgan-gp" in row["advice"]
        environment.pip("install", PLUGINS / "stylezoo-wgan-gp")
        assert environment.stylezoo("train", "fast-wgan", "--dry-run").returncode == 0
    finally:
        environment.pip("uninstall", "stylezoo-fast-wgan", "stylezoo-fast-style", "stylezoo-wgan-gp")


def test_a_newer_version_leaves_no_ghost_of_the_older(environment, tmp_path):
    for version, name in (("1.0", "old"), ("1.1", "new")):
        project = tmp_path / version
        project.mkdir()
        (project / "pyproject.toml").write_text(
            '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
            f'[project]\nname = "acme-moving"\nversion = "{version}"\n'
            f'[project.entry-points."stylezoo.losses"]\n{name} = "acme_moving:Loss"\n'
            '[tool.hatch.build.targets.wheel]\nonly-include = ["acme_moving.py"]\n'
        )
        (project / "acme_moving.py").write_text('class Loss:\n    """A loss."""\n')
        environment.pip("install", project)
        assert {"old", "new"} & set(names(environment, "losses")) == {name}
    environment.pip("uninstall", "acme-moving")
    assert "new" not in names(environment, "losses")


def test_what_new_writes_is_listed_and_passes_the_kit_at_once(environment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind in KINDS:
        done = stylezoo("new", kind, f"soft-{kind}")
        assert done.exit_code == 0, done.output
        environment.pip("install", "-e", tmp_path / f"stylezoo-soft-{kind}")
    try:
        for kind in KINDS:
            row = names(environment, kind)[f"soft-{kind}"]
            assert (row["distribution"], row["version"], row["problem"]) == (f"stylezoo-soft-{kind}", "0.1.0", "")
        folders = [tmp_path / f"stylezoo-soft-{kind}" for kind in KINDS]  # together: Keras is imported once
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--import-mode=importlib"]
        done = environment.python("-m", "pytest", *options, "-c", folders[0] / "pyproject.toml", *folders)
        assert done.returncode == 0, done.stdout
        assert " passed" in done.stdout
        assert "skipped" not in done.stdout
    finally:
        environment.pip("uninstall", *(f"stylezoo-soft-{kind}" for kind in KINDS))
        left = subprocess.run(["ls", tmp_path], capture_output=True, text=True, check=True).stdout.split()
        assert left == sorted(f"stylezoo-soft-{kind}" for kind in KINDS)  # an editable install stays where it is


def test_a_style_of_a_run_comes_by_wheel_is_drawn_passes_the_kit_and_goes(environment, picture, tmp_path):
    model, folder, result = tmp_path / "run.keras", tmp_path / "distribution", tmp_path / "result.png"
    sizes = dict(each.removeprefix("--set=").split("=") for each in SMALL)
    create_model("transfer", **{name: int(value) for name, value in sizes.items()}).save(model)
    licence = ["--license", "CC0-1.0", "--learned-from", "Nobody, Noise, 2026, CC0"]
    done = stylezoo("new", "style", "soft-style", "--from", str(model), "-o", str(folder), *licence)
    assert done.exit_code == 0, done.output
    environment.pip("install", folder)
    try:
        row = names(environment, "styles")["soft-style"]
        assert (row["distribution"], row["version"], row["problem"]) == ("stylezoo-soft-style", "0.1.0", "")
        assert complete(environment, "stylezoo show soft-st") == ["plain,soft-style"]
        done = environment.stylezoo("stylize", picture, "--style", "soft-style", "-o", result)
        assert done.returncode == 0, done.stderr
        with Image.open(result) as drawn, Image.open(picture) as source:
            assert drawn.size == source.size
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", folder / "pyproject.toml"]
        done = environment.python("-m", "pytest", *options, folder)
        assert done.returncode == 0, done.stdout
        assert "skipped" not in done.stdout
    finally:
        environment.pip("uninstall", "stylezoo-soft-style")
    assert "soft-style" not in names(environment, "styles")
    done = environment.stylezoo("stylize", picture, "--style", "soft-style", "-o", tmp_path / "again.png")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: 'soft-style' is no model: ")


# stylezoo install, stylezoo uninstall

FILES = {  # of a wheel without dependencies, as an index has it
    "toning.py": 'from stylezoo import ImageLoss\n\n\nclass Toning(ImageLoss):\n    """A tone."""\n',
    "{}/METADATA": "Metadata-Version: 2.1\nName: stylezoo-toning\nVersion: {version}\n",
    "{}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "{}/entry_points.txt": "[stylezoo.losses]\ntoning = toning:Toning\n",
}


def put_wheel(index, version):
    """Put a distribution into a folder that pip and uv are told to find everything in."""
    name = f"stylezoo_toning-{version}"
    with zipfile.ZipFile(index / f"{name}-py3-none-any.whl", "w") as wheel:
        paths = {path.format(f"{name}.dist-info"): text.replace("{version}", version) for path, text in FILES.items()}
        for path, text in paths.items():
            wheel.writestr(path, text)
        record = f"{name}.dist-info/RECORD"
        wheel.writestr(record, "".join(f"{path},,\n" for path in [*paths, record]))


@pytest.fixture(params=["pip", "uv"])
def managed(request, environment, tmp_path_factory):
    """An environment of pip or of uv, which finds everything in the folder `index` and asks nobody else."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "uv":
        subprocess.run(
            [find_uv_bin(), "venv", "--quiet", "--offline", "--python", sys.executable, folder / "venv"], check=True
        )
        here = Path(environment.path).parents[1].glob("lib/*/site-packages/here.pth")
        site = next((folder / "venv").glob("lib/*/site-packages"))
        site.joinpath("here.pth").write_text(next(here).read_text())
        environment = type(environment)(folder / "venv" / "bin" / "python")
    (folder / "index").mkdir()
    offline = {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": folder / "index",
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": folder / "index",
    }
    path = os.pathsep.join([str(Path(find_uv_bin()).parent), os.environ["PATH"]])
    variables = {"PATH": path, "UV_OFFLINE": "1", **{name: str(value) for name, value in offline.items()}}
    call = partial(environment.stylezoo, **variables)
    yield SimpleNamespace(name=request.param, call=call, index=folder / "index", environment=environment)
    call("uninstall", "-y", "stylezoo-toning")


def test_plugins_are_installed_and_uninstalled_by_the_program_of_the_environment(managed):
    put_wheel(managed.index, "1.0")
    done = managed.call("install", "stylezoo-toning")
    assert done.returncode == 0, done.stderr
    runs = "-m pip install" if managed.name == "pip" else f"uv pip install --python {managed.environment.path}"
    assert done.stdout.splitlines()[0].startswith("Runs    ")
    assert f"{runs} stylezoo-toning\n" in done.stdout
    assert done.stdout.endswith(
        "New     loss toning  stylezoo-toning 1.0\nNext    look at it:\n  stylezoo show toning\n"
    )
    assert "A tone." in managed.call("list", "losses", "toning").stdout
    put_wheel(managed.index, "1.1")
    assert managed.call("install", "stylezoo-toning").stderr.endswith(
        "No plugin is new. 'stylezoo list' shows what is installed.\n"
    )
    assert "New     loss toning  stylezoo-toning 1.1\n" in managed.call("install", "-U", "stylezoo-toning").stdout
    done = managed.call("uninstall", "stylezoo_toning")  # nobody answers the question
    assert (done.returncode, done.stderr) == (1, "Aborted!\n")
    done = managed.call("uninstall", "--yes", "Stylezoo.Toning")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Goes    loss toning  stylezoo-toning 1.1\nRuns    ")
    assert managed.call("list", "losses", "toning").returncode == 2


def test_what_stands_between_an_installed_plugin_and_its_use_is_told(managed):
    put_wheel(managed.index, "1.0")
    done = managed.call("install", "stylezoo-toning", STYLEZOO_PLUGINS="")
    assert "stylezoo-toning is left out by the variable STYLEZOO_PLUGINS: add stylezoo-toning to it" in done.stderr
    assert "toning" not in managed.call("list", "losses", STYLEZOO_PLUGINS="").stdout
    assert "toning" in managed.call("list", "losses", STYLEZOO_PLUGINS="stylezoo_toning").stdout


def test_what_cannot_be_installed_or_uninstalled_is_told(managed):
    done = managed.call("install", "stylezoo-gone")
    assert done.returncode == 1
    assert (
        done.stderr.splitlines()[-1] == f"Error: {managed.name} has failed with exit code 1; what it said stands above."
    )
    put_wheel(managed.index, "1.0")
    assert managed.call("install", "stylezoo-toning").returncode == 0
    for words, said in (
        (["install"], "Error: Name what to install, such as 'stylezoo install stylezoo-wgan-gp'.\n"),
        (["install", "--", "--user"], "Error: '--user' is no name of a distribution.\n"),
        (
            ["uninstall", "stylezoo"],
            "Error: This would uninstall stylezoo itself, which 'pip uninstall stylezoo' does.\n",
        ),
        (["uninstall", "numpy"], "Error: No distribution of plugins is named 'numpy'. Installed: stylezoo-toning.\n"),
        (["uninstall", "toning"], "Error: 'toning' is the loss of stylezoo-toning 1.0: name the distribution.\n"),
    ):
        done = managed.call(*words)
        assert (done.returncode, done.stderr) == (2, said)


def test_environments_that_cannot_be_changed_are_told(tmp_path, monkeypatch):
    cached = tmp_path / "uv" / "archive-v0" / "B_0L"
    cached.mkdir(parents=True)
    (cached / "pyvenv.cfg").write_text("home = /usr/bin\nuv = 0.9\n")
    monkeypatch.setattr(sys, "prefix", str(cached))
    with pytest.raises(StylezooError, match=r"^uvx has made this environment for one command"):
        installers.command("install", ["x"])
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(installers, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StylezooError, match=r"^This environment has no pip, and uv is not on the PATH: "):
        installers.command("install", ["x"])


def test_a_plugin_beside_a_tool_of_uv_is_said_to_be_dropped_by_upgrades(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert installers.kept_by("x") == ""
    (tmp_path / "uv-receipt.toml").write_text("")
    assert installers.kept_by("x") == "uv tool install stylezoo --with x"
