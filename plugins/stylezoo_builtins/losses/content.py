"""Keeps the content; colours are free."""

from keras import ops

from stylezoo import ImageLoss
from stylezoo.layers import luminance


class Content(ImageLoss):
    """Content loss without a pretrained network: compares the structure of light and dark at several scales.

    The luminance of source and result is averaged over blocks, normalised to mean 0 and variance 1 for each picture,
    and compared by mean absolute difference. So colour, brightness, contrast and everything smaller than the finest
    block, such as brush strokes, can follow the style. Our own design; normalised luminance is also compared by the
    structural similarity index (Wang et al., 2004, https://doi.org/10.1109/TIP.2003.819861).

    Args:
        coarse: Side of the coarsest blocks, in pixels.
        fine: Side of the finest blocks, in pixels. Scales between them are powers of two apart.
        detail: Weight of each scale relative to the next coarser one.
    """

    def __init__(self, coarse: int = 8, fine: int = 4, detail: float = 1.0):
        if not 1 <= fine <= coarse:
            raise ValueError(f"fine is {fine} and coarse is {coarse}; 1 <= fine <= coarse is needed")
        self.scales = [fine]
        while self.scales[-1] * 2 <= coarse:
            self.scales.append(self.scales[-1] * 2)
        self.scales.reverse()
        self.detail = detail

    def measure(self, source, style, fake):
        terms = [
            self.detail**i * ops.mean(ops.abs(_structure(source, side) - _structure(fake, side)))
            for i, side in enumerate(self.scales)
        ]
        return sum(terms)


def _structure(pictures, side):
    """Luminance in blocks of `side` pixels, with mean 0 and variance 1 for each picture."""
    light = luminance(pictures)
    if side > 1:
        light = ops.average_pool(light, side, strides=side, padding="valid")
    mean, variance = ops.moments(light, axes=(1, 2), keepdims=True)
    return (light - mean) / (ops.sqrt(variance) + 0.1)  # 0.1: a flat patch has no structure to compare
