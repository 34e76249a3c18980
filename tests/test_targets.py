"""Which pictures are redrawn, and into which files: nothing is drawn here, nothing is lost there."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylezoo.errors import BadPicture, UsageError
from stylezoo.pictures import files
from stylezoo.pictures.targets import targets


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(path, **options):
    """A small picture in a new file, in the format of its suffix."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (2, 2)).save(path, **options)
    return path


def told(*pictures, out=None):
    """The targets as strings, relative to where we are."""
    found = targets([Path(each) for each in pictures], out and Path(out))
    return {str(one): str(other) for one, other in found.items()}


# Single pictures


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("a.jpg", "a-stylized.png"),
        ("a.tiff", "a-stylized.png"),
        ("in/b.png", "in/b-stylized.png"),
        ("a.gif", "a-stylized.gif"),  # it may be an animation
        ("a.WebP", "a-stylized.webp"),
        ("two.words.jpeg", "two.words-stylized.png"),
    ],
)
def test_result_of_a_picture_lies_beside_it(name, result):
    assert told(name) == {name: result}


def test_result_may_be_a_file_of_any_name_and_format():
    assert told("a.jpg", out="new/b.webp") == {"a.jpg": "new/b.webp"}
    assert told("a.gif", out="b.jpg") == {"a.gif": "b.jpg"}


def test_out_without_a_suffix_is_a_folder():
    assert told("a.jpg", out="results") == {"a.jpg": "results/a-stylized.png"}
    assert told("a.jpg", "in/b.gif", out="results") == {
        "a.jpg": "results/a-stylized.png",
        "in/b.gif": "results/b-stylized.gif",
    }


def test_folder_with_a_dot_in_its_name_is_a_folder(here):
    (here / "results.v2").mkdir()
    assert told("a.jpg", out="results.v2") == {"a.jpg": "results.v2/a-stylized.png"}


def test_picture_that_is_named_twice_is_drawn_once():
    assert told("a.jpg", "./a.jpg") == {"a.jpg": "a-stylized.png"}


# Folders


def test_results_of_a_folder_keep_names_subfolders_and_formats():
    for name in ("a.jpg", "b.PNG", "deep/er/c.webp", "deep/d.gif", "e.bmp", "f.tiff"):
        picture(f"photos/{name}")
    Path("photos/notes.txt").write_text("no picture")
    expected = {f"photos/{name}": f"photos-stylized/{name}" for name in ("a.jpg", "b.PNG", "e.bmp", "f.tiff")}
    expected |= {f"photos/deep/{name}": f"photos-stylized/deep/{name}" for name in ("d.gif", "er/c.webp")}
    assert told("photos") == told("photos/") == expected


@pytest.mark.parametrize("suffix", [".psd", ".ICO", ".icns", ".xbm", ".blp"])
def test_format_that_cannot_hold_any_result_becomes_png(suffix):
    """Pillow does not write it, or only small, square or black and white pictures."""
    picture("photos/a.jpg")
    Path(f"photos/b{suffix}").touch()
    assert told("photos")[f"photos/b{suffix}"] == "photos-stylized/b.png"


@pytest.mark.filterwarnings("ignore:IM image format")
def test_every_format_that_is_kept_holds_a_result_whole(here):
    result = Image.linear_gradient("L").resize((301, 200)).convert("RGB")
    for suffix in sorted(files.SUFFIXES):
        Path(f"photos/{suffix[1:]}").mkdir(parents=True)
        Path(f"photos/{suffix[1:]}/a{suffix}").touch()
    for target in targets([here / "photos"]).values():
        files.save_picture(result, target)
        with Image.open(target) as image:
            assert image.size == (301, 200), target
            shown = np.asarray(image.convert("RGB")).astype(int)
        assert np.abs(shown - np.asarray(result)).mean() < 5, target


def test_results_of_a_folder_lie_where_it_is_said():
    picture("photos/in/a.jpg")
    assert told("photos", out="new/place") == {"photos/in/a.jpg": "new/place/in/a.jpg"}


def test_folders_and_pictures_go_together():
    picture("photos/a.jpg")
    picture("others/b.jpg")
    assert told("photos", "others", "c.jpg") == {
        "photos/a.jpg": "photos-stylized/a.jpg",
        "others/b.jpg": "others-stylized/b.jpg",
        "c.jpg": "c-stylized.png",
    }


def test_results_inside_of_the_folder_are_not_drawn_again():
    picture("photos/a.jpg")
    picture("photos/done/a.jpg")
    picture("photos/done/in/b.jpg")
    picture("photos/done-not/c.jpg")  # no result, only called like the folder of results
    assert told("photos", out="photos/done") == {
        "photos/a.jpg": "photos/done/a.jpg",
        "photos/done-not/c.jpg": "photos/done/done-not/c.jpg",
    }


def test_results_may_lie_in_the_folder_that_holds_the_folder():
    picture("photos/in/a.jpg")
    assert told("photos", out=".") == {"photos/in/a.jpg": "in/a.jpg"}


def test_folder_where_we_are_has_its_results_beside_it(here, monkeypatch):
    picture("photos/in/a.jpg")
    monkeypatch.chdir(here / "photos")
    (target,) = targets([Path(".")]).values()
    assert target.resolve() == here / "photos-stylized/in/a.jpg"
    monkeypatch.chdir(here / "photos/in")
    (target,) = targets([Path("..")]).values()
    assert target.resolve() == here / "photos-stylized/in/a.jpg"


@pytest.mark.parametrize("content", [None, "notes.txt"])
def test_folder_without_pictures_is_told(content):
    Path("photos").mkdir()
    if content:
        Path("photos", content).write_text("no picture")
    with pytest.raises(UsageError, match="The folder 'photos' holds no picture files"):
        told("photos")


# What would be lost


@pytest.mark.parametrize("pictures", [["in/a.jpg", "in"], ["in", "in/a.jpg"], ["in", "./in/../in/a.jpg"]])
def test_picture_that_is_named_itself_and_through_its_folder_is_refused(pictures):
    picture("in/a.jpg")
    picture("in/b.jpg")
    with pytest.raises(UsageError, match=r"a\.jpg' would be drawn twice, as 'in.*' and as 'in.*'; name it in one way"):
        told(*pictures)


def test_picture_and_its_folder_that_lies_in_a_folder_are_refused():
    picture("photos/in/a.jpg")
    with pytest.raises(UsageError, match="would be drawn twice"):
        told("photos", "photos/in")


def test_link_to_a_picture_is_a_picture_of_its_own(here):
    picture("in/a.jpg")
    (here / "in/b.jpg").symlink_to(here / "in/a.jpg")
    assert told("in") == {"in/a.jpg": "in-stylized/a.jpg", "in/b.jpg": "in-stylized/b.jpg"}


@pytest.mark.parametrize("suffix", [".xyz", ".h5", ".ICO"])
def test_file_that_cannot_be_written_is_refused_as_saving_does(suffix):
    with pytest.raises(UsageError) as caught:
        told("a.jpg", out=f"b{suffix}")
    with pytest.raises(BadPicture) as saved:
        files.save_picture(Image.new("RGB", (2, 2)), f"b{suffix}")
    assert str(caught.value) == str(saved.value)


def test_names_that_no_file_can_have_are_no_folders():
    long = "a" * 300
    assert told(f"{long}.jpg") == {f"{long}.jpg": f"{long[:242]}-stylized.png"}
    assert told("a.jpg", out=f"{long}.png") == {"a.jpg": f"{long}.png"}


@pytest.mark.parametrize(
    ("pictures", "out"), [(["a.jpg"], "in/m.png"), (["a.jpg"], "./in/../in/m.png"), (["photos"], "in")]
)
def test_what_shall_be_kept_is_not_overwritten(pictures, out):
    picture("photos/m.png")
    with pytest.raises(UsageError, match=r"would take the place of the picture '.*/in/m\.png'; name another with -o"):
        targets([Path(each) for each in pictures], Path(out), keep=[Path("in/m.png")])


@pytest.mark.parametrize(
    ("pictures", "said"),
    [(["photos"], "'photos' is a folder"), (["a.jpg", "b.jpg"], "there are 2 pictures")],
)
def test_one_file_for_several_results_is_refused(pictures, said):
    picture("photos/a.jpg")
    with pytest.raises(UsageError, match=rf"'all\.png' is one file and {said}; name a folder"):
        told(*pictures, out="all.png")


@pytest.mark.parametrize(
    ("pictures", "out", "one", "other", "file"),
    [
        (["in/a.jpg", "on/a.png"], "results", "in/a.jpg", "on/a.png", "results/a-stylized.png"),
        (["photos", "others"], "results", "photos/a.jpg", "others/a.jpg", "results/a.jpg"),
    ],
)
def test_two_results_in_one_file_are_refused(pictures, out, one, other, file):
    picture("photos/a.jpg")
    picture("others/a.jpg")
    with pytest.raises(UsageError, match=f"'{one}' and '{other}' would be the same file, '{file}'"):
        told(*pictures, out=out)


def test_pictures_that_differ_in_the_suffix_only_keep_it_in_their_results():
    Path("photos").mkdir()
    for name in ("a.png", "a.ico", "b.ico", "b.cur", "c.jpg", "c.JPG", "d.psd", "e.png"):
        Path("photos", name).touch()
    notes = []
    found = {a.name: b.name for a, b in targets([Path("photos")], note=notes.append).items()}
    assert found == {
        "a.png": "a.png",
        "a.ico": "a.ico.png",
        "b.ico": "b.ico.png",
        "b.cur": "b.cur.png",
        "c.jpg": "c.jpg",
        "c.JPG": "c.JPG",
        "d.psd": "d.png",
        "e.png": "e.png",
    }
    (note,) = notes  # said once, with an example
    assert "the result of 'photos/a.ico' is 'photos-stylized/a.ico.png'" in note


def test_named_pictures_of_one_stem_have_results_of_their_own():
    assert told("a.jpg", "a.png", "b.jpg") == {
        "a.jpg": "a.jpg-stylized.png",
        "a.png": "a-stylized.png",
        "b.jpg": "b-stylized.png",
    }
    assert told("a.jpg", "a.JPG", out="out") == {"a.jpg": "out/a.jpg-stylized.png", "a.JPG": "out/a.JPG-stylized.png"}


@pytest.mark.parametrize(
    ("pictures", "out"),
    [
        (["a.jpg"], "a.jpg"),
        (["a.jpg"], "photos/../a.jpg"),
        (["a.jpg", "a-stylized.png"], None),
        (["photos"], "photos"),
        (["photos", "others"], "others"),
    ],
)
def test_no_picture_is_overwritten(pictures, out):
    picture("photos/a.jpg")
    picture("others/b.jpg")
    picture("others/a.jpg")
    with pytest.raises(UsageError, match=r"would take the place of the picture|would be the same file"):
        told(*pictures, out=out)


def test_picture_behind_a_link_is_not_overwritten(here):
    picture("a.jpg")
    (here / "link.jpg").symlink_to(here / "a.jpg")
    with pytest.raises(UsageError, match="would take the place of the picture"):
        told("link.jpg", out="a.jpg")


def test_a_link_to_itself_is_told_when_it_is_read(here):
    (here / "loop.jpg").symlink_to("loop.jpg")
    assert targets([Path("loop.jpg")], keep=[Path("loop.jpg")]) == {Path("loop.jpg"): Path("loop-stylized.png")}
    with pytest.raises(BadPicture, match="There is no file"):
        files.open_picture("loop.jpg")
