"""Generators equal their published references; ours do what they say."""

import keras
import numpy as np
import pytest
import reference_weights
import tensorflow as tf
from stylezoo_builtins.generators import brush, gated, resnet, unet

from stylezoo.contract import features
from stylezoo.layers import BlurDownsampling2D, BlurUpsampling2D

ANY = (None, None, 3)


@pytest.fixture(autouse=True)
def seeded():
    """Weights are drawn anew in each test, the same each time."""
    keras.utils.set_random_seed(0)


def pictures(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


def test_resnet_equals_the_pytorch_reference():
    reference = reference_weights.read("resnet_generator")
    network = resnet.build(ANY, filters=8, blocks=2)
    reference_weights.copy(reference_weights.under("weights/", reference), network)
    np.testing.assert_allclose(network(reference["input"]), reference["output"], atol=1e-4)


def test_unet_equals_the_pytorch_reference():
    reference = reference_weights.read("unet_generator")
    network = unet.build(ANY, filters=8, downs=6)
    reference_weights.copy(reference_weights.under("weights/", reference), network)
    np.testing.assert_allclose(network(reference["input"]), reference["output"], atol=1e-6)


def test_unet_in_training_equals_the_pytorch_reference():
    """The cost of the first picture that pix2pix draws, its batch norms in training mode."""
    reference = reference_weights.read("pix2pix_3_steps")
    network = unet.build(ANY, filters=8, downs=6, dropout=0.0)
    reference_weights.copy(reference_weights.under("before/generator/", reference), network)
    fake = network(reference["source"][0], training=True)
    cost = 100 * np.abs(fake - reference["target"][0]).mean()
    assert cost == pytest.approx(reference["losses"][0, list(reference["loss_names"]).index("l1")], rel=1e-5)


@pytest.mark.parametrize(
    ("network", "weights"),
    [
        (lambda: resnet.build(ANY), 11_378_179),
        (lambda: resnet.build(ANY, blocks=6), 7_837_699),
        (lambda: resnet.build(ANY, blocks=4), 5_477_379),
        (lambda: resnet.build(ANY, antialias=True, init="xavier"), 11_378_179),
        (lambda: unet.build(ANY), 54_413_955),
        (lambda: unet.build(ANY, downs=7), 41_828_995),
        (lambda: unet.build(ANY, norm="instance"), 54_409_603),
        (lambda: unet.build(ANY, downs=7, norm="instance"), 41_825_667),
    ],
)
def test_generators_have_as_many_trained_weights_as_published(network, weights):
    assert sum(v.value.shape.num_elements() for v in network().trainable_variables) == weights


SMALL = {
    "resnet": lambda: resnet.build(ANY, filters=4, blocks=1),
    "resnet-resize": lambda: resnet.build(ANY, filters=4, blocks=1, resize=True),
    "resnet-antialias": lambda: resnet.build(ANY, filters=4, blocks=1, antialias=True, init="xavier"),
    "unet-batch": lambda: unet.build(ANY, filters=4, downs=3),
    "unet-instance": lambda: unet.build(ANY, filters=4, downs=3, norm="instance", init="kaiming"),
    "unet-resize": lambda: unet.build(ANY, filters=4, downs=3, norm="instance", resize=True),
}
every = pytest.mark.parametrize("build", SMALL.values(), ids=SMALL)


@every
def test_pictures_have_the_source_size_and_are_within_range(build):
    source = pictures(2, 24, 40, 3)
    fake = np.asarray(build()(source * 50))
    assert fake.shape == source.shape
    assert np.abs(fake).max() <= 1


@every
def test_every_kernel_learns(build):
    network, source = build(), tf.constant(pictures(2, 32, 32, 3))
    with tf.GradientTape() as tape:
        cost = tf.reduce_mean(tf.abs(network(source, training=True) - source[::-1]))
    kernels = [v for v in network.trainable_variables if "kernel" in v.name]
    gradients = tape.gradient(cost, [kernel.value for kernel in kernels])
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)


@every
def test_generators_come_back_from_a_keras_file(build, tmp_path):
    network, source = build(), pictures(1, 24, 40, 3)
    network.save(tmp_path / "generator.keras")
    again = keras.models.load_model(tmp_path / "generator.keras")
    for mine, other in zip(again.weights, network.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    np.testing.assert_allclose(again(source), network(source), atol=1e-6)  # two runs on a GPU can differ


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@every
def test_half_precision_draws_nearly_the_same(build, precision):
    source, exact = pictures(1, 32, 32, 3), build()
    keras.config.set_dtype_policy(precision)
    try:
        half = build()
    finally:
        keras.config.set_dtype_policy("float32")
    half.set_weights(exact.get_weights())
    fake = half(source)
    assert fake.dtype == "float32"
    assert np.abs(fake - exact(source)).mean() < 0.02


RESIZED = {
    "resnet": lambda: resnet.build(ANY, filters=4, blocks=1, resize=True, norm="none"),
    "unet": lambda: unet.build(ANY, filters=4, downs=3, norm="none", resize=True),
}


@pytest.mark.parametrize("build", RESIZED.values(), ids=RESIZED)
def test_resized_generators_leave_no_grid_and_no_stripes_along_borders(build):
    network = build()
    assert "Conv2DTranspose" not in {type(layer).__name__ for layer in network.layers}
    drawn = np.asarray(network(np.full((1, 32, 40, 3), 0.7, "float32")))
    np.testing.assert_allclose(drawn, np.broadcast_to(drawn[:, :1, :1], drawn.shape), atol=1e-5)


def test_resized_gated_generator_interpolates_and_pads_by_reflection():
    layers = gated.build(ANY, styles=1, filters=4, blocks=1, resize=True, skips=True).layers
    assert not {"Conv2DTranspose", "ZeroPadding2D"} & {type(layer).__name__ for layer in layers}
    assert {layer.interpolation for layer in layers if hasattr(layer, "interpolation")} == {"bilinear"}


def test_antialiased_resnet_blurs_where_it_halves_and_doubles():
    layers = resnet.build(ANY, filters=4, blocks=1, antialias=True).layers
    kinds = [type(layer) for layer in layers]
    assert (kinds.count(BlurDownsampling2D), kinds.count(BlurUpsampling2D)) == (2, 2)
    convolutions = [layer for layer in layers if isinstance(layer, keras.layers.Conv2D)]
    assert {layer.strides for layer in convolutions} == {(1, 1)}
    assert keras.layers.Conv2DTranspose not in kinds


@pytest.mark.parametrize("antialias", [False, True])
def test_resnet_shows_what_patchnce_compares(antialias):
    network = resnet.build(ANY, filters=4, blocks=6, antialias=antialias)
    source = pictures(1, 32, 32, 3)
    seen = features(network, tf.constant(source))
    sides = [38, 32, 16, 8, 8] if antialias else [38, 16, 8, 8, 8]
    assert [each.shape for each in seen] == [
        (1, side, side, channels) for side, channels in zip(sides, (3, 8, 16, 16, 16), strict=True)
    ]
    np.testing.assert_array_equal(seen[0], np.pad(source, ((0, 0), (3, 3), (3, 3), (0, 0)), mode="reflect"))
    blocks = [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]
    assert [blocks.index(network.get_layer(name)) for name in ("feature_3", "feature_4")] == [0, 4]


@pytest.mark.parametrize(("blocks", "last"), [(3, 2), (9, 4)])
def test_the_last_tap_is_the_fifth_residual_block_or_the_last(blocks, last):
    network = resnet.build(ANY, filters=2, blocks=blocks)
    found = [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]
    assert found.index(network.get_layer("feature_4")) == last


def test_unet_drops_answers_of_the_inner_doublings_in_training_only():
    network = unet.build(ANY, filters=2, downs=8)
    dropped = [layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    assert [(layer.rate, layer.output.shape[-1]) for layer in dropped] == [(0.5, 16)] * 3
    network, source = unet.build(ANY, filters=4, downs=6, norm="instance"), pictures(1, 64, 64, 3)
    np.testing.assert_array_equal(network(source), network(source))
    assert (np.asarray(network(source, training=True)) != np.asarray(network(source, training=True))).any()


def test_unet_shows_its_halving_convolutions():
    network = unet.build(ANY, filters=2, downs=5)
    shapes = [each.shape[1:] for each in features(network, tf.constant(pictures(1, 64, 32, 3)))]
    assert shapes == [(32, 16, 2), (16, 8, 4), (8, 4, 8), (4, 2, 16), (2, 1, 16)]


@pytest.mark.parametrize(
    ("build", "options", "problem"),
    [
        (resnet.build, {"resize": True, "antialias": True}, "take one of them"),
        (resnet.build, {"blocks": 0}, "blocks must be 1 or more"),
        (resnet.build, {"init": "he"}, "init must be"),
        (unet.build, {"downs": 0}, "downs must be 1 or more"),
        (unet.build, {"dropout": 1.0}, "dropout must be from 0 to less than 1"),
        (unet.build, {"norm": "layer"}, "norm must be"),
    ],
)
def test_options_out_of_range_are_refused(build, options, problem):
    with pytest.raises(ValueError, match=problem):
        build(ANY, **options)


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


def test_hues_are_red_and_blue_less_luminance_blurred():
    flat = np.full((1, 16, 16, 3), [0.5, -0.2, 0.1], "float32")
    light = flat[0, 0, 0] @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(brush.Hue(2.0)(flat)[0, 5, 5], 2 * (np.array([0.5, 0.1]) - light), atol=1e-6)
    red = flat.copy()
    red[:, 8, 8] = [1, -0.2 - 0.5 * 0.299 / 0.587, 0.1]  # of the same luminance
    spot = np.asarray(brush.Hue(1.0)(red))[0, :, :, 0] - (0.5 - light)
    assert spot.sum() == pytest.approx(0.5, rel=1e-3)  # spread, not lost
    assert spot[8, 8] == spot.max() < 0.05


def test_brush_with_hue_tells_colours_of_one_luminance_apart():
    red, green = (np.zeros((1, 16, 16, 3), "float32") for _ in range(2))
    red[..., 0], green[..., 1] = 0.587, 0.299
    noise = normal(1, 16, 16, 1)
    for hue, alike in ((0.0, True), (1.0, False)):
        network = brush.build(ANY, filters=8, blocks=1, hue=hue)
        fakes = [np.asarray(network([picture, noise])) for picture in (red, green)]
        assert np.allclose(*fakes, atol=1e-5) is alike


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
