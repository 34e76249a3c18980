"""How a training begins or is taken up again: its recipe, its pictures, its model, its folder."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import tensorflow as tf
from PIL import Image

from stylezoo.data.batches import Batches, laid_out, learnt_styles, named_styles
from stylezoo.errors import BadOptions, BadRecipe, BadRun
from stylezoo.files import hdf5, plain
from stylezoo.gan import GAN, plugins_of
from stylezoo.pictures import images, samples
from stylezoo.recipe import Recipe
from stylezoo.runs import card, hub, lineage
from stylezoo.runs.card import Card
from stylezoo.runs.folder import RunFolder
from stylezoo.training.callbacks import Checkpoints


@dataclass
class Run:
    """A training and its folder.

    Attributes:
        folder: Where everything of it lies.
        recipe: The complete recipe.
        batches: The pictures.
        model: The model, trained as far as `model.step` says.
        steps: How many steps the whole training has.
        interrupted: Whether Ctrl-C or SIGTERM asked it to end after its present step.
        card: What is known of it.
        notes: Lines about what could not be taken over from the model that it starts from.
    """

    folder: RunFolder
    recipe: Recipe
    batches: Batches
    model: GAN
    steps: int
    interrupted: bool = False
    card: Card = field(default_factory=Card)
    notes: list[str] = field(default_factory=list)

    @property
    def step(self) -> int:
        """Steps that were made."""
        return int(self.model.step.numpy())

    def looks(self, index: int) -> list:
        """The styles that a contact sheet shows source number `index` in, as `GAN.stylize` takes them."""
        if self.model.takes_style_picture:
            return [self.batches.style.image(index % len(self.batches.style))]
        return [name or None for name in self.batches.styles]


def chosen(model=None, start_from=None, add_style=(), **changes) -> Recipe:
    """The recipe of a training, complete and checked.

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
    if add_style and start_from is None:
        raise BadOptions("A style is added to a trained model; name it: --from RUN, or start_from=.")
    began = None if start_from is None else lineage.recipe_of(start_from)
    if model is None and began:
        model = replace(began, added_styles=0, steps_per_epoch=None)  # an epoch of the new pictures is another one
    recipe = model.changed(**changes) if isinstance(model, Recipe) else Recipe.named(model or "single-pair", **changes)
    if not add_style:
        return recipe
    return lineage.with_styles(start_from, recipe, began, list(named_styles(add_style, began.styles)))


def title(model, start_from=None) -> str:
    """What a new run folder is called: like the model, or like what it starts from."""
    if start_from is not None and not isinstance(model, str):
        where = str(start_from).partition("@")[0] if hub.is_address(start_from) else start_from
        return Path(where).name.removesuffix(".keras") or "run"
    return "run" if isinstance(model, Recipe) else model or "single-pair"


def start(
    recipe: Recipe, source=None, style=None, out: str | Path = "runs/run", license: str = "", start_from=None
) -> Run:
    """Read the pictures, build the model and write the beginning of the run folder; nothing is trained yet.

    Args:
        recipe: What to train.
        source: As in `train`.
        style: As in `train`; with the recipe's `added_styles` the pictures of these.
        out: The run folder.
        license: As in `train`.
        start_from: As in `train`.

    Raises:
        BadOptions: The weights of `start_from` do not fit the generator.
        BadData: The pictures cannot be used.
        BadWeights: A pretrained network cannot be read.
        BadRun: The folder holds something already, or cannot be written.
        MissingExtra: The samples are asked for and scikit-image is not installed.
    """
    folder = RunFolder(out)
    license = card.licensed(license)
    folder.check_empty()
    if recipe.added_styles and start_from is None:
        raise BadRecipe("The recipe adds a style to a trained model; name that: --from RUN --add-style PICTURES.")
    ancestor = None if start_from is None else lineage.read(start_from)
    source, style = laid_out(recipe, source, style)
    if recipe.data == "styles" and style is not None:
        style = named_styles(style, learnt_styles(recipe))  # which a resumed run must call the same
    trainings = [*(ancestor.lineage if ancestor else ()), card.new_id()]
    run = _prepare(folder, recipe.resolved(), source, style, license, trainings)
    run.notes = lineage.inherit(run.model, ancestor) if ancestor else []
    with folder.begin():
        if ancestor:  # from now on the run does without it
            Checkpoints(run).save_checkpoint()
        places = {
            name: _place(where, folder / RunFolder.PICTURES / f"{name}.png", folder.path)
            for name, where in (("source", source), ("style", style))
        }
        folder.write_json(RunFolder.PLACES, places)
        folder.write_json(RunFolder.PLUGINS, plugins_of(run.recipe))
        folder.write_json(RunFolder.CARD, run.card.to_dict())
        folder.write_json(RunFolder.RECIPE, run.recipe.to_dict())  # last: a folder with a recipe is a whole run
    return run


def resume(folder: str | Path, steps: int | None = None) -> Run:
    """Take up a training where its folder's last checkpoint left it; it ends as if it had never stopped.

    Args:
        folder: A run folder.
        steps: A new total number of steps; None: as many as it was started with.

    Raises:
        BadRun: The folder is no run, its training is complete or still goes on, or the checkpoint is gone of one that
            started from a trained model.
    """
    folder = RunFolder(folder)
    if not folder.has(RunFolder.RECIPE):
        raise BadRun(f"'{folder}' is no run folder: there is no {RunFolder.RECIPE} in it.")
    recipe = Recipe.read(folder / RunFolder.RECIPE)
    recipe = replace(recipe, steps=steps) if steps else recipe
    if not folder.has(RunFolder.PLACES):
        raise BadRun(f"'{folder}' was imported, not trained: it cannot be resumed. It can redraw pictures.")
    with folder.lock():  # nobody shall write what is read here
        source, style = _given_before(folder)
        before = card.read(folder)
        _check_beginning(folder, recipe, before)
        run = _prepare(folder, recipe.resolved(), source, style, before.license, before.lineage or [card.new_id()])
        _load_checkpoint(run)
        _check_unfinished(run)
        if steps:
            _lengthen(run)
    return run


def _lengthen(run):
    """Write that a run has another number of steps, so that it is not complete."""
    with run.folder.one_line_errors():
        (run.folder / RunFolder.RESULT).unlink(missing_ok=True)
        run.folder.write_json(RunFolder.CARD, run.card.to_dict())
        run.folder.write_json(RunFolder.RECIPE, run.recipe.to_dict())


def _given_before(folder):
    """The source and the style that a run was started with."""
    places = folder.read_json(RunFolder.PLACES)
    try:
        return [_found(places[name], folder) for name in ("source", "style")]
    except (KeyError, TypeError) as error:
        raise folder.damaged(RunFolder.PLACES, error) from None


def _check_beginning(folder, recipe, before):
    """See that a run which started from a trained model still has weights that go back to it."""
    if not folder.has(RunFolder.CHECKPOINT) and (recipe.added_styles or len(before.lineage) > 1):
        raise BadRun(
            f"'{folder}' has lost its {RunFolder.CHECKPOINT}, and with it the weights that it began from. Begin again "
            "from the model that it started from: stylezoo train --from RUN, with another folder (-o)."
        )


def _load_checkpoint(run):
    """Give the model of a run all that its last checkpoint holds, if there is one."""
    folder = run.folder
    if not folder.has(RunFolder.CHECKPOINT):
        return
    try:
        hdf5.check(folder / RunFolder.CHECKPOINT)
        run.model.load_weights(folder / RunFolder.CHECKPOINT)
    except (OSError, ValueError, KeyError) as error:
        raise folder.damaged(RunFolder.CHECKPOINT, error) from None


def _check_unfinished(run):
    """See that a run has steps to make. The result is written last: one that was killed while it ended has some."""
    if run.step > run.steps or (run.step == run.steps and run.folder.has(RunFolder.RESULT)):
        raise BadRun(f"'{run.folder}' has made {run.step} steps, as many as it should. Train it longer with --steps N.")


def _prepare(folder, recipe, source, style, license, lineage):
    """The run, its pictures read and its model built."""
    given = source, style
    if recipe.data != "paired":
        source = samples.photograph() if source is None else source
        if style is None:
            style = samples.styles() if recipe.data == "styles" else samples.painting()
    batches = Batches(recipe, source, style)
    recipe = replace(recipe, steps_per_epoch=recipe.steps_per_epoch or batches.steps_per_epoch)
    if recipe.data == "styles":
        recipe = replace(recipe, styles=(*recipe.styles[: batches.learnt], *batches.styles))
    if recipe.vgg:
        recipe = replace(
            recipe, vgg=str(Path(os.path.expanduser(recipe.vgg)).resolve())
        )  # a run may be resumed elsewhere
    model = GAN(recipe)
    _check_size(model)
    model.prepare()
    if recipe.match_tones:
        model.tones.assign(batches.tones)
    run = Run(folder, recipe, batches, model, recipe.total_steps)
    run.card = card.new_card(recipe, plugins_of(recipe), "trained", lineage, data=_data(run, *given), license=license)
    return run


def _data(run, source, style):
    """What a card tells of the pictures: how many, and the last names of files and folders."""
    rows = [{"role": "source", **_kind(source), "pictures": len(run.batches.source)}]
    if run.recipe.data == "paired" and style is None:
        return [*rows, {"role": "style", "kind": "other halves", "name": "", "pictures": len(run.batches.style)}]
    named = run.recipe.data == "styles" and style is not None
    given = named_styles(style) if named else dict.fromkeys(run.batches.styles, style)
    for name, pictures in run.batches.styles.items():
        rows.append({"role": f"style {name}".rstrip(), **_kind(given[name]), "pictures": len(pictures)})
    return rows


def _kind(where):
    """What pictures were given as, and its name without the folders above it."""
    if where is None or isinstance(where, Image.Image):
        return {"kind": "sample" if where is None else "image", "name": ""}
    if isinstance(where, list | tuple):
        return {"kind": "list", "name": ""}
    path = Path(os.path.expanduser(where)).resolve()
    return {"kind": "folder" if path.is_dir() else "picture", "name": plain.printable(path.name)}


def _check_size(model):
    """See that the generator can take crops of the recipe's size: some ask for sides that they can halve often."""
    side = model.recipe.image_size
    try:
        shape = (
            tf.function(lambda source: model(source))
            .get_concrete_function(tf.TensorSpec((1, side, side, 3)))
            .output_shapes
        )
    except ValueError:  # branches that cannot be joined
        shape = None
    if shape != (1, side, side, 3):
        raise BadRecipe(
            f"The generator '{model.recipe.generator}' cannot take crops of {side} pixels. Take a power of two, "
            "such as --set image_size=256, or let it halve less often, where it has such an option: --set "
            "generator.downs=5."
        )


def _place(where, copy, folder):
    """Where pictures come from, as a run folder keeps it: None for the samples, else an absolute path.

    An image that is in no file is written to `copy`, and its place is relative to the run folder.
    """
    if where is None:
        return None
    if isinstance(where, dict):
        return dict(zip(where, _place(list(where.values()), copy, folder), strict=True))
    if isinstance(where, list | tuple):
        return [_place(each, copy.with_stem(f"{copy.stem}-{i}"), folder) for i, each in enumerate(where)]
    if isinstance(where, Image.Image):
        images.save_picture(images.to_rgb(where), copy)
        return str(copy.relative_to(folder))
    return str(Path(os.path.expanduser(where)).resolve())


def _found(place, folder):
    """What `_place` kept, seen from here."""
    if isinstance(place, dict):
        return {name: _found(each, folder) for name, each in place.items()}
    if isinstance(place, list):
        return [_found(each, folder) for each in place]
    return None if place is None else folder / place
