"""Keeps the content; colours are free."""

from keras import ops

from stylezoo import ImageLoss
from stylezoo.layers import luminance


class Content(ImageLoss):
    """Content loss without a pretrained network: compares the structure of light and dark at several scales.

    The luminance of source and result is averaged over blocks, normalised to mean 0 and variance 1 for each picture,
    and compared by mean absolute difference. So colour, brightness, contrast and everything smaller than the finest
    block, such as brush strokes, can follow the style. Our own design; normalised luminance is also compared by the
    structural similarity index (Wang et al., 2004, https://doi.org/10.1109/TIP.2003.819861). With `local` it is also
    normalised among the blocks around each, so that weak structures in a quiet place count, such as the eyes in a face.

    Args:
        coarse: Side of the coarsest blocks, in pixels.
        fine: Side of the finest blocks, in pixels. Scales between them are powers of two apart.
        detail: Weight of each scale relative to the next coarser one.
        local: Weight of the structure that is normalised among the blocks around each, relative to the other.
    """

    AROUND = 9  # blocks: the side of the window

    def __init__(self, coarse: int = 8, fine: int = 4, detail: float = 1.0, local: float = 0.0):
        if not 1 <= fine <= coarse:
            raise ValueError(f"fine is {fine} and coarse is {coarse}; 1 <= fine <= coarse is needed")
        self.scales = [fine]
        while self.scales[-1] * 2 <= coarse:
            self.scales.append(self.scales[-1] * 2)
        self.scales.reverse()
        self.detail = detail
        self.local = local

    def measure(self, source, style, fake):
        terms = []
        for i, side in enumerate(self.scales):
            of_source, of_fake = _blocks(source, side), _blocks(fake, side)
            different = ops.mean(ops.abs(_normalised(of_source) - _normalised(of_fake)))
            if self.local:
                around = [_normalised(blocks, self.AROUND) for blocks in (of_source, of_fake)]
                different += self.local * ops.mean(ops.abs(around[0] - around[1]))
            terms.append(self.detail**i * different)
        return sum(terms)


def _blocks(pictures, side):
    """The luminance of pictures in blocks of `side` pixels."""
    light = luminance(pictures)
    return ops.average_pool(light, side, strides=side, padding="valid") if side > 1 else light


def _normalised(light, around=None):
    """Luminance with mean 0 and variance 1 in each picture, or in the window of a side of `around` about each place."""
    if around is None:
        mean, variance = ops.moments(light, axes=(1, 2), keepdims=True)
    else:
        mean, squares = (ops.average_pool(each, around, strides=1, padding="same") for each in (light, light**2))
        variance = ops.maximum(squares - mean**2, 1e-6)
    return (light - mean) / (ops.sqrt(variance) + 0.1)  # 0.1: a flat patch has no structure to compare
