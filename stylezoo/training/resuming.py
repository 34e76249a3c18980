"""Resume a training: exactly as if it had not been interrupted, or not at all."""

import warnings
from contextlib import nullcontext
from dataclasses import fields, replace
from pathlib import Path

from stylezoo import backend, devices
from stylezoo.catalogue import needs
from stylezoo.data import fingerprints
from stylezoo.data.album import Album
from stylezoo.errors import BadRun, StylezooError, name_all
from stylezoo.files import archive, hdf5
from stylezoo.recipe import Recipe
from stylezoo.runs import card, checkpoints, loading, log
from stylezoo.runs.folder import RunFolder
from stylezoo.training.starting import Run, be_deterministic, prepare


def resume(folder: str | Path, steps: int | None = None, allow_changes: bool = False) -> Run:
    """Resume a training from its folder's last checkpoint; the result is the same as without interruption.

    Args:
        folder: A run folder.
        steps: A new total number of steps; None: that of its recipe.
        allow_changes: Whether to go on with another recipe, other pictures, or other versions of plugins, than before.
            The result is then another one.

    Raises:
        BadRun: The folder is no run, its training is complete or still runs, it is damaged or has lost its
            checkpoints, or its recipe, pictures or plugins are not as before.

    Examples:
        >>> from stylezoo import training
        >>> run = training.resume("runs/mine", steps=400)
        >>> run.steps
        400
    """
    folder = RunFolder(folder)
    recipe = folder.trained_recipe()
    be_deterministic(recipe)
    plan = (recipe.changed(steps=steps) if steps else recipe).resolve()
    with folder.lock() if devices.is_chief() else nullcontext():  # no other process may write while this one reads
        albums, listed = _pictures_of(folder)
        before = card.read(folder)
        run = prepare(folder, plan, *albums, before.license, before.lineage or [card.new_id()])
        known = {name: part for name, part in before.evaluation.items() if name != "measured"}  # of another state
        run.card = replace(run.card, rollbacks=before.rollbacks, evaluation=known)
        versions, lost = _plugins(folder, run.plan)
        run.notes = [lost, load(run)]
        _check_unfinished(run)
        listed["files"], others = _files(folder, albums, listed, before, run.card)
        if changed := "; ".join([*_other_recipe(folder, recipe), *versions, *others]):
            if not allow_changes:
                raise _not_as_before(folder, changed)
            run.notes.append(f"Not as before: {changed}. The result is another one than that of a training without.")
        mended = _write_again(run, listed, steps) if devices.is_chief() else ""
    run.notes = [note for note in (*run.notes, mended, _other_machine(before, run.card)) if note]
    return run


def _write_again(run, listed, steps):
    """Write the files that a resumed run changes at once; returns what was wrong with its log."""
    folder = run.folder
    with folder.one_line_errors():
        folder.remove_leftovers()
        _, mended = log.begin(folder, [each.name for each in run.model.metrics], run.step)
        if steps:  # it is not complete any more
            (folder / RunFolder.RESULT).unlink(missing_ok=True)
            folder.write_json(RunFolder.RECIPE, run.recipe.to_dict())
        folder.write_json(RunFolder.PLACES, listed)
        folder.write_json(RunFolder.PLUGINS, run.plan.plugins)
        folder.write_json(RunFolder.CARD, run.card.to_dict())
    return mended


def _other_recipe(folder, recipe):
    """How the recipe differs from that of the model, which was written with the checkpoint; not in its steps."""
    try:
        kept = Recipe.from_dict(archive.configuration(folder / RunFolder.MODEL)["config"]["recipe"])
    except (StylezooError, KeyError, TypeError):  # it is lost or damaged, and is written anew
        return []
    names = [each.name for each in fields(Recipe) if each.name != "steps"]
    pairs = {name: (getattr(kept, name), getattr(recipe, name)) for name in names}
    return [f"{name} of {RunFolder.RECIPE}: {old}, now {new}" for name, (old, new) in pairs.items() if old != new]


def _plugins(folder, plan):
    """The distributions of plugins that have another version than before, in words, and a line if that is not known.

    Raises:
        BadRun: The recipe has other plugins.
    """
    if not folder.has(RunFolder.PLUGINS):
        return [], f"{RunFolder.PLUGINS} was lost, and is written anew."
    listed, wanted = folder.read_json(RunFolder.PLUGINS), {_identity(each) for each in plan.plugins}
    if not needs.are_plugins(listed):
        raise folder.damaged(RunFolder.PLUGINS, "it is no list of plugins")
    if odd := {_identity(each) for each in listed} ^ wanted:
        kind, name, _ = min(odd)
        raise folder.damaged(RunFolder.PLUGINS, f"only one of it and {RunFolder.RECIPE} names the {kind} '{name}'")
    now = {each["distribution"]: each["version"] for each in plan.plugins}
    changed = {(each["distribution"], each["version"]) for each in listed} - now.items()
    return [f"{name} {version}, now {now[name]}" for name, version in sorted(changed)], ""


def _identity(plugin):
    return plugin["kind"], plugin["name"], plugin["distribution"]


def _pictures_of(folder):
    """The source and the style of a run, and the plain data that names them."""
    listed = folder.read_json(RunFolder.PLACES)
    try:
        return [Album.from_plain(listed[name], folder.path) for name in ("source", "style")], listed
    except (KeyError, TypeError) as error:
        raise folder.damaged(RunFolder.PLACES, error) from None


def _files(folder, albums, listed, before, now):
    """The files of the pictures, and how they differ from those of before: a list of at most one clause."""
    if "files" not in listed:  # a run of a former version, of which the card knows the numbers
        counts = [name_all(row.get("pictures") for row in card.data) for card in (before, now)]
        changed = f"{counts[0]}, now {counts[1]}" if before.data and counts[0] != counts[1] else ""
        return fingerprints.taken(albums, folder.path), [f"numbers of pictures: {changed}"] if changed else []
    if not fingerprints.are_valid(listed["files"]):
        raise folder.damaged(RunFolder.PLACES, "its list of files is none")
    files = fingerprints.taken(albums, folder.path, listed["files"])
    changed = fingerprints.changes(listed["files"], files)
    return files, [f"pictures: {changed}"] if changed else []


def _not_as_before(folder, changed):
    return BadRun(
        f"'{folder}' cannot be resumed exactly: {changed}. Put back what was there, or go on nevertheless, to another "
        "result: --allow-changes."
    )


def _other_machine(before, now):
    """What is different from the machine on which a training was before, and changes last digits; "" if nothing."""
    old, new = ({"replicas": "1", **each.versions, **each.machine} for each in (before, now))
    changed = [
        f"{name} {old[name]}, now {new[name]}" for name in old if old[name] and new.get(name, old[name]) != old[name]
    ]
    if not changed:
        return ""
    return (
        f"Not as before: {'; '.join(changed)}. Results can differ in their last digits from those of a training "
        "without a break."
    )


def load(run: Run, older: bool = False) -> str:
    """Load the newest whole checkpoint of a run into its model.

    Args:
        run: The run.
        older: Whether it is the one before instead.

    Returns:
        What is wrong with a newer one, which is put aside; "" if nothing is.

    Raises:
        BadRun: There is none, or it holds something else than the state of this model.
    """
    folder = run.folder
    file, note = (folder / RunFolder.CHECKPOINT_BEFORE, "") if older else checkpoints.newest(folder)
    if file is None:
        raise BadRun(
            f"'{folder}' has lost its {RunFolder.CHECKPOINT}, and with it what was trained. Start again in another "
            f"folder (-o): stylezoo train --recipe {folder / RunFolder.RECIPE} --source PICTURES --style PICTURES, and "
            "--from RUN if it began with a trained model."
        )
    name = str(file.relative_to(folder.path))
    try:
        hdf5.check(file)
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns where an optimizer's state is incomplete
            with backend.nameless_variables():
                run.model.load_weights(file)
    except backend.OUT_OF_MEMORY:
        raise
    except Exception as error:  # Keras tells of a damaged file by any error
        raise folder.damaged(name, error) from error
    if run.step < 0:
        raise folder.damaged(name, f"its step is {run.step}")
    loading.check_finite(run.model, f"{name} of '{folder}'")
    if note and devices.is_chief(run.model.distribute_strategy):
        checkpoints.put_aside(folder)
    return note


def _check_unfinished(run):
    """Check that a run is not complete. The result is written last: a run without it is not complete."""
    if run.step > run.steps or (run.step == run.steps and run.folder.has(RunFolder.RESULT)):
        raise BadRun(f"'{run.folder}' is complete after {run.step} steps. Train it longer with --steps N.")
