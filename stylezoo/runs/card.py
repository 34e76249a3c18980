"""The card of a model: its recipe, plugins, versions and data, read and shown without Keras."""

import json
import math
import os
import platform
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stylezoo.catalogue import needs
from stylezoo.errors import BadOptions, BadRun, printable
from stylezoo.files import archive, plain
from stylezoo.runs import figures, loading, log, styles
from stylezoo.runs.folder import RunFolder

__all__ = ["Card", "read", "sheet"]

SCHEMA = 1
LARGEST = archive.LARGEST[archive.CARD]
ID = r"[0-9a-f]{8,64}"  # the id of a training
LIBRARIES = ("stylezoo", "keras", "tensorflow", "numpy", "pillow")
PNG = b"\x89PNG\r\n\x1a\n"
# Licences with names on Hugging Face (https://huggingface.co/docs/hub/repositories-licenses); others are "other".
LICENSES = {
    "afl-3.0", "agpl-3.0", "apache-2.0", "artistic-2.0", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear",
    "bsl-1.0", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0",
    "cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0",
    "cc-by-nd-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cdla-permissive-1.0", "cdla-permissive-2.0",
    "cdla-sharing-1.0", "creativeml-openrail-m", "ecl-2.0", "epl-1.0", "epl-2.0", "eupl-1.1", "eupl-1.2", "gpl-2.0",
    "gpl-3.0", "isc", "lgpl-2.1", "lgpl-3.0", "lppl-1.3c", "mit", "mpl-2.0", "ms-pl", "ncsa", "ofl-1.1", "openrail",
    "osl-3.0", "pddl", "postgresql", "unlicense", "wtfpl", "zlib",
}  # fmt: skip


@dataclass(frozen=True)
class Card:
    """The facts about a model, as plain data.

    Attributes:
        recipe: The recipe as in `Recipe.to_dict`, without the folders of files.
        plugins: Kind, name, distribution and version of every plugin in it.
        versions: The versions of stylezoo, keras, tensorflow and python, as far as they are known.
        machine: What else of the machine can change the last digits of results: the device and the number of cores.
        data: A row for the sources and for each style: its role, the kind and the name of the album, and the number of
            pictures.
        origin: "trained", "imported" or, if it is not known, "".
        seed: The seed of the training.
        steps: The number of steps so far; None if it is not known.
        total_steps: The planned number of steps.
        losses: The last values in the log, None for values that are not finite.
        license: An SPDX identifier or free text, "" if none was given.
        date: The day of the last change, as 2026-11-24.
        about: Of a ready-made style: what it is, in a sentence.
        sources: Of a ready-made style: what it learned from, each picture or collection with its author and licence.
        command: Of a ready-made style: the command that makes it again.
        figures: Of a ready-made style: what was measured of its pictures, in words, "" if nothing.
        lineage: The ids of the trainings of the weights, from the first to the model's own; models with a common id
            can be mixed.
        rollbacks: A sentence for each time that the training went back to a checkpoint.
        evaluation: The figures of its pictures, {} if there are none: "protocol", how they are measured while it
            trains; "last" and "best", each with its "step" and "figures", best also with "by", the metric, and "how"
            that is computed; "baselines", the figures of each; "settings", what it was trained with; "measured", the
            last result of `evaluate` since the training, with a protocol of its own.
    """

    recipe: dict[str, Any] = field(default_factory=dict)
    plugins: list[dict[str, str]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)
    data: list[dict[str, Any]] = field(default_factory=list)
    origin: str = ""
    seed: int | None = None
    steps: int | None = None
    total_steps: int | None = None
    losses: dict[str, float | None] = field(default_factory=dict)
    license: str = ""
    date: str = ""
    about: str = ""
    sources: list[str] = field(default_factory=list)
    command: str = ""
    figures: str = ""
    lineage: list[str] = field(default_factory=list)
    rollbacks: list[str] = field(default_factory=list)
    evaluation: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The card as plain data, as in ``card.json``."""
        return {"schema": SCHEMA, **asdict(self)}

    def to_json(self) -> str:
        """The content of ``card.json``."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    @classmethod
    def from_dict(cls, document: Any) -> "Card":
        """The card that `to_dict` wrote; unknown fields are left out.

        Raises:
            ValueError: A field has the wrong type.
        """
        if not isinstance(document, dict):
            raise ValueError("it is no JSON object")
        known = {each.name for each in fields(cls)}
        values = {name: value for name, value in document.items() if name in known}
        if wrong := [name for name, value in values.items() if not _has_form(name, value)]:
            raise ValueError(f"its field '{wrong[0]}' holds something else than it should")
        if not needs.are_plugins(values.get("plugins", [])):
            raise ValueError("its plugins cannot be read")
        return cls(**values)

    def evaluated(self, **parts: Any) -> "Card":
        """The same with these parts of its evaluation replaced."""
        return replace(self, evaluation={**self.evaluation, **parts})

    def needs(self) -> list[dict[str, Any]]:
        """The plugins, each with the version that is installed now, "" if none, and then what to do."""
        rows = []
        for each in self.plugins:
            here, missing = needs.installed(each), needs.lack(each)
            install = needs.install_line(each) if missing else ""
            rows.append({**each, "installed": here.version if here else "", "missing": missing, "install": install})
        return rows

    def to_markdown(self, title: str, address: str, has_sheet: bool = False) -> str:
        """The ``README.md`` of a repository on a hub.

        Args:
            title: Its heading.
            address: The model's address for `stylize`, ``hf://owner/name``.
            has_sheet: Whether ``card.png`` is beside it.
        """
        return "\n".join([*self._front_matter(), *self._opening(title, has_sheet), *self._use(address), *self._facts()])

    def _front_matter(self):
        """The metadata for Hugging Face; JSON strings are YAML as well."""
        license = self.license.lower()
        is_known = license in LICENSES
        yield "---"
        if license:
            yield f"license: {license if is_known else 'other'}"
        if license and not is_known:
            yield f"license_name: {json.dumps(self.license)}"
        # Not keras: for that the hub shows a snippet without this package, and Keras cannot build its classes alone.
        yield from ("library_name: stylezoo", "pipeline_tag: image-to-image", "tags:")
        yield from (f"- {tag}" for tag in ("stylezoo", "keras", "gan", "style-transfer", "image-to-image"))
        yield from ("---", "")

    def _opening(self, title, has_sheet):
        yield from (f"# {_shown(title)}", "")
        if about := self.recipe.get("about"):
            yield from (_shown(about), "")
        yield from ("A GAN for image style transfer, made with stylezoo.", "")
        if has_sheet:
            yield from ("![Sources, styles and results side by side](card.png)", "")

    def _use(self, address):
        yield from ("## Use", "", "```sh", 'pip install "stylezoo[hub]"')
        yield from (f"pip install {each}" for each in needs.requirements(self.plugins))
        yield from (f"stylezoo stylize photo.jpg --model {address}", "```", "", "```python", "import stylezoo", "")
        yield from (f'gan = stylezoo.load_model("{address}")', 'gan.stylize("photo.jpg")', "```", "")

    def _facts(self):
        for heading, rows in self.sections():
            yield from (f"## {heading}", "", "| | |", "| --- | --- |")
            yield from (f"| {_shown(name)} | {_shown(value)} |" for name, value in rows)
            yield ""

    def sections(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """The facts for the shell and for the web page: headings, and rows of two texts."""
        training = {
            "origin": self.origin,
            "steps": _steps(self.steps, self.total_steps),
            "seed": _text(self.seed),
            "date": self.date,
            "license": self.license or "not stated",
            "lineage": " > ".join(each[:8] for each in self.lineage),
        }
        if self.about:
            sources = [("learned from", each) for each in self.sources]
            more = [("measured", self.figures), ("made by", self.command)]
            yield "Style", [("about", self.about), *sources, *(row for row in more if row[1])]
        rollbacks = [("went back", each) for each in self.rollbacks]
        yield "Model", [*((name, value) for name, value in training.items() if value), *rollbacks]
        parts = {
            "Data": [(str(row.get("role", "")), _pictures(row)) for row in self.data],
            "Last losses": [
                (name, "no number" if value is None else f"{value:.6g}") for name, value in self.losses.items()
            ],
            "Figures": list(figures.rows(self.evaluation)),
            "Made with": [*self.versions.items(), *self.machine.items()],
            "Plugins": [
                (f"{each['kind']} {each['name']}", f"{each['distribution']} {each['version']}") for each in self.plugins
            ],
            "Recipe": [(name, _text(value)) for name, value in self.recipe.items() if _is_set(value)],
        }
        yield from ((heading, rows) for heading, rows in parts.items() if rows)


def read(path: str | Path) -> Card:
    """The card of a run folder, of a ``.keras`` file, of a ready-made style, or of a model on a hub.

    A folder without a model yet shows what is known; a file that `GAN.save` wrote has recipe and plugins only.

    Raises:
        BadRun: There is no such folder, file or model, or it cannot be read.
        MissingExtra: It is on a hub, and huggingface_hub is not installed.
    """
    folder = Path(os.path.expanduser(path))
    if folder.is_dir() and not styles.file_of(path):
        return _of_folder(folder)
    file = loading.model_file(path)
    config = archive.configuration(file)
    with archive.opened(file) as opened:
        document = archive.document(opened, archive.CARD)
        metadata = archive.document(opened, archive.METADATA)
        try:
            return _of_config(config, metadata) if document is None else Card.from_dict(document)
        except ValueError as error:
            raise ValueError(f"its card cannot be read: {error}") from None


def runs_in(path: str | Path) -> list[Path]:
    """The run folders that lie in a folder, by name; none if it is a run folder itself or no folder."""
    folder = Path(path)
    if not os.path.isdir(folder) or RunFolder(folder).is_run:  # unlike Path.is_dir it raises no error for long names
        return []
    return sorted(inner for inner in folder.iterdir() if inner.is_dir() and RunFolder(inner).is_run)


def sheet(path: str | Path) -> bytes:
    """The contact sheet of a run folder or a model file, a PNG; empty if there is none."""
    folder = Path(os.path.expanduser(path))
    if folder.is_dir():
        drawn = sorted(folder.glob(f"{RunFolder.SAMPLES}/step-*.png"))
        found = drawn[-1].read_bytes() if drawn else b""
    else:
        with archive.opened(loading.model_file(path)) as opened:
            found = opened.read(archive.SHEET) if archive.SHEET in opened.namelist() else b""
    return found if found.startswith(PNG) and len(found) <= archive.LARGEST[archive.SHEET] else b""


def updated(card: Card, folder: Path) -> Card:
    """The card with the last values in the log of its run folder."""
    rows = log.rows(folder / RunFolder.LOG)
    if not rows:
        return card
    last = dict(zip(rows[0], rows[-1], strict=True))
    values = {name: float(value) for name, value in last.items() if name not in ("step", "seconds")}
    losses = {printable(name): value if math.isfinite(value) else None for name, value in values.items()}
    return replace(card, steps=max(card.steps or 0, int(last["step"])), losses=losses)


def new_card(plan, origin: str, lineage: list[str], **more) -> Card:
    """The card of a new model.

    Args:
        plan: Its `Plan`.
        origin: "trained" or "imported".
        lineage: The ids of the trainings of its weights, its own the last.
        **more: Further fields of the card.
    """
    versions = {name: needs.version_of(name) or "" for name in LIBRARIES}  # tensorflow may have another name
    return Card(
        recipe=plain.without_folders(plan.recipe.to_dict()),
        plugins=plan.plugins,
        versions={**versions, "python": platform.python_version()},
        origin=origin,
        seed=plan.recipe.seed,
        total_steps=plan.total_steps,
        date=today(),
        lineage=lineage,
        **more,
    )


def today() -> str:
    """The day in UTC, as 2026-11-24."""
    return datetime.now(UTC).date().isoformat()


def members(card: Card, picture: bytes) -> dict[str, bytes]:
    """The members of a model file for its card, which may be published: without private folders."""
    public = replace(card, evaluation=plain.without_folders(card.evaluation))
    return {archive.CARD: public.to_json().encode(), **({archive.SHEET: picture} if picture else {})}


def new_id() -> str:
    """A unique id for a training. It does not depend on seeds: a repeated training is another one."""
    return os.urandom(8).hex()


def licensed(text: str | None) -> str:
    """The text of a licence for a card.

    Raises:
        BadOptions: It is longer than a name.
    """
    text = printable(text or "")
    if len(text) > 200:
        raise BadOptions(f"The licence has {len(text)} characters; name it, such as CC-BY-4.0, or use at most 200.")
    return text


def _of_folder(folder):
    """The card of a run in its present state."""
    try:
        found = {name: _document(folder / name) for name in (RunFolder.CARD, RunFolder.RECIPE, RunFolder.PLUGINS)}
        if found[RunFolder.RECIPE] is None and (folder / RunFolder.MODEL).is_file():
            return read(folder / RunFolder.MODEL)
        if found[RunFolder.RECIPE] is None:
            raise BadRun(f"'{folder}' is no run folder: there is no {RunFolder.RECIPE} in it.")
        card = Card.from_dict({} if found[RunFolder.CARD] is None else found[RunFolder.CARD])
        if found[RunFolder.CARD] is None:
            if not isinstance(found[RunFolder.RECIPE], dict):
                raise ValueError(f"{RunFolder.RECIPE} is no recipe")
            recipe = plain.without_folders(found[RunFolder.RECIPE])
            card = Card.from_dict(
                {"recipe": recipe, "plugins": found[RunFolder.PLUGINS] or [], "seed": recipe.get("seed")}
            )
        return updated(card, folder)
    except (OSError, ValueError) as error:
        raise BadRun(f"'{folder}' is damaged: its card cannot be read: {printable(str(error))[:200]}") from None


def _document(path):
    """The plain data of a JSON file, None if there is no such file."""
    try:
        with open(path, "rb") as file:
            return plain.read(file.read(LARGEST + 1), LARGEST)
    except FileNotFoundError:
        return None


def _of_config(config, metadata):
    """The card of a model file that has none, from its configuration."""
    inner = config.get("config")
    if not isinstance(inner, dict) or not isinstance(inner.get("recipe"), dict):
        raise ValueError("it has no recipe")
    recipe = plain.without_folders(inner["recipe"])
    metadata = metadata if isinstance(metadata, dict) else {}
    return Card.from_dict(
        {
            "recipe": recipe,
            "plugins": inner.get("plugins"),
            "versions": {"keras": str(metadata.get("keras_version", ""))},
            "seed": recipe.get("seed"),
            "date": str(metadata.get("date_saved", "")).partition("@")[0],
        }
    )


def _has_form(name, value):
    """Whether the plain data of a field has the field's type."""
    if name in ("seed", "steps", "total_steps"):
        return value is None or type(value) is int
    if name in ("origin", "license", "date", "about", "command", "figures"):
        return isinstance(value, str)
    if name in ("sources", "rollbacks"):
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if name == "lineage":
        return isinstance(value, list) and all(isinstance(each, str) and re.fullmatch(ID, each) for each in value)
    if name in ("plugins", "data"):
        return isinstance(value, list) and all(isinstance(each, dict) for each in value)
    inner = {"losses": (int, float, type(None)), "versions": str, "machine": str}.get(name, object)
    return isinstance(value, dict) and all(isinstance(each, inner) for each in value.values())


def _shown(text):
    """A text within Markdown, all markup escaped."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$])", r"\\\1", printable(str(text)))


def _text(value):
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _is_set(value):
    return value not in (None, "", [], False)


def _steps(made, planned):
    if made is None:
        return ""
    return f"{made} of {planned}" if planned else str(made)


def _pictures(row):
    """A row about data in words: "folder photos, 3 pictures"."""
    what = " ".join(_text(row.get(key)) for key in ("kind", "name") if row.get(key))
    count = row.get("pictures")
    return what if count is None else f"{what}, {count} {'picture' if count == 1 else 'pictures'}"
