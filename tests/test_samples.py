import hashlib

import numpy as np
from PIL import Image

from stylezoo import samples


def luminance(image):
    return np.asarray(image, "float64") @ (0.299, 0.587, 0.114)


def test_both_samples_are_rgb_pictures_of_one_size():
    for picture in (samples.photograph(), samples.painting()):
        assert isinstance(picture, Image.Image)
        assert (picture.mode, picture.size) == ("RGB", (512, 512))


def test_the_painting_is_the_same_in_every_process(python):
    code = (
        "import hashlib; from stylezoo import samples; print(hashlib.sha256(samples.painting().tobytes()).hexdigest())"
    )
    done = python("-c", code, PYTHONHASHSEED="12345")
    assert done.stdout.strip() == hashlib.sha256(samples.painting().tobytes()).hexdigest()


def test_light_and_dark_get_their_share_of_the_painting():
    quartiles = np.quantile(luminance(samples.painting()), [0.25, 0.5, 0.75])
    gaps = np.diff([0, *quartiles, 255])
    assert gaps.min() > 20  # of 64 for a painting that is equalised perfectly
    assert 70 < quartiles[1] < 160


def test_the_painting_has_many_colours_and_strokes_at_every_place():
    pixels = np.asarray(samples.painting())
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 1000
    tiles = luminance(samples.painting()).reshape(16, 32, 16, 32).std(axis=(1, 3))
    assert tiles.min() > 5  # no part of the canvas was left bare


def test_without_scikit_image_one_line_says_what_to_do(python):
    code = """
import sys
sys.modules["skimage"] = None  # as if it were not installed
from stylezoo import samples
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
    assert all(part in done.stdout for part in ("scikit-image", "pip install", "stylezoo[samples]", "--source"))
