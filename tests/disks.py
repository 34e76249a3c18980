"""A program that trains on a disk which gets full, or read-only, in a mount namespace of its own.

``unshare -rm python disks.py FOLDER``, where FOLDER/run is a run of two steps. It prints one line for each attempt:
what the training said, and whether it could be resumed afterwards.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import keras

from stylezoo import training
from stylezoo.errors import StylezooError
from stylezoo.runs import checkpoints
from stylezoo.runs.folder import RunFolder

keras.Model.run_eagerly = property(lambda model: True, lambda model, value: None)
FURTHER = 53_000  # bytes of room more from one attempt to the next


def mounted(place, *options):
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", place], check=True)
    return place


def attempt(folder, steps, callbacks=()):
    """What a training says, in one line."""
    try:
        training.fit(training.resume(folder, steps), callbacks, checkpoint_every=1)
    except StylezooError as error:
        return str(error)
    return "trained"


def state(folder):
    """The step and the weights of a run as they can be resumed, and what is told."""
    run = training.resume(folder, 99)
    return run.step, [variable.numpy() for variable in run.model.variables], run.notes


def fill(disk, left):
    """Fill a disk but for some bytes."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    os.truncate(filler, max(0, filler.stat().st_size - left))
    return filler


def full(folder):
    """A disk with more and more room, so that it gets full at each moment of writing."""
    disk = mounted(folder / "disk", "-o", "size=4m")
    needed = sum(each.stat().st_size for each in (folder / "run").rglob("*") if each.is_file())
    for left in range(0, needed, FURTHER):
        shutil.rmtree(disk / "run", ignore_errors=True)
        shutil.copytree(folder / "run", disk / "run")
        before, _, _ = state(disk / "run")
        filler = fill(disk, left)
        said = attempt(disk / "run", before + 2)
        filler.unlink()
        after, _, notes = state(disk / "run")
        hidden = [each.name for each in (disk / "run").rglob(".*")]
        print(f"full|{left}|{said}|{before <= after}|{notes}|{hidden}")


def read_only(folder):
    """A folder that gets read-only in the middle of a training."""
    shutil.copytree(folder / "run", folder / "sealed")
    place = folder / "sealed" / "checkpoints"

    def seal(batch, logs=None):
        subprocess.run(["mount", "--bind", place, place], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)

    said = attempt(folder / "sealed", 5, [keras.callbacks.LambdaCallback(on_train_batch_begin=seal)])
    subprocess.run(["umount", place], check=True)
    print(f"read-only|{said}|{state(folder / 'sealed')[0]}")


def no_temporary(folder):
    """A training while the folder of temporary files is full."""
    place = mounted(folder / "temporary", "-o", "size=1m")
    fill(place, 0)
    tempfile.tempdir = os.environ["TMPDIR"] = str(place)
    shutil.copytree(folder / "run", folder / "other")
    print(f"temporary|{attempt(folder / 'other', 4)}|{checkpoints.newest(RunFolder(folder / 'other'))[1]}")


if __name__ == "__main__":
    where = Path(sys.argv[1])
    full(where)
    read_only(where)
    no_temporary(where)
