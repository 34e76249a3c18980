"""The benchmarks: variants take turns, both sides are alike, and the page has the figures of the CSV files."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import pytest

from tests.benchmarks import flops, measuring, page, rows, turns
from tests.benchmarks.variants import TINY, Variant

ROOT = Path(__file__).parent.parent
ROW = rows.Row(
    "2026-11-26", "Some GPU", 4, "2.21.0", "3.15.1", "2.13.0", "steps", "cyclegan", "float32", "stylezoo",
    0.5, 0.25, 1.5, "s", 3e12, 6e12, 0.8,
)  # fmt: skip


def variant(name, seconds, log, **facts):
    """A variant whose turns take these seconds; it fails when there are no more."""

    def turn():
        log.append(name)
        if not left:
            raise turns.Failed("too tired")
        return {"seconds": left.pop(0)}

    left = list(seconds)
    prepared = SimpleNamespace(turn=turn, facts=facts, close=lambda: log.append(f"{name} ends"))
    return Variant("run", name, lambda: prepared, "float32")


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(turns, "PAUSE", 0)


def test_variants_take_turns_and_end():
    log = []
    pair = [variant("a", [1, 3, 2], log), variant("b", [4, 4, 4], log)]
    found = turns.measured({each: each.start for each in pair}, 3, lambda line: None)
    assert log == [*"ababab", "b ends", "a ends"]
    assert measuring.summary(pair[0], found[pair[0]]) == turns.Summary(1.5, 2, 2.5)


def test_variant_that_fails_is_told_and_the_others_go_on():
    log = []
    pair = [variant("a", [1], log), variant("b", [4, 4, 4], log)]
    found = turns.measured({each: each.start for each in pair}, 3, lambda line: None)
    assert found[pair[0]] == "too tired"
    assert len(found[pair[1]][1]) == 3


def machine():
    """A machine whose ceilings are known, without measuring them."""
    one = measuring.Machine.__new__(measuring.Machine)
    vars(one).update(
        rounds=3, torch="2.13.0", say=lambda line: None, device="Some GPU",
        about={"cores": 2, "tensorflow": "2.21.0", "keras": "3.15.1"}, ceilings={"float32": 100.0},
    )  # fmt: skip
    return one


def test_rows_compare_with_the_best_of_pytorch():
    alike = {"weights": {"generator": 7}, "networks": {"generator": 10}}
    group = [
        replace(variant("stylezoo", [4, 4, 4], [], **alike), operations=lambda networks: 2 * networks["generator"]),
        variant("torch", [8, 8, 8], [], **alike),
        variant("torch, compiled", [5, 5, 5], [], note="NCHW", **alike),
    ]
    ours, eager, compiled = machine().measure("steps", group)
    assert (ours.median, ours.flop_per_s, ours.ceiling, ours.ratio_to_torch) == (4, 5, 100, 0.8)
    assert (eager.median, eager.ratio_to_torch) == (8, "")
    assert compiled.note == "NCHW"


@pytest.mark.parametrize("other", [{"weights": {"generator": 8}}, {"networks": {"generator": 11}}, {"counted": 30}])
def test_different_work_is_not_compared(other):
    facts = {"weights": {"generator": 7}, "networks": {"generator": 10}}
    group = [variant("stylezoo", [1], [], **facts), variant("torch", [1], [], **{**facts, **other})]
    twice = [replace(each, operations=lambda networks: 2 * networks["generator"]) for each in group]
    found = turns.measured({each: each.start for each in twice}, 1, lambda line: None)
    with pytest.raises(measuring.NotAlike):
        measuring.check_alike(found)


def test_operations_of_a_network_are_those_of_its_layers():
    from tests.benchmarks import zoo

    picture = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(5, 3, 2, padding="same")(picture)
    x = keras.layers.Conv2DTranspose(4, 3, 2, padding="same")(x)
    x = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x))
    network = keras.Model(picture, x)
    assert zoo.operations(network, 8) == 2 * (9 * 3 * 5 * 4 * 4 + 9 * 5 * 4 * 4 * 4 + 4 * 2)


def test_every_measured_model_has_its_formula():
    assert TINY.keys() == flops.STEPS.keys()
    # Six passes of a generator with both gradients; of the discriminators four with both, and two with one of them.
    assert flops.of_step("cyclegan", 3, {"generator": 100, "discriminator": 10}) == 3 * (6 * 300 + 4 * 30 + 2 * 20)


def test_rows_replace_those_of_the_same_job(tmp_path):
    file = tmp_path / "new" / "gpu.csv"
    other = replace(ROW, job="cut", ratio_to_torch="", note="NCHW")
    rows.write(file, [ROW, other])
    assert rows.read(file) == [ROW, other]
    again = replace(ROW, median=0.75)
    assert rows.merged(rows.read(file), [again]) == [again, other]


def test_table_shows_a_row():
    cells = page.table([ROW, replace(ROW, median="", job="a | <b>", note="no memory")]).splitlines()
    assert cells[2] == "| cyclegan | float32 | stylezoo | 500 ms | 250 ms to 1.5 s | 3 | 50% | 0.80 |  |"
    assert cells[3] == r"| a \| &lt;b&gt; | float32 | stylezoo |  |  |  |  |  | no memory |"


def test_page_has_the_figures_of_the_files():
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.filled(text, page.read_all()) == text, "run python -m tests.benchmarks --page"


@pytest.mark.long
def test_benchmark_runs(tmp_path):
    file = tmp_path / "rows.csv"
    command = ["-m", "tests.benchmarks", "steps", "--only", "cyclegan", "--quick", "--torch-python", "none"]
    done = subprocess.run([sys.executable, *command, "--out", file], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "There are no rows of PyTorch" in done.stderr
    found = [row for row in rows.read(file) if row.section == "steps"]
    assert [(row.job, row.precision) for row in found] == [("cyclegan", "float32"), ("cyclegan", "mixed_bfloat16")]
    for row in found:
        assert 0 < row.lower <= row.median <= row.upper
        assert row.flop_per_s > 0 < row.ceiling
        assert row.unit == "s"
        assert all((row.date, row.device, row.cores, row.tensorflow, row.keras))
