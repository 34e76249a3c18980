"""`GAN.fit` with arrays: what it takes, and what it says about all else."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from stylezoo import backend
from stylezoo.data import fitting
from stylezoo.errors import BadData, BadOptions
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe

SIDE, COUNT = 16, 4
SMALL = {"generator": "resnet:filters=2,blocks=1", "discriminators": "patch:filters=2,layers=1", "image_size": SIDE}
STYLED = {
    "generator": "gated:filters=2,blocks=1",
    "discriminators": "gated:filters=2,layers=1",
    "losses": ("lsgan", "style-classification"),
    "data": "named-styles:names=['monet','song','ukiyo']",
    "image_size": SIDE,
}
NUMBERS = np.array([0, 2, 1, 2])
FLAT = np.zeros((2, SIDE, SIDE, 3), "float32")


@pytest.fixture(scope="module")
def gan():
    """A model of one style. What is refused leaves it as it is."""
    return GAN(Recipe(**SMALL))


@pytest.fixture(scope="module")
def styled():
    """A model of three styles."""
    return GAN(Recipe(**STYLED))


@pytest.fixture
def pair():
    return np.random.default_rng(0).uniform(-1, 1, (2, COUNT, SIDE, SIDE, 3)).astype("float32")


def test_sources_alone_are_refused(gan, pair):
    with pytest.raises(BadData, match=r"^fit got sources only; it needs sources and styles: fit\(source, style\)"):
        gan.fit(pair[0], verbose=0)
    with pytest.raises(BadData, match="fit got sources only"):
        gan.fit(backend.dataset(pair[0], batch_size=2), shuffle=False, verbose=0)


def test_batches_of_four_are_refused(gan, pair):
    with pytest.raises(BadData, match=r"A batch has more than \(source, style\)"):
        gan.fit(backend.dataset(*pair, *pair, batch_size=2), shuffle=False, verbose=0)


def test_labels_do_not_replace_styles(gan, pair):
    with pytest.raises(BadData, match="fit got sources only"):
        gan.fit(pair[0], sample_weight=NUMBERS, verbose=0)


def test_named_styles_need_labels(styled, pair):
    said = "This model has named styles; fit needs a label for each style picture, a number or one-hot"
    with pytest.raises(BadData, match=said):
        styled.fit(*pair, verbose=0)
    with pytest.raises(BadData, match=said):
        styled.fit(backend.dataset(*pair, batch_size=2), shuffle=False, verbose=0)


def test_one_style_needs_no_labels(gan, pair):
    with pytest.raises(BadData, match="fit got labels; this model has one style and learns without"):
        gan.fit(*pair, sample_weight=NUMBERS, verbose=0)


def trained(labels, pair, as_dataset=False):
    """The weights after an epoch, and its losses."""
    model = GAN(Recipe(**STYLED))
    arrays = [backend.dataset(*pair, labels, batch_size=2)] if as_dataset else pair
    given = {} if as_dataset else {"sample_weight": labels, "batch_size": 2}
    history = model.fit(*arrays, **given, shuffle=False, verbose=0).history
    return [variable.numpy() for variable in model.trainable_variables], history


@pytest.mark.long
def test_numbers_of_styles_train_as_one_hot_labels_do(pair):
    one_hot = np.eye(3, dtype="float32")[NUMBERS]
    expected, losses = trained(one_hot, pair)
    for labels in (NUMBERS[:, None].astype("uint8"), NUMBERS.tolist()):
        weights, history = trained(labels, pair)
        assert history == losses
        assert all((one == other).all() for one, other in zip(weights, expected, strict=True))
    weights, _ = trained(NUMBERS, pair, as_dataset=True)
    assert all((one == other).all() for one, other in zip(weights, expected, strict=True))


@pytest.mark.parametrize("shape", [(COUNT, 2), (COUNT, 4), (COUNT, 1, 3), (COUNT, SIDE, SIDE, 3)])
def test_labels_of_another_shape_are_refused(shape, styled, pair):
    said = r"The labels have the shape .*; they must be \(count,\), numbers of the 3 styles, or one-hot \(count, 3\)"
    with pytest.raises(BadData, match=said):
        styled.fit(*pair, sample_weight=np.zeros(shape, "float32"), verbose=0)


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [-1, 0, 1, 2], [0.5, 0, 1, 2]], ids=["beyond", "negative", "half"])
def test_labels_that_are_numbers_of_no_style_are_refused(labels, styled, pair):
    with pytest.raises(BadData, match=r"The labels hold .*; the styles have the numbers 0 to 2"):
        styled.fit(*pair, sample_weight=np.array(labels), verbose=0)


@pytest.mark.parametrize("kind", ["int16", "int64", "bool"])
def test_other_numbers_than_floats_and_bytes_are_refused_with_the_formula(kind, gan, pair):
    levels = np.zeros(pair[0].shape, kind)
    said = (
        rf"The {{}} is {kind}; pictures are uint8 in 0\.\.255, uint16 in 0\.\.65535 or floats in \[-1, 1\]: "
        rf"of {kind} in 0\.\.255 take x / "
    )
    with pytest.raises(BadData, match=said.format("source")):
        gan.fit(levels, levels, verbose=0)
    with pytest.raises(BadData, match=said.format("style")):
        gan.fit(backend.dataset(pair[0], levels, batch_size=2), shuffle=False, verbose=0)


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_levels_are_the_floats_that_they_stand_for(kind, gan):
    top = np.iinfo(kind).max
    levels = np.random.default_rng(0).integers(0, top, (2, 2, SIDE, SIDE, 3), dtype=kind, endpoint=True)
    floats = levels / np.float32(top / 2) - 1
    assert fitting.checked_arrays(gan.plan, *levels)[:2] == (pytest.approx(levels[0]), pytest.approx(levels[1]))
    right = gan.evaluate(*floats, batch_size=2, return_dict=True, verbose=0)
    for data in (levels, (floats[0], levels[1]), (backend.dataset(*levels, batch_size=2),)):
        assert gan.evaluate(*data, batch_size=2, return_dict=True, verbose=0) == pytest.approx(right, rel=1e-5)


@pytest.mark.parametrize(
    "given", ["a.png", b"png", io.BytesIO(b""), ["a.png", "b.png"], [io.BytesIO(b"")], Image.new("RGB", (16, 16))]
)
def test_files_and_single_images_are_refused(given, gan):
    with pytest.raises(BadData, match=r"fit takes arrays or a dataset of them.*For folders there is stylezoo\.train"):
        gan.fit(given, given, verbose=0)


def test_another_range_is_refused_with_the_formula(gan, pair):
    with pytest.raises(BadData, match=r"The style has values from 0 to 255; .* of values in 0\.\.255 take x / 127"):
        gan.fit(pair[0], np.linspace(0, 255, pair[1].size).reshape(pair[1].shape), verbose=0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused(bad, gan, pair):
    pair[0][1, 2, 3] = bad
    with pytest.raises(BadData, match=r"The source holds values that are no numbers \(NaN or infinite\)"):
        gan.fit(*pair, verbose=0)


@pytest.mark.parametrize("shape", [(SIDE, SIDE, 3), (COUNT, SIDE, SIDE), (COUNT, SIDE, SIDE, 1)])
def test_other_shapes_are_refused(shape, gan, pair):
    with pytest.raises(BadData, match=r"The source has the shape .*; pictures are \(count, height, width, 3\)"):
        gan.fit(np.zeros(shape, "float32"), pair[1], verbose=0)


def test_counts_that_differ_are_refused(gan, styled, pair):
    with pytest.raises(BadData, match="There are 4 sources and 3 styles; fit needs one style for each source"):
        gan.fit(pair[0], pair[1][:3], verbose=0)
    with pytest.raises(BadData, match="There are 4 styles and 2 labels; fit needs a label for each style picture"):
        styled.fit(*pair, sample_weight=NUMBERS[:2], verbose=0)


def test_tensors_double_precision_and_resampled_pictures_are_taken(pair):
    gan = GAN(Recipe(**SMALL))
    gan.fit(*map(keras.ops.convert_to_tensor, pair), verbose=0)
    gan.fit(*(1.005 * pair.astype("float64")), verbose=0)
    assert int(gan.step) == 2


def test_what_was_refused_trained_nothing(gan, styled):
    assert int(gan.step) == int(styled.step) == 0


def test_evaluate_takes_numbers_of_styles(styled, pair):
    one_hot = styled.evaluate(*pair, sample_weight=np.eye(3, dtype="float32")[NUMBERS], verbose=0, return_dict=True)
    assert styled.evaluate(*pair, sample_weight=NUMBERS, verbose=0, return_dict=True) == one_hot


@pytest.mark.parametrize(
    ("sources", "styles", "said"),
    [
        (None, None, "fit takes arrays or a dataset of them"),
        ("photos/", "monet/", r"fit takes arrays .* For folders there is stylezoo\.train"),
        (FLAT[:0], FLAT[:0], "no pictures in the source"),
        ([], [], "no pictures in the source"),
        (
            [np.zeros((SIDE, SIDE, 3)), np.zeros((8, SIDE, 3))],
            np.zeros((2, SIDE, SIDE, 3)),
            "pictures of several sizes",
        ),
        (np.zeros((2, SIDE, SIDE, 3)), np.zeros((2, 8, 8, 3)), r"are \(16, 16\) and \(8, 8\) pixels; .* image_size=16"),
        (np.zeros((2, 13, 13, 3)), np.zeros((2, 13, 13, 3)), r"are \(13, 13\) and \(13, 13\) pixels; .* image_size=16"),
    ],
)
def test_no_pictures_and_other_sizes_are_refused(sources, styles, said):
    gan = GAN(Recipe(**SMALL))
    with pytest.raises(BadData, match=said):
        gan.fit(sources, styles, verbose=0)


@pytest.mark.parametrize("labels", [["a", "b", "a", "b"], [[np.nan] * 3] * COUNT], ids=["texts", "not a number"])
def test_labels_that_are_no_numbers_are_refused(labels, styled, pair):
    with pytest.raises(BadData, match="The labels are no numbers; they must be numbers of the 3 styles, or one-hot"):
        styled.fit(*pair, sample_weight=labels, verbose=0)


def test_texts_as_labels_of_a_dataset_are_refused(styled, pair):
    with pytest.raises(BadData, match="The labels are texts; they must be numbers of the 3 styles"):
        styled.fit(backend.dataset(*pair, ["a"] * COUNT, batch_size=2), shuffle=False, verbose=0)


def test_lists_of_pictures_are_taken(pair):
    gan = GAN(Recipe(**SMALL))
    assert gan.fit(list(pair[0]), pair[1].tolist(), verbose=0).history


def test_compile_needs_an_optimizer_for_each_player_and_no_losses(gan):
    optimizer = keras.optimizers.Adam()
    with pytest.raises(BadOptions, match="Both players have the same optimizer object"):
        gan.compile({"generator": optimizer, "discriminator": optimizer})
    with pytest.raises(BadOptions, match="compile got loss; the losses of a GAN are those of its recipe"):
        gan.compile(None, "mse")
    gan.compile({"generator": None, "discriminator": keras.optimizers.Adam(0.5)})
    assert float(gan.optimizer.players["discriminator"].learning_rate) == 0.5
    assert float(gan.optimizer.players["generator"].learning_rate) == pytest.approx(2e-4)


# Datasets that do not tell their sizes


def traced(model, shapes, *arrays):
    """The batch that a graph makes of arrays of which it knows these shapes only; and the shapes in the graph."""
    known = []

    def checked(*batch):
        found = fitting.tensors(model.plan, batch)
        known.extend(tuple(each.shape) for each in found)
        return found

    specs = [tf.TensorSpec(shape, each.dtype) for shape, each in zip(shapes, arrays, strict=True)]
    with fitting.checked_shapes(model.plan):
        return tf.function(checked, input_signature=specs, autograph=False)(*arrays), known


@pytest.mark.parametrize("shape", [None, (None,) * 4, (None, None, None, 3), (COUNT, None, None, 3)])
def test_sizes_that_a_dataset_does_not_tell_are_those_of_the_recipe(shape, gan, pair):
    batch, known = traced(gan, [shape] * 2, *pair)
    assert [each[1:] for each in known] == [(SIDE, SIDE, 3)] * 2
    for one, other in zip(batch, pair, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("shape", "labels"),
    [
        (None, NUMBERS),
        ((None,), NUMBERS),
        (None, np.eye(3, dtype="float32")[NUMBERS]),
        ((None, None), np.eye(3, dtype="float32")[NUMBERS]),
    ],
)
def test_labels_of_unknown_shape_are_numbers_if_they_are_integers_else_one_hot(shape, labels, styled, pair):
    (*_, found), known = traced(styled, [None, None, shape], *pair, labels)
    np.testing.assert_array_equal(found, np.eye(3)[NUMBERS])
    assert known[-1][1] == 3


@pytest.mark.parametrize("shape", [(COUNT, 8, 8, 3), (COUNT, SIDE, SIDE, 1), (COUNT, SIDE, SIDE)])
def test_a_batch_of_another_size_is_told_when_it_comes(shape, gan, pair):
    said = rf"A batch of the dataset has the shape \[{','.join(map(str, shape))}\]; .* image_size=16"
    with pytest.raises(BadData, match=said):
        traced(gan, [None] * 2, pair[0], np.zeros(shape, "float32"))


@pytest.mark.long
@pytest.mark.graph
def test_a_dataset_that_tells_nothing_trains_as_its_arrays_do(pair):
    spec = (tf.TensorSpec(None, tf.float32),) * 2
    told, untold = GAN(Recipe(**SMALL)), GAN(Recipe(**SMALL))
    told.fit(backend.dataset(*pair, batch_size=COUNT), shuffle=False, verbose=0)
    given = tf.data.Dataset.from_generator(lambda: iter([tuple(pair)]), output_signature=spec)
    untold.fit(given, shuffle=False, steps_per_epoch=1, verbose=0)
    for one, other in zip(told.trainable_variables, untold.trainable_variables, strict=True):
        np.testing.assert_array_equal(one, other)
    small = (np.zeros((2, 8, 8, 3), "float32"),) * 2
    given = tf.data.Dataset.from_generator(lambda: iter([small]), output_signature=spec)
    with pytest.raises(BadData, match=r"A batch of the dataset has the shape \[2,8,8,3\]"):
        untold.fit(given, shuffle=False, verbose=0)
