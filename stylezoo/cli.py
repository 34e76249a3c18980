"""The command `stylezoo`. Nothing heavy is imported before a command needs it."""

import os
import sys
from contextlib import contextmanager
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from stylezoo import registry
from stylezoo.errors import StylezooError, UnknownPlugin, UsageError, did_you_mean, name_all

PLURALS = {"models": "model", "generators": "generator", "discriminators": "discriminator", "losses": "loss"}
INTERRUPTED = 130  # the exit code of a program that Ctrl-C ended
UNHEALTHY = 3  # the exit code of a doctor who found something


class Group(click.Group):
    """Shows stylezoo's own errors as one line; anything else is a defect and keeps its traceback."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except StylezooError as error:
            shown = click.ClickException(str(error))
            shown.exit_code = error.exit_code
            raise shown from error


class Kind(click.ParamType):
    """A kind of plugin, in the plural or the singular."""

    name = "kind"

    def convert(self, value, param, ctx):
        kind = PLURALS.get(value, value)
        if kind not in registry.GROUPS:
            self.fail(f"'{value}' is no kind of plugin.{did_you_mean(value, PLURALS)} There are: {name_all(PLURALS)}.")
        return kind

    def shell_complete(self, ctx, param, incomplete):
        return [CompletionItem(name) for name in PLURALS if name.startswith(incomplete)]


class PluginName(click.ParamType):
    """The name of a plugin, with options where it is a part; only completion looks at it here."""

    def __init__(self, kind=None):
        self.kind = kind
        self.name = kind or "name"

    def shell_complete(self, ctx, param, incomplete):
        names = {plugin.name: plugin.owner for plugin in registry.plugins(self.kind)}
        return [CompletionItem(name, help=owner) for name, owner in names.items() if name.startswith(incomplete)]


class Setting(click.ParamType):
    """``name=value``, the value as Python or a shell would write it."""

    name = "name=value"

    def convert(self, value, param, ctx):
        from stylezoo.spec import read_value

        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not equals or not name.strip():
            self.fail(f"'{value}' is not of the form name=value, such as image_size=96.")
        return name.strip(), read_value(text)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stylezoo", message=f"%(prog)s %(version)s, plugin API {registry.API}")
@click.pass_context
def main(ctx):
    """Train and use GANs that redraw one picture in the style of another.

    \b
    Examples:
      stylezoo train                      the built-in pair of pictures, in some minutes
      stylezoo train --source photo.jpg --style painting.jpg
      stylezoo stylize holiday.jpg --model runs/single-pair
      stylezoo list losses
    """
    if os.environ.get("NO_COLOR"):  # https://no-color.org; click does not know it
        ctx.color = False


@main.command("list")
@click.argument(
    "kind", type=Kind(), required=False, help="models, generators, discriminators or losses; all if left out."
)
@click.argument("pattern", default="*", help="Names to show, as in a shell: 'l*'. Default: all.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(kind, pattern, as_json):
    """List the installed plugins.

    Nothing is imported for it: what is shown is read from the metadata and the source of each plugin.
    """
    from stylezoo.sources import describe

    found = [(p, describe(p)) for p in registry.plugins(kind) if fnmatchcase(p.name, pattern)]
    for line in registry.faults():
        click.echo(line, err=True)
    if as_json:
        rows = [{**_identity(plugin), "summary": said.summary, "problem": said.problem} for plugin, said in found]
        _print_document(plugins=rows)
        return
    if not found:
        raise UnknownPlugin(f"No {kind or 'plugin'} is called '{pattern}'. See 'stylezoo list'.")
    _print_table(found)


@main.command()
@click.argument(
    "name",
    type=PluginName(),
    help="A plugin's name, or distribution/name; or a run folder, a .keras file or hf://owner/name.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(name, as_json):
    """Show what a plugin is, or of what a trained model was made.

    Of a plugin: who wrote it and what can be set on it. Of a run or a model its card: recipe, plugins and whether they
    are installed here, data, losses, licence. Nothing is imported for it. A plugin's name goes before a folder's; write
    ./name for the folder.
    """
    from stylezoo.sources import describe

    known = registry.plugins()
    shown = [(plugin, describe(plugin)) for plugin in known if plugin.answers_to(name)]
    if not shown and (name.startswith("hf://") or os.path.exists(os.path.expanduser(name))):
        _show_card(name, as_json)
        return
    if not shown:
        names = sorted({plugin.name for plugin in known})
        raise UnknownPlugin(
            f"No plugin is named '{name}', and there is no run folder or model file of that name."
            f"{did_you_mean(name, names)} Installed: {name_all(names)}."
        )
    if as_json:
        rows = [{**_identity(plugin), **asdict(said), "file": str(said.file or "")} for plugin, said in shown]
        _print_document(plugins=rows)
        return
    for i, (plugin, said) in enumerate(shown):
        if i:
            click.echo()
        _print_description(plugin, said)


@main.command()
@click.argument(
    "model", type=PluginName("model"), required=False, help="A name of 'stylezoo list models'. Default: single-pair."
)
@click.option(
    "--source",
    help="Picture or folder of pictures whose content is kept, or a data set with trainA and trainB or train. Default: "
    "the sample photograph.",
)
@click.option(
    "--style",
    "styles",
    multiple=True,
    help="Picture or folder of pictures whose look is taken. Repeatable: each a style of its own, for a model of "
    "several such as gated. Default: the sample painting.",
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="The run folder to make. Default: a new one in runs/."
)
@click.option(
    "--loss",
    "losses",
    type=PluginName("loss"),
    multiple=True,
    help="A loss, such as lsgan:real=0.9 or tv:weight=0.1: an adversarial one replaces the model's, any other is "
    "added, weight=0 removes. Repeatable.",
)
@click.option("--generator", type=PluginName("generator"), help="Another generator, such as resnet:filters=32.")
@click.option(
    "--discriminator",
    "discriminators",
    type=PluginName("discriminator"),
    multiple=True,
    help="Other discriminators, such as patch:layers=2. Repeatable.",
)
@click.option(
    "--set",
    "settings",
    type=Setting(),
    multiple=True,
    help="Any field of the recipe: image_size=96, generator.filters=16. Repeatable.",
)
@click.option("--steps", type=click.IntRange(min=1), help="End after so many steps.")
@click.option("--seed", type=click.IntRange(min=0), help="Decides the first weights, the crops and their order.")
@click.option(
    "--recipe", "file", type=click.Path(path_type=Path), help="Train this recipe.json instead of a registered model."
)
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with the training of this run folder.")
@click.option(
    "--license", metavar="TEXT", help="The licence that the model's card names: an SPDX identifier such as CC-BY-4.0."
)
@click.option("--dry-run", is_flag=True, help="Print the complete recipe and stop.")
def train(
    model,
    source,
    styles,
    out,
    losses,
    generator,
    discriminators,
    settings,
    steps,
    seed,
    file,
    resume,
    license,
    dry_run,
):
    """Train a MODEL on a source and a style, and leave a run folder.

    Without any argument the small model single-pair learns from a pair of pictures that comes with stylezoo.

    \b
    The run folder holds:
      result.png     the first source in the style
      samples/       contact sheets: source, style, result
      log.csv        every loss
      model.keras    for 'stylezoo stylize' and stylezoo.load_model; carries its card
      card.json      what can be told of it; for 'stylezoo show'
      checkpoints/   for 'stylezoo train --resume'
      recipe.json    everything that was trained how; for 'stylezoo train --recipe'
      plugins.json   distribution and version of every part
      pictures.json  where the pictures lie
    """
    changes = dict(settings)
    given = {"losses": losses, "generator": generator, "discriminators": discriminators, "steps": steps, "seed": seed}
    changes.update({name: value for name, value in given.items() if value not in (None, ())})
    if resume and (
        model or source or styles or out or file or license or dry_run or settings or set(changes) - {"steps"}
    ):
        raise click.UsageError("--resume goes on as the run began; only --steps can be given with it.")
    if file and model:
        raise click.UsageError(f"Name the model '{model}' or the recipe '{file}', not both.")
    model = model or "single-pair"
    if sys.stderr.isatty() and not dry_run:
        click.echo("Starting TensorFlow and reading the pictures ...", err=True)
    _import_keras()
    if resume:
        from stylezoo import training

        run = training.resume(resume, steps)
    else:
        from stylezoo.recipe import Recipe

        recipe = Recipe.read(file).changed(**changes) if file else Recipe.named(model, **changes)
        if dry_run:
            click.echo(recipe.to_json())
            return
        from stylezoo import training

        style = list(styles) if len(styles) > 1 else next(iter(styles), None)
        folder = out or training.new_folder("recipe" if file else model)
        run = training.start(recipe, source, style, folder, license or "")
    _train(training, run)


@main.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path), help="Pictures to redraw.")
@click.option(
    "-m",
    "--model",
    "model",
    required=True,
    help="A run folder of 'stylezoo train', a .keras file, or hf://owner/name, with @revision where it matters.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="The file to write, or for several pictures the folder. Default: beside each picture, as NAME-stylized.png.",
)
@click.option(
    "--style",
    help="The name of a style, for a model of several; a picture, for a model that takes its style from one. Default: "
    "the first, or a random one.",
)
@click.option(
    "--size", type=click.IntRange(min=16), help="Scale the shorter side to so many pixels first; less: broader strokes."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Another number, another hand; for models with noise."
)
def stylize(pictures, model, out, style, size, seed):
    """Redraw PICTURES in the style that a model has learned; without --size each keeps its own."""
    targets = _targets(pictures, out)
    _import_keras()
    import stylezoo
    from stylezoo import images

    gan = stylezoo.load_model(model)
    if style is not None and gan.takes_style_picture:
        style = images.open_picture(style)
    failed = 0
    for picture, target in targets.items():
        try:
            image = images.open_picture(picture)
            image = images.scaled(image, size) if size else image
            images.save_picture(gan.stylize(image, style, seed), target)
            click.echo(target)
        except UsageError:  # not the picture is at fault
            raise
        except (StylezooError, OSError) as error:  # one bad picture does not stop the others
            click.secho(f"Error: {error}", fg="red", err=True)
            failed += 1
    if failed:
        sys.exit(1)


@main.command("import")
@click.argument("file", type=click.Path(path_type=Path), help="A PyTorch state dict, such as latest_net_G.pth.")
@click.option(
    "-m", "--model", required=True, type=PluginName("model"), help="What it was trained as: cyclegan, cut ..."
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="The run folder to make. Default: a new one in runs/."
)
@click.option(
    "--set", "settings", type=Setting(), multiple=True, help="A field of the recipe: image_size=128. Repeatable."
)
def import_(file, model, out, settings):
    """Make a run folder of a generator that others trained with PyTorch.

    FILE is a checkpoint of CycleGAN, pix2pix or CUT. PyTorch is not needed, and nothing in the file is executed.
    """
    _import_keras()
    from stylezoo import importing

    folder = importing.import_weights(file, model, out, **dict(settings))
    click.echo(f"Wrote   {folder}")
    click.echo("Next    redraw a picture of your own:")
    click.echo(f"  stylezoo stylize PICTURE.jpg --model {folder}")


@main.command()
@click.argument("run", help="A run folder of 'stylezoo train', or a .keras file.")
@click.argument("repository", help="Where to, as owner/name; made if it is not there.")
@click.option(
    "--license", metavar="TEXT", help="The licence that its card names, such as CC-BY-4.0. Default: that of the run."
)
@click.option("--private", is_flag=True, help="Only you can see it.")
@click.option("--revision", help="The branch to commit to, made if it is not there. Default: the main one.")
@click.option("--message", help="What the commit says.")
@click.option("--no-sheet", is_flag=True, help="Leave the contact sheet out, which shows training pictures.")
def push(run, repository, license, private, revision, message, no_sheet):
    """Publish a model on Hugging Face, with its card.

    It uploads model.keras, the card as README.md, recipe.json, plugins.json, and the contact sheet card.png. Beware:
    the sheet shows some of the pictures that were trained on, which need not be yours to publish; --no-sheet leaves
    it out. Log in with 'hf auth login' or set HF_TOKEN.
    """
    import stylezoo

    given = {"license": license, "private": private, "revision": revision, "message": message}
    address = stylezoo.push_to_hub(run, repository, sheet=not no_sheet, **given)
    click.echo(f"Wrote   {address}")
    click.echo("Next    whoever wants it can say:")
    there = f"hf://{repository.removeprefix('hf://')}" + (f"@{revision}" if revision else "")
    click.echo(f"  stylezoo stylize PICTURE.jpg --model {there}")


@main.command()
@click.argument("name", type=PluginName(), required=False, help="A plugin or a distribution. Default: all there are.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--deadline",
    type=click.IntRange(1, 3600),
    default=20,
    show_default=True,
    metavar="SECONDS",
    help="How long one import may take.",
)
def doctor(name, as_json, deadline):
    """Import every plugin, each where it can do no harm, and say what is wrong and what to do.

    A child process for each distribution imports its plugins; so one that ends Python, crashes it or never comes back
    is found out. Exit code 3 when something is wrong.
    """
    from stylezoo.doctor import examine

    plugins = [p for p in registry.plugins() if not name or p.answers_to(name) or p.owned_by(name)]
    if not plugins:
        known = sorted({each for p in registry.plugins() for each in (p.name, p.distribution)})
        raise UnknownPlugin(f"No plugin and no distribution of plugins is named '{name}'.{did_you_mean(name, known)}")
    faults = registry.faults()
    found = []
    for diagnosis in examine(plugins, deadline):
        found.append(diagnosis)
        if not as_json:
            _print_diagnosis(diagnosis)
    if as_json:
        rows = [{**_identity(d.plugin), "api": d.plugin.api, **_findings(d)} for d in found]
        _print_document(api=registry.API, plugins=rows, faults=faults)
    else:
        _print_summary(found, faults)
    if faults or any(diagnosis.cause for diagnosis in found):
        sys.exit(UNHEALTHY)


@main.command()
@click.argument("kind", type=Kind(), help="loss, generator, discriminator or model.")
@click.argument("name", help="What it shall be called: lower-case words joined by dashes.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="The folder to make. Default: stylezoo-NAME, in this one."
)
def new(kind, name, out):
    """Write the beginning of a plugin: a small package with a working component.

    Once it is installed it is listed, trains, and passes the conformance kit; its README says how to go on.
    """
    import shlex

    from stylezoo import scaffolding

    folder = scaffolding.new(kind, name, out)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        click.echo(f"Wrote   {file}")
    click.echo("Next    install it, look at it, test it:")
    place = shlex.quote(str(folder))
    click.echo(f"  pip install -e {shlex.quote(f'{folder}[test]')} && stylezoo show {name} && pytest {place}")


def _findings(diagnosis):
    return {key: getattr(diagnosis, key) for key in ("cause", "reason", "advice", "file", "seconds")}


def _print_diagnosis(diagnosis):
    """What is wrong with a plugin; of a healthy one that it is being looked after, where somebody watches."""
    plugin = diagnosis.plugin
    if not diagnosis.cause:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[Kok  {plugin.kind} {plugin.name}", nl=False, err=True)
        return
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    click.secho(f"{diagnosis.cause}: {plugin.kind} {plugin.name}  {plugin.owner}", fg="red")
    for label, text in (("why", diagnosis.reason), ("file", diagnosis.file or plugin.target), ("do", diagnosis.advice)):
        click.echo(f"  {label:4}  {text}")


def _print_summary(found, faults):
    """How many plugins of each distribution are well, what metadata cannot be read, which names need their owner."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    for line in faults:
        click.secho(line, fg="red")
    owners = [diagnosis.plugin.owner for diagnosis in found]
    for owner in dict.fromkeys(owners):
        well = sum(d.plugin.owner == owner and not d.cause for d in found)
        click.echo(f"{owner}: {well} of {owners.count(owner)} well")
    for kind, name in dict.fromkeys((d.plugin.kind, d.plugin.name) for d in found):
        twins = [plugin for plugin in registry.plugins(kind) if plugin.name == name]
        if len(twins) > 1:
            click.echo(f"The {kind} '{name}' has several owners; say {' or '.join(p.qualified for p in twins)}.")


def _targets(pictures, out):
    """Where each picture's result goes; no result may take the place of a source or of another result."""
    into_file = out is not None and out.suffix and not out.is_dir()
    if into_file and len(pictures) > 1:
        raise click.UsageError(f"'{out}' is one file and there are {len(pictures)} pictures; name a folder.")
    if into_file:
        targets = {pictures[0]: out}
    else:
        targets = {picture: (out or picture.parent) / f"{picture.stem}-stylized.png" for picture in pictures}
    if len(set(targets.values())) < len(targets):
        raise click.UsageError("Two of the pictures have the same name, so that their results would too.")
    if lost := {target.resolve() for target in targets.values()} & {picture.resolve() for picture in pictures}:
        raise click.UsageError(f"The result would take the place of the picture '{lost.pop()}'; name another with -o.")
    return targets


def _train(training, run):
    """Say what is trained, train it with a progress bar, and say what there is now and what to do with it."""
    _introduce(training, run)
    with _progress(run) as callback:
        training.fit(run, [callback])
    if run.step < run.steps:
        click.echo(f"Stopped after step {run.step} of {run.steps}; everything is saved. Go on with:")
        click.echo(f"  stylezoo train --resume {run.folder}")
        sys.exit(INTERRUPTED)
    click.echo(f"Wrote   {run.folder / 'result.png'}, the first source in the style")
    click.echo(f"        {run.folder / 'samples'}{os.sep} with contact sheets; beside it log.csv and model.keras")
    click.echo("Next    redraw a picture of your own:")
    click.echo(f"  stylezoo stylize PICTURE.jpg --model {run.folder}")


def _introduce(training, run):
    import math

    recipe, batches = run.recipe, run.batches
    weights = sum(math.prod(variable.shape) for variable in run.model.trainable_variables)
    judges = name_all(spec.label for spec in recipe.discriminators)
    click.echo(f"Source  {batches.source}")
    for name, style in batches.styles.items():
        click.echo(f"Style   {style} {name and f'of {name}'}".rstrip())
    for line in [line for pictures in (batches.source, *batches.styles.values()) for line in pictures.skipped]:
        click.secho(f"        skipped: {line}", fg="yellow", err=True)
    click.echo(f"Model   {recipe.generator.label} against {judges}, {weights:,} weights")
    click.echo(f"Losses  {name_all(spec.label for spec in recipe.losses)}")
    batch = f"batches of {recipe.batch_size}, crops of {recipe.image_size} pixels"
    click.echo(f"Run     {run.folder}, {run.steps} steps, {batch}")
    click.echo(f"Device  {training.device()}")


@contextmanager
def _progress(run):
    """A Keras callback that shows step, losses and time left: as a bar, or as ten lines where there is no terminal."""
    from keras.callbacks import LambdaCallback

    def losses(logs):
        return "  ".join(f"{player} {logs[player]:.3f}" for player in ("generator", "discriminator") if player in logs)

    if sys.stderr.isatty():
        click.echo("Tracing the training step takes some seconds.", err=True)
        label = f"step {run.step} +" if run.step else "step"  # the bar tells the time left from the steps it has seen
        shown = {"show_pos": True, "width": 20, "item_show_func": lambda text: text, "file": sys.stderr}
        with click.progressbar(length=run.steps - run.step, label=label, **shown) as bar:
            yield LambdaCallback(on_train_batch_end=lambda batch, logs: bar.update(1, losses(logs)))
    else:
        every = max(1, run.steps // 10)

        def tell(batch, logs):
            if run.step % every == 0 or run.step == run.steps:
                click.echo(f"step {run.step}/{run.steps}  {losses(logs)}", err=True)

        yield LambdaCallback(on_train_batch_end=tell)


def _print_table(found):
    import shutil  # with what only some commands need, looking would take longer
    import textwrap

    width = min(shutil.get_terminal_size().columns, 120)
    name_width = max(len(plugin.name) for plugin, _ in found)
    owner_width = max(len(plugin.owner) for plugin, _ in found)
    room = max(20, width - name_width - owner_width - 6)
    kind = None
    for plugin, said in found:
        if plugin.kind != kind:
            kind = plugin.kind
            click.secho(next(plural for plural, each in PLURALS.items() if each == kind), bold=True)
        text = f"broken: {said.problem}" if said.problem else textwrap.shorten(said.summary, room, placeholder=" ...")
        colour = "red" if said.problem else None
        click.secho(f"  {plugin.name:{name_width}}  {text:{room}}  {plugin.owner}".rstrip(), fg=colour)


def _print_description(plugin, said):
    click.secho(f"{plugin.kind} {plugin.name}", bold=True, nl=False)
    click.echo(f"  {plugin.owner}")
    click.echo(f"{said.file}:{said.line}" if said.file else plugin.target)
    if said.problem:
        click.secho(f"\nBroken: {said.problem}.", fg="red")
    if said.doc:
        click.echo(f"\n{said.doc}")
    if said.options:
        click.echo("\nOptions")
        for option in said.options:
            spelled = f"{option.name}={option.default}" if option.default else f"{option.name} (must be given)"
            click.echo(f"  {spelled}  {option.type}".rstrip())
    if said.fields:
        click.echo("\nRecipe")
        for name, value in said.fields:
            click.echo(f"  {name}: {', '.join(map(str, value)) if isinstance(value, tuple | list) else value}")


def _show_card(name, as_json):
    """What a run or a model says of itself."""
    from stylezoo import card

    found = card.read(name)
    if as_json:
        _print_document(card={**found.to_dict(), "plugins": found.needs()})
        return
    click.secho(name, bold=True)
    for heading, rows in found.sections():
        click.echo(f"\n{heading}")
        if heading == "Plugins":
            _print_needs(found.needs())
            continue
        width = max(len(label) for label, _ in rows)
        for label, value in rows:
            click.echo(f"  {label:{width}}  {value}".rstrip())


def _print_needs(rows):
    for row in rows:
        owner = f"{row['distribution']} {row['version']}".rstrip()
        here = f"missing: {row['install']}" if row["missing"] else f"installed: {row['installed'] or 'yes'}"
        click.secho(f"  {row['kind']} {row['name']}  {owner}, {here}", fg="red" if row["missing"] else None)


def _print_document(**parts):
    """One JSON document for programs; its schema grows by one when something is taken away or means another thing."""
    import json

    click.echo(json.dumps({"schema": 1, **parts}, indent=2, default=str))


def _identity(plugin):
    return {key: getattr(plugin, key) for key in ("kind", "name", "distribution", "version", "target")}


def _import_keras():
    """Import Keras and TensorFlow without what they say at start-up, which concerns no user of this command.

    TensorFlow's C++ side writes to the file descriptor before it reads its own log level, so that is turned away.
    """
    import tempfile

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            import keras  # noqa: F401
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
