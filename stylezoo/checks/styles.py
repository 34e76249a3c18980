"""Checks of ready-made styles: files of trained models."""

from functools import cached_property

import numpy as np

from stylezoo.checks.every import EVERY
from stylezoo.checks.subjects import ODD, Subject, Suite, demand, pictures
from stylezoo.runs import card, loading, shipping

MOST_BYTES = 20_000_000  # of a file: people install it to draw one picture


class StyleSubject(Subject):
    """The file of a style, and what it draws with."""

    @cached_property
    def path(self):
        return loading.checked_file(self.plugin.qualified)

    @cached_property
    def drawing(self):
        return loading.drawing(self.path)


def described(subject):
    """Its card says what it is, what it learned from and under which licence it is; none of them is empty."""
    fault = shipping.incomplete(card.read(subject.plugin.qualified))
    demand(not fault, fault)


def file(subject):
    """Its file holds weights, names and plain data only, and is small; its numbers are finite."""
    size = subject.path.stat().st_size
    demand(size <= MOST_BYTES, f"its file has {size:,} bytes; {MOST_BYTES:,} are the most")
    demand(subject.drawing, "it cannot be read")


def draws(subject):
    """It redraws a picture of an odd size in that size, within [-1, 1], the same each time, and not as it was."""
    source, _ = (batch[0] for batch in pictures(1, *ODD, subject.drawing.plan.recipe.channels))
    drawn = subject.drawing.stylize(source)
    demand(drawn.shape == source.shape, f"it redraws {source.shape} as {drawn.shape}")
    demand(np.abs(drawn).max() <= 1, "its pictures are not in [-1, 1]")
    demand(np.array_equal(subject.drawing.stylize(source), drawn), "it draws the same picture in two ways")
    demand(np.abs(drawn - source).mean() > 0.02, "it leaves the picture as it is")


def continues(subject):
    """A training can start from it: ``stylezoo train --from``."""
    gan = loading.load(subject.plugin.qualified)
    source, _ = (batch[0] for batch in pictures(1, *ODD, subject.drawing.plan.recipe.channels))
    demand(
        np.array_equal(gan.stylize(source), subject.drawing.stylize(source)), "the training begins with another picture"
    )


STYLE = Suite(StyleSubject, {**EVERY, "described": described, "file": file, "draws": draws, "continues": continues})
