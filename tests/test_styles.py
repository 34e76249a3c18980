"""Ready-made styles come and go with their distributions, are drawn, fused and trained further, and harm nobody."""

import json
import os
import re
import shutil
import time
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import stylezoo
from stylezoo import training
from stylezoo.catalogue import registry
from stylezoo.checks import check_style
from stylezoo.cli import main
from stylezoo.drawing.graphs import Graphs
from stylezoo.drawing.joining import join
from stylezoo.errors import BadOptions, BadRun, PluginConflict
from stylezoo.files import archive
from stylezoo.recipe import Recipe
from stylezoo.runs import card, families, lineage, loading, shipping
from stylezoo.runs.folder import RunFolder
from stylezoo.runs.mixing import Mixture

pytestmark = pytest.mark.usefixtures("read_once")

TINY = {
    "generator.filters": 2, "generator.blocks": 1, "discriminators": ("patch:filters=2,layers=1",), "image_size": 16,
    "load_size": 20, "batch_size": 1, "average": 0.9,
}  # fmt: skip
OURS = [plugin.name for plugin in registry.plugins("style") if plugin.distribution == "stylezoo"]
MOST_BYTES = 12_000_000  # of all our styles together, in the wheel
ABOUT, SOURCE, LICENSE = "Dabs of colour.", "Nobody, Noise, 2026, CC0", "CC0-1.0"
X = np.random.default_rng(9).uniform(-1, 1, (16, 20, 3)).astype("float32")


def run(*words, **options):
    return CliRunner().invoke(main, [*map(str, words)], prog_name="stylezoo", **options)


def well(*words, **options):
    """What the command gave, when all went well."""
    done = run(*words, **options)
    assert (done.exit_code, done.exception) == (0, None), done.output
    return done


def refused(*words, code=1):
    """The one line of a command that refuses, below those that say how it is used."""
    done = run(*words)
    assert (done.exit_code, type(done.exception)) == (code, SystemExit), done.output
    *usage, line = done.stderr.splitlines()
    assert all(not each or each.startswith(("Usage: ", "Try ")) for each in usage)
    return line


def pixels(file):
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def listed(kind="styles"):
    return {row["name"]: row for row in json.loads(well("list", kind, "--json").stdout)["plugins"]}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs that are siblings, and one that is a stranger to them; random weights stand for trained ones."""
    folder = tmp_path_factory.mktemp("runs")
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 28, 3), "uint8"))
    for name, begin, seed in (("a", None, 0), ("stranger", None, 5), ("b", folder / "a", 2)):
        recipe = training.chosen("transfer", begin, steps=1, **TINY)
        begun = training.start(recipe, photo, photo, folder / name, start_from=begin)
        rng = np.random.default_rng(seed)
        for network in (begun.model.generator, begun.model.average):
            for layer in network.layers[-2:]:  # the last convolution, else all pictures are nearly grey
                for variable in layer.weights:
                    variable.assign(variable + rng.normal(size=variable.shape))
        file = folder / name / RunFolder.MODEL
        begun.model.save(file)
        archive.append(file, card.members(begun.card, b""))
    return folder


@pytest.fixture(scope="module")
def files(runs, tmp_path_factory):
    """The files of three styles; those of the second have no discriminators."""
    folder = tmp_path_factory.mktemp("files")
    for name in ("a", "b", "stranger"):
        shipping.write_style(
            runs / name, folder / f"{name}.keras", ABOUT, [SOURCE], LICENSE, "make them", judges=name != "b"
        )
    return folder


def distribute(folder, distribution, styles):
    """Write what pip installs of a distribution: its metadata, and a package that must not be imported.

    Args:
        folder: A folder of `sys.path`.
        distribution: Its name.
        styles: The content or the file of each style by name; None: the file is missing.
    """
    package, metadata = folder / distribution.replace("-", "_"), folder / f"{distribution}-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    for name, content in styles.items():
        if content is not None:
            (package / f"{name}.keras").write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    rows = "".join(f"{name} = {package.name}:{name}\n" for name in styles)
    (metadata / "entry_points.txt").write_text(f"[stylezoo.styles]\n{rows}")
    return package, metadata


@pytest.fixture
def acme(files, tmp_path, monkeypatch):
    """A distribution with three styles: the siblings dabs and drops, and rings, which is a stranger to them."""
    site = tmp_path / "site"
    styles = {name: files / f"{file}.keras" for name, file in (("dabs", "a"), ("drops", "b"), ("rings", "stranger"))}
    written = distribute(site, "acme-styles", styles)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.chdir(tmp_path)
    return written


@pytest.fixture
def photo(tmp_path):
    few = np.random.default_rng(3).integers(0, 256, (4, 5, 3), dtype="uint8")
    path = tmp_path / "photo.png"
    Image.fromarray(few).resize((40, 32), Image.Resampling.BICUBIC).save(path)
    return path


def mask(path, width, height):
    """A mask, white in the left half and black in the right."""
    values = np.zeros((height, width), "uint8")
    values[:, : width // 2] = 255
    Image.fromarray(values).save(path)
    return path


# A stranger's style


@pytest.mark.long
def test_a_strangers_style_comes_is_drawn_fuses_with_ours_and_goes(acme, photo, tmp_path):
    row = listed()["dabs"]
    assert (row["distribution"], row["summary"], row["problem"]) == ("acme-styles", ABOUT, "")
    assert "dabs" in stylezoo.list_styles("d*")
    shown = well("show", "dabs").stdout
    assert all(text in shown for text in (ABOUT, SOURCE, LICENSE, "make them"))
    well("stylize", photo, "--style", "dabs", "-o", "one.png")
    done = well("stylize", photo, "--style", "dabs=1", "--style", "starry-night=1", "-o", "both.png")
    assert done.stderr.startswith("Each style draws the picture, and the results are joined. ")
    assert done.stderr.endswith("Styles  dabs 50%, starry-night 50%\n")
    assert pixels("both.png").shape == pixels(photo).shape
    assert np.abs(pixels("both.png") - pixels("one.png")).mean() > 1

    package, metadata = acme
    for folder in (package, metadata):
        shutil.rmtree(folder)
    os.utime(package.parent)
    assert "dabs" not in listed()
    assert refused("stylize", photo, "--style", "dabs", "-o", "gone.png").startswith("Error: 'dabs' is no model: ")


def test_a_strangers_sibling_of_ours_is_mixed_with_it_by_weights(photo, tmp_path, monkeypatch):
    name = "starry-night"
    distribute(tmp_path / "site", "acme-night", {"night": registry.find("style", name).file})
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.chdir(tmp_path)
    done = well("stylize", photo, "--style", "night=1", "--style", f"{name}=1", "-o", "both.png")
    assert done.stderr == f"Styles  night 50%, {name} 50%\n"
    well("stylize", photo, "--style", name, "-o", "one.png")
    np.testing.assert_array_equal(pixels("both.png"), pixels("one.png"))


def test_names_are_completed(acme, monkeypatch):
    words = {"_STYLEZOO_COMPLETE": "bash_complete", "COMP_WORDS": "stylezoo show dab", "COMP_CWORD": "2"}
    assert run(env=words).stdout.split() == ["plain,dabs"]


def test_styles_are_found_and_shown_without_an_import(acme, python):
    code = """
import sys
from click.testing import CliRunner
from stylezoo.cli import main
for words in (["list"], ["list", "styles", "--json"], ["show", "dabs"]):
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0 and "dabs" in done.stdout, done.output
heavy = ["keras", "tensorflow", "numpy", "PIL", "h5py", "stylezoo_builtins", "acme_styles"]
print([name for name in heavy if name in sys.modules])
"""
    done = python("-c", code, PYTHONPATH=str(acme[0].parent))
    assert (done.stderr, done.stdout) == ("", "[]\n")


def test_a_style_is_read_once_until_its_file_changes(files, tmp_path, monkeypatch):
    read, reads = loading.drawing, []
    monkeypatch.setattr(loading, "drawing", lambda file: reads.append(file) or read(file))
    style = tmp_path / "mine.keras"
    for number, name in enumerate(("a", "stranger"), 1):
        shutil.copy(files / f"{name}.keras", style)
        first, again = (stylezoo.stylize(X, style) for _ in range(2))
        assert reads.count(style) == number
        np.testing.assert_array_equal(first, again)
        np.testing.assert_array_equal(first, stylezoo.load_model(files / f"{name}.keras").stylize(X))


def test_styles_that_are_built_alike_share_their_graphs(files, tmp_path):
    same, other, wider = (stylezoo.create_model("transfer", seed=seed, **{**TINY, "generator.filters": filters})
                          for seed, filters in ((0, 2), (1, 2), (0, 3)))  # fmt: skip
    for number, model in enumerate((other, wider)):
        model.save(tmp_path / f"{number}.keras")
    paths = [files / "a.keras", files / "stranger.keras", *(tmp_path / f"{number}.keras" for number in range(2))]
    first, alike, seeded, larger = (Graphs.of(loading.remembered(path).drawing_network()) for path in paths)
    assert first is alike
    assert len({id(each) for each in (first, seeded, larger)}) == 3
    assert same.plan.generator_facts == loading.remembered(paths[0]).plan.generator_facts


def test_two_owners_of_one_name_are_refused_with_both_names(acme, files, photo, tmp_path, monkeypatch):
    distribute(tmp_path / "rival", "rival-styles", {"dabs": files / "stranger.keras"})
    monkeypatch.syspath_prepend(str(tmp_path / "rival"))
    line = refused("stylize", photo, "--style", "dabs", code=2)
    assert "acme-styles 1.0 and by rival-styles 1.0" in line
    assert "acme-styles/dabs or rival-styles/dabs" in line
    with pytest.raises(PluginConflict):
        stylezoo.load_model("dabs")
    mine, theirs = (stylezoo.stylize(X, f"{owner}/dabs") for owner in ("acme-styles", "rival-styles"))
    np.testing.assert_array_equal(mine, stylezoo.stylize(X, files / "a.keras"))
    np.testing.assert_array_equal(theirs, stylezoo.stylize(X, files / "stranger.keras"))
    assert listed()["drops"]["problem"] == ""


# What is broken


def changed(file, member, change):
    """The content of a style's file with another content of a member."""
    with zipfile.ZipFile(file) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    new = file.with_name("changed.keras")
    archive.write(new, {**members, member: change(members.get(member))})
    return new.read_bytes()


def without(file, member):
    new = file.with_name("without.keras")
    archive.copied(file, new, {member: None})
    return new.read_bytes()


def with_field(**fields):
    return lambda content: json.dumps({**json.loads(content), **fields}).encode()


BROKEN = {  # how the file is made, and whether the card shows it
    "missing": (lambda file: None, True),
    "garbage": (lambda file: b"no archive", True),
    "empty": (lambda file: b"", True),
    "halved": (lambda file: file.read_bytes()[: file.stat().st_size // 2], True),
    "cardless": (lambda file: without(file, archive.CARD), True),
    "huge": (lambda file: changed(file, archive.CARD, with_field(about="x" * 2**20)), True),
    "list": (lambda file: changed(file, archive.CARD, lambda _: b"[1]"), True),
    "typed": (lambda file: changed(file, archive.CARD, with_field(sources=5)), True),
    "outside": (lambda file: changed(file, "../evil.py", lambda _: b"print()"), False),
    "lambda": (
        lambda file: changed(file, archive.CONFIG, with_field(compiled={"class_name": "__lambda__", "config": {}})),
        False,
    ),
    "weightless": (lambda file: changed(file, archive.WEIGHTS, lambda _: b"\x89HDF\r\n"), False),
}


@pytest.fixture(scope="module")
def broken_site(files, tmp_path_factory):
    site = tmp_path_factory.mktemp("broken")
    styles = {name: make(files / "a.keras") for name, (make, _) in BROKEN.items()}
    distribute(site, "acme-broken", {**styles, "fine": files / "a.keras"})
    return site


@pytest.fixture
def broken(broken_site, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(broken_site))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_style_is_one_line(name, broken, photo):
    row = listed()[name]
    assert bool(row["problem"]) == BROKEN[name][1]
    assert "\n" not in row["problem"]
    shown = run("show", name)
    assert type(shown.exception) in (SystemExit, type(None))
    assert len(shown.stderr.splitlines()) <= 1
    line = refused("stylize", photo, "--style", name, "-o", "result.png")
    assert row["problem"] in line
    assert not Path("result.png").exists()
    with pytest.raises(stylezoo.StylezooError):
        stylezoo.load_model(name)


def test_broken_styles_do_not_disturb_the_others(broken, files, photo):
    lines = well("list", "styles").stdout.splitlines()
    assert len(lines) == 1 + len(registry.plugins("style"))
    assert sum("broken: " in line for line in lines) == sum(seen for _, seen in BROKEN.values())
    assert listed()["fine"]["problem"] == ""
    well("stylize", photo, "--style", "fine", "-o", "fine.png")
    assert families.teacher(files / "b.keras") == registry.find("style", "fine").file  # no broken one is asked


@pytest.mark.long
def test_the_doctor_finds_every_broken_style_and_says_what_to_do(broken):
    done = run("doctor", "acme-broken", "--json")
    assert done.exit_code == 3
    found = {row["name"]: row for row in json.loads(done.stdout)["plugins"]}
    assert {name for name, row in found.items() if row["cause"]} == {*BROKEN} - {"weightless"}  # that needs its weights
    for name in BROKEN.keys() - {"weightless"}:
        assert found[name]["reason"]
        assert "pip uninstall acme-broken" in found[name]["advice"]
        assert "\n" not in found[name]["reason"]


# Fusion


@pytest.mark.long
@pytest.mark.parametrize("others", [("dabs", "drops"), ("dabs", "rings")], ids=["siblings", "strangers"])
def test_a_weight_of_one_among_zeros_is_that_style_byte_for_byte(others, acme, photo):
    for style in others:
        well("stylize", photo, "--style", style, "-o", f"{style}.png")
        words = [word for each in others for word in ("--style", f"{each}={int(each == style)}")]
        well("stylize", photo, *words, "-o", f"{style}-of-two.png")
        assert Path(f"{style}-of-two.png").read_bytes() == Path(f"{style}.png").read_bytes()
        weights = {each: float(each == style) for each in others}
        np.testing.assert_array_equal(stylezoo.stylize(X, weights), stylezoo.stylize(X, style))
    assert np.abs(pixels(f"{others[0]}.png") - pixels(f"{others[1]}.png")).mean() > 1


def test_a_style_with_itself_is_the_style(acme):
    same = stylezoo.interpolate([("dabs"), "acme-styles/dabs"])
    np.testing.assert_array_equal(same.stylize(X), stylezoo.load_model("dabs").stylize(X))
    np.testing.assert_array_equal(stylezoo.stylize(X, {"dabs": 0.3, "acme-styles/dabs": 0.7}), same.stylize(X))


def test_siblings_are_mixed_by_their_weights(acme, photo):
    done = well("stylize", photo, "--style", "dabs=3", "--style", "drops=1", "-o", "mixed.png")
    assert done.stderr == "Styles  dabs 75%, drops 25%\n"
    expected = stylezoo.interpolate({"dabs": 3, "drops": 1}).stylize(photo)
    np.testing.assert_array_equal(pixels("mixed.png"), np.asarray(expected))
    for each in ("dabs", "drops"):
        assert np.abs(pixels("mixed.png") - np.asarray(stylezoo.stylize(photo, each))).mean() > 0.5


def test_styles_that_are_no_siblings_are_joined_and_a_line_says_so(acme, photo):
    done = well("stylize", photo, "--style", "dabs=3", "--style", "rings=1", "-o", "joined.png")
    first, last = done.stderr.splitlines()
    assert first.startswith("Each style draws the picture, and the results are joined. 'dabs' and 'rings' have no com")
    assert last == "Styles  dabs 75%, rings 25%"
    picture = np.asarray(Image.open(photo)).astype("float32") / 127.5 - 1
    drawn = [stylezoo.load_model(each).stylize(picture) for each in ("dabs", "rings")]
    joined = join(drawn, np.array([[[0.75, 0.25]]], "float32"))
    assert np.abs(pixels("joined.png") - (joined + 1) * 127.5).max() <= 1


def test_generators_that_are_built_differently_are_joined(acme):
    mixture = Mixture(["dabs", "starry-night"])
    assert "only generators that are built alike can be mixed" in mixture.reason
    assert Mixture(["dabs", "drops"]).reason == ""


def test_each_place_has_the_style_of_its_mask(acme, photo):
    """Far from the edge of the mask, as far as the broadest details reach."""
    width, height, margin = 480, 32, 96
    picture = np.asarray(Image.open(photo).resize((width, height)))
    place = mask(Path("mask.png"), width, height)
    drawn = stylezoo.stylize(picture, "dabs", masks={"rings": place})
    dabs, rings = (stylezoo.stylize(picture, each) for each in ("dabs", "rings"))
    middle = width // 2
    np.testing.assert_allclose(drawn[:, : middle - margin], rings[:, : middle - margin], atol=0.02)
    np.testing.assert_allclose(drawn[:, middle + margin :], dabs[:, middle + margin :], atol=0.02)
    alone = stylezoo.stylize(picture, masks={"rings": place})
    exact = picture.astype("float32") / 127.5 - 1
    np.testing.assert_allclose(alone[:, middle + margin :], exact[:, middle + margin :], atol=1e-5)
    np.testing.assert_allclose(alone[:, : middle - margin], rings[:, : middle - margin], atol=1e-5)


def test_a_white_mask_is_the_style_and_a_black_one_leaves_the_others(acme, photo):
    for colour, expected in (("white", "rings"), ("black", "dabs")):
        Image.new("L", (40, 32), colour).save(f"{colour}.png")
        well("stylize", photo, "--style", "dabs", "--mask", f"{colour}.png=rings", "-o", f"{colour}-result.png")
        well("stylize", photo, "--style", expected, "-o", f"{expected}.png")
        np.testing.assert_array_equal(pixels(f"{colour}-result.png"), pixels(f"{expected}.png"))


@pytest.mark.parametrize("styles", ["dabs", ["dabs", "drops"], ["dabs", "rings"]], ids=["one", "siblings", "joined"])
def test_strength_and_colours_are_those_that_are_asked_for(styles, acme, photo):
    picture = np.asarray(Image.open(photo))
    np.testing.assert_array_equal(np.asarray(stylezoo.stylize(photo, styles, strength=0)), picture)
    full, half = (stylezoo.stylize(picture, styles, strength=share) for share in (1.0, 0.5))
    np.testing.assert_allclose(half, (full + picture.astype("float32") / 127.5 - 1) / 2, atol=1e-5)
    kept = np.asarray(stylezoo.stylize(photo, styles, keep_colour=True)).astype(float)
    light = np.array([0.299, 0.587, 0.114])
    colour = kept - (kept @ light)[..., None] - (picture - (picture @ light)[..., None])
    inside = ((kept > 0) & (kept < 255)).all(axis=-1)  # elsewhere it is cut off
    assert inside.any()
    assert np.abs(colour[inside]).max() < 2
    assert np.abs(kept - picture).mean() > 1


# Names


def test_without_a_style_the_default_is_drawn_and_the_others_are_named(photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = well("stylize", photo, "-o", "default.png")
    others = ", ".join(name for name in stylezoo.list_styles() if name != "starry-night")
    assert done.stderr == f"Style   starry-night; others, with --style: {others}\n"
    np.testing.assert_array_equal(pixels("default.png"), np.asarray(stylezoo.stylize(photo)))


def test_the_closest_style_is_suggested(photo):
    line = refused("stylize", photo, "--style", "starry-nite")
    assert "Did you mean 'starry-night'?" in line
    with pytest.raises(BadRun, match=r"Did you mean 'scream'\?"):
        stylezoo.load_model("screem")
    assert "Did you mean 'great-wave'?" in refused("show", "great-wav", code=2)


def test_a_bare_name_means_the_style_also_beside_a_folder_of_that_name(acme, runs, photo):
    shutil.copytree(runs / "stranger", "dabs")
    well("stylize", photo, "--style", "dabs", "-o", "style.png")
    well("stylize", photo, "--style", "./dabs", "-o", "run.png")
    np.testing.assert_array_equal(pixels("style.png"), np.asarray(stylezoo.stylize(photo, "acme-styles/dabs")))
    np.testing.assert_array_equal(pixels("run.png"), np.asarray(stylezoo.load_model(runs / "stranger").stylize(photo)))
    assert ABOUT in well("show", "dabs").stdout
    assert card.read("dabs").about == ABOUT
    assert card.read("./dabs").about == ""


# In Python


def test_a_path_an_image_and_an_array_are_redrawn(acme, photo):
    picture = Image.open(photo).convert("RGB")
    by_path, by_image = stylezoo.stylize(photo, "dabs"), stylezoo.stylize(picture, "dabs")
    assert by_path.size == picture.size
    np.testing.assert_array_equal(np.asarray(by_path), np.asarray(by_image))
    by_array = stylezoo.stylize(np.asarray(picture), "dabs")
    assert (by_array.shape, by_array.dtype) == ((32, 40, 3), "float32")
    assert np.abs(np.asarray(by_path) - (by_array + 1) * 127.5).max() <= 0.51
    two = stylezoo.stylize(np.stack([X, X[::-1]]), ["dabs", "rings"])
    np.testing.assert_allclose(two[0], stylezoo.stylize(X, ["dabs", "rings"]), atol=1e-5)


def test_a_style_is_loaded_as_a_model(acme, files):
    model = stylezoo.load_model("dabs")
    np.testing.assert_array_equal(model.stylize(X), stylezoo.stylize(X, "dabs"))
    np.testing.assert_array_equal(model.stylize(X), loading.drawing(files / "a.keras").stylize(X))


# Training from a style


def networks(model):
    return [value for network in model.discriminators for value in network.get_weights()]


def same(ones, others):
    return all((one == other).all() for one, other in zip(ones, others, strict=True))


@pytest.mark.long
def test_a_training_starts_from_the_styles_own_picture_and_discriminators(acme, files, tmp_path):
    judges = networks(stylezoo.load_model(files / "a.keras"))
    model = stylezoo.create_model("transfer", pretrained="dabs", seed=3, **TINY)
    np.testing.assert_array_equal(model.stylize(X), stylezoo.stylize(X, "dabs"))
    assert same(networks(model), judges)
    image = Image.fromarray(np.full((24, 28, 3), 99, "uint8"))
    for style in ("dabs", "drops"):  # the latter has no discriminators: those of its relative are there
        begun = training.start(training.chosen(start_from=style), image, image, tmp_path / style, start_from=style)
        np.testing.assert_array_equal(begun.model.stylize(X), stylezoo.stylize(X, style))
        assert same(networks(begun.model), judges)
        assert begun.notes == []
        assert begun.card.lineage[:-1] == card.read(style).lineage


def test_discriminators_that_nobody_has_are_new_and_a_line_says_so(files, tmp_path):
    file = files / "b.keras"  # no relative is installed
    image = Image.fromarray(np.full((24, 28, 3), 99, "uint8"))
    begun = training.start(training.chosen(start_from=file), image, image, tmp_path / "run", start_from=file)
    assert begun.notes == [f"The discriminators start from new weights: '{file}' has none."]
    np.testing.assert_array_equal(begun.model.stylize(X), stylezoo.stylize(X, file))


@pytest.mark.parametrize(("given", "kept"), [(7, None), (40, 40), (None, None)])
def test_an_epoch_that_was_given_stays_and_one_that_was_counted_does_not(given, kept, monkeypatch):
    """7 pictures and 3 of style, one in each step: an epoch that counts them has 7 steps."""
    recipe = Recipe.named("transfer", **TINY).changed(steps_per_epoch=given)
    rows = [{"role": "source", "pictures": 7}, {"role": "style", "pictures": 3}]
    monkeypatch.setattr(lineage, "recipe_of", lambda path: recipe)
    monkeypatch.setattr(card, "read", lambda path: card.Card(data=rows))
    assert lineage.beginning("some").steps_per_epoch == kept


# Shipping


def test_a_file_of_half_the_size_draws_the_same_picture(runs, files):
    """Less than 1/255 on average is lost by half precision; neither the optimizers nor the sheet are in the file."""
    for name in ("a", "b", "stranger"):
        exact, shipped = (stylezoo.load_model(each).stylize(X) for each in (runs / name, files / f"{name}.keras"))
        assert 0 < np.abs(exact - shipped).mean() < 2 / 255
        with zipfile.ZipFile(files / f"{name}.keras") as opened:
            assert set(opened.namelist()) == {archive.CONFIG, archive.METADATA, archive.WEIGHTS, archive.CARD}
    assert (files / "b.keras").stat().st_size < (files / "a.keras").stat().st_size


def test_the_same_model_makes_the_same_file(runs, tmp_path):
    for name in ("one", "other"):
        shipping.write_style(runs / "a", tmp_path / f"{name}.keras", ABOUT, [SOURCE], LICENSE)
        time.sleep(1.1)  # HDF5 can keep times, of whole seconds
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "other.keras").read_bytes()


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"license": ""}, "no licence is named"),
        ({"sources": [" "]}, "it is not said what it learned from"),
        ({"sources": []}, "it is not said what it learned from"),
        ({"about": " "}, "it is not said what it is"),
    ],
)
def test_a_style_without_licence_sources_or_words_is_not_shipped_and_fails_the_kit(
    change, said, runs, files, tmp_path, monkeypatch
):
    fields = {"about": ABOUT, "sources": [SOURCE], "license": LICENSE}
    with pytest.raises(BadOptions, match=said):
        shipping.write_style(runs / "a", tmp_path / "new.keras", **{**fields, **change})
    assert not (tmp_path / "new.keras").exists()
    content = changed(files / "a.keras", archive.CARD, with_field(**{**fields, **change}))
    distribute(tmp_path / "site", "acme-silent", {"silent": content})
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    results = check_style("silent", on_fail="return")
    assert {each.check: said in each.reason for each in results if each.status == "failed"} == {"described": True}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--license", LICENSE, "--learned-from", SOURCE], 2, "name its run with --from RUN"),
        (["--from", "RUN", "--learned-from", SOURCE], 2, "no licence is named (--license"),
        (["--from", "RUN", "--license", LICENSE], 2, "it is not said what it learned from (--learned-from"),
        (["--from", "gone", "--license", LICENSE, "--learned-from", SOURCE], 1, "'gone' is no model"),
    ],
)
def test_new_refuses_a_style_that_lacks_something(words, code, said, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [str(runs / "a") if word == "RUN" else word for word in words]
    assert said in refused("new", "style", "mine", *words, code=code)
    assert list(tmp_path.iterdir()) == []


def test_options_of_a_style_are_refused_for_other_kinds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "are for a style, not for a loss" in refused("new", "loss", "mine", "--from", "runs/a", code=2)


@pytest.mark.long
def test_what_new_writes_of_a_run_passes_the_kit(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--from", runs / "a", "--license", LICENSE, "--learned-from", SOURCE]
    done = well("new", "style", "soft-dabs", *words)
    folder = tmp_path / "stylezoo-soft-dabs"
    wrote = ["README.md", "pyproject.toml", "stylezoo_soft_dabs/__init__.py", "stylezoo_soft_dabs/soft_dabs.keras"]
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert found == [*wrote, "tests/test_soft_dabs.py"]
    assert all(name in done.stdout for name in found)
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    ((name, target),) = project["project"]["entry-points"]["stylezoo.styles"].items()
    metadata = folder / "stylezoo_soft_dabs-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_text(f"[stylezoo.styles]\n{name} = {target}\n")
    monkeypatch.syspath_prepend(str(folder))
    assert {result.status for result in check_style("soft-dabs")} == {"passed"}
    assert card.read("soft-dabs").sources == [SOURCE]
    assert card.read("soft-dabs").lineage == card.read(runs / "a").lineage


# Ours


@pytest.mark.parametrize("name", OURS)
def test_cards_of_our_styles_are_complete(name):
    found = card.read(name)
    assert shipping.incomplete(found) == ""
    assert found.license.lower() in card.LICENSES
    assert found.about.endswith(".")
    assert name in found.command
    assert re.match(r"content \d\.\d\d, palette ", found.figures)
    assert found.lineage
    assert len(found.sources) > 1  # the painting, and the photographs


def test_all_our_styles_together_are_small():
    assert sum(registry.find("style", name).file.stat().st_size for name in OURS) <= MOST_BYTES


def test_our_styles_are_siblings():
    lines = [set(card.read(name).lineage) for name in OURS]
    assert set.intersection(*lines)


# Joining


def pictures(count, height, width):
    rng = np.random.default_rng(1)
    return [rng.uniform(-1, 1, (height, width, 3)).astype("float32") for _ in range(count)]


def shares(*values):
    return np.array([[values]], "float32")


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 7), (17, 33), (64, 64), (101, 47)], ids=str)
def test_joined_pictures_have_their_size_and_stay_in_range(size):
    joined = join(pictures(3, *size), shares(0.5, 0.3, 0.2))
    assert (joined.shape, joined.dtype) == ((*size, 3), "float32")
    assert np.abs(joined).max() <= 1


@pytest.mark.parametrize("size", [(3, 7), (17, 33), (64, 48)], ids=str)
def test_equal_pictures_are_joined_to_that_picture(size):
    (picture,) = pictures(1, *size)
    np.testing.assert_allclose(join([picture] * 3, shares(0.2, 0.3, 0.5)), picture, atol=1e-5)


def test_one_with_the_whole_share_is_the_picture_exactly():
    ones = pictures(3, 33, 47)
    for number, whole in enumerate(np.eye(3, dtype="float32")):
        np.testing.assert_array_equal(join(ones, shares(*whole)), ones[number])
        np.testing.assert_array_equal(join(ones, np.broadcast_to(whole, (33, 47, 3))), ones[number])


def test_of_details_the_stronger_are_kept_and_broad_areas_are_means():
    """A mean of pictures would halve the stripes of one that is joined with an even one."""
    stripes = np.full((64, 64, 3), 0.2, "float32")
    stripes[:, ::2] += 0.5
    stripes[:, 1::2] -= 0.5
    even = np.full((64, 64, 3), -0.4, "float32")
    joined = join([stripes, even], shares(0.5, 0.5))
    assert abs(joined.mean() - (0.2 - 0.4) / 2) < 0.01
    assert np.abs(np.diff(joined[16:48, 16:48], axis=1)).mean() > 0.9  # of 1
