"""A deterministic training comes to the same weights, whatever the number of cores."""

import os
import subprocess
import sys

import pytest

from stylezoo import backend, training
from stylezoo.errors import BadRecipe
from stylezoo.recipe import Recipe

# The sums of this training are large enough to be divided among threads.
PROGRAM = """
import hashlib, os, sys
import numpy as np
from PIL import Image
from stylezoo import training
cores, threads = map(int, sys.argv[1:3])
os.sched_setaffinity(0, range(cores))
picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype="uint8"))
changes = {"generator.filters": 8, "generator.blocks": 1, "image_size": 64, "load_size": 64, "precision": "float32"}
recipe = training.chosen("transfer", steps=2, **changes, **({"threads": threads} if threads else {}))
run = training.fit(training.start(recipe, picture, picture, sys.argv[3]))
print(hashlib.sha256(b"".join(variable.numpy().tobytes() for variable in run.model.variables)).hexdigest())
"""


def weights(cores, threads, folder):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(cores), str(threads), folder], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="one core only")
def test_the_weights_are_the_same_on_one_core_and_on_two(tmp_path):
    one, two = (weights(cores, 2, tmp_path / str(cores)) for cores in (1, 2))
    assert one == two


def test_the_number_of_threads_is_that_of_the_cores_where_a_training_starts(monkeypatch):
    asked = []
    monkeypatch.setattr(backend, "be_deterministic", lambda *numbers: asked.append(numbers))
    monkeypatch.setattr(backend, "cores", lambda: 6)
    assert training.chosen("transfer", threads=0, seed=3).threads == 6
    assert training.chosen("transfer", threads=2, seed=4).threads == 2
    assert training.chosen("transfer").threads is None
    assert asked == [(6, 3), (2, 4)]


def test_a_process_that_has_computed_something_is_told_to_start_a_new_one():
    backend.tensor_of((1,))
    assert backend.graph(lambda: 1)() == 1
    with pytest.raises(BadRecipe, match=r"threads=7, must be the first that TensorFlow computes in a process"):
        training.chosen(Recipe.named("transfer", threads=7))
