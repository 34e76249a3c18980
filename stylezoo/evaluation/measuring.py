"""Measure sets of results beside the same sources and the same style."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from stylezoo.contract import Metric
from stylezoo.errors import BadOptions
from stylezoo.evaluation.views import Views, baselines
from stylezoo.pictures import luminance
from stylezoo.pictures.scans import WHOLE
from stylezoo.spec import Refusals

Figures = dict[str, float | None]


class Evaluation:
    """Measures what is drawn of some sources, by some metrics.

    Args:
        metrics: The metrics by name; new ones, which have taken no pictures.
        views: The pictures.
        words: What of the metrics belongs to the protocol, from `metrics.words`.

    Attributes:
        protocol: How it measures, in a line: figures of different protocols cannot be compared.

    Raises:
        BadOptions: A metric refuses the pictures.
    """

    def __init__(self, metrics: dict[str, Metric], views: Views, words: str = ""):
        self.metrics = metrics
        self.views = views
        self.protocol = "; ".join(filter(None, [views.words, words]))
        for picture in views.sources:
            self._each(lambda metric, picture=picture: metric.update_source(picture[None]))
        for picture in views.styles:
            self._each(lambda metric, picture=picture: metric.update_style(picture[None]))

    def of(self, fakes: Iterable[np.ndarray]) -> Figures:
        """The figures of results (size, size, 3) in [-1, 1], in the order of the sources; None where one is infinite.

        Raises:
            BadOptions: A metric refuses the pictures.
        """
        self._each(lambda metric: metric.reset_state())
        for fake in fakes:
            self._each(lambda metric, fake=fake: metric.update_state(fake[None]))
        return self._each(lambda metric: _finite(metric.result()))

    def intervals(self) -> dict[str, list[float]]:
        """The 95 % intervals of the last figures, of those that have one."""
        found = self._each(lambda metric: metric.interval())
        known = {name: [*map(float, pair)] for name, pair in found.items() if pair is not None}
        return {name: pair for name, pair in known.items() if all(map(math.isfinite, pair))}

    def drawn(self, model) -> Iterator[np.ndarray]:
        """What a model, a `GAN` or a `Drawing`, draws of each source."""
        painters = {}
        for source, look in zip(self.views.sources, self.views.looks, strict=True):
            if id(look) not in painters:
                painters[id(look)] = model.painter(look)
            yield _drawn(painters[id(look)], source)

    def baselines(self) -> dict[str, Figures]:
        """The figures of ways to draw that need no training, by name."""
        return {name: self.of(fakes) for name, fakes in baselines(self.views).items()}

    def _each(self, ask):
        """What a function returns for each metric, by name."""
        return {name: _asked(name, ask, metric) for name, metric in self.metrics.items()}


def _drawn(painter, source):
    """What a painter draws of a picture (height, width, 3); grey as three equal channels."""
    if painter.channels == 3:
        return painter.paint(source)
    return np.repeat(painter.paint(luminance.light(source)[..., None]), 3, axis=-1)


def check_channels(recipe) -> None:
    """Check that what a model draws can be measured.

    Raises:
        BadOptions: It has neither one channel nor three.
    """
    if recipe.channels not in WHOLE:
        raise BadOptions(f"Figures are measured of pictures of 1 or 3 channels, and the model draws {recipe.channels}.")


def _asked(name, ask, metric):
    with Refusals(f"The metric '{name}'", "the pictures"):
        return ask(metric)


def _finite(value):
    try:
        return float(value) if math.isfinite(value) else None
    except TypeError:
        raise ValueError(f"its result is {value!r}, which is no number") from None
