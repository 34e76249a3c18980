"""The command `compare`: several models on the same pictures, as a sheet and as a page."""

import re
import shutil

import pytest
from PIL import Image
from test_cli import noise, stylezoo
from test_failures import start
from test_reports import HOSTILE, Content

from stylezoo import training
from stylezoo.cli import comparing
from stylezoo.reports import comparison
from stylezoo.reports.comparison import Row


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two runs."""
    folder = tmp_path_factory.mktemp("models")
    for number, name in enumerate(("one", "two")):
        training.fit(start(folder, 1, name, seed=number))
    return folder


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    noise(folder / "a.png", 48, 32, seed=b"a")
    noise(folder / "b.jpg", 32, 64, seed=b"b")
    return folder


def compare(*words):
    return stylezoo("compare", *words)


@pytest.mark.long
def test_models_and_pictures_are_laid_side_by_side(models, photos, tmp_path):
    out = tmp_path / "out"
    done = compare(models / "one", models / "two" / "model.keras", "--keep-colour", "--size", 32, photos, "-o", out)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"Wrote   {out}/compare.png\n        {out}/compare.html, a page for your browser\n"
    with Image.open(out / "compare.png") as sheet:
        assert sheet.height > 2 * 64
    found = Content(out / "compare.html")
    lines = [line for line in found.text.split("\n") if line]
    assert [lines[lines.index(name) + 1 :][:3] for name in ("a.png", "b.jpg")] == [["picture", "one", "model"]] * 2
    assert [(each["width"], each["height"]) for each in found.all("img")] == [("48", "32")] * 3 + [("32", "64")] * 3
    assert len({each["src"] for each in found.all("img")}) == 6
    assert "stylezoo compare one model.keras photos --size=32 --keep-colour" in found.text
    assert {"about", "generator", "learned from", "steps"} <= {*lines}


def test_a_broken_picture_does_not_stop_the_others(models, photos, tmp_path):
    (photos / "0.png").write_text("no picture")
    done = compare(models / "one", photos, "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert f"Error: '{photos}/0.png' is not a picture that Pillow can read.\n" in done.stderr
    assert done.stderr.endswith(f"1 of 3 failed: {photos}/0.png\n")
    assert "b.jpg" in Content(tmp_path / "out" / "compare.html").text
    done = compare(models / "one", photos / "0.png", "-o", tmp_path / "none")
    assert done.exit_code == 1
    assert not (tmp_path / "none").exists()


def test_what_cannot_be_compared_is_told_in_one_line(models, photos, tmp_path, monkeypatch):
    (tmp_path / "broken.keras").write_text("no model")
    (tmp_path / "empty").mkdir()
    told = {
        (models / "one",): "Missing argument 'MODELS...'",
        (models / "one", models / "two"): "Name a picture or a folder of pictures as well",
        (photos, photos / "a.png"): "Name a model as well",
        (models / "one", tmp_path / "empty"): "holds no picture files",
        (tmp_path / "broken.keras", photos): "broken.keras' is",
        (models / "none", photos): "is no model: there is no such file or folder",
    }
    for words, reason in told.items():
        done = compare(*words, "-o", tmp_path / "out")
        assert done.exit_code in (1, 2)
        assert re.search(rf"^Error: .*{re.escape(reason)}", done.stderr, re.MULTILINE), done.stderr
    monkeypatch.setattr(comparing, "MOST", 5)
    done = compare(models / "one", models / "two", photos)
    assert "2 pictures with 2 results each are too many for one page: up to 5 are possible" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_comparison_is_replaced_only_if_that_is_asked_for(models, photos):
    words = (models / "one", photos, "-o", photos)  # its own sheet is no picture to redraw
    assert compare(*words).exit_code == 0
    done = compare(*words)
    assert done.exit_code == 2
    assert f"'{photos}/compare.png' exists already; --overwrite replaces it, -o names another folder." in done.stderr
    assert compare(*words, "--overwrite").exit_code == 0
    assert len(Content(photos / "compare.html").all("img")) == 4


def test_models_of_the_same_name_keep_their_folders(models, photos, tmp_path):
    shutil.copytree(models / "two", tmp_path / "one")
    done = compare(models / "one", tmp_path / "one", photos / "a.png", "-o", tmp_path / "out")
    assert done.exit_code == 0
    assert f"Comparison of {models}/one, {tmp_path}/one" in Content(tmp_path / "out" / "compare.html").text


def test_figures_stand_in_a_table_and_texts_of_strangers_are_texts(models, tmp_path):
    path, pictures = tmp_path / "compare.html", [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    named = {HOSTILE: str(models / "one"), "gone": str(tmp_path / "none")}
    rows = [Row(HOSTILE, pictures[0], [pictures[1], pictures[1]])]
    measured = {HOSTILE: {"strokes": 1.5, HOSTILE: 2.0}, "gone": {"strokes": float("nan")}}
    comparison.write(path, named, rows, f"stylezoo {HOSTILE}", measured, protocol=HOSTILE)
    found = Content(path)
    assert f"stylezoo {HOSTILE}" in found.text
    assert "strokes\n1.5\n" in found.text
    assert "The card cannot be read: " in found.text
    assert len(found.all("script")) == 2
    assert not [each for each in found.all("img") if "onerror" in each]


# In a browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_a_row_can_be_laid_over_each_other(scheme, silent, tmp_path):
    pictures = [Image.new("RGB", (60, 30), colour) for colour in ("red", "green", "blue")]
    rows = [Row(name, pictures[0], pictures[1:]) for name in ("a.png", "b.png")]
    comparison.write(tmp_path / "compare.html", {"scream": "scream", HOSTILE: "scream"}, rows, "stylezoo compare")
    silent.look(400, 800, scheme)
    silent.load(tmp_path / "compare.html")
    assert silent.value("document.documentElement.scrollWidth <= innerWidth")
    silent.value("document.querySelectorAll('.results')[1].querySelectorAll('button')[2].click()")
    assert silent.value("dialog.open && heading.textContent") == "b.png"
    assert silent.value("[left.value, right.value]") == ["picture", HOSTILE]
    silent.press("ArrowRight")
    assert silent.value("getComputedStyle(stage).getPropertyValue('--line')") == "51%"
    silent.value("left.selectedIndex = 1; left.dispatchEvent(new Event('change'))")
    assert silent.value("above.src === document.querySelectorAll('.results')[1].querySelectorAll('img')[1].src")
    silent.value("[...document.querySelectorAll('dialog button')].at(-1).click()")
    assert not silent.value("dialog.open")
