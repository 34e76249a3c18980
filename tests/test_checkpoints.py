"""Checkpoints: when they are written, that there are two, and that damage is found."""

import os
import random

import pytest

from stylezoo.errors import BadOptions, BadRun
from stylezoo.runs import checkpoints
from stylezoo.runs.checkpoints import Rhythm
from stylezoo.runs.folder import RunFolder


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (500, Rhythm(steps=500)),
        ("500", Rhythm(steps=500)),
        ("90s", Rhythm(seconds=90)),
        ("5m", Rhythm(seconds=300)),
        (" 1.5 h ", Rhythm(seconds=5400)),
        (None, Rhythm()),
        (Rhythm(steps=3), Rhythm(steps=3)),
    ],
)
def test_a_rhythm_is_a_number_of_steps_or_a_time(given, wanted):
    assert Rhythm.of(given) == wanted


@pytest.mark.parametrize(
    "given", [0, -5, "0s", "5d", "m", "", "5 m 3", "1e3", 2.5, True, "١٢", "9" * 400, "1" * 10, []]
)
def test_another_rhythm_is_one_line(given):
    with pytest.raises(BadOptions, match=r"give a number of steps, such as 500, or a time, such as 90s, 5m or 1h\."):
        Rhythm.of(given)


def test_checkpoints_are_due_in_their_rhythm():
    """By default the first is written within the first minute, and writing takes at most a hundredth of the time."""
    assert Rhythm(steps=5).is_due(5, 0, None)
    assert not Rhythm(steps=5).is_due(4, 9999, 1)
    assert Rhythm(seconds=300).is_due(1, 300, 1)
    assert not Rhythm(seconds=300).is_due(9999, 299, 1)
    assert Rhythm().is_due(1, 59, None)
    assert not Rhythm().is_due(1, 59, 0.1)
    assert Rhythm().is_due(1, 60, 0.1)
    assert not Rhythm().is_due(1, 199, 2.0)
    assert Rhythm().is_due(1, 200, 2.0)


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


def write(folder, content):
    checkpoints.write(folder, lambda path: path.write_bytes(content))


def read(folder):
    """The newest content, without its seal, and what is told."""
    file, note = checkpoints.newest(folder)
    return file and file.read_bytes()[: -len(checkpoints.SEAL) - 64], note


@pytest.fixture(params=[True, False], ids=["hard links", "no hard links"])
def links(request, monkeypatch):
    """File systems such as exFAT have no hard links."""

    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    if not request.param:
        monkeypatch.setattr(os, "link", refused)


@pytest.mark.usefixtures("links")
def test_two_generations_are_kept_and_the_older_is_used_if_the_newer_is_damaged(folder):
    assert checkpoints.newest(folder) == (None, "")
    for content in (b"one", b"two", b"three"):
        write(folder, content)
    assert read(folder) == (b"three", "")
    assert sorted(each.name for each in (folder / "checkpoints").iterdir()) == [
        "before.weights.h5",
        "latest.weights.h5",
    ]
    newest = folder / RunFolder.CHECKPOINT
    newest.write_bytes(newest.read_bytes().replace(b"three", b"trhee"))
    told = "cannot be used: its checksum is another. The checkpoint before it is used."
    assert read(folder) == (b"two", f"checkpoints/latest.weights.h5 {told}")
    newest.write_bytes(newest.read_bytes()[:-1])
    told = "cannot be used: it is cut off, or its checksum is. The checkpoint before it is used."
    assert read(folder) == (b"two", f"checkpoints/latest.weights.h5 {told}")
    newest.unlink()
    told = "cannot be used: there is no such file. The checkpoint before it is used."
    assert read(folder) == (b"two", f"checkpoints/latest.weights.h5 {told}")
    (folder / RunFolder.CHECKPOINT_BEFORE).write_bytes(newest.with_name("before.weights.h5").read_bytes()[1:])
    with pytest.raises(BadRun, match=r"is damaged: checkpoints/before\.weights\.h5 cannot be read: its checksum"):
        checkpoints.newest(folder)


@pytest.mark.usefixtures("links")
def test_a_write_that_fails_leaves_both_as_they_are(folder):
    write(folder, b"one")
    write(folder, b"two")
    before = {each.name: each.read_bytes() for each in (folder / "checkpoints").iterdir()}

    def fails(path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        checkpoints.write(folder, fails)
    assert {each.name: each.read_bytes() for each in (folder / "checkpoints").iterdir()} == before


def test_a_checkpoint_of_a_former_version_has_no_checksum(folder):
    (folder / "checkpoints").mkdir(parents=True)
    (folder / RunFolder.CHECKPOINT).write_bytes(b"x")
    assert checkpoints.newest(folder) == (folder / RunFolder.CHECKPOINT, "")


def test_every_changed_byte_of_the_content_is_found(tmp_path):
    """A changed byte of the seal itself leaves the content whole."""
    file, content = tmp_path / "x", random.Random(0).randbytes(200)
    file.write_bytes(content)
    checkpoints.seal(file)
    sealed = file.read_bytes()
    assert sealed[:200] == content
    assert checkpoints.damage(file) == ""
    for place in range(len(content)):
        file.write_bytes(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])
        assert checkpoints.damage(file) == "its checksum is another"
