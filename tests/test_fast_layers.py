"""What is computed in a faster way equals what Keras or numpy computes, with its gradients of both orders."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from stylezoo import backend, devices, scene
from stylezoo.drawing.tiles import Tiling
from stylezoo.layers import Conv2D
from stylezoo.scene import Scene
from stylezoo.updates.adam import Adam

rng = np.random.default_rng(0)


def gradients(function, *inputs):
    """The gradients of a weighted sum, and of their own squares: two orders."""
    inputs = list(map(tf.convert_to_tensor, inputs))
    with tf.GradientTape() as outer:
        outer.watch(inputs)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            output = tf.cast(function(*inputs), "float32")
            total = tf.reduce_sum(output * tf.reshape(tf.sin(tf.range(tf.size(output), dtype="float32")), output.shape))
        first = tape.gradient(total, inputs)
        squares = sum(tf.reduce_sum(tf.square(tf.cast(each, "float32"))) for each in first)
    return [*first, *outer.gradient(squares, inputs, unconnected_gradients="zero")]


@pytest.mark.parametrize(("filters", "size"), [(3, 7), (1, 4), (2, 3), (6, 3)])
@pytest.mark.parametrize("traced", [False, True])
def test_a_convolution_to_few_channels_is_that_of_keras_with_its_gradients(filters, size, traced):
    picture = rng.normal(size=(2, 9, 11, 8)).astype("float32")
    own, plain = Conv2D(filters, size), keras.layers.Conv2D(filters, size)
    for layer in (own, plain):
        layer.build(picture.shape)
    plain.set_weights(own.get_weights())
    np.testing.assert_allclose(own(picture), plain(picture), atol=1e-5)

    def convolved(layer):
        return lambda pictures, kernel: layer.convolution_op(pictures, kernel)

    given = (picture, own.get_weights()[0])
    mine, expected = (
        (backend.graph(gradients) if traced else gradients)(convolved(each), *given) for each in (own, plain)
    )
    for a, b in zip(mine, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5 * np.abs(b).max())


@pytest.mark.parametrize("options", [{"strides": 2}, {"padding": "same"}, {"dilation_rate": 2}, {"groups": 2}])
def test_another_convolution_to_few_channels_is_that_of_keras(options):
    picture = rng.normal(size=(1, 9, 11, 8)).astype("float32")
    own, plain = Conv2D(2, 3, **options), keras.layers.Conv2D(2, 3, **options)
    for layer in (own, plain):
        layer.build(picture.shape)
    plain.set_weights(own.get_weights())
    np.testing.assert_array_equal(own(picture), plain(picture))


def plainly_standardized(pictures):
    mean, variance = tf.nn.moments(pictures, (1, 2), keepdims=True)
    return (pictures - mean) / tf.sqrt(variance + 1e-5)


@pytest.mark.parametrize("count", [1, 3, scene.MOST_PARTS + 1])
def test_each_picture_is_standardized_by_itself_with_its_gradients(count):
    pictures = rng.normal(3, 2, (count, 6, 5, 4)).astype("float32")
    np.testing.assert_allclose(scene.standardized(pictures), plainly_standardized(pictures), atol=1e-5)
    for a, b in zip(gradients(scene.standardized, pictures), gradients(plainly_standardized, pictures), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-4 * max(1, np.abs(b).max()))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_statistics_are_single_precision_where_pictures_are_not(dtype):
    big = tf.cast(np.linspace(-3e4, 3e4, 64).reshape(1, 8, 8, 1), dtype)  # their squares exceed float16
    answer = scene.standardized(big)
    assert answer.dtype == dtype
    expected = plainly_standardized(tf.cast(big, "float32"))
    np.testing.assert_allclose(tf.cast(answer, "float32"), expected, atol=1e-2)


def test_a_part_is_standardized_by_the_moments_of_the_whole():
    picture = rng.normal(3, 2, (1, 8, 6, 4)).astype("float32")
    with Scene() as whole:
        drawn = scene.standardized(picture)
    with Scene(found=whole.found):
        part = scene.standardized(picture[:, 2:5, 1:])
    np.testing.assert_array_equal(part, drawn[:, 2:5, 1:])
    np.testing.assert_allclose(drawn, plainly_standardized(picture), atol=1e-5)


def test_adam_in_one_kernel_is_that_of_keras():
    begin, slopes = rng.normal(size=(5, 4)).astype("float32"), rng.normal(size=(4, 5, 4)).astype("float32")
    numbers = {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-8}
    mine, expected = keras.Variable(begin), keras.Variable(begin)
    own, plain = Adam(0.1, **numbers), keras.optimizers.Adam(0.1, **numbers)
    for slope in slopes:
        own.apply([tf.constant(slope)], [mine])
        plain.apply([tf.constant(slope)], [expected])
    np.testing.assert_allclose(mine, expected, rtol=1e-5)


def test_rows_of_a_variable_are_written_in_place():
    """A copy of the others would be an image pool's greatest cost."""
    variable = keras.Variable(np.zeros((4, 2), "float32"))
    step = backend.graph(lambda: devices.write_rows(variable, tf.constant([2, 0]), tf.ones((2, 2))))
    step()
    np.testing.assert_array_equal(variable, [[1, 1], [0, 0], [1, 1], [0, 0]])
    types = {operation.type for operation in step.get_concrete_function().graph.get_operations()}
    assert "ResourceScatterUpdate" in types
    assert not types & {"ReadVariableOp", "AssignVariableOp"}


@pytest.mark.parametrize(("length", "tile", "step"), [(768, 416, 4), (1000, 256, 4), (1001, 300, 1), (530, 256, 256)])
def test_the_last_tile_ends_where_the_picture_does(length, tile, step):
    tiling = Tiling.of((length, length), tile, step)
    side, padded = tiling.sides[0], -(-length // step) * step
    assert tiling.tops[-1] + side == padded
    assert side % step == 0
    ends = [0, *(top + side for top in tiling.tops)]
    assert all(top <= end - tiling.overlap or top == 0 for top, end in zip(tiling.tops, ends, strict=False))
