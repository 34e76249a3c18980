"""Start a training: its recipe, its pictures, its model, its folder."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from stylezoo import backend, devices
from stylezoo.data import fingerprints
from stylezoo.data.album import Album
from stylezoo.data.batches import Batches
from stylezoo.errors import BadOptions, BadRecipe
from stylezoo.evaluation.views import shown
from stylezoo.gan import GAN
from stylezoo.plan import Plan
from stylezoo.recipe import Recipe
from stylezoo.runs import card, hub, lineage
from stylezoo.runs.card import Card
from stylezoo.runs.folder import RunFolder
from stylezoo.training.callbacks import save

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
        interrupted: Whether a signal ends it after the current step.
        card: The card of the model.
        notes: Lines about parts that could not be copied from the model that it starts from; of a resumed run, what
            was mended and what is not as before.
        news: Lines about what has happened since, such as the first contact sheet.
        went_back_to: The step to which it went back last, None if it did not.
        albums: Of a new run the pictures of the source and of the style, as they were given.
    """

    folder: RunFolder
    plan: Plan
    batches: Batches
    model: GAN
    steps: int
    interrupted: bool = False
    card: Card = field(default_factory=Card)
    notes: list[str] = field(default_factory=list)
    news: list[str] = field(default_factory=list)
    went_back_to: int | None = None
    albums: dict[str, Album] = field(default_factory=dict)

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
        return shown(self.model, self.batches, index)


def chosen(model=None, start_from=None, add_style=(), **changes) -> Recipe:
    """The recipe of a training, complete and checked; from now on TensorFlow computes deterministically if it says so.

    Its precision is the fastest on this machine, and its threads are as many as the cores here, where a recipe leaves
    them open.

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

    Examples:
        >>> from stylezoo import training
        >>> training.chosen("transfer", steps=300).steps
        300
    """
    add_style = Album.each_of(add_style)
    if add_style.parts and start_from is None:
        raise BadOptions("A style is added to a trained model; name it: --from RUN, or start_from=.")
    old = None if start_from is None else lineage.recipe_of(start_from)
    if model is None and old:
        model = lineage.beginning(start_from)
    recipe = Recipe.of(model or DEFAULT, **changes)
    if old and recipe.channels != old.channels:
        raise BadOptions(
            f"The weights of '{start_from}' do not fit: it draws pictures of {old.channels} channels, and channels is "
            f"{recipe.channels}. Start from new weights, or take channels={old.channels}."
        )
    if recipe.precision == "auto":
        recipe = recipe._with(precision=backend.fastest_precision())
    if recipe.threads == 0:
        recipe = recipe._with(threads=backend.cores())
    be_deterministic(recipe)  # before there are devices
    if not add_style.parts:
        return recipe
    added = add_style.by_style(lineage.names_of(old))
    return lineage.with_styles(start_from, recipe, old, list(added.names))


def title(model, start_from=None) -> str:
    """The name of a new run folder: that of the model, or of the model that it starts from.

    Examples:
        >>> from stylezoo import training
        >>> training.title(None, start_from="runs/mine")
        'mine'
    """
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
        write: False: nothing is written, as for a dry run, or because `begin` does it.

    Raises:
        BadOptions: The weights of `start_from` do not fit the generator.
        BadData: The pictures cannot be used.
        BadWeights: A pretrained network cannot be read.
        BadRun: The folder holds something already, or cannot be written.
        MissingExtra: The samples are needed and scikit-image is not installed.

    Examples:
        >>> from stylezoo import training
        >>> recipe = training.chosen("transfer", steps=300, image_size=32, generator="resnet:filters=4,blocks=1")
        >>> run = training.start(recipe, "photos/", "paintings/", out="runs/started")
        >>> run.step
        0
    """
    folder = RunFolder(out)
    license = card.licensed(license)
    if devices.is_chief():  # the other workers may come later than its first files
        folder.check_empty()
    be_deterministic(recipe if isinstance(recipe, Recipe) else recipe.recipe)
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
    run = prepare(folder, plan, source, style, license, trainings)
    run.notes = lineage.inherit(run.model, ancestor) if ancestor else []
    run.albums = {"source": source, "style": style}
    if write:
        begin(run)
    return run


def be_deterministic(recipe: Recipe) -> None:
    """Compute deterministically from now on, if a recipe asks for it.

    Raises:
        BadRecipe: TensorFlow has computed something in this process already.
    """
    if recipe.threads:
        backend.be_deterministic(recipe.threads, recipe.seed)


def begin(run: Run) -> None:
    """Write the files of a new run: its first checkpoint, its recipe, its card, and where its pictures are.

    Of several workers only the chief writes. This is outside of their scope, because saving makes variables, which the
    workers of a scope must make together.
    """
    folder = run.folder
    if not devices.is_chief(run.model.distribute_strategy):
        return
    with folder.begin():
        save(run)
        listed = {
            name: album.to_plain(folder / RunFolder.PICTURES / f"{name}.png", folder.path)
            for name, album in run.albums.items()
        }
        written = [Album.from_plain(place, folder.path) for place in listed.values()]
        folder.write_json(RunFolder.PLACES, {**listed, "files": fingerprints.taken(written, folder.path)})
        folder.write_json(RunFolder.PLUGINS, run.plan.plugins)
        folder.write_json(RunFolder.RECIPE, run.recipe.to_dict())  # last: a folder with a recipe is complete


def prepare(folder, plan, source, style, license, lineage):
    """A run whose pictures are read and whose model is built; nothing is loaded into it, and nothing is written."""
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
    """The devices and the number of cores, on which the last digits of sums depend."""
    return {
        "device": ", ".join(backend.gpus()) or "CPU",
        "processor": backend.processor(),
        "cores": str(backend.cores()),
        "replicas": str(devices.replicas()),
    }


def _check_size(model):
    """Check that the generator can take crops of the recipe's size: some need sides that can be halved often."""
    side = model.recipe.image_size
    try:
        crops = backend.tensor_of((1, *model.plan.crop))
        shape = backend.graph(lambda source: model(source)).get_concrete_function(crops).output_shapes
    except ValueError:  # branches that cannot be joined
        shape = None
    if shape != (1, *model.plan.crop):
        raise BadRecipe(
            f"The generator '{model.recipe.generator}' cannot take crops of {side} pixels. Take a power of two, "
            "such as --set image_size=256, or let it halve less often, where it has such an option: --set "
            "generator.downs=5."
        )
