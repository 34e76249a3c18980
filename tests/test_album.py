"""Pictures at the door: what a user may give, what is refused, and how a run folder keeps it."""

import json

import numpy as np
import pytest
from PIL import Image

from stylezoo.data.album import Album
from stylezoo.errors import BadData


def image(value=9):
    return Image.new("RGB", (8, 6), (value, value, value))


@pytest.fixture
def folder(tmp_path):
    """Two styles, of two pictures and of one."""
    for name in ("monet/1.png", "monet/deep/2.png", "song/3.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        image().save(tmp_path / name)
    return tmp_path


def described(album):
    return album.kind, album.name, len(album.items)


def test_whatever_is_given_is_read_once(folder):
    file = folder / "song" / "3.png"
    for given, expected in (
        (None, ("sample", "", 0)),
        (image(), ("image", "", 1)),
        (file, ("picture", "3.png", 1)),
        (str(folder / "monet"), ("folder", "monet", 2)),
        ([folder / "monet", str(file), image()], ("list", "", 4)),
        ((), ("list", "", 0)),
        ({"a": file, "b": [image(), folder / "monet"]}, ("named", "", 4)),
    ):
        album = Album.of(given)
        assert described(album) == expected
        assert album.is_given == (given is not None)
        assert Album.of(album) is album


def test_only_what_lies_in_a_folder_may_be_skipped(folder):
    required = [item.required for item in Album.of([folder / "monet", folder / "song" / "3.png", image()]).items]
    assert required == [False, False, True, True]


def test_home_is_expanded_in_what_a_user_gives_and_nowhere_else(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert Album.of("~/monet").path == folder / "monet"
    (folder / "~").mkdir()
    assert Album.from_plain("~", folder).path == folder / "~"


def test_what_is_no_picture_is_one_line(tmp_path):
    with pytest.raises(BadData, match=r"There is no file or folder '.*gone'"):
        Album.of([image(), tmp_path / "gone"])
    with pytest.raises(BadData, match="A ndarray is not a picture: give a path, a folder, a Pillow image, or a list"):
        Album.of(np.zeros((4, 4, 3)))


def test_halves_are_cut_from_the_middle_of_the_picture():
    pixels = np.arange(5 * 2 * 3, dtype="uint8").reshape(2, 5, 3)
    (item,) = Album.of(Image.fromarray(pixels)).items
    left, right = (np.asarray(half.open()) for half in item.halves())
    assert np.array_equal(left, pixels[:, :2])
    assert np.array_equal(right, pixels[:, 3:])
    assert [half.half for half in item.halves("BA")] == ["B", "A"]


def test_each_of_gives_styles_that_stand_alone_a_list(folder):
    for given, count in ((None, 0), ((), 0), (folder / "monet", 1), ([folder / "monet", image()], 2)):
        assert len(Album.each_of(given).parts) == count
    assert Album.each_of({"a": image()}).names == ("a",)


def test_styles_are_named_by_list_by_subfolder_or_by_hand(folder):
    assert Album.of(folder).by_style().names == ("monet", "song")
    assert Album.of(folder / "song").by_style().names == ("song",)
    assert Album.of([folder / "monet", folder / "song" / "3.png"]).by_style().names == ("monet", "3")
    named = Album.of({"q": image()})
    assert named.by_style() is named
    with pytest.raises(BadData, match="Two of the styles are called 'monet'"):
        Album.of([folder / "monet", folder / "monet"]).by_style()


@pytest.mark.parametrize(
    "make",
    [
        lambda p: None,
        lambda p: p / "monet",
        lambda p: [p / "monet", p / "song" / "3.png"],
        lambda p: {"a": p / "monet", "b": [p / "song", p / "song" / "3.png"]},
    ],
)
def test_a_run_folder_keeps_places_as_plain_data(make, folder, tmp_path):
    album = Album.of(make(folder))
    kept = json.loads(json.dumps(album.to_plain(tmp_path / "pictures" / "style.png", tmp_path)))
    assert not (tmp_path / "pictures").exists()
    again = Album.from_plain(kept, tmp_path)
    assert [str(item) for item in again.items] == [str(item) for item in album.items]
    assert (again.kind, again.names) == (album.kind, album.names)


def test_images_in_memory_are_written_into_the_run_folder(tmp_path):
    album = Album.of({"a": [image(1), image(2)], "b": image(3)})
    kept = album.to_plain(tmp_path / "run" / "pictures" / "style.png", tmp_path / "run")
    # The very names that version 0.1.0 gave them.
    assert kept == {"a": ["pictures/style-0-0.png", "pictures/style-0-1.png"], "b": "pictures/style-1.png"}
    (tmp_path / "run").rename(tmp_path / "moved")
    again = Album.from_plain(kept, tmp_path / "moved")
    assert [item.open().getpixel((0, 0))[0] for item in again.items] == [1, 2, 3]


def test_damaged_places_are_no_album(tmp_path):
    with pytest.raises(TypeError):
        Album.from_plain(3, tmp_path)
