import importlib.machinery
import importlib.util
import inspect
import sys
import time
import zipfile

import pytest

from stylezoo.catalogue import registry
from stylezoo.catalogue.sources import Option, describe

BUILT_IN = [p for p in registry.plugins() if p.distribution == "stylezoo"]
PARTS = [p for p in BUILT_IN if p.kind not in ("model", "style")]  # a style is a file
MODELS = [p for p in BUILT_IN if p.kind == "model"]


@pytest.fixture
def described(tmp_path, monkeypatch):
    """Describes a target in a package that is written for the test: ``described({"a.py": "..."}, "a:Loss")``."""

    def describe_target(files, target):
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        monkeypatch.syspath_prepend(str(tmp_path))
        before = set(sys.modules)
        said = describe(registry.Plugin("loss", "soft", "acme", "1.0", target, tmp_path))
        assert set(sys.modules) == before
        return said

    return describe_target


LOSS = '''"""A module."""

from stylezoo import ImageLoss


class Soft(ImageLoss):
    """Soft: the first sentence,
    on two lines.

    And more.
    """

    def __init__(self, width: float, *, edge: "int" = -3, name=None, words: str = "a,b"):
        pass
'''


# Agreement with what is imported in the end


@pytest.mark.parametrize("plugin", PARTS, ids=lambda p: p.qualified)
def test_options_read_from_the_source_are_those_of_the_loaded_component(plugin):
    signature = inspect.signature(plugin.load()).parameters.values()
    loaded = [(p.name, None if p.default is p.empty else p.default) for p in signature if p.name != "shape"]
    read = [(o.name, eval(o.default) if o.default else None) for o in describe(plugin).options]
    assert read == loaded


@pytest.mark.parametrize("plugin", PARTS, ids=lambda p: p.qualified)
def test_types_read_from_the_source_are_those_of_the_loaded_component(plugin):
    signature = inspect.signature(plugin.load()).parameters
    for option in describe(plugin).options:
        annotation = signature[option.name].annotation
        assert option.type == ("" if annotation is inspect.Parameter.empty else inspect.formatannotation(annotation))


@pytest.mark.parametrize("plugin", PARTS, ids=lambda p: p.qualified)
def test_the_docstring_read_from_the_source_is_that_of_the_loaded_component(plugin):
    assert describe(plugin).doc == inspect.getdoc(plugin.load())


@pytest.mark.parametrize("plugin", MODELS, ids=lambda p: p.qualified)
def test_fields_read_from_the_source_are_those_of_the_loaded_recipe(plugin):
    fields = dict(describe(plugin).fields)
    assert plugin.load() == type(plugin.load())(**fields)


@pytest.mark.parametrize("plugin", BUILT_IN, ids=lambda p: p.qualified)
def test_every_built_in_plugin_is_described_without_a_problem(plugin):
    said = describe(plugin)
    assert said.problem == ""
    assert said.file.is_file()
    assert said.summary.endswith(".")
    assert "\n" not in said.summary


def test_describing_every_plugin_imports_none(python):
    code = """
import sys
from stylezoo.catalogue import registry
from stylezoo.catalogue.sources import describe
found = {p.name: describe(p) for p in registry.plugins()}
assert [o.name for o in found["charbonnier"].options] == ["epsilon"]
assert dict(found["acme-retouch"].fields)["image_size"] == 32
assert found["dreamy"].summary == "Dreamy: needs a package that is not installed."
heavy = ["keras", "tensorflow", "numpy", "PIL", "stylezoo_builtins", "acme_style", "acme_missing", "acme_exits"]
print([name for name in heavy if name in sys.modules])
"""
    done = python("-c", code, installed=["acme", "missing", "exits"])
    assert (done.stderr, done.stdout) == ("", "[]\n")


# What is read


def test_a_class_is_described_by_its_docstring_line_and_constructor(described, tmp_path):
    said = described({"acme_soft.py": LOSS}, "acme_soft:Soft")
    assert said.file == tmp_path / "acme_soft.py"
    assert LOSS.splitlines()[said.line - 1].startswith("class Soft")
    assert said.summary == "Soft: the first sentence, on two lines."
    assert said.doc.endswith("And more.")
    assert said.options == (
        Option("width", "float", ""),
        Option("edge", "'int'", "-3"),
        Option("name", "", "None"),
        Option("words", "str", "'a,b'"),
    )


def test_a_function_is_described_without_the_shape_that_the_machine_gives(described):
    said = described({"acme_net.py": 'def build(shape, filters: int = 64):\n    """A net."""\n'}, "acme_net:build")
    assert (said.summary, said.options) == ("A net.", (Option("filters", "int", "64"),))


def test_a_recipe_is_described_by_its_module_and_its_literal_fields(described):
    text = '"""A model."""\nSIZE = 8\nr = Recipe(losses=("lsgan", "tv"), image_size=SIZE * 2)\n'
    said = described({"acme_model.py": text}, "acme_model:r")
    assert said.summary == "A model."
    assert dict(said.fields) == {"losses": ("lsgan", "tv"), "image_size": "SIZE * 2"}


def test_the_last_definition_is_the_one_that_counts(described):
    text = 'def build(shape, a=1):\n    """Old."""\n\n\ndef build(shape, b=2):\n    """New."""\n'
    assert described({"acme_two.py": text}, "acme_two:build").summary == "New."


@pytest.mark.parametrize(
    "line",
    [
        "from acme_pack.inner import Soft",
        "from .inner import Soft",
        "from . import inner\nfrom .inner import Soft as Soft",
        "from .inner import *",
        "from json import *\nfrom .inner import *",
    ],
)
def test_a_re_exported_component_is_followed_to_its_file(line, described, tmp_path):
    said = described({"acme_pack/__init__.py": f"{line}\n", "acme_pack/inner.py": LOSS}, "acme_pack:Soft")
    assert said.file == tmp_path / "acme_pack/inner.py"
    assert [o.name for o in said.options] == ["width", "edge", "name", "words"]


def test_a_component_that_was_renamed_when_re_exported_is_followed(described):
    files = {"acme_pack2/__init__.py": "from .inner import Soft as Softer\n", "acme_pack2/inner.py": LOSS}
    assert described(files, "acme_pack2:Softer").summary == "Soft: the first sentence, on two lines."


def test_a_module_deep_in_a_package_is_found_without_importing_the_package(described):
    files = {
        "acme_deep/__init__.py": "raise RuntimeError('imported')\n",
        "acme_deep/losses/__init__.py": "raise RuntimeError('imported')\n",
        "acme_deep/losses/soft.py": LOSS,
    }
    assert described(files, "acme_deep.losses.soft:Soft").problem == ""


def test_what_ast_cannot_follow_is_no_problem(described):
    text = '"""A module."""\nSoft = type("Soft", (), {})\nfor Other in (Soft,):\n    pass\n'
    assert described({"acme_made.py": text}, "acme_made:Other").problem == ""


def test_a_component_inside_of_another_object_is_no_problem(described):
    text = "class Losses:\n    class Soft:\n        pass\n"
    assert described({"acme_nested.py": text}, "acme_nested:Losses.Soft").problem == ""


# What is wrong


@pytest.mark.parametrize("target", ["acme_nowhere:Soft", "acme_nowhere.inner:Soft", "json.acme_nowhere:Soft"])
def test_a_missing_module_is_told(target, described):
    assert described({}, target).problem == f"there is no module '{target.partition(':')[0]}'"


def test_a_missing_module_behind_a_re_export_is_told(described):
    said = described({"acme_hop/__init__.py": "from .gone import Soft\n"}, "acme_hop:Soft")
    assert said.problem == "there is no module 'acme_hop.gone'"


def test_a_missing_name_is_told(described):
    assert described({"acme_typo.py": LOSS}, "acme_typo:Hard").problem == "the module 'acme_typo' has no 'Hard'"


@pytest.mark.parametrize("text", ["class Soft(:\n", b"x = '\xe9'\n", "x = 'a\0b'\n"])
def test_a_source_that_is_no_python_is_told(text, described):
    assert described({"acme_bad.py": text}, "acme_bad:Soft").problem.startswith("its source cannot be read: ")


@pytest.mark.parametrize("target", ["my-module:Soft", "acme_style", "acme_style:", ""])
def test_a_target_of_the_wrong_form_is_told(target, described):
    assert described({}, target).problem == f"its entry point '{target}' is not of the form 'package.module:object'"


# Where modules lie, and what strangers may write


def test_namespace_packages_within_each_other_are_found(described):
    said = described({"space/inner/mod.py": "def build(shape):\n    'Deep.'"}, "space.inner.mod:build")
    assert (said.doc, said.problem) == ("Deep.", "")


def test_the_finder_of_an_editable_install_is_asked(tmp_path, monkeypatch):
    """As setuptools writes it for a package within a namespace: it knows the inner package, not the outer one."""
    (tmp_path / "mod.py").write_text("def build(shape):\n    'Edited.'")

    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == "edited.inner.mod":
                return importlib.util.spec_from_file_location(name, tmp_path / "mod.py")
            return 1 / 0  # a finder that breaks hides no module of the others

    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    assert describe(registry.Plugin("loss", "soft", "acme", "1.0", "edited.inner.mod:build", tmp_path)).doc == "Edited."


def test_a_module_in_an_archive_is_read(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("zipped/__init__.py", "1 / 0")
        archive.writestr("zipped/mod.py", "def build(shape, width=3):\n    'Zipped.'")
    monkeypatch.syspath_prepend(str(tmp_path / "x.zip"))
    said = describe(registry.Plugin("loss", "soft", "acme", "1.0", "zipped.mod:build", tmp_path))
    assert (said.doc, said.options) == ("Zipped.", (Option("width", "", "3"),))


@pytest.mark.parametrize("name", ["mod.pyc", "mod.cpython-SOABI.so"])
def test_a_compiled_module_is_not_readable_and_not_broken(name, described):
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    said = described({name.replace(".cpython-SOABI.so", suffix): b""}, "mod:build")
    assert (said.problem, said.unread) == ("", "it has no source in Python")


LONG = {
    "a sum": ("def build(shape, x=" + "+".join("1" * 400) + "): pass", "...", ""),
    "a huge number": ("def build(shape, x=0x" + "f" * 9000 + "): pass", "...", ""),
    "a long text": (f"def build(shape, x={'y' * 9000!r}): pass", "'" + "y" * 199 + " ...", ""),
    "control characters": ("def build(shape, x='\\x1b[31m\\u202e'): pass", "'\\x1b[31m\\u202e'", ""),
    "a deep sum": ("def build(shape, x=" + "+".join("1" * 60_000) + "): pass", None, "it is nested too deeply"),
    "a deep call": ("def build(shape, x=a" + "()" * 60_000 + "): pass", None, "it is nested too deeply"),
    "much": ("#" * 50_000_000 + "\ndef build(shape): pass", None, "it has more than 262144 bytes"),
}


@pytest.mark.parametrize("what", LONG)
def test_a_source_that_is_odd_breaks_nothing_and_takes_no_second(what, described):
    source, default, unread = LONG[what]
    began = time.monotonic()
    said = described({"odd.py": source}, "odd:build")
    assert time.monotonic() - began < 1
    assert (said.problem, said.unread) == ("", unread)
    if default:
        assert said.options == (Option("x", "", default),)


@pytest.mark.parametrize(
    "source", [b"x = 1\0", "x = 1".encode("utf-16"), b"# coding: klingon\n", b"x = '\xff'", b"x = " + b"(" * 5000]
)
def test_what_is_no_python_is_broken_in_one_line(source, described):
    said = described({"odd.py": source}, "odd:build")
    assert said.problem.startswith("its source cannot be read: ")
    assert "\n" not in said.problem


@pytest.mark.filterwarnings("error")
def test_a_docstring_has_no_control_characters(described):
    said = described(
        {"odd.py": "def build(shape):\n  'One\\x1b[31m.\\n\\n    two\\x07\\u202e \\d\\n      in'"}, "odd:build"
    )
    assert said.doc == "One.\n\ntwo \\d\n  in"


@pytest.mark.parametrize("how", ["def __getattr__(name): ...", "globals().update()", "from nowhere import *"])
def test_a_module_that_may_have_the_object_is_not_broken(how, described):
    assert described({"odd.py": how}, "odd:build").problem == ""


def test_fields_of_a_recipe_are_plain_data(described):
    fields = 'about="A\\x1b[0mB", a={(1, 2): 3}, b=1e999, c=[1, ("x", None)], d=-2, **more, e=1 + 1, f=0x' + "f" * 9000
    said = described({"odd.py": f"recipe = Recipe({fields})"}, "odd:recipe")
    assert dict(said.fields) == {
        "about": "AB", "a": "{(1, 2): 3}", "b": "1e309", "c": [1, ("x", None)], "d": -2, "e": "1 + 1", "f": "...",
    }  # fmt: skip
