"""Ready-made styles: trained models that installed distributions offer by name, each a file with what it draws with."""

import os
from io import BytesIO
from pathlib import Path

from stylezoo.catalogue import registry
from stylezoo.errors import UsageError, did_you_mean, name_all
from stylezoo.files import archive

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
        BrokenPlugin: Its file is missing.
    """
    name = os.fspath(name)
    if (os.sep in name and os.path.exists(name)) or not any(
        plugin.answers_to(name) for plugin in registry.plugins("style")
    ):
        return None
    return registry.find("style", name).load()


def hint(name: str | Path) -> str:
    """The installed styles, for the end of an error about an unknown name: the closest one, and all."""
    known = names()
    return f"{did_you_mean(str(name), known)} Ready-made styles: {name_all(known)}." if known else ""


def teacher(file: Path) -> Path | None:
    """The file with the discriminators that taught a style: its own or, if it has none, that of an installed relative.

    Styles of one family are trained from one ancestor, so that the discriminators of one can teach what is trained from
    another; one file of the family is enough to hold them.

    Args:
        file: The checked file of a style.

    Returns:
        None if no installed style of the family has any.
    """
    others = [plugin.file for plugin in registry.plugins("style") if not plugin.problem]
    return next((each for each in (file, *filter(None, others)) if _is_relative(file, each) and _judges(each)), None)


def trained(file: Path, config: dict, drawing):
    """The whole model of a style: its generator, and the discriminators of its `teacher`, else new ones.

    Args:
        file: The checked file.
        config: Its configuration.
        drawing: Its `Drawing`.

    Returns:
        A `stylezoo.gan.GAN`.
    """
    from stylezoo.gan import GAN
    from stylezoo.runs.drawing import Discriminators

    gan = GAN.from_config(config["config"])
    shown = drawing.average or drawing.generator
    for network in filter(None, (gan.generator, gan.average)):
        network.set_weights(shown.get_weights())
    if gan.tones is not None:
        gan.tones.assign(drawing.tones)
    if judges := teacher(file):
        archive.check_weights(judges)
        Discriminators(gan.discriminators).load_weights(judges)
    return gan


def _is_relative(file, other):
    """Whether two files are one, or their models have a training and the discriminators in common."""
    if file == other:
        return True
    mine, others = _facts(file), _facts(other)
    return bool(set(mine[0]) & set(others[0])) and mine[1] == others[1]


def _facts(file):
    """The lineage of a model, and the discriminators of its recipe."""
    with archive.opened(file) as opened:
        card = archive.document(opened, archive.CARD) or {}
    return card.get("lineage", ()), card.get("recipe", {}).get("discriminators")


def _judges(file):
    """Whether a file holds discriminators."""
    from stylezoo.files import hdf5

    with archive.opened(file) as opened:
        return "discriminators" in hdf5.groups(BytesIO(opened.read(archive.WEIGHTS)))
