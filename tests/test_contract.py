"""Every registered plugin, ours or a stranger's, keeps its contract."""

import inspect
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
import vgg_file

import stylezoo
from stylezoo import registry
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.sources import describe

SIDE = 72  # pixels: the least that the largest patches of a built-in discriminator need
# What makes a network small, where it has such an option.
SMALL_PART = {
    "filters": 2,
    "blocks": 1,
    "units": 4,
    "layers": 1,
    "length": 1,
    "downs": 3,
    "mlp": 4,
    "widths": vgg_file.WIDTHS,
}
STYLES = ("song", "monet")


def every(kind):
    return pytest.mark.parametrize("plugin", registry.plugins(kind), ids=lambda plugin: plugin.name)


def small(kind, spec):
    """The same part, as small as its options allow."""
    accepted = inspect.signature(spec.load(kind)).parameters
    options = {name: value for name, value in SMALL_PART.items() if name in accepted}
    return stylezoo.Spec(spec.name, {**spec.options, **options}, spec.weight)


@pytest.fixture(scope="module")
def pair():
    return np.random.default_rng(0).uniform(-1, 1, (2, 4, SIDE, SIDE, 3)).astype("float32")


@pytest.fixture(scope="module")
def vgg(tmp_path_factory):
    """A file with the weights of a narrow VGG-19."""
    return str(vgg_file.write(tmp_path_factory.mktemp("vgg")))


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def check_model(recipe, pair, tmp_path):
    """It takes two steps, everything moves, and it comes back from its file."""
    gan = GAN(recipe)
    players = ("generator", "discriminator")
    before = {player: [v.numpy() for v in gan.variables_of(player)] for player in players}
    parts = recipe.critic_steps
    count = 2 * recipe.batch_size * parts
    pictures = [np.resize(each, (count, *each.shape[1:])) for each in pair]
    if recipe.styles:
        pictures.append(np.eye(len(recipe.styles), dtype="float32")[np.arange(count) % len(recipe.styles)])
    dataset = tf.data.Dataset.from_tensor_slices(tuple(pictures)).batch(recipe.batch_size * parts)
    history = gan.fit(dataset, shuffle=False, verbose=0).history
    assert int(gan.step) == 2
    assert np.isfinite(list(history.values())).all()
    for player in players:
        for variable, old in zip(gan.variables_of(player), before[player], strict=True):
            # A bias may have no gradient: before a normalisation, or where hinge's margins balance.
            if old.ndim > 1 or variable.name != "bias":
                assert (variable.numpy() != old).any(), f"{variable.path} of the {player} did not move"
    gan.save(tmp_path / "x.keras")
    again = stylezoo.load_model(tmp_path / "x.keras")
    picture = pair[0][0, :29, :30]  # a size that nothing divides
    style = pair[1][0] if gan.takes_style_picture else None
    fake = gan.stylize(picture, style)
    assert fake.shape == picture.shape
    assert np.abs(fake).max() <= 1
    np.testing.assert_array_equal(again.stylize(picture, style), fake)


@pytest.mark.parametrize("plugin", registry.plugins(), ids=lambda plugin: f"{plugin.kind}-{plugin.name}")
def test_plugin_describes_itself(plugin):
    said = describe(plugin)
    assert said.problem == ""
    assert said.summary.rstrip(".")
    assert said.file.stem.replace("_", "-") == plugin.name or plugin.distribution != "stylezoo"


@every("model")
def test_model(plugin, pair, tmp_path, vgg):
    recipe = Recipe.named(plugin.qualified)
    assert recipe.about
    parts = {
        "generator": small("generator", recipe.generator),
        "discriminators": [small("discriminator", each) for each in recipe.discriminators],
        "losses": [small("loss", each) for each in recipe.losses],
    }
    sizes = {"image_size": SIDE, "load_size": SIDE, "batch_size": 2, "pool": min(recipe.pool, 2)}
    shorter = {"steps_per_epoch": 1, "warmup_epochs": min(recipe.warmup_epochs, 1)}
    check_model(replace(recipe, **parts, **sizes, **shorter, styles=recipe.styles[:2], vgg=vgg), pair, tmp_path)


def check_part(kind, plugin, pair, tmp_path, vgg):
    """The part in a model whose other parts are the simplest."""
    simplest = {"generator": "resnet:filters=2,blocks=1", "discriminators": "patch:filters=2,layers=1"}
    named = {}
    if "styles" in inspect.signature(plugin.load()).parameters:
        named = {"styles": STYLES, "data": "styles"}
        if kind == "discriminators":
            named["losses"] = ("lsgan", "style-classification")  # else nothing teaches it to tell them apart
            named["generator"] = "gated:filters=2,blocks=1"
    part = small(kind.removesuffix("s"), stylezoo.Spec(plugin.qualified))
    check_model(Recipe(**{**simplest, **named, kind: part}, image_size=SIDE, batch_size=2, vgg=vgg), pair, tmp_path)


@every("generator")
def test_generator(plugin, pair, tmp_path, vgg):
    check_part("generator", plugin, pair, tmp_path, vgg)


@every("discriminator")
def test_discriminator(plugin, pair, tmp_path, vgg):
    check_part("discriminators", plugin, pair, tmp_path, vgg)


# What a loss looks at that the simplest model does not have.
HOMES = {
    "two_way": {"two_way": True},
    "codes": {
        "generator": "munit:filters=2,blocks=1,mlp=4",
        "two_way": True,
        "random_codes": True,
        "losses": ["reconstruction", "latent-reconstruction"],  # else nothing teaches its encoders
    },
    "styles": {
        "generator": "gated:filters=2,blocks=1",
        "discriminators": "gated:filters=2,layers=1",
        "data": "styles",
        "styles": STYLES,
        "losses": ["style-classification"],
    },
}
HOME_OF = {
    "autoencoder": "styles",
    "cycle": "two_way",
    "latent-reconstruction": "codes",
    "mode-seeking": "codes",
    "reconstruction": "codes",
    "style-classification": "styles",
}


@every("loss")
def test_loss(plugin, pair, tmp_path, vgg):
    spec = small("loss", stylezoo.Spec(plugin.qualified))
    game = [] if spec.load("loss").adversarial else ["bce" if plugin.name == "hinge" else "hinge"]
    simplest = {"generator": "resnet:filters=2,blocks=1", "discriminators": "patch:filters=2,layers=1"}
    home = HOMES.get(HOME_OF.get(plugin.name), {})
    beside = [other for other in home.get("losses", ()) if other != plugin.name]
    home = {**simplest, **home, "losses": [spec, *game, *beside]}
    check_model(Recipe(**home, image_size=SIDE, batch_size=2, vgg=vgg), pair, tmp_path)
