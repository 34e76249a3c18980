"""Data modes and crops: what they refuse, and one of each from outside, with one class and no edit elsewhere."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylezoo import Recipe
from stylezoo.data.album import Item
from stylezoo.data.batches import Batches
from stylezoo.data.crops import Crops
from stylezoo.data.modes import DataMode
from stylezoo.data.paired import cut_pairs, read_pairs
from stylezoo.errors import BadData, BadRecipe

SIZES = {"image_size": 16, "load_size": 20, "batch_size": 2, "seed": 3}
RECIPE = Recipe(**SIZES)


def plain(value):
    return Image.new("RGB", (24, 24), (value, value, value))


def grey(crops):
    return np.rint((crops.mean(axis=(1, 2, 3)) + 1) * 127.5).astype(int).tolist()


@pytest.fixture
def known():
    """Takes the choices that a test adds away again."""
    before = [(root, dict(root.known)) for root in (DataMode, Crops)]
    yield
    for root, names in before:
        root.known.clear()
        root.known.update(names)


# From outside


@pytest.fixture
def by_csv(known):
    class ByCSV(DataMode, name="csv"):
        """Pairs that a CSV file tells, a row for each: source, ground truth."""

        def __init__(self, file: str):
            self.file = Path(file)

        def complete(self, source, style):
            return source, style

        def domains(self, source, style, read):
            with open(self.file, newline="") as file:
                rows = [[Item(self.file.parent / name) for name in row] for row in csv.reader(file)]
            return read_pairs(source, style, rows, read)

        def batch(self, batches, numbers):
            return cut_pairs(batches, numbers)


def test_a_data_mode_from_outside_is_one_class(by_csv, tmp_path):
    for value in (10, 20, 30):
        plain(value).save(tmp_path / f"photo-{value}.png")
        plain(value + 100).save(tmp_path / f"drawing-{value}.png")
    (tmp_path / "pairs.csv").write_text("".join(f"photo-{v}.png,drawing-{v}.png\n" for v in (10, 20, 30)))
    batches = Batches(Recipe(**SIZES, data=f"csv:file={tmp_path / 'pairs.csv'}"), None, None)
    seen = [(grey(source), grey(style)) for source, style in (batches[n] for n in range(3))]
    assert all(style == [value + 100 for value in source] for source, style in seen)
    assert {value for source, _ in seen for value in source} == {10, 20, 30}
    assert batches.steps_per_epoch == 1
    assert [row["pictures"] for row in batches.data.card_rows(batches.source, batches.styles)] == [3, 3]
    name, shown = batches.data.shown(batches, 1)[0]
    assert (name, shown.getpixel((0, 0))) == ("", (120, 120, 120))


def test_a_half_made_data_mode_fails_with_a_sentence(known):
    class Half(DataMode, name="half"):
        def domains(self, source, style, read):
            return read(source), {"": read(style)}

    with pytest.raises(BadRecipe, match=r"data is 'half', whose class Half is unfinished: .*batch.*complete"):
        Recipe(data="half").resolve()


def test_crops_from_outside_are_one_class(known):
    class Corner(Crops, name="corner"):
        """The upper left corner of each picture."""

        def cut(self, stream, numbers):
            return [stream.pixels(i)[: stream.sizes.side, : stream.sizes.side] for i in numbers]

    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype="uint8")
    source, _ = Batches(Recipe(**SIZES, crops="corner"), Image.fromarray(pixels), plain(0))[7]
    np.testing.assert_array_equal(source[1], pixels[:16, :16].astype("float32") / 127.5 - 1)


# What cannot be


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"data": "paired", "crops": "random:turn_style=true"}, "turn_style is true; it would take source and ground"),
        ({"data": "paired", "crops": "grid"}, "crops is 'grid' and data is 'paired'; they are for unpaired data only"),
        ({"data": "named-styles", "crops": "grid"}, "crops is 'grid' and data is 'named-styles'; they are for"),
        ({"data": "named-styles", "two_way": True}, "a model of several styles has no one way back"),
        ({"data": "paired:match_tones=true"}, "has no option 'match_tones'. It takes: direction"),
        ({"crops": "grid:turn_style=true"}, "has no option 'turn_style'"),
        ({"data": "unpaired:direction=AB"}, "direction is 'AB'; it can be AtoB, BtoA"),
        ({"data": "named-styles:names=['a', 'a']"}, "no name can be there twice"),
        ({"data": "named-styles:names=monet"}, "names is 'monet'; it must be a list of names"),
        ({"data": "named-styles:names=['a', 'b'],added=2"}, "added is 2; it needs names of styles before"),
        ({"data": "named-styles:names=['a', 'b'],added=-1"}, "added is -1; it needs names"),
        ({"data": "named-styles:names=['a', 'b'],added=1,match_tones=true"}, "all styles of a model share their tones"),
        ({"crops": "random:source_zoom=(2, 1)"}, "source_zoom is .*; it must be two numbers above 0, the smaller"),
        ({"crops": "random:source_zoom=2"}, "source_zoom"),
        ({"crops": "grid:style_zoom=(0, 1)"}, "style_zoom is .*; it must be two numbers above 0"),
    ],
)
def test_what_cannot_be_is_one_sentence(fields, said):
    with pytest.raises(BadRecipe, match=said) as caught:
        Recipe(**fields).resolve()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"data": "unpaired:match_tones=true", "crops": "grid", "two_way": True},
        {"data": "unpaired:match_tones=true", "crops": "random:turn_style=true,whole_in_decay=true"},
        {"data": "paired", "crops": "random:whole_in_decay=true", "two_way": True},
        {"data": "named-styles:names=['a']", "crops": "random:turn_style=true"},
    ],
)
def test_all_else_can_be(fields):
    Recipe(**fields).resolve()


def test_named_pictures_are_refused_where_batches_have_no_labels():
    with pytest.raises(BadData, match="learns one style, and these are named ones: a, b"):
        Batches(RECIPE, plain(0), {"a": plain(1), "b": plain(2)})


def test_an_empty_list_is_not_taken_for_the_sample():
    with pytest.raises(BadData, match="no picture that can be used"):
        Batches(RECIPE, plain(0), [])


# Bit for bit


def drawn(count, width=20, height=20):
    random = np.random.default_rng([count, width])
    return [Image.fromarray(random.integers(0, 256, (height, width, 3), dtype="uint8")) for _ in range(count)]


@pytest.mark.parametrize(
    ("changes", "style", "expected"),
    [
        ({}, lambda: drawn(3), "024ae38d047b2548"),
        ({"crops": "random:turn_style=true"}, lambda: drawn(3), "fdc99b8fbc0563ed"),
        ({"crops": "grid", "image_size": 8}, lambda: drawn(3), "5a953fc2236fd0fd"),
        ({"data": "paired"}, lambda: drawn(4, 24), "6528534d2f79e37e"),
        ({"data": "named-styles"}, lambda: {"a": drawn(2), "b": drawn(1)}, "dbe4982f80d3959e"),
    ],
)
def test_batches_are_those_of_version_0_1(changes, style, expected):
    """Of crops that nothing is scaled for, so that no rounding decides; hashes are of batches of 0.1.0."""
    recipe = Recipe(**{"image_size": 16, "load_size": 20, "batch_size": 3, "seed": 3, **changes})
    batches, digest = Batches(recipe, drawn(4, 24), style()), hashlib.sha256()
    for n in (0, 1, 2, 7, 1000):
        for array in batches[n]:
            digest.update(array.tobytes())
    assert digest.hexdigest()[:16] == expected


def test_every_style_has_a_name():
    with pytest.raises(BadRecipe, match="every style needs a name"):
        Recipe(data="named-styles:names=['', 'b']").resolve()
