"""Write the template of a plugin: a small package that works, is listed once installed and passes the kit."""

import importlib.util
import keyword
import os
import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from string import Template

from stylezoo.catalogue import registry
from stylezoo.catalogue.kinds import KINDS
from stylezoo.errors import BadOptions, BadRun, name_all

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
DEVICES = re.compile(r"con|prn|aux|nul|com\d|lpt\d")  # no file of Windows can be called so, whatever its suffix is


def new(kind: str, name: str, out: str | Path | None = None, needs: Iterable[str] = ()) -> Path:
    """Write a package with one plugin.

    Args:
        kind: style, model, generator, discriminator, loss or metric. The file of a style is not written: see `place`.
        name: The plugin's name, lower-case words joined by dashes, such as "soft-glow".
        out: The new folder; it must be empty if it exists. None: ``stylezoo-NAME``.
        needs: Distributions that it depends on besides stylezoo.

    Returns:
        The folder.

    Raises:
        BadOptions: The name is of another form, or an installed distribution has it already.
        BadRun: The folder holds something already, or cannot be written.
    """
    distribution = f"stylezoo-{name.removeprefix('stylezoo-')}"
    _check(kind, name, distribution)
    words = _words(KINDS[kind], name, distribution)
    words["dependencies"] = ", ".join(f'"{each}"' for each in sorted({"stylezoo", *needs}))
    files = {
        "pyproject.toml": "pyproject.toml.in",
        "README.md": "README.md.in",
        words["source"]: f"{kind}.py.in",
        f"tests/test_{name.replace('-', '_')}.py": f"{kind}_test.py.in",
    }
    folder = Path(os.path.expanduser(out or distribution))
    try:
        if folder.exists() and any(folder.iterdir()):
            raise BadRun(f"'{folder}' is not empty. Name another folder with -o.")
        for file, template in files.items():
            text = resources.files("stylezoo.catalogue").joinpath("templates", template).read_text(encoding="utf-8")
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(Template(text).substitute(words), encoding="utf-8")
    except OSError as error:
        raise BadRun(f"Cannot write into '{folder}': {error.strerror or error}.") from error
    return folder


def place(name: str) -> Path:
    """The place of a style's file in its distribution's folder."""
    return Path(f"stylezoo_{name.removeprefix('stylezoo-').replace('-', '_')}", f"{name.replace('-', '_')}.keras")


def _words(kind, name, distribution):
    """What the templates call things."""
    module, is_file = distribution.replace("-", "_"), bool(kind.suffix)
    words = {
        "kind": kind.name,
        "name": name,
        "group": kind.group,
        "api": registry.API,
        "distribution": distribution,
        "module": module,
        "object": place(name).stem if is_file else kind.object or _title(name),
        "title": _title(name),
        "source": f"{module}/__init__.py" if is_file else f"{module}.py",
        "include": module if is_file else f"{module}.py",
    }
    return {**words, "use": Template(kind.example).substitute(words)}


def _check(kind, name, distribution):
    if not NAME.fullmatch(name) or keyword.iskeyword(_title(name)):
        raise BadOptions(
            f"'{name}' cannot be a plugin's name: take lower-case words joined by dashes, such as 'soft-glow'."
        )
    if DEVICES.fullmatch(name):
        raise BadOptions(f"'{name}' cannot be a plugin's name: Windows keeps it for a device. Choose another name.")
    if owners := [plugin.owner for plugin in registry.plugins(kind) if plugin.name == name]:
        raise BadOptions(f"There is a {kind} '{name}' already, of {name_all(owners)}. Choose another name.")
    if importlib.util.find_spec(distribution.replace("-", "_")):  # an install would replace it
        raise BadOptions(f"A package {distribution} is installed already. Choose another name than '{name}'.")


def _title(name):
    """The name as that of a class: SoftGlow."""
    return "".join(word.capitalize() for word in name.split("-"))
