"""A training goes on from a trained model: with other pictures, or with one style more."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from keras import ops
from PIL import Image

import stylezoo
from stylezoo import training
from stylezoo.catalogue import registry
from stylezoo.cli import main
from stylezoo.contract import style_of
from stylezoo.contract.branches import leaves
from stylezoo.data.album import Album
from stylezoo.data.batches import Batches
from stylezoo.errors import BadData, BadOptions, BadRecipe, BadRun
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.runs import card, lineage
from stylezoo.runs.folder import RunFolder

pytestmark = pytest.mark.usefixtures("read_once")

SMALL = {"image_size": 16, "load_size": 20, "batch_size": 1}
TINY = {
    **SMALL, "generator.filters": 2, "generator.blocks": 1, "discriminators": ("patch:filters=2,layers=1",),
    "average": 0.9,
}  # fmt: skip
GATED = {
    **SMALL, "generator.filters": 2, "generator.blocks": 1, "discriminators": ("gated:filters=2,layers=1",), "pool": 2,
    "average": 0.5, "optimizer.learning_rate": 0.01,
}  # fmt: skip
STEPS = 10  # of the training that adds a style
LEARNING = ["--loss", "l1:weight=50", "--set", "optimizer.learning_rate=0.05"]
X = np.random.default_rng(9).uniform(-1, 1, (16, 16, 3)).astype("float32")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Folders of sources and of four looks, each of a colour of its own."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for name, count, colour in (
        ("photos", 3, (0, 0, 0)),
        ("monet", 2, (90, 0, 0)),
        ("song", 1, (0, 90, 0)),
        ("vangogh", 2, (-100, -100, 90)),
        ("klee", 1, (90, 90, 0)),
    ):
        (folder / name).mkdir()
        for i in range(count):
            pixels = np.clip(rng.integers(50, 200, (24, 28, 3)) + colour, 0, 255).astype("uint8")
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def parent(pictures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parent") / "a"
    stylezoo.train("transfer", pictures / "photos", pictures / "monet", folder, steps=3, **TINY)
    return folder


@pytest.fixture(scope="module")
def gated(pictures, tmp_path_factory):
    """A training of the styles monet and song."""
    folder = tmp_path_factory.mktemp("gated") / "gated"
    styles = [pictures / "monet", pictures / "song"]
    stylezoo.train("gated", pictures / "photos", styles, folder, steps=3, **GATED)
    return folder


def state(folder):
    model = stylezoo.load_model(folder)
    return [v.numpy() for v in [*model.variables, *model.optimizer.variables]]


def same(one, other):
    return len(one) == len(other) and all((a == b).all() for a, b in zip(one, other, strict=True))


def weights(network):
    return [value.copy() for value in network.get_weights()]


def begun(parent, pictures, out, **changes):
    """The beginning of a training that goes on from `parent` with another look."""
    recipe = training.chosen(start_from=parent, steps=4, **changes)
    return training.start(recipe, pictures / "photos", pictures / "song", out, start_from=parent)


# Other pictures


@pytest.mark.long
def test_weights_are_where_the_new_training_begins_and_all_else_is_fresh(parent, pictures, tmp_path):
    run, old = begun(parent, pictures, tmp_path / "b"), stylezoo.load_model(parent)
    for name in ("generator", "average"):
        assert same(weights(getattr(run.model, name)), weights(getattr(old, name)))
    assert same(weights(run.model.discriminators[0]), weights(old.discriminators[0]))
    assert (int(old.step), run.step) == (3, 0)
    moments = [v.numpy() for v in run.model.optimizer.variables if "learning_rate" not in v.path]
    assert all((each == 0).all() for each in moments)
    assert run.notes == []
    assert run.recipe == old.recipe.changed(steps=4)


@pytest.fixture(scope="module")
def further(parent, pictures, tmp_path_factory):
    """Four steps that go on from `parent`."""
    folder = tmp_path_factory.mktemp("further") / "b"
    return training.fit(begun(parent, pictures, folder)).folder


@pytest.mark.long
def test_further_training_learns_from_the_new_pictures(parent, further, pictures):
    assert json.loads((further / RunFolder.PLACES).read_text())["style"] == str(pictures / "song")
    assert not same(state(further), state(parent))


@pytest.mark.long
def test_a_run_that_was_killed_before_its_first_checkpoint_does_without_what_it_began_from(
    parent, further, pictures, tmp_path
):
    shutil.copytree(parent, tmp_path / "a")
    command = [
        sys.executable, "-m", "stylezoo", "train", "--from", tmp_path / "a", "--source", pictures / "photos", "--style",
        pictures / "song", "-o", tmp_path / "b", "--steps", "4000",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not (tmp_path / "b" / RunFolder.LOG).exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    shutil.rmtree(tmp_path / "a")
    run = training.resume(tmp_path / "b", steps=4)
    assert run.step == 0
    training.fit(run)
    assert same(state(tmp_path / "b"), state(further))


def test_a_named_model_and_changes_go_before_the_recipe_of_the_run(parent):
    assert training.chosen(start_from=parent).losses == stylezoo.load_model(parent).recipe.losses
    assert training.chosen(start_from=parent, losses=["hinge"]).losses[0].label == "hinge"
    named = training.chosen("transfer", parent, image_size=32)
    assert named == Recipe.named("transfer", image_size=32, precision="float32")


def test_an_epoch_is_as_long_as_the_new_pictures_make_it(parent, pictures, tmp_path):
    assert stylezoo.load_model(parent).recipe.steps_per_epoch == 3
    assert training.chosen(start_from=parent).steps_per_epoch is None
    assert training.chosen(start_from=parent, steps_per_epoch=5).steps_per_epoch == 5
    recipe = training.chosen(start_from=parent)
    run = training.start(recipe, pictures / "klee", pictures / "song", tmp_path / "b", start_from=parent)
    assert run.recipe.steps_per_epoch == 1


@pytest.mark.long
def test_a_training_whose_beginning_is_lost_is_not_resumed(gated, further, pictures, tmp_path):
    """The weights that it started from were in its checkpoint only."""
    recipe = training.chosen(start_from=gated, add_style=[pictures / "klee"], steps=2)
    training.start(recipe, pictures / "photos", [pictures / "klee"], tmp_path / "added", start_from=gated)
    shutil.copytree(further, tmp_path / "b")
    for name in ("added", "b"):
        shutil.rmtree(tmp_path / name / "checkpoints")
        with pytest.raises(BadRun, match=r"has lost its checkpoints/latest.weights.h5.*Start again .*--from"):
            training.resume(tmp_path / name, steps=5)
    (tmp_path / "added" / RunFolder.CARD).unlink()
    with pytest.raises(BadRun, match="has lost its"):
        training.resume(tmp_path / "added")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"generator.filters": 4}, "this training has filters=4, not filters=2"),
        ({"generator": "unet:filters=2,downs=2"}, "this training has the generator unet, not resnet"),
    ],
)
def test_another_generator_is_refused_in_words(change, said, parent, pictures, tmp_path):
    with pytest.raises(BadOptions, match=f"The weights of '{parent}' do not fit: {said}"):
        begun(parent, pictures, tmp_path / "b", **change)
    assert not (tmp_path / "b").exists()


@pytest.mark.long
def test_what_does_not_fit_begins_anew_and_is_told(parent, pictures, tmp_path):
    """Another discriminator, and a loss with layers of its own that the first training did not have."""
    run = begun(
        parent, pictures, tmp_path / "b", discriminators=["patch:filters=3,layers=1"], losses=["patch-nce:patches=4"]
    )
    assert [line.partition(":")[0] for line in run.notes] == [
        "The discriminator patch starts from new weights",
        "The layers of the loss patch-nce start from new weights",
    ]
    fresh = GAN(run.recipe)
    assert same(weights(run.model.discriminators[0]), weights(fresh.discriminators[0]))
    training.fit(run)
    again = training.start(
        training.chosen(start_from=tmp_path / "b"), pictures / "photos", pictures / "monet", tmp_path / "c",
        start_from=tmp_path / "b",
    )  # fmt: skip
    assert again.notes == []
    layers = [stylezoo.load_model(tmp_path / "b").loss_layers, again.model.loss_layers]
    assert same(*([value for layer in each for value in layer.get_weights()] for each in layers))


def test_without_an_average_the_generator_draws_what_the_run_drew(parent, pictures, tmp_path):
    run = begun(parent, pictures, tmp_path / "b", average=0)
    np.testing.assert_array_equal(run.model.stylize(X), stylezoo.load_model(parent).stylize(X))


def test_a_way_back_begins_anew_where_there_was_none(parent):
    old = lineage.read(parent)
    model = GAN(old.model.recipe.changed(two_way=True, losses=["cycle"]))
    said = lineage.inherit(model, old)
    assert [line.partition(":")[0] for line in said] == [
        "The way back starts from new weights",
        "The inverse discriminator patch starts from new weights",
    ]
    assert same(weights(model.generator), weights(old.model.generator))


# Lineage


def test_every_training_has_an_id_that_its_descendants_keep(parent, further, tmp_path):
    (first,) = card.read(parent).lineage
    assert re.fullmatch("[0-9a-f]{16}", first)
    ids = card.read(further).lineage
    assert ids[0] == first
    assert len(set(ids)) == 2
    shutil.copytree(further, tmp_path / "b")
    assert training.resume(tmp_path / "b", steps=5).card.lineage == ids
    for place in (tmp_path / "b", further / RunFolder.MODEL):
        assert card.read(place).lineage == ids
    shown = CliRunner().invoke(main, ["show", str(further)]).stdout
    assert f"lineage  {first[:8]} > {ids[1][:8]}" in shown


def test_a_model_without_a_card_has_the_same_id_each_time(parent, tmp_path):
    stylezoo.load_model(parent).save(tmp_path / "bare.keras")
    assert card.read(tmp_path / "bare.keras").lineage == []
    one, other = lineage.read(tmp_path / "bare.keras"), lineage.read(tmp_path / "bare.keras")
    assert one.lineage == other.lineage != ()
    assert re.fullmatch(card.ID, one.lineage[0])


# Another style


@pytest.fixture(scope="module")
def three(gated, pictures, tmp_path_factory):
    """The training that adds vangogh to monet and song."""
    folder = tmp_path_factory.mktemp("three") / "three"
    words = ["train", "--from", gated, "--source", pictures / "photos", "--add-style", pictures / "vangogh"]
    done = CliRunner().invoke(main, [*map(str, words), "-o", str(folder), "--steps", str(STEPS), *LEARNING])
    assert done.exit_code == 0, done.output
    return folder


@pytest.mark.long
def test_an_added_style_leaves_the_others_bit_for_bit(gated, three):
    old, new = stylezoo.load_model(gated), stylezoo.load_model(three)
    assert new.plan.styles == ("monet", "song", "vangogh")
    assert new.plan.data.added == 1
    for style in old.plan.styles:
        np.testing.assert_array_equal(new.stylize(X, style), old.stylize(X, style))
    np.testing.assert_array_equal(
        new([X[None], X[None], np.zeros((1, 3), "float32")]), old([X[None], X[None], np.zeros((1, 2), "float32")])
    )


@pytest.mark.long
def test_an_added_style_learns_its_look(gated, three, pictures):
    """What it draws has come nearer to its pictures, in the training by way of the loss l1 as well."""
    model = stylezoo.load_model(three)
    began = GAN(model.recipe)
    lineage.inherit(began, lineage.read(gated))
    batches = Batches(model.recipe, pictures / "photos", [pictures / "vangogh"])

    def distance(network):
        shown = [batches[n] for n in range(6)]
        return np.mean([np.abs(ops.convert_to_numpy(network([x, labels])) - y).mean() for x, y, labels in shown])

    before = distance(began.generator)
    assert distance(model.generator) < before - 0.001
    assert distance(model.average) < before - 0.001
    assert card.read(three).data[1] == {"role": "style vangogh", "kind": "folder", "name": "vangogh", "pictures": 2}


def test_only_the_new_branch_of_the_generator_has_learnt(gated, three):
    old, new = stylezoo.load_model(gated), stylezoo.load_model(three)
    for network in ("generator", "average"):
        before, after = (
            {(style_of(layer), i): layer.get_weights() for i, layer in enumerate(_in_order(getattr(each, network)))}
            for each in (old, new)
        )
    assert {style for style, _ in after} - {style for style, _ in before} == {2}
    learning = {id(v) for v in new.variables_of("generator")}
    mine = {id(v) for layer in leaves(new.generator) if style_of(layer) == 2 for v in layer.trainable_variables}
    assert learning == mine
    assert len(mine) == 8  # kernel, bias, gamma and beta of two convolutions


def _in_order(network):
    return [layer for layer in leaves(network) if layer.weights]


@pytest.mark.long
def test_heads_of_discriminators_grow_at_their_end(gated, pictures, tmp_path):
    recipe = training.chosen(start_from=gated, add_style=[pictures / "vangogh", pictures / "klee"], steps=2)
    styles = [pictures / "vangogh", pictures / "klee"]
    run, old = training.start(recipe, pictures / "photos", styles, tmp_path / "b", start_from=gated), None
    old, fresh = stylezoo.load_model(gated), GAN(run.recipe)
    assert run.notes == []
    for mine, theirs, new in zip(*(weights(each.discriminators[0]) for each in (run.model, old, fresh)), strict=True):
        np.testing.assert_array_equal(mine[..., : theirs.shape[-1]], theirs)
        np.testing.assert_array_equal(mine[..., theirs.shape[-1] :], new[..., theirs.shape[-1] :])
    heads = [value.shape[-1] for value in weights(run.model.discriminators[0])]
    assert heads[-1] == 4 or 4 in heads
    for n in range(2):
        *_, labels = run.batches[n]
        np.testing.assert_array_equal(labels, np.eye(4, dtype="float32")[[2 + n]])


@pytest.mark.long
def test_a_run_that_adds_a_style_resumes_bit_for_bit(gated, three, pictures, tmp_path):
    options = {"start_from": gated, "add_style": pictures / "vangogh", "source": pictures / "photos"}
    stylezoo.train(
        out=tmp_path / "parts", steps=3, losses=[LEARNING[1]], **{"optimizer.learning_rate": 0.05}, **options
    )
    training.fit(training.resume(tmp_path / "parts", steps=STEPS))
    assert same(state(three), state(tmp_path / "parts"))


@pytest.mark.long
def test_styles_keep_the_names_that_they_were_given(gated, pictures, tmp_path):
    """Named styles, and then one more that is in no file, whose number goes on from theirs; resumed as they began."""
    photo = Image.open(pictures / "photos" / "0.png")
    named = {"q": [photo, pictures / "song" / "0.png"], "p": pictures / "monet"}
    stylezoo.train("gated", pictures / "photos", named, tmp_path / "a", steps=1, **GATED)
    options = {"source": pictures / "photos", "steps": 1}
    stylezoo.train(out=tmp_path / "b", start_from=tmp_path / "a", add_style={"style-2": photo}, **options)
    stylezoo.train(out=tmp_path / "c", start_from=tmp_path / "b", add_style=photo, **options)
    names = ("q", "p", "style-2", "style-3")
    for folder, count, mine in (("a", 2, {"q": 2, "p": 2}), ("b", 3, {"style-2": 1}), ("c", 4, {"style-3": 1})):
        run = training.resume(tmp_path / folder, steps=2)
        assert stylezoo.load_model(tmp_path / folder).plan.styles == run.plan.styles == names[:count]
        assert {name: len(style) for name, style in run.batches.styles.items()} == mine
    assert not Path(json.loads((tmp_path / "c" / RunFolder.PLACES).read_text())["style"]["style-3"]).is_absolute()


def test_a_name_that_a_style_has_is_not_given_to_an_image(tmp_path):
    image = Image.new("RGB", (8, 8))
    image.save(tmp_path / "b.png")
    assert Album.of([image, tmp_path / "b.png", image]).by_style().names == ("style-0", "b", "style-2")
    assert Album.of([image, image]).by_style(("style-3", "a")).names == ("style-2", "style-4")


def test_a_model_of_one_style_takes_no_named_ones(pictures, tmp_path):
    with pytest.raises(BadData, match="learns one style, and these are named ones: p, q"):
        stylezoo.train(
            None, pictures / "photos", {"p": pictures / "monet", "q": pictures / "song"}, tmp_path / "b", **SMALL
        )
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("add", "error", "said"),
    [
        ("monet", BadData, "has a style 'monet' already; it has monet, song. Rename"),
        ("nowhere", BadData, "There is no file or folder"),
    ],
)
def test_styles_that_cannot_be_added_are_refused(add, error, said, gated, pictures, tmp_path):
    with pytest.raises(error, match=said):
        stylezoo.train(
            source=pictures / "photos", out=tmp_path / "b", start_from=gated, add_style=[pictures / add], steps=1
        )
    assert not (tmp_path / "b").exists()


def test_a_model_of_one_style_takes_no_other(parent, pictures):
    with pytest.raises(BadOptions, match="knows one style only; a style can be added to a model of several"):
        training.chosen(start_from=parent, add_style=[pictures / "klee"])


def test_a_recipe_that_adds_styles_needs_the_model(gated, three, pictures, tmp_path):
    recipe = Recipe.read(three / RunFolder.RECIPE)
    with pytest.raises(BadRecipe, match="adds a style to a trained model; name that: --from RUN"):
        training.start(recipe, pictures / "photos", pictures / "vangogh", tmp_path / "b")
    assert training.chosen(start_from=three).resolve().data.added == 0  # to go on with all of them


def test_other_looks_for_a_model_of_several_styles_are_as_many(gated, pictures, tmp_path):
    with pytest.raises(BadOptions, match=r"styles=1, not styles=2.*name as many styles"):
        begun(gated, pictures, tmp_path / "b")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("named-styles:names=['a','b'],added=2", "added is 2"),
        ("named-styles:names=['a','b'],added=-1", "added is -1"),
        ("named-styles:names=['a','b'],added=1,match_tones=true", "added is not 0 and match_tones is true"),
        ("unpaired:added=1", "has no option 'added'"),
    ],
)
def test_recipes_that_add_what_cannot_be_are_refused(data, said):
    with pytest.raises(BadRecipe, match=said):
        Recipe(data=data).resolve()


def test_a_generator_without_branches_takes_no_other_style(monkeypatch):
    """One that is told of styles by its weights only, as a stranger's may be."""

    def build(shape, styles=1):
        source, gates = keras.Input(shape, name="source"), keras.Input((styles,), name="styles")
        x = keras.layers.Multiply()([source, keras.layers.Reshape((1, 1, 3))(keras.layers.Dense(3)(gates))])
        return keras.Model([source, gates], x)

    monkeypatch.setattr(registry, "_registered", {})
    registry.register("generator", "weighed")(build)
    with pytest.raises(BadRecipe, match="has no layers that one style alone has"):
        GAN(Recipe.named("gated", **GATED).changed(generator="weighed", data="named-styles:names=['a','b'],added=1"))


def test_styles_take_turns_whatever_the_number_of_their_pictures(pictures):
    recipe = Recipe(data="named-styles", batch_size=3, **{k: v for k, v in SMALL.items() if k != "batch_size"})
    many = [pictures / "monet"] * 1 + [pictures / "song", pictures / "vangogh"]
    batches = Batches(recipe, pictures / "photos", many)
    assert [len(style) for style in batches.styles.values()] == [2, 1, 2]
    labels = np.concatenate([batches[n][2] for n in range(7)])
    np.testing.assert_array_equal(labels.sum(axis=0), [7, 7, 7])


# The command


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--resume run --from a", "--resume continues a run"),
        ("--resume run --add-style a", "--resume continues a run"),
        ("--add-style a", "--add-style adds to a trained model; name it with --from RUN"),
        ("--from a --add-style b --style c", "--add-style or --style, not both"),
    ],
)
def test_lines_that_make_no_sense_are_refused(line, said):
    done = CliRunner().invoke(main, ["train", *line.split()])
    assert done.exit_code == 2
    assert said in done.stderr


def test_what_is_no_model_is_one_line(tmp_path):
    done = CliRunner().invoke(main, ["train", "--from", str(tmp_path / "gone"), "--dry-run"])
    assert done.exit_code == 1
    assert done.stderr == (
        f"Error: '{tmp_path / 'gone'}' is no model: there is no such file or folder. "
        f"Ready-made styles: {', '.join(stylezoo.list_styles())}. "
        "Name a run folder of 'stylezoo train', a .keras file or hf://owner/name.\n"
    )


def test_new_folders_are_called_like_what_they_begin_from(parent):
    assert training.title(None, parent) == "a"
    assert training.title("cut", parent) == "cut"
    assert training.title(None, "hf://me/mine@v1/x") == "mine"
    assert training.title(None, "old.keras") == "old"
    assert training.title(None) == "single-pair"


@pytest.mark.long
def test_without_pictures_a_model_of_several_styles_learns_the_sample_styles(tmp_path):
    small = {"generator": "gated:filters=2,blocks=1", "discriminators": "gated:filters=2,layers=1", "image_size": 32}
    model = stylezoo.train("gated", out=tmp_path / "run", steps=1, **small)
    assert model.plan.styles == ("night", "ink", "mosaic")
    rows = [(row["role"], row["kind"], row["pictures"]) for row in card.read(tmp_path / "run").data]
    assert rows[1:] == [(f"style {name}", "sample", 1) for name in model.plan.styles]
    with Image.open(next((tmp_path / "run" / "samples").iterdir())) as sheet:
        assert sheet.width > 7 * 32  # the source, and each style beside its result
