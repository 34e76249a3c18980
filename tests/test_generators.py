"""Generators equal their published references; ours do what they say."""

import keras
import numpy as np
import pytest
import reference_weights
from stylezoo_builtins.generators import brush, resnet

ANY = (None, None, 3)


@pytest.fixture(autouse=True)
def seeded():
    """Weights are drawn anew in each test, the same each time."""
    keras.utils.set_random_seed(0)


def test_resnet_equals_the_pytorch_reference():
    reference = reference_weights.read("resnet_generator")
    network = resnet.build(ANY, filters=8, blocks=2)
    reference_weights.copy({k: v for k, v in reference.items() if k.startswith("weights/")}, network)
    np.testing.assert_allclose(network(reference["input"]), reference["output"], atol=1e-4)


@pytest.mark.parametrize(("blocks", "weights"), [(9, 11_378_179), (6, 7_837_699)])
def test_resnet_has_as_many_weights_as_published(blocks, weights):
    assert resnet.build(ANY, blocks=blocks).count_params() == weights


@pytest.mark.parametrize("resize", [False, True])
def test_resnet_answers_with_pictures_of_the_source_size_within_range(resize):
    source = np.random.default_rng(0).uniform(-1, 1, (2, 24, 40, 3)).astype("float32")
    fake = np.asarray(resnet.build(ANY, filters=4, blocks=1, resize=resize)(source * 50))
    assert fake.shape == source.shape
    assert np.abs(fake).max() <= 1


def test_resized_resnet_has_no_transposed_convolution():
    kinds = {type(layer).__name__ for layer in resnet.build(ANY, filters=4, blocks=1, resize=True).layers}
    assert "Conv2DTranspose" not in kinds


@pytest.fixture(scope="module")
def grain():
    return brush.Grain(0.35, width=1.7, length=12, flow=144.0)


def normal(*shape):
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def smoothness(grain, axis):
    """How alike neighbours along an axis are: their correlation."""
    one, other = (np.take(grain, range(start, grain.shape[axis] - 1 + start), axis) for start in (0, 1))
    return np.corrcoef(one.ravel(), other.ravel())[0, 1]


def test_brush_sees_luminance_only(grain):
    red = np.zeros((1, 16, 16, 3), "float32")
    red[..., 0] = 1
    np.testing.assert_allclose(grain([red, np.zeros((1, 16, 16, 1), "float32")]), 0.299, atol=1e-6)


def test_grain_has_the_stated_deviation_in_flat_areas_and_less_where_there_is_detail(grain):
    flat = np.zeros((1, 64, 64, 3), "float32")
    busy = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 1)).astype("float32").repeat(3, 3)
    noise = normal(1, 64, 64, 1)
    on_flat, on_busy = (
        np.asarray(grain([x, noise])) - x @ np.float32([[0.299], [0.587], [0.114]]) for x in (flat, busy)
    )
    assert on_flat.std() == pytest.approx(0.35, rel=1e-3)
    assert on_busy.std() < 0.1


@pytest.mark.parametrize("axis", [1, 2])
def test_grain_runs_along_contours(grain, axis):
    """Stripes along an axis draw the grain out along it."""
    upright = np.tile(0.4 * np.sin(np.arange(64) / 4), (1, 3, 64, 1)).transpose(0, 2, 3, 1).astype("float32")
    picture = upright if axis == 1 else upright.transpose(0, 2, 1, 3)
    lines = np.asarray(grain([picture, normal(1, 64, 64, 1)])) - picture[..., :1]
    # Between neighbours along the stripes half as much is unlike as between those across them, or less.
    assert 1 - smoothness(lines, axis) < (1 - smoothness(lines, 3 - axis)) / 2


def test_brush_makes_one_picture_of_one_noise_and_none_of_its_own():
    network = brush.build(ANY, filters=8, blocks=1)  # normalised over two channels, rounding would become a sign
    x, noise = normal(2, 20, 24, 3), normal(2, 20, 24, 1)
    fake = np.asarray(network([x, noise], training=True))
    assert fake.shape == x.shape
    np.testing.assert_array_equal(network([x, noise], training=True), fake)
    assert (np.asarray(network([x, -noise[::-1]])) != fake).any()
    np.testing.assert_allclose(network([x[1:], noise[1:]]), fake[1:], atol=1e-5)  # pictures of a batch are apart
