"""Ready-made styles: trained models that installed distributions offer by name, each a file with what it draws with."""

import os
from pathlib import Path

from stylezoo.catalogue import registry
from stylezoo.catalogue.sources import describe
from stylezoo.errors import UsageError, did_you_mean, name_all

DEFAULT = "starry-night"  # the style of pictures for which none is named


def names() -> list[str]:
    """The names of the installed styles, sorted."""
    return sorted({plugin.name for plugin in registry.plugins("style")})


def default() -> str:
    """The name of the style of pictures for which none is named.

    Raises:
        UsageError: No style is installed.
    """
    known = names()
    if not known:
        raise UsageError(
            "No ready-made style is installed. Name a model with --model RUN: 'stylezoo train' makes one, and "
            "'pip install --force-reinstall stylezoo' brings the styles back."
        )
    return DEFAULT if DEFAULT in known else known[0]


def file_of(name: str | Path) -> Path | None:
    """The file of an installed style with this name; None if there is none.

    A bare name means the style, also if a folder is called so; "distribution/name" means a path that exists.

    Raises:
        PluginConflict: Several distributions have such a style.
        BrokenPlugin: Its file is missing, or its card cannot be read.
    """
    name = os.fspath(name)
    is_path = os.path.basename(name) != name  # with a separator, of which Windows has two
    if (is_path and os.path.exists(name)) or not any(plugin.answers_to(name) for plugin in registry.plugins("style")):
        return None
    plugin = registry.find("style", name)
    if problem := describe(plugin).problem:  # what a listing calls broken is not used
        raise plugin.broken(problem)
    return plugin.load()


def hint(name: str | Path) -> str:
    """The installed styles, for an error about an unknown name: the closest one, and all."""
    known = names()
    return f"{did_you_mean(str(name), known)} Ready-made styles: {name_all(known)}." if known else ""
