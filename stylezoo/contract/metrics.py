"""Base classes of metrics: figures of what a model draws."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

RESAMPLINGS = 200  # of the bootstrap
COVERED = (0.025, 0.975)  # quantiles of the resampled figures


class Metric(ABC):
    """A figure of what a model draws, measured on a set of pictures. It is used like a metric of Keras.

    The sources and the style are taken once, then one set of results after another is measured beside them::

        metric.update_source(sources)
        metric.update_style(paintings)
        for fakes in sets:
            metric.reset_state()
            metric.update_state(fakes)
            print(metric.result(), metric.interval())

    Each `update` takes pictures (count, height, width, 3), float32 in [-1, 1], and may be called several times, with
    pictures of several sizes. Result number i is that of source number i and has its size.

    A constructor with a parameter `features` is given a function from a picture (height, width, 3) to the features of a
    pretrained network: arrays (rows, columns, channels) by the names "relu1_1", "relu2_1" and "relu3_1". Where there is
    no such network the metric is left out.

    Attributes:
        mode: "min" if a lower figure is better, "max" if a higher one is, as in Keras' callbacks.

    Examples:
        >>> metric = stylezoo.Spec.parse("palette").part("metric").build()
        >>> pictures = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype("float32")
        >>> metric.update_source(pictures)
        >>> metric.update_style(pictures)
        >>> metric.update_state(pictures)
        >>> round(metric.result(), 3)
        0.0
    """

    mode = "min"

    @abstractmethod
    def update_source(self, pictures):
        """Take more sources."""

    @abstractmethod
    def update_style(self, pictures):
        """Take more pictures of the style."""

    @abstractmethod
    def update_state(self, pictures):
        """Take more results, in the order of their sources."""

    @abstractmethod
    def result(self) -> float:
        """The figure of the results so far."""

    @abstractmethod
    def reset_state(self):
        """Forget the results; the sources and the style stay."""

    def interval(self) -> tuple[float, float] | None:
        """About a 95 % interval of the figure of very many pictures of the same kind; None if it is not known."""
        return None


class DescribedMetric(Metric):
    """A figure that compares descriptions of pictures: arrays of one shape for all pictures.

    A subclass defines `describe` and `compare`. Its interval comes from the bootstrap (Efron, 1979,
    https://doi.org/10.1214/aos/1176344552): the figure is computed again for pictures that are drawn from the given
    ones at random, with repetitions ("basic" interval). Of few pictures it is too narrow, and what there is one of,
    such as a single painting, does not vary.

    Examples:
        >>> from stylezoo.contract import DescribedMetric
        >>> class Brightness(DescribedMetric):
        ...     def describe(self, picture):
        ...         return picture.mean()
        ...     def compare(self, fakes, sources, styles):
        ...         return float(abs(fakes.mean() - styles.mean()))
        >>> metric, grey = Brightness(), np.zeros((2, 8, 8, 3), "float32")
        >>> metric.update_source(grey)
        >>> metric.update_style(grey + 0.5)
        >>> metric.update_state(grey)
        >>> metric.result()
        0.5
    """

    def __init__(self):
        self._sources, self._styles, self._fakes = [], [], []

    @abstractmethod
    def describe(self, picture):
        """An array that describes a picture (height, width, 3), of the same shape for every picture."""

    @abstractmethod
    def compare(self, fakes, sources, styles) -> float:
        """The figure, from the descriptions: arrays (pictures, ...), as many of results as of sources."""

    def comparison(self, fakes, sources, styles) -> Callable[[np.ndarray, np.ndarray], float]:
        """The figure as a function of which results, with their sources, and which pictures of the style count.

        Both are arrays of numbers, with repetitions. A subclass overrides it to compute what all have in common once.
        """
        return lambda drawn, painted: self.compare(fakes[drawn], sources[drawn], styles[painted])

    def update_source(self, pictures):
        self._sources += map(self.describe, pictures)

    def update_style(self, pictures):
        self._styles += map(self.describe, pictures)

    def update_state(self, pictures):
        self._fakes += map(self.describe, pictures)

    def reset_state(self):
        self._fakes = []

    def result(self):
        return float(self._comparison()(np.arange(len(self._fakes)), np.arange(len(self._styles))))

    def interval(self):
        if len(self._fakes) < 2:  # one picture says nothing about others
            return None
        random, compare, figures = np.random.default_rng(0), self._comparison(), []
        for _ in range(RESAMPLINGS):
            counts = len(self._fakes), len(self._styles)
            figures.append(compare(*(random.integers(0, max(1, count), count) for count in counts)))
        low, high = np.quantile(figures, COVERED)
        # Distances between resampled sets are larger than between the sets themselves, by about as much as these are
        # larger than between all pictures of their kinds; so the quantiles are reflected at the figure.
        return 2 * self.result() - float(high), 2 * self.result() - float(low)

    def _comparison(self):
        fakes, sources, styles = map(np.stack, (self._fakes, self._sources, self._styles))
        return self.comparison(fakes, sources[: len(fakes)], styles)


class MeanMetric(DescribedMetric):
    """The mean of a figure of each picture: how far a result is from its source. The style does not matter.

    A subclass defines `describe`, which may give any object, and `measure`.
    """

    @abstractmethod
    def measure(self, fake, source) -> float:
        """The figure of one result, from its description and that of its source."""

    def update_style(self, pictures):
        """Nothing: the style does not matter."""

    def compare(self, fakes, sources, styles):
        return np.mean([self.measure(fake, source) for fake, source in zip(fakes, sources, strict=True)])

    def _comparison(self):
        each = np.array([self.measure(*pair) for pair in zip(self._fakes, self._sources, strict=False)])
        return lambda drawn, painted: each[drawn].mean()
