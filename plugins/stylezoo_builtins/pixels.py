"""What metrics share: luminance, pictures in half of their size, the sliced Wasserstein distance of sets of points."""

import numpy as np

LUMA = np.float32([0.299, 0.587, 0.114])  # ITU-R BT.601
DIRECTIONS = 48


class Slices:
    """How points are distributed along random directions.

    The distance of two sets along one direction is the area between their cumulative distributions, which is the
    Wasserstein distance in one dimension; the mean over all directions is the sliced one (Rabin et al., 2011,
    https://doi.org/10.1007/978-3-642-24785-9_37). The distribution of several pictures is the mean of theirs.

    Args:
        dimensions: The number of coordinates of a point.
        reach: The points lie within [-reach, reach] along every direction; what lies beyond counts as at the end.
        steps: The number of steps from one end to the other.
    """

    def __init__(self, dimensions: int, reach: float, steps: int = 512):
        self.directions = np.random.default_rng(0).normal(size=(dimensions, DIRECTIONS)).astype("float32")
        self.directions /= np.linalg.norm(self.directions, axis=0)
        self.reach = reach
        self.steps = steps

    def distribution(self, points):
        """The cumulative distributions of points (count, dimensions): an array (directions, steps)."""
        places = (points @ self.directions + self.reach) * (self.steps / (2 * self.reach))
        places = np.clip(places, 0, self.steps - 1).astype("int32") + np.arange(DIRECTIONS) * self.steps
        counts = np.bincount(places.ravel(), minlength=DIRECTIONS * self.steps).reshape(DIRECTIONS, self.steps)
        return (np.cumsum(counts, axis=1) / len(points)).astype("float32")

    def distance(self, ones, others):
        """The distance between distributions (..., directions, steps)."""
        return float(np.abs(ones - others).sum(axis=-1).mean() * 2 * self.reach / self.steps)


def halved(picture):
    """A picture in half of its size, each pixel the mean of four; an odd row or column is left out."""
    height, width = (side // 2 for side in picture.shape[:2])
    return picture[: 2 * height, : 2 * width].reshape(height, 2, width, 2, -1).mean(axis=(1, 3))
