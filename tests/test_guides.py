"""The examples of the guides run as they stand, page by page, with small trainings; what they say of it is true."""

import re
from pathlib import Path

import numpy as np
import pytest
from test_cli import noise

import stylezoo
from stylezoo import training
from stylezoo.catalogue import registry

DOCS = Path(__file__).parents[1] / "docs"
SMALL = {"image_size": 32, "load_size": 40, "generator": "resnet:filters=2,blocks=1", "steps": 2}
SMALL |= {"discriminators": "patch:filters=2,layers=1"}


def examples(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A folder with small pictures, and trainings of two steps with small networks."""
    monkeypatch.chdir(tmp_path)
    for folder in ("photos", "paintings"):
        (tmp_path / folder).mkdir()
        for name in ("one.jpg", "two.jpg"):
            noise(f"{folder}/{name}", 88, 80)
    noise("photo.jpg", 88, 80)
    noise("painting.jpg", 80, 84)
    train, chosen = stylezoo.train, training.chosen
    monkeypatch.setattr(stylezoo, "train", lambda *given, **named: train(*given, **{**named, **SMALL, "verbose": 0}))
    monkeypatch.setattr(training, "chosen", lambda *given, **named: chosen(*given, **{**named, **SMALL}))
    monkeypatch.setattr(registry, "_registered", {})


def run(page):
    """What the examples of a page leave, one after the other as in a notebook."""
    names = {"__name__": page}
    for number, code in enumerate(examples(page), 1):
        exec(compile(code, f"{page}, example {number}", "exec"), names)
    return names


@pytest.mark.long
def test_data(small, capsys):
    left = run("data.md")
    assert int(left["gan"].step) == 4 + 3 + 3 + 4
    assert np.isfinite(left["history"].history["generator"]).all()
    assert {"generator", "discriminator", "generator/identity"} <= {*left["losses"]}
    assert int(left["gated"].step) == 4
    assert stylezoo.load_model("mine.keras").step == 4


@pytest.mark.long
def test_loop(small, capsys):
    left = run("loop.md")
    assert int(left["gan"].step) == 3 + 4
    assert stylezoo.load_model("mine.keras").step == 7
    assert stylezoo.load_model("looped.keras").step == 2
    np.testing.assert_array_equal(left["run"].batches[0][0], left["run"].batches[0][0])


@pytest.mark.long
def test_precision(small, capsys):
    left = run("precision.md")
    first, second, third = capsys.readouterr().out.splitlines()
    assert (first, second) == ("bfloat16 float32", "<dtype: 'float32'>")
    assert third == "LossScaleOptimizer"
    assert np.isfinite(left["logs"]["generator/energy"])


@pytest.mark.long
def test_seeds(small, capsys):
    run("seeds.md")
    assert capsys.readouterr().out.splitlines() == ["True False", "True False", "True"]


@pytest.mark.long
def test_own_loss(small, capsys):
    run("own-loss.md")
    contrast, nothing, *results, terms = capsys.readouterr().out.splitlines()
    assert float(contrast) == pytest.approx(0.5, abs=0.05)
    assert float(nothing) == 0.0
    assert {line.split()[1] for line in results} == {"passed"}
    assert terms == "['margin', 'content', 'identity']"
    assert stylezoo.load_model("runs/contrast").step == 2
