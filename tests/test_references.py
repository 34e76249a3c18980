"""Whole trainings of the PyTorch references, step by step: every logged loss, and the weights after three steps."""

import numpy as np
import pytest
import reference_weights
import tensorflow as tf
from recipe_numbers import numbers

from stylezoo.gan import GAN
from stylezoo.recipe import Recipe

STEPS = 3


def train(gan, source, style):
    """The metrics of each step, of one step a call."""
    gan.reset_metrics()
    logged = []
    for pictures in zip(source, style, strict=True):
        logged.append(gan.train_on_batch(*(each.reshape(-1, 64, 64, 3) for each in pictures), return_dict=True))
        gan.reset_metrics()
    return logged


def check_weights(reference, networks):
    """Adam's first steps go by the sign of a gradient, so that one near zero may turn: single weights get a step."""
    for name, network in networks.items():
        after = reference_weights.under(f"after/{name}/", reference)
        ignored = reference_weights.without_effect(network)
        pairs = [(key, v) for key, v in reference_weights.pairs(after, network) if id(v) not in ignored]
        assert len(pairs) >= 5
        moved = 0.0
        differences = []
        for key, variable in pairs:
            wanted = reference_weights.in_keras(after[key])
            differences.append(np.abs(variable.numpy() - wanted).ravel())
            before = reference_weights.in_keras(reference[key.replace("after/", "before/")])
            moved = max(moved, np.abs(wanted - before).max())
        differences = np.concatenate(differences)
        assert moved > 4e-4  # two steps at least, of 2e-4
        assert np.quantile(differences, 0.999) < 1e-4, name
        assert differences.max() < 6.1e-4, name  # three steps


def start(gan, reference, networks):
    for name, network in networks.items():
        reference_weights.copy(reference_weights.under(f"before/{name}/", reference), network)


@pytest.mark.long
def test_cyclegan_equals_the_reference_for_three_steps():
    reference = reference_weights.read("cyclegan_3_steps")
    recipe = Recipe.named("cyclegan", image_size=64, pool=0, generator="resnet:filters=8,blocks=2")
    gan = GAN(recipe.changed(discriminators="patch:filters=8"))
    networks = {
        "generator": gan.generator,
        "inverse": gan.inverse,
        "discriminator_style": gan.discriminators[0],
        "discriminator_source": gan.inverse_discriminators[0],
    }
    start(gan, reference, networks)
    logged = train(gan, reference["source"], reference["style"])
    ours = {
        "identity_style": "generator/identity",
        "identity_source": "inverse/identity",
        "adversarial_style": "generator/lsgan",
        "adversarial_source": "inverse/lsgan",
        "cycle_source": "generator/cycle",
        "cycle_style": "inverse/cycle",
        "discriminator_style": "discriminator/lsgan",
        "discriminator_source": "inverse_discriminator/lsgan",
    }
    for step in range(STEPS):
        for name, wanted in zip(reference["loss_names"], reference["losses"][step], strict=True):
            assert logged[step][ours[str(name)]] == pytest.approx(wanted, rel=1e-4), (step, name)
    check_weights(reference, networks)


def test_pix2pix_equals_the_reference_for_three_steps():
    reference = reference_weights.read("pix2pix_3_steps")
    recipe = Recipe.named("pix2pix", image_size=64, generator="unet:filters=8,downs=6,dropout=0.0")
    gan = GAN(recipe.changed(discriminators="patch:filters=8,conditional=true,norm=batch"))
    networks = {"generator": gan.generator, "discriminator": gan.discriminators[0]}
    start(gan, reference, networks)
    logged = train(gan, reference["source"], reference["target"])
    ours = {"discriminator": "discriminator/bce", "adversarial": "generator/bce", "l1": "generator/l1"}
    for step in range(STEPS):
        for name, wanted in zip(reference["loss_names"], reference["losses"][step], strict=True):
            assert logged[step][ours[str(name)]] == pytest.approx(wanted, rel=1e-4), (step, name)
    check_weights(reference, networks)


def test_gradients_of_cyclegan_count_both_directions():
    """The published generators learn from all terms of both directions, not only from their own."""
    gan = GAN(Recipe.named("cyclegan", image_size=32, pool=0, generator="resnet:filters=2,blocks=1"))
    pair = np.random.default_rng(0).uniform(-1, 1, (2, 1, 32, 32, 3)).astype("float32")
    with tf.GradientTape() as tape:
        _, back = gan.translations(*pair)
        cost = gan.terms[1][2].generator_loss(back)
    assert gan.terms[1][0] == "cycle"
    gradients = tape.gradient(cost, gan.generator.trainable_variables)
    assert all(gradient is not None for gradient in gradients)


ADAM = {"learning_rate": 2e-4, "discriminator_rate": None, "betas": (0.5, 0.999), "epsilon": 1e-8, "weight_decay": 0.0}
CROPS = {"image_size": 256, "scaled_size": 286, "batch_size": 1, "flip": True}
HALF_TIME = {"epochs": 100, "decay_epochs": 100, "schedule": "linear"}
TOGETHER, IN_TURN = {"order": "together"}, {"order": "discriminator-first"}
PUBLISHED = {
    "cyclegan": {
        **ADAM, **CROPS, **HALF_TIME, **TOGETHER, "pool": 50, "two_way": True,
        "losses": ["lsgan", "cycle:weight=10", "identity:weight=5"],
    },
    "pix2pix": {**ADAM, **CROPS, **HALF_TIME, **IN_TURN, "pool": 0, "losses": ["bce", "l1:weight=100"]},
    "cut": {
        **ADAM, **CROPS, **IN_TURN, "pool": 0, "epochs": 200, "decay_epochs": 200, "whole_in_decay": True,
        "losses": ["lsgan", "patch-nce:identity=True"],
    },
    "fastcut": {
        **ADAM, **CROPS, **IN_TURN, "pool": 0, "epochs": 150, "decay_epochs": 50,
        "losses": ["lsgan", "patch-nce:flip=True,weight=10"],
    },
    "sincut": {
        **ADAM, **IN_TURN, "learning_rate": 2e-3, "betas": (0.0, 0.99), "image_size": 64, "scaled_size": 1024,
        "batch_size": 16, "epochs": 8, "decay_epochs": 8, "steps_per_epoch": 6250, "crop_grid": True,
    },
    "gated": {
        **ADAM, **HALF_TIME, **TOGETHER, "image_size": 128, "scaled_size": 143, "batch_size": 1, "pool": 50,
        "losses": [
            "lsgan:real=0.9,half=False", "style-classification:weight=10", "autoencoder:weight=10",
            "tv:squared=True,weight=0.05",
        ],
    },
    "munit": {
        **ADAM, **IN_TURN, "learning_rate": 1e-4, "weight_decay": 1e-4, "schedule": "halving", "every": 100_000,
        "image_size": 256, "scaled_size": 256, "batch_size": 1, "steps": 1_000_000, "two_way": True,
        "losses": ["lsgan:half=False", "reconstruction:weight=10", "latent-reconstruction"],
    },
    "animegan": {
        **ADAM, **IN_TURN, "learning_rate": 2e-5, "discriminator_rate": 4e-5, "warmup_rate": 2e-4, "warmup_epochs": 10,
        "batch_size": 12, "image_size": 256, "warmup_losses": ("perceptual",),
        "losses": [
            "lsgan:half=False,weight=300", "decoys:weight=300", "perceptual:layer=conv4_4,weight=1.5",
            "gram:layer=conv4_4,grey=True,weight=2.5", "colour:weight=15", "tv:squared=True",
        ],
    },
    "adain": {
        "learning_rate": 1e-4, "betas": (0.9, 0.999), "schedule": "inverse", "rate": 5e-5, "image_size": 256,
        "scaled_size": 512, "batch_size": 8, "steps": 160_000,
        "losses": ["adain-content", "adain-statistics:weight=10"],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_recipe_is_the_published_one(name):
    found = numbers(Recipe.named(name).resolve())
    found["losses"] = [text.replace(".0,", ",").removesuffix(".0") for text in found["losses"]]
    for field, wanted in PUBLISHED[name].items():
        same = found["learning_rate"] if field == "discriminator_rate" else None  # None: as the generator's
        assert found[field] == (same if wanted is None else wanted), field
