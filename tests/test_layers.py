"""The layers equal what their papers, numpy or PyTorch compute."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from stylezoo.layers import InstanceNormalization, ReflectionPadding2D, SpectralNormalization


@pytest.fixture
def pictures():
    return np.random.default_rng(0).normal(3, 2, (2, 5, 7, 3)).astype("float32")


def test_reflection_padding_is_numpys(pictures):
    expected = np.pad(pictures, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    layer = ReflectionPadding2D(2)
    np.testing.assert_array_equal(layer(pictures), expected)
    assert layer.compute_output_shape((None, 5, None, 3)) == (None, 9, None, 3)


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
