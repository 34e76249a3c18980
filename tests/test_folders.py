"""What is found in a folder: the user's pictures, each once; what cannot be read is named with what to do."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylezoo.data.album import Album
from stylezoo.data.domains import Pictures
from stylezoo.errors import BadData, BadPicture
from stylezoo.pictures import files, folders

HIDDEN = [
    ".ipynb_checkpoints",
    "__MACOSX",
    "@eaDir",
    ".Trash-1000/files",
    "$RECYCLE.BIN/S-1-5",
    "System Volume Information",
    ".thumbnails",
    "lost+found",
    "#recycle",
]


def picture(path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path, **options)
    return path


def names(folder):
    return [path.relative_to(folder).as_posix() for path in folders.pictures(folder).pictures]


def test_what_belongs_to_the_system_is_not_found(tmp_path):
    picture(tmp_path / "deep" / "a.png")
    for folder in HIDDEN:
        picture(tmp_path / folder / "b.png")
        picture(tmp_path / "deep" / folder.upper() / "b.png")
    for name in ("._a.png", ".hidden.jpg"):
        picture(tmp_path / name)
    assert names(tmp_path) == ["deep/a.png"]
    assert folders.subfolders(tmp_path) == [tmp_path / "deep"]
    assert Album.of(tmp_path).by_style().names == ("deep",)


@pytest.mark.parametrize("name", [".hidden", "__MACOSX"])
def test_a_folder_that_the_user_names_is_read_whatever_it_is_called(name, tmp_path):
    picture(tmp_path / name / "a.png")
    assert names(tmp_path / name) == ["a.png"]


def test_linked_folders_are_followed_once(tmp_path):
    picture(tmp_path / "in" / "real" / "a.png")
    picture(tmp_path / "out" / "b.png")
    for link, target in (("aa", "real"), ("l1", "../out"), ("l2", "../out"), ("real/loop", ".."), ("itself", "itself")):
        (tmp_path / "in" / link).symlink_to(target, target_is_directory=True)
    assert names(tmp_path / "in") == ["l1/b.png", "real/a.png"]


def test_what_cannot_be_read_is_said_by_kinds(tmp_path, monkeypatch):
    picture(tmp_path / "a.png")
    for name in ("b.HEIC", "c.heif", "d.jxl", "e.CR2", "f.mp4", "notes.txt", "IMG_1.aae"):
        (tmp_path / name).touch()
    (tmp_path / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "locked").mkdir()
    scan = os.scandir

    def refusing(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = folders.pictures(tmp_path)
    assert [path.name for path in found.pictures] == ["a.png"]
    said = "\n".join(sorted(found.left_out))
    assert (
        f"2 HEIC files are left out, such as '{tmp_path}/b.HEIC'. 'pip install pillow-heif' (the extra 'heif') makes"
        in said
    )
    assert f"1 camera raw file is left out, such as '{tmp_path}/e.CR2'. Develop" in said
    assert f"'{tmp_path}/gone.png' is left out: it is a link to nothing." in said
    assert f"The folder '{tmp_path}/locked' cannot be read: Permission denied." in said
    assert len(found.left_out) == 6


def test_a_folder_with_nothing_else_says_it_as_well(tmp_path):
    (tmp_path / "a.heic").touch()
    with pytest.raises(BadData, match=r"holds no picture files\. 1 HEIC file is left out.*pillow-heif"):
        _ = Album.of(tmp_path).items


def test_a_training_notes_what_it_does_not_use(tmp_path):
    picture(tmp_path / "a.gif", save_all=True, append_images=[Image.new("RGB", (8, 8), "red")])
    picture(tmp_path / "b.tif", save_all=True, append_images=[Image.new("RGB", (8, 8))] * 2)
    picture(tmp_path / "c.png")
    (tmp_path / "d.heic").touch()
    heic, several = Pictures(tmp_path, 8).notes
    assert heic.startswith("1 HEIC file is left out")
    assert several == (f"2 files have several frames or pages, such as '{tmp_path}/a.gif'; the first of each is used.")
    assert Pictures(tmp_path / "b.tif", 8).notes == [f"'{tmp_path}/b.tif' has 3 pages; the first is used."]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC file"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "a HEIC file"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0avifmif1miaf", "an AVIF file"),
        (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "a camera raw file"),
        (b"\0\0\0\x14ftypisom\0\0\0\0mp42", "a video file"),
        (b"\xff\x0a\0\0", "a JPEG XL file"),
        (b"v/1\x01\x02\0\0\0", "a high dynamic range file"),
        (b"#?RADIANCE\n", "a high dynamic range file"),
        (b"PF\n1 1\n-1.0\n" + bytes(12), "a high dynamic range file"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "a vector file"),
        (b"%PDF-1.7", "a PDF file"),
    ],
)
def test_a_file_is_what_its_bytes_say_whatever_it_is_called(content, said, tmp_path):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(BadPicture, match=f"a.jpg' is {said}, which cannot be read here. [A-Z'].*"):
        files.open_picture(tmp_path / "a.jpg")
    with pytest.raises(BadPicture, match=f"^The file is {said}"):
        files.open_picture(io.BytesIO(content))


def test_a_file_object_is_a_picture(tmp_path):
    pixels = np.arange(8 * 6 * 3, dtype="uint8").reshape(8, 6, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    with open(tmp_path / "a.png", "rb") as file:
        for given in (file, io.BytesIO((tmp_path / "a.png").read_bytes())):
            assert np.array_equal(files.open_picture(given), pixels)
            assert np.array_equal(Album.of(given).items[0].open(), pixels)


def test_the_extra_heif_registers_itself(python):
    """With a stand-in for pillow-heif, which the tests do not need."""
    code = (
        "import sys, types, importlib.machinery\n"
        "fake = types.ModuleType('pillow_heif')\n"
        "fake.__spec__ = importlib.machinery.ModuleSpec('pillow_heif', None)\n"
        "def register_heif_opener():\n"
        "    from PIL import Image\n"
        "    Image.register_open('HEIF', None); Image.register_extensions('HEIF', ['.heic', '.heif'])\n"
        "fake.register_heif_opener = register_heif_opener\n"
        "sys.modules['pillow_heif'] = fake\n"
        "from pathlib import Path\n"
        "from stylezoo.pictures import files\n"
        "print('.heic' in files.SUFFIXES, files.is_writable(Path('a.heic')))\n"
    )
    assert python("-c", code).stdout == "True False\n"
