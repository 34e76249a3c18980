"""The command train."""

import os
import sys

import click

from stylezoo.cli import measuring, terminal
from stylezoo.cli.options import RecipeCommand, RecipeFlag, RecipeOption, RecipeSettings, Refusal, as_one_object, refuse
from stylezoo.cli.types import PATH, Every, ModelName, PluginName, Setting
from stylezoo.errors import NotDownloaded, name_all
from stylezoo.runs import figures
from stylezoo.runs.folder import RunFolder

OF_A_RESUMED_RUN = {
    "resume", "steps", "checkpoint_every", "on_nan", "allow_changes", "tensorboard", "devices", "workers", "worker",
    "metrics", "evaluate_every", "best", "patience", "features",
}  # fmt: skip
REFUSALS = [
    Refusal(
        lambda given: given.resume and given.typed - OF_A_RESUMED_RUN,
        "--resume continues a run with its own recipe and pictures; only --steps, --checkpoint-every, --on-nan, "
        "--tensorboard, --allow-changes, devices and what is measured can be given with it.",
    ),
    Refusal(
        lambda given: given.allow_changes and not given.resume,
        "--allow-changes is for a run that is continued: --resume RUN.",
    ),
    *measuring.REFUSALS,
    Refusal(
        lambda given: given.workers and not (given.out or given.resume or given.dry_run),
        "--workers needs the name of the run folder, -o FOLDER: all workers must know the same one.",
    ),
    Refusal(
        lambda given: given.added and not given.start_from,
        "--add-style adds to a trained model; name it with --from RUN.",
    ),
    Refusal(
        lambda given: given.added and given.styles,
        "--add-style or --style, not both: the styles that the model has need no pictures.",
    ),
    Refusal(
        lambda given: given.file and given.model,
        "Name the model '{model}' or the recipe '{file}', not both.",
    ),
]

new_folder = click.option("-o", "--out", type=PATH, metavar="FOLDER", help="The new run folder. Default: one in runs/.")


def settings(help):
    """The option --set."""
    return click.option("--set", "settings", cls=RecipeSettings, type=Setting(), multiple=True, help=help)


@click.command(cls=RecipeCommand)
@click.argument(
    "model",
    type=PluginName("model"),
    required=False,
    help="A name of 'stylezoo list models'. Default: single-pair, or the recipe of the run to start from.",
)
@click.option(
    "--source",
    metavar="PICTURES",
    help="Picture or folder of pictures whose content is kept, or a data set with trainA and trainB or train. Default: "
    "the sample photograph.",
)
@click.option(
    "--style",
    "styles",
    metavar="PICTURES",
    multiple=True,
    help="Picture or folder of pictures whose look is taken. Repeatable: each is a separate style, for a model of "
    "several such as gated. Default: the sample painting, or all sample styles.",
)
@new_folder
@click.option(
    "--steps",
    cls=RecipeOption,
    type=click.IntRange(min=1),
    metavar="N",
    help="End the training after this number of steps.",
)
@click.option(
    "--seed",
    cls=RecipeOption,
    type=click.IntRange(min=0),
    metavar="N",
    help="The seed of the initial weights, the crops and their order.",
)
@click.option(
    "--precision",
    cls=RecipeOption,
    type=click.Choice(["auto", "float32", "mixed_bfloat16", "mixed_float16"]),  # importing recipe.py takes 50 ms
    help="The numbers that the networks compute with. auto: mixed_bfloat16 on a processor that has it, else float32.",
)
@click.option(
    "--loss",
    "losses",
    cls=RecipeOption,
    type=PluginName("loss"),
    multiple=True,
    help="A loss, such as lsgan:real=0.9 or tv:weight=0.1: an adversarial one replaces the model's, any other is "
    "added, weight=0 removes. Repeatable.",
)
@click.option(
    "--generator",
    cls=RecipeOption,
    type=PluginName("generator"),
    help="Another generator, such as resnet:filters=32.",
)
@click.option(
    "--discriminator",
    "discriminators",
    cls=RecipeOption,
    type=PluginName("discriminator"),
    multiple=True,
    help="Other discriminators, such as patch:layers=2. Repeatable.",
)
@settings(
    "Any field of recipe.json, or an option of one: image_size=96, generator.filters=16, "
    "optimizer.learning_rate=1e-4. Repeatable."
)
@click.option(
    "--recipe", "file", type=PATH, metavar="FILE", help="Train this recipe.json instead of a registered model."
)
@click.option(
    "--deterministic",
    "threads",
    cls=RecipeFlag,
    is_flag=True,
    help="Compute so that every machine of this kind comes to the same weights, whatever its number of cores.",
)
@click.option(
    "--checkpoint-every",
    type=Every(),
    metavar="5m|500",
    help="Write a checkpoint after this time (s, m or h), or this number of steps. Default: about every minute, and "
    "less often where writing would take more than 1 % of the time.",
)
@click.option(
    "--on-nan",
    type=click.Choice(["stop", "rollback"]),
    default="stop",
    show_default=True,
    help="What to do when a loss or a gradient is not a number: stop, or go back to the last checkpoint and on with "
    "half the learning rate, at most three times.",
)
@measuring.while_training
@click.option(
    "--tensorboard",
    is_flag=True,
    help="Also write losses, figures and contact sheets for TensorBoard, into the run folder. A resumed run goes on "
    "with it if it did before.",
)
@click.option("--resume", type=PATH, metavar="RUN", help="Continue the training of this run folder.")
@click.option(
    "--allow-changes",
    is_flag=True,
    help="With --resume: continue although recipe, pictures or plugins are not as before. The result is another one "
    "then.",
)
@click.option(
    "--from",
    "start_from",
    type=ModelName(),
    metavar="RUN",
    help="Start a new training from the weights of this run folder, ready-made style, .keras file or hf://owner/name, "
    "with its recipe unless a MODEL or --recipe is named, and other pictures.",
)
@click.option(
    "--add-style",
    "added",
    metavar="PICTURES",
    multiple=True,
    help="Picture or folder of a style to add to the model of --from, one of several styles such as gated: only the "
    "new style is trained, the others stay as they are. Repeatable.",
)
@click.option(
    "--license", metavar="TEXT", help="The licence that the model's card names: an SPDX identifier such as CC-BY-4.0."
)
@click.option(
    "--devices",
    metavar="all|N|NAMES",
    help="Share each batch among several GPUs of this machine: all, a number, or names such as GPU:0,GPU:1. Default: "
    "one device.",
)
@click.option(
    "--workers",
    metavar="auto|HOST:PORT,...",
    help="Train on several machines, with all GPUs of each: run the same command on all, with the addresses of all, or "
    "auto where TF_CONFIG or Slurm names them.",
)
@click.option(
    "--worker",
    type=click.IntRange(min=0),
    metavar="N",
    help="The number of this machine in --workers, from 0. Number 0 writes the run folder.",
)
@click.option("--dry-run", is_flag=True, help="Check and build everything, print the complete recipe and stop.")
@as_one_object
def train(given):
    """Train a MODEL on a source and a style, and write a run folder.

    Without any argument the small model single-pair is trained on a pair of pictures that comes with stylezoo.
    """
    refuse(given, REFUSALS)
    if given.dry_run:
        terminal.print_json(_tried(given).recipe.to_dict())
    else:
        run = _resumed(given) if given.resume else _begun(given)
        how = {name: getattr(given, name) for name in ("checkpoint_every", "on_nan", "tensorboard")}
        _fit(run, measuring=measuring.of(given), **how)


# The content of a run folder is documented once, in `RunFolder`; \b keeps the lines of a paragraph.
train.help += "\n\n\b\nThe run folder holds:\n" + "\n".join(
    f"  {each.name:14} {each.holds}" for each in RunFolder.CONTENTS
)


def _resumed(given):
    """The run of --resume, from its last checkpoint."""
    recipe = RunFolder(given.resume).trained_recipe()
    _start_tensorflow(given)
    from stylezoo import training
    from stylezoo.training.starting import be_deterministic

    be_deterministic(recipe)  # before there are devices
    with _devices(given):
        return training.resume(given.resume, given.steps, given.allow_changes)


def _begun(given):
    """A new run, with its initial weights."""
    albums = _albums(given)
    run = _prepared(given, albums, _plan(given, albums))
    from stylezoo.training.starting import begin

    begin(run)
    return run


def _tried(given):
    """The plan of a training, which is prepared but not begun: what a training would refuse is refused."""
    albums = _albums(given)
    plan = _plan(given, albums)
    try:
        _prepared(given, albums, plan)
    except NotDownloaded as error:  # the machine that trains may have a network
        terminal.say(f"The networks are not checked. {error}", fg="yellow", err=True)
    return plan


def _prepared(given, albums, plan):
    """A new run of which nothing is written."""
    from stylezoo import training

    folder = given.out or RunFolder.new("recipe" if given.file else training.title(given.model, given.start_from))
    with _devices(given):
        run = training.start(plan, *albums, folder, given.license or "", given.start_from, write=False)
    measuring.of(given).check()  # only now: workers must not compute anything before they have met
    return run


def _devices(given):
    """A context in which a model is built for the devices of the command line."""
    from stylezoo import devices

    if given.workers:
        terminal.say("Waiting for the other workers ...", err=True)
    return devices.scope(given.devices, given.workers, given.worker)


def _plan(given, albums):
    """The plan of the recipe of the command line, which may add styles."""
    from stylezoo.recipe import Recipe
    from stylezoo.runs.loading import checked_file

    added = albums[1] if given.added else ()
    recipe = Recipe.read(given.file) if given.file else None
    check_names(given.model, recipe, given.changes)
    if given.start_from:
        checked_file(given.start_from)
    _start_tensorflow(given)
    from stylezoo import training

    return training.chosen(recipe or given.model, given.start_from, added, **given.changes).resolve()


# Checks that need no TensorFlow come before its import, which takes seconds


def check_names(model, recipe, changes):
    """Check that the plugins which a model, a recipe or its changes name are installed.

    Raises:
        UnknownPlugin: One is not.
        PluginConflict: Several distributions have one of that name.
    """
    from stylezoo.catalogue import registry
    from stylezoo.recipe import PARTS
    from stylezoo.spec import Spec

    if model:
        registry.find("model", model)
    for field, kind in PARTS.items():
        named = changes.get(field, getattr(recipe, field, ()))
        for part in named if isinstance(named, tuple | list) else [named]:
            registry.find(kind, Spec.parse(part).name)


def _albums(given):
    """The pictures of the source and of the styles, after checks that they exist and that the run folder is empty.

    Raises:
        BadData: There is no such file or folder of pictures.
        MissingExtra: The sample photograph is needed, and scikit-image, which has it, is not installed.
        BadRun: The run folder is not empty.
    """
    from stylezoo.data.album import Album
    from stylezoo.pictures import samples

    if given.out and not given.workers:  # else the first worker may have begun to write
        RunFolder(given.out).check_empty()
    styles = given.added or given.styles
    albums = (
        Album.of(given.source),
        Album.of(list(styles) if given.added or len(styles) > 1 else next(iter(styles), None)),
    )
    if given.source is None:
        samples.check_installed()
    return albums


def _start_tensorflow(given):
    if sys.stderr.isatty() and not given.dry_run:
        terminal.say("Starting TensorFlow and reading the pictures ...", err=True)
    terminal.import_keras()


def _fit(run, **how):
    """Print what is trained, train it with its progress, and print the results and the next command."""
    from stylezoo import devices, training
    from stylezoo.training.progress import shown

    strategy = run.model.distribute_strategy
    if not devices.is_chief(strategy):
        number, count = devices.number_of(strategy), devices.workers(strategy)
        terminal.say(f"Worker  {number}, the last is {count - 1}; worker 0 shows the progress and writes {run.folder}")
        sys.exit(terminal.INTERRUPTED if training.fit(run, **how).interrupted else 0)
    _introduce(run)
    with shown(run) as progress:
        training.fit(run, [progress], **how)
    if run.step < run.steps:
        terminal.say(f"Stopped after step {run.step} of {run.steps}; everything is saved. Go on with:")
        terminal.say(f"  stylezoo train --resume {run.folder}")
        sys.exit(terminal.INTERRUPTED)
    for line in figures.told(run.card.evaluation):
        terminal.say(line)
    terminal.say(f"Wrote   {run.folder / RunFolder.RESULT}, the first source in the style")
    if run.folder.has(RunFolder.REPORT):
        terminal.say(f"        {run.folder / RunFolder.REPORT}, a page about the run for your browser")
    sheets, beside = run.folder / RunFolder.SAMPLES, f"{RunFolder.LOG} and {RunFolder.MODEL}"
    terminal.say(f"        {sheets}{os.sep} with contact sheets; beside it {beside}")
    if (run.folder / RunFolder.TENSORBOARD).is_dir():
        terminal.say(f"        {RunFolder.TENSORBOARD}{os.sep} with curves: tensorboard --logdir {run.folder}")
    print_next(run.folder)


def print_next(folder):
    """Print what can be done with a run."""
    terminal.print_next("redraw a picture of your own", f"stylezoo stylize PICTURE.jpg --model {folder}")


def _introduce(run):
    """Print what is trained on which pictures and device."""
    import math

    from stylezoo import training

    recipe, batches = run.recipe, run.batches
    weights = sum(math.prod(variable.shape) for variable in run.model.trainable_variables)
    discriminators = name_all(spec.label for spec in recipe.discriminators)
    terminal.say(f"Source  {batches.source}")
    for name, style in batches.styles.items():
        terminal.say(f"Style   {style} {name and f'of {name}'}".rstrip())
    for line in batches.left_out:
        terminal.say(f"        {line}", fg="yellow", err=True)
    terminal.say(f"Model   {recipe.generator.label} against {discriminators}, {weights:,} weights")
    for line in run.notes:
        terminal.say(f"        {line}", fg="yellow", err=True)
    terminal.say(f"Losses  {name_all(spec.label for spec in recipe.losses)}")
    batch = f"batches of {recipe.batch_size}, crops of {recipe.image_size} pixels"
    terminal.say(f"Run     {run.folder}, {run.steps} steps, {batch}")
    terminal.say(f"Device  {training.device(run)}, in {recipe.precision}")
