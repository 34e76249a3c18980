import contextlib
import dataclasses
import inspect
import json
import math
import re

import keras
import pytest

from stylezoo import Recipe, Spec
from stylezoo.catalogue import registry
from stylezoo.data import Crops, DataMode
from stylezoo.errors import BadOptions, BadRecipe, BrokenPlugin, StylezooError, UnknownPlugin
from stylezoo.files import old_recipes
from stylezoo.gan import GAN
from stylezoo.updates import Optimizer, Order, Schedule, WarmUp

MODELS = [plugin.qualified for plugin in registry.plugins("model")]
FIELDS = [field.name for field in dataclasses.fields(Recipe)]

BAD = [  # fields that are refused by themselves
    ("threads", -1),
    ("threads", 1025),
    ("threads", 2.0),
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
    ("data", None),
    ("data", 3),
    ("data", "unpaired:weight=2"),
    ("two_way", 1),
    ("two_way", "true"),
    ("order", None),
    ("order", ["together"]),
    ("warmup", 2),
    ("warmup", False),
    ("crops", None),
    ("crops", 1),
    ("optimizer", None),
    ("optimizer", 2e-4),
    ("discriminator_optimizer", 2e-4),
    ("schedule", None),
    ("schedule", 100),
    ("image_size", 0),
    ("image_size", -256),
    ("image_size", 256.0),
    ("image_size", "256"),
    ("image_size", None),
    ("load_size", 255),  # less than image_size
    ("load_size", 0),
    ("channels", 0),
    ("channels", 65),
    ("channels", "3"),
    ("batch_size", 0),
    ("batch_size", "4"),
    ("pool", -1),
    ("pool", 0.5),
    ("vgg", 19),
    ("steps_per_epoch", 0),
    ("steps", 0),
    ("steps", 2.5),
    ("average", -0.1),
    ("average", 1.0),
    ("average", math.nan),
    ("precision", "float8"),
    ("precision", 16),
    ("seed", -1),
    ("seed", 0.5),
    ("seed", None),
]
BAD_CHOICES = [  # a field, a name with an option in braces, values that it cannot have
    ("data", "triplets", ()),
    ("data", "unpaired:direction={}", ("BtoC", 1, None)),
    ("data", "paired:direction={}", ("BtoC",)),
    ("data", "paired:match_tones={}", (True,)),  # it would take source and ground truth apart
    ("data", "unpaired:match_tones={}", ("yes", 1)),
    ("data", "unpaired:match_colours={}", ("yes", 1)),
    ("data", "unpaired:added={}", (1,)),  # needs named styles
    ("data", "named-styles:direction={}", ("BtoC",)),
    ("data", "named-styles:names={}", (3, (1, 2), ("monet", "monet"))),
    ("data", "named-styles:names=['monet','song'],added={}", (-1, 2, 3, 1.5, True)),  # one must be there before
    ("data", "named-styles:names=['monet','song'],added=1,match_tones={}", (True, "yes")),
    ("data", "named-styles:names=['monet','song'],added=1,match_colours={}", (True, "yes")),
    ("order", "backwards", ()),
    ("order", "discriminator-first:critic_steps={}", (0, 1.5, True, "many")),
    ("order", "together:critic_steps={}", (2,)),  # both players learn at once
    ("order", "together:judge_identity={}", (1, "yes")),
    ("order", "discriminator-first:judge_identity={}", (1,)),
    ("warmup", "generator-only", ()),  # with no losses to learn from
    ("warmup", "generator-only:losses={}", ([], (1,), 5)),
    ("warmup", "generator-only:losses=lsgan,epochs={}", (-1, 0, 1.5)),
    ("warmup", "generator-only:losses=lsgan,learning_rate={}", (0, -1e-4, math.nan, math.inf, "fast", True)),
    ("warmup", "everybody", ()),
    ("crops", "round", ()),
    (
        "crops",
        "random:style_zoom={}",
        ((0, 1), (2, 1), 1.5, (1, 2, 3), (1, None), (1, math.inf), (1, math.nan), ("a", 2)),
    ),
    ("crops", "random:source_zoom={}", ((-1, 1), (0, 1), (2, 1), (1,))),
    ("crops", "grid:source_zoom={}", ((-1, 1), (2, 1))),
    ("crops", "grid:style_zoom={}", ((0, 1), 1.5)),
    ("crops", "random:flip={}", ("no", 1)),
    ("crops", "grid:flip={}", ("no",)),
    ("crops", "random:turn_style={}", (None, 1)),
    ("crops", "random:whole_in_decay={}", (1,)),
    ("crops", "grid:turn_style={}", (True,)),
    ("crops", "grid:whole_in_decay={}", (True,)),
    ("optimizer", "sgd", ()),
    ("optimizer", "adam:learning_rate={}", (0, -1e-4, math.nan, math.inf, "fast", None, True)),
    ("optimizer", "adam:beta_1={}", (-0.5, 1.0, math.nan, "a")),  # 1: a moment that never learns
    ("optimizer", "adam:beta_2={}", (-0.5, 1.0, "b")),
    ("optimizer", "adam:epsilon={}", (-1e-8, math.nan)),
    ("optimizer", "adam:weight_decay={}", (-1e-4, math.inf)),
    ("optimizer", "adam:beta_3={}", (0.5,)),
    ("discriminator_optimizer", "adam:learning_rate={}", (0, math.inf)),
    ("discriminator_optimizer", "adam:beta_1={}", (1.0, (0.5, 1.0))),
    ("schedule", "cosine", ()),
    ("schedule", "halving", ()),  # after how many steps?
    ("schedule", "inverse", ()),
    ("schedule", "halving:every={}", (0, 1.5, "often")),
    ("schedule", "inverse:rate={}", (0, -1, math.nan, math.inf)),
    ("schedule", "linear:epochs={}", (-1, 1.5, "many")),
    ("schedule", "linear:decay_epochs={}", (-1, 0.5)),
    ("schedule", "halving:every=5,epochs={}", (-1,)),
    ("schedule", "inverse:rate=1,epochs={}", (-1,)),
]
CHOICE_ROWS = [(field, text, value) for field, text, values in BAD_CHOICES for value in (values or (None,))]


def refused(field, text, value):
    """The error of a recipe with a bad choice."""
    spec = Spec.parse(text.replace("{}", "0"))
    if "{}" in text:
        option = re.search(r"(\w+)=\{\}", text)[1]
        spec = spec.with_option(option, value)
    needed = {"losses": ["lsgan"], "two_way": False}
    with pytest.raises((BadRecipe, BadOptions)) as caught:
        Recipe(**{**needed, field: spec}).resolve()
    return str(caught.value)


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


@pytest.mark.parametrize(("field", "text", "value"), CHOICE_ROWS)
def test_a_bad_choice_is_refused_in_one_line_that_names_the_field_and_the_value(field, text, value):
    said = refused(field, text, value)
    assert "\n" not in said
    assert field.removeprefix("discriminator_") in said
    name = text.partition(":")[0]
    shown = (
        [name] if "{}" not in text else [repr(value), str(value), *map(repr, value if isinstance(value, tuple) else ())]
    )
    assert any(each in said for each in shown)


def test_every_field_and_every_option_of_every_choice_has_a_bad_value_in_the_table():
    assert {name for name, _ in BAD} == set(FIELDS)
    roots = {
        "data": DataMode,
        "order": Order,
        "warmup": WarmUp,
        "crops": Crops,
        "optimizer": Optimizer,
        "schedule": Schedule,
    }
    tried = {(field, text.partition(":")[0], option) for field, text, _ in BAD_CHOICES
             for option in re.findall(r"(\w+)=\{\}", text)}  # fmt: skip
    there = {
        (field, name, option)
        for field, root in roots.items()
        for name, choice in root.known.items()
        if choice.__module__.startswith("stylezoo.")
        for option in inspect.signature(choice).parameters
    }
    assert there <= tried


def test_a_recipe_has_at_most_24_fields():
    assert len(FIELDS) <= 24


def test_several_styles_have_no_one_way_back():
    with pytest.raises(BadRecipe, match="no one way back"):
        Recipe(data="named-styles", two_way=True).resolve()


@pytest.mark.parametrize(
    "change",
    [
        {"data": "paired:match_tones=true"},
        {"data": "paired", "crops": "random:turn_style=true"},
        {"data": "named-styles", "crops": "grid"},
        {"data": "paired", "crops": "grid"},
        {"crops": "grid:whole_in_decay=true"},
        {"crops": "grid:turn_style=true"},
    ],
)
def test_what_would_spoil_the_data_is_refused(change):
    with pytest.raises((BadRecipe, BadOptions), match=r"match_tones|turn_style|unpaired|whole_in_decay"):
        Recipe(**change).resolve()


def test_a_loss_that_needs_the_way_back_is_refused_without_one():
    with pytest.raises(BadRecipe, match=r"The loss cycle needs a model with a way back, such as cyclegan"):
        Recipe.named("transfer", losses=["cycle"]).resolve()


def test_warming_up_needs_losses_of_the_recipe():
    with pytest.raises(BadRecipe, match="warmup is 'generator-only:losses=colour'; colour is no loss of the recipe"):
        Recipe(warmup="generator-only:losses=colour").resolve()


def test_warming_up_is_part_of_the_length():
    lengths = {"schedule": "linear:epochs=3,decay_epochs=1", "steps_per_epoch": 5}
    plan = Recipe(warmup="generator-only:losses=lsgan,epochs=2", **lengths).resolve()
    assert (plan.warmup_steps, plan.decay_begins, plan.total_steps) == (10, 25, 30)


def test_a_recipe_must_end_some_time():
    with pytest.raises(BadRecipe, match="neither steps nor epochs"):
        Recipe(schedule="linear:epochs=0,decay_epochs=0").resolve()
    assert Recipe(schedule="linear:epochs=0,decay_epochs=0", steps=5).resolve().total_steps == 5


def test_whole_numbers_will_do_for_floats_and_lists_for_tuples():
    recipe = Recipe(average=0, optimizer="adam:learning_rate=1,beta_1=0", crops="random:style_zoom=[1,2]")
    assert isinstance(recipe.average, float)
    plan = recipe.resolve()
    assert plan.optimizers["generator"].learning_rate == 1
    assert tuple(plan.crops.style_zoom) == (1, 2)


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
    assert Recipe().resolve().total_steps is None  # an epoch's length is not known without pictures
    lengths = {"schedule": "linear:epochs=3,decay_epochs=2", "steps_per_epoch": 10}
    assert Recipe(**lengths).resolve().total_steps == 50
    assert Recipe(**lengths, steps=7).resolve().total_steps == 7
    assert Recipe().resolve().with_epoch(4).total_steps == 4 * 200
    assert Recipe(**lengths).resolve().with_epoch(4).total_steps == 50  # what the recipe says stays


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
        (b'{"average": NaN}', "average is nan"),
        (b'{"learning_rate": NaN}', "learning_rate"),  # of version 0.1.0
        (b'{"optimizer": "adam:learning_rate=nan"}', "learning_rate"),
        (b'{"betas": 3}', "0.1.0 cannot be read"),
        (b'{"data": 3}', "data is 3"),
        (b'{"generator": 5}', "5"),
        (b'{"losses": null}', "losses"),
        (b'{"discriminators": 3}', "discriminators"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(content, said, tmp_path):
    file = tmp_path / "recipe.json"
    file.write_bytes(content)
    with pytest.raises(StylezooError) as caught:
        Recipe.read(file).resolve()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("name", "said"), [("gone.json", "Cannot read the recipe"), (".", "is a folder; a recipe is")])
def test_a_missing_file_is_refused(name, said, tmp_path):
    with pytest.raises(BadRecipe, match=said):
        Recipe.read(tmp_path / name)


def test_a_recipe_file_may_leave_fields_out(tmp_path):
    file = tmp_path / "recipe.json"
    file.write_text('{"losses": ["hinge"], "seed": 3}')
    assert Recipe.read(file) == Recipe(losses=["hinge"], seed=3)


# Names


def specs(recipe):
    return [recipe.generator, *recipe.discriminators, *recipe.losses]


def test_a_named_recipe_is_complete_and_its_names_are_unambiguous():
    recipe = Recipe.named("transfer")
    assert recipe == Recipe.named("stylezoo/transfer")
    assert [str(spec) for spec in specs(recipe)] == [
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
    assert [spec.name for spec in specs(Recipe.named("acme-retouch"))] == [
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
    plan = Recipe.named("transfer", losses=["diverse"], **{"discriminators.filters": 8}).resolve()
    assert [str(spec) for spec in plan.recipe.discriminators] == ["stylezoo/patch:filters=8"] * 2


def test_diverse_repeats_the_last_discriminator_only_as_often_as_needed():
    parts = ["patch:scale=2", "patch"]
    assert len(Recipe(losses="diverse", discriminators=parts).resolve().discriminators) == 2
    parts = ["patch", "patch:scale=2", "patch:scale=4"]
    assert len(Recipe(losses="diverse", discriminators=parts).resolve().discriminators) == 3


def test_options_of_the_networks_are_set_by_a_dot():
    changes = {"generator.filters": 8, "generator.grain": 0.2, "discriminators.filters": 4}
    recipe = Recipe.named("single-pair", **changes)
    assert recipe.generator.options == {"filters": 8, "grain": 0.2, "hue": 1.0, "width": 2.3, "length": 18}
    assert [spec.options["filters"] for spec in recipe.discriminators] == [4, 4]
    assert recipe.discriminators[1].options["scale"] == 2


def test_options_are_set_on_the_parts_that_are_named_beside_them():
    changes = {"generator.filters": 8, "generator": "resnet", "load_size": 700, "image_size": 600}
    for order in (changes, dict(reversed(changes.items()))):
        recipe = Recipe.named("single-pair", **order).resolve().recipe
        assert recipe.generator == Spec("stylezoo/resnet", {"filters": 8})
        assert (recipe.image_size, recipe.load_size) == (600, 700)


def test_an_option_set_by_a_dot_is_checked():
    with pytest.raises(BadOptions, match=r"no option 'filter'. Did you mean 'filters'?"):
        Recipe.named("transfer", **{"generator.filter": 8}).resolve()


def test_options_of_choices_are_set_by_a_dot():
    changes = {"optimizer.learning_rate": 1e-4, "data.direction": "BtoA", "schedule.epochs": 3, "crops.flip": False}
    changes |= {"order": "discriminator-first", "order.critic_steps": 2, "discriminator_optimizer.beta_1": 0.0}
    plan = Recipe.named("cut", **changes).resolve()
    assert plan.optimizers["generator"].learning_rate == 1e-4
    assert str(plan.recipe.discriminator_optimizer) == "adam:learning_rate=0.0001,beta_1=0.0"  # else the generator's
    assert (plan.data.direction, plan.schedule.epochs, plan.schedule.decay_epochs) == ("BtoA", 3, 200)
    assert (plan.crops.flip, plan.crops.whole_in_decay, plan.order.batches) == (False, True, 2)


def test_a_warm_up_that_is_not_there_has_no_options():
    with pytest.raises(BadRecipe, match=r"'warmup.epochs' cannot be set: the recipe has no warmup"):
        Recipe.named("transfer", **{"warmup.epochs": 2})
    assert Recipe.named("animegan", **{"warmup.epochs": 2}).resolve().warmup.epochs == 2
    assert Recipe.named("animegan", warmup=None).resolve().warmup is None


@pytest.mark.parametrize("key", ["losses.real", "seed.value"])
def test_only_networks_and_choices_have_options_by_a_dot(key):
    with pytest.raises(BadRecipe, match=f"'{key}' cannot be set"):
        Recipe.named("transfer", **{key: 1})


@pytest.mark.parametrize(("gone", "now"), old_recipes.MOVED.items())
def test_a_field_of_0_1_0_gets_its_new_place_as_a_hint(gone, now):
    with pytest.raises(BadRecipe, match=re.escape(f"no field '{gone}'. It is '{now}' now.")):
        Recipe.named("transfer", **{gone: 1})


def test_an_unknown_field_gets_a_hint_and_the_list():
    with pytest.raises(BadRecipe) as caught:
        Recipe.named("transfer", imagesize=64)
    assert "no field 'imagesize'. Did you mean 'image_size'?" in str(caught.value)
    assert all(name in str(caught.value) for name in FIELDS)


# What does not fit together


def test_discriminators_that_no_loss_teaches_are_refused():
    with pytest.raises(BadRecipe, match="No loss of this recipe teaches its discriminators"):
        Recipe(losses=["content", "tv"]).resolve()


def test_an_adversarial_loss_without_discriminators_is_refused():
    with pytest.raises(BadRecipe, match="need 1 discriminators, the recipe has none"):
        Recipe(discriminators=()).resolve()


def test_a_recipe_without_a_game_is_possible():
    plan = Recipe(losses=["content"], discriminators=()).resolve()
    assert [part.kind for part in plan.parts] == ["generator", "loss"]


def test_a_loss_that_stands_twice_is_refused():
    with pytest.raises(BadRecipe, match="stylezoo/tv stands twice"):
        Recipe(losses=["lsgan", "tv", "stylezoo/tv:weight=2"]).resolve()


def test_resolving_twice_changes_nothing():
    plan = Recipe(losses=["diverse", "tv:weight=0"]).resolve()
    assert plan.recipe.resolve().recipe == plan.recipe
    assert plan.resolve() is plan
    assert [str(spec) for spec in plan.recipe.losses] == ["stylezoo/diverse"]
    assert len(plan.recipe.discriminators) == 2


# Limits: a recipe may be a stranger's


@pytest.mark.parametrize(
    "fields",
    [
        {"image_size": 10**6},
        {"load_size": 10**6},
        {"batch_size": 10**9},
        {"batch_size": 5000},  # with image_size 256
        {"pool": 10**9},
        {"pool": 9999},
        {"steps": 10**30},
        {"steps_per_epoch": 10**30},
        {"seed": 10**400},
        {"seed": 10**5000},
        {"average": 10**400},
        {"average": math.nan},
        {"losses": [f"acme/loss-{i}" for i in range(1000)]},
        {"discriminators": ["patch"] * 1000},
        {"image_size": 10**400},
    ],
)
def test_a_recipe_has_limits(fields):
    with pytest.raises(BadRecipe) as caught:
        Recipe(**fields)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "value", [[], {}, None, [[]], {"a": []}, 10**400, math.inf, math.nan, True, "", "\x1b[31m\n", "x" * 10**5]
)
@pytest.mark.parametrize("field", FIELDS)
def test_any_value_in_any_field_is_taken_or_refused_in_one_line(field, value):
    with contextlib.suppress(StylezooError):
        Recipe.from_dict({field: value})


@pytest.mark.parametrize("plain", [[], None, 5, "x"])
def test_what_is_no_object_is_no_recipe(plain):
    with pytest.raises(BadRecipe, match="must be an object"):
        Recipe.from_dict(plain)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"about": ' * 50 + b"1" + b"}" * 50, "nested too deeply"),
        (b'{"seed": ' + b"9" * 400 + b"}", "a number of 400 digits"),
        (b'{"seed": ' + b"9" * 10_000 + b"}", "Cannot read"),
        (b'{"losses": [' + b"1," * 30_000 + b"1]}", "more than 20000 values"),
        (b'{"about": "' + b"x" * 30_000 + b'"}', "more than 20000 characters"),
        (b'{"about": "\\ud800"}', "half a character"),
        (b'{"average": NaN}', "average is nan"),
        (b'{"average": 1e999}', "average is inf"),
        (b"\xff\xfe", "Cannot read"),
        (b" " * (2**22 + 1), "more than 4194304 bytes"),
        (b"[]", "holds no recipe"),
    ],
    ids=range(12),
)
def test_a_recipe_file_of_a_stranger_is_one_line(content, said, tmp_path):
    (tmp_path / "recipe.json").write_bytes(content)
    with pytest.raises(BadRecipe, match=said):
        Recipe.read(tmp_path / "recipe.json")


def test_a_recipe_file_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "recipe.json").write_bytes(b'\xef\xbb\xbf{"seed": 7}')
    assert Recipe.read(tmp_path / "recipe.json").seed == 7


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"generator": "resnet:filters=9000"}, "more than 250,000,000 weights"),
        ({"discriminators": ["patch:filters=9000"]}, "more than 250,000,000 weights"),
        ({"order": "discriminator-first:critic_steps=1000000"}, "it must be 1 to 100"),
        ({"generator": "stylegan2-resnet:filters=9999"}, "weights|refuses"),
    ],
)
def test_networks_are_counted_before_their_memory_is_taken(fields, said):
    with pytest.raises(StylezooError, match=said):
        GAN(Recipe(**fields))


def test_layers_are_counted_while_they_are_made(monkeypatch):
    monkeypatch.setattr("stylezoo.plan.MOST_LAYERS", 20)
    before = keras.Operation.__init__, keras.Variable.__init__
    with pytest.raises(BadRecipe, match="more than 20 layers"):
        GAN(Recipe(generator="resnet:filters=2"))
    assert (keras.Operation.__init__, keras.Variable.__init__) == before
