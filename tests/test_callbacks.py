"""Callbacks of Keras work wherever a training is started, and for them an epoch is a row of the log."""

import csv

import keras
import numpy as np
import pytest
from test_cli import noise
from test_training import TINY

import stylezoo
from stylezoo import training
from stylezoo.errors import BadOptions
from stylezoo.recipe import Recipe

RECIPE = Recipe.named("transfer", steps=5, **TINY)


class Heard(keras.callbacks.Callback):
    """Writes down what it is told."""

    def __init__(self):
        super().__init__()
        self.steps, self.began, self.ended = [], [], {}

    def on_epoch_begin(self, epoch, logs=None):
        self.began.append(epoch)

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(int(self.model.step))

    def on_epoch_end(self, epoch, logs=None):
        self.ended[epoch] = dict(logs)


class Figures(keras.callbacks.Callback):
    """Measures a figure at some steps, as a training does."""

    def __init__(self, *steps):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch, logs=None):
        if (step := int(self.model.step)) in self.steps:
            logs["figure_strokes"] = step / 10


@pytest.fixture
def picture(tmp_path):
    return noise(tmp_path / "x.png", 32, 24)


@pytest.fixture
def rows(monkeypatch):
    """A log of three rows for five steps: after the steps 2, 4 and 5."""
    monkeypatch.setattr("stylezoo.training.callbacks.LOG_ROWS", 3)


def started(picture, folder, steps=None):
    run = training.start(RECIPE, picture, picture, folder)
    run.steps = steps or run.steps
    return run


def log_of(folder):
    with open(folder / "log.csv", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.mark.long
def test_an_epoch_is_a_row_of_the_log(rows, picture, tmp_path):
    heard = Heard()
    training.fit(started(picture, tmp_path / "run"), [Figures(1, 4), heard])
    assert (heard.steps, heard.began, [*heard.ended]) == ([1, 2, 3, 4, 5], [0, 1, 2], [0, 1, 2])
    assert heard.params["epochs"] == 3
    for logs, row in zip(heard.ended.values(), log_of(tmp_path / "run"), strict=True):
        assert {name: logs[name] for name in row if name in logs} == pytest.approx(
            {name: row[name] for name in row if name not in ("step", "seconds")}, rel=1e-5
        )
    assert [logs["figure_strokes"] for logs in heard.ended.values()] == [0.1, 0.4, 0.4]  # the newest


@pytest.mark.long
def test_epochs_of_a_resumed_training_go_on(rows, picture, tmp_path):
    before, after = Heard(), Heard()
    training.fit(started(picture, tmp_path / "run", steps=3), before)
    assert ([*before.ended], before.steps) == ([0, 1, 2], [1, 2, 3])  # a row for each of three steps
    training.fit(training.resume(tmp_path / "run"), after)
    assert (after.began, [*after.ended], after.steps) == ([1, 2], [1, 2], [4, 5])


@pytest.mark.long
def test_a_training_that_ends_between_two_rows_ends_its_epoch(rows, picture, tmp_path):
    class Stop(Heard):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = int(self.model.step) == 3

    run, stop = started(picture, tmp_path / "run"), Stop()
    training.fit(run, [stop])
    assert (run.step, run.interrupted, [*stop.ended]) == (3, False, [0, 1])
    assert (tmp_path / "run/result.png").exists()
    assert training.resume(tmp_path / "run").step == 3


@pytest.mark.long
def test_early_stopping_and_checkpoints_of_keras_work_by_rows(picture, tmp_path):
    callbacks = [
        keras.callbacks.EarlyStopping("figure_strokes", patience=1, mode="min", restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(
            tmp_path / "best-{epoch}.keras", "figure_strokes", mode="min", save_best_only=True
        ),
        keras.callbacks.ModelCheckpoint(tmp_path / "step-{batch}.weights.h5", save_weights_only=True, save_freq=2),
    ]
    run, heard = started(picture, tmp_path / "run"), Heard()
    training.fit(run, [Figures(1, 2), heard, *callbacks])
    assert heard.steps == [1, 2]  # 0.2 is more than 0.1
    assert run.step == 1  # the best weights are restored, and the step is one of them
    written = sorted(path.name for path in tmp_path.iterdir() if path.name not in ("run", "x.png"))
    assert written == ["best-1.keras", "step-2.weights.h5"]
    x = np.random.default_rng(0).uniform(-1, 1, (16, 16, 3)).astype("float32")
    best, kept = (stylezoo.load_model(path).stylize(x) for path in (tmp_path / "best-1.keras", tmp_path / "run"))
    np.testing.assert_array_equal(best, kept)


def test_callbacks_of_keras_work_in_fit(tmp_path):
    source, style = np.random.default_rng(0).uniform(-1, 1, (2, 2, 16, 16, 3)).astype("float32")
    gan, heard = stylezoo.create_model("transfer", **TINY), Heard()
    callbacks = [heard, keras.callbacks.EarlyStopping("generator", patience=0, mode="max", start_from_epoch=1)]
    callbacks += [
        keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras"),
        keras.callbacks.CSVLogger(tmp_path / "log"),
    ]
    gan.fit(source, style, batch_size=1, epochs=2, verbose=0, callbacks=callbacks)
    assert (heard.steps, [*heard.ended]) == ([1, 2, 3, 4], [0, 1])
    assert {path.name for path in tmp_path.iterdir()} == {"1.keras", "2.keras", "log"}


@pytest.mark.parametrize("wrong", ["EarlyStopping", [keras.callbacks.History], {}])
def test_what_is_no_callback_is_refused_in_words(wrong, picture, tmp_path):
    run = started(picture, tmp_path / "run")
    with pytest.raises(BadOptions, match="it must be an object"):
        training.fit(run, wrong)
    assert not (tmp_path / "run/log.csv").exists()


def test_no_callbacks_may_be_written_as_none(picture, tmp_path):
    stylezoo.train(RECIPE, picture, picture, tmp_path / "run", callbacks=None, verbose=0, steps=1)
    assert (tmp_path / "run/result.png").exists()
