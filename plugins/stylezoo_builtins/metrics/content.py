"""How much of the content of a source a result has lost, as a pretrained network sees it."""

import numpy as np

from stylezoo.contract import MeanMetric


class Content(MeanMetric):
    """Lost content: the distance of deep features from those of the source, relative to their norm.

    The norm of the difference of `relu3_1` divided by the norm of the source's, as in the content loss of Gatys et al.,
    2016 (https://doi.org/10.1109/CVPR.2016.265), the mean over all pictures. 0: a copy. It needs the features of a
    pretrained network; figures of different networks cannot be compared.

    Args:
        features: Given by stylezoo.
    """

    def __init__(self, features):
        super().__init__()
        self.features = features

    def describe(self, picture):
        return self.features(picture)["relu3_1"]

    def measure(self, fake, source):
        return float(np.linalg.norm(fake - source) / (np.linalg.norm(source) + 1e-9))
