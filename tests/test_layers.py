"""The layers equal what their papers, numpy or PyTorch compute."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from stylezoo.layers import (
    BatchNormalization,
    BlurDownsampling2D,
    BlurUpsampling2D,
    InstanceNormalization,
    LayerNormalization,
    ReflectionPadding2D,
    SpectralNormalization,
    UpSampling2D,
    initializer,
    normalization,
)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).normal(3, 2, (2, 5, 7, 3)).astype("float32")


def test_reflection_padding_is_numpys(pictures):
    expected = np.pad(pictures, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    layer = ReflectionPadding2D(2)
    np.testing.assert_array_equal(layer(pictures), expected)
    assert layer.compute_output_shape((None, 5, None, 3)) == (None, 9, None, 3)


def test_layer_normalization_is_that_of_keras_in_any_precision():
    x = np.random.default_rng(0).normal(3, 200, (2, 5, 4, 6)).astype("float32")
    scale, shift = np.float32([1, 2, -1, 0.5, 0, 3]), np.float32([0, 1, 2, 3, 4, 5])
    for dtype, tolerance in (("float32", 1e-5), ("mixed_float16", 1e-2)):
        ours, theirs = (
            each(epsilon=1e-3, dtype=dtype) for each in (LayerNormalization, keras.layers.LayerNormalization)
        )
        for layer in (ours, theirs):
            layer.build(x.shape)
            layer.set_weights([scale, shift])
        np.testing.assert_allclose(np.float32(ours(x)), np.float32(theirs(x)), atol=tolerance, rtol=tolerance)
        assert ours(x).dtype == theirs(x).dtype


def test_instance_normalization_gives_each_channel_of_each_picture_mean_0_and_variance_1(pictures):
    mean, variance = (f(pictures, axis=(1, 2), keepdims=True) for f in (np.mean, np.var))
    expected = (pictures - mean) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(InstanceNormalization()(pictures), expected, atol=1e-5)


def test_affine_instance_normalization_scales_and_shifts(pictures):
    layer = InstanceNormalization(affine=True)
    plain = layer(pictures)
    layer.gamma.assign([1, 2, 3])
    layer.beta.assign([0, 1, -1])
    np.testing.assert_allclose(layer(pictures), plain * np.float32([1, 2, 3]) + np.float32([0, 1, -1]), atol=1e-5)


def test_instance_normalization_does_not_overflow_in_float16():
    big = np.linspace(-3e4, 3e4, 64, dtype="float16").reshape(1, 8, 8, 1)  # their squares exceed float16
    answer = np.asarray(InstanceNormalization(dtype="float16")(big))
    assert answer.dtype == np.float16
    np.testing.assert_allclose(answer.astype("float32").std(), 1, atol=1e-2)


def test_batch_normalization_is_pytorchs_for_three_steps_of_training():
    rng = np.random.default_rng(0)
    layer = BatchNormalization()
    layer.build((None, 4, 6, 3))
    layer.gamma.assign([1, 2, 3])
    layer.beta.assign([0, 1, -1])
    mean, variance = np.zeros(3), np.ones(3)
    for _ in range(3):
        x = rng.normal(3, 2, (2, 4, 6, 3)).astype("float32")
        own_mean, own_variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        expected = (x - own_mean) / np.sqrt(own_variance + 1e-5) * [1, 2, 3] + [0, 1, -1]
        np.testing.assert_allclose(layer(x, training=True), expected, atol=1e-5)
        mean = 0.9 * mean + 0.1 * own_mean
        variance = 0.9 * variance + 0.1 * x.var((0, 1, 2), ddof=1)
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-5)
    still = (x - mean) / np.sqrt(variance + 1e-5) * [1, 2, 3] + [0, 1, -1]
    np.testing.assert_allclose(layer(x, training=False), still, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-5)  # and nothing was learned from it


@pytest.mark.parametrize("shape", [(8, 3), (4, 5, 3), (2, 2, 3, 2, 3)])
def test_a_batch_of_any_rank_is_normalized_over_all_but_the_channels(shape):
    x = np.random.default_rng(0).normal(3, 2, shape).astype("float32")
    axes = tuple(range(len(shape) - 1))
    expected = (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-5)
    np.testing.assert_allclose(BatchNormalization()(x, training=True), expected, atol=1e-5)


def test_the_gradient_flows_through_the_statistics_of_a_batch(pictures):
    """What has mean 0 whatever the batch is cannot be made to sum up to more."""
    layer, x = BatchNormalization(), tf.constant(pictures)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(layer(x, training=True))
    np.testing.assert_allclose(tape.gradient(total, x), 0, atol=1e-5)
    assert [v.name for v in layer.trainable_variables] == ["gamma", "beta"]


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_batch_normalization_keeps_statistics_in_single_precision(precision):
    big = np.linspace(-3e4, 3e4, 64).reshape(1, 8, 8, 1)  # their squares exceed float16
    layer = BatchNormalization(dtype=precision)
    answer = layer(big, training=True)
    assert answer.dtype == precision.removeprefix("mixed_")
    np.testing.assert_allclose(np.asarray(answer).astype("float32").std(), 1, atol=1e-2)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.9 + 0.1 * big.var(ddof=1), rtol=1e-3)
    assert layer.moving_variance.dtype == "float32"


BINOMIAL = {3: np.outer([1, 2, 1], [1, 2, 1]) / 16, 4: np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64}


@pytest.mark.parametrize(("height", "width"), [(8, 6), (7, 5)])
def test_blur_downsampling_is_a_binomial_filter_with_stride_2(height, width):
    x = np.random.default_rng(0).normal(size=(2, height, width, 3)).astype("float32")
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    expected = np.zeros((2, -(-height // 2), -(-width // 2), 3))
    for row, column in np.ndindex(expected.shape[1:3]):
        window = padded[:, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        expected[:, row, column] = np.einsum("bijc,ij->bc", window, BINOMIAL[3])
    layer = BlurDownsampling2D()
    np.testing.assert_allclose(layer(x), expected, atol=1e-6)
    assert layer.compute_output_shape((None, height, None, 3)) == (None, expected.shape[1], None, 3)


def test_blur_upsampling_is_a_transposed_binomial_filter_with_stride_2():
    """CUT's: pad 1 by repetition, transposed convolution with gain 4 and padding 2, one pixel cut off each side."""
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype("float32")
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    spread = np.zeros((2, 2 * 7 + 2, 2 * 6 + 2, 3))
    for row, column in np.ndindex(7, 6):
        spread[:, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += np.einsum(
            "bc,ij->bijc", padded[:, row, column], 4 * BINOMIAL[4]
        )
    expected = spread[:, 3:-3, 3:-3]
    layer = BlurUpsampling2D()
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)
    assert expected.shape == (2, 10, 8, 3)
    assert layer.compute_output_shape((None, 5, None, 3)) == (None, 10, None, 3)


@pytest.mark.parametrize("layer", [BlurDownsampling2D, BlurUpsampling2D])
def test_blurs_answer_in_half_precision(layer, pictures):
    exact, half = layer()(pictures), layer(dtype="bfloat16")(pictures)
    assert half.dtype == "bfloat16"
    np.testing.assert_allclose(tf.cast(half, "float32"), exact, atol=0.06)


@pytest.mark.parametrize(
    ("name", "deviation"),
    [("normal", 0.02), ("xavier", 0.02 * (2 / (9 * 32 + 9 * 64)) ** 0.5), ("kaiming", (2 / (9 * 32)) ** 0.5)],
)
def test_kernels_begin_as_pytorchs_do(name, deviation):
    keras.utils.set_random_seed(0)
    kernel, other = (np.asarray(initializer(name)((3, 3, 32, 64))) / deviation for _ in range(2))
    assert kernel.mean() == pytest.approx(0, abs=0.03)
    assert kernel.std() == pytest.approx(1, rel=0.02)
    assert np.abs(kernel).max() > 3.5  # no tail is cut off
    assert (kernel != other).any()


def test_batch_norms_scale_begins_around_1():
    keras.utils.set_random_seed(0)
    layer = normalization("batch")
    layer.build((None, 4, 4, 4096))
    assert layer.gamma.numpy().mean() == pytest.approx(1, abs=2e-3)
    assert layer.gamma.numpy().std() == pytest.approx(0.02, rel=0.05)


def test_batch_normalization_keeps_its_options():
    layer = BatchNormalization(0.3, 1e-3, keras.initializers.RandomNormal(1.0, 0.5, seed=0))
    again = BatchNormalization.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.momentum, again.epsilon, again.gamma_initializer.stddev) == (0.3, 1e-3, 0.5)


def test_unknown_initialisers_and_norms_are_refused():
    with pytest.raises(ValueError, match="init must be 'normal', 'xavier' or 'kaiming', not 'he'"):
        initializer("he")
    with pytest.raises(ValueError, match="norm must be 'instance', 'batch' or 'none', not 'layer'"):
        normalization("layer")


@pytest.fixture
def normalised():
    """A spectrally normalised convolution after enough power iterations, its input, and its largest singular value."""
    keras.utils.set_random_seed(0)
    layer = SpectralNormalization(keras.layers.Conv2D(6, 3, use_bias=False))
    x = np.random.default_rng(1).normal(size=(2, 8, 8, 4)).astype("float32")
    layer.build(x.shape)
    for _ in range(200):
        layer(x, training=True)
    kernel = layer.layer.kernel.numpy()
    return layer, x, kernel, np.linalg.svd(kernel.reshape(-1, 6), compute_uv=False)[0]


def test_spectral_normalization_divides_the_kernel_by_its_largest_singular_value(normalised):
    layer, x, kernel, largest = normalised
    plain = tf.nn.conv2d(x, kernel, 1, "VALID").numpy()
    np.testing.assert_allclose(layer(x), plain / largest, rtol=1e-4, atol=1e-5)


def test_spectral_normalization_leaves_the_trained_kernel_alone(normalised):
    layer, x, kernel, _ = normalised
    layer(x, training=True)
    np.testing.assert_array_equal(layer.layer.kernel.numpy(), kernel)


def test_gradient_flows_through_the_singular_value(normalised):
    """What is divided by its own size cannot be made smaller along itself: the gradient is orthogonal to the kernel."""
    layer, x, kernel, _ = normalised
    with tf.GradientTape() as tape:
        cost = tf.reduce_sum(layer(x) ** 2)
    gradient = tape.gradient(cost, layer.layer.kernel.value).numpy()
    cosine = (gradient * kernel).sum() / np.linalg.norm(gradient) / np.linalg.norm(kernel)
    assert np.linalg.norm(gradient) > 1
    assert abs(cosine) < 1e-3


@pytest.mark.parametrize(
    "layer",
    [BatchNormalization(), SpectralNormalization(keras.layers.Conv2D(2, 3))],
    ids=lambda each: type(each).__name__,
)
def test_a_frozen_layer_keeps_its_state_in_training(layer, pictures):
    still = layer(pictures, training=False).numpy()
    layer.trainable = False
    before = [variable.numpy() for variable in layer.weights]
    np.testing.assert_array_equal(layer(pictures, training=True), still)
    for variable, value in zip(layer.weights, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_spectral_normalization_is_still_when_not_training(normalised):
    layer, x, *_ = normalised
    before = layer.vector.numpy()
    layer(x, training=False)
    np.testing.assert_array_equal(layer.vector.numpy(), before)


@pytest.mark.parametrize(
    "layer",
    [
        ReflectionPadding2D(3),
        InstanceNormalization(1e-3, affine=True),
        BatchNormalization(0.3, 1e-3, keras.initializers.RandomNormal(1.0, 0.5, seed=0)),
        BlurDownsampling2D(),
        BlurUpsampling2D(),
        SpectralNormalization(keras.layers.Conv2D(2, 3)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_come_back_from_a_keras_file(layer, tmp_path):
    x = np.random.default_rng(2).normal(size=(1, 8, 8, 3)).astype("float32")
    picture = keras.Input((8, 8, 3))
    model = keras.Model(picture, layer(picture))
    model.save(tmp_path / "layer.keras")
    again = keras.models.load_model(tmp_path / "layer.keras")
    np.testing.assert_array_equal(again(x), model(x))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_upsampling_is_that_of_keras_and_works_in_a_graph_of_unknown_sizes(interpolation, pictures):
    layer = UpSampling2D((2, 3), interpolation=interpolation)
    expected = keras.layers.UpSampling2D((2, 3), interpolation=interpolation)(pictures)
    np.testing.assert_array_equal(layer(pictures), expected)
    any_size = tf.function(layer.call, input_signature=[tf.TensorSpec((None, None, None, 3))])
    np.testing.assert_array_equal(any_size(pictures), expected)
    assert layer(pictures.astype("float16")).dtype == "float32"  # the layer's own precision


def test_blur_upsampling_works_in_a_graph_of_unknown_sizes(pictures):
    layer = BlurUpsampling2D()
    any_size = tf.function(layer.call, input_signature=[tf.TensorSpec((None, None, None, 3))])
    np.testing.assert_array_equal(any_size(pictures), layer(pictures))
