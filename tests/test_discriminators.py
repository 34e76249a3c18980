"""Discriminators equal their published references."""

import keras
import numpy as np
import pytest
import reference_weights
import tensorflow as tf
from stylezoo_builtins.discriminators import dense, multiscale, patch, pixel, texture
from stylezoo_builtins.generators import unet

from stylezoo.contract import features
from stylezoo.layers import BlurDownsampling2D, InstanceNormalization, SpectralNormalization

LARGE = (256, 256, 3)


@pytest.fixture(autouse=True)
def seeded():
    """Weights are drawn anew in each test, the same each time."""
    keras.utils.set_random_seed(0)


def pictures(*shape):
    return tf.constant(np.random.default_rng(0).uniform(-1, 1, shape).astype("float32"))


def test_patch_equals_the_pytorch_reference():
    reference = reference_weights.read("patch_discriminator")
    network = patch.build((64, 64, 3), filters=8)
    reference_weights.copy(reference_weights.under("weights/", reference), network)
    np.testing.assert_allclose(network(reference["input"]), reference["output"], atol=1e-4)


def test_conditional_patch_in_training_equals_the_pytorch_reference():
    """What pix2pix's discriminator pays in its first step; it is shown the source first, then the picture."""
    reference = reference_weights.read("pix2pix_3_steps")
    judge = patch.build((64, 64, 3), filters=8, conditional=True, norm="batch")
    reference_weights.copy(reference_weights.under("before/discriminator/", reference), judge)
    generator = unet.build((None, None, 3), filters=8, downs=6, dropout=0.0)
    reference_weights.copy(reference_weights.under("before/generator/", reference), generator)
    source, target = (tf.constant(reference[name][0]) for name in ("source", "target"))
    fake = generator(source, training=True)

    def cost(*order):
        real, false = (np.asarray(judge([pair[i] for i in order], training=True)) for pair in pairs)
        return (np.logaddexp(0, -real).mean() + np.logaddexp(0, false).mean()) / 2

    pairs = [(source, target), (source, fake)]
    expected = reference["losses"][0, list(reference["loss_names"]).index("discriminator")]
    assert [each.name for each in judge.inputs] == ["source", "picture"]
    assert cost(0, 1) == pytest.approx(expected, rel=1e-5)
    assert cost(1, 0) != pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("network", "weights"),
    [
        (lambda: patch.build(LARGE, conditional=True, norm="batch"), 2_768_705),
        (lambda: patch.build(LARGE, antialias=True, init="xavier"), 2_764_737),
        (lambda: pixel.build(LARGE), 8_705),
        (lambda: multiscale.build(LARGE), 8_271_171),
        (lambda: multiscale.build(LARGE, norm="instance", head=3), 8_283_459),
    ],
)
def test_discriminators_have_as_many_trained_weights_as_published(network, weights):
    assert sum(v.value.shape.num_elements() for v in network().trainable_variables) == weights


@pytest.mark.parametrize(
    ("layers", "weights", "side"),
    [(1, 136_385, 126), (2, 662_977, 62), (3, 2_764_737, 30), (4, 6_959_553, 14), (5, 11_154_369, 6)],
)
def test_patch_has_the_published_weights_and_logits(layers, weights, side):
    network = patch.build((256, 256, 3), layers=layers)
    assert network.count_params() == weights
    assert network.output_shape == (None, side, side, 1)


SIDES = (64, 64, 3)
SMALL = {
    "patch": lambda: patch.build(SIDES, filters=4, layers=2),
    "patch-batch": lambda: patch.build(SIDES, filters=4, layers=2, norm="batch"),
    "patch-antialias": lambda: patch.build(SIDES, filters=4, layers=2, antialias=True, norm="none", init="kaiming"),
    "patch-spectral": lambda: patch.build(SIDES, filters=4, layers=2, antialias=True, spectral=True),
    "pixel": lambda: pixel.build(SIDES, filters=4),
    "multiscale": lambda: multiscale.build(SIDES, filters=4),
    "multiscale-instance": lambda: multiscale.build(SIDES, filters=4, scales=2, norm="instance", head=3),
}
every = pytest.mark.parametrize("build", SMALL.values(), ids=SMALL)


def flat(logits):
    return keras.ops.concatenate([keras.ops.reshape(each, (-1,)) for each in keras.tree.flatten(logits)])


@every
def test_every_kernel_learns(build):
    network, picture = build(), pictures(2, *SIDES)
    with tf.GradientTape() as tape:
        cost = tf.reduce_mean(flat(network(picture, training=True)) ** 2)
    kernels = [v for v in network.trainable_variables if "kernel" in v.name]
    gradients = tape.gradient(cost, [kernel.value for kernel in kernels])
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)


@every
def test_the_gradient_of_the_gradient_is_there(build):
    """R1 and its like learn from it."""
    network, picture = build(), pictures(1, *SIDES)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(picture)
            total = tf.reduce_sum(flat(network(picture, training=True)))
        penalty = tf.reduce_sum(inner.gradient(total, picture) ** 2)
    first = next(v for v in network.trainable_variables if "kernel" in v.name)
    assert np.abs(outer.gradient(penalty, first.value)).max() > 0


@every
def test_discriminators_come_back_from_a_keras_file(build, tmp_path):
    network, picture = build(), pictures(1, *SIDES)
    network.save(tmp_path / "discriminator.keras")
    again = keras.models.load_model(tmp_path / "discriminator.keras")
    np.testing.assert_array_equal(flat(again(picture)), flat(network(picture)))


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@every
def test_half_precision_judges_nearly_the_same(build, precision):
    picture, exact = pictures(1, *SIDES), build()
    keras.config.set_dtype_policy(precision)
    try:
        half = build()
    finally:
        keras.config.set_dtype_policy("float32")
    half.set_weights(exact.get_weights())
    expected = np.asarray(flat(exact(picture)))
    judged = np.asarray(keras.ops.cast(flat(half(picture)), "float32"))
    assert np.abs(judged - expected).mean() < 0.05 * np.abs(expected).mean()


def test_patch_under_batch_norm_has_a_bias_only_where_nothing_normalises():
    layers = patch.build(SIDES, filters=2, norm="batch").layers
    biases = [layer.use_bias for layer in layers if isinstance(layer, keras.layers.Conv2D)]
    assert biases == [True, False, False, False, True]


def test_antialiased_patch_blurs_where_it_halves():
    network = patch.build(LARGE, filters=2, antialias=True)
    kinds = [type(layer) for layer in network.layers]
    assert kinds.count(BlurDownsampling2D) == 3
    assert {each.strides for each in network.layers if isinstance(each, keras.layers.Conv2D)} == {(1, 1)}
    assert network.output_shape == (None, 30, 30, 1)


def test_patch_shows_its_activations():
    network = patch.build(SIDES, filters=2)
    assert [each.shape[1:] for each in features(network, pictures(1, *SIDES))] == [
        (32, 32, 2),
        (16, 16, 4),
        (8, 8, 8),
        (7, 7, 16),
    ]


def test_spectral_norm_is_not_mixed_with_batch_norm():
    with pytest.raises(ValueError, match="spectral takes the place of the norm"):
        patch.build(SIDES, spectral=True, norm="batch")


def test_pixel_judges_each_pixel_on_its_own():
    network = pixel.build(SIDES, filters=4, norm="none")
    picture = pictures(1, *SIDES).numpy()
    base = np.asarray(network(picture))
    picture[0, 20, 30] *= -1
    assert base.shape == (1, 64, 64, 1)
    assert np.argwhere(np.asarray(network(picture)) != base).tolist() == [[0, 20, 30, 0]]


def test_pixel_judges_a_picture_beside_its_source():
    network = pixel.build(SIDES, filters=4, conditional=True)
    one, other = pictures(2, 1, *SIDES)
    assert [each.name for each in network.inputs] == ["source", "picture"]
    assert (np.asarray(network([one, other])) != np.asarray(network([other, one]))).any()


def test_pixel_under_batch_norm_has_a_bias_in_the_first_layer_only():
    layers = pixel.build(SIDES, filters=2, norm="batch").layers
    assert [layer.use_bias for layer in layers if isinstance(layer, keras.layers.Conv2D)] == [True, False, False]


def test_multiscale_judges_in_the_published_sizes():
    assert multiscale.build(LARGE, filters=2).output_shape == [(None, side, side, 1) for side in (16, 8, 4)]
    assert multiscale.build(LARGE, filters=2, head=3).output_shape == [(None, side, side, 1) for side in (16, 8, 4)]


@pytest.mark.parametrize(("head", "norm"), [(1, "none"), (3, "instance")])
def test_a_scale_of_multiscale_is_what_is_published(head, norm):
    """Reflected borders, stride 2, the first layer never normalised, slope 0.2; computed with TensorFlow alone."""
    network = multiscale.build((32, 32, 3), filters=4, layers=3, scales=1, norm=norm, head=head)
    x = picture = pictures(2, 32, 32, 3)
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    for i, layer in enumerate(convolutions):
        last = i == len(convolutions) - 1
        if not last or head == 3:
            x = tf.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), "REFLECT")
        x = tf.nn.conv2d(x, layer.kernel.value, 1 if last else 2, "VALID") + layer.bias.value
        if norm == "instance" and i > 0 and not last:
            mean, variance = tf.nn.moments(x, (1, 2), keepdims=True)
            x = (x - mean) / tf.sqrt(variance + 1e-5)
        x = x if last else tf.nn.leaky_relu(x, 0.2)
    assert len(convolutions) == 4
    np.testing.assert_allclose(network(picture), x, atol=1e-4 * np.abs(x).max())


def test_further_scales_see_the_picture_halved():
    network = multiscale.build(SIDES, filters=2, layers=2, scales=2)
    network.set_weights([20 * weight for weight in network.get_weights()])  # logits large beside rounding
    picture = pictures(1, *SIDES).numpy()
    changed = picture.copy()
    changed[0, 11, 20:23] += [[-1], [1], [-1]]  # of mean 0 in every 3 x 3 pixels around an even row and column
    before, after = network(picture), network(changed)
    assert np.abs(after[0] - before[0]).max() > 1e-2
    np.testing.assert_allclose(after[1], before[1], atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(8, 6), (7, 5)])
def test_halves_are_averages_of_what_lies_inside(height, width):
    x = pictures(2, height, width, 3)
    expected = np.zeros((2, -(-height // 2), -(-width // 2), 3))
    for row, column in np.ndindex(expected.shape[1:3]):
        window = x[:, max(2 * row - 1, 0) : 2 * row + 2, max(2 * column - 1, 0) : 2 * column + 2]
        expected[:, row, column] = np.mean(window, axis=(1, 2))
    layer = multiscale.AverageHalving2D()
    np.testing.assert_allclose(layer(x), expected, atol=1e-6)
    assert layer.compute_output_shape((None, height, None, 3)) == (None, expected.shape[1], None, 3)


def test_multiscale_shows_the_activations_of_every_layer_of_every_scale():
    network = multiscale.build(SIDES, filters=2, layers=2, scales=3)
    names = [f"feature_{i}" for i in range(6)]
    assert [network.get_layer(name).output.shape[1:] for name in names] == [
        (side, side, channels) for side in (64, 32, 16) for side, channels in ((side // 2, 2), (side // 4, 4))
    ]
    assert len(features(network, pictures(1, *SIDES))) == 6


def test_multiscale_refuses_what_it_cannot_judge():
    with pytest.raises(ValueError, match="crops of at least 64 pixels"):
        multiscale.build((63, 64, 3), filters=2)
    with pytest.raises(ValueError, match="head must be 1 or 3, not 2"):
        multiscale.build(SIDES, head=2)
    assert multiscale.build(SIDES, filters=2).output_shape[-1] == (None, 1, 1, 1)


@pytest.mark.parametrize(("layers", "field"), [(1, 16), (2, 34), (3, 70)])
def test_a_logit_sees_a_patch_of_the_published_size(layers, field):
    network = patch.build((160, 160, 3), filters=2, layers=layers, spectral=True)  # instance norm would see it all
    picture = tf.constant(np.random.default_rng(0).uniform(-1, 1, (1, 160, 160, 3)).astype("float32"))
    middle = network.output_shape[1] // 2
    with tf.GradientTape() as tape:
        tape.watch(picture)
        logit = network(picture)[0, middle, middle, 0]
    seen = np.flatnonzero(np.abs(tape.gradient(logit, picture)).sum((0, 1, 3)))  # columns
    assert max(seen) - min(seen) + 1 == field


def test_spectral_patch_normalises_every_convolution_and_nothing_else():
    kinds = [type(layer) for layer in patch.build((32, 32, 3), filters=2, layers=2, spectral=True).layers]
    assert kinds.count(SpectralNormalization) == 4
    assert InstanceNormalization not in kinds


def test_scaled_patch_sees_the_picture_made_smaller():
    rng = np.random.default_rng(0)
    blocks = rng.uniform(-1, 1, (1, 16, 16, 3)).repeat(2, 1).repeat(2, 2).astype("float32")
    grain = rng.uniform(-0.2, 0.2, (1, 32, 16, 3)).repeat(2, 2).astype("float32")
    grain[:, :, 1::2] *= -1  # of mean 0 in each block
    network = patch.build((32, 32, 3), filters=4, layers=1, scale=2)
    np.testing.assert_allclose(network(blocks), network(blocks + grain), atol=1e-5)


@pytest.mark.parametrize(("side", "weights"), [(32, 1_704_961), (64, 6_423_553)])
def test_dense_has_one_logit_and_the_stated_weights(side, weights):
    network = dense.build((side, side, 3))
    assert network.count_params() == weights
    assert network.output_shape == (None, 1)


def test_dense_refuses_crops_that_would_need_too_many_weights():
    with pytest.raises(ValueError, match=r"256 x 256 pixels would need 101 million weights.*up to 180 pixels"):
        dense.build((256, 256, 3))


@pytest.mark.parametrize(("scale", "side"), [(1, 24), (2, 8)])
def test_texture_judges_whole_patches_of_34_pixels(scale, side):
    network = texture.build((128, 128, 3), scale=scale)
    assert network.output_shape == (None, side, side, 1)
    assert texture.build((34 * scale, 34 * scale, 3), scale=scale).output_shape == (None, 1, 1, 1)
    with pytest.raises(ValueError, match=f"at least {34 * scale} pixels"):
        texture.build((34 * scale - 1, 128, 3), scale=scale)


def test_texture_has_neither_strides_nor_padding():
    layers = texture.build((64, 64, 3)).layers
    convolutions = [layer.layer for layer in layers if isinstance(layer, SpectralNormalization)]
    assert {(c.strides, c.padding) for c in convolutions} == {((1, 1), "valid")}
    assert len(convolutions) == 5
