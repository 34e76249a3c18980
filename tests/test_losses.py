"""Losses equal their formulas; adversarial ones have the published value where discriminators are undecided."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import reference_weights
import tensorflow as tf
from stylezoo_builtins.losses.bce import BCE
from stylezoo_builtins.losses.content import Content
from stylezoo_builtins.losses.diverse import Diverse
from stylezoo_builtins.losses.hinge import Hinge
from stylezoo_builtins.losses.identity import Identity
from stylezoo_builtins.losses.lsgan import LSGAN
from stylezoo_builtins.losses.r1 import R1
from stylezoo_builtins.losses.tv import TV

from stylezoo.contract import Translation

LN2 = np.log(2)


def judged(reals, fakes):
    """A translation of which only the logits matter: one array a discriminator."""
    tensors = [[tf.constant(x, "float32") for x in logits] for logits in (reals, fakes)]
    return SimpleNamespace(real_logits=tensors[0], fake_logits=tensors[1])


def both(loss, translation):
    return float(loss.discriminator(translation)), float(loss.generator(translation))


@pytest.fixture
def pictures():
    return np.random.default_rng(0).uniform(-1, 1, (3, 2, 32, 32, 3)).astype("float32")


@pytest.mark.parametrize("loss", [LSGAN(), BCE()], ids=["lsgan", "bce"])
def test_loss_equals_the_pytorch_reference(loss):
    reference = reference_weights.read("adversarial_losses")
    name = type(loss).__name__.lower()
    expected = [reference[f"{name}_discriminator"], reference[f"{name}_generator"]]
    translation = judged([reference["real_logits"]], [reference["fake_logits"]])
    np.testing.assert_allclose(both(loss, translation), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "undecided", "expected"),
    [
        (BCE(), 0.0, (LN2, LN2)),
        (LSGAN(), 0.5, (0.25, 0.25)),
        (LSGAN(real=0.9, fake=0.1), 0.5, (0.16, 0.16)),
        (Hinge(), 0.0, (2.0, 0.0)),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fool") else None,
)
def test_undecided_discriminators_pay_the_published_value(loss, undecided, expected):
    logits = [np.full((2, 5, 5, 1), undecided)]
    np.testing.assert_allclose(both(loss, judged(logits, logits)), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("alpha", "beta", "expected"), [(1.0, 1.0, (2.0, -1.0)), (0.2, 0.1, (0.52189 + 0.33026, -0.43026))]
)
def test_undecided_diverse_discriminators_pay_the_published_value(alpha, beta, expected):
    """At the optimum with p_data = p_G the scores, softplus(logit), are alpha and beta (Nguyen et al., 2017)."""
    first, second = np.log(np.expm1(alpha)), np.log(np.expm1(beta))
    logits = [np.full((2, 3, 3, 1), first), np.full((2, 3, 3, 1), second)]
    np.testing.assert_allclose(both(Diverse(alpha, beta), judged(logits, logits)), expected, atol=1e-5)


@pytest.mark.parametrize("loss", [BCE(), LSGAN(), Hinge()], ids=lambda loss: type(loss).__name__)
def test_several_discriminators_add_up(loss):
    rng = np.random.default_rng(1)
    reals, fakes = rng.normal(size=(2, 2, 4, 3, 3, 1))
    together = both(loss, judged(reals, fakes))
    apart = [both(loss, judged([real], [fake])) for real, fake in zip(reals, fakes, strict=True)]
    np.testing.assert_allclose(together, np.sum(apart, axis=0), rtol=1e-5)


def test_hinge_leaves_right_logits_alone():
    assert both(Hinge(), judged([np.full((1, 2, 2, 1), 1.5)], [np.full((1, 2, 2, 1), -1.5)])) == (0.0, 1.5)


def test_diverse_teaches_its_discriminators_opposite_tastes():
    """Gradient descent raises the first's logits on style pictures and lowers them on fakes, the second's otherwise."""
    logits = [tf.Variable(tf.zeros((1, 1))) for _ in range(4)]
    with tf.GradientTape() as tape:
        cost = Diverse().discriminator(SimpleNamespace(real_logits=logits[:2], fake_logits=logits[2:]))
    signs = [float(np.sign(g[0, 0])) for g in tape.gradient(cost, logits)]
    assert signs == [-1.0, 1.0, 1.0, -1.0]  # real to first, real to second, fake to first, fake to second


def test_diverse_is_finite_and_teaches_where_softplus_rounds_to_nothing():
    far = tf.Variable([[-200.0]])
    with tf.GradientTape() as tape:
        cost = Diverse().generator(SimpleNamespace(fake_logits=[far, far]))
    assert float(cost) == pytest.approx(-200.0)
    assert float(tape.gradient(cost, far)[0, 0]) == pytest.approx(1.0)  # beta: the log's gradient far below 0


def test_identity_is_the_mean_absolute_change_of_the_style(pictures):
    translation = SimpleNamespace(style=pictures[0], identity=pictures[1])
    expected = np.abs(pictures[0] - pictures[1]).mean()
    np.testing.assert_allclose(Identity().generator(translation), expected, rtol=1e-5)


def test_tv_is_the_mean_difference_of_neighbours(pictures):
    fake = pictures[0]
    expected = np.abs(np.diff(fake, axis=1)).mean() + np.abs(np.diff(fake, axis=2)).mean()
    np.testing.assert_allclose(TV().measure(None, None, fake), expected, rtol=1e-5)


def test_content_leaves_colour_brightness_and_contrast_free(pictures):
    source, unlike = (picture.repeat(8, 1).repeat(8, 2) for picture in pictures[:2])
    light = source @ np.float32([0.299, 0.587, 0.114])
    recoloured = np.stack([0.9 * light, light, 0.2 * light], -1) * 0.8 - 0.1
    other = float(Content().measure(source, None, unlike))
    assert float(Content().measure(source, None, source)) == 0
    assert float(Content().measure(source, None, recoloured)) < 0.1 * other


def test_content_leaves_what_is_finer_than_its_blocks_free(pictures):
    source = pictures[0].repeat(4, 1).repeat(4, 2)
    strokes = np.zeros_like(source)
    strokes[:, :, ::4], strokes[:, :, 2::4] = 0.5, -0.5  # of mean 0 in every 4 x 4 block
    np.testing.assert_allclose(Content(coarse=8, fine=4).measure(source, None, source + strokes), 0, atol=1e-5)
    assert float(Content(coarse=2, fine=2).measure(source, None, source + strokes)) > 0.1


def test_content_refuses_impossible_scales():
    with pytest.raises(ValueError, match="1 <= fine <= coarse is needed"):
        Content(coarse=2, fine=4)


def linear(weight, cells=1):
    """A discriminator whose logits, `cells` of them, add up to `weight` times the sum of a 64 x 64 picture."""
    picture = keras.Input((64, 64, 3))
    total = weight / cells * keras.ops.sum(picture, axis=(1, 2, 3), keepdims=True)
    return keras.Model(picture, keras.ops.tile(total, (1, cells, 1, 1)))


@pytest.mark.parametrize(("weight", "expected"), [(1, 6144), (3, 9 * 6144)])
def test_r1_of_a_linear_discriminator_is_half_its_squared_slope(weight, expected):
    style = tf.random.stateless_uniform((2, 64, 64, 3), seed=(0, 0))
    translation = Translation(style, style, None, [linear(weight)])
    assert float(R1().discriminator(translation)) == pytest.approx(expected)


def test_r1_by_patches_divides_by_the_number_of_logits_and_several_discriminators_add_up():
    style = tf.zeros((1, 64, 64, 3))
    translation = Translation(style, style, None, [linear(1, cells=4), linear(1)])
    assert float(R1(patches=True).discriminator(translation)) == pytest.approx(6144 / 4 + 6144)


def test_r1_teaches_a_discriminator_to_be_flatter():
    style = tf.random.stateless_uniform((2, 16, 16, 3), seed=(0, 0))
    # Smooth: where a LeakyReLU turns, the penalty jumps, and no step is small enough to be sure of a descent.
    keras.utils.set_random_seed(0)
    smooth = [keras.layers.Conv2D(4, 4, 2, activation="tanh"), keras.layers.Conv2D(1, 4)]
    discriminator = keras.Sequential([keras.Input((16, 16, 3)), *smooth])
    with tf.GradientTape() as tape:
        cost = R1().discriminator(Translation(style, style, None, [discriminator]))
    variables = [v for v in discriminator.trainable_variables if "kernel" in v.path]
    gradients = tape.gradient(cost, [v.value for v in variables])
    for variable, gradient in zip(variables, gradients, strict=True):
        variable.assign_sub(1e-3 * gradient / tf.norm(gradient))
    assert float(R1().discriminator(Translation(style, style, None, [discriminator]))) < float(cost)
