"""Checks of metrics."""

import math
from functools import cached_property

import numpy as np

from stylezoo.checks.every import EVERY_PART
from stylezoo.checks.subjects import Subject, Suite, demand, narrow_vgg, pictures
from stylezoo.evaluation.features import Features

SIDE = 96  # pixels of the pictures
COUNT = 3


class MetricSubject(Subject):
    """A metric, and pictures to measure."""

    @cached_property
    def part(self):
        return self.spec.part("metric")

    @cached_property
    def features(self):
        return Features(narrow_vgg())

    @cached_property
    def sets(self):
        """Sources, pictures of the style, and results that are between them: (3, 96, 96, 3) each."""
        sources, styles = pictures(COUNT, SIDE, SIDE)
        return sources, styles, (sources + styles) / 2

    def metric(self, sources, styles):
        """A new metric that has taken these."""
        metric = self.part.build(features=self.features)
        metric.update_source(sources)
        metric.update_style(styles)
        return metric

    @cached_property
    def measured(self):
        """A metric that has taken all sets."""
        sources, styles, fakes = self.sets
        metric = self.metric(sources, styles)
        metric.update_state(fakes)
        return metric


def figure(subject):
    """Its result is a number and finite, and its mode is "min" or "max"."""
    result = subject.measured.result()
    demand(isinstance(result, float), f"its result is a {type(result).__name__}, not a float")
    demand(math.isfinite(result), f"its result is {result}")
    demand(subject.measured.mode in ("min", "max"), f"its mode is {subject.measured.mode!r}, not 'min' or 'max'")


def repeatable(subject):
    """The same pictures have the same figure, asked twice and measured by a new object."""
    sources, styles, fakes = subject.sets
    again = subject.metric(sources, styles)
    again.update_state(fakes)
    figures = [subject.measured.result(), subject.measured.result(), again.result()]
    demand(len(set(figures)) == 1, f"the same pictures have the figures {figures}")


def forgets(subject):
    """`reset_state` forgets the results and nothing else."""
    sources, styles, fakes = subject.sets
    metric = subject.metric(sources, styles)
    metric.update_state(styles)
    metric.reset_state()
    metric.update_state(fakes)
    demand(metric.result() == subject.measured.result(), "results of before 'reset_state' count")


def one_by_one(subject):
    """Pictures may come one by one or all together."""
    sources, styles, fakes = subject.sets
    metric = subject.metric(sources[:1], styles[:1])
    for i in range(COUNT):
        if i:
            metric.update_source(sources[i : i + 1])
            metric.update_style(styles[i : i + 1])
        metric.update_state(fakes[i : i + 1])
    one, all_together = metric.result(), subject.measured.result()
    demand(math.isclose(one, all_together, rel_tol=1e-4, abs_tol=1e-6), f"{one} one by one, {all_together} together")


def sizes(subject):
    """Pictures of the style may have other sizes than the results, and there may be another number of them."""
    sources, _, fakes = subject.sets
    metric = subject.metric(sources, pictures(1, SIDE + 13, 2 * SIDE)[1])
    metric.update_state(fakes)
    demand(math.isfinite(metric.result()), "with a style picture of another size its result is not finite")


def leaves_pictures(subject):
    """It does not change the pictures that it is given."""
    sets = [each.copy() for each in subject.sets]
    metric = subject.metric(*sets[:2])
    metric.update_state(sets[2])
    metric.result()
    demand(all(map(np.array_equal, sets, subject.sets)), "it changes pictures")


def interval(subject):
    """Its interval is None or two finite numbers, the lower one first."""
    found = subject.measured.interval()
    demand(
        found is None or (len(found) == 2 and all(map(math.isfinite, found)) and found[0] <= found[1]),
        f"its interval is {found}",
    )


METRIC = Suite(
    MetricSubject,
    {
        **EVERY_PART,
        "figure": figure,
        "repeatable": repeatable,
        "forgets": forgets,
        "one_by_one": one_by_one,
        "sizes": sizes,
        "leaves_pictures": leaves_pictures,
        "interval": interval,
    },
)
