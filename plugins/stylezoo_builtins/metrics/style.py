"""How far results are from the style, as a pretrained network sees it."""

import numpy as np

from stylezoo.contract import DescribedMetric

PARTS = 4  # each picture is divided into 4 x 4 parts
FLAT = (
    0.1  # of the mean deviation is added to that of each channel, so that one that the style never uses is no infinity
)


class Style(DescribedMetric):
    """Distance of the style: a kernel distance between what a pretrained network sees in results and in the style.

    Each of 16 parts of a picture is described by the mean and the deviation of every channel of relu1_1, relu2_1 and
    relu3_1. The figure is the squared maximum mean discrepancy (Gretton et al., 2012,
    https://jmlr.org/papers/v13/gretton12a.html) of these descriptions with a rational quadratic kernel, times 100. As
    in KID (Binkowski et al., 2018, https://arxiv.org/abs/1801.01401) small numbers of pictures do not make it larger,
    apart from the kernel, whose width is that of the given pictures of the style: a part is never compared with itself,
    nor with another part of its picture if there are several pictures. So it is around 0, also below it, for other
    pictures of the same style. It is not KID: network, layers and kernel are others.
    It needs the features of a pretrained network; figures of different networks or of different styles cannot be
    compared.

    Args:
        features: Given by stylezoo.
    """

    def __init__(self, features):
        super().__init__()
        self.features = features

    def describe(self, picture):
        """Mean and deviation of each channel in each part: (parts, 2 * channels)."""
        found = [_moments(self.features(picture)[tap]) for tap in ("relu1_1", "relu2_1", "relu3_1")]
        return np.concatenate(found, axis=-1)

    def compare(self, fakes, sources, styles):
        return self.comparison(fakes, sources, styles)(np.arange(len(fakes)), np.arange(len(styles)))

    def comparison(self, fakes, sources, styles):
        """The figure from the mean kernels of each pair of pictures, which are computed once."""
        spread = styles.std(axis=(0, 1))
        scale = np.sqrt(len(spread)) * (spread + FLAT * spread.mean())
        fakes, styles = fakes / scale, styles / scale
        width = np.median(_distances(styles, styles))
        same, paintings = (_without_itself(_kernels(each, each, width)) for each in (fakes, styles))
        both = _kernels(fakes, styles, width).mean(axis=(1, 3))
        return lambda drawn, painted: (
            100 * (_within(same, drawn) + _within(paintings, painted) - 2 * both[np.ix_(drawn, painted)].mean())
        )


def _moments(values):
    """Means and deviations of the channels of features (rows, columns, channels) in each part: (parts, numbers)."""
    parts = [part for rows in np.array_split(values, PARTS) for part in np.array_split(rows, PARTS, axis=1)]
    return np.stack([np.concatenate([part.mean(axis=(0, 1)), part.std(axis=(0, 1))]) for part in parts])


def _distances(ones, others):
    """Squared distances of all parts of pictures (count, parts, numbers): (count, parts, others' count, parts)."""
    a, b = (each.reshape(-1, each.shape[-1]) for each in (ones, others))
    found = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.maximum(found, 0).reshape(*ones.shape[:2], *others.shape[:2])


def _kernels(ones, others, width):
    return 1 / (1 + _distances(ones, others) / width)


def _without_itself(kernels):
    """The mean kernel of each pair of pictures; within one picture no part is paired with itself."""
    parts, means = kernels.shape[1], kernels.mean(axis=(1, 3))
    own = np.einsum("ipip->i", kernels)
    np.fill_diagonal(means, (np.diag(means) * parts**2 - own) / (parts * (parts - 1)))
    return means


def _within(means, drawn):
    """The mean kernel of two different pictures among those that are drawn, or of parts of one if there is one only."""
    chosen, differ = means[np.ix_(drawn, drawn)], drawn[:, None] != drawn
    return chosen[differ].mean() if differ.any() else chosen.mean()
