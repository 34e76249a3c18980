"""`fit` and `compile` of a model say in one line what they need."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from stylezoo import Recipe
from stylezoo.errors import BadData, BadOptions
from stylezoo.gan import GAN

SMALL = {"generator": "resnet:filters=2,blocks=1", "discriminators": "patch:filters=2,layers=1", "image_size": 16}
NAMED = {**SMALL, "generator": "gated:filters=2,blocks=1", "data": "named-styles:names=['a','b']"}
PICTURES = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 3)).astype("float32")
ONE_HOT = np.eye(2, dtype="float32")[[0, 1, 0]]


@pytest.fixture(scope="module")
def gan():
    made = GAN(Recipe(**SMALL))
    made.compile(run_eagerly=True)
    return made


@pytest.fixture(scope="module")
def named():
    made = GAN(Recipe(**NAMED))
    made.compile(run_eagerly=True)
    return made


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ((PICTURES,), "fit got sources only; it needs sources and styles"),
        ((None,), "fit takes arrays or a dataset of them"),
        (("photos/", "monet/"), r"fit takes arrays .* For folders there is stylezoo\.train"),
        ((PICTURES[:0], PICTURES[:0]), "There are no pictures in the source"),
        (([], []), "There are no pictures in the source"),
        (([PICTURES[0], PICTURES[1][:8]], PICTURES[:2]), "a list of pictures of several sizes"),
        ((PICTURES, PICTURES[:, :8, :8]), r"The pictures are \(16, 16, 3\) and \(8, 8, 3\); .* image_size=16"),
        ((PICTURES[:, :13, :13], PICTURES[:, :13, :13]), r"are \(13, 13, 3\) and \(13, 13, 3\); .* image_size=16"),
        ((PICTURES, PICTURES[:2]), "There are 3 sources and 2 styles"),
        ((PICTURES * 127, PICTURES), "of values in 0..255 take x / 127.5 - 1"),
        ((PICTURES.astype("uint8"), PICTURES), "The source is uint8"),
        ((PICTURES, PICTURES * np.nan), "The style holds values that are no numbers"),
    ],
)
def test_fit_names_what_is_wrong_with_arrays(gan, arrays, said):
    with pytest.raises(BadData, match=said):
        gan.fit(*arrays, verbose=0)


def test_fit_takes_lists_of_pictures(gan):
    assert gan.fit(list(PICTURES), PICTURES.astype("float32").tolist(), verbose=0).history


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([0, 1, 2], r"values from 0 to 2; they must be \(count,\), numbers of the 2 styles from 0"),
        ([0, 1, -1], "values from -1 to 1"),
        ([0, 1, 0.5], "values from 0 to 1; they must be"),
        ([0, 1], "3 style pictures and 2 labels"),
        (["a", "b", "a"], "they must be"),
        (ONE_HOT * np.nan, "labels hold values that are no numbers"),
        (np.eye(3), r"The labels have the shape \(3, 3\)"),
    ],
)
def test_fit_names_what_is_wrong_with_labels(named, labels, said):
    with pytest.raises(BadData, match=said):
        named.fit(PICTURES, PICTURES, sample_weight=labels, verbose=0)


def test_texts_as_labels_of_a_dataset_are_refused(named):
    dataset = tf.data.Dataset.from_tensor_slices((PICTURES, PICTURES, ["a", "b", "a"])).batch(1)
    with pytest.raises(BadData, match="The labels are texts; they must be"):
        named.fit(dataset, shuffle=False, verbose=0)


def test_labels_as_a_list_of_numbers_are_those_in_one_hot(named):
    seen = [
        named.evaluate(PICTURES, PICTURES, sample_weight=np.array(labels), verbose=0) for labels in ([0, 1, 0], ONE_HOT)
    ]
    np.testing.assert_allclose(*seen, rtol=1e-5)
    assert named.fit(PICTURES, PICTURES, sample_weight=[0, 1, 0], verbose=0).history


def test_compile_needs_an_optimizer_for_each_player_and_no_losses(gan):
    optimizer = keras.optimizers.Adam()
    with pytest.raises(BadOptions, match="Both players have the same optimizer object"):
        gan.compile({"generator": optimizer, "discriminator": optimizer})
    with pytest.raises(BadOptions, match="compile got loss; the losses of a GAN are those of its recipe"):
        gan.compile(None, "mse")
    gan.compile({"generator": None, "discriminator": keras.optimizers.Adam(0.5)}, run_eagerly=True)
    assert float(gan.optimizer.players["discriminator"].learning_rate) == 0.5
    assert float(gan.optimizer.players["generator"].learning_rate) == pytest.approx(2e-4)
