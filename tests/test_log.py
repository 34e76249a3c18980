"""The log of a training is whole rows of increasing steps, whatever a crash or an editor left."""

import csv

import pytest

from stylezoo.runs import log
from stylezoo.runs.folder import RunFolder

HEAD = "step,seconds,a,b"


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_a_new_log_has_its_header_only(folder):
    assert log.begin(folder, ["a", "b"], 0) == (0.0, "")
    assert rows(folder / "log.csv") == [HEAD.split(",")]
    assert log.rows(folder / "log.csv") == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_rows_up_to_the_present_step_are_kept_however_an_editor_wrote_them(mark, end, folder):
    text = mark + end.join([HEAD, "1,0.5,1,2", "", "2,1.5,nan,-inf", "3,9,1e-05,2"]) + end
    (folder / "log.csv").write_text(text, encoding="utf-8", newline="")
    assert log.begin(folder, ["a", "b"], 2) == (1.5, "")
    assert rows(folder / "log.csv") == [HEAD.split(","), ["1", "0.5", "1", "2"], ["2", "1.5", "nan", "-inf"]]


@pytest.mark.parametrize(
    "broken",
    [
        b"2,abc,1,2", b"2", b"2,1", b"2,1.0,1,2,3", b"2,\xff\xfe\0,1,2", b"\0\0\0", b"x,1,1,2", b"-1,1,1,2", b"1,9,1,2",
        "\u00b2,1,1,2".encode(), b"2," + b"9" * 200_000 + b"x,1,2", b'"2', b"9" * 400 + b",1,1,2", b"2,1,0x1,2",
    ],
    ids=range(14),
)  # fmt: skip
def test_a_broken_row_is_left_out_and_told(broken, folder):
    (folder / "log.csv").write_bytes(f"{HEAD}\n1,0.5,1,2\n".encode() + broken + b"\n3,1.5,1,2\n")
    assert [row[0] for row in log.rows(folder / "log.csv")] == ["step", "1", "3"]
    assert log.begin(folder, ["a", "b"], 5) == (1.5, "log.csv had 1 broken row, which is left out.")
    assert [row[0] for row in rows(folder / "log.csv")] == ["step", "1", "3"]


@pytest.mark.parametrize("content", [b"step,seconds,other\n1,0.5,1\n", b"\x89PNG\r\n\x1a\n\0\0", b"\n", b"a,b"])
def test_another_log_is_kept_under_another_name(content, folder):
    (folder / "log-1.csv").write_text("mine")
    (folder / "log.csv").write_bytes(content)
    seconds, note = log.begin(folder, ["a", "b"], 5)
    assert (seconds, note) == (
        0.0, "log.csv is not that of this training: it is kept as log-2.csv, and a new one begins."
    )  # fmt: skip
    assert (folder / "log-2.csv").read_bytes() == content
    assert rows(folder / "log.csv") == [HEAD.split(",")]


def test_an_empty_or_lost_log_is_told(folder):
    assert log.begin(folder, ["a", "b"], 5)[1] == "log.csv was lost, and begins anew."
    (folder / "log.csv").write_bytes(b"")
    assert log.begin(folder, ["a", "b"], 5)[1] == "log.csv was lost, and begins anew."
