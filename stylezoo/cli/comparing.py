"""The command that compares models: compare."""

import os
from functools import partial
from pathlib import Path

import click

from stylezoo.cli import measuring, redrawing, terminal
from stylezoo.cli.options import Refusal, as_one_object, refuse
from stylezoo.cli.types import PATH, ModelName
from stylezoo.errors import UsageError
from stylezoo.runs.folder import RunFolder

SIDE = 512  # pixels of the shorter side of each picture, unless a size is given
MOST = 600  # pictures on one page, results included
TALLEST = 20_000  # pixels of the sheet
REFUSALS = [
    Refusal(
        lambda given: not given.style and given.typed & {"metrics", "features"},
        "Results are measured beside the pictures of a style: --style PICTURES.",
    )
]
SHEET, PAGE = "compare.png", "compare.html"


@click.command()
@click.argument(
    "models",
    nargs=-1,
    required=True,
    type=ModelName(),
    help="Ready-made styles, run folders, .keras files, hf://owner/name; and pictures, if there are several.",
)
@click.argument("pictures", help="A picture, or a folder of pictures.")
@click.option(
    "-o",
    "--out",
    type=PATH,
    metavar="FOLDER",
    default="compare",
    show_default=True,
    help=f"The folder to write {SHEET} and {PAGE} into.",
)
@click.option(
    "--size",
    type=click.IntRange(min=16),
    help=f"Scale the shorter side of each picture to this many pixels first. Default: at most {SIDE}.",
)
@redrawing.strength
@click.option("--keep-colour", "--keep-color", is_flag=True, help="Keep the pictures' own colours.")
@click.option(
    "--stroke", type=click.FloatRange(1, 8), metavar="TIMES", help="Strokes this many times as broad, from 1 to 8."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="For models with noise.")
@click.option(
    "--style",
    metavar="PICTURES",
    help="Pictures of the style that all models try to have: a picture or a folder. With it the results are measured, "
    "as by 'stylezoo evaluate', at the size in which they are drawn.",
)
@measuring.metrics
@measuring.weights_of_features
@click.option("--overwrite", is_flag=True, help="Replace a comparison that exists.")
@as_one_object
def compare(given):
    """Redraw PICTURES with several MODELS, and show the results side by side.

    It writes a sheet with a row for each picture, and a web page in one file, in which any two results can be laid
    over each other. A model of several styles draws in its first.

    \b
    Examples:
      stylezoo compare great-wave scream photo.jpg
      stylezoo compare runs/single-pair runs/single-pair-2 photos/ -o better
    """
    given.words = (*given.models, given.pictures)  # a word says itself whether it names pictures
    refuse(given, REFUSALS)
    models, pictures = _checked(given)
    failed, rows, tried_all = redrawing.unreadable(pictures, given.size or SIDE), {}, True
    if len(failed) < len(pictures):
        terminal.import_keras()
        draw = partial(_draw, _painters(given, models), given.size, rows)
        targets = dict.fromkeys(pictures, given.out / SHEET)
        tried_all = redrawing.redraw(targets, draw, failed, names_results=False)
    if rows:
        _write(given, models, rows)
    redrawing.end_if_failed(pictures, failed, tried_all)


def _checked(given):
    """The models, by their titles, and the pictures; all is checked before TensorFlow is imported.

    Raises:
        UsageError: There are no models, no pictures or too many, or there is such a comparison.
        BadRun: A model cannot be used.
        MissingExtra: One is on a hub, and huggingface_hub is not installed.
    """
    from stylezoo.runs.loading import checked_file

    pictures = _pictures(given)
    names = [name for name in dict.fromkeys(given.words) if not _is_pictures(name)]
    if not names or not pictures:
        missing = "a model" if pictures else "a picture or a folder of pictures"
        raise UsageError(f"Name {missing} as well: stylezoo compare great-wave scream photo.jpg.")
    if (1 + len(names)) * len(pictures) > MOST:
        raise UsageError(
            f"{len(pictures)} pictures with {len(names)} results each are too many for one page: up to {MOST} are "
            "possible. Name fewer pictures or models."
        )
    there = [given.out / name for name in (SHEET, PAGE) if os.path.lexists(given.out / name)]
    if there and not given.overwrite:
        raise UsageError(f"'{there[0]}' exists already; --overwrite replaces it, -o names another folder.")
    for name in names:
        checked_file(name)
    return _titled(names), pictures


def _is_pictures(word):
    """Whether a word names a picture or a folder of pictures, and no model."""
    from stylezoo.pictures import files
    from stylezoo.runs import hub, styles

    if hub.is_address(word) or styles.file_of(word):
        return False
    if os.path.isdir(word):
        return not RunFolder(word).is_run
    return Path(word).suffix.lower() in files.SUFFIXES


def _pictures(given):
    """The pictures that the words name, without those of earlier comparisons in the same folder.

    Raises:
        UsageError: A folder has none.
    """
    from stylezoo.pictures import folders

    found = {}
    for path in (Path(os.path.expanduser(word)) for word in given.words if _is_pictures(word)):
        listed = folders.pictures(path) if path.is_dir() else folders.Found((path,), ())
        if not listed.pictures:
            raise UsageError(" ".join([f"The folder '{path}' holds no picture files.", *listed.left_out]))
        for line in listed.left_out:
            terminal.say(line, err=True)
        found.update(dict.fromkeys(listed.pictures))
    return [path for path in found if os.path.abspath(path) != os.path.abspath(given.out / SHEET)]


def _titled(names):
    """Models by their titles: their names without folders, or with them where two have the same."""
    from stylezoo.errors import printable

    short = {name: printable(name if "://" in name else Path(name).name.removesuffix(".keras")) for name in names}
    several = {title for title in short.values() if [*short.values()].count(title) > 1}
    return {printable(name) if title in several else title: name for name, title in short.items()}


def _painters(given, models):
    """A painter for each model.

    Raises:
        BadRun: One cannot be loaded.
        BadOptions: One cannot draw in this way.
    """
    from stylezoo.runs.mixing import Mixture

    look = {name: getattr(given, name) for name in ("strength", "seed", "keep_colour", "stroke")}
    return [Mixture([name]).painter(**look) for name in models.values()]


def _draw(painters, size, rows, picture, target, progress):
    """Add the row of a picture to the rows, as `draw` of `redrawing.redraw`; a part is one model."""
    from stylezoo.pictures import animation, arrays, files
    from stylezoo.reports.comparison import Row

    image = files.open_picture(picture, shorter=size or SIDE)
    image = arrays.scaled(image, size or min(SIDE, *image.size))
    drawn = []
    for number, painter in enumerate(painters, 1):
        drawn.append(painter.paint(image))
        progress(number, len(painters))
    rows[picture] = Row(picture.name, image, drawn)
    return animation.several(picture)


def _write(given, models, rows):
    """Write the sheet and the page, and print where they are."""
    from stylezoo.pictures import files, sheets
    from stylezoo.reports import comparison

    titles = ["picture", *models]
    height = min(redrawing.SHEET_SIDE, TALLEST // len(rows), max(row.picture.height for row in rows.values()))
    sheet = sheets.contact_sheet([[row.picture, *row.drawn] for row in rows.values()], titles, height)
    files.save_picture(sheet, given.out / SHEET)
    comparison.write(given.out / PAGE, models, rows.values(), _command(given), *_figures(given, models, rows.values()))
    terminal.say(f"Wrote   {given.out / SHEET}")
    terminal.say(f"        {given.out / PAGE}, a page for your browser")


def _figures(given, models, rows):
    """The figures of each model and the baselines, by name, and the protocol; None and "" without a style."""
    if not given.style:
        return None, ""
    from stylezoo.evaluation import evaluate

    pictures, drawn = [row.picture for row in rows], zip(*(row.drawn for row in rows), strict=True)
    results = dict(zip(models, drawn, strict=True))
    measured = evaluate.of_results(pictures, results, given.style, given.metrics, given.features)
    for line in measured.table().split("\n"):
        terminal.say(line)
    return measured.figures, measured.protocol


def _command(given):
    """The command line of this comparison, with the names of files but not their folders."""
    from shlex import join

    from stylezoo.files import plain

    options = [
        f"--{name}={getattr(given, name)}" for name in ("size", "strength", "stroke", "seed") if name in given.typed
    ]
    if given.style:
        options.append(f"--style={plain.without_folders(given.style)}")
    colour = ["--keep-colour"] if given.keep_colour else []
    return join(["stylezoo", "compare", *map(plain.without_folders, given.words), *options, *colour])
