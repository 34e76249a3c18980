"""A training leaves a complete run folder, can be stopped, killed and resumed, and says what goes wrong."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from PIL import Image

import stylezoo
from stylezoo import training
from stylezoo.errors import BadData, BadOptions, BadRecipe, BadRun
from stylezoo.recipe import Recipe
from stylezoo.runs.folder import RunFolder

pytestmark = pytest.mark.usefixtures("read_once")

TINY = {
    "generator.filters": 2, "generator.blocks": 1, "discriminators": ("patch:filters=2,layers=1",), "image_size": 16,
    "load_size": 20, "batch_size": 1,
}  # fmt: skip


def folders_of_noise(folder):
    """Three sources and two styles, in folders, as options of a training."""
    rng = np.random.default_rng(0)
    for name, count in (("source", 3), ("style", 2)):
        (folder / name).mkdir()
        for i in range(count):
            pixels = rng.integers(0, 256, (24, 32, 3), dtype="uint8")
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return {name: folder / name for name in ("source", "style")}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return folders_of_noise(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def short(pictures, tmp_path_factory):
    """A complete run of two steps; who changes it copies it."""
    folder = tmp_path_factory.mktemp("short") / "run"
    stylezoo.train("transfer", out=folder, steps=2, **pictures, **TINY)
    return folder


@pytest.fixture(scope="module")
def whole(pictures, tmp_path_factory):
    """A complete run of four steps, made in one go."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    stylezoo.train("transfer", out=folder, steps=4, **pictures, **TINY)
    return folder


def size_of(path):
    with Image.open(path) as image:
        return image.size


def state(folder):
    """Everything that a checkpoint of a run holds, as numbers."""
    model = stylezoo.load_model(folder)
    return [v.numpy() for v in [*model.variables, *model.optimizer.variables]]


def same(one, other):
    return len(one) == len(other) and all((a == b).all() for a, b in zip(one, other, strict=True))


def command(folder, pictures, steps, **extra):
    """A training in a process of its own, in the words of the command line."""
    settings = {**{k: v for k, v in TINY.items() if k != "discriminators"}, **extra}
    return [
        sys.executable, "-m", "stylezoo", "train", "transfer", "--discriminator", TINY["discriminators"][0],
        "--source", pictures["source"], "--style", pictures["style"], "-o", folder, "--steps", str(steps),
        *(word for key, value in settings.items() for word in ("--set", f"{key}={value}")),
    ]  # fmt: skip


def test_run_folder_holds_what_is_promised(pictures, tmp_path):
    run = tmp_path / "run"
    model = stylezoo.train("transfer", out=run, steps=10, **pictures, **TINY)
    recipe = Recipe.read(run / "recipe.json")
    assert recipe == model.recipe
    assert (recipe.steps, recipe.steps_per_epoch) != (None, None)
    plugins = json.loads((run / "plugins.json").read_text())
    assert {"kind": "loss", "name": "lsgan", "distribution": "stylezoo", "version": stylezoo.__version__} in plugins
    with open(run / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(1, 11))
    assert all(np.isfinite(float(row["generator/lsgan"])) for row in rows)
    sheets = sorted(path.name for path in (run / "samples").iterdir())
    assert sheets == ["latest.png", *(f"step-{step:06d}.png" for step in range(1, 11))]
    assert (run / "checkpoints/latest.weights.h5").is_file()
    assert not list(run.rglob(".*"))  # no temporary file is left
    promised = {each.name.rstrip("/") for each in RunFolder.CONTENTS}
    assert {each.name for each in run.iterdir()} == promised - {
        RunFolder.PICTURES, RunFolder.TENSORBOARD, RunFolder.FIGURES, RunFolder.BEST,
    }  # fmt: skip
    x = np.random.default_rng(0).uniform(-1, 1, (16, 16, 3)).astype("float32")
    np.testing.assert_array_equal(stylezoo.load_model(run).stylize(x), model.stylize(x))


def test_contact_sheet_shows_source_style_and_fake(pictures, tmp_path):
    stylezoo.train("transfer", out=tmp_path / "run", steps=1, **pictures, **TINY)
    width, height = size_of(tmp_path / "run/samples/step-000001.png")
    assert height > 3 * 20  # a row for each of the three sources
    assert width > 3 * 20 * 32 / 24  # in it three pictures, each 20 pixels high


def test_same_recipe_gives_the_same_weights(short, pictures, tmp_path):
    stylezoo.train("transfer", out=tmp_path / "b", steps=2, **pictures, **TINY)
    assert same(state(short), state(tmp_path / "b"))
    again = Recipe.read(short / "recipe.json")
    stylezoo.train(again, out=tmp_path / "c", **pictures)
    assert same(state(short), state(tmp_path / "c"))


def test_two_trainings_do_not_write_one_folder(pictures, tmp_path):
    run = training.start(Recipe.named("transfer", steps=2, **TINY), out=tmp_path / "run", **pictures)
    with run.folder.lock():
        for attempt in (lambda: training.fit(run), lambda: training.resume(tmp_path / "run")):
            with pytest.raises(BadRun, match="is being written by another training"):
                attempt()
    assert not (tmp_path / "run/log.csv").exists()
    assert training.resume(tmp_path / "run").step == 0


@pytest.mark.long
def test_longer_training_continues_a_complete_one(short, whole, tmp_path):
    shutil.copytree(short, tmp_path / "parts")
    with pytest.raises(BadRun, match="is complete after 2 steps"):
        training.resume(tmp_path / "parts")
    run = training.fit(training.resume(tmp_path / "parts", steps=4))
    assert run.step == 4
    assert same(state(whole), state(tmp_path / "parts"))
    assert Recipe.read(tmp_path / "parts/recipe.json").steps == 4


def test_images_in_memory_are_kept_for_resuming_wherever_the_folder_goes(tmp_path):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype="uint8"))
    stylezoo.train("transfer", source=image, style=[image, image], out=tmp_path / "run", steps=1, **TINY)
    (tmp_path / "run").rename(tmp_path / "moved")
    run = training.resume(tmp_path / "moved", steps=2)
    assert (len(run.batches.source), len(run.batches.style)) == (1, 2)


@pytest.mark.long
def test_log_of_a_resumed_run_has_every_step_once(pictures, tmp_path):
    run = training.start(Recipe.named("transfer", steps=6, **TINY), out=tmp_path / "run", **pictures)
    run.steps = 4
    training.fit(run)
    with open(tmp_path / "run/log.csv", "a") as file:  # what a kill after the last checkpoint leaves
        file.write("5,1.0,0,0,0,0,0\n")
    training.fit(training.resume(tmp_path / "run"))
    with open(tmp_path / "run/log.csv", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["step", *"123456"]


@pytest.mark.long
def test_a_signal_ends_the_run_after_the_present_step_and_it_is_resumed(whole, pictures, tmp_path):
    run = training.start(Recipe.named("transfer", steps=4, **TINY), out=tmp_path / "run", **pictures)
    for made, number in enumerate((signal.SIGINT, signal.SIGTERM), start=1):

        def send(step, logs=None, number=number):
            signal.raise_signal(number)

        training.fit(run, [keras.callbacks.LambdaCallback(on_train_batch_begin=send)])
        assert (run.interrupted, run.step) == (True, made)
        run = training.resume(tmp_path / "run")
    training.fit(run)
    assert same(state(tmp_path / "run"), state(whole))


@pytest.mark.long
@pytest.mark.graph  # as the process that is interrupted: rounding differs when run eagerly
def test_interrupted_process_saves_everything_and_resumes_bit_for_bit(pictures, tmp_path):
    process = subprocess.Popen(command(tmp_path / "run", pictures, 4000), stdout=subprocess.PIPE, text=True)
    wait_for(lambda: (tmp_path / "run/log.csv").exists() and len((tmp_path / "run/log.csv").read_text().split()) > 2)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"stylezoo train --resume {tmp_path / 'run'}" in out
    stopped = int(stylezoo.load_model(tmp_path / "run").step)
    assert 0 < stopped < 4000
    training.fit(training.resume(tmp_path / "run", steps=stopped + 5))
    stylezoo.train("transfer", out=tmp_path / "whole", steps=stopped + 5, **pictures, **TINY)
    assert same(state(tmp_path / "run"), state(tmp_path / "whole"))


@pytest.mark.long
@pytest.mark.graph
def test_killed_run_resumes_bit_for_bit(pictures, tmp_path):
    """SIGKILL at a moment of its choosing, twice; the run ends with the weights of one that was left alone."""
    program = (
        "import sys; from stylezoo import training\ntraining.fit(training.resume(sys.argv[1]), checkpoint_every=1)"
    )
    steps = 100  # each of them saves: a process is killed in one of its first
    tiny = {**TINY, "generator.length": 1, "average": 0.9}
    recipe = Recipe.named("transfer", steps=steps, **{"generator": "brush", **tiny})  # it draws random numbers
    training.start(recipe, out=tmp_path / "run", **pictures)
    checkpoint = tmp_path / "run/checkpoints/latest.weights.h5"
    for _ in range(2):
        seen = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        process = subprocess.Popen([sys.executable, "-c", program, tmp_path / "run"])
        wait_for(lambda seen=seen: checkpoint.exists() and checkpoint.stat().st_mtime_ns > seen)
        process.kill()
        process.wait()
        assert not (tmp_path / "run/result.png").exists()  # it had not come to its end
    training.fit(training.resume(tmp_path / "run"))
    stylezoo.train(recipe, out=tmp_path / "whole", **pictures)
    assert same(state(tmp_path / "run"), state(tmp_path / "whole"))


@pytest.mark.long
def test_full_disk_is_one_line_and_keeps_what_was_saved(short, tmp_path):
    """A limit on the size of files stands for the full disk: the operating system refuses the write either way."""
    shutil.copytree(short, tmp_path / "run")
    before = (tmp_path / "run/checkpoints/latest.weights.h5").read_bytes()
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "from stylezoo.cli import main; main(['train', '--resume', sys.argv[1], '--steps', '4'])"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "run"], capture_output=True, text=True)
    assert done.returncode == 1
    assert f"Error: Cannot write into '{tmp_path / 'run'}'" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "run/checkpoints/latest.weights.h5").read_bytes() == before
    assert not list((tmp_path / "run").rglob(".*"))


@pytest.mark.parametrize("lost", ["result.png", "model.keras"])
def test_run_that_was_killed_while_it_ended_is_completed(lost, short, tmp_path):
    shutil.copytree(short, tmp_path / "run")
    expected = (tmp_path / "run/result.png").read_bytes()
    (tmp_path / "run" / lost).unlink()
    (tmp_path / "run/result.png").unlink(missing_ok=True)  # it is written last
    training.fit(training.resume(tmp_path / "run"))
    assert (tmp_path / "run/result.png").read_bytes() == expected
    assert (tmp_path / "run/model.keras").is_file()


def test_crops_that_the_generator_cannot_take_are_told_before_anything_is_made(pictures, tmp_path):
    both = Image.new("RGB", (80, 40))
    with pytest.raises(BadRecipe, match=r"cannot take crops of 24 pixels.*downs"):
        stylezoo.train(
            "pix2pix", both, out=tmp_path / "run", image_size=24, **{"generator.filters": 2, "generator.downs": 4}
        )
    assert not (tmp_path / "run").exists()


def test_an_imported_run_says_that_it_cannot_be_resumed(tmp_path):
    (tmp_path / "recipe.json").write_text("{}")
    with pytest.raises(BadRun, match="was imported, not trained"):
        training.resume(tmp_path)


@pytest.mark.parametrize("file", ["pictures.json", "checkpoints/latest.weights.h5"])
def test_damaged_files_of_a_run_are_named(file, short, tmp_path):
    shutil.copytree(short, tmp_path / "run")
    (tmp_path / "run/checkpoints/before.weights.h5").unlink()
    (tmp_path / "run" / file).write_bytes((tmp_path / "run" / file).read_bytes()[:20])
    with pytest.raises(BadRun, match=f"is damaged: {file} cannot be read"):
        training.resume(tmp_path / "run", steps=3)


def test_a_picture_that_goes_during_the_training_is_one_line(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("stylezoo.data.domains.KEPT_BYTES", 0)  # more pictures than are kept in memory
    pictures = {name: shutil.copytree(folder, tmp_path / name) for name, folder in pictures.items()}
    run = training.start(Recipe.named("transfer", steps=50, **TINY), out=tmp_path / "run", **pictures)
    (pictures["source"] / "1.png").write_bytes(b"")
    with pytest.raises(BadRun, match=r"A picture cannot be read any more. .*1\.png' is empty"):
        training.fit(run)


def test_folder_in_use_is_refused(pictures, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/mine.txt").write_text("x")
    with pytest.raises(BadRun, match="is not empty"):
        stylezoo.train("transfer", out=tmp_path / "run", **pictures)


def test_missing_pictures_are_told_before_anything_is_made(tmp_path):
    with pytest.raises(BadData, match="There is no file or folder"):
        stylezoo.train("transfer", source="nowhere", style="nowhere", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_damaged_run_folder_is_one_line(content, tmp_path):
    if content:
        (tmp_path / "recipe.json").write_text(content)
    with pytest.raises(stylezoo.StylezooError, match=r"recipe"):
        training.resume(tmp_path)


def wait_for(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("gpus", "name"), [([], "CPU, 12 cores"), (["Card A", "Card B"], "GPU, Card A, Card B")], ids=["none", "two"]
)
def test_device_is_named(gpus, name, monkeypatch):
    monkeypatch.setattr("stylezoo.backend.gpus", lambda: gpus)
    monkeypatch.setattr("stylezoo.backend.cores", lambda: 12)
    assert training.device() == name


def test_result_is_the_first_source_at_its_own_size(pictures, tmp_path):
    model = stylezoo.train("transfer", out=tmp_path / "run", steps=1, **pictures, **TINY)
    assert size_of(tmp_path / "run/result.png") == (32, 24)
    with Image.open(tmp_path / "run/result.png") as result:
        np.testing.assert_array_equal(result, model.stylize(pictures["source"] / "0.png"))


def test_callbacks_are_checked_before_the_training(pictures, tmp_path):
    class Count(keras.callbacks.Callback):
        steps = 0

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1

    with pytest.raises(BadOptions, match=r"A callback is <class .*Count'>; it must be an object"):
        stylezoo.train("transfer", **pictures, out=tmp_path / "run", callbacks=[Count], steps=1, **TINY)
    assert not (tmp_path / "run").exists()
    count = Count()
    stylezoo.train("transfer", **pictures, out=tmp_path / "run", callbacks=count, verbose=0, steps=2, **TINY)
    assert count.steps == 2
