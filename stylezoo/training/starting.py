"""Start or resume a training: its recipe, its pictures, its model, its folder."""

import os
import warnings
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from stylezoo import backend, devices
from stylezoo.catalogue import needs
from stylezoo.data.album import Album
from stylezoo.data.batches import Batches
from stylezoo.errors import BadOptions, BadRecipe, BadRun
from stylezoo.files import hdf5
from stylezoo.gan import GAN
from stylezoo.plan import Plan
from stylezoo.recipe import Recipe
from stylezoo.runs import card, hub, lineage, loading, log
from stylezoo.runs.card import Card
from stylezoo.runs.folder import RunFolder
from stylezoo.training.callbacks import Checkpoints

DEFAULT = "single-pair"  # the model of a training that names none


@dataclass
class Run:
    """A training and its folder.

    Attributes:
        folder: The run folder.
        plan: The complete plan.
        batches: The pictures.
        model: The model after `model.step` steps.
        steps: The number of steps of the whole training.
        interrupted: Whether Ctrl-C or SIGTERM ends it after the current step.
        card: The card of the model.
        has_sheet: Whether a contact sheet has been drawn since the training was started or resumed.
        notes: Lines about parts that could not be copied from the model that it starts from; of a resumed run, what
            was mended and what is not as before.
    """

    folder: RunFolder
    plan: Plan
    batches: Batches
    model: GAN
    steps: int
    interrupted: bool = False
    has_sheet: bool = False
    card: Card = field(default_factory=Card)
    notes: list[str] = field(default_factory=list)

    @property
    def recipe(self) -> Recipe:
        """The complete recipe."""
        return self.plan.recipe

    @property
    def step(self) -> int:
        """The number of steps so far."""
        return int(self.model.step.numpy())

    def shown(self, index: int) -> list[tuple[str, Image.Image, Any]]:
        """The styles beside source number `index` in a contact sheet.

        Returns:
            For each its name, "" if it has none, its picture, and the style as `GAN.stylize` takes it.
        """
        by_picture = self.model.takes_style_picture
        pairs = self.batches.data.shown(self.batches, index)
        return [(name, picture, picture if by_picture else (name or None)) for name, picture in pairs]


def chosen(model=None, start_from=None, add_style=(), **changes) -> Recipe:
    """The recipe of a training, complete and checked, in the precision that is the fastest on this machine.

    Args:
        model: The name of a registered model, or a `Recipe`. None: that of `start_from`, or single-pair.
        start_from: The trained model that it starts from: a run folder, a ``.keras`` file or an address.
        add_style: The pictures of styles to add to it: a list, each a style of its own, or named ones.
        **changes: Changes to the recipe as in `Recipe.named`.

    Raises:
        BadOptions: Styles cannot be added to `start_from`, or there is none.
        BadData: A name of a style is taken.
        BadRun: `start_from` is no model.
        StylezooError: As in `Recipe.named`.
    """
    add_style = Album.each_of(add_style)
    if add_style.parts and start_from is None:
        raise BadOptions("A style is added to a trained model; name it: --from RUN, or start_from=.")
    old = None if start_from is None else lineage.recipe_of(start_from)
    if model is None and old:
        model = lineage.beginning(start_from)
    recipe = Recipe.of(model or DEFAULT, **changes)
    if recipe.precision == "auto":
        recipe = recipe._with(precision=backend.fastest_precision())
    if not add_style.parts:
        return recipe
    added = add_style.by_style(lineage.names_of(old))
    return lineage.with_styles(start_from, recipe, old, list(added.names))


def title(model, start_from=None) -> str:
    """The name of a new run folder: that of the model, or of the model that it starts from."""
    if start_from is not None and not isinstance(model, str):
        where = str(start_from).partition("@")[0] if hub.is_address(start_from) else start_from
        return Path(where).name.removesuffix(".keras") or "run"
    return "run" if isinstance(model, Recipe) else model or DEFAULT


def start(
    recipe: Recipe | Plan,
    source=None,
    style=None,
    out: str | Path = "runs/run",
    license: str = "",
    start_from=None,
    write: bool = True,
) -> Run:
    """Read the pictures, build the model and write the first files of the run folder; nothing is trained yet.

    Args:
        recipe: The recipe to train.
        source: As in `train`.
        style: As in `train`; with the data option `added` the pictures of the added styles.
        out: The run folder.
        license: As in `train`.
        start_from: As in `train`.
        write: False: nothing is written, for a dry run.

    Raises:
        BadOptions: The weights of `start_from` do not fit the generator.
        BadData: The pictures cannot be used.
        BadWeights: A pretrained network cannot be read.
        BadRun: The folder holds something already, or cannot be written.
        MissingExtra: The samples are needed and scikit-image is not installed.
    """
    folder = RunFolder(out)
    license = card.licensed(license)
    if devices.is_chief():  # the other workers may come later than its first files
        folder.check_empty()
    plan = recipe.resolve()
    if plan.objects:
        raise BadRecipe(
            f"A run folder keeps its model by names. {plan.unsaved} Or train it with fit, without a folder."
        )
    if plan.data.added and start_from is None:
        raise BadRecipe("The recipe adds a style to a trained model; name that: --from RUN --add-style PICTURES.")
    ancestor = None if start_from is None else lineage.read(start_from)
    source, style = plan.data.laid_out(Album.of(source), Album.of(style))
    trainings = [*(ancestor.lineage if ancestor else ()), card.new_id()]
    run = _prepare(folder, plan, source, style, license, trainings)
    run.notes = lineage.inherit(run.model, ancestor) if ancestor else []
    if write and devices.is_chief():
        _write_first_files(run, ancestor, {"source": source, "style": style})
    return run


def _write_first_files(run, ancestor, albums):
    """Write the files of a new run: its recipe, its card, and where its pictures are."""
    folder = run.folder
    with folder.begin():
        if ancestor:  # the run no longer needs the ancestor
            Checkpoints(run).save_checkpoint()
        places = {
            name: album.to_plain(folder / RunFolder.PICTURES / f"{name}.png", folder.path)
            for name, album in albums.items()
        }
        folder.write_json(RunFolder.PLACES, places)
        folder.write_json(RunFolder.PLUGINS, run.plan.plugins)
        folder.write_json(RunFolder.CARD, run.card.to_dict())
        folder.write_json(RunFolder.RECIPE, run.recipe.to_dict())  # last: a folder with a recipe is complete


def resume(folder: str | Path, steps: int | None = None) -> Run:
    """Resume a training from its folder's last checkpoint; the result is the same as without interruption.

    Args:
        folder: A run folder.
        steps: A new total number of steps; None: that of its recipe.

    Raises:
        BadRun: The folder is no run, its training is complete or still runs, or it started from a trained model and has
            lost its checkpoint.
    """
    folder = RunFolder(folder)
    recipe = folder.trained_recipe()
    plan = (recipe.changed(steps=steps) if steps else recipe).resolve()
    with folder.lock() if devices.is_chief() else nullcontext():  # no other process may write while this one reads
        source, style = _pictures_of(folder)
        before = card.read(folder)
        _check_beginning(folder, plan, before)
        run = _prepare(folder, plan, source, style, before.license, before.lineage or [card.new_id()])
        run.notes = [_check_plugins(folder, run.plan)]
        _load_checkpoint(run)
        _check_unfinished(run)
        mended = _write_again(run, steps) if devices.is_chief() else ""
    run.notes = [note for note in (*run.notes, mended, _changes(before, run.card)) if note]
    return run


def _write_again(run, steps):
    """Write the files that a resumed run changes at once; returns what was wrong with its log."""
    folder = run.folder
    with folder.one_line_errors():
        folder.remove_leftovers()
        _, mended = log.begin(folder, [each.name for each in run.model.metrics], run.step)
        if steps:  # it is not complete any more
            (folder / RunFolder.RESULT).unlink(missing_ok=True)
            folder.write_json(RunFolder.RECIPE, run.recipe.to_dict())
        folder.write_json(RunFolder.PLUGINS, run.plan.plugins)
        folder.write_json(RunFolder.CARD, run.card.to_dict())
    return mended


def _check_plugins(folder, plan):
    """Check that the list of plugins is that of the recipe; returns a line if it was lost.

    Raises:
        BadRun: It is another one.
    """
    if not folder.has(RunFolder.PLUGINS):
        return f"{RunFolder.PLUGINS} was lost, and is written anew."
    listed, wanted = folder.read_json(RunFolder.PLUGINS), {_identity(each) for each in plan.plugins}
    if not needs.are_plugins(listed):
        raise folder.damaged(RunFolder.PLUGINS, "it is no list of plugins")
    if odd := {_identity(each) for each in listed} ^ wanted:
        kind, name, _ = min(odd)
        raise folder.damaged(RunFolder.PLUGINS, f"only one of it and {RunFolder.RECIPE} names the {kind} '{name}'")
    return ""


def _identity(plugin):
    return plugin["kind"], plugin["name"], plugin["distribution"]


def _changes(before, now):
    """What is different from the machine on which a training was before, and can change its results; "" if nothing."""
    old, new = ({**each.versions, **{x["distribution"]: x["version"] for x in each.plugins}, **each.machine}
                for each in (before, now))  # fmt: skip
    changed = [
        f"{name} {old[name]}, now {new[name]}" for name in old if old[name] and new.get(name, old[name]) != old[name]
    ]
    if [row.get("pictures") for row in before.data] != [row.get("pictures") for row in now.data]:
        changed.append("the number of pictures")
    if not changed:
        return ""
    return f"Not as before: {'; '.join(changed)}. Results can differ from those of a training without a break."


def _pictures_of(folder):
    """The source and the style of a run."""
    places = folder.read_json(RunFolder.PLACES)
    try:
        return [Album.from_plain(places[name], folder.path) for name in ("source", "style")]
    except (KeyError, TypeError) as error:
        raise folder.damaged(RunFolder.PLACES, error) from None


def _check_beginning(folder, plan, before):
    """Check that a run which started from a trained model still has its checkpoint."""
    if not folder.has(RunFolder.CHECKPOINT) and (plan.data.added or len(before.lineage) > 1):
        raise BadRun(
            f"'{folder}' has lost its {RunFolder.CHECKPOINT}, and with it the weights of the model that it started "
            "from. Start again from that model: stylezoo train --from RUN, with another folder (-o)."
        )


def _load_checkpoint(run):
    """Load the last checkpoint of a run into its model, if there is one."""
    folder = run.folder
    if not folder.has(RunFolder.CHECKPOINT):
        return
    try:
        hdf5.check(folder / RunFolder.CHECKPOINT)
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns where an optimizer's state is incomplete
            run.model.load_weights(folder / RunFolder.CHECKPOINT)
    except backend.OUT_OF_MEMORY:
        raise
    except Exception as error:  # Keras tells of a damaged file by any error
        raise folder.damaged(RunFolder.CHECKPOINT, error) from error
    if run.step < 0:
        raise folder.damaged(RunFolder.CHECKPOINT, f"its step is {run.step}")
    loading.check_finite(run.model, f"{RunFolder.CHECKPOINT} of '{folder}'")


def _check_unfinished(run):
    """Check that a run is not complete. The result is written last: a run without it is not complete."""
    if run.step > run.steps or (run.step == run.steps and run.folder.has(RunFolder.RESULT)):
        raise BadRun(f"'{run.folder}' is complete after {run.step} steps. Train it longer with --steps N.")


def _prepare(folder, plan, source, style, license, lineage):
    """The run, its pictures read and its model built."""
    devices.check(plan.recipe)
    batches = Batches(plan, source, style)
    plan = plan.with_epoch(batches.steps_per_epoch).with_data(batches.data)
    if plan.recipe.vgg:  # a run may be resumed elsewhere
        plan = plan.with_vgg(str(Path(os.path.expanduser(plan.recipe.vgg)).resolve()))
    model = GAN(plan)
    _check_size(model)
    model.prepare()
    if plan.data.tones:
        model.tones.assign(batches.tones)
    run = Run(folder, plan, batches, model, plan.total_steps)
    rows = batches.data.card_rows(batches.source, batches.styles)
    run.card = card.new_card(plan, "trained", lineage, machine=machine(), data=rows, license=license)
    return run


def machine() -> dict[str, str]:
    """The device and the number of cores, on which the last digits of sums depend."""
    shared = {"replicas": str(backend.replicas())} if backend.replicas() > 1 else {}
    return {"device": ", ".join(backend.gpus()) or "CPU", "cores": str(backend.cores()), **shared}


def _check_size(model):
    """Check that the generator can take crops of the recipe's size: some need sides that can be halved often."""
    side = model.recipe.image_size
    try:
        crops = backend.tensor_of((1, side, side, 3))
        shape = backend.graph(lambda source: model(source)).get_concrete_function(crops).output_shapes
    except ValueError:  # branches that cannot be joined
        shape = None
    if shape != (1, side, side, 3):
        raise BadRecipe(
            f"The generator '{model.recipe.generator}' cannot take crops of {side} pixels. Take a power of two, "
            "such as --set image_size=256, or let it halve less often, where it has such an option: --set "
            "generator.downs=5."
        )
