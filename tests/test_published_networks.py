"""Gated-GAN, MUNIT, AnimeGANv2 and SinCUT: networks of the published size that compute what is published."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from stylezoo_builtins.discriminators import animegan as animegan_judge
from stylezoo_builtins.discriminators import gated as gated_judge
from stylezoo_builtins.discriminators import stylegan2
from stylezoo_builtins.generators import animegan, gated, munit, stylegan2_resnet

from stylezoo.layers import SpectralNormalization

ANY, SMALL = (None, None, 3), (32, 32, 3)
NETWORKS = {
    "gated": lambda: gated.build(ANY, styles=3, filters=4, blocks=1),
    "munit": lambda: munit.build(ANY, filters=4, blocks=1, mlp=8),
    "animegan": lambda: animegan.build(ANY, filters=4, blocks=2),
    "stylegan2-resnet": lambda: stylegan2_resnet.build(ANY, filters=1, downs=2, blocks=2),
    "gated discriminator": lambda: gated_judge.build(SMALL, styles=3, filters=4),
    "animegan discriminator": lambda: animegan_judge.build(SMALL, filters=4),
    "stylegan2 discriminator": lambda: stylegan2.build(SMALL, filters=1),
}
GENERATORS = list(NETWORKS)[:4]


@pytest.fixture(autouse=True)
def seeded():
    """Weights are drawn anew in each test, the same each time."""
    keras.utils.set_random_seed(0)


def uniform(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def inputs_of(network, height=32, width=32):
    """Two of whatever each input of a network takes; the weights of styles are fractions."""
    wanted = (2, height, width, None)
    shapes = [[size or other for size, other in zip(each.shape, wanted, strict=False)] for each in network.inputs]
    inputs = [np.abs(uniform(*shape)) for shape in shapes]
    return inputs if len(inputs) > 1 else inputs[0]


every_network = pytest.mark.parametrize("name", NETWORKS)


@pytest.mark.parametrize(
    ("network", "weights"),
    [
        (lambda: gated.build(ANY), 11_388_675),
        (lambda: gated.build(ANY, styles=5), 11_388_675 + 1_181_184),
        (lambda: munit.build(ANY), 15_026_187),
        (lambda: animegan.build(ANY), 2_143_552),
        (lambda: stylegan2_resnet.build(ANY), 3_068_404),
        (lambda: gated_judge.build((128, 128, 3)), 2_799_301),
        (lambda: animegan_judge.build((64, 64, 3)), 1_128_800),
        (lambda: stylegan2.build((64, 64, 3)), 5_885_473),
    ],
    ids=["gated", "gated of 5", "munit", "animegan", "stylegan2-resnet", *list(NETWORKS)[4:]],
)
def test_networks_have_as_many_weights_as_published(network, weights):
    assert sum(math.prod(variable.shape) for variable in network().trainable_variables) == weights


def test_the_parts_of_munit_have_as_many_weights_as_published():
    network = munit.build(ANY)
    parts = {name: network.get_layer(name).count_params() for name in ("content", "style_code", "decoder")}
    assert parts == {"content": 5_385_856, "style_code": 2_764_936, "decoder": 5_754_627 + 1_120_768}


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_answer_with_pictures_of_the_source_size(name):
    network = NETWORKS[name]()
    inputs = inputs_of(network, 20, 28)  # odd multiples of 4
    fake = network(inputs)
    assert fake.shape == (2, 20, 28, 3)
    assert np.isfinite(fake).all()
    assert network.compute_output_shape(keras.tree.map_structure(np.shape, inputs)) == fake.shape
    if name != "stylegan2-resnet":  # nothing holds it, as published
        assert np.abs(network(keras.tree.map_structure(lambda x: 50 * x, inputs))).max() <= 1


@every_network
def test_every_kernel_has_a_gradient(name):
    network = NETWORKS[name]()
    with tf.GradientTape() as tape:
        answers = keras.tree.flatten(network(inputs_of(network), training=True))
        cost = sum(tf.reduce_mean(answer * normal(*answer.shape)) for answer in answers)
    kernels = [variable for variable in network.trainable_variables if len(variable.shape) > 1]
    assert kernels
    for kernel, gradient in zip(kernels, tape.gradient(cost, [each.value for each in kernels]), strict=True):
        assert np.isfinite(gradient).all(), kernel.path
        assert np.abs(gradient).max() > 1e-9, kernel.path


@every_network
def test_networks_come_back_from_a_keras_file(name, tmp_path):
    network = NETWORKS[name]()
    for number, variable in enumerate(network.trainable_variables):  # what begins at 0 as well
        variable.assign_add(0.1 * normal(*variable.shape, seed=number))
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    inputs = inputs_of(network)
    keras.tree.map_structure(np.testing.assert_array_equal, again(inputs), network(inputs))


@every_network
def test_networks_compute_in_half_precision(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = NETWORKS[name]()
        half = network(inputs_of(network))
    finally:
        keras.config.set_dtype_policy("float32")
    assert {variable.dtype for variable in network.trainable_variables} == {"float32"}
    assert name not in GENERATORS or half.dtype == "float32"
    keras.utils.set_random_seed(0)
    whole = NETWORKS[name]()
    whole.set_weights(network.get_weights())
    for one, other in zip(keras.tree.flatten(half), keras.tree.flatten(whole(inputs_of(whole))), strict=True):
        one, other = np.asarray(keras.ops.cast(one, "float32")), np.asarray(other)
        assert 0 < np.abs(one - other).max() < 0.2 * max(1, np.abs(other).max())


# Gated-GAN


@pytest.fixture
def styles():
    """A gated generator of three styles, and the variables of each one's branch."""
    network = NETWORKS["gated"]()
    features, _, *changes = network.get_layer("mixture").input
    common = {id(variable) for variable in keras.Model(network.inputs[0], features).variables}
    branches = [keras.Model(network.inputs[0], change).trainable_variables for change in changes]
    return network, [[variable for variable in branch if id(variable) not in common] for branch in branches]


@pytest.mark.parametrize("style", [0, 1, 2])
def test_a_style_of_weight_1_trains_its_own_branch_only(styles, style):
    network, branches = styles
    assert [len(branch) for branch in branches] == [8, 8, 8]  # two convolutions, two normalisations
    with tf.GradientTape(persistent=True) as tape:
        fake = network([uniform(1, 16, 16, 3), np.eye(3, dtype="float32")[[style]]])
        cost = tf.reduce_mean(fake * normal(*fake.shape))
    for number, branch in enumerate(branches):
        kernels = [variable.value for variable in branch if len(variable.shape) > 1]
        moved = [bool(np.any(gradient)) for gradient in tape.gradient(cost, kernels)]
        assert moved == [number == style] * 2


def test_styles_differ_and_weights_of_0_pass_all_branches_by(styles):
    network, branches = styles
    picture = uniform(1, 16, 16, 3)
    weights = np.vstack([np.zeros((1, 3)), np.eye(3)]).astype("float32")
    fakes = np.asarray(network([picture.repeat(4, 0), weights]))
    assert min(np.abs(fakes[i] - fakes[j]).max() for i in range(4) for j in range(i)) > 1e-3
    for branch in branches:
        for variable in branch:
            variable.assign(normal(*variable.shape))
    again = np.asarray(network([picture.repeat(4, 0), weights]))
    np.testing.assert_allclose(again[0], fakes[0], atol=1e-6)
    assert np.abs(again[1:] - fakes[1:]).max(axis=(1, 2, 3)).min() > 1e-3


def test_a_mixture_is_that_of_residual_blocks_and_of_the_features_as_they_are():
    features, *changes = (normal(2, 4, 5, 6, seed=seed) for seed in range(4))
    weights = np.float32([[0.2, 0.3, 0.5], [0.1, 0, 0.4]])
    experts = [features, *(features + change for change in changes)]
    shares = np.hstack([1 - weights.sum(1, keepdims=True), weights])
    expected = sum(share[:, None, None, None] * expert for share, expert in zip(shares.T, experts, strict=True))
    np.testing.assert_allclose(gated.Mixture()([features, weights, *changes]), expected, atol=1e-5)


def test_the_gated_discriminator_has_logits_and_classes_of_each_patch():
    heads = gated_judge.build((128, 128, 3), styles=5).output
    assert {name: head.shape for name, head in heads.items()} == {
        "logits": (None, 14, 14, 1),
        "styles": (None, 14, 14, 5),
    }


@pytest.mark.parametrize("build", [gated.build, gated_judge.build])
def test_gated_networks_need_a_style(build):
    with pytest.raises(ValueError, match="0 styles are too few"):
        build(SMALL, styles=0)


# MUNIT


def test_munit_draws_the_content_with_the_code():
    network = NETWORKS["munit"]()
    source, style = uniform(2, 16, 20, 3), uniform(2, 16, 20, 3, seed=1)
    content, style_code, decoder = (network.get_layer(name) for name in ("content", "style_code", "decoder"))
    code = style_code(style)
    assert content(source).shape == (2, 4, 5, 16)
    assert code.shape == (2, 8)
    fake = np.asarray(network([source, style]))
    np.testing.assert_allclose(decoder([content(source), code]), fake, atol=1e-6)
    assert np.abs(decoder([content(source), code + 1]) - fake).max() > 1e-3


def test_adaptive_instance_normalization_gives_channels_the_means_and_deviations_of_the_perceptron():
    features, means, deviations = 3 * normal(2, 9, 11, 4) + 1, normal(2, 4, seed=1), np.abs(normal(2, 4, seed=2))
    answer = np.asarray(munit.AdaptiveInstanceNormalization()([features, np.hstack([means, deviations])]))
    np.testing.assert_allclose(answer.mean((1, 2)), means, atol=1e-5)
    np.testing.assert_allclose(answer.std((1, 2)), deviations, atol=1e-5)


def test_the_code_decides_all_means_and_deviations_in_the_decoder():
    decoder = NETWORKS["munit"]().get_layer("decoder")
    adapted = [layer for layer in decoder.layers if isinstance(layer, munit.AdaptiveInstanceNormalization)]
    numbers, answers = keras.Model(
        decoder.inputs, [[each.input[1] for each in adapted], [each.output for each in adapted]]
    )([normal(2, 6, 6, 16), normal(2, 8, seed=1)])
    assert len(adapted) == 2
    for given, answer in zip(numbers, answers, strict=True):
        means, deviations = np.split(np.asarray(given), 2, axis=1)
        np.testing.assert_allclose(np.mean(answer, (1, 2)), means, atol=1e-4)
        np.testing.assert_allclose(np.std(answer, (1, 2)), np.abs(deviations), atol=1e-3)


def test_sample_normalization_divides_by_the_unbiased_deviation_of_all_channels():
    x = 2 * normal(2, 3, 4, 5) + 1
    layer = munit.SampleNormalization()
    layer.build(x.shape)
    assert 0 <= layer.gamma.numpy().min() <= layer.gamma.numpy().max() <= 1
    gamma, beta = uniform(5, seed=1), uniform(5, seed=2)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    mean, deviation = (f(x, axis=(1, 2, 3), keepdims=True) for f in (np.mean, lambda x, **kw: np.std(x, ddof=1, **kw)))
    np.testing.assert_allclose(layer(x), (x - mean) / (deviation + 1e-5) * gamma + beta, atol=1e-5)


def test_munit_needs_blocks_for_its_style():
    with pytest.raises(ValueError, match="0 blocks are too few"):
        munit.build(ANY, blocks=0)


# What networks compute, in numpy


def convolve(x, kernel, stride=1):
    """Without padding, (batch, height, width, in) and (size, size, in, out)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("bhwiyx,yxio->bhwo", windows, kernel, optimize=True)


def pad(x, top, bottom=None, mode="constant"):
    sides = (top, top if bottom is None else bottom)
    return np.pad(x, ((0, 0), sides, sides, (0, 0)), mode=mode)


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def perturbed(network):
    """Its trained weights one after the other, none of them at 0 or 1."""
    for number, variable in enumerate(network.trainable_variables):
        variable.assign_add(0.3 * normal(*variable.shape, seed=number))
    return iter([variable.numpy() for variable in network.trainable_variables])


# AnimeGANv2


def layer_normalized(x, weights):
    mean, variance = (f(x, axis=(1, 2, 3), keepdims=True) for f in (np.mean, np.var))
    return (x - mean) / np.sqrt(variance + 1e-5) * next(weights) + next(weights)


def test_animegan_computes_what_is_published():
    network = animegan.build(ANY, filters=2, blocks=2)
    picture = uniform(2, 12, 20, 3)
    weights = perturbed(network)

    def convolved(x, size):
        x = convolve(pad(x, size // 2, mode="reflect"), next(weights))
        return leaky(layer_normalized(x, weights))

    def halved(x):
        x = convolve(pad(x, 0, 1, mode="reflect"), next(weights), 2)
        return leaky(layer_normalized(x, weights))

    def inverted(x):
        x = pad(convolved(x, 1), 1, mode="reflect")
        kernel, bias = next(weights), next(weights)
        x = convolve(x, kernel * np.eye(x.shape[-1])) + bias  # (3, 3, channels, 1): each channel by itself
        x = leaky(layer_normalized(x, weights))
        return layer_normalized(convolve(x, next(weights)), weights)

    def doubled(x):
        size = (2 * x.shape[1], 2 * x.shape[2])
        return tf.compat.v1.image.resize_bilinear(x, size, half_pixel_centers=False).numpy()

    x = convolved(halved(convolved(halved(convolved(picture, 7)), 3)), 3)
    x = inverted(convolved(x, 3))
    x = convolved(x + inverted(x), 3)
    x = convolved(convolved(doubled(x), 3), 3)
    x = convolved(convolved(convolved(doubled(x), 3), 3), 7)
    x = np.tanh(convolve(x, next(weights)))
    assert next(weights, None) is None
    np.testing.assert_allclose(network(picture), x, atol=2e-4)


def test_the_animegan_discriminator_computes_what_is_published():
    network = animegan_judge.build((16, 16, 3), filters=2)
    picture = uniform(2, 16, 16, 3)
    spectral = [layer for layer in network.layers if isinstance(layer, SpectralNormalization)]
    assert len(spectral) == 7
    weights = perturbed(network)
    train = tf.function(lambda: network(picture, training=True))
    for _ in range(150):
        train()  # the power iterations come to the largest singular value

    def convolved(x, stride=1):
        kernel = next(weights)
        kernel = kernel / np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]
        return convolve(pad(x, 1, 1 if stride == 1 else 0), kernel, stride)

    def normed(x):
        return leaky(layer_normalized(x, weights))

    x = leaky(convolved(picture))
    for _ in range(2):
        x = normed(convolved(leaky(convolved(x, 2))))
    x = convolved(normed(convolved(x)))
    assert next(weights, None) is None
    np.testing.assert_allclose(network(picture), x, atol=1e-3)


# SinCUT


def blurred(x, padding):
    line = np.float32([1, 3, 3, 1]) / 8
    return convolve(pad(x, padding), np.einsum("y,x,io->yxio", line, line, np.eye(x.shape[-1])))


def equalized(x, weights, padding=0, stride=1):
    kernel = next(weights)
    return convolve(pad(x, padding), kernel / math.sqrt(math.prod(kernel.shape[:3])), stride)


def activated(x, weights):
    return leaky(x + next(weights)) * math.sqrt(2)


def halving(x, weights):
    y = activated(equalized(x, weights, 1), weights)
    y = activated(equalized(blurred(y, 2), weights, stride=2), weights)
    return (y + equalized(blurred(x, 1), weights, stride=2)) / math.sqrt(2)


def test_the_stylegan2_resnet_computes_what_is_published():
    network = stylegan2_resnet.build(ANY, filters=1, downs=1, blocks=2)
    picture, noise = uniform(2, 12, 20, 3), normal(2, 12, 20, 1, seed=1)
    weights = perturbed(network)
    x = halving(activated(equalized(picture, weights), weights), weights)
    for _ in range(2):
        y = activated(equalized(x, weights, 1), weights)
        x = (x + activated(equalized(y, weights, 1), weights)) / math.sqrt(2)
    kernel = next(weights).transpose(0, 1, 3, 2)  # (3, 3, in, out)
    kernel = kernel / np.sqrt((kernel**2).sum((0, 1, 2)))
    spread = np.zeros((2, 2 * x.shape[1] + 3, 2 * x.shape[2] + 3, x.shape[3]), "float32")
    spread[:, 2:-1:2, 2:-1:2] = x  # what a transposed convolution is: zeros between the pixels, the kernel turned
    x = 4 * blurred(convolve(spread, kernel[::-1, ::-1]), 1)
    x = activated(x + next(weights) * noise, weights)
    x = activated(equalized(x, weights), weights)
    assert next(weights, None) is None
    np.testing.assert_allclose(network([picture, noise]), x, atol=2e-4)


def test_the_stylegan2_discriminator_computes_what_is_published():
    network = stylegan2.build((16, 16, 3), filters=1)
    picture = uniform(2, 16, 16, 3)
    weights = perturbed(network)
    x = activated(equalized(picture, weights), weights)
    for _ in range(2):
        x = halving(x, weights)
    x = activated(equalized(x, weights, 1), weights)
    x = x.reshape(2, -1)
    x = activated(x @ next(weights) / math.sqrt(x.shape[1]), weights)
    x = x @ next(weights) / math.sqrt(x.shape[1]) + next(weights)
    assert next(weights, None) is None
    np.testing.assert_allclose(network(picture), x, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("network", [NETWORKS["stylegan2-resnet"], NETWORKS["stylegan2 discriminator"]])
def test_equalized_kernels_begin_with_variance_1(network):
    kernels = [variable.numpy().ravel() for variable in network().trainable_variables if len(variable.shape) > 1]
    assert np.concatenate(kernels).std() == pytest.approx(1, abs=0.02)


def test_stylegan2_resnet_is_still_without_noise_and_learns_how_much_to_take():
    network = NETWORKS["stylegan2-resnet"]()
    picture, noise, none = uniform(1, 16, 16, 3), normal(1, 16, 16, 1), np.zeros((1, 16, 16, 1), "float32")
    still = np.asarray(network([picture, none]))
    np.testing.assert_array_equal(network([picture, noise]), still)  # of strength 0 at first
    for layer in network.layers:
        if isinstance(layer, stylegan2_resnet.NoiseInjection):
            layer.strength.assign([0.5])
    np.testing.assert_array_equal(network([picture, none]), still)
    assert np.abs(network([picture, noise]) - still).max() > 1e-2


def test_stylegan2_resnet_shows_the_features_that_sincut_compares():
    network = stylegan2_resnet.build((64, 64, 3))
    taps = [layer for layer in network.layers if layer.name.startswith("feature_")]
    assert [layer.name for layer in taps] == ["feature_0", "feature_1", "feature_2"]
    assert [layer.output.shape[1:] for layer in taps] == [(64, 64, 3), (32, 32, 160), (32, 32, 160)]


@pytest.mark.parametrize("options", [{"downs": 0}, {"blocks": 0}])
def test_stylegan2_resnet_needs_halvings_and_blocks(options):
    with pytest.raises(ValueError, match="1 or more of each are needed"):
        stylegan2_resnet.build(ANY, **options)


@pytest.mark.parametrize("side", [16, 24, 72, 90])
def test_the_stylegan2_discriminator_takes_crops_of_any_size(side):
    network = stylegan2.build((side, side, 3), filters=1)
    assert network(uniform(2, side, side, 3)).shape == (2, 1)


def test_the_stylegan2_discriminator_refuses_crops_that_are_too_small():
    with pytest.raises(ValueError, match="crops of 12 pixels are too small"):
        stylegan2.build((12, 12, 3))


def test_a_gradient_penalty_trains_every_kernel_of_the_stylegan2_discriminator():
    network = NETWORKS["stylegan2 discriminator"]()
    picture = tf.constant(uniform(2, 32, 32, 3))
    kernels = [variable.value for variable in network.trainable_variables if len(variable.shape) > 1]
    with tf.GradientTape() as tape:
        with tf.GradientTape() as inner:
            inner.watch(picture)
            logits = network(picture)
        penalty = tf.reduce_sum(inner.gradient(logits, picture) ** 2)
    assert all(np.isfinite(gradient).all() and np.any(gradient) for gradient in tape.gradient(penalty, kernels))


def test_skips_of_gated_carry_detail_past_the_halvings():
    """A single pixel that the halvings see is seen at full resolution only with skips, where all else is taken away."""
    keras.utils.set_random_seed(0)
    source = np.zeros((2, 16, 16, 3), "float32")
    source[1, 8, 8] = 1
    for skips in (False, True):
        network = gated.build(ANY, styles=1, filters=2, blocks=1, skips=skips)
        halving = next(layer for layer in network.layers if getattr(layer, "strides", None) == (2, 2))
        halving.kernel.assign(0 * halving.kernel)
        plain, dotted = np.asarray(network([source, np.zeros((2, 1), "float32")]))
        assert bool(np.abs(plain - dotted).max() > 1e-4) is skips


def test_gated_doubles_without_transposed_convolutions_if_asked():
    kinds = {type(layer).__name__ for layer in gated.build(ANY, styles=1, filters=2, blocks=1, resize=True).layers}
    assert "UpSampling2D" in kinds
    assert "Conv2DTranspose" not in kinds
