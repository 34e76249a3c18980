"""Descriptions of plugins, read from their source files with `ast`: nothing is imported, not even their packages."""

import ast
import inspect
import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stylezoo.catalogue import modules, registry
from stylezoo.catalogue.kinds import KINDS
from stylezoo.catalogue.registry import Plugin
from stylezoo.errors import printable

LONGEST = 20_000  # characters of a docstring
LONGEST_VALUE = 200  # characters of a default value
CARD = "card.json"  # the member of a style's file with its card
LARGEST_CARD = 2**20  # bytes
SHOWN = {"about": str, "license": str, "sources": list, "figures": str, "command": str}  # of a card: about a style
MOST_STARS = 20  # imports of everything from elsewhere that are followed
INDIRECT = re.compile(r"__getattr__|globals|exec|import +\*")  # ways in which a module can have what it does not name


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
        fields: Of a model: the fields that its `Recipe(...)` call sets, as far as they are literals. Of a style: the
            fields of its card.
        problem: Why it cannot work, as far as the source shows, else "".
        unread: Why its source cannot be read, although it may work: it is compiled, or too large; else "".
    """

    file: Path | None = None
    line: int = 0
    doc: str = ""
    options: tuple[Option, ...] = ()
    fields: tuple[tuple[str, Any], ...] = ()
    problem: str = ""
    unread: str = ""

    @property
    def about(self) -> str:
        """Of a model: the sentence `about` of its recipe; of a style: that of its card."""
        return str(dict(self.fields).get("about", ""))

    @property
    def prose(self) -> str:
        """The docstring without its list of options and its example."""
        return re.split(r"\n(?:Args|Example):\n", self.doc)[0]

    @property
    def example(self) -> str:
        """The command in the docstring's section "Example:", for a plugin that the default model cannot use; or ""."""
        found = re.search(r"\nExample:\n +(stylezoo train .+)", self.doc)
        return found[1].strip() if found else ""

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
    if not plugin.place:
        found = Description()
    elif KINDS[plugin.kind].suffix:
        found = _of_file(plugin)
    else:
        found = _describe(*plugin.place, hops=2)
    return replace(found, problem=plugin.problem or found.problem)


def _of_file(plugin: Plugin) -> Description:
    """The description of a style, from the card in its file."""
    file = plugin.file
    if file is None:
        return Description(problem=plugin.missing)
    import zipfile

    try:
        with zipfile.ZipFile(file) as archive, archive.open(CARD) as member:
            content = member.read(LARGEST_CARD + 1)
        if len(content) > LARGEST_CARD:
            raise ValueError(f"{CARD} has more than {LARGEST_CARD} bytes")
        card = json.loads(content)
        if not isinstance(card, dict):
            raise ValueError(f"{CARD} is no JSON object")
        shown = {name: _plain(card[name]) for name in SHOWN if card.get(name)}
        if wrong := [name for name, value in shown.items() if not isinstance(value, SHOWN[name])]:
            raise ValueError(f"its field '{wrong[0]}' holds something else than it should")
    except Exception as error:  # of any damage to the file, which anybody may have written
        return Description(file, problem=f"its card cannot be read: {printable(str(error))[:LONGEST_VALUE]}")
    return Description(file, fields=tuple(shown.items()))


def _of_object(component) -> Description:
    """The description of a component that was registered in this process."""
    if not callable(component):
        return Description(fields=tuple(component.to_dict().items()))
    parameters = [p for p in inspect.signature(component).parameters.values() if p.name != "shape"]
    spell = lambda value: "" if value is inspect.Parameter.empty else getattr(value, "__name__", repr(value))  # noqa: E731
    options = tuple(Option(p.name, printable(spell(p.annotation)), printable(spell(p.default))) for p in parameters)
    return Description(doc=_lines(component.__doc__ or ""), options=options)


def _describe(module: str, name: str, hops: int) -> Description:
    source = modules.read(module)
    file = source.file
    if source.tree is None:
        return Description(file, problem=source.problem, unread=source.unread)
    stars = []
    for node in reversed(source.tree.body):  # the last definition is the one that counts
        match node:
            case ast.ClassDef(name=found) if found == name:
                return Description(file, node.lineno, _doc(node), _class_options(node))
            case ast.FunctionDef(name=found) if found == name:
                return Description(file, node.lineno, _doc(node), _options(node.args))
            case ast.Assign(targets=[ast.Name(id=found)], value=ast.Call(keywords=keywords)) if found == name:
                return Description(file, node.lineno, _doc(source.tree), fields=_fields(keywords))
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                stars.append(node)
            case ast.ImportFrom() if hops and (there := _imported(node, name)):
                return _describe(_absolute(node, module, file), there, hops - 1)
    for node in stars[:MOST_STARS] if hops else ():  # one of them may have it
        found = _describe(_absolute(node, module, file), name, hops - 1)
        if not (found.problem or found.unread):
            return found
    if name.partition(".")[0] in source.text or INDIRECT.search(source.text):  # defined in a way that is not recognised
        return Description(file, doc=_doc(source.tree))
    return Description(file, problem=f"the module '{module}' has no '{name}'")


def _imported(node: ast.ImportFrom, name: str) -> str | None:
    """What `name` is called in the module that this statement imports it from, None if it imports something else."""
    for alias in node.names:
        if (alias.asname or alias.name) == name:
            return alias.name
    return None


def _absolute(node: ast.ImportFrom, module: str, file: Path) -> str:
    """The module that a `from ... import` names."""
    parts = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    base = parts[: len(parts) - node.level + 1] if node.level else []
    return ".".join([*base, *filter(None, [node.module])])


def _doc(node) -> str:
    return _lines(ast.get_docstring(node) or "")


def _lines(doc: str) -> str:
    """A docstring without indentation, each of its lines `printable`."""
    lines = inspect.cleandoc(doc[:LONGEST]).split("\n")
    return "\n".join(" " * (len(line) - len(line.lstrip())) + printable(line) for line in lines)


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
    return tuple(
        Option(arg.arg, _written(arg.annotation), _written(default))
        for arg, default in pairs
        if arg.arg not in ("self", "shape")
    )


def _fields(keywords: list[ast.keyword]) -> tuple[tuple[str, Any], ...]:
    return tuple((keyword.arg, _value(keyword.value)) for keyword in keywords if keyword.arg)


def _value(node) -> Any:
    """A literal as plain data; of a computed value what is written."""
    try:
        return _plain(ast.literal_eval(node))
    except (ValueError, TypeError, RecursionError, MemoryError):
        return _written(node)


def _plain(value):
    """Plain data for JSON, its texts `printable`.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(value, str):
        return printable(value[:LONGEST])
    if isinstance(value, list | tuple) and len(value) < LONGEST:
        return type(value)(map(_plain, value))
    if value is None or (isinstance(value, int | float) and abs(value) < sys.float_info.max):  # the latter is not NaN
        return value
    raise ValueError(type(value).__name__)


def _written(node) -> str:
    """What is written in a source, on one line and not too long; "" if nothing is."""
    try:
        text = printable(ast.unparse(node)) if node else ""
    except (RecursionError, ValueError):  # hundreds of terms in a row, or a number of thousands of digits
        return "..."
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]} ..."
