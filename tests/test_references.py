"""Whole trainings of the PyTorch references, step by step: every logged loss, and the weights after three steps."""

import numpy as np
import pytest
import reference_weights
import tensorflow as tf

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
        cost = gan.terms[1][2].generator(back)
    assert gan.terms[1][0] == "cycle"
    gradients = tape.gradient(cost, gan.generator.trainable_variables)
    assert all(gradient is not None for gradient in gradients)
