"""The parts of a page in one file: texts, tables, pictures and scripts. Everything that is given is escaped."""

import html
import json
import math
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from stylezoo.errors import printable

HERE = Path(__file__).parent
# The page asks nobody for anything: a browser refuses every request, also of a script that a gap would let in.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)


def document(title: str, parts: Iterable[str], data: Any, scripts: Iterable[str]) -> str:
    """A whole page.

    Args:
        title: Its title, a text.
        parts: The content, markup.
        data: Plain data for the scripts.
        scripts: The names of their files beside this module.
    """
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{text(title)}</title>",
            '<link rel="icon" href="data:,">',  # else a browser asks a server for one
            f"<style>\n{_asset('uplot/uPlot.min.css')}\n{_asset('page.css')}</style>",
            "</head>",
            "<body>",
            *parts,
            f'<script type="application/json" id="data">{script_data(data)}</script>',
            *(f"<script>\n{_asset(name)}</script>" for name in scripts),
            "</body>",
            "</html>\n",
        ]
    )


def text(value: Any) -> str:
    """A value as escaped text on one line."""
    return html.escape(printable(str(value)))


def words(value: Any) -> str:
    """A value of plain data in words, "" for None."""
    return ", ".join(map(words, value)) if isinstance(value, list) else "" if value is None else str(value)


def script_data(plain: Any) -> str:
    """Plain data as JSON that cannot end the script element it stands in; numbers that are not finite become null."""
    return json.dumps(_finite(plain), allow_nan=False).replace("<", "\\u003c").replace(">", "\\u003e")


def section(name: str, heading: str, *parts: str) -> Iterator[str]:
    """A section, if it has any content.

    Args:
        name: The id of the element, "" for none.
        heading: Its heading, a text.
        *parts: Its content, markup.
    """
    if any(parts):
        yield f'<section id="{text(name)}">' if name else "<section>"
        yield f"<h2>{text(heading)}</h2>"
        yield from parts
        yield "</section>"


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """A list of names and values, all texts."""
    return f"<dl>{''.join(f'<dt>{text(name)}</dt><dd>{text(value)}</dd>' for name, value in rows)}</dl>"


def table(header: list[str], rows: Iterable[list[str]]) -> str:
    """A table of texts; the first of each row is its heading."""
    head = "".join(f'<th scope="col">{text(each)}</th>' for each in header)
    body = "".join(
        f'<tr><th scope="row">{text(row[0])}</th>{"".join(f"<td>{text(each)}</td>" for each in row[1:])}</tr>'
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def command(line: str) -> str:
    """A command line to copy."""
    return f"<pre><code>{text(line)}</code></pre>"


def image(shown, words: str) -> str:
    """A picture, as `shown.embedded` gives it, with a description in words."""
    return f'<img src="{shown.address}" width="{shown.width}" height="{shown.height}" alt="{text(words)}">'


@cache
def _asset(name):
    """The text of a file beside this module, and of the licence beside that, which a copy must have."""
    file = HERE / name
    content = file.read_text(encoding="utf-8")
    licence = file.parent / "LICENSE"
    return f"/*\n{licence.read_text(encoding='utf-8')}*/\n{content}" if licence.exists() else content


def _finite(plain):
    if isinstance(plain, dict):
        return {str(key): _finite(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [_finite(each) for each in plain]
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
