"""What lies in a run folder and in a model file, read without Keras."""

import json
import zipfile
from pathlib import Path

from stylezoo import registry
from stylezoo.errors import BadRun, UnknownPlugin

RECIPE = "recipe.json"
PLUGINS = "plugins.json"
PLACES = "pictures.json"
PICTURES = "pictures"
LOG = "log.csv"
SAMPLES = "samples"
CHECKPOINT = "checkpoints/latest.weights.h5"
MODEL = "model.keras"
RESULT = "result.png"


def model_file(path: str | Path) -> Path:
    """The model file of a run folder, or the path itself if it is one.

    Raises:
        BadRun: There is none.
    """
    path = Path(path).expanduser()
    file = path / MODEL if path.is_dir() else path
    if not file.is_file():
        reason = f"it holds no {MODEL}" if path.is_dir() else "there is no such file or folder"
        raise BadRun(f"'{path}' is no model: {reason}. Name a run folder of 'stylezoo train' or a .keras file.")
    return file


def check_plugins(file: Path) -> None:
    """See that every plugin which a model file needs is installed, before Keras is imported.

    Raises:
        BadRun: The file is not one of ours, or a plugin is missing; the message says what to install.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            config = json.loads(archive.read("config.json"))
        if config.get("registered_name") != "stylezoo>GAN":
            raise BadRun(f"'{file}' is a Keras file, but no model of stylezoo.")
        plugins = config["config"]["plugins"]
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRun(f"'{file}' is no model of stylezoo or is damaged: {error}") from None
    for plugin in plugins:
        try:
            registry.find(plugin["kind"], f"{plugin['distribution']}/{plugin['name']}")
        except UnknownPlugin:
            raise BadRun(
                f"'{file}' needs the {plugin['kind']} '{plugin['name']}' of {plugin['distribution']} "
                f"{plugin['version']}, which is not installed: 'pip install {plugin['distribution']}'."
            ) from None
