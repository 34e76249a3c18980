"""The page "How to read the source" names what is there, and its order is that of the imports."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "reading-the-source.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`\n]+)`")
OUTSIDE = {
    "keras.Model",
    "self.real",
    "pyproject.toml",
    "recipe.json",
    "card.json",
    "result.png",
    "model.stylize",
    "LSGAN.__init__",
}


@cache
def names(file):
    """Every class, function and constant of a file, and those of its classes with the class in front."""
    found = set()
    for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        found |= _named(node)
        if isinstance(node, ast.ClassDef):
            methods = {name for each in node.body for name in _named(each)}
            found |= {*methods, *(f"{node.name}.{name}" for name in methods)}
    return found


def _named(node):
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {each.id for each in targets if isinstance(each, ast.Name)}


def everything():
    files = [*(ROOT / "stylezoo").rglob("*.py"), *(ROOT / "plugins" / "stylezoo_builtins").rglob("*.py")]
    return set().union(*(names(file.relative_to(ROOT)) for file in files))


ROWS = re.findall(r"^\| `([\w/]+\.py)` \| ([^|]+) \|", TEXT, re.MULTILINE)


@pytest.mark.parametrize(("file", "cell"), ROWS, ids=[file for file, _ in ROWS])
def test_a_row_names_what_its_file_has(file, cell):
    assert CODE.findall(cell)
    for name in CODE.findall(cell):
        assert name in names(file), f"{file} has no {name}"


def test_every_file_and_folder_is_there():
    found = [each for each in CODE.findall(TEXT) if re.fullmatch(r"[\w/.-]*/[\w/.]*|[\w/]+\.py", each)]
    assert len(found) > 60
    for each in {*found} - {"photos/", "paintings/", "generator/lsgan"}:
        assert (ROOT / each).exists(), each


def test_every_name_in_a_sentence_is_there():
    text = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
    known = everything()
    words = [each for each in CODE.findall(text) if re.fullmatch(r"[A-Z]\w+(\.\w+)*|[a-z]+_\w+|\w+\.\w+", each)]
    assert len(words) > 80
    for each in {*words} - OUTSIDE:
        assert each in known or (ROOT / "tests" / each).exists(), each


def test_a_name_beside_its_file_is_in_it():
    for name, file in re.findall(r"`([\w.]+)` (?:in|of)\s+`([\w/]+\.py)`", TEXT):
        assert name in names(file) or name == "backend", f"{file} has no {name}"


def test_the_order_is_that_of_the_imports():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers")
    level = {wing: -i for i, line in enumerate(layers) for wing in line.split(" : ")}
    first_plugin = next(i for i, (file, _) in enumerate(ROWS) if file.startswith("plugins/"))
    levels = [level[re.match(r"stylezoo/(\w+)", file)[1]] for file, _ in ROWS[:first_plugin]]
    assert levels == sorted(levels)
