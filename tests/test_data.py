import warnings

import numpy as np
import pytest
from PIL import Image

from stylezoo import Recipe
from stylezoo.data.album import Album
from stylezoo.data.batches import Batches
from stylezoo.data.domains import Pictures
from stylezoo.data.paired import Paired
from stylezoo.errors import BadData
from stylezoo.pictures import arrays, files, luminance, samples

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
    recipe = Recipe(image_size=16, batch_size=2, order="discriminator-first:critic_steps=3")
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
    recipe = Recipe(image_size=16, batch_size=batch_size, order=f"discriminator-first:critic_steps={critic_steps}")
    assert Batches(recipe, [plain(0)] * sources, [plain(0)] * styles).steps_per_epoch == expected


def test_a_step_takes_a_batch_for_every_update_of_the_discriminators():
    recipe = Recipe(image_size=16, batch_size=2, order="discriminator-first:critic_steps=3")
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
        batches = Batches(Recipe(image_size=16, load_size=64, crops=f"random:flip={flip}"), ramps(), ramps())
        for stream in (0, 1):
            assert least <= sum(corner(batches[n][stream][0])[2] for n in range(200)) <= most


def step(crop):
    """How many columns of the picture one column of a crop of `ramps` spans."""
    columns = np.rint((crop + 1) * 127.5)[8, :, 0]
    return abs(columns[-4] - columns[3]) / 9  # far from the borders, where Lanczos bends


@pytest.mark.parametrize("stream", [0, 1], ids=["source", "style"])
def test_crops_of_each_domain_are_zoomed_in_their_own_range(stream):
    crops = f"random:{('source_zoom', 'style_zoom')[stream]}=(1.5, 3)"
    batches = Batches(Recipe(image_size=16, load_size=64, crops=crops), ramps(), ramps())
    zooms = [step(batches[n][stream][0]) for n in range(100)]
    assert 1.4 < min(zooms) < 1.7
    assert 2.8 < max(zooms) < 3.1
    assert {step(batches[n][1 - stream][0]) for n in range(100)} == {1}


def test_style_crops_are_turned_by_quarters_and_sources_never():
    batches = Batches(Recipe(image_size=16, load_size=64, crops="random:turn_style=true"), ramps(), ramps())
    for stream, expected in ((0, {True}), (1, {True, False})):
        # Upright, the red ramp of the pictures runs across and the green one down.
        upright = {bool(batches[n][stream][0][0, 0, 0] != batches[n][stream][0][0, -1, 0]) for n in range(60)}
        assert upright == expected


def test_sources_are_brought_to_the_tones_of_the_styles():
    grey = np.random.default_rng(0).integers(100, 200, (16, 16, 1), dtype="uint8").repeat(3, -1)
    bright, dark = Image.fromarray(grey), Image.fromarray(grey // 2)
    for match, expected in ((True, grey // 2), (False, grey)):
        batches = Batches(Recipe(image_size=16, load_size=16, data=f"unpaired:match_tones={match}"), bright, dark)
        np.testing.assert_allclose(batches.source[0], expected, atol=2)
        np.testing.assert_array_equal(batches.style[0], grey // 2)


def test_sources_get_the_colours_of_the_styles_if_that_is_asked_for():
    rng = np.random.default_rng(0)
    source, style = (
        Image.fromarray(rng.integers(*levels, (16, 16, 3), dtype="uint8")) for levels in ((90, 160), (60, 90))
    )
    for option, count in (("match_tones", 4), ("match_colours", 49)):
        batches = Batches(Recipe(image_size=16, load_size=16, data=f"unpaired:{option}=true"), source, style)
        tones = luminance.tones([arrays.to_array(style)], colours=count == 49)
        np.testing.assert_allclose(batches.tones, tones, atol=1e-6)
        np.testing.assert_allclose(
            batches.source[0], arrays.levels(luminance.match_tones(arrays.to_array(source), tones)), atol=1
        )


def test_zooming_out_ends_at_the_whole_picture():
    batches = Batches(Recipe(image_size=16, load_size=32, crops="random:style_zoom=(8, 8)"), ramps(), ramps())
    shown = {round(step(batches[n][1][0])) for n in range(10)}
    assert shown == {4}  # half of 64 columns shown by 16 pixels: 32 / 16 * 2


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
    assert [item.path.relative_to(tmp_path).as_posix() for item in pictures.items] == [
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
    assert [item.path.name for item in pictures.items] == ["good.png"]
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


# Pairs


@pytest.fixture
def side_by_side(tmp_path):
    """A data set of pictures that show both: A is of the greys 10, 20, 30, B is lighter by 100."""
    for value in (10, 20, 30):
        picture = Image.new("RGB", (48, 24))
        picture.paste(plain(value), (0, 0))
        picture.paste(plain(value + 100), (24, 0))
        (tmp_path / "train").mkdir(exist_ok=True)
        picture.save(tmp_path / "train" / f"{value}.png")
    return tmp_path


PAIRED = Recipe(image_size=16, load_size=20, batch_size=1, data="paired")


@pytest.mark.parametrize(("direction", "sign"), [("AtoB", 1), ("BtoA", -1)])
def test_halves_of_one_picture_are_a_pair(direction, sign, side_by_side):
    batches = Batches(PAIRED.changed(**{"data.direction": direction}), side_by_side / "train", None)
    assert batches.steps_per_epoch == 3
    source, style = (np.array(which(batches, stream, range(6))) for stream in (0, 1))
    assert (style - source == 100 * sign).all()
    assert len(set(source)) == 3


def test_both_pictures_of_a_pair_are_cropped_and_mirrored_alike(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    for i in range(4):
        picture = noise(i, 40, 32)
        picture.save(tmp_path / "a" / f"{i}.png")
        Image.fromarray(255 - np.asarray(picture)).save(tmp_path / "b" / f"{i}.png")  # the negative
    batches = Batches(PAIRED.changed(load_size=32), tmp_path / "a", tmp_path / "b")
    crops = [batches[n] for n in range(12)]
    for source, style in crops:
        np.testing.assert_allclose(source, -style, atol=1e-6)
    assert len({source.tobytes() for source, _ in crops}) == 12


def test_pairs_go_by_name_and_what_has_no_partner_is_left_out(tmp_path):
    for folder, values in {"a": {"1_A": 10, "2_A": 20, "3_A": 30}, "b": {"2_B": 120, "1_B": 110, "9_B": 90}}.items():
        (tmp_path / folder).mkdir()
        for name, value in values.items():
            plain(value).save(tmp_path / folder / f"{name}.png")
    batches = Batches(PAIRED, tmp_path / "a", tmp_path / "b")
    assert len(batches.source) == len(batches.style) == 2
    assert set(zip(which(batches, 0, range(4)), which(batches, 1, range(4)), strict=True)) == {(10, 110), (20, 120)}


def test_partner_of_a_damaged_picture_goes_as_well(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for value in (10, 20, 30):
            plain(value + (100 if folder == "b" else 0)).save(tmp_path / folder / f"{value}.png")
    (tmp_path / "b" / "20.png").write_bytes(b"no picture")
    batches = Batches(PAIRED, tmp_path / "a", tmp_path / "b")
    assert "20.png" in batches.style.skipped[0]
    assert set(zip(which(batches, 0, range(4)), which(batches, 1, range(4)), strict=True)) == {(10, 110), (30, 130)}


def test_a_style_of_another_size_is_scaled_to_its_source():
    batches = Batches(PAIRED, noise(0, 40, 30), plain(90, (80, 80)))
    assert which(batches, 1, range(3)) == [90] * 3


def test_pairs_that_share_a_stem_go_by_suffix_and_what_is_left_out_is_said(tmp_path):
    wholes = {"a": ("1.png", "2.png", "2.jpg", "3.png", "3.jpg", "4.png"), "b": ("1.jpg", "2.png", "2.jpg", "3.bmp")}
    for folder, names in wholes.items():
        (tmp_path / folder).mkdir()
        for name in names:
            Image.new("RGB", (16, 16), (10 * int(name[0]),) * 3).save(tmp_path / folder / name)
    source, styles = Paired().domains(
        Album.of(tmp_path / "a"), Album.of(tmp_path / "b"), lambda album, items: Pictures(album, 16, items=items)
    )
    pairs = [(a.path.name, b.path.name) for a, b in zip(source.items, styles[""].items, strict=True)]
    assert pairs == [("1.png", "1.jpg"), ("2.jpg", "2.jpg"), ("2.png", "2.png")]
    alone = "such as '{}': there is no other of their name, or more than one."
    assert source.notes == [
        f"3 of 6 pictures in '{tmp_path}/a' are left out, " + alone.format(tmp_path / "a/3.jpg"),
        f"1 of 4 pictures in '{tmp_path}/b' are left out, " + alone.format(tmp_path / "b/3.bmp"),
    ]


def test_pictures_too_large_for_memory_are_scaled_while_they_are_read(tmp_path, monkeypatch):
    Image.new("RGB", (128, 96), (200, 100, 50)).save(tmp_path / "a.jpg", quality=95)
    monkeypatch.setattr(files, "LARGEST", 5000)
    pictures = Pictures(tmp_path, 24)
    assert (pictures.skipped, pictures[0].shape, pictures.image(0).size) == ([], (24, 32, 3), (64, 48))


def test_pairs_may_be_images_in_memory():
    both = Image.new("RGB", (48, 24))
    both.paste(plain(10), (0, 0))
    both.paste(plain(110), (24, 0))
    for source, style in ((both, None), ([both, both], None), (plain(10), plain(110)), ([plain(10)], [plain(110)])):
        batches = Batches(PAIRED, source, style)
        assert (which(batches, 0, [0]), which(batches, 1, [0])) == ([10], [110])
    with pytest.raises(BadData, match="two lists of as many pictures"):
        Batches(PAIRED, [plain(10)], [plain(1), plain(2)])


def test_pairs_may_be_single_files(tmp_path):
    for name, value in (("a", 10), ("b", 110), ("tiny", 5)):
        plain(value, (4, 4) if name == "tiny" else (24, 24)).save(tmp_path / f"{name}.png")
    a, b = str(tmp_path / "a.png"), tmp_path / "b.png"
    for source, style in ((a, b), ([a], [b])):
        batches = Batches(PAIRED, source, style)
        assert (which(batches, 0, [0]), which(batches, 1, [0])) == ([10], [110])
    with pytest.raises(BadData, match="There is no file or folder"):
        Batches(PAIRED, a, tmp_path / "missing.png")
    with pytest.raises(BadData, match=r"tiny.png' has 4 x 4 pixels"):
        Batches(PAIRED, a, tmp_path / "tiny.png")
    with pytest.raises(BadData, match="two folders, two pictures or two lists"):
        Batches(PAIRED, tmp_path, b)


def test_pairs_in_subfolders_of_the_same_names_are_kept_apart(tmp_path):
    for folder, add in (("a", 0), ("b", 100)):
        for inner, value in (("x", 10), ("y", 20)):
            (tmp_path / folder / inner).mkdir(parents=True)
            plain(value + add).save(tmp_path / folder / inner / "1.png")
    batches = Batches(PAIRED, tmp_path / "a", tmp_path / "b")
    assert set(zip(which(batches, 0, range(4)), which(batches, 1, range(4)), strict=True)) == {(10, 110), (20, 120)}


def test_sample_pairs_are_sketches_and_their_photographs():
    batches = Batches(PAIRED, None, None)
    assert len(batches.source) == len(batches.style) == len(samples.photographs())
    for i, photograph in enumerate(samples.photographs().values()):
        np.testing.assert_array_equal(batches.style.image(i), photograph)
        sketch = np.asarray(batches.source.image(i), int)
        assert sketch.shape == np.asarray(photograph).shape
        assert np.ptp(sketch, axis=-1).max() == 0  # grey
        assert np.median(sketch) > 240  # mostly paper


def test_pairs_that_cannot_be_made_are_told(tmp_path, side_by_side):
    with pytest.raises(BadData, match="This model learns from pairs"):
        Batches(PAIRED, None, tmp_path)
    with pytest.raises(BadData, match="There is no file or folder"):
        Batches(PAIRED, tmp_path / "missing", None)
    (tmp_path / "other").mkdir()
    plain(3).save(tmp_path / "other" / "x.png")
    with pytest.raises(BadData, match="so that there are no pairs"):
        Batches(PAIRED, side_by_side / "train", tmp_path / "other")


# Folders of public data sets


def laid_out(recipe, source, style):
    """The paths that a data mode finds in these."""
    return tuple(each.path for each in recipe.resolve().data.laid_out(Album.of(source), Album.of(style)))


@pytest.mark.parametrize(("direction", "order"), [("AtoB", "AB"), ("BtoA", "BA")])
def test_folders_of_cyclegans_data_sets_are_known(direction, order, tmp_path):
    for name in ("trainA", "trainB", "testA", "testB"):
        (tmp_path / name).mkdir()
    found = laid_out(RECIPE.changed(**{"data.direction": direction}), tmp_path, None)
    assert found == tuple(tmp_path / f"train{half}" for half in order)
    assert laid_out(RECIPE, str(tmp_path), None)[0] == tmp_path / "trainA"
    assert laid_out(RECIPE, tmp_path, tmp_path / "testB") == (tmp_path, tmp_path / "testB")


def test_folders_of_pix2pix_data_sets_are_known(side_by_side):
    (side_by_side / "val").mkdir()
    assert laid_out(PAIRED, side_by_side, None) == (side_by_side / "train", None)
    assert laid_out(PAIRED, side_by_side / "train", None) == (side_by_side / "train", None)
    assert laid_out(RECIPE, side_by_side, None) == (side_by_side, None)  # for unpaired models it is a folder as any


# Several styles


@pytest.fixture
def styles(tmp_path):
    for name, values in {"monet": (10, 20), "song": (100, 110, 120)}.items():
        (tmp_path / "all" / name).mkdir(parents=True)
        for value in values:
            plain(value).save(tmp_path / "all" / name / f"{value}.png")
    return tmp_path / "all"


STYLES = Recipe(image_size=16, load_size=20, batch_size=2, data="named-styles")


@pytest.mark.parametrize("as_list", [True, False])
def test_styles_are_named_by_their_folders_and_take_turns(as_list, styles):
    batches = Batches(STYLES, plain(0), [styles / "monet", styles / "song"] if as_list else styles)
    assert list(batches.styles) == ["monet", "song"]
    assert batches.steps_per_epoch == 2  # five pictures of styles
    seen = []
    for n in range(6):
        _, style, labels = batches[n]
        greys = np.rint((style.mean(axis=(1, 2, 3)) + 1) * 127.5)
        np.testing.assert_array_equal(labels, [[1, 0], [0, 1]])
        assert greys[0] < 50 < greys[1]
        seen += list(greys)
    assert set(seen) == {10, 20, 100, 110, 120}
    for tensor, array in zip(next(iter(batches.dataset(3))), batches[3], strict=True):
        np.testing.assert_array_equal(tensor, array)


def test_a_folder_with_a_dot_keeps_its_name_and_hidden_ones_are_no_styles(styles):
    (styles / ".cache").mkdir()
    (styles / "song").rename(styles / "van.gogh")
    assert list(Batches(STYLES, plain(0), styles).styles) == ["monet", "van.gogh"]


def test_one_picture_may_be_a_style(styles):
    batches = Batches(STYLES, plain(0), [styles / "monet", styles / "song" / "120.png"])
    assert list(batches.styles) == ["monet", "120"]


def test_two_styles_of_one_name_are_told(styles, tmp_path):
    (tmp_path / "monet").mkdir()
    with pytest.raises(BadData, match="Two of the styles are called 'monet'"):
        Batches(STYLES, plain(0), [styles / "monet", tmp_path / "monet"])


# Crops from a grid, and the decay


GRID = Recipe(image_size=8, load_size=64, batch_size=4, crops="grid:source_zoom=(1, 3),flip=false")


def test_grid_crops_of_a_batch_do_not_overlap():
    ramp = np.zeros((64, 96, 3), "uint8")
    ramp[..., 0], ramp[..., 1] = np.arange(64)[:, None] * 4, np.arange(96) * 2  # colours tell the place
    batches = Batches(GRID, Image.fromarray(ramp), noise(1, 64, 64))
    ratios = set()
    for n in range(8):
        crops = (batches[n][0] + 1) * 127.5
        places = [crop[4, 4, :2] / (4, 2) for crop in crops]  # row and column in the picture
        height, width = ((crops[0, -1, 4, 0] - crops[0, 0, 4, 0]) / 4, (crops[0, 4, -1, 1] - crops[0, 4, 0, 1]) / 2)
        for i, (row, column) in enumerate(places):
            for other_row, other_column in places[:i]:
                assert abs(row - other_row) > height or abs(column - other_column) > width
        assert 6 < height < 25
        assert 6 < width < 25  # 7 of 8 pixels, one to three times as large
        ratios.add(round(float(height / width), 1))
    assert len(ratios) > 3  # height and width are zoomed each for itself


def test_grid_begins_anew_where_a_picture_has_too_few_places():
    batches = Batches(
        GRID.changed(batch_size=9, load_size=16, **{"crops.source_zoom": (1, 1)}), noise(0, 16, 16), noise(1, 16, 16)
    )
    assert batches[0][0].shape == (9, 8, 8, 3)


def test_decay_of_a_longer_training_is_at_its_end():
    warmup = "generator-only:epochs=1,losses=['lsgan']"
    recipe = Recipe(schedule="linear:epochs=3,decay_epochs=2", steps_per_epoch=2, warmup=warmup)
    assert [recipe.changed(steps=steps).resolve().decay_begins for steps in (None, 5, 12, 20)] == [8, 8, 8, 16]


def test_crops_show_the_whole_shorter_side_in_the_decay_epochs():
    picture = noise(2, 20, 20)
    schedule = "linear:epochs=3,decay_epochs=2"
    part = Recipe(image_size=16, load_size=20, schedule=schedule, steps_per_epoch=2, crops="random:flip=false")
    whole_in_decay = part.changed(**{"crops.whole_in_decay": True})
    before = [Batches(recipe, picture, picture)[5] for recipe in (whole_in_decay, part)]
    assert same(*before)
    whole = np.asarray(picture.resize((16, 16), Image.Resampling.LANCZOS), "float32") / 127.5 - 1
    np.testing.assert_allclose(Batches(whole_in_decay, picture, picture)[6][0][0], whole, atol=1e-6)
