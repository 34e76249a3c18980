"""The table of results is made by one command, and the pages of models show it."""

import csv
import sys

import pytest
from PIL import Image
from test_cli import noise
from test_training import TINY

from stylezoo.docs import pages
from stylezoo.evaluation import features
from tests.benchmarks import results


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The folder of documents after the command has trained and measured one tiny model twice."""
    for name, count in (("free", 2), ("monet", 2)):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for i in range(count):
            noise(tmp_path / "pictures" / name / (results.SHOWN if i else "a.png"), 80, 72, seed=[i, count])
    (tmp_path / "docs" / "images" / "models").mkdir(parents=True)
    sizes = " ".join(f"--set {name}={value}" for name, value in TINY.items() if name != "discriminators")
    profile = f"--source {{free}} --style {{monet}} --steps 2 {sizes} --discriminator {TINY['discriminators'][0]}"
    monkeypatch.setattr(results, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(results, "PROFILES", {"transfer": profile})
    monkeypatch.setattr(features, "EXTRA", ("a-distribution-that-is-not-installed", "x.h5"))
    words = ["results", "--pictures", tmp_path / "pictures", "--vgg", "x", "--runs", tmp_path / "runs"]
    monkeypatch.setattr(sys, "argv", list(map(str, words)))
    (tmp_path / "runs").mkdir()
    results.main()
    results.main()
    return tmp_path / "docs"


@pytest.mark.long
def test_results_are_a_row_and_a_picture_and_on_the_page(made):
    with open(made / "results.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["model"], row["steps"]) == ("transfer", "2")
    assert row["profile"].startswith("stylezoo train transfer --source free --style monet --steps 2")
    assert int(row["core_seconds"]) > 0
    assert float(row["strokes"]) >= 0
    assert float(row["structure of source"]) == pytest.approx(0, abs=1e-6)
    assert row["commit"]
    with Image.open(made / "images" / "models" / "transfer.jpg") as picture:
        assert picture.size == (3 * results.SIDE + 12, results.SIDE)
    page = pages.zoo("model", made)
    section = page.partition("## transfer")[2].partition("\n## ")[0]
    assert "Measured after 2 steps" in section
    assert f"| the model | {row['border']} | {row['grid']} |" in section
    assert f"| half and half | {row['border of half and half']} |" in section
    assert "images/models/transfer.jpg" in section
    assert "Measured after" not in page.partition("## adain")[2].partition("\n## ")[0]
