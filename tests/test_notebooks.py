"""In a notebook the progress of a training is a part of its page, which changes in place."""

import re

import nbclient
import nbformat
import pytest
from test_cli import noise

CODE = """
import keras
import stylezoo
from stylezoo.recipe import Recipe

sizes = {"image_size": 16, "generator": "resnet:filters=2,blocks=1", "discriminators": "patch:filters=2,layers=1"}
gan = stylezoo.train(Recipe(**sizes, steps=20), "x.png", "x.png", "run")
"""


def executed(folder, *cells):
    """The outputs of each cell of a notebook that is run in a folder."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in notebook.cells]


@pytest.mark.long
def test_a_training_is_one_line_and_the_newest_sheet(tmp_path):
    noise(tmp_path / "x.png", 32, 24)
    outputs, shown = executed(tmp_path, CODE, 'gan.stylize("x.png")')
    line, sheet = [each for each in outputs if each.output_type == "display_data"]
    assert re.fullmatch(
        r'<progress value="20" max="20" [^>]+></progress> <span [^>]+>step 20/20&ensp;generator [\d.]+&ensp;'
        r"discriminator [\d.]+&ensp;in \d:\d\d</span><br>Look at run/samples/latest.png, .*",
        line.data["text/html"],
    )
    assert line.data["text/plain"].startswith("step 20/20  generator ")
    assert sheet.data["image/png"]
    assert shown[0].data["image/png"]
    said = "".join(each.text for each in outputs if each.output_type == "stream")
    assert "step " not in said
