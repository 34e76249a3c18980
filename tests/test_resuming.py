"""A training is resumed exactly, or mended and told, or refused in one line."""

import csv
import json
import os
import shutil

import h5py
import keras
import numpy as np
import pytest
from test_cli import noise
from test_training import TINY

import stylezoo
from stylezoo import backend, training
from stylezoo.errors import BadRun
from stylezoo.recipe import Recipe
from stylezoo.runs.folder import RunFolder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of two steps of a planned three."""
    folder = tmp_path_factory.mktemp("trained")
    picture = noise(folder / "x.png", 32, 24)
    run = training.start(Recipe.named("transfer", steps=3, **TINY), picture, picture, folder / "run")
    run.steps = 2
    training.fit(run)
    return folder / "run"


@pytest.fixture
def run(trained, tmp_path):
    """A copy of that run."""
    return shutil.copytree(trained, tmp_path / "run")


def changed(run, change):
    """Change the only checkpoint of a run."""
    (run / RunFolder.CHECKPOINT_BEFORE).unlink()
    with h5py.File(run / RunFolder.CHECKPOINT, "a") as file:
        change(file)


def slots(file):
    """The groups with the state of each player's optimizer."""
    return file["optimizer/optimizers"]


@pytest.mark.long
def test_a_run_that_is_as_before_has_no_notes_and_goes_on(run):
    resumed = training.resume(run)
    assert (resumed.notes, resumed.step) == ([], 2)
    training.fit(resumed)
    assert json.loads((run / "card.json").read_text())["steps"] == 3


def remove_slots(file):
    del slots(file)[sorted(slots(file))[0]]


def remove_half_of_the_slots(file):
    variables = slots(file)[sorted(slots(file))[-1]]["vars"]
    for name in list(variables)[::2]:
        del variables[name]


def spoil_slots(file):
    variables = slots(file)[sorted(slots(file))[0]]["vars"]
    variables["3"][...] = np.full(variables["3"].shape, np.nan)


def spoil_weights(file):
    file["generator/layers/conv2d/vars/0"][...] = np.inf


def go_below_0(file):
    file["vars/0"][...] = -1


def remove_random_state(file):
    del file["vars/random_0"]


def remove_layer(file):
    del file["generator/layers/conv2d"]


def reshape(file):
    del file["generator/layers/conv2d/vars/0"]
    file["generator/layers/conv2d/vars/0"] = np.zeros((1, 1, 3, 2), "float32")


def change_iterations(file):
    del file["optimizer/vars/iterations"]


DAMAGE = [
    remove_slots, remove_half_of_the_slots, spoil_slots, spoil_weights, go_below_0, remove_random_state, remove_layer,
    reshape, change_iterations,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_checkpoint_that_cannot_be_continued_exactly_is_refused(damage, run):
    changed(run, damage)
    with pytest.raises(BadRun, match=r"checkpoints/latest\.weights\.h5") as caught:
        training.resume(run)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "content", [b"[" * 10_000, b"{", b"[]", b"5", b'{"source": 5, "style": null}', b"\xff", b"", b"null"]
)
def test_a_broken_list_of_pictures_is_one_line(content, run):
    (run / "pictures.json").write_bytes(content)
    with pytest.raises(BadRun, match=r"is damaged: pictures\.json cannot be read"):
        training.resume(run)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plugins: "x", "no list of plugins"),
        (lambda plugins: {}, "no list of plugins"),
        (lambda plugins: [{**plugins[0], "kind": []}], "no list of plugins"),
        (lambda plugins: [{**plugins[0], "distribution": "../../etc"}], "no list of plugins"),
        (lambda plugins: plugins[1:], "only one of it and recipe.json names the generator 'resnet'"),
        (lambda plugins: [*plugins, {**plugins[0], "name": "other"}], "names the generator 'other'"),
    ],
)
def test_a_list_of_plugins_that_is_not_that_of_the_recipe_is_refused(change, said, run):
    plugins = json.loads((run / "plugins.json").read_text())
    (run / "plugins.json").write_text(json.dumps(change(plugins)))
    with pytest.raises(BadRun, match=f"is damaged: plugins.json cannot be read: .*{said}"):
        training.resume(run)


def test_what_can_be_mended_is_mended_and_told(run):
    """The plugins are in the recipe; of the log all whole rows are kept."""
    plugins = (run / "plugins.json").read_text()
    (run / "plugins.json").unlink()
    with open(run / "log.csv", "a") as file:
        file.write("3,abc")
    resumed = training.resume(run)
    assert resumed.notes == [
        "plugins.json was lost, and is written anew.", "log.csv had 1 broken row, which is left out."
    ]  # fmt: skip
    assert (run / "plugins.json").read_text() == plugins
    training.fit(resumed)
    with open(run / "log.csv", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["step", "1", "2", "3"]


def test_what_is_not_as_before_is_told_once(run, monkeypatch):
    cores, before = len(os.sched_getaffinity(0)), json.loads((run / "card.json").read_text())
    assert before["machine"] == {
        "device": "CPU", "processor": backend.processor(), "cores": str(cores), "replicas": "1"
    }  # fmt: skip
    before["versions"]["keras"] = "3.0.0"
    (run / "card.json").write_text(json.dumps(before))
    monkeypatch.setattr("stylezoo.backend.cores", lambda: 64)
    (note,) = training.resume(run).notes
    assert note.startswith("Not as before: keras 3.0.0, now ")
    assert f"cores {cores}, now 64. Results can differ in their last digits" in note
    assert training.resume(run).notes == []  # it goes on from there


def another_version(run):
    plugins = json.loads((run / "plugins.json").read_text())
    plugins[0]["version"] = "0.0.1"
    (run / "plugins.json").write_text(json.dumps(plugins))


def another_number_of_pictures(run):
    """Of a run of a former version, which did not note its files."""
    card, places = (json.loads((run / name).read_text()) for name in ("card.json", "pictures.json"))
    card["data"][0]["pictures"] = 7
    del places["files"]
    (run / "card.json").write_text(json.dumps(card))
    (run / "pictures.json").write_text(json.dumps(places))


def other_pixels(run):
    noise(run.parent / "photos/a.png", 32, 24, seed=[5])


def a_new_picture(run):
    noise(run.parent / "photos/new.png", 32, 24)


def a_picture_less(run):
    (run.parent / "photos/b.png").unlink()


def another_seed(run):
    recipe = json.loads((run / "recipe.json").read_text())
    (run / "recipe.json").write_text(json.dumps({**recipe, "seed": 1}))


CHANGES = {
    another_seed: "seed of recipe.json: 0, now 1",
    another_version: "stylezoo 0.0.1, now ",
    another_number_of_pictures: "numbers of pictures: 7, 1, now 2, 1",
    other_pixels: r"pictures: 1 changed, such as 'a\.png'",
    a_new_picture: r"pictures: 1 new, such as 'new\.png'",
    a_picture_less: r"pictures: 1 gone, such as 'b\.png'",
}


@pytest.mark.long
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_would_change_the_result_is_refused_unless_it_is_allowed(change, tmp_path):
    (tmp_path / "photos").mkdir()
    photos = [noise(tmp_path / "photos" / name, 32, 24, seed=name.encode()) for name in ("a.png", "b.png")]
    recipe = Recipe.named("transfer", steps=3, **TINY)
    training.start(recipe, tmp_path / "photos", photos[0], tmp_path / "run")
    change(tmp_path / "run")
    with pytest.raises(BadRun, match=f"cannot be resumed exactly: .*{CHANGES[change]}.*--allow-changes"):
        training.resume(tmp_path / "run")
    resumed = training.resume(tmp_path / "run", allow_changes=True)
    assert any("Not as before: " in note for note in resumed.notes)
    training.fit(resumed)
    assert training.resume(tmp_path / "run", steps=4).notes == []  # it goes on from there


def test_a_lost_card_is_no_reason_to_refuse(run):
    (run / "card.json").unlink()
    assert training.resume(run).step == 2


def test_another_number_of_devices_is_told(run):
    card = json.loads((run / "card.json").read_text())
    card["machine"]["replicas"] = "2"
    (run / "card.json").write_text(json.dumps(card))
    (note,) = training.resume(run).notes
    assert "Not as before: replicas 2, now 1." in note
    del card["machine"]["replicas"]  # of a former version, which had one
    (run / "card.json").write_text(json.dumps(card))
    assert training.resume(run).notes == []


def test_the_list_of_many_files_can_be_read_again(run):
    places = json.loads((run / "pictures.json").read_text())
    places["files"] = [f"100 1 2 /photos/{i:07}.jpg" for i in range(300_000)]
    (run / "pictures.json").write_text(json.dumps(places))
    with pytest.raises(BadRun, match=r"cannot be resumed exactly: pictures: 300000 gone, such as '0000000\.jpg'"):
        training.resume(run)


def test_a_damaged_checkpoint_is_put_aside(run):
    newest = run / RunFolder.CHECKPOINT
    damaged = newest.read_bytes()[:-1]
    newest.write_bytes(damaged)
    resumed = training.resume(run)
    assert resumed.step == 0
    assert resumed.notes[0].startswith("checkpoints/latest.weights.h5 cannot be used: it is cut off")
    assert (run / "checkpoints/damaged.weights.h5").read_bytes() == damaged
    training.fit(resumed)
    assert training.resume(run, steps=9).step == 3


def test_pictures_that_were_copied_or_touched_are_the_same(tmp_path):
    photo = noise(tmp_path / "a.png", 32, 24)
    training.start(Recipe.named("transfer", steps=3, **TINY), photo, photo, tmp_path / "run")
    os.utime(photo, (1, 1))
    assert training.resume(tmp_path / "run").notes == []


def test_a_card_of_before_tells_nothing_of_the_machine(run):
    before = json.loads((run / "card.json").read_text())
    del before["machine"]
    (run / "card.json").write_text(json.dumps(before))
    assert training.resume(run).notes == []


def test_temporary_files_of_a_killed_training_are_removed_and_no_others(run):
    left = [".abcd1234-log.csv", "checkpoints/.abcd123_-latest.weights.h5", "samples/.abcd1234-step-000002.png"]
    kept = [".abcd1234-notes.txt", "checkpoints/notes.txt", ".model.keras", "x.abcd1234-log.csv"]
    for name in (*left, *kept):
        (run / name).write_text("x")
    training.resume(run)
    assert [name for name in (*left, *kept) if (run / name).exists()] == kept


def test_a_run_that_another_process_writes_is_left_alone(run):
    (run / ".abcd1234-log.csv").write_text("x")
    with RunFolder(run).lock(), pytest.raises(BadRun, match="is being written by another training"):
        training.resume(run)
    assert (run / ".abcd1234-log.csv").exists()


class Stop(keras.callbacks.Callback):
    """Interrupts a run after some step."""

    def __init__(self, run, step):
        super().__init__()
        self.run, self.after = run, step

    def on_train_batch_begin(self, batch, logs=None):
        self.run.interrupted = self.run.step == self.after - 1


@pytest.mark.long
def test_the_log_after_a_break_between_two_rows_is_that_of_a_training_without(trained, tmp_path):
    """300 steps have a row every third step."""
    logs, picture = [], trained.parent / "x.png"
    for name, stops in (("whole", [6]), ("broken", [1, 5, 6])):
        run = training.start(Recipe.named("transfer", steps=300, **TINY), picture, picture, tmp_path / name)
        for step in stops:
            training.fit(run, [Stop(run, step)])
            run = training.resume(tmp_path / name)
        with open(tmp_path / name / "log.csv", newline="") as file:
            logs.append([[row[0], *row[2:]] for row in csv.reader(file)])
    assert [row[0] for row in logs[0]] == ["step", "3", "6"]
    assert logs[0] == logs[1]


def test_a_trained_model_has_the_machine_in_its_card(run):
    training.fit(training.resume(run))
    assert stylezoo.runs.card.read(run / "model.keras").machine["device"] == "CPU"
