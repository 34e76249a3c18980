"""Documentation pages of installed plugins, in Markdown: a new plugin documents itself.

Plugins are read, not imported, as in `stylezoo show`, so that a broken one breaks no build. Of the Markdown in their
docstrings only paragraphs, `code` and indented blocks of code are kept, and addresses; all else is shown as it is.
"""

import ast
import csv
import inspect
import os
import re
import shlex
from pathlib import Path
from string import Template

import click

from stylezoo.catalogue import registry
from stylezoo.catalogue.kinds import KINDS
from stylezoo.catalogue.sources import describe
from stylezoo.cli import main
from stylezoo.errors import UnknownPlugin
from stylezoo.runs.folder import RunFolder
from stylezoo.spec import GIVEN, Spec

ADDRESS = re.compile(r"(https?://[A-Za-z0-9._~/%?=+-]*[A-Za-z0-9/])")
# What the pictures beside a page show, images/styles/NAME.jpg and images/models/NAME.jpg.
PICTURES = {"style": "A photograph in the style {}", "model": "A photograph, a painting, and the picture that {} drew"}
BASELINES = ("source", "colours matched", "half and half")  # ways to draw that need no training, in results.csv


def filled(markdown, folder=None):
    """A page with its markers replaced, each alone on its line.

    ``{{ zoo loss }}`` by a section for each installed plugin of that kind, ``{{ zoo stylezoo-glow }}`` by one for each
    of that distribution, ``{{ gallery styles.md }}`` by the pictures of ready-made styles, ``{{ cli }}`` by a section
    for each command, ``{{ run }}`` by the table of a run folder.

    Args:
        markdown: The page.
        folder: The folder of the page. A style is shown with its picture if ``images/styles/NAME.jpg`` lies there, and
            a model if ``images/models/NAME.jpg`` does, and with what was measured if ``results.csv`` does.
    """
    made = {"zoo": zoo, "gallery": gallery, "run": run_folder, "cli": command_line}
    fill = lambda marker: made[marker[1]](marker[2], folder) if marker[1] else made[marker[3]]()  # noqa: E731
    return re.sub(r"^\{\{ (?:(zoo|gallery) (\S+)|(run|cli)) \}\}$", fill, markdown, flags=re.MULTILINE)


def zoo(of, folder=None):
    """A section for each installed plugin of a kind or of a distribution.

    Args:
        of: The kind or the distribution.
        folder: As in `filled`.

    Raises:
        UnknownPlugin: There is none.
    """
    plugins = [plugin for plugin in registry.plugins() if plugin.kind == of or plugin.owned_by(of)]
    if not plugins:
        raise UnknownPlugin(f"'{of}' is no kind of plugin and no installed distribution of plugins.")
    names = [(plugin.kind, plugin.name) for plugin in registry.plugins()]
    called = {p: p.name if names.count((p.kind, p.name)) == 1 else p.qualified for p in plugins}
    return "\n\n".join(_plugin(plugin, name, folder) for plugin, name in called.items())


def gallery(page, folder):
    """The pictures of the installed styles side by side, each a link to the style's section on a page.

    The pictures lie beside that page: for ``../styles.md`` in the folder above.
    """
    above = page.rpartition("/")[0]
    names = [plugin.name for plugin in registry.plugins("style")]
    shown = [(name, _picture("style", name, folder, above)) for name in names]
    return "\n".join(f"[{each} {name}]({page}#{name.lower()}){{ .style }}" for name, each in shown if each)


def third_party():
    """The installed distributions of plugins besides stylezoo's own, each with its page, by name."""
    owners = {plugin.distribution: plugin.owner for plugin in registry.plugins()}
    return {
        name: f"# {_text(owner)}\n\n```text\npip install {name}\n```\n\n{zoo(name)}\n"
        for name, owner in sorted(owners.items())
        if name != "stylezoo"
    }


def run_folder():
    """A table of the files of a run folder."""
    rows = [(f"`{name}`", re.sub("'([^']+)'", r"`\1`", holds), when) for name, holds, when in RunFolder.CONTENTS]
    return _table(["File", "Content", "Written"], rows)


def command_line():
    """A section for each command."""
    top = click.Context(main, info_name="stylezoo", show_default=True, **main.context_settings)
    below = [click.Context(command, parent=top, info_name=name) for name, command in main.commands.items()]
    return "\n\n".join(_command(context) for context in [top, *below])


def _plugin(plugin, name, folder):
    found, is_style = describe(plugin), bool(KINDS[plugin.kind].suffix)
    picture = _picture(plugin.kind, name, folder)
    return "\n\n".join(
        [
            f"## {_text(plugin.name)}",
            f"{plugin.kind.capitalize()} of {_text(plugin.owner)}, {_code(plugin.target)}",
            *([picture] if picture else []),
            *([f"**Broken:** {_text(found.problem)}."] if found.problem else _prose(found)),
            f"```text\n{_use(plugin, found, name)}\n```",
            *([_style(found)] if is_style else _part(found)),
            *(_results(name, folder) if plugin.kind == "model" else ()),
        ]
    )


def _prose(found):
    prose = [_paragraph(each) for each in (found.about, *found.prose.split("\n\n")) if each.strip()]
    return [*prose, *([_text(f"Its source is not readable: {found.unread}.")] if found.unread else [])]


def _use(plugin, found, name):
    """The command that uses a plugin."""
    kind = KINDS[plugin.kind]
    if kind.suffix:
        return Template(kind.example).substitute(name=_quoted(name))
    typed = {o.name: _value(o.default) for o in found.options if o.name not in GIVEN}  # the others come from the recipe
    called = _quoted(str(Spec(name, typed)))
    return found.example or " ".join(["stylezoo train", *kind.flag.split(), called])


def _part(found):
    """The tables of a model or of one of its parts: its options, or the fields that its recipe sets."""
    meanings = found.meanings
    options = [
        (f"`{o.name}`", _code(o.type), _code(o.default), _paragraph(meanings.get(o.name, ""))) for o in found.options
    ]
    fields = [(f"`{field}`", _code(value)) for field, value in found.fields if field != "about"]
    return _table(["Option", "Type", "Default", "Meaning"], options), _table(["Field", "Value"], fields)


def _style(found):
    """The table of a ready-made style, from the card in its file, which anybody may have written."""
    card = dict(found.fields)
    sources = card.get("sources", ())
    rows = [
        *(("learned from", _paragraph(str(each))) for each in (sources if isinstance(sources, list) else [sources])),
        ("licence", _text(str(card.get("license", "")))),
        ("size", f"{os.path.getsize(found.file) / 1e6:.1f} MB" if found.file else ""),
        ("measured", _text(card.get("figures", ""))),
        ("made by", _code(card.get("command", ""))),
    ]
    return _table(["Style", ""], [(fact, value) for fact, value in rows if value])


def _results(name, folder):
    """What was measured of a model: the rows of results.csv beside the page, which a benchmark writes."""
    file = Path(folder or "", "results.csv")
    if not folder or not file.is_file():
        return
    with open(file, newline="", encoding="utf-8") as opened:
        rows = [row for row in csv.DictReader(opened) if row["model"] == name]
    for row in rows:
        minutes = f"{int(row['seconds']) / 60:.0f} min, {int(row['core_seconds']) / 60:.0f} min of the cores"
        yield f"Measured after {row['steps']} steps, {minutes} ({_text(row['device'])}; commit {_code(row['commit'])}):"
        yield f"```text\n{row['profile']}\n```"
        yield _figures(row)
        yield _text(f"Measured on {row['protocol']}.")


def _figures(row):
    """The table of a row's figures: a line for each way to draw, a column for each figure."""
    ways = {"the model": "", **{way: f" of {way}" for way in BASELINES}}
    names = [name for name in row if f"{name} of source" in row and row[name]]
    lines = [(way, *(row[f"{name}{of}"] for name in names)) for way, of in ways.items()]
    return _table(["", *(f"[{name}](metrics.md#{name})" for name in names)], lines)


def _picture(kind, name, folder, above=""):
    """The picture of a style or a model, which lies beside the page or in a folder `above` it; "" if there is none."""
    if not folder or kind not in PICTURES or not re.fullmatch("[A-Za-z0-9-]+", name):
        return ""
    place = "/".join([*filter(None, [above]), "images", f"{kind}s", f"{name}.jpg"])
    return f"![{PICTURES[kind].format(name)}]({place})" if Path(folder, place).is_file() else ""


def _quoted(word):
    """A word for a shell, within double quotes where it holds single ones."""
    return f'"{word}"' if "'" in word and not set(word) & set('"$`\\!') else shlex.quote(word)


def _value(default):
    """A default as it is written in a source, as a value; "..." if it must be given or cannot be written so."""
    try:
        return ast.literal_eval(default)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return "..."


def _command(context):
    command = context.command
    records = [(param.param_type_name, param.get_help_record(context)) for param in command.get_params(context)]
    rows = {kind: [(f"`{name}`", help) for each, (name, help) in records if each == kind] for kind, _ in records}
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    paragraphs = inspect.cleandoc(command.help).split("\n\n")
    return "\n\n".join(
        [
            f"## {context.command_path}",
            f"```text\n{usage}\n```",
            *(f"```text\n{p[2:]}\n```" if p.startswith("\b") else p for p in paragraphs),  # \b: keep the lines
            _table(["Argument", "Meaning"], rows.get("argument", [])),
            _table(["Option", "Meaning"], rows["option"]),
        ]
    )


def _table(head, rows):
    if not rows:
        return ""
    escaped = [[re.sub(r"(`[^`]*`)|\|", lambda part: part[1] or "\\|", cell) for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *([" ".join(cell.split()) for cell in row] for row in escaped)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _paragraph(text):
    """A paragraph of a docstring: indented code as it is, `code` in lines, and all else as plain text."""
    if all(line.startswith("    ") for line in text.split("\n")):
        return text
    parts = re.split(r"(`+)([^`]+)\1", " ".join(text.split()))  # text, quotes, code, text ...
    parts[1::3] = ["" for _ in parts[1::3]]
    parts[::3] = [_text(part) for part in parts[::3]]
    parts[2::3] = [_code(part) for part in parts[2::3]]
    return re.sub(r"^[^A-Za-z&<`]", lambda first: _entity(first[0]), "".join(parts))  # begins no list and no heading


def _code(value):
    return ", ".join(_span(str(each)) for each in (value if isinstance(value, tuple | list) else [value]) if each != "")


def _span(text):
    """A value as code."""
    if re.search(r"[`|\\\n]", text):  # which could end it
        return f"<code>{re.sub(r'[^A-Za-z0-9]', lambda each: _entity(each[0]), text)}</code>"
    return f"`{text}`"


def _text(text):
    """A text in which nothing is markup; addresses stay as they are, which some sites make links."""
    parts = ADDRESS.split(text)
    parts[::2] = [
        re.sub(r"[^\w\s.,;?'/%:()-]|_|(?<=www)\.", lambda each: _entity(each[0]), part) for part in parts[::2]
    ]
    return "".join(parts)


def _entity(character):
    return f"&#{ord(character)};"
