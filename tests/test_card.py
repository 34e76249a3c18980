"""A run and its model carry their card, which is read without Keras; that of a stranger is harmless."""

import csv
import json
import platform
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

import keras
import numpy as np
import PIL
import pytest
import tensorflow as tf
from click.testing import CliRunner
from PIL import Image

import stylezoo
from stylezoo import training
from stylezoo.cli import main
from stylezoo.errors import BadOptions, BadRun
from stylezoo.files import archive, plain
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.runs import card
from stylezoo.runs.card import Card
from stylezoo.runs.folder import RunFolder

pytestmark = pytest.mark.usefixtures("read_once")

TINY = {
    "generator.filters": 2, "generator.blocks": 1, "discriminators": ("patch:filters=2,layers=1",), "image_size": 16,
    "load_size": 20, "batch_size": 1,
}  # fmt: skip
LIGHT = ["keras", "tensorflow", "numpy", "PIL", "h5py", "stylezoo_builtins"]  # what `show` must not import


def noise(path, count=0):
    """A picture, or a folder of so many."""
    path.mkdir() if count else None
    for i in range(count or 1):
        pixels = np.random.default_rng(i).integers(0, 256, (24, 32, 3), dtype="uint8")
        Image.fromarray(pixels).save(path / f"{i}.png" if count else path)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("private")
    return {"source": noise(folder / "photos", 3), "style": noise(folder / "monet.png")}


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    stylezoo.train("transfer", out=folder, steps=3, seed=5, license="CC-BY-4.0", **pictures, **TINY)
    return folder


def show(*words):
    return CliRunner().invoke(main, ["show", *map(str, words)], prog_name="stylezoo")


# What it tells


def test_card_of_a_run_tells_what_it_was_made_of(run):
    found = card.read(run)
    assert found.recipe == Recipe.read(run / RunFolder.RECIPE).to_dict()
    assert found.plugins == json.loads((run / RunFolder.PLUGINS).read_text())
    assert found.versions == {
        "stylezoo": version("stylezoo"),
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "python": platform.python_version(),
    }
    assert found.data == [
        {"role": "source", "kind": "folder", "name": "photos", "pictures": 3},
        {"role": "style", "kind": "picture", "name": "monet.png", "pictures": 1},
    ]
    assert (found.origin, found.seed, found.steps, found.total_steps) == ("trained", 5, 3, 3)
    assert found.license == "CC-BY-4.0"
    assert found.date == datetime.now(UTC).date().isoformat()
    with open(run / RunFolder.LOG, newline="") as file:
        *_, last = csv.DictReader(file)
    assert found.losses == {name: float(last[name]) for name in last if name not in ("step", "seconds")}
    assert "generator/lsgan" in found.losses


def test_model_file_carries_the_card_and_the_sheet_of_its_run(run, tmp_path):
    file = (run / RunFolder.MODEL).rename(tmp_path / "alone.keras")
    try:
        assert card.read(file) == Card.from_dict(json.loads((run / RunFolder.CARD).read_text()))
        assert card.sheet(file) == (run / RunFolder.SAMPLES / "step-000003.png").read_bytes() == card.sheet(run)
        picture = np.zeros((16, 16, 3), "float32")
        drawn = keras.models.load_model(file).stylize(picture)
        np.testing.assert_array_equal(drawn, stylezoo.load_model(file).stylize(picture))
    finally:
        file.rename(run / RunFolder.MODEL)


def test_card_tells_the_line_of_trainings_shortly():
    told = Card(lineage=["0123456789abcdef", "fedcba9876543210"])
    assert dict(dict(told.sections())["Model"])["lineage"] == "01234567 > fedcba98"
    assert Card.from_dict(json.loads(told.to_json())) == told


@pytest.mark.parametrize("said", ["0123456789abcdef", ["0123456789ABCDEF"], ["../../etc"], [1], ["ab"]])
def test_a_lineage_of_something_else_than_ids_is_refused(said):
    with pytest.raises(ValueError, match="lineage"):
        Card.from_dict({"lineage": said})


def test_card_tells_no_folders(pictures, run):
    for content in ((run / RunFolder.CARD).read_text(), card.read(run).to_markdown("x", "hf://me/x", True)):
        assert "photos" in content
        assert str(pictures["source"].parent) not in content


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("/home/me/vgg.pth", "vgg.pth"),
        ("~/weights/vgg.h5", "vgg.h5"),
        ("C:\\Users\\me\\vgg.pth", "vgg.pth"),
        ("adain:vgg='/home/me/my files/vgg.pth',filters=2", "adain:vgg='vgg.pth',filters=2"),
        ("stylezoo/adain:vgg=/a/b.pth,weight=2", "stylezoo/adain:vgg=b.pth,weight=2"),
        ("stylezoo/patch:layers=2", "stylezoo/patch:layers=2"),
        ("see https://doi.org/10.1145/383259 and/or ask", "see https://doi.org/10.1145/383259 and/or ask"),
    ],
)
def test_paths_are_reduced_to_their_last_name(said, kept):
    assert plain.without_folders({"a": [said]}) == {"a": [kept]}


def test_card_tells_of_samples_lists_and_several_styles(tmp_path):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype="uint8"))
    for name, count in (("monet", 1), ("song", 2)):
        noise(tmp_path / name, count)
    small = {"generator.filters": 2, "generator.blocks": 1, "discriminators.filters": 2, "pool": 2, "image_size": 32}
    recipe = Recipe.named("gated", steps=1, load_size=32, **small)
    begun = training.start(recipe, image, [tmp_path / "monet", tmp_path / "song"], tmp_path / "run")
    assert begun.card.data == [
        {"role": "source", "kind": "image", "name": "", "pictures": 1},
        {"role": "style monet", "kind": "folder", "name": "monet", "pictures": 1},
        {"role": "style song", "kind": "folder", "name": "song", "pictures": 2},
    ]
    begun = training.start(Recipe.named("transfer", steps=1, **TINY), None, [image, image], tmp_path / "other")
    assert begun.card.data == [
        {"role": "source", "kind": "sample", "name": "", "pictures": 1},
        {"role": "style", "kind": "list", "name": "", "pictures": 2},
    ]


def test_card_tells_of_pairs_side_by_side(tmp_path):
    small = {"generator.filters": 2, "generator.downs": 3, "discriminators.filters": 2, "image_size": 32, "steps": 1}
    recipe = Recipe.named("pix2pix", load_size=32, **small)
    begun = training.start(recipe, Image.new("RGB", (80, 40)), out=tmp_path / "run")
    assert begun.card.data[1] == {"role": "style", "kind": "other halves", "name": "", "pictures": 1}


# While it is made


def test_run_that_was_killed_shows_what_there_is(pictures, tmp_path):
    run = training.start(Recipe.named("transfer", steps=4, **TINY), out=tmp_path / "run", license="MIT", **pictures)
    found = card.read(tmp_path / "run")
    assert (found.steps, found.total_steps, found.losses, found.license) == (0, 4, {}, "MIT")
    assert card.sheet(tmp_path / "run") == b""
    run.interrupted = True  # after its first step
    training.fit(run)
    for lost in (RunFolder.MODEL, RunFolder.CARD, RunFolder.PLUGINS):
        (tmp_path / "run" / lost).unlink()
        found = card.read(tmp_path / "run")
        assert (found.steps, "generator/lsgan" in found.losses) == (1, True)
        assert show(tmp_path / "run").exit_code == 0
    assert found.recipe["steps"] == 4
    with open(tmp_path / "run" / RunFolder.LOG, "a") as file:
        file.write("2,1.0,0.5")  # what a machine that goes down leaves
    assert card.read(tmp_path / "run") == found


@pytest.mark.long
def test_licence_outlasts_resuming(pictures, tmp_path):
    stylezoo.train("transfer", out=tmp_path / "run", steps=1, license="my own words", **pictures, **TINY)
    training.fit(training.resume(tmp_path / "run", steps=2))
    for place in (tmp_path / "run", tmp_path / "run" / RunFolder.MODEL):
        found = card.read(place)
        assert (found.license, found.steps, found.total_steps, found.recipe["steps"]) == ("my own words", 2, 2, 2)


def test_card_of_a_plain_file_has_what_its_configuration_tells(tmp_path):
    gan = GAN(Recipe.named("transfer", **TINY, vgg=str(tmp_path / "vgg.pth")))
    gan.save(tmp_path / "x.keras")
    found = card.read(tmp_path / "x.keras")
    assert found.recipe == {**gan.recipe.to_dict(), "vgg": "vgg.pth"}
    assert ("loss", "lsgan") in [(each["kind"], each["name"]) for each in found.plugins]
    assert found.versions == {"keras": keras.__version__}
    assert found.date == datetime.now().date().isoformat()
    assert (found.steps, found.losses, found.license, card.sheet(tmp_path / "x.keras")) == (None, {}, "", b"")


def test_losses_that_are_no_numbers_any_more_are_told(tmp_path):
    (tmp_path / RunFolder.LOG).write_text("step,seconds,generator,discriminator\n7,1.0,nan,0.25\n")
    assert card.updated(Card(), tmp_path) == Card(steps=7, losses={"generator": None, "discriminator": 0.25})


def test_licence_is_a_line():
    assert card.licensed(" see\nLICENSE\x1b[2J ") == "see LICENSE[2J"
    with pytest.raises(BadOptions, match="has 201 characters"):
        card.licensed("x" * 201)


# On the web


def test_markdown_has_the_front_matter_that_the_hub_knows(run):
    text = card.read(run).to_markdown("mine", "hf://me/mine", has_sheet=True)
    head, body = re.fullmatch(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL).groups()
    assert head.splitlines()[:2] == ["license: cc-by-4.0", "library_name: stylezoo"]
    assert "- stylezoo" in head.splitlines()
    assert body.startswith("\n# mine\n")
    assert "\nstylezoo stylize photo.jpg --model hf://me/mine\n" in body
    assert "](card.png)" in body
    assert "| source | folder photos, 3 pictures |" in body
    assert "pip install stylezoo==" not in body
    assert "card.png" not in card.read(run).to_markdown("mine", "hf://me/mine")


@pytest.mark.parametrize(
    ("license", "lines"),
    [
        ("", ["library_name: stylezoo"]),
        ("MIT", ["license: mit", "library_name: stylezoo"]),
        ("GPL-3.0-only", ["license: other", 'license_name: "GPL-3.0-only"']),
        ('ask: "me"\n---', ["license: other", 'license_name: "ask: \\"me\\" ---"']),
    ],
)
def test_licences_without_a_name_on_the_hub_are_other(license, lines):
    text = Card(license=card.licensed(license)).to_markdown("x", "hf://me/x")
    assert text.splitlines()[1 : 1 + len(lines)] == lines


def test_plugins_of_others_are_told_as_what_to_install():
    strangers = [
        {"kind": "loss", "name": name, "distribution": owner, "version": "2.1"}
        for name, owner in (("glow", "acme-glow"), ("dim", "acme-glow"), ("lsgan", "stylezoo"))
    ]
    text = Card(plugins=strangers).to_markdown("x", "hf://me/x")
    assert re.findall("^pip install .*", text, re.MULTILINE) == [
        'pip install "stylezoo[hub]"',
        "pip install acme-glow==2.1",
    ]


def test_markup_of_a_stranger_is_text():
    stranger = Card(
        recipe={"about": "<script>x</script> ![a](http://evil) | `b`"}, data=[{"role": "|", "name": "# [x](y)"}]
    )
    text = stranger.to_markdown("x", "hf://me/x")
    assert "\\<script\\>x\\</script\\> \\!\\[a\\]\\(http://evil\\) \\| \\`b\\`" in text
    assert "| \\| | \\# \\[x\\]\\(y\\) |" in text


# Strangers


def with_card(run, path, content, picture=None):
    archive.copied(run / RunFolder.MODEL, path, {archive.CARD: content, archive.SHEET: picture})
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "card.json cannot be read"),
        (b"[]", "it is no JSON object"),
        (b'{"steps": "many"}', "its field 'steps'"),
        (b'{"steps": true}', "its field 'steps'"),
        (b'{"license": ["MIT"]}', "its field 'license'"),
        (b'{"losses": {"a": "b"}}', "its field 'losses'"),
        (b'{"recipe": []}', "its field 'recipe'"),
        (b'{"plugins": [{"kind": "loss", "name": "x", "distribution": "-r evil", "version": ""}]}', "its plugins"),
        (b'{"license": "' + b"x" * 30_000 + b'"}', "more than 20000 characters"),
        (b"[" * 100_000, "nested too deeply"),
        (b" " * (2**20 + 1), "its card.json has 1048577 bytes"),
    ],
)
def test_a_card_that_is_not_plain_is_refused_in_one_line(content, said, run, tmp_path):
    file = with_card(run, tmp_path / "x.keras", content)
    with pytest.raises(BadRun) as caught:
        card.read(file)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    (tmp_path / RunFolder.RECIPE).write_text("{}")
    (tmp_path / RunFolder.CARD).write_bytes(content)
    with pytest.raises(BadRun) as caught:
        card.read(tmp_path)
    assert "\n" not in str(caught.value)


def test_what_a_terminal_would_obey_is_not_printed(run, tmp_path):
    hostile = "\x1b]0;owned\x07\x9b2J\u202egnp.exe\u200b\r\nLicense"
    said = {
        **json.loads((run / RunFolder.CARD).read_text()),
        "license": hostile,
        "recipe": {hostile: hostile},
        "versions": {hostile: hostile},
        "losses": {hostile: 1.0},
        "data": [{"role": hostile, "kind": hostile, "pictures": hostile}],
    }
    file = with_card(run, tmp_path / "x.keras", json.dumps(said).encode())
    for words in ([file], [file, "--json"]):
        done = show(*words)
        assert done.exit_code == 0
        assert "]0;owned2Jgnp.exe  License" in done.stdout
        assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", done.stdout) is None


def test_fields_of_a_later_version_are_left_out(run, tmp_path):
    file = with_card(run, tmp_path / "x.keras", b'{"schema": 2, "mood": "good", "seed": 3}')
    assert card.read(file) == Card(seed=3)


def test_a_contact_sheet_that_is_no_picture_is_not_shown(run, tmp_path):
    assert card.sheet(with_card(run, tmp_path / "x.keras", b"{}", b"<script>")) == b""


def test_a_folder_that_is_no_run_is_told(tmp_path):
    with pytest.raises(BadRun, match=r"is no run folder: there is no recipe\.json in it"):
        card.read(tmp_path)
    (tmp_path / RunFolder.RECIPE).write_text("[]")
    with pytest.raises(BadRun, match="is damaged: its card cannot be read"):
        card.read(tmp_path)


# On the command line


def test_show_prints_the_card(run):
    done = show(run)
    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == str(run)
    assert {"license CC-BY-4.0", "steps 3 of 3", "seed 5", "source folder photos, 3 pictures"} <= set(lines)
    own = version("stylezoo")
    assert f"loss lsgan stylezoo {own}, installed: {own}" in lines


def test_show_as_json_is_one_document(run):
    document = json.loads(show(run, "--json").stdout)
    assert document["schema"] == 1
    assert document["card"]["license"] == "CC-BY-4.0"
    here = {"installed": version("stylezoo"), "missing": "", "install": ""}
    assert document["card"]["plugins"] == [{**each, **here} for each in card.read(run).plugins]


def test_show_says_which_plugins_are_missing_and_what_to_type(run, tmp_path):
    lost = {"kind": "loss", "name": "glow", "distribution": "acme-glow", "version": "2.1"}
    said = replace(card.read(run), plugins=[lost]).to_json()
    file = with_card(run, tmp_path / "x.keras", said.encode())
    assert "  loss glow  acme-glow 2.1, missing: pip install acme-glow\n" in show(file).stdout
    (row,) = json.loads(show(file, "--json").stdout)["card"]["plugins"]
    assert (row["installed"], row["install"]) == ("", "pip install acme-glow")


@pytest.mark.parametrize("place", ["", "model.keras"])
def test_show_of_a_run_imports_nothing_heavy(place, run, python):
    program = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print([name for name in {LIGHT!r} if name in sys.modules], file=sys.stderr))\n"
        f"from stylezoo.cli import main; main(['show', {str(run / place)!r}], prog_name='stylezoo')"
    )
    done = python("-c", program)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert "CC-BY-4.0" in done.stdout


def test_the_name_of_a_plugin_goes_before_that_of_a_folder(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lsgan").symlink_to(run)
    assert show("lsgan").stdout.startswith("loss lsgan ")
    assert show("./lsgan").stdout.startswith("./lsgan\n")


def test_show_of_what_is_neither_ends_in_one_line(tmp_path):
    (tmp_path / "x.keras").write_text("x")
    for place, code in ((tmp_path, 1), (tmp_path / "x.keras", 1), (tmp_path / "gone", 2)):
        done = show(place)
        assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (code, "", 1)


def test_train_takes_a_licence(pictures, tmp_path):
    words = ["--source", pictures["source"], "--style", pictures["style"], "--steps", 1, "--license", "CC0-1.0"]
    small = ["--set", "image_size=16", "--set", "load_size=20", "--set", "generator.filters=2"]
    line = ["train", "transfer", *words, *small, "--set", "generator.blocks=1", "-o", tmp_path / "run"]
    line += ["--discriminator", "patch:filters=2,layers=1"]
    done = CliRunner().invoke(main, list(map(str, line)))
    assert done.exit_code == 0, done.output
    assert card.read(tmp_path / "run").license == "CC0-1.0"
    with zipfile.ZipFile(tmp_path / "run" / RunFolder.MODEL) as opened:
        assert set(opened.namelist()) == archive.MEMBERS
    done = CliRunner().invoke(main, ["train", "--resume", str(tmp_path / "run"), "--license", "MIT"])
    assert done.exit_code == 2
