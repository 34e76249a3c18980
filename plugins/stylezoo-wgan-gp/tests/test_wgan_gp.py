"""The penalty equals its formula."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from stylezoo_wgan_gp import WGANGP

from stylezoo.contract import Translation


@pytest.fixture
def pictures():
    return np.random.default_rng(0).uniform(-1, 1, (3, 2, 32, 32, 3)).astype("float32")


def between(pictures, *discriminators, seed=0):
    """A translation of which only the pictures and the discriminators matter."""
    source, style, fake = map(tf.constant, pictures)
    translation = Translation(source, style, None, discriminators, seed=seed)
    translation.fake = fake
    return translation


def linear(weight, cells=1):
    """A discriminator whose logits, `cells` of them, add up to `weight` times the sum of a 64 x 64 picture."""
    picture = keras.Input((64, 64, 3))
    total = weight / cells * ops.sum(picture, axis=(1, 2, 3), keepdims=True)
    return keras.Model(picture, ops.tile(total, (1, cells, 1, 1)))


def square():
    """A discriminator whose gradient is the picture itself."""
    picture = keras.Input((32, 32, 3))
    return keras.Model(picture, ops.sum(ops.square(picture), axis=(1, 2, 3)) / 2)


def lengths(pictures):
    return np.sqrt(np.square(pictures).sum(axis=(1, 2, 3)))


@pytest.mark.parametrize("loss", [WGANGP(), WGANGP(one_sided=True)], ids=["wgan-gp", "one-sided"])
def test_penalty_of_a_linear_discriminator_is_the_squared_distance_of_its_slope_from_1(loss):
    translation = between(np.zeros((3, 2, 64, 64, 3), "float32"), linear(1))
    assert 10 * float(loss.discriminator_loss(translation)) == pytest.approx(120_672.97, rel=1e-6)


@pytest.mark.parametrize(("loss", "expected"), [(WGANGP(), 0.25), (WGANGP(one_sided=True), 0)])
def test_only_the_one_sided_penalty_leaves_a_flat_discriminator_alone(loss, expected):
    flat = linear(0.5 / float(np.sqrt(64 * 64 * 3)), cells=4)
    translation = between(np.zeros((3, 2, 64, 64, 3), "float32"), flat)
    assert float(loss.discriminator_loss(translation)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("one_sided", "expected"), [(False, (3 / 4 - 1) ** 2), (True, 0)])
def test_the_slope_is_measured_in_targets(one_sided, expected):
    judge = linear(3 / float(np.sqrt(64 * 64 * 3)), cells=2)
    translation = between(np.zeros((3, 2, 64, 64, 3), "float32"), judge)
    value = WGANGP(one_sided, target=4.0).discriminator_loss(translation)
    assert float(value) == pytest.approx(expected, abs=1e-5)


def test_a_target_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="target is 0; it must be above 0"):
        WGANGP(target=0)


def test_penalty_of_a_constant_discriminator_has_a_gradient():
    picture = keras.Input((8, 8, 3))
    constant = keras.Model(picture, layers.Dense(1, kernel_initializer="zeros")(layers.Flatten()(picture)))
    with tf.GradientTape() as tape:
        cost = WGANGP().discriminator_loss(between(np.ones((3, 2, 8, 8, 3), "float32"), constant))
    gradient = tape.gradient(cost, constant.trainable_variables[0].value)
    assert float(cost) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(gradient).all()


def test_it_looks_between_style_and_fake(pictures):
    _, style, fake = pictures
    share = keras.random.uniform((2, 1, 1, 1), seed=7).numpy()
    assert share[0] != share[1]
    expected = np.mean((lengths(share * style + (1 - share) * fake) - 1) ** 2)
    value = WGANGP().discriminator_loss(between(pictures, square(), seed=7))
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    again = WGANGP().discriminator_loss(between(pictures, square(), square(), seed=7))
    np.testing.assert_allclose(again, 2 * expected, rtol=1e-4)


def test_it_concerns_the_discriminator_only(pictures):
    translation = between(pictures, square())
    assert WGANGP().generator_loss(translation) is None
    with tf.GradientTape() as tape:
        translation.fake = fake = tf.Variable(translation.fake)
        cost = WGANGP().discriminator_loss(translation)
    assert tape.gradient(cost, fake) is None
