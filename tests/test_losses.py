"""Losses equal their formulas; adversarial ones have the published value where discriminators are undecided."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import reference_weights
import tensorflow as tf
from keras import layers, ops
from stylezoo_builtins.discriminators import gated as gated_judge
from stylezoo_builtins.discriminators import multiscale
from stylezoo_builtins.generators import gated
from stylezoo_builtins.losses.autoencoder import Autoencoder
from stylezoo_builtins.losses.bce import BCE
from stylezoo_builtins.losses.colour import Colour
from stylezoo_builtins.losses.content import Content
from stylezoo_builtins.losses.cycle import Cycle
from stylezoo_builtins.losses.decoys import Decoys
from stylezoo_builtins.losses.diverse import Diverse
from stylezoo_builtins.losses.dragan import DRAGAN
from stylezoo_builtins.losses.feature_matching import FeatureMatching
from stylezoo_builtins.losses.hinge import Hinge
from stylezoo_builtins.losses.identity import Identity
from stylezoo_builtins.losses.l1 import L1
from stylezoo_builtins.losses.latent_reconstruction import LatentReconstruction
from stylezoo_builtins.losses.lsgan import LSGAN
from stylezoo_builtins.losses.mode_seeking import ModeSeeking
from stylezoo_builtins.losses.nonsaturating import Nonsaturating
from stylezoo_builtins.losses.r1 import R1
from stylezoo_builtins.losses.rahinge import RaHinge
from stylezoo_builtins.losses.ralsgan import RaLSGAN
from stylezoo_builtins.losses.rasgan import RaSGAN
from stylezoo_builtins.losses.reconstruction import Reconstruction
from stylezoo_builtins.losses.rsgan import RSGAN
from stylezoo_builtins.losses.sliced_wasserstein import SlicedWasserstein
from stylezoo_builtins.losses.style_classification import StyleClassification
from stylezoo_builtins.losses.tv import TV
from stylezoo_builtins.losses.wgan import WGAN

from stylezoo.contract import Translation, features, generate

LN2 = np.log(2)


def judged(reals, fakes):
    """A translation of which only the logits matter: one array a discriminator."""
    tensors = [[tf.constant(x, "float32") for x in logits] for logits in (reals, fakes)]
    return SimpleNamespace(real_logits=tensors[0], fake_logits=tensors[1])


def both(loss, translation):
    return float(loss.discriminator_loss(translation)), float(loss.generator_loss(translation))


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
        (LSGAN(half=False), 0.5, (0.5, 0.25)),
        (Hinge(), 0.0, (2.0, 0.0)),
        (Nonsaturating(), 0.0, (2 * LN2, LN2)),
        (WGAN(), 0.0, (0.0, 0.0)),
        (RSGAN(), 0.7, (LN2, LN2)),
        (RaSGAN(), 0.7, (LN2, LN2)),
        (RaLSGAN(), 0.7, (1.0, 1.0)),
        (RaHinge(), 0.7, (1.0, 1.0)),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "adversarial") else None,
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


def softplus(x):
    return np.log1p(np.exp(x))


def relu(x):
    return np.maximum(x, 0)


@pytest.mark.parametrize(
    ("loss", "discriminator", "generator"),
    [
        (BCE(), lambda r, f: (softplus(-r) + softplus(f)) / 2, lambda r, f: softplus(-f)),
        (Nonsaturating(), lambda r, f: softplus(-r) + softplus(f), lambda r, f: softplus(-f)),
        (LSGAN(), lambda r, f: ((r - 1) ** 2 + f**2) / 2, lambda r, f: (f - 1) ** 2),
        (LSGAN(half=False), lambda r, f: (r - 1) ** 2 + f**2, lambda r, f: (f - 1) ** 2),
        (Hinge(), lambda r, f: relu(1 - r) + relu(1 + f), lambda r, f: -f),
        (WGAN(), lambda r, f: f - r, lambda r, f: -f),
        (RSGAN(), lambda r, f: softplus(f - r), lambda r, f: softplus(r - f)),
        (
            RaSGAN(),
            lambda r, f: (softplus(f.mean() - r) + softplus(f - r.mean())) / 2,
            lambda r, f: (softplus(r - f.mean()) + softplus(r.mean() - f)) / 2,
        ),
        (
            RaLSGAN(),
            lambda r, f: ((r - f.mean() - 1) ** 2 + (f - r.mean() + 1) ** 2) / 2,
            lambda r, f: ((r - f.mean() + 1) ** 2 + (f - r.mean() - 1) ** 2) / 2,
        ),
        (
            RaHinge(),
            lambda r, f: (relu(1 - (r - f.mean())) + relu(1 + (f - r.mean()))) / 2,
            lambda r, f: (relu(1 + (r - f.mean())) + relu(1 - (f - r.mean()))) / 2,
        ),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "adversarial") else "",
)
def test_adversarial_loss_equals_its_formula(loss, discriminator, generator):
    assert loss.adversarial
    real, fake = np.random.default_rng(2).normal(0, 2, (2, 4, 3, 5, 1))
    expected = discriminator(real, fake).mean(), generator(real, fake).mean()
    np.testing.assert_allclose(both(loss, judged([real], [fake])), expected, rtol=1e-5)


RELATIVISTIC = [RSGAN(), RaSGAN(), RaLSGAN(), RaHinge()]


@pytest.mark.parametrize("loss", RELATIVISTIC, ids=lambda loss: type(loss).__name__)
def test_relativistic_losses_look_at_the_difference_only(loss):
    real, fake = np.random.default_rng(3).normal(size=(2, 4, 3, 3, 1))
    shifted = both(loss, judged([real + 5], [fake + 5]))
    np.testing.assert_allclose(shifted, both(loss, judged([real], [fake])), rtol=1e-4)


@pytest.mark.parametrize("loss", RELATIVISTIC, ids=lambda loss: type(loss).__name__)
def test_relativistic_losses_take_two_generated_pictures_for_a_style_picture(loss):
    """As with `judge_identity`: first those of the sources, then those of the style pictures."""
    rng = np.random.default_rng(4)
    real, fake = rng.normal(size=(2, 3, 3, 1)), rng.normal(size=(4, 3, 3, 1))
    twice = judged([np.concatenate([real, real])], [fake])
    np.testing.assert_allclose(both(loss, judged([real], [fake])), both(loss, twice), rtol=1e-5)


@pytest.mark.parametrize(
    "loss", [BCE(), LSGAN(), Hinge(), Nonsaturating(), WGAN(), *RELATIVISTIC], ids=lambda loss: type(loss).__name__
)
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
        cost = Diverse().discriminator_loss(SimpleNamespace(real_logits=logits[:2], fake_logits=logits[2:]))
    signs = [float(np.sign(g[0, 0])) for g in tape.gradient(cost, logits)]
    assert signs == [-1.0, 1.0, 1.0, -1.0]  # real to first, real to second, fake to first, fake to second


def test_diverse_is_finite_and_teaches_where_softplus_rounds_to_nothing():
    far = tf.Variable([[-200.0]])
    with tf.GradientTape() as tape:
        cost = Diverse().generator_loss(SimpleNamespace(fake_logits=[far, far]))
    assert float(cost) == pytest.approx(-200.0)
    assert float(tape.gradient(cost, far)[0, 0]) == pytest.approx(1.0)  # beta: the log's gradient far below 0


def test_diverse_takes_the_mean_over_the_scales_of_each_discriminator():
    rng = np.random.default_rng(5)
    reals, fakes = ([rng.normal(size=(2, side, side, 1)) for side in (4, 2, 4, 2)] for _ in range(2))
    apart = [both(Diverse(), judged(reals[i::2], fakes[i::2])) for i in range(2)]
    np.testing.assert_allclose(both(Diverse(), judged(reals, fakes)), np.mean(apart, axis=0), rtol=1e-5)


def test_diverse_refuses_discriminators_of_unequal_scales():
    with pytest.raises(ValueError, match="two discriminators of as many scales are needed; together they have 3"):
        Diverse().build(None, [multiscale.build((16, 16, 3), filters=2, layers=2, scales=n) for n in (1, 2)], ())


def test_identity_is_the_mean_absolute_change_of_the_style(pictures):
    translation = SimpleNamespace(style=pictures[0], identity=pictures[1])
    expected = np.abs(pictures[0] - pictures[1]).mean()
    np.testing.assert_allclose(Identity().generator_loss(translation), expected, rtol=1e-5)


def test_tv_is_the_mean_difference_of_neighbours(pictures):
    fake = pictures[0]
    expected = np.abs(np.diff(fake, axis=1)).mean() + np.abs(np.diff(fake, axis=2)).mean()
    np.testing.assert_allclose(TV().measure(None, None, fake), expected, rtol=1e-5)


def test_squared_tv_is_that_of_animegan(pictures):
    """There it is TensorFlow's l2_loss, half of the sum of squares, over the number of differences."""
    fake = pictures[0]
    terms = [np.diff(fake, axis=axis) for axis in (1, 2)]
    expected = sum(float(tf.nn.l2_loss(term)) / term.size for term in terms)
    np.testing.assert_allclose(TV(squared=True).measure(None, None, fake), expected, rtol=1e-5)


def test_l1_is_the_mean_absolute_difference_of_a_pair(pictures):
    expected = np.abs(pictures[1] - pictures[2]).mean()
    np.testing.assert_allclose(L1().measure(*pictures), expected, rtol=1e-5)


def test_cycle_is_the_mean_absolute_difference_of_there_and_back(pictures):
    assert Cycle.two_way_needed
    translation = SimpleNamespace(source=pictures[0], cycled=pictures[1])
    np.testing.assert_allclose(Cycle().generator_loss(translation), np.abs(pictures[0] - pictures[1]).mean(), rtol=1e-5)


def test_colour_is_that_of_animegan(pictures):
    source, _, fake = pictures
    (y, *uv), (other_y, *other_uv) = (
        np.moveaxis(tf.image.rgb_to_yuv((x + 1) / 2).numpy(), -1, 0) for x in (source, fake)
    )
    huber = [np.abs(a - b) for a, b in zip(uv, other_uv, strict=True)]
    expected = np.abs(y - other_y).mean() + sum(np.where(d < 1, d**2 / 2, d - 0.5).mean() for d in huber)
    assert max(d.max() for d in huber) > 1  # both branches
    np.testing.assert_allclose(Colour().measure(source, None, fake), expected, rtol=1e-5)


def test_colour_leaves_the_source_alone(pictures):
    assert float(Colour().measure(pictures[0], None, pictures[0])) == 0


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


def test_local_content_compares_each_block_with_those_around_it(pictures):
    source, _, fake = (picture.repeat(8, 1).repeat(8, 2)[:, :44, :52] for picture in pictures)

    def structures(picture, side):
        height, width = (size // side for size in picture.shape[1:3])
        blocks = (picture @ [0.299, 0.587, 0.114])[:, : height * side, : width * side]
        light = blocks.reshape(-1, height, side, width, side).mean(axis=(2, 4))
        whole = (light - light.mean((1, 2), keepdims=True)) / (light.std((1, 2), keepdims=True) + 0.1)
        local = np.empty_like(light)
        for y in range(height):
            for x in range(width):
                around = light[:, max(0, y - 4) : y + 5, max(0, x - 4) : x + 5]
                local[:, y, x] = (light[:, y, x] - around.mean((1, 2))) / (around.std((1, 2)) + 0.1)
        return whole, local

    expected = 0
    for side in (8, 4):
        whole, local = (
            np.abs(a - b).mean() for a, b in zip(*(structures(x, side) for x in (source, fake)), strict=True)
        )
        expected += whole + 0.7 * local
    np.testing.assert_allclose(Content(local=0.7).measure(source, None, fake), expected, rtol=1e-3)


def test_local_content_sees_what_is_weak_beside_strong_contrasts():
    """Eyes in a face at half the deviation of blocks count more when a black and a white half stand beside them."""
    source = np.concatenate([-np.ones((1, 64, 64, 3)), np.ones((1, 64, 64, 3))], axis=2).astype("float32")
    face = source.copy()
    face[:, 28:36, 28:36] += 0.3
    whole = float(Content().measure(face, None, source))
    assert float(Content(local=1.0).measure(face, None, source)) > 3 * whole > 0


def test_content_refuses_impossible_scales():
    with pytest.raises(ValueError, match="1 <= fine <= coarse is needed"):
        Content(coarse=2, fine=4)


def linear(weight, cells=1):
    """A discriminator whose logits, `cells` of them, add up to `weight` times the sum of a 64 x 64 picture."""
    picture = keras.Input((64, 64, 3))
    total = weight / cells * ops.sum(picture, axis=(1, 2, 3), keepdims=True)
    return keras.Model(picture, ops.tile(total, (1, cells, 1, 1)))


@pytest.mark.parametrize(("weight", "expected"), [(1, 6144), (3, 9 * 6144)])
def test_r1_of_a_linear_discriminator_is_half_its_squared_slope(weight, expected):
    style = tf.random.stateless_uniform((2, 64, 64, 3), seed=(0, 0))
    translation = Translation(style, style, None, [linear(weight)])
    assert float(R1().discriminator_loss(translation)) == pytest.approx(expected)


def test_r1_by_patches_divides_by_the_number_of_logits_and_several_discriminators_add_up():
    style = tf.zeros((1, 64, 64, 3))
    translation = Translation(style, style, None, [linear(1, cells=4), linear(1)])
    assert float(R1(patches=True).discriminator_loss(translation)) == pytest.approx(6144 / 4 + 6144)


@pytest.mark.parametrize("answer", [list, lambda logits: {"logits": logits, "styles": logits[0]}])
def test_r1_by_patches_counts_the_logits_of_all_scales(answer):
    style, picture = tf.zeros((1, 64, 64, 3)), keras.Input((64, 64, 3))
    total = ops.sum(picture, axis=(1, 2, 3), keepdims=True) / 2
    scales = [ops.tile(total / cells, (1, cells, 1, 1)) for cells in (6, 2)]
    translation = Translation(style, style, None, [keras.Model(picture, answer(scales))])
    assert float(R1(patches=True).discriminator_loss(translation)) == pytest.approx(6144 / 8)


def between(pictures, *discriminators, seed=0):
    """A translation of which only the pictures and the discriminators matter."""
    source, style, fake = map(tf.constant, pictures)
    translation = Translation(source, style, None, discriminators, seed=seed)
    translation.fake = fake
    return translation


def test_dragan_of_a_linear_discriminator_is_the_squared_distance_of_its_slope_from_1():
    translation = between(np.zeros((3, 2, 64, 64, 3), "float32"), linear(1))
    assert 10 * float(DRAGAN().discriminator_loss(translation)) == pytest.approx(120_672.97, rel=1e-6)


def test_dragan_does_not_leave_a_flat_discriminator_alone():
    flat = linear(0.5 / float(np.sqrt(64 * 64 * 3)), cells=4)
    translation = between(np.zeros((3, 2, 64, 64, 3), "float32"), flat)
    assert float(DRAGAN().discriminator_loss(translation)) == pytest.approx(0.25, abs=1e-5)


def test_dragan_of_a_constant_discriminator_has_a_gradient():
    picture = keras.Input((8, 8, 3))
    constant = keras.Model(picture, layers.Dense(1, kernel_initializer="zeros")(layers.Flatten()(picture)))
    with tf.GradientTape() as tape:
        cost = DRAGAN().discriminator_loss(between(np.ones((3, 2, 8, 8, 3), "float32"), constant))
    gradient = tape.gradient(cost, constant.trainable_variables[0].value)
    assert float(cost) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(gradient).all()


def square():
    """A discriminator whose gradient is the picture itself."""
    picture = keras.Input((32, 32, 3))
    return keras.Model(picture, ops.sum(ops.square(picture), axis=(1, 2, 3)) / 2)


def lengths(pictures):
    return np.sqrt(np.square(pictures).sum(axis=(1, 2, 3)))


def test_dragan_looks_around_the_style(pictures):
    style = pictures[1]
    noise, share = (keras.random.uniform(shape, seed=7).numpy() for shape in (style.shape, (2, 1, 1, 1)))
    expected = np.mean((lengths(style + share * 0.5 * style.std() * noise) - 1) ** 2)
    np.testing.assert_allclose(DRAGAN().discriminator_loss(between(pictures, square(), seed=7)), expected, rtol=1e-4)


def test_r1_teaches_a_discriminator_to_be_flatter():
    style = tf.random.stateless_uniform((2, 16, 16, 3), seed=(0, 0))
    # Smooth: where a LeakyReLU turns, the penalty jumps, and no step is small enough to be sure of a descent.
    keras.utils.set_random_seed(0)
    smooth = [keras.layers.Conv2D(4, 4, 2, activation="tanh"), keras.layers.Conv2D(1, 4)]
    discriminator = keras.Sequential([keras.Input((16, 16, 3)), *smooth])
    with tf.GradientTape() as tape:
        cost = R1().discriminator_loss(Translation(style, style, None, [discriminator]))
    variables = [v for v in discriminator.trainable_variables if "kernel" in v.path]
    gradients = tape.gradient(cost, [v.value for v in variables])
    for variable, gradient in zip(variables, gradients, strict=True):
        variable.assign_sub(1e-3 * gradient / tf.norm(gradient))
    assert float(R1().discriminator_loss(Translation(style, style, None, [discriminator]))) < float(cost)


def convolutions(*inputs, tap="feature_", sides=(4, 2)):
    """A discriminator of two scales with a tapped layer each."""
    keras.utils.set_random_seed(0)
    x = layers.Concatenate()(inputs) if len(inputs) > 1 else inputs[0]
    logits = []
    for i, side in enumerate(sides):
        pooled = layers.AveragePooling2D(32 // side)(x)
        logits.append(layers.Conv2D(1, 1)(layers.Conv2D(3 + i, 1, activation="tanh", name=f"{tap}{i}")(pooled)))
    return keras.Model(list(inputs) if len(inputs) > 1 else inputs[0], logits, name="toy")


@pytest.mark.parametrize("conditional", [False, True])
def test_feature_matching_adds_layers_and_averages_scales(pictures, conditional):
    inputs = [keras.Input((32, 32, 3), name=name) for name in (["source", "picture"] if conditional else ["picture"])]
    discriminators = [convolutions(*inputs), convolutions(*inputs, sides=(8,))]
    expected = 0.0
    for discriminator in discriminators:
        source, style, fake = map(tf.constant, pictures)
        reals, fakes = (features(discriminator, picture, source) for picture in (style, fake))
        expected += sum(np.abs(real - made).mean() for real, made in zip(reals, fakes, strict=True)) / 3
    value = FeatureMatching().generator_loss(between(pictures, *discriminators))
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_feature_matching_refuses_discriminators_without_taps(pictures):
    with pytest.raises(ValueError, match=r"layers called feature_\.\.\., such as patch; toy has none"):
        FeatureMatching().build(None, [convolutions(keras.Input((32, 32, 3)), tap="other_")], (32, 32, 3))


@pytest.mark.parametrize("shape", [(3,), (5, 5, 3)])
def test_style_classification_is_the_mean_cross_entropy(shape):
    rng = np.random.default_rng(6)
    labels = np.eye(3, dtype="float32")[[2, 0]]
    styles = [rng.normal(size=(2, *shape)).astype("float32") for _ in range(2)]
    translation = SimpleNamespace(
        labels=tf.constant(labels), real_styles=[tf.constant(styles[0])], fake_styles=[*map(tf.constant, styles)]
    )
    costs = []
    for logits in styles:
        logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        costs.append(-np.mean([logs[0, ..., 2].mean(), logs[1, ..., 0].mean()]))
    np.testing.assert_allclose(both(StyleClassification(), translation), (costs[0], sum(costs)), rtol=1e-5)


def test_style_classification_by_chance_and_with_two_generated_pictures_for_a_label():
    labels = tf.constant([[1.0, 0, 0, 0], [0, 1, 0, 0]])
    sure = np.concatenate([np.eye(4)[:2], np.eye(4)[:2]])[:, None, None] * 100
    translation = SimpleNamespace(
        labels=labels, real_styles=[tf.zeros((2, 3, 3, 4))], fake_styles=[tf.constant(sure, "float32")]
    )
    np.testing.assert_allclose(both(StyleClassification(), translation), (np.log(4), 0), atol=1e-5)


@pytest.mark.parametrize("whole", ["generator", "discriminator"])
def test_style_classification_refuses_what_has_no_styles(whole):
    shape = (32, 32, 3)
    generator = gated.build(shape, styles=2, filters=2, blocks=1) if whole == "generator" else plain()
    judges = [gated_judge.build(shape, styles=2, filters=2)] if whole == "discriminator" else []
    with pytest.raises(ValueError, match="a discriminator that tells them apart"):
        StyleClassification().build(generator, judges, shape)


class Shown(layers.Layer):
    """Keeps the pictures that a discriminator is shown."""

    def __init__(self):
        super().__init__()
        self.pictures = []

    def call(self, inputs):
        if not isinstance(inputs, keras.KerasTensor):
            self.pictures.append(inputs)
        return inputs


def test_decoys_are_grey_and_smooth_around_edges_only():
    style = np.full((1, 32, 32, 3), -0.9, "float32")
    style[:, :, 16:] = (0.9, 0.8, 0.7)  # an edge between the columns 15 and 16
    style[:, ::2, :6] += 0.05  # texture, but no edge
    shown, picture = Shown(), keras.Input((32, 32, 3))
    discriminator = keras.Model(picture, ops.mean(shown(picture), axis=(1, 2, 3)))
    value = Decoys(grey=2.0, blur=0.5).discriminator_loss(between([style] * 3, discriminator))
    grey, smooth = (pictures.numpy() for pictures in shown.pictures[-2:])
    np.testing.assert_allclose(grey, (style @ np.float32([0.299, 0.587, 0.114]))[..., None].repeat(3, -1), atol=1e-6)
    columns = np.unique(np.nonzero(np.abs(smooth - grey) > 1e-6)[2])
    assert columns.tolist() == [14, 15, 16, 17]  # a Gaussian of 5 changes two on each side of the edge
    ramp = np.convolve(grey[0, 5, 10:22, 0], np.array([1, 4, 6, 4, 1]) / 16, "valid")
    np.testing.assert_allclose(smooth[0, 5, 12:20, 0], ramp, atol=1e-5)
    np.testing.assert_allclose(value, 2 * grey.mean() ** 2 + 0.5 * smooth.mean() ** 2, rtol=1e-4)


class FromStyles(layers.Layer):
    """The source plus the sum of its styles' weights."""

    def call(self, source, styles):
        return source + ops.sum(styles, axis=-1)[:, None, None, None] / 4


def test_autoencoder_asks_for_the_source_without_any_style(pictures):
    source, styles = keras.Input((None, None, 3), name="source"), keras.Input((2,), name="styles")
    generator = keras.Model([source, styles], FromStyles()(source, styles) + 0.125)
    translation = Translation(*map(tf.constant, pictures[:2]), generator, labels=tf.ones((2, 2)))
    np.testing.assert_allclose(Autoencoder().generator_loss(translation), 0.125, rtol=1e-5)
    Autoencoder().build(generator, [], (32, 32, 3))
    with pytest.raises(ValueError, match="needs a generator with the input styles, such as gated, not plain"):
        Autoencoder().build(plain(), [], (32, 32, 3))


def plain():
    source = keras.Input((None, None, 3), name="source")
    return keras.Model(source, layers.Activation("tanh")(source), name="plain")


def of_codes(seed):
    """A generator made of codes, as small as can be."""
    keras.utils.set_random_seed(seed)
    sides = (None, None, 3)
    source, style = keras.Input(sides, name="source"), keras.Input(sides, name="style")
    picture, content, code = keras.Input(sides), keras.Input((None, None, 4)), keras.Input((2,))
    encoder = keras.Model(picture, layers.Conv2D(4, 1)(picture), name="content")
    coder = keras.Model(picture, layers.Dense(2)(layers.GlobalAveragePooling2D()(picture)), name="style_code")
    shifted = content + layers.Dense(4)(code)[:, None, None]
    decoder = keras.Model([content, code], layers.Conv2D(3, 1, activation="tanh")(shifted), name="decoder")
    return keras.Model([source, style], decoder([encoder(source), coder(style)]), name="codes")


@pytest.fixture
def two_way(pictures):
    source, style = map(tf.constant, pictures[:2])

    def translation(**options):
        return Translation(source, style, of_codes(0), inverse=of_codes(1), **options)

    return translation


@pytest.mark.parametrize("random_codes", [True, False])
def test_latent_reconstruction_finds_content_and_code_again(two_way, random_codes):
    translation = two_way(random_codes=random_codes, seed=3)
    part = lambda network, name: network.get_layer(name)  # noqa: E731
    there, back, fake = translation.generator, translation.inverse, translation.fake
    code = translation.code if random_codes else part(there, "style_code")(translation.style)
    styles = np.abs(part(there, "style_code")(fake) - code).mean()
    contents = np.abs(part(back, "content")(fake) - part(there, "content")(translation.source)).mean()
    value = LatentReconstruction(content=2.0, style=3.0).generator_loss(translation)
    np.testing.assert_allclose(value, 2 * contents + 3 * styles, rtol=1e-5)


def test_reconstruction_paints_the_source_of_its_own_content_and_code(two_way):
    translation = two_way()
    there, back, source = translation.generator, translation.inverse, translation.source
    code = back.get_layer("style_code")(source)
    again = back.get_layer("decoder")([there.get_layer("content")(source), code])
    np.testing.assert_allclose(Reconstruction().generator_loss(translation), np.abs(again - source).mean(), rtol=1e-5)


@pytest.mark.parametrize("loss", [LatentReconstruction(), Reconstruction()], ids=lambda loss: type(loss).__name__)
def test_losses_of_codes_refuse_other_generators(loss):
    assert loss.two_way_needed
    loss.build(of_codes(0), [], (32, 32, 3))
    with pytest.raises(ValueError, match="needs a generator made of codes, such as munit, not plain"):
        loss.build(plain(), [], (32, 32, 3))


def noisy(shape, named=False):
    """A generator that adds its noise to the source, twice."""
    source, noise = keras.Input((None, None, 3), name="source"), keras.Input(shape, name="noise")
    styles = [keras.Input((2,), name="styles")] if named else []
    added = ops.mean(noise, axis=-1, keepdims=True) if len(shape) > 1 else ops.mean(noise, axis=-1)[:, None, None, None]
    return keras.Model([noise, source, *styles], source + 2 * added, name="noisy")


@pytest.mark.parametrize("shape", [(1,), (None, None, 1)])
@pytest.mark.parametrize("named", [False, True])
def test_mode_seeking_of_added_noise_is_the_inverse_of_its_factor(pictures, shape, named):
    source, style = map(tf.constant, pictures[:2])
    translation = Translation(source, style, noisy(shape, named), labels=tf.ones((2, 2)) if named else None)
    ModeSeeking().build(translation.generator, [], (32, 32, 3))
    assert float(ModeSeeking().generator_loss(translation)) == pytest.approx(1 / (2 + 1e-5), rel=1e-4)


def test_mode_seeking_of_codes_draws_two_for_each_source(two_way):
    translation = two_way(random_codes=True, seed=5)
    code = keras.random.normal((4, 2), seed=5)
    pictures = [generate(translation.generator, translation.source, code=part).numpy() for part in (code[:2], code[2:])]
    ratio = np.abs(pictures[1] - pictures[0]).mean() / np.abs(code[2:] - code[:2]).mean()
    ModeSeeking().build(translation.generator, [], (32, 32, 3))
    np.testing.assert_allclose(ModeSeeking().generator_loss(translation), 1 / (ratio + 1e-5), rtol=1e-4)


def test_mode_seeking_is_finite_where_all_results_are_alike(pictures):
    source, noise = keras.Input((None, None, 3), name="source"), keras.Input((4,), name="noise")
    deaf = keras.Model([source, noise], source + 0 * ops.mean(noise))
    translation = Translation(*map(tf.constant, pictures[:2]), deaf)
    assert float(ModeSeeking().generator_loss(translation)) == pytest.approx(1e5, rel=1e-4)


def test_mode_seeking_refuses_a_generator_without_chance():
    with pytest.raises(ValueError, match="plain always makes the same picture of a source"):
        ModeSeeking().build(plain(), [], (32, 32, 3))


def drawn(style, fake, seed=0):
    """A translation whose result is known."""
    return SimpleNamespace(style=style, fake=fake, seed=seed)


def sliced(style, fake, directions, stride):
    """The sliced Wasserstein distance of the patches of pictures: directions (size, size, 3, n)."""
    size = len(directions)
    found = []
    for pictures in (style, fake):
        patches = np.lib.stride_tricks.sliding_window_view(pictures, (size, size), axis=(1, 2))[:, ::stride, ::stride]
        rows = patches.reshape(-1, 3, size, size).transpose(0, 2, 3, 1)
        rows = rows - rows.mean(axis=(1, 2), keepdims=True)
        found.append(np.sort(rows.reshape(len(rows), -1) @ directions.reshape(size * size * 3, -1), axis=0))
    return np.abs(found[0] - found[1]).mean() / max(np.abs(found[0]).mean(), 0.05)


def test_sliced_wasserstein_is_the_distance_of_sorted_projections_at_each_scale():
    style, fake = np.random.default_rng(0).uniform(-1, 1, (2, 2, 22, 26, 3)).astype("float32")
    seeds = [keras.random.SeedGenerator(3) for _ in range(2)]
    found = SlicedWasserstein(size=5, scales=2, directions=4).generator_loss(drawn(style, fake, seeds[0]))
    expected = []
    for stride in (2, 1):
        directions = keras.random.normal((5, 5, 3, 4), seed=seeds[1]).numpy()
        directions -= directions.mean(axis=(0, 1))
        grey = directions.mean(axis=2, keepdims=True)
        directions = np.where([True, False, True, False], grey, directions - grey)
        directions /= np.linalg.norm(directions.reshape(-1, 4), axis=0)
        expected.append(sliced(style, fake, directions, stride))
        style, fake = (each.reshape(2, 11, 2, 13, 2, 3).mean((2, 4)) if stride == 2 else each for each in (style, fake))
    assert float(found) == pytest.approx(np.mean(expected), rel=1e-4)


def test_sliced_wasserstein_leaves_the_palette_and_the_places_alone():
    style = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 64, 64, 3)).astype("float32")
    cost = SlicedWasserstein(scales=1).generator_loss
    for fake in (style + np.float32([0.3, -0.2, 0.1]), style):
        assert float(cost(drawn(style, fake, 0))) == pytest.approx(0, abs=1e-6)
    rolled = np.roll(style, 32, axis=1)  # other patches at the seam alone
    other = float(cost(drawn(style, rolled, 0)))
    assert other < 0.5 * float(cost(drawn(style, style / 2, 0)))


def test_sliced_wasserstein_is_relative_to_the_contrast_of_the_style():
    style, fake = np.random.default_rng(0).uniform(-1, 1, (2, 1, 32, 32, 3)).astype("float32")
    cost = lambda factor: float(SlicedWasserstein().generator_loss(drawn(factor * style, factor * fake / 2)))  # noqa: E731
    assert cost(0.6) == pytest.approx(cost(1), rel=1e-4)
    flat = float(SlicedWasserstein().generator_loss(drawn(0 * style, 0.01 * fake)))
    assert 0 < flat < 0.2


@pytest.mark.parametrize("options", [{"size": 1}, {"scales": 0}, {"directions": 0}])
def test_sliced_wasserstein_refuses_impossible_options(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} is {options[name]}"):
        SlicedWasserstein(**options)


def test_sliced_wasserstein_refuses_crops_smaller_than_its_patches():
    with pytest.raises(ValueError, match="at least 9 pixels"):
        SlicedWasserstein(size=9).build(None, [], (16, 8, 3))


def test_sliced_wasserstein_leaves_out_scales_that_are_too_coarse():
    style, fake = np.random.default_rng(0).uniform(-1, 1, (2, 1, 12, 12, 3)).astype("float32")
    few, many = (SlicedWasserstein(scales=scales).generator_loss(drawn(style, fake, 1)) for scales in (1, 4))
    assert float(few) == float(many) > 0
