"""The page of a run: what it tells, while it is written and whatever is in the folder."""

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import keras
import pytest
from click.testing import CliRunner
from PIL import Image
from test_failures import during, start

from stylezoo import training
from stylezoo.cli import main
from stylezoo.errors import BadRun, Diverged
from stylezoo.reports import page, shown
from stylezoo.reports.facts import Curves, Facts
from stylezoo.runs.folder import RunFolder
from stylezoo.training import callbacks

HERE = Path(__file__).parent
HOSTILE = '</script><script>document.title="broken"</script><img src=x onerror=alert(1)>"\'&'
EVALUATION = {
    "protocol": "stylezoo-2",
    "last": {"step": 4, "figures": {"strokes": 1.25, "style": 0.5, "odd": None}, "intervals": {"style": [0.25, 0.75]}},
    "best": {"by": "strokes", "step": 2, "figures": {"strokes": 1.125, "style": float("nan")}},
    "baselines": {"source": {"strokes": 3.5}, "half and half": {"strokes": 2.5, "style": 0.875}, "bad": "words"},
}


class Content(HTMLParser):
    """What a page holds: its elements, their attributes, and its text without scripts."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.text, self.data, self._within = [], "", "", []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._within = [tag, dict(attrs)]

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._within = []

    def handle_data(self, data):
        if not self._within:
            self.text += data + "\n"
        elif self._within[1].get("id") == "data":
            self.data = json.loads(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    run = start(tmp_path_factory.mktemp("trained"), steps=4)
    training.fit(run)
    return run


@pytest.fixture
def run(trained, tmp_path):
    """A copy of the folder of a run that is complete."""
    return RunFolder(shutil.copytree(trained.folder.path, tmp_path / "run"))


def change_card(run, **changes):
    document = json.loads((run / RunFolder.CARD).read_text())
    (run / RunFolder.CARD).write_text(json.dumps({**document, **changes}))


def written(run, state="training"):
    page.write(run, state)
    return Content(run / RunFolder.REPORT)


def test_a_training_leaves_a_page_about_it(trained):
    found = Content(trained.folder / RunFolder.REPORT)
    assert "Complete after 4 of 4" in found.text
    assert [each["data-step"] for each in found.all("figure") if "data-step" in each] == ["1", "2", "3", "4"]
    assert found.data["losses"]["steps"] == [1, 2, 3, 4]
    assert [name for name, _ in found.data["losses"]["series"]][:2] == ["generator", "discriminator"]
    assert found.data["next"] is None
    assert "stylezoo train --recipe run/recipe.json --source photos --style a.png" in found.text
    assert f"keras {keras.version()}" in found.text
    assert "steps per second" in found.text
    assert {"Contact sheets", "Result", "Losses", "Model", "Data", "Made with", "Plugins", "Recipe"} <= {
        *found.text.split("\n")
    }
    assert "Figures" not in found.text.split("\n")


def test_the_pictures_are_within_the_page(trained):
    found = Content(trained.folder / RunFolder.REPORT)
    assert len(found.all("img")) == 5
    for each in found.all("img"):
        kind, _, code = each["src"].partition(",")
        assert kind == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(base64.b64decode(code))) as picture:
            assert picture.size == (int(each["width"]), int(each["height"]))
            assert picture.width <= shown.WIDEST


def test_the_page_asks_nobody_for_anything(trained):
    found = Content(trained.folder / RunFolder.REPORT)
    addresses = [each[name] for _, each in found.elements for name in ("src", "href", "action", "data") if name in each]
    assert {each.partition(":")[0] for each in addresses} == {"data"}
    policy = next(each["content"] for each in found.all("meta") if each.get("http-equiv"))
    assert policy.startswith("default-src 'none'; img-src data:;")
    text = (trained.folder / RunFolder.REPORT).read_text()
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon", text)


def test_wide_pictures_become_smaller():
    picture = shown.embedded(Image.new("RGBA", (4 * shown.WIDEST, 8), (0, 0, 0, 0)))
    assert picture[1:] == (shown.WIDEST, 2)
    with Image.open(io.BytesIO(base64.b64decode(picture.address.partition(",")[2]))) as opened_picture:
        assert opened_picture.getpixel((0, 0)) == (255, 255, 255)


def test_a_picture_is_encoded_again_only_if_it_has_changed(run, monkeypatch):
    page.write(run, "training")
    encoded = []
    real = shown.embedded
    monkeypatch.setattr(shown, "embedded", lambda picture, *more: encoded.append(1) or real(picture, *more))
    page.write(run, "training")
    assert not encoded
    Image.new("RGB", (9, 9), "red").save(run / "samples" / "step-000004.png")
    page.write(run, "training")
    assert len(encoded) == 1


@pytest.mark.parametrize("state", page.STATES)
def test_the_page_says_how_the_training_stands(state, run):
    found = written(run, state)
    said = {
        "training": "Training, step 4 of 4",
        "complete": "Complete after 4 of 4",
        "stopped": "Stopped at step 4 of 4",
    }
    assert said.get(state, "Diverged: the last row of the log is step 4 of 4") in found.text
    assert found.data["next"] == (10 if state == "training" else None)
    assert "at step 4" in found.text


def test_figures_stand_in_a_table_beside_baselines(run):
    change_card(run, evaluation=EVALUATION)
    (run / RunFolder.FIGURES).write_text("step,seconds,strokes,style\n2,1.0,1.125,nan\n4,2.0,1.25,0.5\n")
    found = written(run)
    table = [line for line in found.text.split("\n") if line]
    table = table[table.index("stylezoo-2") :]
    assert table[1:6] == ["last, step 4", "best by strokes, step 2", "source", "half and half", "strokes"]
    assert table[6:13] == ["1.25", "1.125", "3.5", "2.5", "style", "0.5 (0.25 to 0.75)", "0.875"]
    assert found.data["figures"] == {"steps": [2, 4], "series": [["strokes", [1.125, 1.25]], ["style", [None, 0.5]]]}
    assert found.data["baselines"] == {"source": {"strokes": 3.5}, "half and half": {"strokes": 2.5, "style": 0.875}}


def test_newer_figures_than_those_of_the_card_are_the_last(run):
    change_card(run, evaluation=EVALUATION)
    (run / RunFolder.FIGURES).write_text("step,seconds,strokes\n2,1.0,1.1\n9,2.0,0.75\n")
    text = written(run).text.split("\n")
    assert "last, step 9" in text
    assert "0.75" in text


@pytest.mark.parametrize(
    "evaluation",
    ["words", [1], {"last": 3, "best": [], "baselines": None}, {"last": {"figures": {"a": True, "b": []}}},
     {"best": {"step": None, "figures": {"a": 1}}}, {"last": {"step": "x", "figures": {"a": 2}, "intervals": [1]}}],
)  # fmt: skip
def test_an_evaluation_in_another_form_does_no_harm(evaluation, run):
    change_card(run, evaluation=evaluation)
    assert "Complete" in written(run, "complete").text


def test_texts_of_strangers_are_texts(run):
    losses = {HOSTILE: 1.5}
    change_card(run, about=HOSTILE, license=HOSTILE, losses=losses, evaluation={**EVALUATION, "protocol": HOSTILE})
    header = ",".join(["step", "seconds", '"' + HOSTILE.replace('"', '""') + '"'])
    for name in (RunFolder.LOG, RunFolder.FIGURES):
        (run / name).write_text(f"{header}\n1,1.0,2.5\n2,2.0,3.5\n")
    plain = written(run)
    hostile = RunFolder(shutil.move(run.path, run.path.parent / "<b>run&amp;"))
    found = written(hostile)
    assert HOSTILE in found.text
    assert "<b>run&amp;" in found.text
    assert found.data["losses"]["series"][0][0] == HOSTILE
    assert [tag for tag, _ in found.elements] == [tag for tag, _ in plain.elements]
    assert len(found.all("script")) == 1 + len(page.SCRIPTS)


@pytest.mark.parametrize("name", [RunFolder.CARD, RunFolder.LOG, RunFolder.RECIPE, RunFolder.PLUGINS, "samples"])
def test_a_page_shows_what_there_is(name, run):
    whole = written(run).elements
    path = run / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert len(written(run).elements) <= len(whole)
    path.write_bytes(b"\x00\xff{[" * 9)
    found = written(run)
    assert len(found.elements) <= len(whole)
    if name == RunFolder.CARD:
        assert re.search(r"card\.json cannot be read: ", found.text)


def test_an_empty_folder_has_a_page_too(tmp_path):
    found = written(RunFolder(tmp_path / "new"))
    assert "Training, step 0" in found.text
    assert "card.json cannot be read" in found.text


def test_a_damaged_sheet_is_left_out(run):
    (run / "samples" / "step-000003.png").write_bytes(b"no picture")
    found = written(run)
    assert [each["data-step"] for each in found.all("figure") if "data-step" in each] == ["1", "2", "4"]


def test_the_speed_leaves_out_the_compilation():
    rows = [["step", "seconds", "a"], ["1", "60.0", "1"], ["11", "65.0", "1"]]
    assert Curves.of(rows).speed == 2
    assert Curves.of(rows[:2]).speed == 1 / 60
    assert Curves.of([]).speed == 0


def test_times_are_in_words():
    words = {4.4: "4 s", 89: "89 s", 100: "2 min", 5000: "83 min", 11100: "3 h 5 min"}
    assert {each: page.duration(each) for each in words} == words


def test_the_command_names_what_the_card_knows(run):
    change_card(
        run,
        lineage=["0" * 8, "1" * 8],
        data=[
            {"role": "source", "kind": "sample", "name": ""},
            {"role": "style a", "kind": "folder", "name": "my pic"},
        ],
    )
    assert Facts(run).command == "stylezoo train --recipe run/recipe.json --from MODEL --style 'my pic'"


# While a training runs


@pytest.mark.long
def test_the_page_is_written_in_its_rhythm_and_when_there_is_something_new(tmp_path, monkeypatch):
    run, states = start(tmp_path, steps=5), []
    real = page.write
    monkeypatch.setattr(page, "write", lambda folder, state: states.append((run.step, state)) or real(folder, state))
    training.fit(run)
    assert states == [(0, "training"), (5, "complete")]  # within ten seconds
    states.clear()
    monkeypatch.setattr(callbacks, "PAGE_EVERY", 0)
    monkeypatch.setattr(callbacks, "PAGE_SHARE", 1e9)
    monkeypatch.setattr(callbacks, "LOG_ROWS", 2)
    monkeypatch.setattr(callbacks, "SHEETS", 1)
    run = start(tmp_path, steps=6, name="other")
    training.fit(run)
    assert states == [(0, "training"), (3, "training"), (6, "training"), (6, "complete")]


def test_a_slow_page_is_written_less_often(tmp_path, monkeypatch):
    report = callbacks.Report(start(tmp_path))
    monkeypatch.setattr(page, "write", lambda *_: time.sleep(0.1))
    report.write("training")
    assert 19 < report.due - time.monotonic() <= callbacks.PAGE_WITHIN


@pytest.mark.long
def test_a_training_that_stops_and_goes_on_has_one_page(tmp_path):
    run = start(tmp_path, steps=6)
    training.fit(run, [during(4, run, lambda: os.kill(os.getpid(), 15))])
    found = Content(run.folder / RunFolder.REPORT)
    assert "Stopped at step 4 of 6" in found.text
    assert found.data["losses"]["steps"] == [1, 2, 3, 4]
    training.fit(training.resume(run.folder.path))
    found = Content(run.folder / RunFolder.REPORT)
    assert "Complete after 6 of 6" in found.text
    assert found.data["losses"]["steps"] == [1, 2, 3, 4, 5, 6]


def test_a_training_that_diverges_or_fails_says_so_in_its_page(tmp_path):
    run = start(tmp_path)

    def spoil():
        variable = run.model.trainable_variables[0]
        variable.assign(variable * float("nan"))

    with pytest.raises(Diverged):
        training.fit(run, [during(3, run, spoil)])
    assert "Diverged: " in Content(run.folder / RunFolder.REPORT).text
    run = start(tmp_path, name="other")

    def fail():
        raise BadRun("The disk is full.")

    with pytest.raises(BadRun, match="disk is full"):
        training.fit(run, [during(3, run, fail)])
    assert "Stopped at step 2 of 6" in Content(run.folder / RunFolder.REPORT).text


def test_a_page_that_cannot_be_written_does_not_end_the_training(tmp_path):
    run = start(tmp_path, steps=2)
    (run.folder / RunFolder.REPORT).mkdir()
    training.fit(run)
    assert run.step == 2
    assert [line for line in run.news if "report.html" in line] == [
        f"{run.folder}/report.html cannot be written: [Errno 22] it is no regular file"
    ]


@pytest.mark.long
def test_the_page_of_a_run_that_was_killed_is_whole(tmp_path):
    run = start(tmp_path, steps=40)
    code = (
        "import os, sys, time; from pathlib import Path; import killing; from stylezoo.training import callbacks\n"
        "callbacks.PAGE_EVERY, callbacks.PAGE_SHARE, folder = 0, 1e9, Path(sys.argv[1])\n"
        "child = killing.forked(folder)\n"
        "while not (folder / 'samples/step-000004.png').exists(): time.sleep(0.01)\n"
        "os.kill(child, 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, run.folder], env={**os.environ, "PYTHONPATH": str(HERE), "EAGER": "1"},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    assert (run.folder / RunFolder.REPORT).read_text().endswith("</html>\n")
    assert re.search(r"Training, step \d+ of 40", Content(run.folder / RunFolder.REPORT).text)


# In a browser


VISIBLE = "[...document.querySelectorAll('.sheet')].filter(each => each.offsetParent).map(each => each.dataset.step)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_a_telephone_and_follows_the_colour_scheme(scheme, silent, run):
    change_card(run, evaluation=EVALUATION)
    (run / RunFolder.FIGURES).write_text("step,seconds,strokes,style\n2,1.0,1.125,nan\n4,2.0,1.25,0.5\n")
    page.write(run, "complete")
    silent.look(400, 800, scheme)
    silent.load(run / RunFolder.REPORT)
    assert silent.value("document.documentElement.scrollWidth <= innerWidth")
    assert silent.value("document.querySelectorAll('.uplot').length") == 3  # losses, strokes, style
    ground = [int(each) for each in re.findall(r"\d+", silent.value("getComputedStyle(document.body).backgroundColor"))]
    assert (sum(ground) < 200) == (scheme == "dark")


def test_the_slider_and_the_arrows_choose_a_sheet(silent, run):
    page.write(run, "complete")
    silent.look()
    silent.load(run / RunFolder.REPORT)
    assert silent.value(VISIBLE) == ["4"]
    silent.press("ArrowLeft")
    assert silent.value(VISIBLE) == ["3"]
    silent.value("document.getElementById('step').focus()")
    silent.press("ArrowLeft")
    assert silent.value(VISIBLE) == ["2"]
    assert silent.value("document.getElementById('shown').textContent") == "step 2"
    silent.value("slider.value = 0; slider.dispatchEvent(new Event('input'))")
    assert silent.value(VISIBLE) == ["1"]


def test_series_can_be_switched_and_losses_be_logarithmic(silent, run):
    page.write(run, "complete")
    silent.look()
    silent.load(run / RunFolder.REPORT)
    box = "document.querySelectorAll('#losses .legend input')"
    assert silent.value("drawn[0].series[1].show")
    silent.value(f"{box}[0].click()")
    assert not silent.value("drawn[0].series[1].show")
    silent.value(f"[...{box}].at(-1).click()")
    assert silent.value("drawn[0].scales.y.distr") == 3
    assert silent.value("drawn.length") == 1
    silent.load(run / RunFolder.REPORT)  # a new visit


def test_an_unfinished_page_is_read_again_and_keeps_its_place(silent, run, monkeypatch):
    monkeypatch.setitem(page.NEXT, "training", 0.1)
    page.write(run, "training")
    silent.look(400, 600)
    silent.load(run / RunFolder.REPORT)
    silent.press("ArrowLeft")
    silent.value("document.querySelector('#losses .legend input').click(); scrollTo(0, 300)")
    page.write(run, "complete")
    silent.wait_for("Page.loadEventFired")
    assert "Complete" in silent.value("document.body.innerText")
    assert silent.value(VISIBLE) == ["3"]
    assert silent.value("scrollY") == 300
    assert not silent.value("drawn[0].series[1].show")


def test_texts_of_strangers_run_nothing(silent, run):
    change_card(run, about=HOSTILE, evaluation={**EVALUATION, "baselines": {HOSTILE: {HOSTILE: 1.0}}})
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    for name in (RunFolder.LOG, RunFolder.FIGURES):
        (run / name).write_text(f"step,seconds,{quoted}\n1,1.0,2.5\n2,2.0,3.5\n")
    page.write(run, "complete")
    silent.look()
    silent.load(run / RunFolder.REPORT)
    assert silent.value("document.title") == "run: complete"
    assert HOSTILE in silent.value("document.querySelector('#losses .legend').textContent")
    assert silent.value("document.querySelectorAll('img[onerror], section b script').length") == 0


# In the shell


def test_the_command_says_where_the_page_is(tmp_path, trained):
    photos = trained.folder.path.parent / "photos"
    words = ["--source", photos, "--style", photos / "a.png", "--recipe", trained.folder / RunFolder.RECIPE]
    done = CliRunner().invoke(main, ["train", *map(str, words), "--steps", "1", "-o", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    assert f"        {tmp_path / 'run'}/report.html, a page about the run for your browser\n" in done.stdout
