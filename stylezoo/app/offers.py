"""What the page offers: styles, models to train, sample photographs."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import PurePath
from typing import Any

from stylezoo.catalogue import registry
from stylezoo.catalogue.sources import describe
from stylezoo.runs import styles as ready_made

FIRST_MODEL = "single-pair"


def styles() -> list[dict[str, Any]]:
    """The installed styles, the default one first: their names, and what they are about."""
    found = [(_called(plugin, "style"), describe(plugin)) for plugin in registry.plugins("style")]
    usable = [{"name": name, "about": each.summary} for name, each in found if not each.problem]
    return sorted(usable, key=lambda style: (style["name"] != ready_made.DEFAULT, style["name"]))


def models() -> list[dict[str, Any]]:
    """Likewise the models that can be trained, `FIRST_MODEL` first."""
    found = [(_called(plugin, "model"), describe(plugin)) for plugin in registry.plugins("model")]
    usable = [{"name": name, "about": each.summary} for name, each in found if not each.problem]
    return sorted(usable, key=lambda model: (model["name"] != FIRST_MODEL, model["name"]))


def samples() -> list[str]:
    """The names of the sample photographs; none without the package that holds them."""
    from stylezoo.pictures.samples import PHOTOGRAPHS

    return [*PHOTOGRAPHS] if find_spec("skimage") else []


def mask_name(styles: Sequence[str], number: int) -> str:
    """What the mask of a style is called in a command, different from those of the others."""
    words = [PurePath(style).name for style in styles]
    name = words[number] if words.count(words[number]) == 1 else f"{number}-{words[number]}"
    return f"mask-{name}.png"


def _called(plugin, kind):
    """The name of a plugin, with its distribution where another has the same."""
    names = [each.name for each in registry.plugins(kind)]
    return plugin.name if names.count(plugin.name) == 1 else plugin.qualified
