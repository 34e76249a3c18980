"""What lies in a run folder and in a model file, read without Keras."""

import os
import re
from pathlib import Path

from stylezoo.catalogue import registry
from stylezoo.catalogue.kinds import KINDS
from stylezoo.errors import BadRun
from stylezoo.files import archive
from stylezoo.runs import hub

RECIPE = "recipe.json"
PLUGINS = "plugins.json"
PLACES = "pictures.json"
PICTURES = "pictures"
CARD = "card.json"
LOG = "log.csv"
SAMPLES = "samples"
CHECKPOINT = "checkpoints/latest.weights.h5"
MODEL = "model.keras"
RESULT = "result.png"
NAMES = {"distribution": r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?", "version": r"[\w.+!-]*", "name": r"[^/:\s][^/:]*"}


def model_file(path: str | Path) -> Path:
    """The model file of a run folder or of a repository on a hub, or the path itself if it is one.

    Raises:
        BadRun: There is none.
        MissingExtra: It lies on a hub, and huggingface_hub is not installed.
    """
    if hub.is_address(path):
        return hub.fetch(path)
    path = Path(os.path.expanduser(path))
    is_folder = os.path.isdir(path)  # unlike those of Path it knows no path that it cannot look at
    file = path / MODEL if is_folder else path
    if not os.path.isfile(file):
        reason = f"it holds no {MODEL}" if is_folder else "there is no such file or folder"
        raise BadRun(
            f"'{path}' is no model: {reason}. Name a run folder of 'stylezoo train', a .keras file or hf://owner/name."
        )
    return file


def checked_file(path: str | Path) -> Path:
    """The `model_file` of a path, once `check_plugins` has nothing against it; Keras is not imported for it.

    Raises:
        BadRun: There is none, it is none of ours or damaged, or a plugin that it needs is not installed.
        MissingExtra: It lies on a hub, and huggingface_hub is not installed.
    """
    file = model_file(path)
    check_plugins(file)
    return file


def check_plugins(file: Path) -> None:
    """See that a model file is one of ours, holds no code, and that every plugin which it needs is installed.

    It is called before Keras is imported.

    Raises:
        BadRun: It is not so; for a missing plugin the message says what to install.
    """
    config = archive.configuration(file)
    inner = config.get("config")
    plugins = inner.get("plugins") if isinstance(inner, dict) else None
    if not are_plugins(plugins):
        raise BadRun(f"'{file}' is no model of stylezoo or is damaged: its list of plugins cannot be read.")
    for plugin in plugins:
        if missing := lack(plugin):
            raise BadRun(f"'{file}' needs {missing}")
    archive.check_classes(file, config)


def are_plugins(plain) -> bool:
    """Whether plain data is a list of plugins, with names that can stand in a command."""
    return isinstance(plain, list) and all(
        isinstance(each, dict)
        and each.get("kind") in KINDS
        and all(re.fullmatch(form, str(each.get(key, " "))) for key, form in NAMES.items())
        for each in plain
    )


def installed(plugin: dict) -> registry.Plugin | None:
    """The installed plugin that the plain data of one names, None if there is none."""
    named = registry.plugins(plugin["kind"])
    return next((each for each in named if each.answers_to(f"{plugin['distribution']}/{plugin['name']}")), None)


def lack(plugin: dict) -> str:
    """What is missing of a plugin and what to do, in one sentence; nothing if it is installed.

    An installed distribution may be of a version without it, as when it has moved to another.
    """
    if installed(plugin):
        return ""
    kind, name, owner, version = (plugin[key] for key in ("kind", "name", "distribution", "version"))
    wanted = f"the {kind} '{name}' of {owner} {version}".rstrip()
    there = _version(owner)
    if there is None:
        return f"{wanted}, which is not installed: '{install_line(plugin)}'.{_elsewhere(plugin)}"
    return (
        f"{wanted}; {owner} {there} is installed and does not offer it. "
        f"Install the version that did: '{install_line(plugin)}'.{_elsewhere(plugin)}"
    )


def install_line(plugin: dict) -> str:
    """What to type to get a plugin: the version that it had, if the distribution is there in another."""
    owner, version = plugin["distribution"], plugin["version"]
    return f"pip install {owner}=={version}" if version and _version(owner) is not None else f"pip install {owner}"


def _elsewhere(plugin):
    """A hint to other distributions with a plugin of that name, to which it may have moved."""
    others = [each for each in registry.plugins(plugin["kind"]) if each.name == plugin["name"]]
    if not others:
        return ""
    return (
        f" There is {' and '.join(each.qualified for each in others)}; if it has moved there, "
        "train again with it: a file keeps to the plugins that it was made with."
    )


def _version(distribution):
    """The version of an installed distribution, with plugins or without; None if it is not installed."""
    from importlib import metadata  # only on the way to an error: 40 ms

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
