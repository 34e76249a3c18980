"""The command `stylezoo`. Nothing heavy is imported before a command needs it."""

import errno
import os
import sys
from contextlib import contextmanager
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from stylezoo.catalogue import registry
from stylezoo.catalogue.kinds import KINDS
from stylezoo.errors import BadOptions, BadRun, StylezooError, UnknownPlugin, UsageError, did_you_mean, name_all

PLURALS = {kind.plural: kind.name for kind in KINDS.values()}
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
        if kind not in KINDS:
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
    from stylezoo.catalogue.sources import describe

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
    from stylezoo.catalogue.sources import describe

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
    "model",
    type=PluginName("model"),
    required=False,
    help="A name of 'stylezoo list models'. Default: single-pair, or the recipe of the run to start from.",
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
    "several such as gated. Default: the sample painting, or all sample styles.",
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
    "--from",
    "start_from",
    metavar="RUN",
    help="Start a new training from the weights of this run folder, .keras file or hf://owner/name, with its recipe "
    "unless a MODEL or --recipe is named, and other pictures.",
)
@click.option(
    "--add-style",
    "added",
    metavar="PICTURES",
    multiple=True,
    help="Picture or folder of a style to add to the model of --from, one of several styles such as gated: only the "
    "new style learns, the others stay as they are. Repeatable.",
)
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
    start_from,
    added,
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
        model
        or source
        or styles
        or out
        or file
        or start_from
        or added
        or license
        or dry_run
        or settings
        or set(changes) - {"steps"}
    ):
        raise click.UsageError("--resume goes on as the run began; only --steps can be given with it.")
    if added and not start_from:
        raise click.UsageError("--add-style adds to a trained model; name it with --from RUN.")
    if added and styles:
        raise click.UsageError("--add-style or --style, not both: the styles that the model has need no pictures.")
    if file and model:
        raise click.UsageError(f"Name the model '{model}' or the recipe '{file}', not both.")
    if sys.stderr.isatty() and not dry_run:
        click.echo("Starting TensorFlow and reading the pictures ...", err=True)
    _import_keras()
    if resume:
        from stylezoo import training

        run = training.resume(resume, steps)
    else:
        from stylezoo import training
        from stylezoo.recipe import Recipe
        from stylezoo.runs.folder import RunFolder

        recipe = training.chosen(Recipe.read(file) if file else model, start_from, added, **changes)
        plan = recipe.resolve()
        if dry_run:
            click.echo(plan.recipe.to_json())
            return
        style = list(added) or (list(styles) if len(styles) > 1 else next(iter(styles), None))
        folder = out or RunFolder.new("recipe" if file else training.title(model, start_from))
        run = training.start(plan, source, style, folder, license or "", start_from)
    _train(training, run)


class Weighted(click.ParamType):
    """A style with or without its weight: ``STYLE`` or ``STYLE=WEIGHT``."""

    name = "style[=weight]"

    def convert(self, value, param, ctx):
        if isinstance(value, tuple):
            return value
        name, equals, weight = value.rpartition("=")
        if not (equals and name) or os.path.exists(value):
            return value, None
        try:
            return name, float(weight)
        except ValueError:
            return value, None


class Region(click.ParamType):
    """A mask and its style: ``FILE=STYLE``; the file's name may hold a ``=`` as well."""

    name = "file=style"

    def convert(self, value, param, ctx):
        if isinstance(value, tuple):
            return value
        words = value.split("=")
        ways = [("=".join(words[:i]), "=".join(words[i:])) for i in range(1, len(words))]
        if not ways or not all(ways[0]):
            self.fail(f"'{value}' is not of the form FILE=STYLE, such as sky.png=monet.")
        return next((way for way in ways if os.path.exists(way[0])), ways[0])


@main.command()
@click.argument(
    "pictures",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    help="Pictures, animations (GIF, WebP, PNG) and folders of them.",
)
@click.option(
    "-m",
    "--model",
    "model",
    help="A run folder of 'stylezoo train', a .keras file, or hf://owner/name, with @revision where it matters.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="The file to write, whose suffix says the format, or for several pictures the folder. Default: beside each "
    "picture, as NAME-stylized.png (a GIF or WebP stays one); of a folder, in FOLDER-stylized.",
)
@click.option(
    "--style",
    "styles",
    type=Weighted(),
    multiple=True,
    help="A style's name, for a model of several; a picture, for a model that takes its style from one; or, without "
    "--model, a trained run. Repeatable, with weights: --style monet=0.6 --style song=0.4. Default: the first style, "
    "or a random one.",
)
@click.option(
    "--mask",
    "masks",
    type=Region(),
    multiple=True,
    help="Where a style is: sky.png=monet. White is all of it, black none, greys are between. What masks leave has the "
    "styles without one or, if there are none, stays as it is. Repeatable.",
)
@click.option(
    "--strength",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="Between the picture as it is and full style.",
)
@click.option("--keep-colour", "--keep-color", is_flag=True, help="Keep the picture's own colours.")
@click.option(
    "--sweep",
    type=click.IntRange(2, 25),
    metavar="N",
    help="Write a sheet of the way from the picture to the style, from one style to a second, or between three or four "
    "at its corners, in N steps.",
)
@click.option(
    "--size",
    type=click.IntRange(min=16),
    help="Scale the shorter side to so many pixels first; less: broader strokes. Default: as it is; in a sheet at most "
    "384.",
)
@click.option(
    "--tile",
    type=click.IntRange(min=0),
    metavar="PIXELS",
    help="Draw large pictures in tiles of this side, which bounds the memory: 0, in one piece, or 256 and more. "
    "Default: such as some 2 GB allow.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Another number, another hand; for models with noise."
)
@click.option("--overwrite", is_flag=True, help="Redraw what is already there of a folder.")
def stylize(pictures, model, out, styles, masks, strength, keep_colour, sweep, size, tile, seed, overwrite):
    """Redraw PICTURES in the style that a model has learned, or in a fusion of styles; each keeps its size.

    \b
    Examples:
      stylezoo stylize photo.jpg --model RUN --style monet=0.6 --style song=0.4
      stylezoo stylize photo.jpg --model RUN --style song --mask sky.png=monet
      stylezoo stylize photo.jpg --style runs/a=0.5 --style runs/b=0.5
      stylezoo stylize photo.jpg --model RUN --style monet --style song --sweep 5
      stylezoo stylize photos/ --model RUN --strength 0.8 --keep-colour
    """
    if not model and not styles:
        raise click.UsageError("Name a model with --model RUN, or runs to mix: --style RUN_A=0.5 --style RUN_B=0.5.")
    if len({weight is None for _, weight in styles}) > 1:
        raise click.UsageError("Give each --style a weight, or none of them: --style monet=0.6 --style song=0.4.")
    if masks and not model:
        raise click.UsageError("Runs are mixed as a whole; a --mask needs a --model of several styles.")
    if sweep and (masks or any(weight is not None for _, weight in styles)):
        raise click.UsageError("--sweep has the weights of its own; leave --mask and the weights of --style out.")
    from stylezoo.pictures import targets

    named = [*(mask for mask, _ in masks), *(style for style, _ in styles)]
    files = targets.targets(list(pictures), out, [Path(name) for name in named if os.path.isfile(name)])
    there = [picture for picture, target in files.items() if _is_done(picture, target, pictures) and not overwrite]
    if there:
        places = list(dict.fromkeys(files[picture].parent for picture in there))
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        click.echo(
            f"{len(there)} of {len(files)} are there already in '{places[0]}'{more}, in whatever look; "
            "--overwrite draws them again.",
            err=True,
        )
    files = {picture: target for picture, target in files.items() if picture not in there}
    if not files:
        return
    _import_keras()
    regions = [(style, mask) for mask, style in masks]
    painter = _painters(model, styles, {"seed": seed, "masks": regions, "keep_colour": keep_colour, "tile": tile})
    if sweep:
        names = [style for style, _ in styles]
        _redraw(files, lambda picture, target, told: _sweep(painter, names, strength, picture, target, sweep, size))
        return
    weights = [1.0 if weight is None else weight for _, weight in styles]
    ready = painter(weights, strength)
    _introduce_look(styles, weights, ready, strength)
    _redraw(files, lambda picture, target, told: _paint(ready, picture, target, size, told))


def _is_done(picture, target, asked):
    """Whether the result of a picture that was found in a folder is there; one that was named is drawn again."""
    return os.path.exists(target) and picture not in asked


def _painters(model, styles, look):
    """A function of the styles' weights and the strength that gives what redraws pictures so."""
    import stylezoo
    from stylezoo.runs.interpolation import Siblings

    names = [style for style, _ in styles]
    if model:
        gan = stylezoo.load_model(model)
        return lambda weights, strength: gan.painter(
            styles=list(zip(names, weights, strict=True)) or None, strength=strength, **look
        )
    with _hinting(BadRun):
        siblings = Siblings(names)

    def mixed(weights, strength):
        gan = siblings.at(weights)
        with _hinting(BadOptions):
            return gan.painter(strength=strength, **look)

    return mixed


@contextmanager
def _hinting(kind):
    """Errors of a kind end with what a --style is as long as no model is named."""
    try:
        yield
    except kind as error:
        raise type(error)(
            f"{error} Without --model each --style is a run: name the model with --model and its style with --style."
        ) from None


def _introduce_look(styles, weights, painter, strength):
    """Say the shares of several styles, and that a strength is not the model's own."""
    shares = {}
    for (style, _), weight in zip(styles, weights, strict=True):
        shares[style] = shares.get(style, 0) + weight / sum(weights)
    if len(shares) > 1:
        click.echo(f"Styles  {name_all(f'{style} {share:.0%}' for style, share in shares.items())}", err=True)
    if strength < 1 and not painter.has_strength:
        click.echo(
            f"The model has no strength of its own: what it draws covers the picture by {strength:.0%}.", err=True
        )


def _redraw(files, draw):
    """Draw one picture after another, with a bar where there is a terminal; a bad one does not stop the others."""
    failed = {}
    with _bar(files) as (begin, told):
        for number, (picture, target) in enumerate(files.items()):
            begin(number, picture)
            try:
                draw(picture, target, lambda done, count, number=number: told(number + done / count))
            except KeyboardInterrupt:
                click.echo(err=True)
                _tell(failed)
                click.echo(f"Stopped after {number} of {len(files)}; what is written stays.", err=True)
                sys.exit(INTERRUPTED)
            except UsageError:  # not the picture is at fault
                raise
            except StylezooError as error:
                failed[picture] = str(error)
            except MemoryError:
                failed[picture] = f"There is not enough memory for '{picture}'; take a smaller --size or --tile."
            except OSError as error:
                failed[picture] = f"'{target}' cannot be written: {error.strerror or error}."
                if error.errno in (errno.ENOSPC, errno.EDQUOT):  # the others would fail as well
                    break
            else:
                told(number + 1)
                if not sys.stderr.isatty() or len(files) == 1:
                    click.echo(target)
    _tell(failed)
    if failed:
        if number + 1 == len(files) > 1:
            click.secho(f"{len(failed)} of {len(files)} failed: {name_all(failed)}", fg="red", err=True)
        sys.exit(1)


def _tell(failed):
    for reason in failed.values():
        click.secho(f"Error: {reason}", fg="red", err=True)


@contextmanager
def _bar(files):
    """Two functions: what is begun, and how many pictures are done, fractions included; shown with the time left."""
    if not sys.stderr.isatty():
        yield lambda number, picture: None, lambda done: None
        return
    parts = 1000  # of a picture: a large one is a long work in itself
    shown = {"item_show_func": lambda text: text, "file": sys.stderr, "show_percent": True, "width": 20}
    with click.progressbar(length=parts * len(files), label="redrawing", **shown) as bar:

        def begin(number, picture):
            bar.update(0, f"{number + 1}/{len(files)} {picture.name}")

        yield begin, lambda done: bar.update(int(parts * done) - bar.pos, bar.current_item)


def _paint(painter, picture, target, size, told):
    """Write the result of a picture or an animation."""
    from dataclasses import replace

    from stylezoo.pictures import animation, arrays, files

    def scaled(image):
        return arrays.scaled(image, size) if size else image

    film = animation.opened(picture) if target.suffix.lower() in animation.SUFFIXES else None
    if film is None:
        image = scaled(files.open_picture(picture, alpha=True))
        painter.on_tile = told
        files.save_picture(painter.paint(image), target)
        return
    steady = replace(painter, steady=True)

    def frames():
        for number, frame in enumerate(film, 1):
            yield steady.paint(scaled(frame))
            told(number, len(film))

    film.save(frames(), target)


def _sweep(painter, names, strength, picture, target, steps, size):
    """Write a sheet of the pictures between styles, or of growing strength, each under what it is."""
    from stylezoo.drawing import fusion
    from stylezoo.pictures import arrays, files, sheets

    if len(names) < 2:
        strengths = [strength * i / (steps - 1) for i in range(steps)]
        looks = [[([1.0] * len(names), each) for each in strengths]]
        titles = [[f"{each:.0%}" for each in strengths]]
    else:
        mixtures = fusion.sweep(len(names), steps)
        looks = [[(weights, strength) for weights in row] for row in mixtures]
        titles = [[fusion.told(names, weights) for weights in row] for row in mixtures]
    image = files.open_picture(picture)
    image = arrays.scaled(image, size or min(384, *image.size), copies=sum(map(len, looks)))
    rows = [[painter(*look).paint(image) for look in row] for row in looks]
    files.save_picture(sheets.contact_sheet(rows, titles, image.height), target)


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
    from stylezoo.runs import torch_import

    folder = torch_import.import_weights(file, model, out, **dict(settings))
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
    from stylezoo.checks.doctor import examine

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

    from stylezoo.catalogue import scaffolding

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
    for line in run.notes:
        click.secho(f"        {line}", fg="yellow", err=True)
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
    from stylezoo.runs import card

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
