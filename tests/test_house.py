"""The rules of the house that a reader can measure: short modules, short functions, few branches."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest
import stylezoo_builtins

import stylezoo
from stylezoo import Recipe

MACHINE = Path(stylezoo.__file__).parent
FILES = sorted([*MACHINE.rglob("*.py"), *Path(stylezoo_builtins.__file__).parent.rglob("*.py")])
MODULE, GAN, BODY = 400, 250, 30  # lines, at most
FIELDS = 24  # of a recipe, at most


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_modules_and_functions_are_short(file):
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") <= (GAN if file == MACHINE / "gan.py" else MODULE)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert length <= BODY, f"{file.name}:{node.lineno} {node.name}: {length} lines"


def test_a_recipe_has_few_fields():
    assert len(fields(Recipe)) <= FIELDS


def test_tensorflow_is_named_in_two_rooms():
    """Networks and losses speak `keras.ops`; what Keras has no word for is in `stylezoo.backend` and `devices`."""
    importing = [
        file.relative_to(MACHINE.parent).as_posix()
        for file in MACHINE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name.partition(".")[0] == "tensorflow" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "tensorflow")
    ]
    assert sorted(importing) == ["stylezoo/backend.py", "stylezoo/devices.py"]
