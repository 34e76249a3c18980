"""The built-in samples: photographs, and pictures in three styles that are drawn here."""

import os
from functools import lru_cache, wraps
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from stylezoo.errors import MissingExtra

__all__ = ["painting", "photograph", "photographs", "styles", "write"]

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")  # in the wheel of scikit-image; public domain or CC0
SIZE = 512  # side of the pictures that are drawn here, in pixels
CANVAS = 2 * SIZE  # the side that is drawn on, then halved, which smooths edges

NIGHT_SEED = 7
BLUES = [(12, 22, 66), (20, 44, 60), (26, 62, 132), (58, 112, 172), (84, 120, 88), (132, 178, 196)]
NIGHT = np.array([*BLUES, (236, 196, 66), (250, 228, 146)])  # from dark to light
LAYERS = [(30, 2500, 56), (18, 6500, 44), (8, 11000, 32)]  # width, number and length of strokes, in canvas pixels
STEP = 6  # pixels of the canvas from one point of a stroke to the next

INK_SEED = 4
INK, PAPER = (44, 26, 20), (242, 231, 206)
RIDGES = [(0.36, 6), (0.5, 5), (0.66, 4), (0.84, 4)]  # hills from far to near: height of the ridge, number of bends
HATCHINGS = [(20, 0.86), (110, 0.46), (65, 0.22)]  # angle in degrees, and the lightest tone that is hatched
SPACING = 15  # pixels of the canvas from one line of a hatching to the next

MOSAIC_SEED = 5
REDS = [(112, 22, 44), (164, 34, 34), (208, 54, 34)]
FIRE = np.array([*REDS, (44, 124, 84), (234, 112, 36), (132, 170, 70), (246, 176, 58), (252, 226, 148)])
SKETCH_BLUR = 3  # pixels of a sample photograph
SKETCH_LIGHT = 8.0  # added to all levels, so that black areas become paper as well
STONE, JOINT = 30, 5  # pixels of the canvas from one stone to the next, and between two of them
GROUT = (50, 28, 30)


def _once(draw):
    """A function that draws a picture when it is first called, and gives a copy each time."""
    drawn = lru_cache(draw)
    return wraps(draw)(lambda: drawn().copy())


def photograph() -> Image.Image:
    """The source of the sample pair: Eileen Collins, NASA, public domain, 512 x 512 pixels.

    Raises:
        MissingExtra: scikit-image, whose wheel holds the picture, is not installed.

    Examples:
        >>> from stylezoo.pictures import samples
        >>> samples.photograph().mode
        'RGB'
    """
    return _photograph("astronaut")


def photographs() -> dict[str, Image.Image]:
    """The sample photographs by name: an astronaut, a cat, a cup of coffee, a rocket at dusk; 300 to 512 pixels high.

    Raises:
        MissingExtra: scikit-image, whose wheel holds the pictures, is not installed.

    Examples:
        >>> from stylezoo.pictures import samples
        >>> len(samples.photographs()) > 1
        True
    """
    return {name: _photograph(name) for name in PHOTOGRAPHS}


def sketches() -> dict[str, Image.Image]:
    """The sample photographs as pencil sketches, by name: paper is white, and edges and textures are grey.

    Raises:
        MissingExtra: As `photographs`.
    """
    return {name: _sketched(picture.convert("L")) for name, picture in photographs().items()}


def styles() -> dict[str, Image.Image]:
    """The sample styles by name, each 512 x 512 pixels: `night`, `ink` and `mosaic`.

    Examples:
        >>> from stylezoo.pictures import samples
        >>> len(samples.styles()) > 1
        True
    """
    return {"night": painting(), "ink": drawing(), "mosaic": mosaic()}


def write(folder: str | Path) -> list[Path]:
    """Write every sample as `folder`/photographs/NAME.png or `folder`/styles/NAME.png; returns the paths.

    Raises:
        MissingExtra: scikit-image, whose wheel holds the photographs, is not installed.

    Examples:
        >>> from stylezoo.pictures import samples
        >>> all(path.exists() for path in samples.write("samples"))
        True
    """
    written = []
    for kind, pictures in (("photographs", photographs()), ("styles", styles())):
        inner = Path(os.path.expanduser(folder)) / kind
        inner.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            written.append(inner / f"{name}.png")
            picture.save(written[-1])
    return written


@_once
def painting() -> Image.Image:
    """The style of the sample pair: a night of swirling strokes in blues and yellows, 512 x 512 pixels.

    Examples:
        >>> from stylezoo.pictures import samples
        >>> samples.painting().mode
        'RGB'
    """
    random = np.random.default_rng(NIGHT_SEED)
    flow, tones = _sky(random)
    slope_y, slope_x = np.gradient(flow)
    steepness = np.hypot(slope_x, slope_y) + 1e-9
    along = np.stack([slope_y / steepness, -slope_x / steepness], axis=-1)  # unit vectors along lines of equal flow
    ground = NIGHT[(tones * (len(NIGHT) - 1)).astype(int)]
    image = Image.fromarray(ground.astype("uint8"))
    draw = ImageDraw.Draw(image)
    for width, strokes, length in LAYERS:
        _paint(draw, random, along, tones, width, strokes, length)
    return _halved(image)


@_once
def drawing() -> Image.Image:
    """Hills under a low sun in brown ink on paper, hatched, and hatched across in the dark; 512 x 512 pixels."""
    random = np.random.default_rng(INK_SEED)
    tones, bend, ink = _hills(random)
    x, y = _coordinates()
    jitter = 0.0012 * _clouds(random, 90) + 0.0016 * _clouds(random, 30)  # freehand lines are not quite straight
    pressure = 0.06 * _clouds(random, 120)
    for degrees, lightest in HATCHINGS:
        angle = np.radians(degrees)
        across = (x * np.cos(angle) + y * np.sin(angle) + bend + jitter) * CANVAS / SPACING  # a line at every half
        width = np.clip(0.12 + 0.72 * (1 - tones / lightest), 0, 0.46) + pressure
        ink |= (tones < lightest) & (2 * np.abs(across % 1 - 0.5) < width)
    grain = 6 * _clouds(random, 200) + 3 * _clouds(random, 60)
    return _halved(_image(np.where(ink[..., None], INK, PAPER) + grain[..., None]))


@_once
def mosaic() -> Image.Image:
    """Flowers of small stones in reds, orange, green and yellow between dark joints, 512 x 512 pixels."""
    random = np.random.default_rng(MOSAIC_SEED)
    tones = _flowers(random)
    count = CANVAS // STONE + 3
    grid = np.stack(np.mgrid[0:count, 0:count][::-1], axis=-1) - 0.5 + random.uniform(-0.34, 0.34, (count, count, 2))
    middles = (grid * STONE).reshape(-1, 2)  # (stones, 2): x and y, row by row; the first row lies above the canvas
    colours = _colours(random, FIRE, _at(tones, middles), 0.6)
    owner, gap = _nearest(middles, count)
    return _halved(_image(np.where((gap < JOINT)[..., None], GROUT, colours[owner])))


def check_installed() -> None:
    """Check that the sample photographs are installed, without reading them.

    Raises:
        MissingExtra: scikit-image, whose wheel holds them, is not installed.
    """
    if find_spec("skimage") is None:
        raise MissingExtra(
            "The sample photograph comes with scikit-image, which is not installed: "
            "'pip install scikit-image', or pass pictures of your own with --source and --style."
        )


def _photograph(name):
    check_installed()
    from skimage import data

    return Image.fromarray(getattr(data, name)())


def _sky(random):
    """The potential whose contour lines the strokes follow, and the tones, equalised to [0, 1]."""
    x, y = _coordinates()
    flow = 0.35 * _clouds(random, 5)
    tones = 0.9 * (1 - y) + 0.35 * _clouds(random, 6)
    for _ in range(7):  # the stars: a swirl in the flow, a light in the tones
        centre_x, centre_y = random.random(), 0.7 * random.random()
        radius = random.uniform(0.05, 0.14)
        distance = np.hypot(x - centre_x, y - centre_y)
        flow += random.choice([-1, 1]) * 9.6 * radius * np.exp(-((distance / radius) ** 2))
        tones += 2.2 * np.exp(-((distance / (0.55 * radius)) ** 2))
    return flow, _equalised(tones)


def _hills(random):
    """Equalised tones, how far the lines of a hatching are bent, and where outlines are inked."""
    x, y = _coordinates()
    sun = np.hypot(x - 0.7, y - 0.2)
    tones = 0.5 + 0.35 * y + 0.25 * _clouds(random, 5) + 0.9 * np.exp(-((sun / 0.2) ** 2))
    tones[sun < 0.11] = 2.5
    bend = 0.03 * _clouds(random, 5)
    ink = np.abs(sun - 0.11) < 0.0035
    for number, (height, bends) in enumerate(RIDGES):  # each hides what is behind it
        below = y - height - 0.055 * (1 + 0.3 * number) * _clouds(random, bends)[0]
        hill = below > 0
        tones = np.where(hill, np.clip(5.5 * below, 0, 1.4) - 0.1 + 0.22 * _clouds(random, 9), tones)
        bend = np.where(hill, 0.03 * _clouds(random, 5) - (-1) ** number * 0.2 * below, bend)
        ink = np.where(hill, False, ink) | (np.abs(below) < 0.003 + 0.0015 * number)
    return _equalised(tones), bend, ink


def _flowers(random):
    """Tones, equalised to [0, 1]: rings of light and dark around seven places."""
    x, y = _coordinates()
    tones = 0.5 * _clouds(random, 6) + 0.25 * _clouds(random, 14)
    for _ in range(7):
        centre_x, centre_y = random.random(2)
        distance = np.hypot(x - centre_x, y - centre_y) / random.uniform(0.06, 0.13)
        tones += np.where(distance < 2.2, 2.2 * np.cos(np.pi * distance) * np.exp(-0.3 * distance), 0)
    return _equalised(tones)


def _coordinates():
    """x and y of every pixel of the canvas, in [0, 1)."""
    y, x = np.mgrid[0:CANVAS, 0:CANVAS] / CANVAS
    return x, y


def _clouds(random, cells):
    """Smooth noise: a few random numbers, enlarged."""
    grid = Image.fromarray(random.standard_normal((cells, cells)).astype("float32"))
    return np.asarray(grid.resize((CANVAS, CANVAS), Image.Resampling.BICUBIC))


def _equalised(tones):
    """The tones in [0, 1), light and dark with the same share of the canvas."""
    ranks = tones.ravel().argsort().argsort()
    return ranks.reshape(tones.shape) / tones.size


def _paint(draw, random, along, tones, width, strokes, length):
    """One layer of strokes along the flow, with round ends, each in the colour of the tone in its middle."""
    middles = random.random((strokes, 2)) * (CANVAS - 1)  # (strokes, 2): x and y
    colours = _colours(random, NIGHT, _at(tones, middles), 0.8)
    count = length // (2 * STEP)
    before, after = _follow(along, middles, -STEP, count), _follow(along, middles, STEP, count)
    paths = np.stack([*reversed(before), middles, *after], axis=1)  # (strokes, points, 2)
    for path, colour in zip(paths, np.clip(colours, 0, 255).astype(int).tolist(), strict=True):
        draw.line(path.ravel().tolist(), tuple(colour), width, joint="curve")
        for end in (path[0], path[-1]):
            draw.circle(tuple(end), width / 2 - 1, tuple(colour))


def _colours(random, palette, tones, spread):
    """A colour of the palette for each tone, randomly some steps lighter or darker, with noise in each channel."""
    shades = tones * len(palette) + random.normal(0, spread, len(tones))
    colours = palette[np.clip(shades, 0, len(palette) - 1).astype(int)]
    return colours + random.normal(0, 12, (len(tones), 3))


def _follow(along, points, step, count):
    """The next points along the flow, or against it where the step is negative: a list of arrays (strokes, 2)."""
    found = []
    for _ in range(count):
        points = points + step * _at(along, points)
        found.append(points)
    return found


def _at(field, points):
    """The values of a field at points (strokes, 2) of x and y; outside of it those of its border."""
    x, y = np.clip(points, 0, CANVAS - 1).astype(int).T
    return field[y, x]


def _nearest(middles, count):
    """The stone that is nearest to each pixel of the canvas, and by how many pixels the next one is farther."""
    y, x = np.mgrid[0:CANVAS, 0:CANVAS]
    cell = (y // STONE + 1) * count + x // STONE + 1
    owner, first, second = np.zeros_like(cell), np.full(cell.shape, np.inf), np.full(cell.shape, np.inf)
    for neighbour in (row * count + column for row in (-1, 0, 1) for column in (-1, 0, 1)):
        stone = cell + neighbour
        distance = np.hypot(x - middles[stone, 0], y - middles[stone, 1])
        closer = distance < first
        second = np.where(closer, first, np.minimum(second, distance))
        owner, first = np.where(closer, stone, owner), np.where(closer, distance, first)
    return owner, second - first


def _image(pixels):
    """Pixels of any numbers as an image."""
    return Image.fromarray(np.clip(pixels, 0, 255).astype("uint8"))


def _sketched(grey):
    """A grey picture divided by its own blur, as RGB: what is as light as its surroundings becomes white."""
    around = np.asarray(grey.filter(ImageFilter.GaussianBlur(SKETCH_BLUR)), float)
    return _image(255 * (np.asarray(grey) + SKETCH_LIGHT) / (around + SKETCH_LIGHT)).convert("RGB")


def _halved(image):
    """The canvas at the size of a sample."""
    return image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
