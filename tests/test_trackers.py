"""The examples of the page "Callbacks and trackers" run as they stand, with small trainings and without a network."""

import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from test_cli import noise

PAGE = (Path(__file__).parents[1] / "docs" / "callbacks.md").read_text(encoding="utf-8")
SECTIONS = dict(zip(*[iter(re.split(r"(?m)^## (.+)$", PAGE.replace("\n# ", "\n## ", 1))[1:])] * 2, strict=True))
BEFORE = """
import sys

def write_down(event, given):
    if event == "socket.getaddrinfo" or (event == "socket.connect" and isinstance(given[1], tuple)):
        with open("network.txt", "a") as file:
            print(event, given[-1] if event == "socket.connect" else given[0], file=file)

sys.addaudithook(write_down)

import stylezoo
import tensorflow as tf
tf.config.run_functions_eagerly(True)  # three steps take less time than to trace a graph
train = stylezoo.train
small = {"image_size": 32, "generator": "resnet:filters=2,blocks=1", "discriminators": "patch:filters=2,layers=1"}
small |= {"load_size": 40, "steps": 3, "verbose": 0}
stylezoo.train = lambda **given: train(**{**given, **small})
"""
AFTER = {
    "Callbacks and trackers": "assert stylezoo.load_model('runs/mine').step == 4",
    "A callback of your own": "from PIL import Image; assert [Image.open(f'photo-{i}.png').size for i in (1, 2, 3)]",
    "Stop early, keep the best": "assert 1 <= int(best.step) <= 3",
    "TensorBoard": "import os; assert len(os.listdir('runs/board/tensorboard')) == 1",
    "Weights & Biases": """
import glob
(file,) = glob.glob("wandb/offline-run-*/*.wandb")
text = open(file, "rb").read()
assert b"epoch/generator/sliced-wasserstein" in text and b"epoch/learning_rate" in text
""",
    "MLflow": """
run = mlflow.last_active_run()
points = mlflow.MlflowClient().get_metric_history(run.info.run_id, "generator/sliced-wasserstein")
assert sorted(each.step for each in points) == [0, 1, 2]
""",
    "Aim": """
from pathlib import Path  # Aim itself reads what its page has indexed
assert any(b"generator/sliced-wasserstein" in file.read_bytes() for file in Path(".aim/seqs").rglob("*.sst"))
""",
}
PACKAGES = {"Weights & Biases": "wandb", "MLflow": "mlflow", "Aim": "aim"}


def test_every_section_of_the_page_is_tested():
    assert {*AFTER} == {title for title, text in SECTIONS.items() if "```python" in text}


@pytest.mark.long
@pytest.mark.parametrize("title", AFTER)
def test_example_runs(title, python, tmp_path, monkeypatch):
    if title in PACKAGES and not find_spec(PACKAGES[title]):
        pytest.skip(f"{PACKAGES[title]} is not installed")
    monkeypatch.chdir(tmp_path)
    noise("photo.jpg", 88, 80)
    noise("painting.jpg", 80, 84)
    (code,) = re.findall(r"^```python\n(.*?)^```$", SECTIONS[title], re.MULTILINE | re.DOTALL)
    code = code.replace("steps=400", "steps=4").replace("% 100", "% 1")
    done = python("-c", BEFORE + code + AFTER[title], PYTHONPATH=os.pathsep.join(sys.path))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "network.txt").exists(), (tmp_path / "network.txt").read_text()
