"""From a recipe and pictures to a run folder: recipe, plugins, log, contact sheets, checkpoints, model."""

import csv
import json
import os
import platform
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import keras
import tensorflow as tf
from PIL import Image

from stylezoo.data.batches import Batches, laid_out, learnt_styles, named_styles
from stylezoo.errors import BadOptions, BadRecipe, BadRun
from stylezoo.files import archive, hdf5, plain
from stylezoo.gan import GAN
from stylezoo.pictures import images, samples
from stylezoo.plan import Plan
from stylezoo.recipe import Recipe
from stylezoo.runs import card, hub
from stylezoo.runs import folder as runs
from stylezoo.runs import lineage as ancestry
from stylezoo.runs.card import Card

SHEETS = 10  # contact sheets in one training, at most
LOG_ROWS = 100  # rows of the log in one training, at most
CHECKPOINT_SECONDS = 60  # what a killed training loses at most
SHEET_ROWS = 4  # sources on one contact sheet, at most


@dataclass
class Run:
    """A training and its folder.

    Attributes:
        folder: Where everything of it lies.
        plan: The complete plan.
        batches: The pictures.
        model: The model, trained as far as `model.step` says.
        steps: How many steps the whole training has.
        interrupted: Whether Ctrl-C or SIGTERM asked it to end after its present step.
        card: What is told of it.
        notes: Lines about what could not be taken over from the model that it starts from.
    """

    folder: Path
    plan: Plan
    batches: Batches
    model: GAN
    steps: int
    interrupted: bool = False
    card: Card = field(default_factory=Card)
    notes: list[str] = field(default_factory=list)

    @property
    def recipe(self) -> Recipe:
        """The complete recipe."""
        return self.plan.recipe

    @property
    def step(self) -> int:
        """Steps that were made."""
        return int(self.model.step.numpy())

    def looks(self, index: int) -> list:
        """The styles that a contact sheet shows source number `index` in, as `GAN.stylize` is told them."""
        if self.model.takes_style_picture:
            return [self.batches.style.image(index % len(self.batches.style))]
        return [name or None for name in self.batches.styles]


def train(model=None, source=None, style=None, out=None, license="", start_from=None, add_style=(), **changes):
    """Train a model and leave a run folder; see `stylezoo.train`."""
    add_style = add_style if isinstance(add_style, list | tuple | dict) else [add_style]
    if add_style and style is not None:
        raise BadOptions("Give 'style' or 'add_style', not both: the styles that the model has need no pictures.")
    plan = chosen(model, start_from, add_style, **changes).resolve()
    folder = out or new_folder(title(model, start_from))
    return fit(start(plan, source, add_style or style, folder, license, start_from)).model


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
    began = None if start_from is None else ancestry.recipe_of(start_from)
    if model is None and began:
        model = ancestry.as_beginning(began)
    recipe = model.changed(**changes) if isinstance(model, Recipe) else Recipe.named(model or "single-pair", **changes)
    if not add_style:
        return recipe
    return ancestry.with_styles(start_from, recipe, began, list(named_styles(add_style, ancestry.names_of(began))))


def title(model, start_from=None) -> str:
    """What a new run folder is called: like the model, or like what it starts from."""
    if start_from is not None and not isinstance(model, str):
        where = str(start_from).partition("@")[0] if hub.is_address(start_from) else start_from
        return Path(where).name.removesuffix(".keras") or "run"
    return "run" if isinstance(model, Recipe) else model or "single-pair"


def check_empty(folder: Path) -> None:
    """See that a run can begin in this folder.

    Raises:
        BadRun: It holds something already, or cannot be read.
    """
    with told(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            is_trained = (folder / runs.RECIPE).exists() and (folder / runs.PLACES).exists()  # else it was imported
            further = f"Go on with 'stylezoo train --resume {folder}', or name" if is_trained else "Name"
            raise BadRun(f"'{folder}' is not empty. {further} another folder with -o.")


def new_folder(name: str, parent: str | Path = "runs") -> Path:
    """A folder that is not there yet: ``runs/single-pair``, then ``runs/single-pair-2``."""
    name = name.rpartition("/")[2]
    number = 1
    while (folder := Path(parent, name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder


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
    folder = Path(os.path.expanduser(out))
    license = card.licensed(license)
    check_empty(folder)
    plan = recipe.resolve()
    if plan.objects:
        raise BadRecipe(
            f"A run folder keeps its model by names. {plan.unsaved} Or train it with fit, without a folder."
        )
    if plan.data.added and start_from is None:
        raise BadRecipe("The recipe adds a style to a trained model; name that: --from RUN --add-style PICTURES.")
    ancestor = None if start_from is None else ancestry.read(start_from)
    source, style = laid_out(plan.recipe, source, style)
    if plan.data.labelled and style is not None:
        style = named_styles(style, learnt_styles(plan.recipe))  # which a resumed run must call the same
    lineage = [*(ancestor.lineage if ancestor else ()), card.new_id()]
    run = _prepare(folder, plan, source, style, license, lineage)
    run.notes = ancestry.inherit(run.model, ancestor) if ancestor else []
    with told(folder):
        if ancestor:  # from now on the run does without it
            Checkpoints(run).save_checkpoint()
        places = {
            name: _place(where, folder / runs.PICTURES / f"{name}.png", folder)
            for name, where in (("source", source), ("style", style))
        }
        write_json(folder / runs.PLACES, places)
        write_json(folder / runs.PLUGINS, run.plan.plugins)
        write_json(folder / runs.CARD, run.card.to_dict())
        write_json(folder / runs.RECIPE, run.recipe.to_dict())  # last: a folder with a recipe is a whole run
    return run


def resume(folder: str | Path, steps: int | None = None) -> Run:
    """Take up a training where its folder's last checkpoint left it; it ends as if it had never stopped.

    Args:
        folder: A run folder.
        steps: A new total number of steps; None: as many as it was started with.

    Raises:
        BadRun: The folder is no run, its training is complete, or the checkpoint is gone of one that started from a
            trained model.
    """
    folder = Path(os.path.expanduser(folder))
    if not (folder / runs.RECIPE).is_file():
        raise BadRun(f"'{folder}' is no run folder: there is no {runs.RECIPE} in it.")
    recipe = Recipe.read(folder / runs.RECIPE)
    plan = (recipe.changed(steps=steps) if steps else recipe).resolve()
    if not (folder / runs.PLACES).is_file():
        raise BadRun(f"'{folder}' was imported, not trained: it cannot be resumed. It can redraw pictures.")
    try:
        places = json.loads((folder / runs.PLACES).read_text(encoding="utf-8"))
        source, style = (_found(places[name], folder) for name in ("source", "style"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadRun(f"'{folder}' is damaged: {runs.PLACES} cannot be read: {error}") from None
    before = card.read(folder)
    has_checkpoint = (folder / runs.CHECKPOINT).is_file()
    if not has_checkpoint and (plan.data.added or len(before.lineage) > 1):
        raise BadRun(
            f"'{folder}' has lost its {runs.CHECKPOINT}, and with it the weights that it began from. Begin again from "
            "the model that it started from: stylezoo train --from RUN, with another folder (-o)."
        )
    run = _prepare(folder, plan, source, style, before.license, before.lineage or [card.new_id()])
    if has_checkpoint:
        try:
            hdf5.check(folder / runs.CHECKPOINT)
            run.model.load_weights(folder / runs.CHECKPOINT)
        except (OSError, ValueError, KeyError) as error:
            raise BadRun(f"'{folder}' is damaged: {runs.CHECKPOINT} cannot be read: {error}") from None
    # The result is written last: a run that was killed while it ended is not complete.
    if run.step > run.steps or (run.step == run.steps and (folder / runs.RESULT).is_file()):
        raise BadRun(f"'{folder}' has made {run.step} steps, as many as it should. Train it longer with --steps N.")
    with told(folder):
        if steps:
            (folder / runs.RESULT).unlink(missing_ok=True)
            write_json(folder / runs.CARD, run.card.to_dict())
            write_json(folder / runs.RECIPE, run.recipe.to_dict())
    return run


def fit(run: Run, callbacks=()) -> Run:
    """Train to the end and stylise the first source. After Ctrl-C the present step is finished; all is saved.

    Args:
        run: From `start` or `resume`.
        callbacks: More Keras callbacks, such as one that shows the progress.

    Raises:
        BadRun: The folder cannot be written, such as on a full disk; the last checkpoint stays.
    """
    checkpoints = Checkpoints(run)
    with told(run.folder), _stopping(run):
        if run.step < run.steps:
            run.model.fit(
                run.batches.dataset(run.step),
                steps_per_epoch=run.steps - run.step,
                epochs=1,
                shuffle=False,
                verbose=0,
                callbacks=[Log(run), Sheets(run), checkpoints, *callbacks],
            )
        run.card = card.updated(replace(run.card, steps=run.step, total_steps=run.steps, date=_today()), run.folder)
        write_json(run.folder / runs.CARD, run.card.to_dict())
        checkpoints.save_model()
        if run.step == run.steps:
            drawn = run.model.stylize(run.batches.source.image(0), run.looks(0)[0])
            images.save_picture(drawn, run.folder / runs.RESULT)
    return run


def device() -> str:
    """What TensorFlow will compute on, in words."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return f"CPU, {os.cpu_count()} cores"
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
    return f"GPU, {', '.join(names)}"


class Log(keras.callbacks.Callback):
    """Writes the means of all losses into ``log.csv``, a row every few steps."""

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.every = -(-run.steps // LOG_ROWS)
        self.path = run.folder / runs.LOG

    def on_train_begin(self, logs=None):
        rows = []
        if self.path.is_file():  # of a resumed run: what came after its checkpoint is made again
            with open(self.path, newline="", encoding="utf-8") as file:
                rows = [row for row in csv.reader(file) if row and (row[0] == "step" or self._made(row[0]))]
        self.began = time.monotonic() - (float(rows[-1][1]) if len(rows) > 1 else 0.0)
        with images.written(self.path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows or [["step", "seconds", *(m.name for m in self.model.metrics)]])

    def _made(self, step):
        return step.isdigit() and int(step) <= self.run.step

    def on_train_batch_end(self, batch, logs=None):
        step = self.run.step
        if step % self.every == 0 or step == self.run.steps:
            seconds = f"{time.monotonic() - self.began:.1f}"
            with open(self.path, "a", newline="", encoding="utf-8") as file:
                csv.writer(file).writerow([step, seconds, *(f"{logs[m.name]:.6g}" for m in self.model.metrics)])
            self.model.reset_metrics()


class Sheets(keras.callbacks.Callback):
    """Draws a contact sheet every few steps: source, style and fake side by side."""

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.every = -(-run.steps // SHEETS)

    def on_train_batch_end(self, batch, logs=None):
        if self.run.step % self.every == 0 or self.run.step == self.run.steps:
            self.draw()

    def draw(self):
        pictures, size = self.run.batches, self.run.recipe.scaled_size
        rows = []
        for i in range(min(SHEET_ROWS, len(pictures.source))):
            source = images.scaled(pictures.source.image(i), size)
            row = [source]
            for style, look in zip(pictures.styles.values(), self.run.looks(i), strict=True):
                row += [images.scaled(style.image(i % len(style)), size), self.model.stylize(source, look)]
            rows.append(row)
        titles = [title for name in pictures.styles for title in (name or "style", f"step {self.run.step}")]
        sheet = images.contact_sheet(rows, ["source", *titles], size)
        images.save_picture(sheet, self.run.folder / runs.SAMPLES / f"step-{self.run.step:06d}.png")


class Checkpoints(keras.callbacks.Callback):
    """Saves everything that resuming needs, once a minute and at the end, which Ctrl-C makes come soon."""

    def __init__(self, run):
        super().__init__()
        self.run = run

    def on_train_begin(self, logs=None):
        self.saved = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if self.run.interrupted:
            self.model.stop_training = True
        elif time.monotonic() - self.saved >= CHECKPOINT_SECONDS:
            self.save_checkpoint()

    def on_train_end(self, logs=None):
        self.save_checkpoint()

    def save_checkpoint(self):
        with images.written(self.run.folder / runs.CHECKPOINT) as temporary:
            self.run.model.save_weights(temporary)
        self.saved = time.monotonic()

    def save_model(self):
        with images.written(self.run.folder / runs.MODEL) as temporary:
            self.run.model.save(temporary)
            archive.append(temporary, card.members(self.run.card, card.sheet(self.run.folder)))


def _prepare(folder, plan, source, style, license, lineage):
    """The run, its pictures read and its model built."""
    given = source, style
    if plan.data.name != "paired":
        source = samples.photograph() if source is None else source
        if style is None:
            style = samples.styles() if plan.data.labelled else samples.painting()
    batches = Batches(plan, source, style)
    plan = plan.with_epoch(batches.steps_per_epoch).with_data(batches.data)
    if plan.recipe.vgg:  # a run may be resumed elsewhere
        plan = plan.with_vgg(str(Path(os.path.expanduser(plan.recipe.vgg)).resolve()))
    model = GAN(plan)
    _check_size(model)
    model.prepare()
    if plan.data.match_tones:
        model.tones.assign(batches.tones)
    run = Run(folder, plan, batches, model, plan.total_steps)
    run.card = new_card(plan, "trained", lineage=lineage, data=_data(run, *given), license=license)
    return run


def new_card(plan: Plan, origin: str, lineage: list[str], **more) -> Card:
    """The card of a model that is just beginning, with what is told of every one."""
    return Card(
        lineage=lineage,
        recipe=plain.without_folders(plan.recipe.to_dict()),
        plugins=plan.plugins,
        versions={
            "stylezoo": version("stylezoo"),
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "python": platform.python_version(),
        },
        origin=origin,
        seed=plan.recipe.seed,
        total_steps=plan.total_steps,
        date=_today(),
        **more,
    )


def _today():
    return datetime.now(UTC).date().isoformat()


def _data(run, source, style):
    """What a card tells of the pictures: how many, and the last names of files and folders."""
    rows = [{"role": "source", **_kind(source), "pictures": len(run.batches.source)}]
    if run.plan.data.name == "paired" and style is None:
        return [*rows, {"role": "style", "kind": "other halves", "name": "", "pictures": len(run.batches.style)}]
    named = run.plan.data.labelled and style is not None
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
    """See that the generator can take crops of the recipe's size; a U-Net asks for sides that it can halve so often."""
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


def write_json(path, plain):
    with images.written(path) as temporary:
        temporary.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")


@contextmanager
def told(folder):
    """Turns what the file system or the memory refuses into one line."""
    try:
        yield
    except tf.errors.ResourceExhaustedError:
        raise BadRun(
            "There is not enough memory for this training. Make it smaller: "
            "--set batch_size=1, a smaller --set image_size=, or fewer generator filters."
        ) from None
    except tf.errors.UnknownError as error:  # what tf.data makes of an exception in our batches
        reason = (str(error).partition("BadPicture: ")[2] or str(error)).partition("\n")[0]
        raise BadRun(f"A picture cannot be read any more. {reason}{_advice(folder)}") from error
    except OSError as error:
        raise BadRun(f"Cannot write into '{folder}': {error.strerror or error}.{_advice(folder)}") from error


def _advice(folder):
    if not all((folder / name).is_file() for name in (runs.CHECKPOINT, runs.RECIPE)):
        return ""
    return f" What was saved before is kept: mend it, then 'stylezoo train --resume {folder}'."


@contextmanager
def _stopping(run):
    """Makes Ctrl-C and SIGTERM end the training after the present step; a second Ctrl-C ends it at once."""
    if threading.current_thread() is not threading.main_thread():  # signals belong to the main thread
        yield
        return

    def stop(number, frame):
        if run.interrupted:
            raise KeyboardInterrupt
        run.interrupted = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
