"""What is written for TensorBoard: losses as in the log, figures, learning rates and contact sheets, each step once."""

import csv
import io
import os

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from PIL import Image
from test_callbacks import RECIPE, Figures, started
from test_cli import noise

import stylezoo
from stylezoo import training
from stylezoo.cli import main
from stylezoo.errors import BadRun


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    picture = noise(tmp_path_factory.mktemp("pictures") / "x.png", 32, 24)
    return picture, picture


def events(folder):
    """All events of a run, in the order in which TensorBoard reads them."""
    files = sorted(map(str, (folder / "tensorboard").iterdir()))
    assert all("tfevents" in file for file in files)
    return [tf.compat.v1.Event.FromString(each.numpy()) for file in files for each in tf.data.TFRecordDataset(file)]


def values(folder):
    """The values of each tag by their steps, as TensorBoard knows them: a restart makes it forget later ones."""
    kept = []
    for event in events(folder):
        if event.session_log.status == tf.compat.v1.SessionLog.START:
            kept = [(step, value) for step, value in kept if step < event.step]
        kept += [(event.step, value) for value in event.summary.value]
    shown = {}
    for step, value in kept:
        shown.setdefault(value.tag, []).append((step, value))
    return shown


def steps_of(folder):
    return {tag: [step for step, _ in pairs] for tag, pairs in values(folder).items()}


@pytest.mark.long
def test_tensorboard_shows_the_rows_of_the_log_figures_and_sheets(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("stylezoo.training.callbacks.LOG_ROWS", 3)
    monkeypatch.setattr("stylezoo.training.callbacks.SHEETS", 2)
    run = tmp_path / "run"
    gan = stylezoo.train(RECIPE, *pictures, run, callbacks=Figures(1, 4), verbose=0, tensorboard=True)
    shown = values(run)
    with open(run / "log.csv", newline="") as file:
        for row in csv.DictReader(file):
            for name in [name for name in row if name not in ("step", "seconds")]:
                at = dict(shown[name])[int(row["step"])]
                assert at.simple_value == pytest.approx(float(row[name]), rel=1e-5)
    steps = steps_of(run)
    assert {*map(tuple, (steps[metric.name] for metric in gan.metrics))} == {(2, 4, 5)}
    assert steps["figure/strokes"] == [1, 4]
    assert [value.simple_value for _, value in shown["learning_rate/generator"]] == pytest.approx([2e-4] * 3)
    assert (steps["learning_rate/discriminator"], steps["contact sheet"]) == ([2, 4, 5], [3, 5])
    sheet = shown["contact sheet"][0][1].image
    with Image.open(run / "samples/step-000003.png") as kept:
        assert (sheet.width, sheet.height) == kept.size
        np.testing.assert_array_equal(Image.open(io.BytesIO(sheet.encoded_image_string)), kept)
    assert events(run)[0].file_version == "brain.Event:2"


class Fail(keras.callbacks.Callback):
    """Does something after step 3, once."""

    def __init__(self, what):
        super().__init__()
        self.what = what

    def on_train_batch_begin(self, batch, logs=None):
        if int(self.model.step) == 3 and self.what:
            what, self.what = self.what, None
            what(self.model)


def crash(model):
    raise RuntimeError("a crash")


def spoil(model):
    model.generator.set_weights([np.full_like(each, np.nan) for each in model.generator.get_weights()])


@pytest.mark.long
def test_a_resumed_run_goes_on_and_shows_each_step_once(pictures, tmp_path):
    run = started(pictures[0], tmp_path / "run")
    with pytest.raises(RuntimeError, match="a crash"):
        training.fit(run, Fail(crash), checkpoint_every=2, tensorboard=True)
    assert steps_of(tmp_path / "run")["generator"] == [1, 2, 3]
    resumed = training.resume(tmp_path / "run")
    assert resumed.step == 2
    training.fit(resumed)  # it is not asked for a second time
    assert len(list((tmp_path / "run/tensorboard").iterdir())) == 2
    assert steps_of(tmp_path / "run")["generator"] == steps_of(tmp_path / "run")["contact sheet"] == [1, 2, 3, 4, 5]


@pytest.mark.long
def test_after_a_rollback_each_step_is_shown_once(pictures, tmp_path):
    run = started(pictures[0], tmp_path / "run")
    training.fit(run, Fail(spoil), checkpoint_every=2, on_nan="rollback", tensorboard=True)
    assert run.card.rollbacks
    shown = values(tmp_path / "run")
    assert [step for step, _ in shown["generator"]] == [1, 2, 3, 4, 5]
    assert [value.simple_value for _, value in shown["learning_rate/generator"]] == pytest.approx(
        [2e-4] * 2 + [1e-4] * 3
    )


def test_tensorboard_itself_reads_them(pictures, tmp_path):
    """The package tensorboard is not needed to write; who has it checks that it reads what is said above."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run = started(pictures[0], tmp_path / "run")
    with pytest.raises(RuntimeError, match="a crash"):
        training.fit(run, Fail(crash), checkpoint_every=2, tensorboard=True)
    training.fit(training.resume(tmp_path / "run"))
    board = accumulator.EventAccumulator(str(tmp_path / "run/tensorboard")).Reload()
    tags = board.Tags()
    assert {"generator", "generator/lsgan", "discriminator", "learning_rate/generator"} <= {*tags["scalars"]}
    assert [each.step for each in board.Scalars("generator")] == [1, 2, 3, 4, 5]
    assert tags["images"] == ["contact sheet"]
    assert len(board.Images("contact sheet")) > 1


@pytest.mark.long
def test_the_command_writes_them_and_says_how_to_look(pictures, tmp_path):
    tiny = ["--generator", "resnet:filters=2,blocks=1", "--discriminator", "patch:filters=2,layers=1"]
    sizes = ["--set", "image_size=16", "--set", "load_size=20", "--set", "batch_size=1"]
    of = ["--source", pictures[0], "--style", pictures[0], "-o", tmp_path / "run", "--steps", "1"]
    done = CliRunner().invoke(main, ["train", "transfer", "--tensorboard", *map(str, [*tiny, *sizes, *of])])
    assert done.exit_code == 0, done.output
    assert f"tensorboard{os.sep} with curves: tensorboard --logdir {tmp_path / 'run'}\n" in done.stdout
    assert steps_of(tmp_path / "run")["generator"] == [1]
    done = CliRunner().invoke(main, ["train", "--resume", str(tmp_path / "run"), "--tensorboard", "--steps", "2"])
    assert done.exit_code == 0, done.output
    assert steps_of(tmp_path / "run")["generator"] == [1, 2]


def test_a_file_that_cannot_be_written_is_one_line(pictures, tmp_path, monkeypatch):
    class Full:
        def write(self, event):
            raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr("stylezoo.backend.Records", lambda path: Full())
    run = started(pictures[0], tmp_path / "run")
    with pytest.raises(BadRun, match=r"Cannot write into .*tensorboard: No space left on device"):
        training.fit(run, tensorboard=True)


def test_nothing_is_written_unless_asked_for(pictures, tmp_path):
    stylezoo.train(RECIPE, *pictures, tmp_path / "run", verbose=0, steps=1)
    assert not (tmp_path / "run/tensorboard").exists()
