"""Any picture goes in, and the same picture comes out in the style."""

import keras
import numpy as np
import pytest
from PIL import Image

from stylezoo.errors import BadPicture
from stylezoo.stylizing import stylize


@pytest.fixture(scope="module")
def generator():
    """Inverts colours; like a U-Net it joins branches, so that only sides divisible by 8 fit."""
    picture = keras.Input((None, None, 3))
    x = picture
    for _ in range(3):
        x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.UpSampling2D(8)(x)
    return keras.Model(picture, keras.layers.Subtract()([0 * x, picture]))


def test_array_gives_an_array_that_is_not_quantised(generator):
    source = np.random.default_rng(0).uniform(-1, 1, (24, 32, 3))
    fake = stylize(generator, source)
    assert fake.dtype == np.float32
    np.testing.assert_allclose(fake, -source, atol=1e-6)
    np.testing.assert_array_equal(stylize(generator, np.stack([source, -source])), [fake, -fake])


def test_image_gives_an_image(generator):
    source = Image.new("RGB", (16, 24), (10, 200, 255))
    fake = stylize(generator, source)
    assert isinstance(fake, Image.Image)
    assert fake.size == (16, 24)
    assert fake.getpixel((3, 3)) == (245, 55, 0)


def test_path_gives_an_image_upright(generator, tmp_path):
    path = tmp_path / "lying.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.new("RGB", (40, 20), "white").save(path, exif=exif)
    assert stylize(generator, path).size == stylize(generator, str(path)).size == (20, 40)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (7, 9), (16, 16), (17, 33), (100, 31)])
def test_every_size_comes_back(generator, size):
    source = np.random.default_rng(0).uniform(-1, 1, (*size, 3)).astype("float32")
    np.testing.assert_allclose(stylize(generator, source), -source, atol=1e-6)


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 4), (2, 2, 8, 8, 3), (0, 8, 3)])
def test_other_arrays_are_refused_in_words(generator, shape):
    with pytest.raises(BadPicture, match="is no picture"):
        stylize(generator, np.zeros(shape))


def test_generator_with_two_inputs_is_given_the_picture_twice():
    source, style = (keras.Input((None, None, 3), name=name) for name in ("source", "style"))
    generator = keras.Model([source, style], keras.layers.Average()([source, style]))
    picture = np.random.default_rng(0).uniform(-1, 1, (20, 20, 3)).astype("float32")
    np.testing.assert_allclose(stylize(generator, picture), picture, atol=1e-6)


def test_generator_that_changes_the_size_is_told():
    picture = keras.Input((None, None, 3))
    generator = keras.Model(picture, keras.layers.UpSampling2D(2)(picture))
    with pytest.raises(BadPicture, match="cannot redraw a picture of 20 x 20 pixels"):
        stylize(generator, np.zeros((20, 20, 3)))


def test_u_net_draws_a_size_that_nothing_divides():
    """Keras' Concatenate says of branches of 9 and 10 pixels that they fit; they do not."""
    picture = keras.Input((None, None, 3))
    inner = keras.layers.Conv2D(4, 4, 2, padding="same")(picture)
    inner = keras.layers.Conv2DTranspose(3, 4, 2, padding="same")(inner)
    generator = keras.Model(picture, keras.layers.Conv2D(3, 1)(keras.layers.Concatenate()([picture, inner])))
    assert stylize(generator, np.zeros((21, 35, 3))).shape == (21, 35, 3)
