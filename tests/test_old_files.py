"""What version 0.1.0 wrote is still read and means the same: recipes, a run folder and a model file.

`tests/reference/README.md` says how they were made.
"""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from recipe_numbers import numbers

import stylezoo
from stylezoo import Recipe, training
from stylezoo.cli import main
from stylezoo.errors import BadRecipe
from stylezoo.runs import card, lineage

REFERENCE = Path(__file__).parent / "reference"
SAVED = json.loads((REFERENCE / "recipes_0_1_0.json").read_text())
DEFAULTS = SAVED.pop("defaults")  # of every field; the registered models are what differs from them

NAMED = {"data": "styles", "styles": ["monet", "song"]}
CODES = {"two_way": True, "losses": ["lsgan", "latent-reconstruction:style=2"]}
CHANGES = [  # every field of 0.1.0 with another value, beside what it needs
    {"about": "A test."},
    {"generator": "resnet:filters=8"},
    {"discriminators": ["patch:layers=2"]},
    {"losses": ["hinge:weight=2.0", "tv"]},
    {"losses": "hinge"},  # one alone could stand without a list
    {"data": "paired"},
    {"direction": "BtoA"},
    NAMED,
    {**NAMED, "added_styles": 1},
    {**NAMED, "direction": "BtoA"},
    {"two_way": True},
    {"order": "discriminator-first"},
    {"judge_identity": True},
    {**CODES, "random_codes": True},
    {**CODES, "losses": ["lsgan", "latent-reconstruction"]},
    {"pool": 5},
    {"order": "discriminator-first", "critic_steps": 3},
    {"warmup_epochs": 2, "warmup_losses": ["lsgan"], "steps_per_epoch": 5},
    {"warmup_epochs": 2, "warmup_losses": "lsgan", "warmup_rate": 1e-3},
    {"match_tones": True},
    {"image_size": 128},
    {"load_size": 300},
    {"source_zoom": [1.5, 2.0]},
    {"style_zoom": [0.5, 1.0]},
    {"crop_grid": True, "source_zoom": [1.0, 3.0], "flip": False},
    {"whole_in_decay": True},
    {"flip": False},
    {"turn_style": True},
    {"batch_size": 3},
    {"learning_rate": 1e-3},
    {"discriminator_rate": 3e-4},
    {"betas": [0.0, 0.9]},
    {"discriminator_betas": [0.9, 0.99]},
    {"epsilon": 1e-6},
    {"weight_decay": 1e-3},
    {"schedule": "halving:every=5", "epochs": 3, "decay_epochs": 2, "steps_per_epoch": 4},
    {"schedule": "inverse:rate=0.1"},
    {"epochs": 7, "steps_per_epoch": 2},
    {"decay_epochs": 3},
    {"steps_per_epoch": 4},
    {"steps": 9},
    {"epochs": 2, "decay_epochs": 1, "steps_per_epoch": 4, "steps": 100},
    {"average": 0.5},
    {"vgg": "vgg19.weights.h5"},
    {"precision": "mixed_bfloat16"},
    {"seed": 3},
]


def whole(saved):
    return {**DEFAULTS, **saved}


def listed(value):
    return [value] if isinstance(value, str) else list(value)


def meant(old):
    """What a recipe of 0.1.0 meant: the same numbers as `recipe_numbers` finds in a plan, by the rules of 0.1.0."""
    kind, _, option = old["schedule"].partition(":")
    lengths = (old["epochs"], old["decay_epochs"]) if kind == "linear" else (old["epochs"] + old["decay_epochs"], 0)
    pace = old["steps_per_epoch"] or 0
    warmup_steps = old["warmup_epochs"] * pace
    planned = warmup_steps + sum(lengths) * pace
    total = old["steps"] if old["steps"] or not pace else planned
    bare = lambda text: text.removeprefix("stylezoo/")  # noqa: E731
    same = ("weight_decay", "epsilon", "learning_rate", "order", "judge_identity", "crop_grid", "whole_in_decay",
            "flip", "turn_style", "match_tones", "pool", "two_way", "average", "image_size", "batch_size", "steps",
            "steps_per_epoch", "precision", "seed", "about", "vgg", "warmup_epochs", "random_codes")  # fmt: skip
    return {
        **{name: old[name] for name in same},
        "discriminator_rate": old["discriminator_rate"] or old["learning_rate"],
        "betas": tuple(old["betas"]),
        "discriminator_betas": tuple(old["discriminator_betas"] or old["betas"]),
        "epochs": lengths[0],
        "decay_epochs": lengths[1],
        "schedule": kind,
        "every": int(option.removeprefix("every=")) if kind == "halving" else None,
        "rate": float(option.removeprefix("rate=")) if kind == "inverse" else None,
        "batches": old["critic_steps"],
        "source_zoom": tuple(old["source_zoom"]),
        "style_zoom": tuple(old["style_zoom"]),
        "warmup_rate": old["warmup_rate"],
        "warmup_losses": tuple(listed(old["warmup_losses"])),
        "data": {"styles": "named-styles"}.get(old["data"], old["data"]),
        "direction": old["direction"],
        "styles": tuple(listed(old["styles"])),
        "added": old["added_styles"],
        "scaled_size": old["load_size"] or -(-old["image_size"] * 286 // 256),
        "generator": bare(old["generator"]),
        "discriminators": [bare(text) for text in old["discriminators"]],
        "losses": [bare(text) for text in listed(old["losses"])],
        "lengths": (warmup_steps, warmup_steps + lengths[0] * pace + max(0, (total or 0) - planned), total),
    }


def found(plain):
    """The numbers of a saved recipe as it is read now."""
    there = numbers(Recipe.from_dict(plain).resolve())
    there["losses"] = [re.sub("[,:]random_codes=False", "", text) for text in there["losses"]]
    return there


def test_every_field_of_0_1_0_is_tried():
    assert set().union(*CHANGES) == set(DEFAULTS)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(change))
def test_a_recipe_of_0_1_0_means_what_it_meant(change):
    assert found(whole(change)) == meant(whole(change))


# What has changed since then; what a model is for may be said in other words in all of them.
SCHEDULE = {"epochs", "decay_epochs", "lengths"}
RENEWED = {"single-pair": {"generator", "losses", "match_tones", *SCHEDULE}}  # it sees colours


@pytest.mark.parametrize("name", SAVED)
def test_registered_models_are_those_of_0_1_0(name):
    old, new = whole(SAVED[name]), numbers(Recipe.named(name).resolve())
    assert found(old) == meant(old)
    renewed = {key: new[key] for key in {"about", *RENEWED.get(name, ())}}
    assert {**found(old), **renewed} == new
    added = {"sliced-wasserstein"} if name in RENEWED else set()
    plugins = [each for each in Recipe.named(name).resolve().plugins if each["name"] not in added]
    assert Recipe.from_dict(old).resolve().plugins == plugins


def test_a_recipe_with_some_fields_of_0_1_0_is_read_too():
    assert found({"learning_rate": 1e-3, "losses": ["tv", "lsgan"]}) == meant(
        whole({"learning_rate": 1e-3, "losses": ["tv", "lsgan"]})
    )
    assert found(NAMED) == meant(whole(NAMED))
    assert Recipe.from_dict({"data": "styles"}).data.name == "named-styles"


def test_a_recipe_of_0_1_0_is_written_in_the_fields_of_now(tmp_path):
    recipe = Recipe.from_dict(whole(SAVED["animegan"]))
    (tmp_path / "recipe.json").write_text(recipe.to_json())
    assert Recipe.read(tmp_path / "recipe.json") == recipe
    assert not set(recipe.to_dict()) & {"warmup_epochs", "learning_rate", "epochs"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"betas": 3}, "0.1.0 cannot be read"),
        ({"styles": 3, "data": "styles"}, "0.1.0 cannot be read"),
        ({"losses": [3], "epochs": 1}, "0.1.0 cannot be read"),
        ({"random_codes": True}, "without the loss latent-reconstruction"),
        ({"critic_steps": 2, "order": "together"}, "critic_steps"),
        ({"epochs": 3, "sed": 1}, "no field 'sed'. Did you mean 'seed'"),
        ({"learning_rate": float("nan")}, "learning_rate"),
    ],
)
def test_a_damaged_recipe_of_0_1_0_is_refused_in_one_line(change, said):
    with pytest.raises(stylezoo.errors.StylezooError) as caught:
        Recipe.from_dict(change).resolve()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


# A run folder and a model file


@pytest.fixture(scope="module")
def results():
    with np.load(REFERENCE / "old_results.npz") as file:
        return dict(file)


@pytest.fixture
def folder(tmp_path):
    """A copy of the run, stopped after 2 of 4 steps."""
    return shutil.copytree(REFERENCE / "old_run", tmp_path / "run")


def drawn(model, results, *style, **options):
    """A picture drawn now in bytes 0 to 255, not rounded."""
    photo = results["photo"].astype("float32") / 127.5 - 1
    return (np.clip(model.stylize(photo, *style, **options), -1, 1) + 1) * 127.5


def test_a_run_of_0_1_0_draws_as_it_did_and_is_shown(folder, results):
    model = stylezoo.load_model(folder)
    for style in ("monet", "song"):
        np.testing.assert_allclose(drawn(model, results, style), results[f"run_{style}"], atol=1)
    assert int(model.step) == 2
    told = card.read(folder)
    assert (told.steps, told.total_steps, told.license) == (2, 4, "CC0-1.0")
    shown = CliRunner().invoke(main, ["show", str(folder)])
    assert shown.exit_code == 0, shown.output
    assert "monet" in shown.output


@pytest.mark.long
def test_a_run_of_0_1_0_is_resumed_to_the_end_it_would_have_had(folder, results):
    """Pool, average, warm-up, learning rates, tones and the state of random numbers are all as they were."""
    run = training.fit(training.resume(folder))
    assert run.step == 4
    for style in ("monet", "song"):
        np.testing.assert_allclose(drawn(run.model, results, style), results[f"whole_{style}"], atol=1)
    assert (folder / "result.png").is_file()
    again = stylezoo.load_model(folder)  # as it is saved now
    np.testing.assert_array_equal(drawn(again, results, "song"), drawn(run.model, results, "song"))


@pytest.mark.long
def test_a_model_file_of_0_1_0_draws_as_it_did_and_is_shown(results):
    file = REFERENCE / "old.keras"
    model = stylezoo.load_model(file)
    np.testing.assert_allclose(drawn(model, results), results["keras"], atol=1)
    np.testing.assert_allclose(drawn(model, results, seed=3), results["keras_seed_3"], atol=1)
    assert lineage.recipe_of(file) == model.recipe
    assert card.read(file).steps == 2
    shown = CliRunner().invoke(main, ["show", str(file)])
    assert shown.exit_code == 0, shown.output
    assert "brush" in shown.output


def test_a_recipe_of_0_1_0_cannot_hide_an_unknown_choice():
    with pytest.raises(BadRecipe, match="schedule is 'cosine"):
        Recipe.from_dict({"schedule": "cosine", "epochs": 3}).resolve()
