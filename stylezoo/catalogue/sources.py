"""Descriptions of plugins, read from their source files with `ast`: nothing is imported, not even their packages."""

import ast
import importlib.util
import inspect
import re
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from stylezoo.catalogue import registry
from stylezoo.catalogue.registry import Plugin


@dataclass(frozen=True)
class Option:
    """One option of a component, as written in its source.

    Attributes:
        name: What the user writes: ``lsgan:real=0.9``.
        type: The annotation, "" if there is none.
        default: The default value, "" if the option must be given.
    """

    name: str
    type: str
    default: str


@dataclass(frozen=True)
class Description:
    """A plugin's description in its source.

    Attributes:
        file: The source file, None when it was not found.
        line: Where the component begins in it.
        doc: Its docstring (of a model: the docstring of its module), without indentation.
        options: Its options.
        fields: Of a model: the fields that its `Recipe(...)` call sets, as far as they are literals.
        problem: Why it cannot work, as far as the source shows, else "".
    """

    file: Path | None = None
    line: int = 0
    doc: str = ""
    options: tuple[Option, ...] = ()
    fields: tuple[tuple[str, Any], ...] = ()
    problem: str = ""

    @property
    def about(self) -> str:
        """Of a model: the sentence `about` of its recipe."""
        return str(dict(self.fields).get("about", ""))

    @property
    def prose(self) -> str:
        """The docstring without its list of options."""
        return self.doc.partition("\nArgs:\n")[0]

    @property
    def meanings(self) -> dict[str, str]:
        """The text about each option in the docstring's section "Args:"."""
        arguments = self.doc.partition("\nArgs:\n")[2]
        entries = re.findall(r"^    (\w+): (.+(?:\n {5,}.+)*)", arguments, re.MULTILINE)
        return {name: " ".join(text.split()) for name, text in entries}

    @property
    def summary(self) -> str:
        """What it is in one line: of a model what its recipe is about, else the docstring's first paragraph."""
        return self.about or " ".join(self.doc.partition("\n\n")[0].split())


def such_as(**fields) -> str:
    """Installed models whose recipes have these values, for the end of a sentence: ", such as cyclegan"; or nothing.

    Args:
        **fields: Fields of a recipe; of a part or a choice only the name counts: ``data="named-styles"``.
    """
    names = [plugin.name for plugin in registry.plugins("model") if fields.items() <= _names_only(describe(plugin))]
    return f", such as {names[0]}" if names else ""


def _names_only(found):
    return {name: str(value).partition(":")[0] if isinstance(value, str) else value for name, value in found.fields
            if isinstance(value, str | bool)}.items()  # fmt: skip


def describe(plugin: Plugin) -> Description:
    """Read a plugin's description from its source. Never raises: what is wrong with it is in `problem`."""
    if plugin.local is not None:
        return _of_object(plugin.local)
    found = _describe(*plugin.place, hops=2) if plugin.place else Description()
    return replace(found, problem=plugin.problem or found.problem)


def _of_object(component) -> Description:
    """The description of a component that was registered in this process."""
    if not callable(component):
        return Description(fields=tuple(component.to_dict().items()))
    parameters = [p for p in inspect.signature(component).parameters.values() if p.name != "shape"]
    spell = lambda value: "" if value is inspect.Parameter.empty else getattr(value, "__name__", repr(value))  # noqa: E731
    options = tuple(Option(p.name, spell(p.annotation), spell(p.default)) for p in parameters)
    return Description(doc=inspect.cleandoc(component.__doc__ or ""), options=options)


def _describe(module: str, name: str, hops: int) -> Description:
    file = _source_file(module)
    if file is None:
        return Description(problem=f"there is no module '{module}'")
    if file.suffix != ".py":  # compiled: it can be used, it cannot be read
        return Description(file)
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError) as error:
        return Description(file, problem=f"its source cannot be read: {error}")
    for node in reversed(tree.body):  # the last definition is the one that counts
        match node:
            case ast.ClassDef(name=found) if found == name:
                return Description(file, node.lineno, _doc(node), _class_options(node))
            case ast.FunctionDef(name=found) if found == name:
                return Description(file, node.lineno, _doc(node), _options(node.args))
            case ast.Assign(targets=[ast.Name(id=found)], value=ast.Call(keywords=keywords)) if found == name:
                return Description(file, node.lineno, _doc(tree), fields=_fields(keywords))
            case ast.ImportFrom() if hops and (there := _imported(node, name)):
                found = _describe(_absolute(node, module, file), there, hops - 1)
                if node.names[0].name != "*" or not found.problem:  # a star import may not be the one that has it
                    return found
    outermost = name.partition(".")[0]
    if outermost in file.read_text(encoding="utf-8", errors="replace"):  # defined in a way that is not recognised
        return Description(file, doc=_doc(tree))
    return Description(file, problem=f"the module '{module}' has no '{name}'")


def _source_file(module: str) -> Path | None:
    """Where a module's source lies. Only import finders are used: a submodule's package is not imported."""
    top, *inner = module.split(".")
    try:
        spec = _top_level(top, tuple(sys.path))
    except (ImportError, ValueError, AttributeError):
        return None
    if not inner:
        return Path(spec.origin) if spec.origin else None
    for folder in spec.submodule_search_locations or ():
        path = Path(folder, *inner)
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file
        if compiled := next(path.parent.glob(f"{path.name}.*.so"), None):
            return compiled
    return None


@lru_cache(maxsize=64)
def _top_level(name: str, places: tuple[str, ...]) -> ModuleSpec:
    """Where a package or module lies. A missing one is not cached: it may be installed later."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ImportError(name)
    return spec


def _imported(node: ast.ImportFrom, name: str) -> str | None:
    """What `name` is called in the module that this statement imports it from, None if it imports something else."""
    for alias in node.names:
        if alias.name == "*":
            return name
        if (alias.asname or alias.name) == name:
            return alias.name
    return None


def _absolute(node: ast.ImportFrom, module: str, file: Path) -> str:
    """The module that a `from ... import` names."""
    parts = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    base = parts[: len(parts) - node.level + 1] if node.level else []
    return ".".join([*base, *filter(None, [node.module])])


def _doc(node) -> str:
    return inspect.cleandoc(ast.get_docstring(node) or "")


def _class_options(node: ast.ClassDef) -> tuple[Option, ...]:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return _options(item.args)
    return ()


def _options(args: ast.arguments) -> tuple[Option, ...]:
    """A signature's options: all parameters but `self` and `shape`."""
    positional = args.posonlyargs + args.args
    defaults = [None] * (len(positional) - len(args.defaults)) + args.defaults
    pairs = [*zip(positional, defaults, strict=True), *zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    spell = lambda part: ast.unparse(part) if part else ""  # noqa: E731
    return tuple(
        Option(arg.arg, spell(arg.annotation), spell(default))
        for arg, default in pairs
        if arg.arg not in ("self", "shape")
    )


def _fields(keywords: list[ast.keyword]) -> tuple[tuple[str, Any], ...]:
    fields = []
    for keyword in keywords:
        try:
            fields.append((keyword.arg, ast.literal_eval(keyword.value)))
        except ValueError:  # a computed value: show it as it is written
            fields.append((keyword.arg, ast.unparse(keyword.value)))
    return tuple(fields)
