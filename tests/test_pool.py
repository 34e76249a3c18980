"""The image pool keeps the reference's rule, and what it keeps is saved."""

import keras
import numpy as np
import pytest

from stylezoo import backend
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.updates.image_pool import ImagePool

SMALL = {"generator": "resnet:filters=2,blocks=1", "discriminators": "patch:filters=2,layers=1", "image_size": 16}


def picture(number):
    """A picture that says its number."""
    return np.full((1, 2, 2, 3), number, "float32")


def test_until_it_is_full_every_picture_is_kept_and_given_back():
    pool = ImagePool(5, (2, 2, 3))
    for number in range(5):
        np.testing.assert_array_equal(pool(picture(number)), picture(number))
    np.testing.assert_array_equal(pool.kept[:, 0, 0, 0], range(5))


def test_then_half_of_the_pictures_are_exchanged_for_older_ones_whose_place_they_take():
    keras.utils.set_random_seed(0)
    pool = ImagePool(5, (2, 2, 3))
    exchange = backend.graph(pool)
    kept, exchanged = [], 0
    for number in range(400):
        given = float(exchange(picture(number))[0, 0, 0, 0])
        if number < 5:
            kept.append(float(number))
        elif given != number:  # replayed by hand: what comes out was kept, and goes
            kept[kept.index(given)] = float(number)
            exchanged += 1
        np.testing.assert_array_equal(pool.kept[: len(kept), 0, 0, 0], kept)
    assert exchanged == pytest.approx(197, abs=40)  # four standard deviations of 395 coins


def test_pictures_of_one_batch_take_different_places():
    keras.utils.set_random_seed(0)
    pool = ImagePool(4, (1, 1, 3))
    for batch in range(50):
        numbers = np.arange(3 * batch, 3 * batch + 3, dtype="float32")
        given = np.asarray(pool(np.tile(numbers[:, None, None, None], (1, 1, 1, 3))))[:, 0, 0, 0]
        assert len(set(given)) == 3
        assert len(set(np.asarray(pool.kept)[:, 0, 0, 0])) == 4 or batch == 0


def test_a_batch_larger_than_the_pool_is_refused():
    with pytest.raises(ValueError, match="A pool of 2 pictures"):
        ImagePool(2, (1, 1, 3))(np.zeros((3, 1, 1, 3), "float32"))


@pytest.mark.graph
@pytest.mark.parametrize("two_way", [False, pytest.param(True, marks=pytest.mark.long)])
def test_pool_shows_older_pictures_to_the_discriminators_only_and_is_saved(two_way, tmp_path):
    pair = np.random.default_rng(0).uniform(-1, 1, (2, 6, 16, 16, 3)).astype("float32")
    gan = GAN(Recipe(**SMALL, two_way=two_way, pool=2))
    gan.fit(*pair, batch_size=1, shuffle=False, verbose=0)
    assert int(gan.pool.count) == 6
    assert np.asarray(gan.pool.kept).any()
    assert (gan.inverse_pool is None) is not two_way
    gan.save_weights(tmp_path / "x.weights.h5")
    again = GAN(Recipe(**SMALL, two_way=two_way, pool=2, seed=5))
    again.load_weights(tmp_path / "x.weights.h5")
    np.testing.assert_array_equal(again.pool.kept, gan.pool.kept)
    for each in (gan, again):
        each.fit(*pair, batch_size=1, shuffle=False, verbose=0)
    for mine, other in zip(again.weights, gan.weights, strict=True):  # the random numbers go on as well
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
