"""The figures of known pictures are those that NumPy computes by hand; intervals cover what they should."""

import numpy as np
import pytest
from stylezoo_builtins.metrics.border import Border
from stylezoo_builtins.metrics.content import Content
from stylezoo_builtins.metrics.grid import Grid
from stylezoo_builtins.metrics.palette import Palette
from stylezoo_builtins.metrics.strokes import Strokes
from stylezoo_builtins.metrics.structure import Structure
from stylezoo_builtins.metrics.style import Style

from stylezoo.checks.subjects import narrow_vgg, pictures
from stylezoo.contract import DescribedMetric, MeanMetric
from stylezoo.evaluation.features import Features

SIDE = 96


@pytest.fixture(scope="module")
def features():
    return Features(narrow_vgg())


@pytest.fixture
def metrics(features):
    """One of each of the built-in metrics, by name."""
    known = [Border(), Content(features), Grid(), Palette(), Strokes(), Structure(), Style(features)]
    return {type(each).__name__.lower(): each for each in known}


def measured(metric, sources, styles, fakes):
    metric.update_source(sources)
    metric.update_style(styles)
    metric.update_state(fakes)
    return metric.result()


def smooth(count=3):
    return pictures(count, SIDE, SIDE)


def waves(period, levels, along=0):
    """A picture that is a wave with this period, in pixels, and this amplitude, in levels of 255."""
    wave = levels / 127.5 * np.cos(2 * np.pi * np.arange(SIDE) / period)
    grid = np.broadcast_to(wave[:, None] if along else wave, (SIDE, SIDE))
    return np.repeat(grid[..., None], 3, axis=-1).astype("float32")


def test_the_source_itself_has_kept_everything(metrics):
    sources, styles = smooth()
    found = {name: measured(metric, sources, styles, sources) for name, metric in metrics.items()}
    assert [found[name] for name in ("border", "content", "grid")] == [0, 0, 0]
    assert found["structure"] == pytest.approx(0, abs=1e-6)
    assert found["palette"] > 1
    assert found["strokes"] > 1


def test_the_style_itself_has_its_colours_and_strokes(metrics):
    sources, styles = smooth()
    found = {name: measured(metric, sources, styles, styles) for name, metric in metrics.items()}
    assert (found["palette"], found["strokes"]) == (0, 0)
    assert found["style"] < 0.1
    assert found["structure"] > 0.5


def test_noise_has_lost_everything_and_gained_nothing(metrics):
    sources, styles = smooth()
    noise = np.random.default_rng(1).uniform(-1, 1, sources.shape).astype("float32")
    matched = (sources + styles) / 2
    for name in ("structure", "strokes", "style"):
        noisy = measured(metrics[name], sources, styles, noise)
        metrics[name].reset_state()
        metrics[name].update_state(matched)
        assert noisy > metrics[name].result(), name
    assert measured(Structure(), sources, styles, noise) == pytest.approx(1, abs=0.1)


def sorted_distance(ones, others, directions):
    """The sliced Wasserstein distance of as many points, by sorting."""
    return np.abs(np.sort(ones @ directions, axis=0) - np.sort(others @ directions, axis=0)).mean()


def test_palette_is_the_distance_of_sorted_colours():
    random = np.random.default_rng(2)
    fakes, styles = (random.uniform(-1, high, (2, 64, 64, 3)).astype("float32") for high in (1, 0.2))
    metric = Palette()
    clouds = [(each[:, ::2, ::2].reshape(-1, 3) + 1) / 2 for each in (fakes, styles)]
    expected = 100 * sorted_distance(*clouds, metric.slices.directions)
    assert measured(metric, fakes, styles, fakes) == pytest.approx(expected, rel=0.01)


def test_strokes_are_the_distance_of_sorted_patches():
    random = np.random.default_rng(3)
    fakes, styles = random.uniform(-1, 1, (2, 1, 40, 40, 3)).astype("float32")
    styles[:, :, ::2] = styles[:, :, 1::2]  # twice as broad
    metric, expected = Strokes(), []
    ones, others = fakes[0], styles[0]
    for stride in (4, 2, 1):
        clouds = []
        for picture in (ones, others):
            places = range(0, len(picture) - 6, stride)
            patches = np.stack([picture[y : y + 7, x : x + 7].transpose(2, 0, 1) for y in places for x in places])
            clouds.append((patches - patches.mean(axis=(2, 3), keepdims=True)).reshape(len(patches), -1) / 2)
        expected.append(sorted_distance(*clouds, metric.slices.directions))
        ones, others = ((e[::2, ::2] + e[1::2, ::2] + e[::2, 1::2] + e[1::2, 1::2]) / 4 for e in (ones, others))
    assert measured(metric, fakes, styles, fakes) == pytest.approx(100 * np.mean(expected), rel=0.02)


def test_strokes_of_pictures_that_are_too_small_for_all_sizes_or_for_one():
    small = np.random.default_rng(4).uniform(-1, 1, (1, 9, 9, 3)).astype("float32")
    assert measured(Strokes(), small, small, small) == 0
    with pytest.raises(ValueError, match="fewer than 7 pixels"):
        Strokes().describe(small[0, :5])


@pytest.mark.parametrize("period", [2, 4, 8])
@pytest.mark.parametrize("along", [0, 1])
def test_a_grid_has_the_amplitude_of_its_wave(period, along):
    plain = np.random.default_rng(0).normal(0, 0.02, (2, SIDE, SIDE, 3)).astype("float32")
    levels = 3 if period == 2 else 6  # a wave with a period of 2 is its own mirror in the spectrum, and counts twice
    assert measured(Grid(), plain, plain, plain + waves(period, levels, along)) == pytest.approx(6, rel=0.1)


def test_a_grid_that_the_source_has_is_no_fault_and_one_of_another_period_is_none():
    sources, styles = smooth(2)
    half = 0.5 * sources
    assert measured(Grid(), half + waves(4, 6), styles, half + waves(4, 6)) == 0
    assert measured(Grid(), half, styles, half + waves(7, 6)) < 1.5


def test_a_frame_has_the_difference_of_its_colour():
    sources, styles = smooth()
    framed = 0.5 * sources
    framed[:, :12] += 0.4
    framed[:, -12:] += 0.4
    framed[:, :, :12] += 0.4
    framed[:, :, -12:] += 0.4
    framed[:, :12, :12] -= 0.4
    framed[:, :12, -12:] -= 0.4
    framed[:, -12:, :12] -= 0.4
    framed[:, -12:, -12:] -= 0.4
    assert measured(Border(), 0.5 * sources, styles, framed) == pytest.approx(0.4, abs=0.05)


def test_a_frame_without_contrast_has_the_logarithm_of_what_is_lost():
    sources, styles = smooth()
    framed = sources.copy()
    for frame in (framed[:, :12], framed[:, -12:], framed[:, :, :12], framed[:, :, -12:]):
        frame *= 0.5
    assert measured(Border(), sources, styles, framed) == pytest.approx(np.log(2), abs=0.12)


def test_structure_does_not_see_light_contrast_and_colour_and_a_negative_is_its_opposite():
    sources, styles = smooth()
    other = 0.5 * sources + 0.3
    other[..., 0] += 0.1
    assert measured(Structure(), sources, styles, other) == pytest.approx(0, abs=0.02)
    assert measured(Structure(), sources, styles, -sources) > 1.7


def test_content_is_the_relative_distance_of_features(features):
    sources, styles = smooth(2)
    fakes = (sources + styles) / 2
    each = [(features(a)["relu3_1"], features(b)["relu3_1"]) for a, b in zip(fakes, sources, strict=True)]
    expected = np.mean([np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in each])
    assert measured(Content(features), sources, styles, fakes) == pytest.approx(expected, rel=1e-5)


def unbiased(fakes, styles):
    """The kernel distance by loops over all pairs of parts, from descriptions (pictures, parts, numbers)."""
    spread = styles.std(axis=(0, 1))
    scale = np.sqrt(len(spread)) * (spread + 0.1 * spread.mean())
    fakes, styles = fakes / scale, styles / scale
    parts = styles.reshape(-1, styles.shape[-1])
    width = np.median([((a - b) ** 2).sum() for a in parts for b in parts])

    def mean(ones, others, same):
        pairs = [
            1 / (1 + ((a - b) ** 2).sum() / width)
            for i, one in enumerate(ones)
            for j, other in enumerate(others)
            if not (same and i == j)
            for a in one
            for b in other
        ]
        return np.mean(pairs)

    return 100 * (mean(fakes, fakes, True) + mean(styles, styles, True) - 2 * mean(fakes, styles, False))


def test_style_is_the_kernel_distance_of_parts(features):
    sources, styles = smooth(3)
    metric, fakes = Style(features), (sources + styles) / 2
    described = [np.stack([metric.describe(each) for each in some]) for some in (fakes, styles)]
    assert described[0].shape == (3, 16, 2 * (4 + 5 + 6))
    assert measured(metric, sources, styles, fakes) == pytest.approx(unbiased(*described), rel=1e-3)


class Points(Style):
    """The kernel distance of points that are given as pictures of one row: 16 parts of 2 numbers."""

    def __init__(self):
        super().__init__(None)

    def describe(self, picture):
        return picture[0, :, :2]


def points(random, count, shift=0.0):
    """Points around the middle of each picture, which are around a common one."""
    middle = random.normal(shift, 1, (count, 1, 1, 3))
    return middle + random.normal(0, 1, (count, 1, 16, 3))


def test_style_is_unbiased_for_small_numbers():
    random, found = np.random.default_rng(5), []
    for _ in range(300):
        found.append(measured(Points(), points(random, 3), points(random, 4), points(random, 3)))
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(300) + 0.2
    assert np.std(found) > 1


class Level(MeanMetric):
    """The mean of pictures less that of their sources."""

    def describe(self, picture):
        return picture.mean()

    def measure(self, fake, source):
        return fake - source


class Apart(DescribedMetric):
    """The square of how far the means of results and of the style are apart: too large for few pictures."""

    def describe(self, picture):
        return picture.mean(axis=(0, 1))

    def compare(self, fakes, sources, styles):
        return float(((fakes.mean(axis=0) - styles.mean(axis=0)) ** 2).sum())


def share_covered(metric, truth, make, trials=120):
    """In how many of some trials the interval of a new metric holds the true figure."""
    hits = 0
    for seed in range(trials):
        random, one = np.random.default_rng(seed), metric()
        measured(one, *make(random))
        low, high = one.interval()
        hits += low <= truth <= high
    return hits / trials


def noisy(random, count, level):
    return random.normal(level, 1, (count, 1, 1, 3))


def test_intervals_of_means_cover():
    def make(random):
        sources = noisy(random, 25, 0)
        return sources, noisy(random, 5, 0), sources + noisy(random, 25, 0.5)

    assert 0.88 <= share_covered(Level, 0.5, make) <= 1


def test_intervals_of_distances_cover():
    def make(random):
        return noisy(random, 30, 0), noisy(random, 30, 0), noisy(random, 30, 1)

    assert 0.86 <= share_covered(Apart, 3.0, make) <= 1


@pytest.mark.long
def test_intervals_of_the_kernel_distance_cover():
    def make(random):
        return points(random, 25), points(random, 25), points(random, 25, 0.7)

    random = np.random.default_rng(6)
    truth = measured(Points(), points(random, 400), points(random, 400), points(random, 400, 0.7))
    assert share_covered(Points, truth, make, 60) >= 0.85


def test_one_picture_has_no_interval(metrics):
    sources, styles = smooth(1)
    for metric in metrics.values():
        measured(metric, sources, styles, styles)
        assert metric.interval() is None
