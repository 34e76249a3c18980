"""The built-in sample pair: a real photograph, and a painting that is drawn here, stroke by stroke."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from stylezoo.errors import MissingExtra

SIZE = 512  # side of both pictures, in pixels
SEED = 7
PALETTE = [(12, 22, 66), (20, 44, 60), (26, 62, 132), (58, 112, 172), (84, 120, 88), (132, 178, 196), (236, 196, 66), (250, 228, 146)]
LAYERS = [(15, 2500, 28), (9, 6500, 22), (4, 11000, 16)]  # stroke width in pixels, strokes, length: broad to fine


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


@cache
def painting() -> Image.Image:
    """The style of the sample pair: a night of swirling strokes in blues and yellows, 512 x 512 pixels."""
    random = np.random.default_rng(SEED)
    flow, tones = _composition(random)
    slope_y, slope_x = np.gradient(flow)
    length = np.hypot(slope_x, slope_y) + 1e-6
    along = np.stack([slope_y / length, -slope_x / length], axis=-1)  # unit vectors along the lines of equal flow
    image = Image.new("RGB", (SIZE, SIZE), PALETTE[0])
    draw = ImageDraw.Draw(image)
    for width, strokes, reach in LAYERS:
        for _ in range(strokes):
            _stroke(draw, random, along, tones, width, reach)
    return image


def _composition(random):
    """The potential whose contour lines the strokes follow, and the tones, equalised to [0, 1]."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
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
    return np.asarray(grid.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def _stroke(draw, random, along, tones, width, reach):
    """One brush stroke from a random point along the flow, in the colour of the tone it begins on."""
    x, y = random.random(2) * (SIZE - 1)
    shade = tones[int(y), int(x)] * len(PALETTE) + random.normal(0, 0.8)
    colour = PALETTE[int(np.clip(shade, 0, len(PALETTE) - 1))] + random.normal(0, 12, 3)
    points = [(x, y)]
    for _ in range(reach // 4):
        step_x, step_y = along[int(np.clip(y, 0, SIZE - 1)), int(np.clip(x, 0, SIZE - 1))]
        x, y = x + 4 * step_x, y + 4 * step_y
        points.append((x, y))
    draw.line(points, tuple(int(c) for c in np.clip(colour, 0, 255)), width, joint="curve")
