"""The command that redraws pictures: stylize."""

import os
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import click

from stylezoo.cli import redrawing, terminal
from stylezoo.cli.options import Refusal, as_one_object, refuse
from stylezoo.cli.types import PATH, Location, Mask, ModelName, Steady, WeightedStyle
from stylezoo.errors import BadOptions, BadPicture, BadRun, StylezooError, UsageError, name_all
from stylezoo.runs.folder import RunFolder

REFUSALS = [
    redrawing.SOME_WEIGHTS,
    Refusal(
        lambda given: given.sweep and (given.masks or any(weight is not None for _, weight in given.styles)),
        "--sweep sets the weights itself; leave out --mask and the weights of --style.",
    ),
]


@click.command()
@click.argument(
    "pictures",
    nargs=-1,
    required=True,
    type=PATH,
    help="Pictures, films (MP4, MOV, WebM, MKV, AVI), animations (GIF, WebP, PNG) and folders of pictures.",
)
@click.option(
    "-m",
    "--model",
    type=ModelName(),
    help="A model of several styles, or one that takes its style from a picture: a run folder of 'stylezoo train', a "
    ".keras file, or hf://owner/name, with @revision where it matters.",
)
@click.option(
    "-o",
    "--out",
    type=Location(path_type=str),
    help="The file to write, in the format of its suffix, or a folder: for several pictures, or with a / at its end. "
    "Default: beside each picture, as NAME-stylized.png (a film, GIF or WebP stays one); for a folder, in "
    "FOLDER-stylized.",
)
@click.option(
    "--style",
    "styles",
    type=WeightedStyle(),
    multiple=True,
    help="A ready-made style ('stylezoo list styles') or a trained run; with --model one of its styles, or a picture. "
    "Repeatable, with weights: --style great-wave=0.6 --style scream=0.4. Default: a ready-made style; with --model "
    "its first style, or a random one.",
)
@click.option(
    "--mask",
    "masks",
    type=Mask(),
    multiple=True,
    help="The place of a style: sky.png=scream. White is full style, black none, greys are between. The rest of the "
    "picture has the styles without a mask or, if there are none, stays as it is. Repeatable.",
)
@redrawing.strength
@click.option("--keep-colour", "--keep-color", is_flag=True, help="Keep the picture's own colours.")
@click.option(
    "--stroke",
    type=click.FloatRange(1, 8),
    metavar="TIMES",
    help="Strokes this many times as broad, at the picture's own size: from 1, as trained, to 8. Default: 1; in "
    "large pictures more, for ready-made styles and the generator brush.",
)
@click.option(
    "--sweep",
    type=click.IntRange(2, 25),
    metavar="N",
    help="Write a sheet of N steps from the picture to the style, from one style to a second, or between three or four "
    "at its corners.",
)
@click.option(
    "--size",
    type=click.IntRange(min=16),
    help="Scale the shorter side to this many pixels first; below 1152, the smaller, the broader are strokes. Default: "
    "as it is; in a sheet at most 384.",
)
@click.option(
    "--tile",
    type=click.IntRange(min=0),
    metavar="PIXELS",
    help="Draw large pictures in tiles of this side, which limits the memory: 0, in one piece, or 256 and more. "
    "Default: as large as 2 GB allow.",
)
@click.option(
    "--steady",
    type=Steady(),
    default="whole",
    show_default=True,
    metavar="[whole|first|SECONDS]",
    help="How a film is drawn alike from frame to frame: by statistics of the whole film, of its first frame, or of a "
    "frame each so many seconds, where its light changes.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    help="For models with noise: another seed changes the strokes, or the random style.",
)
@click.option("--overwrite", is_flag=True, help="Replace results that exist.")
@as_one_object
def stylize(given):
    """Redraw PICTURES in a ready-made style, in the style of a trained model, or in a fusion of styles.

    Each result has the size of its picture.

    \b
    Examples:
      stylezoo stylize photo.jpg --style great-wave
      stylezoo stylize photo.jpg --style great-wave=0.6 --style starry-night=0.4
      stylezoo stylize photo.jpg --style great-wave --mask sky.png=starry-night
      stylezoo stylize photo.jpg --style great-wave --style scream --sweep 5
      stylezoo stylize clip.mp4 --style great-wave
      stylezoo stylize photos/ --style runs/mine --strength 0.8 --keep-colour
    """
    refuse(given, REFUSALS)
    channels = _channels(given)
    files = _files(given, channels)
    if not files:
        return
    model = _checked_model(given)
    _check_masks(given)
    size = given.size or (redrawing.SHEET_SIDE if given.sweep else None)
    checked = (file for file in given.pictures if file in files)
    failed, tried_all = redrawing.unreadable(checked, size, channels), True
    if len(failed) < len(files):
        terminal.import_keras()
        tried_all = redrawing.redraw(files, _drawing(given, model), failed)
    redrawing.end_if_failed(files, failed, tried_all)


def _files(given, channels):
    """The pictures to redraw and the files of their results, without those whose results exist.

    Raises:
        UsageError: There is one picture, and its result exists; also as `targets.targets`.
    """
    from stylezoo.pictures import scans, targets

    named = [*(mask for _, mask in given.masks), *(style for style, _ in given.styles)]
    keep = [Path(name) for name in named if os.path.isfile(name)]
    still = ".png" if channels in scans.WHOLE else ".tif"
    files = targets.targets(list(given.pictures), given.out, keep, partial(terminal.say, err=True), still)
    there = [] if given.overwrite else [file for file, target in files.items() if os.path.exists(target)]
    if there == list(files) == list(given.pictures) and len(there) == 1:
        raise UsageError(f"'{files[there[0]]}' exists already; --overwrite replaces it, -o names another file.")
    if there:
        folders = list(dict.fromkeys(files[file].parent for file in there))
        more = f" and {len(folders) - 1} more" if len(folders) > 1 else ""
        terminal.say(
            f"{len(there)} of {len(files)} exist already in '{folders[0]}'{more}, perhaps in another style; "
            "--overwrite draws them again.",
            err=True,
        )
    return {file: target for file, target in files.items() if file not in there}


def _channels(given):
    """The channels of the pictures that the model draws; 3 if it cannot be used, which is told later."""
    from stylezoo.runs.loading import checked_recipe, model_file

    models = [given.model] if given.model else [style for style, _ in given.styles]
    with suppress(StylezooError):
        return next((checked_recipe(model_file(each)).channels for each in models), 3)
    return 3


def _checked_model(given):
    """The file of the model, None if there are styles of their own; checked without importing TensorFlow.

    Raises:
        BadRun: There is no such model or style, or it cannot be used.
        MissingExtra: It is on a hub, and huggingface_hub is not installed.
        UsageError: No style is named, and none is installed.
    """
    from stylezoo.runs.loading import checked_file

    if given.model:
        return checked_file(given.model)
    if not given.styles and not given.masks:
        given.styles = ((_default_style(given), None),)
    _refuse_pictures_as_styles(given)
    with _hint_at_model(BadRun):
        for style, _ in (*given.styles, *given.masks):
            checked_file(style)
    return None


def _default_style(given):
    """The style of pictures for which none is named; a line says which, and which others there are."""
    from stylezoo.runs import styles

    chosen = styles.default()
    others = [name for name in styles.names() if name != chosen]
    more = f"; others, with --style: {name_all(others)}" if others else ""
    terminal.say(f"Style   {chosen}{more}", err=True)
    return chosen


def _refuse_pictures_as_styles(given):
    """Answer everybody's first guess, a style that is a picture and no model, with the commands that do it.

    Raises:
        UsageError: A style is a picture, or a folder of pictures that holds no model.
    """
    from shlex import join

    from stylezoo.runs import styles

    named = [style for style, _ in given.styles if not styles.file_of(style)]
    for style in (style for style in named if _is_painting(Path(style))):
        photo, run = str(given.pictures[0]), str(RunFolder.new(Path(style).stem))
        train = join(["stylezoo", "train", "--source", photo, "--style", style, "-o", run])
        draw = join(["stylezoo", "stylize", photo, "--model", run])
        what = "a folder of pictures" if Path(style).is_dir() else "a picture"
        raise UsageError(f"'{style}' is {what}, no model. Train one on it, which takes some minutes: {train} && {draw}")


def _is_painting(path):
    """Whether a path is a picture, or a folder of pictures that is no run."""
    from stylezoo.pictures import files, folders

    if path.is_dir():
        return not RunFolder(path).is_run and bool(folders.pictures(path).pictures)
    return path.is_file() and path.suffix.lower() in files.SUFFIXES


def _check_masks(given):
    """Check that the masks are pictures.

    Raises:
        BadPicture: One is not.
    """
    for reason in redrawing.unreadable(mask for _, mask in given.masks).values():
        raise BadPicture(reason)


def _drawing(given, model):
    """A function that draws one picture, for `redrawing.redraw`."""
    painter = _painter_of_model(given, model) if model else _painter_of_styles(given)
    if given.sweep:
        names = [style for style, _ in given.styles]
        return partial(redrawing.draw_sheet, painter, names, given.strength, given.sweep, given.size)
    weights = redrawing.weights(given.styles)
    ready = painter(weights, given.strength)
    _introduce(given, weights, ready)
    return partial(redrawing.draw_picture, ready, given.size)


def _look(given):
    return {name: getattr(given, name) for name in ("seed", "keep_colour", "stroke", "tile", "steady")}


def _painter_of_model(given, model):
    """A function from the styles' weights and the strength to a painter with a model."""
    from stylezoo.runs import loading

    drawing = loading.drawing(model)
    names = [style for style, _ in given.styles]

    def painter(weights, strength):
        styles = list(zip(names, weights, strict=True)) or None
        return drawing.painter(styles=styles, masks=list(given.masks), strength=strength, **_look(given))

    return painter


def _painter_of_styles(given):
    """Likewise with ready-made styles and runs, each a model of its own."""
    from stylezoo.runs.mixing import Mixture

    with _hint_at_model(BadRun):
        mixture = Mixture([style for style, _ in given.styles], given.masks)
    redrawing.say_if_joined(mixture)

    def painter(weights, strength):
        with _hint_at_model(BadOptions):
            return mixture.painter(weights, strength, **_look(given))

    return painter


@contextmanager
def _hint_at_model(kind):
    """A context in which errors of a kind end with the meaning of --style without --model."""
    try:
        yield
    except kind as error:
        raise type(error)(f"{error} The style of a model of several, or a picture as a style, needs --model.") from None


def _introduce(given, weights, painter):
    """Print the shares of several styles, and whether the model itself cannot draw at less strength."""
    shares = {}
    for (style, _), weight in zip(given.styles, weights, strict=True):
        shares[style] = shares.get(style, 0) + weight / sum(weights)
    if len(shares) > 1:
        terminal.say(f"Styles  {name_all(f'{style} {share:.0%}' for style, share in shares.items())}", err=True)
    if 0 < given.strength < 1 and not painter.has_strength:
        terminal.say(
            f"The model cannot draw at less strength: its result is blended with the picture at {given.strength:.0%}.",
            err=True,
        )
