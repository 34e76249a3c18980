"""PatchNCE equals the authors' and its own formula, whatever is drawn."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import reference_weights
import tensorflow as tf
from keras import layers, ops
from stylezoo_builtins.generators import resnet, stylegan2_resnet
from stylezoo_builtins.losses.patch_nce import PatchNCE, contrast

from stylezoo.contract import Translation, features


def network(*channels, tap="feature_"):
    """A generator that halves once, its layers of so many channels tapped after the source itself."""
    keras.utils.set_random_seed(0)
    source = keras.Input((None, None, 3), name="source")
    x = layers.Identity(name=f"{tap}0")(source)
    for i, count in enumerate(channels, 1):
        x = layers.Conv2D(count, 4, 2 if i == 1 else 1, padding="same", activation="tanh", name=f"{tap}{i}")(x)
    x = layers.Conv2D(3, 3, padding="same", activation="tanh")(layers.UpSampling2D(2)(x))
    return keras.Model(source, x, name="toy")


@pytest.fixture
def pair():
    return tf.constant(np.random.default_rng(0).uniform(-1, 1, (2, 2, 16, 16, 3)), "float32")


def built(generator, **options):
    keras.utils.set_random_seed(1)
    loss = PatchNCE(units=8, **options)
    loss.build(generator, [], (16, 16, 3))
    for head in loss.layers:  # the published first weights are so small that rounding would show
        head.set_weights([w * 50 + 0.1 for w in head.get_weights()])
    return loss


def vectors(head, answer):
    """What a head makes of all places of a layer's answer, in numpy: (pictures, places, units)."""
    first, shift, second, end = head.get_weights()
    batch, *_, channels = answer.shape
    hidden = np.maximum(np.reshape(answer, (batch, -1, channels)) @ first + shift, 0) @ second + end
    return hidden / (np.linalg.norm(hidden, axis=-1, keepdims=True) + 1e-7)


def cross_entropy(query, key, temperature=0.07):
    similar = query @ key.transpose(0, 2, 1)
    right = np.diagonal(similar, axis1=1, axis2=2)[..., None]
    rivals = np.where(np.eye(similar.shape[-1], dtype=bool), -10, similar)
    logits = np.concatenate([right, rivals], -1) / temperature
    return np.mean(np.log(np.exp(logits).sum(-1)) - logits[..., 0])


def expected(loss, generator, source, result, flipped=False, merge=lambda x: x):
    """The loss over all places, in numpy, as FastCUT has it: queries of the mirrored result, mirrored back."""
    turn = (lambda x: np.flip(x, 2)) if flipped else (lambda x: x)
    queries = [turn(tap.numpy()) for tap in features(generator, result)]
    keys = [tap.numpy() for tap in features(generator, tf.constant(turn(source.numpy())))]
    terms = [
        cross_entropy(merge(vectors(head, q)), merge(vectors(head, k)))
        for head, q, k in zip(loss.layers, queries, keys, strict=True)
    ]
    return np.mean(terms)


@pytest.mark.parametrize(("name", "sets"), [("per_image", 2), ("whole_batch", 1)])
def test_contrast_equals_the_pytorch_reference(name, sets):
    reference = reference_weights.read("patchnce")
    query, key = (reference[each].reshape(sets, -1, 32) for each in ("query", "key"))
    value = contrast(query, key, float(reference["temperature"]))
    np.testing.assert_allclose(value, reference[name], rtol=1e-6, atol=1e-5)


def test_contrast_of_strangers_is_chance_and_of_twins_next_to_nothing():
    eye = np.eye(256, dtype="float32")[None]
    assert float(contrast(0 * eye, eye, 0.07)) == pytest.approx(np.log(256), abs=1e-4)
    assert float(contrast(eye, eye, 0.07)) == pytest.approx(1.5933e-4, rel=1e-3)


def test_contrast_teaches_the_query_alone():
    query, key = (tf.Variable(np.random.default_rng(i).normal(size=(1, 4, 3)).astype("float32")) for i in range(2))
    with tf.GradientTape() as tape:
        cost = contrast(ops.convert_to_tensor(query), ops.convert_to_tensor(key), 0.07)
    to_query, to_key = tape.gradient(cost, [query, key])
    assert np.abs(to_query).max() > 0
    assert to_key is None


@pytest.mark.parametrize(("generator", "count"), [(resnet, 560_384), (stylegan2_resnet, 280_832)])
def test_heads_have_the_published_number_of_weights(generator, count):
    """Those of CUT and of SinCUT, on the layers of their published generators."""
    loss = PatchNCE()
    loss.build(generator.build((None, None, 3)), [], (64, 64, 3))
    assert sum(head.count_params() for head in loss.layers) == count


def test_heads_begin_as_published():
    keras.utils.set_random_seed(0)
    loss = PatchNCE()
    loss.build(network(256), [], (64, 64, 3))
    kernels = [w.numpy() for w in loss.layers[1].weights if w.ndim == 2]
    assert len(kernels) == 2
    for kernel in kernels:
        assert kernel.std() == pytest.approx(0.02 * np.sqrt(2 / 512), rel=0.02)  # Xavier's with a gain of 0.02
        assert np.abs(kernel).max() > 3.5 * kernel.std()  # not truncated
    assert not np.allclose(*kernels)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_heads_compute_in_float32(precision):
    keras.config.set_dtype_policy(precision)
    try:
        loss = PatchNCE(units=8)
        loss.build(network(4), [], (16, 16, 3))
    finally:
        keras.config.set_dtype_policy("float32")
    head, answer = loss.layers[1], np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    (first, _, second, _), made = head.get_weights(), head(answer)
    np.testing.assert_allclose(made, np.maximum(answer @ first, 0) @ second, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("identity", [False, True])
def test_value_is_the_mean_over_layers_and_with_identity_over_both_pictures(pair, identity):
    generator = network(4, 5)
    loss = built(generator, identity=identity)
    source, style = pair
    values = [expected(loss, generator, picture, generator(picture)) for picture in (source, style)]
    value = loss.generator_loss(Translation(source, style, generator))
    np.testing.assert_allclose(value, np.mean(values) if identity else values[0], rtol=1e-4)


def test_whole_batch_counts_the_patches_of_all_pictures(pair):
    generator = network(4)
    loss = built(generator, whole_batch=True)
    value = loss.generator_loss(Translation(*pair, generator))
    merged = expected(loss, generator, pair[0], generator(pair[0]), merge=lambda x: x.reshape(1, -1, 8))
    np.testing.assert_allclose(value, merged, rtol=1e-4)
    assert float(value) > float(built(generator).generator_loss(Translation(*pair, generator)))


def test_flip_equals_fastcut_whether_it_mirrors_or_not(pair):
    """FastCUT mirrors what the generator redraws, and mirrors the queries back: the same, for mirrored sources."""
    generator = network(4, 5)
    loss = built(generator, flip=True)
    values = {}
    for seed in range(8):
        draw = bool(keras.random.uniform((), seed=seed) < 0.5)
        values[draw] = float(loss.generator_loss(Translation(*pair, generator, seed=seed)))
    for flipped, value in values.items():
        assert value == pytest.approx(expected(loss, generator, pair[0], generator(pair[0]), flipped), rel=1e-4)
    assert values[True] != pytest.approx(values[False], rel=1e-3)


def test_flip_rests_outside_of_training(pair):
    generator = network(4)
    straight = float(built(generator).generator_loss(Translation(*pair, generator)))
    for seed in range(4):
        translation = Translation(*pair, generator, training=False, seed=seed)
        assert float(built(generator, flip=True).generator_loss(translation)) == pytest.approx(straight, rel=1e-5)


def test_places_are_drawn_without_replacement_and_shared():
    colours = np.random.default_rng(0).normal(size=(1, 16, 16, 3))
    picture = tf.constant(colours / np.linalg.norm(colours, axis=-1, keepdims=True), "float32")
    loss = PatchNCE(patches=10, units=3)
    query, key = loss._vectors(lambda x: x, picture, picture, seed=3)
    np.testing.assert_array_equal(query, key)
    assert len(np.unique(np.round(query[0], 5), axis=0)) == 10
    other, _ = loss._vectors(lambda x: x, picture, picture, seed=4)
    assert np.abs(query - other).max() > 0.01


def test_it_teaches_the_generator_and_every_head_in_a_graph(pair):
    generator, (source, style) = network(4), pair
    loss = built(generator, patches=5, identity=True, flip=True)
    seed = keras.random.SeedGenerator(0)
    variables = [*generator.trainable_variables, *(v for head in loss.layers for v in head.trainable_variables)]

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            cost = loss.generator_loss(Translation(source, style, generator, seed=seed))
        return cost, tape.gradient(cost, [v.value for v in variables])

    cost, slopes = gradients()
    assert float(cost) != float(gradients()[0])  # other places
    for variable, slope in zip(variables, slopes, strict=True):
        assert np.isfinite(slope).all()
        assert np.abs(slope).max() > 0, variable.path


def test_a_dead_vector_has_a_finite_gradient():
    generator, picture = network(4), tf.zeros((1, 16, 16, 3))
    loss = PatchNCE(units=8)
    loss.build(generator, [], (16, 16, 3))
    weights = [v.value for v in loss.layers[0].trainable_variables]
    with tf.GradientTape() as tape:
        translation = SimpleNamespace(generator=generator, source=picture, fake=picture, training=True, seed=0)
        cost = loss.generator_loss(translation)
    assert all(np.isfinite(slope).all() for slope in tape.gradient(cost, weights))


def test_a_generator_without_taps_is_refused():
    with pytest.raises(ValueError, match="such as resnet or stylegan2-resnet; toy has none"):
        PatchNCE().build(network(4, tap="other_"), [], (16, 16, 3))


@pytest.mark.parametrize("options", [{"temperature": 0.0}, {"patches": 0}, {"units": 0}])
def test_impossible_options_are_refused(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} is 0"):
        PatchNCE(**options)
