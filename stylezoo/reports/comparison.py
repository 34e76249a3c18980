"""The page of a comparison: pictures beside what several models make of them, in one file."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from stylezoo.errors import StylezooError, printable
from stylezoo.files import atomic
from stylezoo.reports import figures, markup, shown
from stylezoo.runs import card
from stylezoo.runs.card import Card

SCRIPTS = ("compare.js",)
FACTS = (
    "generator",
    "discriminators",
    "losses",
    "data",
    "image_size",
    "steps",
    "batch_size",
    "precision",
)  # of recipes


class Row(NamedTuple):
    """A picture and what the models make of it.

    Attributes:
        name: The name of the picture.
        picture: The picture.
        drawn: The results, in the order of the models.
    """

    name: str
    picture: Image.Image
    drawn: list[Image.Image]


def write(
    path: Path,
    models: dict[str, str],
    rows: Iterable[Row],
    command: str,
    figures_of: dict[str, dict[str, float]] | None = None,
    protocol: str = "",
) -> None:
    """Write the page of a comparison; a reader never sees half of it.

    Args:
        path: The file.
        models: The title of each model, and its name or path for `card.read`.
        rows: The pictures.
        command: The command line that makes it.
        figures_of: By the titles of models, and by those of baselines, their figures by name; None if nothing was
            measured.
        protocol: How these were measured.

    Raises:
        OSError: The page cannot be written.
    """
    columns = {title: (measured, {}) for title, measured in (figures_of or {}).items()}
    parts = [
        f"<header><h1>{markup.text(_title(models))}</h1>",
        "<p>Choose a picture to see it large, beside another or before and after.</p></header><main>",
        *(part for row in rows for part in markup.section("", row.name, *_pictures(models, row))),
        *markup.section("figures", "Figures", *figures.table(columns, protocol)),
        *markup.section("models", "Models", _facts(models)),
        *markup.section("repeat", "Repeat this comparison", markup.command(command)),
        "</main>",
    ]
    with atomic.written(path) as temporary:
        temporary.write_text(markup.document(_title(models), parts, {}, SCRIPTS), encoding="utf-8")


def _title(models):
    return f"Comparison of {', '.join(models)}"


def _pictures(models, row):
    yield '<div class="results">'
    for title, picture in zip(["picture", *models], [row.picture, *row.drawn], strict=True):
        words = row.name if picture is row.picture else f"{row.name} by {title}"
        yield f"<figure>{markup.image(shown.embedded(picture), words)}"
        yield f"<figcaption>{markup.text(title)}</figcaption></figure>"
    yield "</div>"


def _facts(models):
    """The table of the models' facts, those that any of them has."""
    columns = [_facts_of(_card(name)) for name in models.values()]
    names = list(dict.fromkeys(name for column in columns for name, value in column.items() if value))
    return markup.table(["", *models], [[name, *(column.get(name, "") for column in columns)] for name in names])


def _card(name):
    """The card of a model, or why it cannot be read."""
    try:
        return card.read(name)
    except (OSError, ValueError, StylezooError) as error:
        return Card(about=f"The card cannot be read: {printable(str(error))[:200]}")


def _facts_of(found):
    """What tells models apart, in words."""
    recipe = {name: markup.words(found.recipe.get(name)) for name in FACTS}
    data = [(row.get("role"), row.get("name") or row.get("kind")) for row in found.data]
    learned = found.sources or [" ".join(filter(None, map(markup.words, row))) for row in data]
    return {
        "about": found.about or markup.words(found.recipe.get("about")),
        "learned from": "; ".join(learned),
        **recipe,
        "steps": markup.words(found.steps) or recipe["steps"],
        "figures": found.figures,
        "licence": found.license,
        "date": found.date,
    }
