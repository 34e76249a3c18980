"""How much there is of each style, and where: the shares that styles have of a picture."""

import numpy as np
import pytest
from PIL import Image

from stylezoo.drawing.fusion import Fusion, caption, opened_mask, sweep
from stylezoo.errors import BadOptions, BadPicture, UsageError


def shares(styles=None, masks=None, strength=1.0, height=2, width=3):
    fusion = Fusion.of(styles, masks, strength)
    return fusion.shares(fusion.masks(height, width))


@pytest.mark.parametrize(
    ("styles", "expected"),
    [
        ("a", [1]),
        (["a", "b"], [0.5, 0.5]),
        ({"a": 3, "b": 1}, [0.75, 0.25]),
        ({"a": 0.6, "b": 0.4}, [0.6, 0.4]),
        ([("a", 1.0), ("b", 1.0), ("a", 2.0)], [0.75, 0.25]),  # what is named twice has both weights
        ({"a": 1, "b": 0}, [1]),
    ],
)
def test_only_the_proportions_of_weights_count(styles, expected):
    np.testing.assert_allclose(shares(styles), np.reshape(expected, (1, 1, -1)), atol=1e-7)


def test_only_the_proportions_of_weights_count_where_masks_overlap_too():
    grey, white = np.full((2, 3), 0.5), np.ones((2, 3))
    for factor in (1, 5):
        styles = {"a": 0.6 * factor, "b": 0.4 * factor}
        np.testing.assert_allclose(shares(styles, {"a": grey})[0, 0], [0.5, 0.5], atol=1e-6)
        np.testing.assert_allclose(shares(styles, {"a": white, "b": white})[0, 0], [0.6, 0.4, 0], atol=1e-6)


def test_what_is_missing_to_full_strength_is_the_source():
    np.testing.assert_allclose(shares({"a": 1, "b": 3}, strength=0.8), [[[0.2, 0.6, 0.2]]], atol=1e-7)
    assert not Fusion.of("a").has_source
    assert Fusion.of("a", strength=0.9).has_source


def test_masks_have_what_they_say_and_the_rest_shares_what_they_leave():
    mask = np.float32([[0, 0.25, 1], [1, 1, 0]])
    found = shares({"a": 1, "b": 3}, {"c": mask})
    assert found.shape == (2, 3, 3)
    np.testing.assert_allclose(found[..., 2], mask, atol=1e-6)
    np.testing.assert_allclose(found[..., 0], (1 - mask) / 4, atol=1e-6)
    np.testing.assert_allclose(found[..., 1], (1 - mask) * 3 / 4, atol=1e-6)


def test_where_no_style_is_the_picture_stays():
    mask = np.float32([[0, 0.25, 1], [1, 1, 0]])
    np.testing.assert_allclose(shares(masks={"a": mask}, strength=0.5)[..., 1], 1 - mask / 2, atol=1e-6)


def test_overlapping_masks_share_in_proportion():
    one, other = np.full((2, 3), 1.0), np.full((2, 3), 0.25)
    found = shares({"a": 1, "b": 2}, {"a": one, "b": other})
    np.testing.assert_allclose(found, np.broadcast_to([2 / 3, 1 / 3, 0], (2, 3, 3)), atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_shares_sum_to_1_and_none_is_negative(seed):
    random = np.random.default_rng(seed)
    masks = {name: random.random((4, 5)) for name in "abc"[: seed % 4]}
    styles = dict(zip("cde", random.random(3), strict=True)) if seed % 2 else None
    if not masks and not styles:
        styles = "a"
    found = shares(styles, masks, random.random(), 4, 5)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-6)
    assert found.min() >= -1e-6


def test_a_mask_is_scaled_to_the_picture_smoothly():
    mask = Image.new("L", (30, 20))
    mask.paste(255, (15, 0, 30, 20))
    (scaled,) = Fusion.of(masks={"a": mask}).masks(200, 300)
    assert scaled.shape == (200, 300)
    assert (scaled[:, :130] == 0).all()
    assert (scaled[:, 170:] == 255).all()
    assert np.abs(np.diff(scaled.astype(int), axis=1)).max() < 64  # no step, as nearest neighbours would leave


def test_a_mask_of_other_proportions_is_refused_in_words():
    with pytest.raises(BadPicture, match="30 x 20 pixels, other proportions than the picture's 300 x 300"):
        Fusion.of(masks={"a": Image.new("L", (30, 20))}).masks(300, 300)
    Fusion.of(masks={"a": Image.new("L", (30, 20))}).masks(199, 300)  # rounding is no other proportion


def test_a_mask_file_is_grey_and_what_is_transparent_in_it_black(tmp_path):
    image = Image.new("RGBA", (2, 1), "white")
    image.putpixel((1, 0), (255, 255, 255, 0))
    image.save(tmp_path / "mask.png")
    np.testing.assert_array_equal(opened_mask(tmp_path / "mask.png"), [[255, 0]])


@pytest.mark.parametrize("mask", [np.zeros((2, 2, 3)), np.full((2, 2), 1.1), np.full((2, 2), np.nan), np.zeros((0, 2))])
def test_an_array_that_is_no_mask_is_refused(mask):
    with pytest.raises(BadPicture, match=r"must be \(height, width\)"):
        opened_mask(mask)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"styles": {"a": -1, "b": 2}}, "weight of 'a' is -1.0; it must be 0 or more"),
        ({"styles": {"a": float("nan")}}, "weight of 'a' is nan"),
        ({"styles": {"a": float("inf")}}, "weight of 'a' is inf"),
        ({"styles": {"a": "much"}}, "weight of 'a' is 'much'; it must be a number"),
        ({"styles": {"a": 0, "b": 0}}, "All styles have the weight 0"),
        ({"styles": {"a": 1e308, "b": 1e308}}, "more than can be counted"),
        ({"styles": [("a", 1, 2)]}, r"styles must be a dictionary, or a list of pairs: \(style, weight\)"),
        ({"styles": "a", "masks": "sky.png"}, r"masks must be a dictionary, or a list of pairs: \(style, mask\)"),
        ({"styles": "a", "strength": "0.5"}, "The strength is '0.5'; it must be a number"),
        ({"styles": "a", "strength": 1.5}, "strength is 1.5; it can be 0"),
        ({"styles": "a", "strength": float("nan")}, "strength is nan"),
        ({"masks": [("a", np.ones((2, 2))), ("a", np.ones((2, 2)))]}, "'a' has two masks"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(given, said):
    with pytest.raises(BadOptions, match=said):
        Fusion.of(**given)


def test_a_sweep_of_two_styles_is_a_strip():
    assert sweep(2, 3) == [[(1, 0), (0.5, 0.5), (0, 1)]]


@pytest.mark.parametrize("count", [3, 4])
def test_a_sweep_of_more_has_a_style_at_each_corner(count):
    rows = np.array(sweep(count, 5))
    assert rows.shape == (5, 5, count)
    np.testing.assert_allclose(rows.sum(-1), 1, atol=1e-12)
    corners = [rows[0, 0], rows[0, -1], rows[-1, 0], rows[-1, -1]]
    np.testing.assert_allclose(corners[:count], np.eye(count), atol=1e-12)
    if count == 3:
        np.testing.assert_allclose(corners[3], [1 / 3] * 3, atol=1e-12)


def test_a_sweep_of_other_numbers_is_refused():
    with pytest.raises(UsageError, match="between 2, 3 or 4 styles; there are 5"):
        sweep(5, 3)


def test_a_mixture_has_a_short_caption():
    assert caption(["runs/a/", "b.jpg"], (1, 0)) == "a"
    assert caption(["runs/a", "b.jpg"], (0.0, 1.0)) == "b.jpg"
    assert caption(["a", "b", "c"], (0.5, 0.25, 0.25)) == "50 : 25 : 25"
