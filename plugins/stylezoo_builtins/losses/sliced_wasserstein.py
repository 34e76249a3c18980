"""The sliced Wasserstein distance between patches."""

import keras
from keras import ops

from stylezoo import Loss


class SlicedWasserstein(Loss):
    """Sliced Wasserstein loss: small patches of the result should be distributed like those of the style.

    All patches are projected on random directions, the numbers of result and style are sorted, and their mean absolute
    difference is taken (Rabin et al., 2011, https://doi.org/10.1007/978-3-642-24785-9_37). That is done at several
    scales, as in GPDM (Elnekave and Weiss, 2022, https://arxiv.org/abs/2203.11862). Unlike there, half of the
    directions see light alone, the others colours alone: otherwise too much colour could stand for too little light.
    The mean colour of each patch is left out, so the loss sees strokes and edges, not the palette. The difference is
    divided by the mean absolute number of the style, so that a painting of little contrast counts as much as one of
    strong contrast. No pretrained network is needed.

    Args:
        size: Side of the patches, in pixels; 2 or more.
        scales: Number of scales; each is half as large as the one before it. Scales at which a picture is smaller than
            a patch are left out.
        directions: Number of random directions of each step and scale.
    """

    LEAST = 0.05  # the contrast below which a style crop counts as flat
    STRIDE = 2  # pixels between the patches at the finest scale, where neighbours are much alike

    def __init__(self, size: int = 7, scales: int = 3, directions: int = 32):
        if size < 2 or scales < 1 or directions < 1:
            raise ValueError(
                f"size is {size}, scales is {scales}, directions is {directions}; size must be 2 or more, the others 1"
            )
        self.size = size
        self.scales = scales
        self.directions = directions

    def build(self, generator, discriminators, shape):
        if min(shape[:2]) < self.size:
            raise ValueError(f"its patches need crops of at least {self.size} pixels (--set image_size={self.size})")

    def generator_loss(self, translation):
        style, fake = (ops.cast(each, "float32") for each in (translation.style, translation.fake))
        distances = []
        for stride in [self.STRIDE, *[1] * (self.scales - 1)]:
            if distances:
                style, fake = (ops.average_pool(each, 2, padding="valid") for each in (style, fake))
            if min(style.shape[1:3]) < self.size:
                break
            directions = self._directions(style.shape[-1], translation.seed)
            of_style, of_fake = (self._sorted(each, directions, stride) for each in (style, fake))
            contrast = ops.maximum(ops.mean(ops.abs(of_style)), self.LEAST)
            distances.append(ops.mean(ops.abs(of_style - of_fake)) / contrast)
        return sum(distances) / len(distances)

    def _directions(self, channels, seed):
        """Random unit vectors of patches whose mean colour is 0: (size, size, channels, directions)."""
        found = keras.random.normal((self.size, self.size, channels, self.directions), seed=seed)
        found -= ops.mean(found, axis=(0, 1), keepdims=True)
        if channels > 1:  # one channel is light alone
            grey = ops.mean(found, axis=2, keepdims=True)
            found = ops.where(ops.arange(self.directions) % 2 == 0, grey, found - grey)
        return found / ops.sqrt(ops.sum(ops.square(found), axis=(0, 1, 2), keepdims=True))

    def _sorted(self, pictures, directions, stride):
        """All patches of pictures in each direction, sorted: (directions, patches)."""
        found = ops.conv(pictures, directions, strides=stride, padding="valid")
        return ops.sort(ops.transpose(ops.reshape(found, (-1, self.directions))), axis=-1)
