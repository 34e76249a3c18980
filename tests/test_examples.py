"""The examples in docstrings: what people call has one, and each runs and gives what it says."""

import doctest
import os
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest
from test_docs import entries_of_the_api_page

from stylezoo.public import PUBLIC

NO_EXAMPLE = {
    "stylezoo": [
        "push_to_hub", "list_generators", "list_discriminators", "list_losses", "list_metrics", "list_styles",
    ],
    "stylezoo.checks": [
        "Result", "check_discriminator", "check_generator", "check_metric", "check_model", "check_plugin",
        "check_style",
    ],  # as check_loss
    "stylezoo.contract": [
        "MeanMetric", "NamedStyles", "OneStyle", "StyleCodes", "StyleInput", "StylePicture", "fuses", "made_of_codes",
        "pixel_gradient", "random_noise", "style_of",
    ],
    "stylezoo.data": ["Crops", "DataMode", "GridCrops", "NamedStyles", "Paired", "RandomCrops", "Unpaired"],
    "stylezoo.features": ["vgg19"],  # it needs a file of weights
    "stylezoo.runs.card": ["Card", "read", "sheet"],
    "stylezoo.runs.drawing": ["Discriminators"],
    "stylezoo.scene": ["mixed", "origin"],
    "stylezoo.training": ["Run"],
    "stylezoo.updates": [
        "Adam", "GeneratorOnly", "Halving", "InTurn", "Inverse", "Linear", "PlayerOptimizer", "Together", "WarmUp",
        "scaled",
        "update",
    ],  # choices by name, in the tables of recipes
}  # fmt: skip


def examples(name):
    return doctest.DocTestParser().get_examples(pydoc.locate(name).__doc__ or "")


@pytest.mark.parametrize("module", PUBLIC)
def test_what_people_call_has_an_example(module):
    if module == "stylezoo.errors":
        return
    without = [name for name in PUBLIC[module] if callable(pydoc.locate(f"{module}.{name}"))]
    without = [name for name in without if not examples(f"{module}.{name}")]
    known = [*NO_EXAMPLE.get(module, ()), "StylezooError"]
    assert {*without} <= {*known}
    assert {*NO_EXAMPLE.get(module, ())} <= {*without}


@pytest.mark.long
def test_examples_run():
    names = [name for name in entries_of_the_api_page() if examples(name)]
    assert len(names) > 50
    program = Path(__file__).with_name("examples.py")
    done = subprocess.run(
        [sys.executable, program, *names],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
