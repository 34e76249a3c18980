"""What happens to a training when something fails while it runs: it is told in one line, and nothing is lost."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from test_cli import noise
from test_training import TINY, command

import stylezoo
from stylezoo import training
from stylezoo.errors import BadRun
from stylezoo.recipe import Recipe
from stylezoo.runs import checkpoints
from stylezoo.runs.folder import RunFolder

HERE = Path(__file__).parent
MOUNT = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"]  # seen by nobody else
HAS_NAMESPACES = shutil.which("unshare") and not subprocess.run(MOUNT, capture_output=True).returncode


def start(folder, steps=6, name="run", model="transfer", **changes):
    """A run of two sources and one style that has begun."""
    (folder / "photos").mkdir(exist_ok=True)
    photos = [noise(folder / "photos" / each, 32, 24, seed=each.encode()) for each in ("a.png", "b.png")]
    recipe = Recipe.named(model, **{**TINY, "steps": steps, **changes})
    return training.start(recipe, folder / "photos", photos[0], folder / name)


def during(step, run, happens):
    """A callback by which something happens before a step."""

    def called(batch, logs=None):
        if run.step == step - 1:
            happens()

    return keras.callbacks.LambdaCallback(on_train_batch_begin=called)


@pytest.mark.parametrize("every", [1, 10**6], ids=["a row", "a sheet"])
def test_a_folder_that_vanishes_is_not_made_again(every, tmp_path, monkeypatch):
    """Whatever is written into it next."""
    monkeypatch.setattr("stylezoo.training.callbacks.LOG_ROWS", 1 / every)
    run = start(tmp_path)
    with pytest.raises(BadRun, match=r"run' was removed or replaced while a training wrote into it"):
        training.fit(run, [during(3, run, lambda: shutil.rmtree(tmp_path / "run"))])
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_a_folder_that_is_replaced_is_left_alone(tmp_path):
    run = start(tmp_path)

    def replace():
        (tmp_path / "run").rename(tmp_path / "moved")
        shutil.copytree(tmp_path / "moved", tmp_path / "run", ignore=lambda *_: [RunFolder.LOCK])

    with pytest.raises(BadRun, match=r"run' was removed or replaced while a training wrote into it"):
        training.fit(run, [during(3, run, replace)], checkpoint_every=1)
    for name in ("run", "moved"):
        assert training.resume(tmp_path / name).step == 2
    assert not (tmp_path / "run" / RunFolder.LOCK).exists()


@pytest.mark.long
@pytest.mark.parametrize("change", [Path.unlink, lambda file: os.truncate(file, 700)], ids=["deleted", "cut off"])
def test_a_picture_that_is_lost_meanwhile_is_named_and_the_training_is_kept(change, tmp_path, monkeypatch):
    monkeypatch.setattr("stylezoo.data.domains.KEPT_BYTES", 0)  # more pictures than are kept in memory
    run, lost = start(tmp_path, steps=60), tmp_path / "photos/b.png"
    kept = lost.read_bytes()
    with pytest.raises(BadRun, match=r"A picture cannot be read any more\. .*b\.png'.*--resume"):
        training.fit(run, [during(4, run, lambda: change(lost))], checkpoint_every=1)
    with pytest.raises(BadRun, match=r"cannot be resumed exactly: pictures: 1 (gone|changed), such as 'b\.png'"):
        training.resume(tmp_path / "run")
    lost.write_bytes(kept)
    assert training.resume(tmp_path / "run").step >= 3


@pytest.mark.long
@pytest.mark.parametrize("number", training.loop.SIGNALS, ids=lambda number: number.name)
def test_a_second_signal_ends_the_training_at_once_and_it_is_resumed(number, tmp_path):
    run = start(tmp_path)

    def send():
        signal.raise_signal(number)
        signal.raise_signal(number)

    with pytest.raises(KeyboardInterrupt):
        training.fit(run, [during(4, run, send)], checkpoint_every=2)
    assert training.resume(tmp_path / "run").step == 2


@pytest.mark.long
def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    """As that of the end of a terminal is under nohup."""
    run, before = start(tmp_path, steps=2), signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        training.fit(run, [during(1, run, lambda: signal.raise_signal(signal.SIGHUP))])
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (run.step, run.interrupted) == (2, False)


@pytest.mark.long
def test_a_run_is_read_while_it_is_trained(tmp_path):
    run, seen = start(tmp_path), []

    def look():
        model = stylezoo.load_model(tmp_path / "run")
        seen.append((int(model.step), stylezoo.runs.card.read(tmp_path / "run").steps))
        assert model.stylize(tmp_path / "photos/a.png").size == (32, 24)

    training.fit(run, [during(4, run, look)], checkpoint_every=2)
    assert seen == [(2, 3)]  # the card has the log as well


@pytest.mark.long
@pytest.mark.skipif(not HAS_NAMESPACES, reason="no mount namespaces here, so no small disk")
def test_a_disk_that_is_full_or_read_only_loses_nothing_at_any_moment(tmp_path):
    training.fit(start(tmp_path, steps=2))
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, HERE / "disks.py", tmp_path], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line.split("|") for line in done.stdout.splitlines()]
    full = [rest for kind, *rest in lines if kind == "full"]
    outcomes = [said.partition("'")[0] for _, said, *_ in full]
    assert {*outcomes} == {"Cannot write into ", "trained"}
    for _, said, is_kept, notes, hidden in full:
        assert said == "trained" or "No space left on device. The last checkpoint is kept: fix the cause" in said
        assert (is_kept, notes, hidden) == ("True", "[]", "[]")
    (_, said, step), (_, temporary, note) = lines[-2:]
    assert "Read-only file system. The last checkpoint is kept" in said
    assert (step, temporary, note) == ("2", "trained", "")


DEADLY = """
import os, signal, sys
from stylezoo import training
from stylezoo.files import atomic
from stylezoo.runs.folder import RunFolder

leave = atomic.written.__exit__

def deadly(self, kind, error, trace):
    if self.path.name == sys.argv[2] and run.step == run.steps:
        os.truncate(self.temporary, self.temporary.stat().st_size // 2)  # as it is in the middle of writing
        os.kill(os.getpid(), signal.SIGKILL)
    return leave(self, kind, error, trace)

run = training.resume(sys.argv[1])
run.model.run_eagerly = True
atomic.written.__exit__ = deadly
training.fit(run, checkpoint_every=1)
"""


@pytest.mark.long
@pytest.mark.parametrize("name", ["result.png", "model.keras", "latest.weights.h5", "before.weights.h5", "card.json"])
def test_a_process_that_is_killed_while_it_writes_a_last_file_loses_nothing(name, tmp_path):
    start(tmp_path, steps=3)
    shutil.copytree(tmp_path / "run", tmp_path / "whole")
    done = subprocess.run([sys.executable, "-c", DEADLY, tmp_path / "run", name], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert list((tmp_path / "run").rglob(f".*{name}"))  # the half of a file
    training.fit(training.resume(tmp_path / "run"))
    training.fit(training.resume(tmp_path / "whole"))
    assert not list((tmp_path / "run").rglob(".*"))
    assert (tmp_path / "run/result.png").read_bytes() == (tmp_path / "whole/result.png").read_bytes()
    states = [stylezoo.load_model(tmp_path / each) for each in ("run", "whole")]
    for one, other in zip(*(each.variables for each in states), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


SHORT = """
import resource, sys
from stylezoo.cli import main
import tensorflow
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]), used + int(sys.argv[1])))
main(sys.argv[2:])
"""


@pytest.mark.long
@pytest.mark.parametrize("megabytes", [1900, 2200])
def test_a_training_without_enough_memory_is_one_line_and_can_be_resumed(megabytes, tmp_path):
    """Where a kernel of TensorFlow finds none, it ends the process: there is no line, and nothing is lost."""
    pictures = {name: noise(tmp_path / f"{name}.png", 600, 600) for name in ("source", "style")}
    large = {"image_size": 512, "load_size": 512, "batch_size": 32, "generator.filters": 64}
    words = command(tmp_path / "run", pictures, 2, **large)[3:]
    done = subprocess.run(
        [sys.executable, "-c", SHORT, str(megabytes * 2**20), *map(str, words)], capture_output=True, text=True
    )
    assert done.returncode in (1, -signal.SIGSEGV, -signal.SIGABRT), done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    if done.returncode == 1:
        assert "Error: There is not enough memory for this training." in done.stderr
    file, note = checkpoints.newest(RunFolder(tmp_path / "run"))
    assert (file.name, note) == ("latest.weights.h5", "")


# Recipes whose trainings are killed in the long suite, twice each. DEVICES are those of the training.
BRUSH = {"generator": "brush", "generator.length": 1, "pool": 3, "average": 0.9, "crops": "grid"}
KILLED = {
    "noise, average and pool": {"model": "transfer", **BRUSH},
    "two ways in mixed precision": {"model": "cyclegan", "pool": 4, "precision": "mixed_bfloat16"},
    "named styles": {"model": "gated", "discriminators": ("gated:filters=2,layers=1",), "pool": 2},
    "warm-up and critic steps": {
        "model": "transfer",
        "losses": "identity",
        "warmup": "generator-only:losses=['identity'],epochs=3",
        "order": "discriminator-first:critic_steps=2",
    },
    "two replicas": {"model": "transfer", "batch_size": 2, "pool": 4, "DEVICES": "CPU:0,CPU:1"},
    "a style is added": {"model": "gated", "discriminators": ("gated:filters=2,layers=1",), "average": 0.5},
}


def begun(folder, name, steps=8):
    """A run of one of these recipes that has begun, and the variables of the environment for its trainings."""
    changes = KILLED[name]
    devices = changes.get("DEVICES", "")
    changes = {field: value for field, value in changes.items() if field != "DEVICES"}
    if name != "a style is added":
        start(folder, steps, **changes)
    else:
        training.fit(start(folder, 2, "parent", **changes))
        style = [noise(folder / "new.png", 32, 24)]
        recipe = training.chosen(start_from=folder / "parent", add_style=style, steps=steps)
        training.start(recipe, folder / "photos", style, folder / "run", start_from=folder / "parent")
    return {"EAGER": "" if devices else "1", "DEVICES": devices}


def kill(folder, kills, seed=0, **environment):
    """How often a run was killed at random moments, and what of it differs from one that was not: see killing.py."""
    shutil.copytree(folder / "run", folder / "whole")
    done = subprocess.run(
        [sys.executable, HERE / "killing.py", folder, str(kills), str(seed)],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.rpartition("parts, ")[0].split()[1], done.stdout.rpartition("different: ")[2].strip()


@pytest.mark.long
def test_a_run_that_is_killed_three_times_is_the_same(tmp_path):
    start(tmp_path, steps=12, pool=3, average=0.9)
    assert kill(tmp_path, 3, EAGER="1") == ("3", "[]")


@pytest.mark.long
@pytest.mark.parametrize("name", KILLED)
def test_runs_of_all_kinds_that_are_killed_at_random_moments_are_the_same(name, tmp_path):
    assert kill(tmp_path, 2, seed=len(name), **begun(tmp_path, name)) == ("2", "[]")
