import warnings

import numpy as np
import pytest
from PIL import Image

from stylezoo import Recipe
from stylezoo.data import Batches, Pictures
from stylezoo.errors import BadData

RECIPE = Recipe(image_size=16, load_size=20, batch_size=2, seed=3)


def noise(seed, width=24, height=32):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype="uint8"))


def plain(value, size=(24, 24)):
    """A picture of one grey, so that a crop tells which picture it is from."""
    return Image.new("RGB", size, (value, value, value))


@pytest.fixture
def folders(tmp_path):
    """A folder of five sources and one of three styles, all noise."""
    for name, count in (("source", 5), ("style", 3)):
        (tmp_path / name).mkdir()
        for i in range(count):
            noise([len(name), i]).save(tmp_path / name / f"{i}.png")
    return tmp_path / "source", tmp_path / "style"


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def which(batches, stream, numbers):
    """Which of the plain pictures with the greys 0, 1, 2 ... the crops of some batches come from."""
    crops = np.concatenate([batches[n][stream] for n in numbers])
    return np.rint((crops.mean(axis=(1, 2, 3)) + 1) * 127.5).astype(int).tolist()


# Batches


def test_a_batch_depends_on_nothing_but_pictures_recipe_and_number(folders):
    in_order = [Batches(RECIPE, *folders)[n] for n in range(6)]  # every one from an object of its own
    batches = Batches(RECIPE, *folders)
    for n in (5, 0, 3, 3, 1, 4, 2):
        assert same(batches[n], in_order[n])


@pytest.mark.parametrize("start", [0, 7])
def test_the_dataset_gives_the_same_batches_from_any_start(start, folders):
    batches = Batches(RECIPE, *folders)
    for i, (source, style) in enumerate(batches.dataset(start).take(4)):
        assert same((source.numpy(), style.numpy()), batches[start + i])


def test_the_dataset_knows_its_shapes(folders):
    recipe = Recipe(image_size=16, batch_size=2, critic_steps=3, order="discriminator-first")
    for spec in Batches(recipe, *folders).dataset().element_spec:
        assert (spec.shape.as_list(), spec.dtype.name) == ([6, 16, 16, 3], "float32")


def test_batches_are_float32_crops_in_the_range(folders):
    for n in range(4):
        for crops in Batches(RECIPE, *folders)[n]:
            assert (crops.shape, crops.dtype) == ((2, 16, 16, 3), np.float32)
            assert -1 <= crops.min() < -0.9
            assert 0.9 < crops.max() <= 1


def test_another_seed_gives_other_batches(folders):
    one, other = (Batches(Recipe(image_size=16, load_size=20, seed=seed), *folders) for seed in (0, 1))
    assert not any(np.array_equal(one[n][k], other[n][k]) for n in range(5) for k in (0, 1))


def test_crops_of_one_picture_differ_from_batch_to_batch():
    batches = Batches(Recipe(image_size=16, load_size=64), noise(1, 64, 64), noise(2, 64, 64))
    crops = {batches[n][0].tobytes() for n in range(10)}
    assert len(crops) == 10


def test_source_and_style_are_cropped_independently():
    batches = Batches(Recipe(image_size=16, load_size=64), noise(1, 64, 64), noise(1, 64, 64))
    assert not any(np.array_equal(*batches[n]) for n in range(10))


@pytest.mark.parametrize("batch_size", [1, 3, 4])
def test_every_epoch_shows_every_picture_once(batch_size):
    sources = [plain(i) for i in range(12)]
    batches = Batches(Recipe(image_size=16, batch_size=batch_size, seed=5), sources, plain(0))
    steps = 12 // batch_size
    epochs = [which(batches, 0, range(e * steps, (e + 1) * steps)) for e in range(4)]
    assert all(sorted(epoch) == list(range(12)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4  # each in an order of its own


def test_the_smaller_folder_begins_again_while_the_larger_goes_on():
    batches = Batches(Recipe(image_size=16), [plain(i) for i in range(6)], [plain(i) for i in range(4)])
    assert sorted(which(batches, 0, range(6))) == list(range(6))
    for begin in (0, 4, 8):
        assert sorted(which(batches, 1, range(begin, begin + 4))) == list(range(4))


@pytest.mark.parametrize(
    ("sources", "styles", "batch_size", "critic_steps", "expected"),
    [(7, 3, 1, 1, 7), (3, 7, 1, 1, 7), (8, 1, 4, 1, 2), (9, 1, 2, 2, 2), (2, 2, 4, 1, 1)],
)
def test_an_epoch_is_once_through_the_larger_folder(sources, styles, batch_size, critic_steps, expected):
    recipe = Recipe(image_size=16, batch_size=batch_size, critic_steps=critic_steps, order="discriminator-first")
    assert Batches(recipe, [plain(0)] * sources, [plain(0)] * styles).steps_per_epoch == expected


def test_a_step_takes_a_batch_for_every_update_of_the_discriminators():
    recipe = Recipe(image_size=16, batch_size=2, critic_steps=3, order="discriminator-first")
    assert [crops.shape[0] for crops in Batches(recipe, plain(0), plain(0))[0]] == [6, 6]


# Crops


def ramps(side=64):
    """A picture whose red is the column and whose green is the row of each pixel."""
    y, x = np.mgrid[:side, :side]
    return Image.fromarray(np.stack([x, y, 0 * x], axis=-1).astype("uint8"))


def corner(crop):
    """Left, top and whether it is mirrored, of a crop of `ramps`."""
    pixels = np.rint((crop + 1) * 127.5)
    return min(pixels[0, 0, 0], pixels[0, -1, 0]), pixels[0, 0, 1], bool(pixels[0, 0, 0] > pixels[0, -1, 0])


def test_crops_come_from_everywhere_and_are_pieces_of_the_picture():
    batches = Batches(Recipe(image_size=16, load_size=64), ramps(), ramps())
    corners = [corner(batches[n][0][0]) for n in range(300)]
    assert {min(c[i] for c in corners) for i in (0, 1)} == {0}
    assert {max(c[i] for c in corners) for i in (0, 1)} == {48}  # 64 - 16: the last place possible
    left, top, mirrored = corners[0]
    expected = np.asarray(ramps())[int(top) : int(top) + 16, int(left) : int(left) + 16]
    got = np.rint((batches[0][0][0] + 1) * 127.5)
    assert np.array_equal(got[:, ::-1] if mirrored else got, expected)


def test_half_of_the_crops_are_mirrored_or_none():
    for flip, least, most in ((True, 60, 140), (False, 0, 0)):  # of 200; 60 and 140 are six deviations away
        batches = Batches(Recipe(image_size=16, load_size=64, flip=flip), ramps(), ramps())
        for stream in (0, 1):
            assert least <= sum(corner(batches[n][stream][0])[2] for n in range(200)) <= most


def step(crop):
    """How many columns of the picture one column of a crop of `ramps` spans."""
    columns = np.rint((crop + 1) * 127.5)[8, :, 0]
    return abs(columns[-4] - columns[3]) / 9  # far from the borders, where Lanczos bends


@pytest.mark.parametrize("stream", [0, 1], ids=["source", "style"])
def test_crops_of_each_domain_are_zoomed_in_their_own_range(stream):
    zoom = {("source_zoom", "style_zoom")[stream]: (1.5, 3)}
    batches = Batches(Recipe(image_size=16, load_size=64, **zoom), ramps(), ramps())
    zooms = [step(batches[n][stream][0]) for n in range(100)]
    assert 1.4 < min(zooms) < 1.7
    assert 2.8 < max(zooms) < 3.1
    assert {step(batches[n][1 - stream][0]) for n in range(100)} == {1}


def test_style_crops_are_turned_by_quarters_and_sources_never():
    batches = Batches(Recipe(image_size=16, load_size=64, turn_style=True), ramps(), ramps())
    for stream, expected in ((0, {True}), (1, {True, False})):
        # Upright, the red ramp of the pictures runs across and the green one down.
        upright = {bool(batches[n][stream][0][0, 0, 0] != batches[n][stream][0][0, -1, 0]) for n in range(60)}
        assert upright == expected


def test_sources_are_brought_to_the_tones_of_the_styles():
    grey = np.random.default_rng(0).integers(100, 200, (16, 16, 1), dtype="uint8").repeat(3, -1)
    bright, dark = Image.fromarray(grey), Image.fromarray(grey // 2)
    for match, expected in ((True, grey // 2), (False, grey)):
        batches = Batches(Recipe(image_size=16, load_size=16, match_tones=match), bright, dark)
        np.testing.assert_allclose(batches.source[0], expected, atol=2)
        np.testing.assert_array_equal(batches.style[0], grey // 2)


def test_zooming_out_ends_at_the_whole_picture():
    batches = Batches(Recipe(image_size=16, load_size=32, style_zoom=(8, 8)), ramps(), ramps())
    assert {round(step(batches[n][1][0])) for n in range(10)} == {
        4
    }  # half of 64 columns shown by 16 pixels: 32 / 16 * 2


# Pictures


def test_pictures_are_scaled_to_their_shorter_side():
    pictures = Pictures([noise(0, 30, 60), noise(1, 60, 30)], 20)
    assert [pictures[i].shape for i in range(2)] == [(40, 20, 3), (20, 40, 3)]
    assert pictures[0].dtype == np.uint8
    assert [pictures.image(i).size for i in range(2)] == [(30, 60), (60, 30)]


def test_a_folder_is_searched_with_its_subfolders_in_order(tmp_path):
    for name in ("b.png", "a/z.JPG", "a/deep/er.webp", "c.bmp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        noise(0).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a picture, and not called like one")
    pictures = Pictures(tmp_path, 16)
    assert [item.relative_to(tmp_path).as_posix() for item in pictures.items] == [
        "a/deep/er.webp",
        "a/z.JPG",
        "b.png",
        "c.bmp",
    ]
    assert pictures.skipped == []
    assert str(pictures) == "4 pictures"


def test_unusable_files_of_a_folder_are_skipped_by_name(tmp_path):
    noise(0, 40, 40).save(tmp_path / "good.png")
    noise(0, 7, 40).save(tmp_path / "small.png")
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    pictures = Pictures(tmp_path, 16, smallest=8)
    assert [item.name for item in pictures.items] == ["good.png"]
    assert [next(n for n in ("cut.jpg", "small.png", "text.png") if n in line) for line in pictures.skipped] == [
        "cut.jpg",
        "small.png",
        "text.png",
    ]
    assert "7 x 40 pixels, too small: at least 8" in pictures.skipped[1]
    assert str(pictures) == "1 picture (3 skipped)"


def test_a_file_an_image_and_a_mixed_list_will_do(tmp_path):
    noise(0).save(tmp_path / "a.png")
    one, two = Pictures(tmp_path / "a.png", 16), Pictures(noise(0), 16)
    assert np.array_equal(one[0], two[0])
    both = Pictures([str(tmp_path / "a.png"), noise(1), tmp_path], 16)
    assert len(both) == 3
    assert np.array_equal(both[0], both[2])


def test_pictures_of_any_kind_become_rgb():
    pictures = Pictures([noise(0).convert("L"), Image.new("RGBA", (20, 20), (0, 0, 0, 0))], 16)
    assert [pictures[i].shape[-1] for i in range(2)] == [3, 3]
    assert pictures[1].min() == 255


@pytest.mark.parametrize("make", [lambda p: p / "gone.png", lambda p: p / "gone", lambda p: [p / "gone.png"]])
def test_a_missing_file_is_refused(make, tmp_path):
    with pytest.raises(BadData, match=r"There is no file.*gone"):
        Pictures(make(tmp_path), 16)


def test_an_empty_folder_and_an_empty_list_are_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(BadData, match="holds no picture files"):
        Pictures(tmp_path, 16)
    with pytest.raises(BadData, match="no picture that can be used"):
        Pictures([], 16)


def test_a_folder_without_one_usable_picture_is_refused_with_a_reason(tmp_path):
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(BadData, match=r"has no picture that can be used: .*text.png' is not a picture"):
        Pictures(tmp_path, 16)


def test_a_picture_of_half_the_size_of_crops_will_do_and_a_smaller_is_refused():
    assert Batches(RECIPE, noise(0, 8, 8), noise(1))[0][0].shape == (2, 16, 16, 3)
    with pytest.raises(BadData, match="has 7 x 30 pixels, too small: at least 8"):
        Batches(RECIPE, noise(0), noise(1, 7, 30))


def test_a_damaged_picture_that_was_named_itself_is_refused(tmp_path):
    (tmp_path / "text.png").write_text("not a picture")
    noise(0).save(tmp_path / "good.png")
    with pytest.raises(BadData, match=r"text.png' is not a picture"):
        Pictures([tmp_path / "good.png", tmp_path / "text.png"], 16)


def test_reading_a_folder_leaves_the_filters_of_warnings_as_they_were(tmp_path):
    for i in range(24):
        noise(i).save(tmp_path / f"{i}.png")
    before = list(warnings.filters)
    Pictures(tmp_path, 16)  # several threads, each of which silences Pillow
    assert warnings.filters == before
