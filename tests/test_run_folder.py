"""The folder of a run: begun where nothing is, written in one go, by one training at a time."""

import signal
import subprocess
import sys

import pytest

from stylezoo.docs import pages
from stylezoo.errors import BadRun
from stylezoo.runs.folder import RunFolder

HOLDER = (
    "import sys, time; from stylezoo.runs.folder import RunFolder\n"
    "with RunFolder(sys.argv[1]).lock():\n"
    "    print('locked', flush=True); time.sleep(60)"
)


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


def names(folder):
    return sorted(each.name for each in folder.path.iterdir())


def test_a_folder_begins_where_nothing_is(folder):
    folder.check_empty()
    with folder.begin():
        folder.write_json(RunFolder.RECIPE, {"a": 1})
    assert names(folder) == [RunFolder.RECIPE]
    with pytest.raises(BadRun, match=r"is not empty\. Name another folder"), folder.begin():
        pass
    folder.write_json(RunFolder.PLACES, {})
    with pytest.raises(BadRun, match=r"is not empty\. Go on with 'stylezoo train --resume .*run', or name another"):
        folder.check_empty()


def test_a_file_and_a_folder_that_cannot_be_made_are_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadRun, match="is no folder"):
        RunFolder(tmp_path / "file").check_empty()
    within = RunFolder(tmp_path / "file" / "within")
    with pytest.raises(BadRun, match=r"Cannot write into '.*within': Not a directory"), within.begin():
        pass


def test_new_folders_are_numbered(tmp_path):
    assert RunFolder.new("acme/x", tmp_path).path == tmp_path / "x"
    (tmp_path / "x").mkdir()
    (tmp_path / "x-2").mkdir()
    assert RunFolder.new("x", tmp_path).path == tmp_path / "x-3"


def test_nobody_sees_half_a_file(folder):
    folder.write_text(RunFolder.LOG, "whole")
    with pytest.raises(UnicodeEncodeError):
        folder.write_text(RunFolder.LOG, "half\ud800")
    assert (folder / RunFolder.LOG).read_text() == "whole"
    assert names(folder) == [RunFolder.LOG]


@pytest.mark.parametrize("content", [None, "{", b"\xff"])
def test_what_cannot_be_read_is_told_in_one_line(content, folder):
    folder.path.mkdir()
    if content is not None:
        (folder / RunFolder.PLACES).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(BadRun, match=r"is damaged: pictures\.json cannot be read") as caught:
        folder.read_json(RunFolder.PLACES)
    assert "\n" not in str(caught.value)


def test_two_do_not_write_at_once_within_one_process(folder):
    with folder.lock():
        with pytest.raises(BadRun, match="is being written by another training"), RunFolder(folder).lock():
            pass
        with pytest.raises(BadRun, match="is being written by another training"), folder.begin():
            pass
    with folder.lock():
        assert names(folder) == [RunFolder.LOCK]
    assert names(folder) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_a_lock_goes_with_the_process_that_has_it_however_that_ends(folder):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, folder], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "locked\n"
    said = rf"is being written by another training, process {holder.pid} on .*\. Wait until it ends.*$"
    with pytest.raises(BadRun, match=said), folder.lock():
        pass
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert names(folder) == [RunFolder.LOCK]  # which a killed process leaves, and which locks nothing
    with folder.begin():
        folder.write_text(RunFolder.LOG, "")
    assert names(folder) == [RunFolder.LOG]


def test_documentation_lists_what_a_folder_holds():
    table = pages.filled("{{ run }}")
    assert "| `recipe.json` | the complete recipe, for `stylezoo train --recipe` | at the start |" in table
    assert all(f"| `{each.name}` |" in table for each in RunFolder.CONTENTS)


def test_a_folder_is_read_without_keras(python):
    done = python(
        "-c",
        "import sys, stylezoo.runs.card, stylezoo.runs.loading\n"
        "print({'keras', 'tensorflow', 'numpy', 'PIL', 'h5py'} & {*sys.modules})",
    )
    assert done.stdout == "set()\n", done.stderr
