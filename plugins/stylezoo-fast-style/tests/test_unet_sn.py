"""The discriminator is the published network, for pictures of any size, and gradient penalties can teach it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from stylezoo_fast_style import unet_sn

from stylezoo.contract import pixel_slope
from stylezoo.layers import SpectralNormalization


def spectral(network):
    return [layer for layer in network.layers if isinstance(layer, SpectralNormalization)]


def largest(kernel):
    """The largest singular value of a kernel, a row for each input of an output's window."""
    return np.linalg.svd(np.reshape(kernel, (-1, kernel.shape[-1])))[1][0]


def passed_through(network, times=200):
    """The network after some passes in training, each of them an iteration towards the singular values."""
    picture = tf.zeros((1, *network.input_shape[1:]))
    step = tf.function(lambda: network(picture, training=True))
    for _ in range(times):
        step()
    return network


def test_it_has_as_many_trained_weights_as_published():
    network = unet_sn.build((64, 64, 3))
    assert sum(np.prod(each.shape) for each in network.trainable_variables) == 4_376_897
    assert len(spectral(network)) == 8
    assert all(layer.layer.bias is None for layer in spectral(network))


@pytest.mark.parametrize("sides", [(64, 64), (72, 72), (75, 75), (50, 33), (8, 8), (9, 15)])
def test_every_pixel_of_any_size_is_judged(sides):
    network = unet_sn.build((*sides, 3), filters=2)
    answer = network(np.zeros((1, *sides, 3), "float32"), training=True)
    assert answer.shape == (1, *sides, 1)
    assert network.output_shape == (None, *sides, 1)


def test_it_can_be_built_for_sizes_that_8_divides():
    assert unet_sn.build((None, None, 3), filters=2)(np.zeros((2, 40, 24, 3))).shape == (2, 40, 24, 1)


@pytest.mark.parametrize("sides", [(7, 5), (2, 2), (1, 3)])
def test_doubling_is_bilinear(sides):
    features = np.random.default_rng(0).normal(size=(2, *sides, 3)).astype("float32")
    picture = keras.Input(features.shape[1:])
    doubled = keras.Model(picture, unet_sn._doubled(picture))(features)
    expected = tf.image.resize(features, (2 * sides[0], 2 * sides[1]))
    np.testing.assert_allclose(doubled, expected, atol=1e-6)


def test_normalised_kernels_get_a_largest_singular_value_of_1():
    network = passed_through(unet_sn.build((16, 16, 3), filters=4))
    rng = np.random.default_rng(0)
    for layer in spectral(network):
        kernel = layer.layer.kernel.numpy()
        features = rng.normal(size=(1, 9, 9, kernel.shape[2])).astype("float32")
        # What is convolved with kernel / singular value, which is a kernel with the singular value 1.
        expected = layer.layer(features) / largest(kernel)
        np.testing.assert_allclose(layer(features), expected, rtol=0.02, atol=1e-4)
        assert abs(largest(kernel) - 1) > 0.01  # else it would show nothing


def test_it_is_recomputed_in_numpy(convolved):
    network = passed_through(unet_sn.build((11, 10, 3), filters=2))
    kernels = iter([v.numpy() for v in network.trainable_variables])
    rng = np.random.default_rng(1)
    pictures = rng.uniform(-1, 1, (2, 11, 10, 3)).astype("float32")

    def convolution(x, strides=1, spectral=True):
        kernel = next(kernels)
        bias = 0.0 if spectral else next(kernels)
        kernel = kernel / largest(kernel) if spectral else kernel
        extra = [(size % 2) * (strides - 1) for size in x.shape[1:3]]  # an odd side is halved upwards
        x = np.pad(x, ((0, 0), (1, 1 + extra[0]), (1, 1 + extra[1]), (0, 0)))
        return convolved(x, kernel, bias, strides)

    def activated(x):
        return np.where(x > 0, x, 0.2 * x)

    def doubled(x, like):
        x = np.asarray(tf.image.resize(x, (2 * x.shape[1], 2 * x.shape[2])))
        return x[:, : like.shape[1], : like.shape[2]]

    maps = [activated(convolution(pictures, spectral=False))]
    for _ in range(3):
        maps.append(activated(convolution(maps[-1], strides=2)))
    x = maps.pop()
    for skip in reversed(maps):
        x = activated(convolution(doubled(x, skip))) + skip
    for _ in range(2):
        x = activated(convolution(x))
    np.testing.assert_allclose(network(pictures), convolution(x, spectral=False), rtol=0.03, atol=5e-3)
    assert next(kernels, None) is None


def test_only_training_moves_the_vectors_and_nothing_but_an_optimizer_the_kernels():
    network = unet_sn.build((16, 16, 3), filters=2)
    trained, vectors = network.trainable_variables, network.non_trainable_variables
    before = [[v.numpy() for v in variables] for variables in (trained, vectors)]
    network(np.zeros((1, 16, 16, 3)))
    assert all((v.numpy() == old).all() for v, old in zip(vectors, before[1], strict=True))
    network(np.zeros((1, 16, 16, 3)), training=True)
    assert all((v.numpy() != old).any() for v, old in zip(vectors, before[1], strict=True))
    assert all((v.numpy() == old).all() for v, old in zip(trained, before[0], strict=True))


def test_gradient_penalties_teach_every_kernel():
    network = unet_sn.build((16, 16, 3), filters=2)
    picture = tf.constant(np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 3)).astype("float32"))

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            cost = tf.square(pixel_slope(network, picture, picture, training=True) - 1)
        return tape.gradient(cost, [v.value for v in network.trainable_variables if v.name == "kernel"])

    assert all(gradient is not None and float(tf.norm(gradient)) > 0 for gradient in gradients())


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("side", [16, 19])
def test_half_precision_with_a_batch_of_one(policy, side):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        network = unet_sn.build((side, side, 3), filters=4)
    finally:
        keras.config.set_dtype_policy(before)
    picture = tf.constant(np.random.default_rng(0).uniform(-1, 1, (1, side, side, 3)).astype("float32"))

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            cost = tf.reduce_mean(tf.cast(network(picture, training=True), "float32"))
        return tape.gradient(cost, [v.value for v in network.trainable_variables])

    assert all(np.isfinite(gradient).all() for gradient in gradients())
    exact = unet_sn.build((side, side, 3), filters=4)
    exact.set_weights(network.get_weights())
    np.testing.assert_allclose(np.asarray(network(picture), "float32"), exact(picture), atol=0.02)


def test_it_is_the_same_after_it_was_saved(tmp_path):
    network = passed_through(unet_sn.build((12, 13, 3), filters=2), times=3)
    network.save(tmp_path / "x.keras")
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, 12, 13, 3)).astype("float32")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "x.keras")(pictures), network(pictures))


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="there are 0 filters; 1 or more are needed"):
        unet_sn.build((16, 16, 3), filters=0)
