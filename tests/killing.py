"""A program that trains in processes which are killed at random moments, and compares what becomes of it.

``python killing.py FOLDER KILLS SEED``: FOLDER/run and FOLDER/whole are begun runs of one recipe. The first is killed
KILLS times while it is resumed and trained, with a checkpoint after each step, and then trained to its end; the second
is trained without a break. The modules are imported once; each training is a fork of this process, in which TensorFlow
has computed nothing yet.
"""

import csv
import hashlib
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import h5py
import keras

from stylezoo import devices, training
from stylezoo.runs.folder import RunFolder

LATER = 1.0  # seconds within which a process is killed


def forked(folder):
    """The id of a process that trains a run to its end."""
    sys.stdout.flush()
    if child := os.fork():
        return child
    status = 1
    try:
        if os.environ.get("EAGER"):
            keras.Model.run_eagerly = property(lambda model: True, lambda model, value: None)
        with devices.scope(os.environ.get("DEVICES") or None):
            run = training.resume(folder)
        training.fit(run, checkpoint_every=1)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def killed(folder, rng):
    """Whether a training was killed before it came to its end: some time after it began, or after some checkpoints."""
    child, seen = forked(folder), set()
    for_more = rng.randrange(3)
    while len(seen) <= for_more and not (folder / RunFolder.RESULT).exists():
        seen.add((folder / RunFolder.CHECKPOINT).stat().st_mtime_ns)
        time.sleep(0.01)
    time.sleep(rng.uniform(0, LATER))
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def ended(folder):
    assert os.waitpid(forked(folder), 0)[1] == 0, "a training has failed"


def arrays(folder):
    """All numbers of the last checkpoint of a run, by their names."""
    found = {}

    def add(name, each):
        if isinstance(each, h5py.Dataset):
            found[name] = each[()]

    with h5py.File(folder / RunFolder.CHECKPOINT) as file:
        file.visititems(add)
    return found


def content(folder):
    """Everything that a run is: arrays of its checkpoint and model, rows of its log without their times, pictures."""
    found = {name: each.tobytes() for name, each in arrays(folder).items()}
    with open(folder / RunFolder.LOG, newline="") as file:
        found["log"] = repr([[row[0], *row[2:]] for row in csv.reader(file)]).encode()
    for picture in [folder / RunFolder.RESULT, *sorted((folder / RunFolder.SAMPLES).iterdir())]:
        found[picture.name] = picture.read_bytes()
    return {name: hashlib.sha256(each).hexdigest() for name, each in found.items()}


def main(folder, kills, seed):
    rng, left = random.Random(int(seed)), int(kills)
    while left and killed(folder / "run", rng):
        left -= 1
    ended(folder / "whole")
    if not (folder / "run" / RunFolder.RESULT).exists():  # it may have come to its end in the last moment
        ended(folder / "run")
    one, other = content(folder / "run"), content(folder / "whole")
    different = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    print(f"killed {int(kills) - left} times, {len(one)} parts, different: {different}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
