"""Whole models of ready-made styles, which share the discriminators of their family.

Styles of one family are trained from one ancestor, so that the discriminators of one can teach what is trained from
another: one file of the family is enough to hold them.
"""

from io import BytesIO
from pathlib import Path

from stylezoo.catalogue import registry
from stylezoo.errors import StylezooError
from stylezoo.files import archive, hdf5
from stylezoo.gan import GAN
from stylezoo.runs import card
from stylezoo.runs.drawing import Discriminators, Drawing


def teacher(file: Path) -> Path | None:
    """The file with the discriminators for trainings from a style: its own or, if it has none, that of a relative.

    Args:
        file: The checked file of a style.

    Returns:
        None if no installed style of the family has any.
    """
    if _judges(file):
        return file
    mine = card.read(file)
    return next((plugin.file for plugin in registry.plugins("style") if _can_teach(plugin, mine)), None)


def trained(file: Path, config: dict, drawing: Drawing) -> GAN:
    """The whole model of a style: its generator, and the discriminators of its `teacher`, else new ones.

    Args:
        file: The checked file.
        config: Its configuration.
        drawing: Its drawing part.
    """
    gan = GAN.from_config(config["config"])
    weights = drawing.drawing_network().get_weights()
    for network in filter(None, (gan.generator, gan.average)):
        network.set_weights(weights)
    if gan.tones is not None:
        gan.tones.assign(drawing.tones)
    if judges := teacher(file):
        Discriminators(gan.discriminators).load_weights(judges)
    return gan


def _can_teach(plugin, mine):
    """Whether an installed style has discriminators, and a training and their recipe in common with a card."""
    try:
        theirs = card.read(plugin.load())
        kin = set(mine.lineage) & set(theirs.lineage)
        alike = mine.recipe.get("discriminators") == theirs.recipe.get("discriminators")
        return bool(kin) and alike and _judges(plugin.file)
    except StylezooError:  # a broken style breaks only itself
        return False


def _judges(file):
    """Whether a file, whose weights are checked first, holds discriminators."""
    archive.check_weights(file)
    with archive.opened(file) as opened:
        return "discriminators" in hdf5.groups(BytesIO(opened.read(archive.WEIGHTS)))
