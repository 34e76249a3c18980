"""The built-in sample pair: a real photograph, and a painting that is drawn here, stroke by stroke."""

import numpy as np
from PIL import Image, ImageDraw

from stylezoo.errors import MissingExtra

SIZE = 512  # side of both pictures, in pixels
CANVAS = 2 * SIZE  # the side that is painted on, then halved: edges of strokes come out smooth
SEED = 7
BLUES = [(12, 22, 66), (20, 44, 60), (26, 62, 132), (58, 112, 172), (84, 120, 88), (132, 178, 196)]
PALETTE = np.array([*BLUES, (236, 196, 66), (250, 228, 146)])  # from dark to light
LAYERS = [(30, 2500, 56), (18, 6500, 44), (8, 11000, 32)]  # on the canvas: width and number of strokes, their length
STEP = 6  # pixels of the canvas from one point of a stroke to the next


def photograph() -> Image.Image:
    """The source of the sample pair: Eileen Collins, NASA, public domain, 512 x 512 pixels.

    Raises:
        MissingExtra: scikit-image, whose wheel holds the picture, is not installed.
    """
    try:
        from skimage import data
    except ImportError:
        raise MissingExtra(
            "The sample photograph comes with scikit-image, which is not installed: "
            "'pip install \"stylezoo[samples]\"', or pass pictures of your own with --source and --style."
        ) from None
    return Image.fromarray(data.astronaut())


def painting() -> Image.Image:
    """The style of the sample pair: a night of swirling strokes in blues and yellows, 512 x 512 pixels."""
    random = np.random.default_rng(SEED)
    flow, tones = _composition(random)
    slope_y, slope_x = np.gradient(flow)
    steepness = np.hypot(slope_x, slope_y) + 1e-9
    along = np.stack([slope_y / steepness, -slope_x / steepness], axis=-1)  # unit vectors along lines of equal flow
    ground = PALETTE[(tones * (len(PALETTE) - 1)).astype(int)]
    image = Image.fromarray(ground.astype("uint8"))
    draw = ImageDraw.Draw(image)
    for width, strokes, length in LAYERS:
        _paint(draw, random, along, tones, width, strokes, length)
    return image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def _composition(random):
    """The potential whose contour lines the strokes follow, and the tones, equalised to [0, 1]."""
    y, x = np.mgrid[0:CANVAS, 0:CANVAS] / CANVAS
    flow = 0.35 * _clouds(random, 5)
    tones = 0.9 * (1 - y) + 0.35 * _clouds(random, 6)
    for _ in range(7):  # the stars: a whirl in the flow, a light in the tones
        centre_x, centre_y = random.random(), 0.7 * random.random()
        radius = random.uniform(0.05, 0.14)
        distance = np.hypot(x - centre_x, y - centre_y)
        flow += random.choice([-1, 1]) * 9.6 * radius * np.exp(-((distance / radius) ** 2))
        tones += 2.2 * np.exp(-((distance / (0.55 * radius)) ** 2))
    ranks = tones.ravel().argsort().argsort()  # equalised: light and dark get the same share of the canvas
    return flow, ranks.reshape(tones.shape) / tones.size


def _clouds(random, cells):
    """Smooth noise: a few random numbers, enlarged."""
    grid = Image.fromarray(random.standard_normal((cells, cells)).astype("float32"))
    return np.asarray(grid.resize((CANVAS, CANVAS), Image.Resampling.BICUBIC))


def _paint(draw, random, along, tones, width, strokes, length):
    """One layer of strokes along the flow, with round ends, each in the colour of the tone in its middle."""
    middles = random.random((strokes, 2)) * (CANVAS - 1)  # (strokes, 2): x and y
    shades = _at(tones, middles) * len(PALETTE) + random.normal(0, 0.8, strokes)
    colours = PALETTE[np.clip(shades, 0, len(PALETTE) - 1).astype(int)] + random.normal(0, 12, (strokes, 3))
    count = length // (2 * STEP)
    before, after = _follow(along, middles, -STEP, count), _follow(along, middles, STEP, count)
    paths = np.stack([*reversed(before), middles, *after], axis=1)  # (strokes, points, 2)
    for path, colour in zip(paths, np.clip(colours, 0, 255).astype(int).tolist(), strict=True):
        draw.line(path.ravel().tolist(), tuple(colour), width, joint="curve")
        for end in (path[0], path[-1]):
            draw.circle(tuple(end), width / 2 - 1, tuple(colour))


def _follow(along, points, step, count):
    """The next points along the flow, or against it where the step is negative: a list of arrays (strokes, 2)."""
    found = []
    for _ in range(count):
        points = points + step * _at(along, points)
        found.append(points)
    return found


def _at(field, points):
    """The values of a field at points (strokes, 2) of x and y; beyond its border those of the border."""
    x, y = np.clip(points, 0, CANVAS - 1).astype(int).T
    return field[y, x]
