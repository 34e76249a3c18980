"""The generator is the published network."""

import keras
import numpy as np
import pytest
from stylezoo_fast_style import fast_style

ANY = (None, None, 3)


def test_it_has_as_many_weights_as_published():
    network = fast_style.build(ANY)
    assert network.count_params() == 1_679_235
    assert all(variable.trainable for variable in network.variables)


@pytest.mark.parametrize("sides", [(16, 16), (64, 48), (20, 36)])
def test_a_picture_keeps_its_size_and_range(sides):
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, *sides, 3)).astype("float32")
    answer = fast_style.build(ANY, filters=4, blocks=2)(pictures).numpy()
    assert answer.shape == pictures.shape
    assert np.abs(answer).max() <= 1


@pytest.mark.parametrize(("blocks", "skips"), [(1, False), (3, False), (1, True)])
def test_it_is_recomputed_in_numpy(convolved, blocks, skips):
    network = fast_style.build(ANY, filters=2, blocks=blocks, skips=skips)
    rng = np.random.default_rng(1)
    network.set_weights([rng.normal(0.1, 0.3, weight.shape) for weight in network.get_weights()])
    weights = iter(network.get_weights())  # in the order of the layers: kernel and bias, then scale and shift

    def convolution(x, strides=1):
        kernel, bias = next(weights), next(weights)
        sides = (len(kernel) // 2,) * 2
        return convolved(np.pad(x, ((0, 0), sides, sides, (0, 0)), "reflect"), kernel, bias, strides)

    def normalised(x, strides=1):
        x = convolution(x, strides)
        x = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5)
        return x * next(weights) + next(weights)

    def beside(detail, x):
        return np.concatenate([detail, x], axis=-1) if skips else x

    pictures = rng.uniform(-1, 1, (2, 16, 12, 3))
    maps = [pictures]
    for strides in (1, 2, 2):
        maps.append(np.maximum(normalised(maps[-1], strides), 0))
    x = maps.pop()
    for _ in range(blocks):
        x = x + normalised(np.maximum(normalised(x), 0))
    for _ in range(2):
        x = beside(maps.pop(), np.maximum(normalised(x.repeat(2, 1).repeat(2, 2)), 0))
    expected = np.tanh(convolution(beside(pictures, x)))
    np.testing.assert_allclose(network(pictures.astype("float32")), expected, atol=1e-4)
    assert next(weights, None) is None


def test_kernels_begin_as_those_of_pytorch():
    """Uniform up to 1 / sqrt(inputs), so that the tanh is not saturated."""
    network = fast_style.build(ANY)
    for kernel in [v.numpy() for v in network.trainable_variables if v.name == "kernel"]:
        bound = 1 / np.sqrt(np.prod(kernel.shape[:3]))
        assert 0.95 * bound < np.abs(kernel).max() <= bound


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_answers_in_float32(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        network = fast_style.build(ANY, filters=4, blocks=1)
    finally:
        keras.config.set_dtype_policy(before)
    answer = network(np.ones((1, 16, 16, 3), "float32"))
    assert keras.backend.standardize_dtype(answer.dtype) == "float32"
    assert np.isfinite(answer).all()


def test_it_has_taps_for_losses_that_look_inside():
    names = [each.name for each in fast_style.build(ANY, filters=2).layers if each.name.startswith("feature_")]
    assert names == ["feature_0", "feature_1", "feature_2", "feature_3"]


@pytest.mark.parametrize("options", [{"filters": 0}, {"blocks": 0}])
def test_what_cannot_be_is_refused(options):
    with pytest.raises(ValueError, match="1 or more of each are needed"):
        fast_style.build(ANY, **options)
