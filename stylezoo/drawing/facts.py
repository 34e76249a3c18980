"""The facts about a whole picture with which its parts are drawn, and those about a film, pooled from some frames."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Facts:
    """The facts about a whole picture with which a part of it is drawn.

    Attributes:
        tones: From `luminance.tones`, of this picture; None where no tones are matched.
        palette: The styles, from `StyleInput.palette`; None where the generator takes one unchanged.
        found: The layers' facts in each of two passes; None: to be recorded.
        drawn: From `luminance.tones`, of what the generator drew; None: not matched, or to be found.
    """

    tones: np.ndarray | None
    palette: np.ndarray | None = None
    found: list | None = None
    drawn: np.ndarray | None = None


def pooled(facts: Sequence[Facts], shares: Sequence[float]) -> Facts:
    """The facts about several pictures of one size as if they were one.

    A mean and its variance become those of the mixture: the mean of variances, and the variance of means. Other facts
    are averaged. The styles are those of the first picture.

    Args:
        facts: Of each picture.
        shares: How much of the whole each is; they sum to 1.
    """
    tones, drawn = (_tones([getattr(each, name) for each in facts], shares) for name in ("tones", "drawn"))
    found = _mixed([each.found for each in facts], shares)
    return replace(facts[0], tones=tones, found=found, drawn=drawn)


def _mixed(values, shares):
    """Facts in the order of layers: lists of numbers, of pairs of a mean and a variance, or of such lists."""
    if values[0] is None:
        return None
    if isinstance(values[0], list):
        return [_mixed(each, shares) for each in zip(*values, strict=True)]
    if isinstance(values[0], tuple):
        means, variances = zip(*values, strict=True)
        return _moments(means, variances, shares)
    return _mean(values, shares)


def _moments(means, variances, shares):
    mean = _mean(means, shares)
    return mean, _mean(variances, shares) + _mean([(each - mean) ** 2 for each in means], shares)


def _tones(tones, shares):
    """Tones, whose first two numbers are a mean and a deviation."""
    if tones[0] is None:
        return None
    found = _mean(tones, shares)
    _, variance = _moments([each[0] for each in tones], [each[1] ** 2 for each in tones], shares)
    found[1] = variance**0.5
    return found.astype("float32")


def _mean(values, shares):
    return sum(share * value for share, value in zip(shares, values, strict=True))
