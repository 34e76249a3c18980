import dataclasses
import json
import math

import pytest

from stylezoo import Recipe, Spec
from stylezoo.catalogue import registry
from stylezoo.errors import BadOptions, BadRecipe, BrokenPlugin, StylezooError, UnknownPlugin
from stylezoo.gan import GAN

MODELS = [plugin.qualified for plugin in registry.plugins("model")]
FIELDS = [field.name for field in dataclasses.fields(Recipe)]

BAD = [
    ("about", 3),
    ("about", None),
    ("generator", 5),
    ("generator", None),
    ("generator", ""),
    ("generator", "resnet:filters"),
    ("discriminators", 5),
    ("discriminators", None),
    ("discriminators", ["patch:filters"]),
    ("discriminators", [7]),
    ("losses", 5),
    ("losses", None),
    ("losses", ["lsgan:real"]),
    ("losses", [None]),
    ("two_way", 1),
    ("two_way", "true"),
    ("order", "backwards"),
    ("order", None),
    ("critic_steps", 0),
    ("critic_steps", 1.5),
    ("critic_steps", True),
    ("critic_steps", 2),  # needs order='discriminator-first'
    ("judge_identity", 1),
    ("match_tones", "yes"),
    ("turn_style", None),
    ("image_size", 0),
    ("image_size", -256),
    ("image_size", 256.0),
    ("image_size", "256"),
    ("image_size", None),
    ("load_size", 255),  # less than image_size
    ("load_size", 0),
    ("style_zoom", (0, 1)),
    ("source_zoom", (-1, 1)),
    ("style_zoom", (2, 1)),
    ("style_zoom", 1.5),
    ("style_zoom", (1, 2, 3)),
    ("style_zoom", (1, None)),
    ("style_zoom", (1, math.inf)),
    ("flip", "no"),
    ("batch_size", 0),
    ("batch_size", "4"),
    ("learning_rate", 0),
    ("learning_rate", -1e-4),
    ("learning_rate", math.nan),
    ("learning_rate", "fast"),
    ("discriminator_rate", 0),
    ("discriminator_rate", math.inf),
    ("betas", 0.5),
    ("betas", (0.5,)),
    ("betas", (-0.5, 0.9)),
    ("betas", (0.5, 1.0)),  # a moment that never learns
    ("betas", ("a", "b")),
    ("epsilon", -1e-8),
    ("data", "triplets"),
    ("direction", "BtoC"),
    ("added_styles", -1),
    ("styles", 3),
    ("styles", (1, 2)),
    ("styles", ("monet", "monet")),
    ("random_codes", "no"),
    ("pool", -1),
    ("pool", 0.5),
    ("warmup_epochs", -1),
    ("warmup_epochs", 2),  # with no losses to learn from
    ("warmup_losses", (1,)),
    ("warmup_rate", 0),
    ("crop_grid", 1),
    ("whole_in_decay", 1),
    ("discriminator_betas", (0.5, 1.0)),
    ("weight_decay", -1e-4),
    ("schedule", "cosine"),
    ("schedule", "halving"),
    ("schedule", "inverse:rate=0"),
    ("vgg", 19),
    ("epochs", -1),
    ("epochs", 1.5),
    ("decay_epochs", -1),
    ("steps_per_epoch", 0),
    ("steps", 0),
    ("steps", 2.5),
    ("average", -0.1),
    ("average", 1.0),
    ("precision", "float8"),
    ("precision", 16),
    ("seed", -1),
    ("seed", 0.5),
    ("seed", None),
]


# Fields


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_refused_in_one_line(name, value):
    with pytest.raises((BadRecipe, BadOptions)) as caught:
        Recipe(**{name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [row for row in BAD if row[0] not in ("generator", "discriminators", "losses")]
)
def test_the_refusal_names_the_field_and_the_value(name, value):
    with pytest.raises(BadRecipe) as caught:
        Recipe(**{name: value})
    shown = [repr(value), *(map(repr, value) if isinstance(value, tuple) else [str(value)])]
    assert name in str(caught.value)
    assert any(each in str(caught.value) for each in shown)


def test_every_field_has_a_bad_value_in_the_table():
    assert {name for name, _ in BAD} == set(FIELDS)


def test_several_styles_have_no_one_way_back():
    with pytest.raises(BadRecipe, match="no one way back"):
        Recipe(data="styles", two_way=True)


@pytest.mark.parametrize(
    "change",
    [
        {"data": "paired", "match_tones": True},
        {"data": "paired", "turn_style": True},
        {"crop_grid": True, "data": "styles"},
        {"crop_grid": True, "whole_in_decay": True},
    ],
)
def test_what_would_spoil_the_data_is_refused(change):
    with pytest.raises(BadRecipe, match=r"match_tones and turn_style|it is for unpaired data"):
        Recipe(**change)


def test_a_loss_that_needs_the_way_back_is_refused_without_one():
    with pytest.raises(BadRecipe, match=r"The loss cycle needs a model with a way back, such as cyclegan"):
        Recipe.named("transfer", losses=["cycle"])


def test_warming_up_needs_losses_of_the_recipe():
    with pytest.raises(BadRecipe, match="warmup_losses has colour, which is no loss of the recipe"):
        Recipe(warmup_epochs=1, warmup_losses=("colour",)).resolved()


def test_warming_up_is_part_of_the_length():
    recipe = Recipe(warmup_epochs=2, warmup_losses="lsgan", epochs=3, decay_epochs=1, steps_per_epoch=5)
    assert (recipe.warmup_steps, recipe.total_steps) == (10, 30)


def test_a_recipe_must_end_some_time():
    with pytest.raises(BadRecipe, match="neither steps nor epochs"):
        Recipe(epochs=0, decay_epochs=0)
    assert Recipe(epochs=0, decay_epochs=0, steps=5).total_steps == 5


def test_whole_numbers_will_do_for_floats_and_lists_for_tuples():
    recipe = Recipe(learning_rate=1, betas=[0, 0.9], style_zoom=[1, 2])
    assert (recipe.learning_rate, recipe.betas, recipe.style_zoom) == (1.0, (0.0, 0.9), (1.0, 2.0))
    assert isinstance(recipe.learning_rate, float)


def test_a_single_text_will_do_for_a_list_of_parts():
    assert Recipe(discriminators="patch", losses="lsgan") == Recipe(discriminators=["patch"], losses=["lsgan"])


def test_a_recipe_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().seed = 1


# Numbers that follow from the fields


@pytest.mark.parametrize(("image_size", "expected"), [(256, 286), (128, 143), (100, 112), (32, 36)])
def test_pictures_are_scaled_to_cyclegans_proportion_unless_told(image_size, expected):
    assert Recipe(image_size=image_size).scaled_size == expected  # 286 / 256 of it, rounded up
    assert Recipe(image_size=image_size, load_size=300).scaled_size == 300


def test_the_length_of_a_training_comes_from_steps_or_else_from_epochs():
    assert Recipe().total_steps is None  # an epoch's length is not known without pictures
    assert Recipe(epochs=3, decay_epochs=2, steps_per_epoch=10).total_steps == 50
    assert Recipe(epochs=3, decay_epochs=2, steps_per_epoch=10, steps=7).total_steps == 7


# JSON


@pytest.mark.parametrize("name", MODELS)
def test_every_registered_model_survives_being_written_and_read(name, tmp_path):
    recipe = Recipe.named(name)
    file = tmp_path / "recipe.json"
    file.write_text(recipe.to_json(), encoding="utf-8")
    assert Recipe.read(file) == recipe
    assert Recipe.from_dict(json.loads(recipe.to_json())).to_json() == recipe.to_json()


@pytest.mark.parametrize("name", MODELS)
def test_every_registered_model_is_written_as_plain_data_with_all_its_fields(name):
    plain = json.loads(Recipe.named(name).to_json())
    assert list(plain) == FIELDS
    assert plain == Recipe.named(name).to_dict()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Cannot read the recipe"),
        (b'{"seed": 1', "Cannot read the recipe"),
        (b"\xff\xfe\x00", "Cannot read the recipe"),
        (b"[1, 2]", "a recipe is a JSON object"),
        (b'"transfer"', "a recipe is a JSON object"),
        (b'{"sed": 1}', "no field 'sed'. Did you mean 'seed'?"),
        (b'{"seed": "one"}', "seed is 'one'"),
        (b'{"learning_rate": NaN}', "learning_rate is nan"),
        (b'{"generator": 5}', "5"),
        (b'{"losses": null}', "losses"),
        (b'{"discriminators": 3}', "discriminators"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(content, said, tmp_path):
    file = tmp_path / "recipe.json"
    file.write_bytes(content)
    with pytest.raises(StylezooError) as caught:
        Recipe.read(file)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["gone.json", "."])
def test_a_missing_file_is_refused(name, tmp_path):
    with pytest.raises(BadRecipe, match="Cannot read the recipe"):
        Recipe.read(tmp_path / name)


def test_a_recipe_file_may_leave_fields_out(tmp_path):
    file = tmp_path / "recipe.json"
    file.write_text('{"losses": ["hinge"], "seed": 3}')
    assert Recipe.read(file) == Recipe(losses=["hinge"], seed=3)


# Names


def test_a_named_recipe_is_complete_and_its_names_are_unambiguous():
    recipe = Recipe.named("transfer")
    assert recipe == Recipe.named("stylezoo/transfer")
    assert [str(spec) for _, spec in recipe.parts] == [
        "stylezoo/resnet",
        "stylezoo/patch",
        "stylezoo/lsgan",
        "stylezoo/content:weight=5.0",
        "stylezoo/identity:weight=5.0",
    ]


def test_an_unknown_model_gets_a_hint():
    with pytest.raises(UnknownPlugin, match=r"No model is named 'transfr'. Did you mean 'transfer'?"):
        Recipe.named("transfr")


def test_a_strangers_model_may_name_its_own_parts_and_the_built_in_ones(third_party):
    third_party("acme")
    assert [spec.name for _, spec in Recipe.named("acme-retouch").parts] == [
        "acme-style/retouch",
        "stylezoo/patch",
        "stylezoo/hinge",
        "acme-style/charbonnier",
    ]


def test_a_plugin_installed_later_does_not_change_a_model_that_worked(third_party):
    third_party("acme")
    strangers, built_in = Recipe.named("acme-retouch"), Recipe.named("transfer")
    third_party("rival")  # offers a charbonnier and an lsgan too
    assert Recipe.named("acme-retouch") == strangers
    assert Recipe.named("transfer") == built_in


def test_a_strangers_model_becomes_a_network_of_the_size_its_source_says(third_party):
    third_party("acme")
    gan = GAN(Recipe.named("acme-retouch"))
    assert gan.generator.count_params() == (3 * 3 * 3 * 4 + 4) + (4 * 3 + 3)
    assert [label for label, _, _ in gan.terms] == ["hinge", "charbonnier"]


def test_what_is_registered_as_a_model_and_is_no_recipe_is_a_broken_plugin(tmp_path, monkeypatch):
    place = tmp_path / "acme_json-1.0.dist-info"
    place.mkdir()
    place.joinpath("entry_points.txt").write_text("[stylezoo.models]\nodd = json:dumps\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BrokenPlugin, match=r"acme_json 1.0.*it is not a stylezoo.Recipe"):
        Recipe.named("odd")


# Changes


def labels(recipe):
    return [str(spec).rpartition("stylezoo/")[2] for spec in recipe.losses]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ([], ["lsgan", "content:weight=5.0", "identity:weight=5.0"]),
        ("hinge", ["hinge", "content:weight=5.0", "identity:weight=5.0"]),
        (["hinge"], ["hinge", "content:weight=5.0", "identity:weight=5.0"]),
        ([Spec("hinge", {}, 2.0)], ["hinge:weight=2.0", "content:weight=5.0", "identity:weight=5.0"]),
        (["lsgan:real=0.9"], ["lsgan:real=0.9", "content:weight=5.0", "identity:weight=5.0"]),
        (["bce", "hinge"], ["hinge", "content:weight=5.0", "identity:weight=5.0"]),
        (["tv:weight=0.1"], ["lsgan", "content:weight=5.0", "identity:weight=5.0", "tv:weight=0.1"]),
        (["content:coarse=16"], ["lsgan", "identity:weight=5.0", "content:coarse=16"]),
        (["identity:weight=0"], ["lsgan", "content:weight=5.0"]),
        (["tv:weight=0"], ["lsgan", "content:weight=5.0", "identity:weight=5.0"]),
        (["content:weight=0", "stylezoo/identity:weight=0"], ["lsgan"]),
    ],
)
def test_losses_are_joined_by_the_rules(change, expected):
    assert labels(Recipe.named("transfer", losses=change)) == expected


def test_removing_an_adversarial_loss_that_is_not_there_leaves_the_one_that_is():
    assert labels(Recipe.named("transfer", losses=["hinge:weight=0"])) == labels(Recipe.named("transfer"))


def test_changing_does_not_touch_the_recipe_it_begins_from():
    recipe = Recipe.named("transfer")
    before = recipe.to_json()
    recipe.changed(losses=["hinge"], **{"generator.filters": 8}, seed=5)
    assert recipe.to_json() == before


def test_diverse_gets_its_second_discriminator():
    recipe = Recipe.named("transfer", losses=["diverse"], **{"discriminators.filters": 8})
    assert [str(spec) for spec in recipe.discriminators] == ["stylezoo/patch:filters=8"] * 2


def test_diverse_repeats_the_last_discriminator_only_as_often_as_needed():
    parts = ["patch:scale=2", "patch"]
    assert len(Recipe(losses="diverse", discriminators=parts).resolved().discriminators) == 2
    parts = ["patch", "patch:scale=2", "patch:scale=4"]
    assert len(Recipe(losses="diverse", discriminators=parts).resolved().discriminators) == 3


def test_options_of_the_networks_are_set_by_a_dot():
    changes = {"generator.filters": 8, "generator.grain": 0.2, "discriminators.filters": 4}
    recipe = Recipe.named("single-pair", **changes)
    assert recipe.generator.options == {"filters": 8, "grain": 0.2}
    assert [spec.options["filters"] for spec in recipe.discriminators] == [4, 4]
    assert recipe.discriminators[1].options["scale"] == 2


def test_options_are_set_on_the_parts_that_are_named_beside_them():
    changes = {"generator.filters": 8, "generator": "resnet", "load_size": 700, "image_size": 600}
    for order in (changes, dict(reversed(changes.items()))):
        recipe = Recipe.named("single-pair", **order)
        assert recipe.generator == Spec("stylezoo/resnet", {"filters": 8})
        assert (recipe.image_size, recipe.load_size) == (600, 700)


def test_an_option_set_by_a_dot_is_checked():
    with pytest.raises(BadOptions, match=r"no option 'filter'. Did you mean 'filters'?"):
        Recipe.named("transfer", **{"generator.filter": 8})


@pytest.mark.parametrize("key", ["losses.real", "seed.value"])
def test_only_networks_have_options_by_a_dot(key):
    with pytest.raises(BadRecipe, match=f"'{key}' cannot be set"):
        Recipe.named("transfer", **{key: 1})


def test_an_unknown_field_gets_a_hint_and_the_list():
    with pytest.raises(BadRecipe) as caught:
        Recipe.named("transfer", imagesize=64)
    assert "no field 'imagesize'. Did you mean 'image_size'?" in str(caught.value)
    assert all(name in str(caught.value) for name in FIELDS)


# What does not fit together


def test_discriminators_that_no_loss_teaches_are_refused():
    with pytest.raises(BadRecipe, match="No loss of this recipe teaches its discriminators"):
        Recipe(losses=["content", "tv"]).resolved()


def test_an_adversarial_loss_without_discriminators_is_refused():
    with pytest.raises(BadRecipe, match="need 1 discriminators, the recipe has none"):
        Recipe(discriminators=()).resolved()


def test_a_recipe_without_a_game_is_possible():
    recipe = Recipe(losses=["content"], discriminators=()).resolved()
    assert [kind for kind, _ in recipe.parts] == ["generator", "loss"]


def test_a_loss_that_stands_twice_is_refused():
    with pytest.raises(BadRecipe, match="stylezoo/tv stands twice"):
        Recipe(losses=["lsgan", "tv", "stylezoo/tv:weight=2"]).resolved()


def test_resolving_twice_changes_nothing():
    recipe = Recipe(losses=["diverse", "tv:weight=0"]).resolved()
    assert recipe.resolved() == recipe
