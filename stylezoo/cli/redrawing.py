"""Redraw one picture after another into files; a bad one does not stop the others."""

import errno
import sys
from contextlib import nullcontext

import click

from stylezoo.cli import terminal
from stylezoo.cli.options import Refusal
from stylezoo.errors import BadPicture, MissingExtra, StylezooError, UsageError, name_all

SHEET_SIDE = 384  # pixels of the shorter side of a picture in a sheet, unless a size is given
strength = click.option(
    "--strength",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="From 0, the picture as it is, to 1, full style.",
)
SOME_WEIGHTS = Refusal(
    lambda given: len({weight is None for _, weight in given.styles}) > 1,
    "Give each --style a weight, or none of them: --style monet=0.6 --style song=0.4.",
)
FULL = (errno.ENOSPC, errno.EDQUOT)  # errors of a full disk


def weights(styles):
    """The weights of styles as `WeightedStyle` reads them: 1 where none is given."""
    return [1.0 if weight is None else weight for _, weight in styles]


def say_if_joined(mixture):
    """Print that several networks draw the picture, and why, where a `Mixture` is not one network."""
    if mixture.reason:
        terminal.say(f"Each style draws the picture, and the results are joined. {mixture.reason}", err=True)


def unreadable(pictures, size=None, channels=3):
    """The files that do not exist or are no pictures and no films, each with the reason; no picture is decoded.

    With a `size`, the shorter side to which they will be scaled, they may be larger. Those for a model of more
    `channels` than Pillow reads are looked at when they are drawn.
    """
    from stylezoo.pictures import files, films, scans

    failed = {}
    for picture in pictures if channels in scans.WHOLE else ():
        try:
            with nullcontext(films.Film(picture)) if films.is_film(picture) else files.reading(picture, size):
                pass
        except (BadPicture, MissingExtra) as error:
            failed[picture] = str(error)
    return failed


def redraw(files, draw, failed, names_results=True):
    """Draw pictures, with a progress bar in a terminal, and print the path of each result.

    Args:
        files: The pictures, each with the file of its result.
        draw: A function of the picture, the file of its result, and a function for the progress within this picture:
            the number of parts that are done, and the number of all parts. It returns the frames or pages of the
            picture in words if only the first was drawn, else "".
        failed: The pictures that cannot be drawn, each with the reason; those that fail here are added.
        names_results: Whether the paths are printed.

    Returns:
        Whether all were tried; false if the disk is full.
    """
    several, tried = {}, 0
    try:
        with terminal.picture_progress(len(files), "redrawing") as show:
            for tried, (picture, left) in enumerate(_attempts(files, draw, failed, show), 1):
                if left is None:
                    continue
                show(tried)
                if left:
                    several[picture] = left
                if names_results and (not sys.stderr.isatty() or len(files) == 1):
                    terminal.say(files[picture])
    except KeyboardInterrupt:
        _end_interrupted(tried, files, failed)
    if tried < len(files):
        return False
    if several:
        _print_first_used(several, files)
    return True


def _attempts(files, draw, failed, show):
    """Try one picture after another until the disk is full: each with what `draw` returned, None if it has failed."""
    for number, (picture, target) in enumerate(files.items()):
        left = None
        if picture not in failed:
            show(number, picture.name)
            try:
                left = draw(picture, target, lambda done, count, number=number: show(number + done / count))
            except UsageError:  # a fault of the command line, not of the picture
                raise
            except (StylezooError, MemoryError, OSError) as error:
                failed[picture] = _reason(picture, target, error)
                if getattr(error, "errno", None) in FULL:
                    return
        yield picture, left


def _print_first_used(several, files):
    """Print that only the first frame or page of these files was drawn."""
    from stylezoo.pictures import animation

    line = animation.first_used(several)
    if any("frames" in said and files[file].suffix not in animation.SUFFIXES for file, said in several.items()):
        line += " Results that end in .gif, .png or .webp have all frames."
    terminal.say(line, err=True)


def end_if_failed(files, failed, tried_all):
    """Print which pictures failed and why, and end with exit code 1 if any did."""
    if not failed:
        return
    _print_reasons(failed)
    if tried_all and len(files) > 1:
        terminal.say(f"{len(failed)} of {len(files)} failed: {name_all(failed)}", fg="red", err=True)
    sys.exit(1)


def draw_picture(painter, size, picture, target, progress):
    """Write the result of a picture, a film or an animation, its shorter side scaled to `size` pixels first if given.

    Args:
        painter: The painter.
        size: Pixels, or None.
        picture: The file of the picture.
        target: The file of the result.
        progress: As for `redraw`.

    Returns:
        As `draw` of `redraw`.
    """
    from dataclasses import replace

    from stylezoo.drawing import films as drawn_films
    from stylezoo.pictures import animation, arrays, files, films

    film = films.opened(picture) if films.is_writable(target) or films.is_film(picture) else None
    if film is None:
        single = replace(painter, steady=False, on_tile=progress)
        given = arrays.opened_at(picture, size, painter.channels) if size else picture
        files.save_picture(single.paint(given), target)
        return animation.several(picture)
    if lost := film.left_out(target):
        terminal.say(lost, err=True)
    drawn_films.redraw(painter, film, target, size, progress)
    return ""


def draw_sheet(painter, names, strength, steps, size, picture, target, progress):
    """Write a sheet of a picture between styles, or of increasing strength, each result with a title above it.

    Args:
        painter: A function from the styles' weights and the strength to a painter.
        names: The styles.
        strength: The strength; with fewer than two styles that of the last result.
        steps: The number of results from one style to the next, both ends included.
        size: The shorter side of each result, in pixels; None: at most `SHEET_SIDE`.
        picture: The file of the picture.
        target: The file of the sheet.
        progress: As for `redraw`; a sheet is one part.

    Returns:
        As `draw` of `redraw`.
    """
    from stylezoo.pictures import animation, arrays, files, sheets

    titles, looks = _looks(names, strength, steps)
    image = files.open_picture(picture, shorter=size or SHEET_SIDE)
    image = arrays.scaled(image, size or min(SHEET_SIDE, *image.size), copies=sum(map(len, looks)))
    rows = [[painter(*look).paint(image) for look in row] for row in looks]
    files.save_picture(sheets.contact_sheet(rows, titles, image.height), target)
    return animation.several(picture)


def _looks(names, strength, steps):
    """The rows of a sheet: titles, and pairs of the styles' weights and a strength."""
    from stylezoo.drawing import fusion

    if len(names) < 2:
        strengths = [strength * step / (steps - 1) for step in range(steps)]
        return [[f"{each:.0%}" for each in strengths]], [[([1.0] * len(names), each) for each in strengths]]
    mixtures = fusion.sweep(len(names), steps)
    titles = [[fusion.caption(names, weights) for weights in row] for row in mixtures]
    return titles, [[(weights, strength) for weights in row] for row in mixtures]


def _reason(picture, target, error):
    """Why a picture failed, in one line."""
    if isinstance(error, MemoryError):
        return f"There is not enough memory for '{picture}'; take a smaller --size or --tile."
    if isinstance(error, OSError):
        return f"'{target}' cannot be written: {error.strerror or error}."
    return str(error)


def _end_interrupted(tried, files, failed):
    from stylezoo.pictures import film_writing

    terminal.say(err=True)
    _print_reasons(failed)
    terminal.say(f"Stopped after {tried} of {len(files)}; what is written stays.", err=True)
    if any(film_writing.folder_of(target).is_dir() for target in files.values()):
        terminal.say("The same command goes on with the film where it stopped.", err=True)
    sys.exit(terminal.INTERRUPTED)


def _print_reasons(failed):
    for reason in failed.values():
        terminal.say(f"Error: {reason}", fg="red", err=True)
