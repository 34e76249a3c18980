"""Load a trained model from a run folder, a ``.keras`` file or an address on a hub.

Files are checked as far as possible before Keras is imported, which takes three seconds.
"""

import os
from functools import lru_cache
from pathlib import Path
from weakref import WeakValueDictionary

from stylezoo.catalogue import needs
from stylezoo.errors import BadRecipe, BadRun, StylezooError, printable
from stylezoo.files import archive, recognition
from stylezoo.recipe import Recipe
from stylezoo.runs import hub, styles
from stylezoo.runs.folder import RunFolder

_by_facts = WeakValueDictionary()  # drawings that others share their graphs with
REMEMBERED = 16  # models that stay in memory, with the graphs that they were drawn with


def model_file(path: str | Path) -> Path:
    """The model file of a ready-made style, a run folder or a repository on a hub, or the path itself if it is one.

    Raises:
        BadRun: There is none.
        PluginConflict: Several distributions have such a style.
        MissingExtra: It is on a hub, and huggingface_hub is not installed.
    """
    if hub.is_address(path):
        return hub.fetch(path)
    if file := styles.file_of(path):
        return file
    path = Path(os.path.expanduser(path))
    is_folder = os.path.isdir(path)  # unlike the methods of Path it raises no error
    file = path / RunFolder.MODEL if is_folder else path
    if not os.path.isfile(file):
        reason = f"it holds no {RunFolder.MODEL}" if is_folder else "there is no such file or folder"
        raise BadRun(
            f"'{path}' is no model: {reason}.{styles.hint(path)} Name a run folder of 'stylezoo train', a .keras file "
            "or hf://owner/name."
        )
    _check_kind(file)
    return file


def _check_kind(file):
    """Check that a file is not recognised as something else than a model; a damaged one is told when it is read."""
    try:
        kind = recognition.kind_of(file)
    except OSError as error:
        raise BadRun(f"'{file}' cannot be read: {error.strerror or error}.") from None
    run = file.parent.parent
    if kind == recognition.HDF5 and (run / RunFolder.MODEL).is_file():
        raise BadRun(f"'{file}' is a checkpoint of the run '{run}': name the run itself.")
    if kind not in (None, recognition.MODEL, recognition.CUT_OFF, recognition.OTHERS):
        raise BadRun(recognition.sentence(file, kind, "no model of stylezoo"))


def checked_file(path: str | Path) -> Path:
    """The `model_file` of a path, checked as by `checked_recipe`, without importing Keras.

    Raises:
        BadRun: There is none, it is no model of stylezoo or damaged, or a plugin that it needs is not installed.
        MissingExtra: It is on a hub, and huggingface_hub is not installed.
    """
    file = model_file(path)
    checked_recipe(file)
    return file


def checked_recipe(file: Path) -> Recipe:
    """The recipe of a model file, if it is one of stylezoo, holds no code, and all its plugins are installed.

    Raises:
        BadRun: A check fails; for a missing plugin the message names what to install.
    """
    config = archive.configuration(file)
    inner = config.get("config")
    plugins = inner.get("plugins") if isinstance(inner, dict) else None
    if not needs.are_plugins(plugins):
        raise BadRun(f"'{file}' is no model of stylezoo or is damaged: its list of plugins cannot be read.")
    for plugin in plugins:
        if missing := needs.lack(plugin):
            raise BadRun(f"'{file}' needs {missing}")
    archive.check_classes(file, config)
    try:
        recipe = Recipe.from_dict(inner.get("recipe"))
    except StylezooError as error:
        raise BadRun(f"'{file}' is no model of stylezoo or is damaged: its recipe cannot be read: {error}") from None
    if file.suffix != ".keras":  # Keras goes by the name: it would read another format
        raise BadRun(f"'{file}' is a model of stylezoo by another name: rename it, so that it ends with .keras.")
    return recipe


def load(path: str | Path):
    """The model at a path, with the state of its training; what `stylezoo.load_model` does.

    Raises:
        BadRun: As `checked_file`; also if Keras cannot read it, or its weights refer to other files.
        MissingExtra: As `checked_file`.
    """
    return built(checked_file(path))


def built(file: Path):
    """The model of a file from `checked_file`.

    Raises:
        BadRun: Keras cannot read it, or its weights refer to other files.
    """
    import keras

    from stylezoo import gan  # noqa: F401 - Keras must know the class that is built

    config = archive.configuration(file)
    if archive.is_style(config):
        from stylezoo.runs import families

        drawn = drawing(file)
        return _read(file, lambda: families.trained(file, config, drawn), complete=False)
    return _read(file, lambda: keras.models.load_model(file, safe_mode=True))


def drawing(file: Path):
    """The `Drawing` of a file from `checked_file`: the part of the model that redraws pictures, read in less time.

    Raises:
        BadRun: As `built`.
    """
    from stylezoo.runs.drawing import Drawing

    plan = checked_recipe(file).resolve()

    def read():
        drawing = Drawing(plan)
        drawing.load_weights(file)
        return drawing

    return _read(file, read)


def remembered(file: Path):
    """The `drawing` of a file, for those who change nothing in it: read once in a process, and again if it has changed.

    Raises:
        BadRun: As `built`.
    """
    state = os.stat(file)
    return _remembered(file, state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size)


@lru_cache(REMEMBERED)
def _remembered(file, *state):
    return sharing(drawing(file))


def sharing(model):
    """A `Drawing`, which from now on shares the graphs of another whose generator is built alike, if there is one."""
    from stylezoo.drawing.graphs import Graphs

    first = _by_facts.setdefault(model.plan.generator_facts, model)
    if first is not model:
        Graphs.of(first.drawing_network()).share(model.drawing_network())
    return model


def _read(file, read, complete=True):
    """What a function reads from a file, whose numbers are checked before and after.

    A file that is `complete` has all weights of the model, so that this needs no more than there are: the recipe of a
    small file may ask for gigabytes.
    """
    from stylezoo import backend, plan

    size = archive.check_weights(file)
    try:
        # Styles have the smallest numbers, of two bytes. Keras makes more layers and optimizers, to look at them.
        limits = (plan.MOST_LAYERS, size // 2 if complete else plan.MOST_WEIGHTS)
        with backend.nameless_variables(), backend.building_at_most(*limits):
            model = read()
    except BadRecipe as error:
        raise BadRun(f"'{file}' cannot be loaded: {error}") from error
    except StylezooError:
        raise
    except Exception as error:  # Keras tells of a damaged file by any error
        reason = printable(str(error))[:200] or type(error).__name__
        raise BadRun(f"'{file}' cannot be loaded, it may be damaged: {reason}") from error
    check_finite(model, f"'{file}'")
    return model


def check_finite(model, owner: str) -> None:
    """Check that a model and its optimizers, if it has any, hold no NaN and no infinite number.

    Args:
        model: The model.
        owner: Its file or folder, for the message.

    Raises:
        BadRun: It does.
    """
    if place := infinite(state(model)):
        raise BadRun(f"{owner} holds NaN or infinity in {place}: it is damaged, or its training diverged.")


def state(model) -> list:
    """The variables of a model and of its optimizers, if it has any."""
    return [*model.weights, *(model.optimizer.variables if model.optimizer else ())]


def infinite(variables) -> str:
    """The path of the first of some variables that holds NaN or infinity; "" if none does."""
    import numpy as np

    return next((each.path for each in variables if not np.isfinite(each.numpy()).all()), "")
