"""In a notebook the progress of a training changes in place; the notebook of the documentation runs."""

import re
from pathlib import Path

import nbclient
import nbformat
import numpy as np
import pytest
from test_cli import noise

import stylezoo

ROOT = Path(__file__).parents[1]
SMALLER = """
    from PIL import Image

    for file in Path("samples").rglob("*.*"):
        with Image.open(file) as image:
            image.reduce(2).save(file)
"""  # within the cell that writes the sample pictures: a quarter of the pixels takes a quarter of the time
CODE = """
import keras
import stylezoo
from stylezoo.recipe import Recipe

sizes = {"image_size": 16, "generator": "resnet:filters=2,blocks=1", "discriminators": "patch:filters=2,layers=1"}
gan = stylezoo.train(Recipe(**sizes, steps=20), "x.png", "x.png", "run")
"""


def run(notebook, folder):
    """Run a notebook in a folder, as it is run in a browser."""
    nbclient.NotebookClient(notebook, timeout=500, resources={"metadata": {"path": str(folder)}}).execute()


def executed(folder, *cells):
    """The outputs of each cell of a notebook that is run in a folder."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    run(notebook, folder)
    return [cell.outputs for cell in notebook.cells]


@pytest.mark.long
def test_a_training_is_one_line_and_the_newest_sheet(tmp_path):
    noise(tmp_path / "x.png", 32, 24)
    outputs, shown = executed(tmp_path, CODE, 'gan.stylize("x.png")')
    line, sheet = [each for each in outputs if each.output_type == "display_data"]
    assert re.fullmatch(
        r'<progress value="20" max="20" [^>]+></progress> <span [^>]+>step 20/20&ensp;generator [\d.]+&ensp;'
        r"discriminator [\d.]+&ensp;in \d:\d\d</span><br>.*<br>Look at run/samples/latest.png, .*",
        line.data["text/html"],
    )
    assert line.data["text/plain"].startswith("step 20/20  generator ")
    assert sheet.data["image/jpeg"]
    assert shown[0].data["image/png"]
    said = "".join(each.text for each in outputs if each.output_type == "stream")
    assert "step " not in said


def own():
    """The notebook of the documentation."""
    return nbformat.read(ROOT / "docs/notebooks/stylezoo.ipynb", as_version=4)


def test_the_notebook_of_the_documentation_is_stored_without_outputs():
    notebook = own()
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)
    assert len(re.findall(r"(?m)^STEPS = \d+", cells[0].source)) == 1
    assert not re.search(r"https?://|wget|curl|requests", "".join(cell.source for cell in cells))


@pytest.mark.long
def test_the_notebook_of_the_documentation_runs(tmp_path):
    notebook = own()
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source = re.sub(r"(?m)^STEPS = \d+", "STEPS = 2", first.source)
    second = notebook.cells[notebook.cells.index(first) + 1 :]
    second = next(cell for cell in second if cell.cell_type == "code")
    second.source = second.source.replace('samples.write("samples")', f'samples.write("samples")\n{SMALLER}')
    assert SMALLER in second.source
    run(notebook, tmp_path)
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output for output in shown if "image/jpeg" in output.get("data", {})]
    assert len(pictures) == 5  # two contact sheets, a mixture, a row of mixtures, and what the exported model draws
    said = "".join(output.text for output in shown if output.output_type == "stream")
    assert said.count("half and half") == 2
    assert {"fused.keras", "fused.zip", "runs"} <= {path.name for path in tmp_path.iterdir()}
    assert stylezoo.load_model(tmp_path / "fused.keras").stylize(np.zeros((16, 16, 3), "float32")).shape == (16, 16, 3)
