"""What is public is one list: modules, the page of the API and the built-in plugins keep to it."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest
import stylezoo_builtins

import stylezoo
from stylezoo.public import PUBLIC

ROOT = Path(stylezoo.__file__).parents[1]
PLUGINS = Path(stylezoo_builtins.__file__).parent
OWN = "stylezoo_builtins"
BUILT_IN = sorted(path.relative_to(PLUGINS).as_posix() for path in PLUGINS.rglob("*.py"))
OUTWARD = {"math", "re", "collections", "numpy"}


@pytest.mark.parametrize("module", PUBLIC)
def test_a_public_module_offers_what_the_list_says(module):
    found = import_module(module)
    assert [*found.__all__] == [*PUBLIC[module]] == sorted(PUBLIC[module], key=lambda name: (not name.isupper(), name))
    assert all(hasattr(found, name) for name in PUBLIC[module])


def documented():
    """Every name on the page of the API, with its module: "stylezoo.layers.luminance"."""
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name, options in re.findall(r"^::: ([\w.]+)\n((?:    .*\n)*)", text, re.MULTILINE):
        if name in PUBLIC:
            listed = re.findall(r"^ +- (\w+)$", options, re.MULTILINE)
            listed += re.findall(r"\w+", "".join(re.findall(r"[^_]members: \[(.*)\]", options)))
            yield from (f"{name}.{each}" for each in listed)
        else:
            yield name


def test_the_page_of_the_api_has_each_public_name_once_and_no_other():
    twice = {f"stylezoo.contract.{name}" for name in PUBLIC["stylezoo"]} | {"stylezoo.StylezooError"}
    public = [(module, name) for module, names in PUBLIC.items() for name in names]
    # Constants such as FEATURE have no entry of their own.
    wanted = [f"{module}.{name}" for module, name in public if callable(getattr(import_module(module), name))]
    shown = [*documented()]
    assert len(shown) == len(set(shown))
    assert {*wanted} - twice <= {*shown}
    assert {*shown} <= {*wanted}


@pytest.mark.parametrize("file", BUILT_IN)
def test_a_built_in_plugin_imports_public_names_only(file):
    for node in ast.walk(ast.parse((PLUGINS / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert all(alias.name.partition(".")[0] in {"keras", *OUTWARD} for alias in node.names), ast.unparse(node)
        if isinstance(node, ast.ImportFrom):
            top = node.module.partition(".")[0]
            assert top in {"keras", "stylezoo", OWN, *OUTWARD}, ast.unparse(node)
            if top == "stylezoo":
                modules = {f"{node.module}.{alias.name}" for alias in node.names}
                names = {alias.name for alias in node.names}
                assert modules <= {*PUBLIC} or names <= {*PUBLIC[node.module]}, ast.unparse(node)


def test_types_are_marked_as_such():
    assert (Path(stylezoo.__file__).parent / "py.typed").is_file()  # PEP 561
