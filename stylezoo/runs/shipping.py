"""Write the file of a ready-made style from a trained model: half precision, and only what it draws and learns with."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

from stylezoo.errors import BadOptions
from stylezoo.files import archive, hdf5, plain
from stylezoo.runs import card, loading
from stylezoo.spec import Spec


def write_style(
    run: str | Path,
    target: Path,
    about: str,
    sources: list[str],
    license: str = "",
    command: str = "",
    figures: str = "",
    judges: bool = True,
    without: tuple[str, ...] = (),
) -> None:
    """Write the file of a style.

    Args:
        run: The trained model: a run folder, a ``.keras`` file, an address or a style.
        target: The file, ``NAME.keras``.
        about: What the style is, in a sentence.
        sources: What it learned from: each picture or collection with its author and its licence.
        license: The licence of the weights. "": that of the run's card.
        command: The command that makes it again.
        figures: What was measured of its pictures, in words.
        judges: Whether the discriminators are kept, for ``stylezoo train --from``; they take as much room again.
        without: The names of losses that taught it and are not needed by trainings that start from it.

    Raises:
        BadOptions: There is no licence, or nothing that it learned from is named.
        BadRun: There is no such model.
    """
    file = loading.checked_file(run)
    found = replace(described(card.read(run), about, sources, license), command=command, figures=figures)
    if fault := incomplete(found):
        raise BadOptions(f"The style cannot be shipped: {fault}.")
    with archive.opened(file) as opened:
        config, metadata = (json.loads(opened.read(each)) for each in (archive.CONFIG, archive.METADATA))
    config = plain.without_folders({key: value for key, value in config.items() if key != "compile_config"})
    config["config"] = _without(config["config"], without)
    members = {
        archive.METADATA: json.dumps(metadata).encode(),
        archive.CONFIG: json.dumps(config).encode(),
        archive.WEIGHTS: _weights(loading.built(file), judges),
        **card.members(found, b""),
    }
    archive.write(target, members)


def described(found: card.Card, about: str, sources: list[str], license: str | None) -> card.Card:
    """The card of a run as that of a style."""
    return replace(found, about=about, sources=[*sources], license=card.licensed(license) or found.license)


def incomplete(found: card.Card) -> str:
    """What the card of a style lacks, in a clause; "" if nothing."""
    missing = {
        "no licence is named (--license CC0-1.0)": found.license,
        "it is not said what it learned from (--learned-from 'Hokusai, The Great Wave, 1831, public domain')": any(
            map(str.strip, found.sources)
        ),
        "it is not said what it is (--about 'Woodblock print ...')": found.about.strip(),
    }
    return next((fault for fault, given in missing.items() if not given), "")


def _without(config, losses):
    """The configuration of a model without some losses, and the plugins that only they need."""
    recipe = config["recipe"]
    kept = [each for each in recipe["losses"] if Spec.parse(each).label not in losses]
    plugins = [each for each in config["plugins"] if each["kind"] != "loss" or each["name"] not in losses]
    return {**config, "recipe": {**recipe, "losses": kept, "vgg": None}, "plugins": plugins}


def _weights(gan, judges):
    """The weights with which a model draws, and perhaps its discriminators, as the bytes of a file."""
    from stylezoo.runs.drawing import Drawing

    drawing = Drawing(gan.plan)
    drawing.drawing_network().set_weights(gan.drawing_network().get_weights())
    drawing.step.assign(gan.step)
    if gan.tones is not None:
        drawing.tones.assign(gan.tones)
    if judges:
        drawing.discriminators = gan.discriminators
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "style.weights.h5")
        drawing.save_weights(file)
        return hdf5.halved(file)
