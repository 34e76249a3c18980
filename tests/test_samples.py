import hashlib

import numpy as np
import pytest
from PIL import Image

from stylezoo.pictures import samples


@pytest.fixture(scope="module")
def styles():
    return samples.styles()


def luminance(image):
    return np.asarray(image, "float64") @ (0.299, 0.587, 0.114)


def tiles(image):
    """The deviation of light and dark in each tile of 32 pixels."""
    return luminance(image).reshape(16, 32, 16, 32).std(axis=(1, 3))


def correlation(image, pixels):
    """How much a picture's light and dark are those of itself moved by some pixels to the side: 1 for a flat one."""
    light = luminance(image)
    return np.corrcoef(light[:, pixels:].ravel(), light[:, :-pixels].ravel())[0, 1]


def test_both_samples_are_rgb_pictures_of_one_size():
    for picture in (samples.photograph(), samples.painting()):
        assert isinstance(picture, Image.Image)
        assert (picture.mode, picture.size) == ("RGB", (512, 512))


def test_styles_are_rgb_pictures_of_one_size_and_the_painting_is_the_first(styles):
    assert list(styles) == ["night", "ink", "mosaic"]
    assert {(picture.mode, picture.size) for picture in styles.values()} == {("RGB", (512, 512))}
    assert styles["night"].tobytes() == samples.painting().tobytes()


def test_photographs_are_rgb_pictures_and_the_first_is_that_of_the_pair():
    photographs = samples.photographs()
    assert list(photographs) == ["astronaut", "chelsea", "coffee", "rocket"]
    assert {picture.mode for picture in photographs.values()} == {"RGB"}
    assert min(min(picture.size) for picture in photographs.values()) == 300
    assert photographs["astronaut"].tobytes() == samples.photograph().tobytes()


@pytest.mark.long
def test_what_is_drawn_is_the_same_in_every_process(python, styles):
    code = """
import hashlib
from stylezoo.pictures import samples
for picture in samples.styles().values():
    print(hashlib.sha256(picture.tobytes()).hexdigest())
"""
    done = python("-c", code, PYTHONHASHSEED="12345")
    assert done.stdout.split() == [hashlib.sha256(picture.tobytes()).hexdigest() for picture in styles.values()]


@pytest.mark.parametrize("name", ["night", "mosaic"])
def test_light_and_dark_get_their_share(styles, name):
    quartiles = np.quantile(luminance(styles[name]), [0.25, 0.5, 0.75])
    gaps = np.diff([0, *quartiles, 255])
    assert gaps.min() > 20  # of 64 for a picture that is equalised perfectly
    assert 70 < quartiles[1] < 160


def test_ink_is_dark_lines_on_light_paper(styles):
    light = luminance(styles["ink"])
    assert 0.25 < np.mean(light < 60) < 0.6
    assert 0.25 < np.mean(light > 200) < 0.6


def test_the_painting_has_many_colours_and_strokes_at_every_place(styles):
    pixels = np.asarray(styles["night"])
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 1000
    assert tiles(styles["night"]).min() > 5  # no part of the canvas was left bare


def test_the_styles_have_colours_of_their_own(styles):
    night, ink, mosaic = (np.asarray(picture, "float64").mean(axis=(0, 1)) for picture in styles.values())
    assert night[2] > night[0]  # blue
    assert mosaic[0] > 1.5 * mosaic[2]  # red
    assert 0 < ink[0] - ink[2] < 30  # nearly grey, but warm


def test_the_styles_have_strokes_of_their_own(styles):
    night, ink, mosaic = (np.median(tiles(picture)) for picture in styles.values())
    assert ink > 1.5 * max(night, mosaic)  # black on white
    assert correlation(styles["ink"], 4) < correlation(styles["night"], 4) - 0.2  # lines 7.5 pixels apart
    assert correlation(styles["mosaic"], 15) < correlation(styles["night"], 15) - 0.2  # each stone has its own colour


def test_every_sample_is_written_as_a_file_that_holds_it(tmp_path, styles):
    paths = samples.write(tmp_path / "samples")
    assert [path.relative_to(tmp_path / "samples").as_posix() for path in paths] == [
        *(f"photographs/{name}.png" for name in samples.PHOTOGRAPHS),
        *(f"styles/{name}.png" for name in styles),
    ]
    for path, picture in zip(paths, [*samples.photographs().values(), *styles.values()], strict=True):
        assert Image.open(path).tobytes() == picture.tobytes()


def test_without_scikit_image_one_line_says_what_to_do(python):
    code = """
import sys
sys.modules["skimage"] = None  # as if it were not installed
from stylezoo.pictures import samples
from stylezoo.errors import MissingExtra
assert samples.painting().size == (512, 512)
try:
    samples.photograph()
except MissingExtra as error:
    print(error)
"""
    done = python("-c", code)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
    assert all(part in done.stdout for part in ("scikit-image", "pip install", "scikit-image", "--source"))
