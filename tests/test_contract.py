"""Every registered plugin, ours or a stranger's, keeps its contract."""

import inspect

import numpy as np
import pytest

import stylezoo
from stylezoo import registry
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.sources import describe

SIDE = 72  # pixels: the least that the largest patches of a built-in discriminator need
SMALL = {"image_size": SIDE, "load_size": SIDE, "batch_size": 2, "generator.filters": 2, "generator.blocks": 1}
SMALL_PART = {"filters": 2, "blocks": 1, "units": 4, "layers": 1, "length": 1}


def every(kind):
    return pytest.mark.parametrize("plugin", registry.plugins(kind), ids=lambda plugin: plugin.name)


def spec(kind, plugin):
    """The plugin by name, as small as its options allow."""
    accepted = inspect.signature(plugin.load()).parameters
    options = {name: value for name, value in SMALL_PART.items() if name in accepted}
    return stylezoo.Spec(plugin.qualified, options)


@pytest.fixture(scope="module")
def pair():
    return np.random.default_rng(0).uniform(-1, 1, (2, 4, SIDE, SIDE, 3)).astype("float32")


def check_model(gan, pair, tmp_path):
    """It takes two steps, everything moves, and it comes back from its file."""
    players = ("generator", "discriminator")
    before = {player: [v.numpy() for v in gan.variables_of(player)] for player in players}
    parts = gan.recipe.critic_steps
    pictures = [np.concatenate([part] * parts) for part in pair]
    history = gan.fit(*pictures, batch_size=2 * parts, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    for player in players:
        for variable, old in zip(gan.variables_of(player), before[player], strict=True):
            if old.ndim > 1:  # a bias may have no gradient: before a normalisation, or where hinge's margins balance
                assert (variable.numpy() != old).any(), f"{variable.path} of the {player} did not move"
    gan.save(tmp_path / "x.keras")
    again = stylezoo.load_model(tmp_path / "x.keras")
    picture = pair[0][0, :29, :30]  # a size that nothing divides
    fake = gan.stylize(picture)
    assert fake.shape == picture.shape
    assert np.abs(fake).max() <= 1
    np.testing.assert_array_equal(again.stylize(picture), fake)


@pytest.mark.parametrize("plugin", registry.plugins(), ids=lambda plugin: f"{plugin.kind}-{plugin.name}")
def test_plugin_describes_itself(plugin):
    said = describe(plugin)
    assert said.problem == ""
    assert said.summary.rstrip(".")
    assert said.file.stem.replace("_", "-") == plugin.name or plugin.distribution != "stylezoo"


@every("model")
def test_model(plugin, pair, tmp_path):
    recipe = Recipe.named(plugin.qualified).changed(**SMALL, **{"discriminators.filters": 2})
    assert recipe.about
    check_model(GAN(recipe), pair, tmp_path)


@every("generator")
def test_generator(plugin, pair, tmp_path):
    check_model(
        GAN(Recipe(generator=spec("generator", plugin), discriminators="patch:filters=2,layers=1", image_size=SIDE)),
        pair,
        tmp_path,
    )


@every("discriminator")
def test_discriminator(plugin, pair, tmp_path):
    check_model(
        GAN(
            Recipe(generator="resnet:filters=2,blocks=1", discriminators=spec("discriminator", plugin), image_size=SIDE)
        ),
        pair,
        tmp_path,
    )


@every("loss")
def test_loss(plugin, pair, tmp_path):
    kind = plugin.load()
    losses = [spec("loss", plugin), *([] if kind.adversarial else ["hinge" if plugin.name != "hinge" else "bce"])]
    recipe = Recipe(
        generator="resnet:filters=2,blocks=1", discriminators="patch:filters=2,layers=1", losses=losses, image_size=SIDE
    )
    check_model(GAN(recipe), pair, tmp_path)
