"""What real installs bring and take away, for the person who installs a plugin and for the one who writes it."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_cli import stylezoo

from stylezoo import create_model

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
