"""The additional fakes of AnimeGAN's discriminator."""

from keras import ops

from stylezoo import Loss
from stylezoo.contract import judge
from stylezoo.layers import luminance

GAUSSIAN = (0.0625, 0.25, 0.375, 0.25, 0.0625)  # OpenCV's of 5 pixels
STEP, SMOOTH = (-1, 0, 1), (1, 2, 1)  # the two sides of a Sobel filter
EDGE = 200 / 127.5  # Canny's upper threshold of 200 for pictures in [0, 255], here in [-1, 1]


class Decoys(Loss):
    """Decoys: style pictures in grey, or with smoothed edges, count as fakes.

    Discriminators see the style pictures in grey, and in grey with smoothed edges. The loss is the mean squared logit,
    as for fakes in least squares. Results get more colour and sharper lines (AnimeGAN, Chen et al., 2020,
    https://doi.org/10.1007/978-981-15-5577-0_18). Meant for `lsgan:half=false`, with the same weight. Edges are where
    the Sobel gradient exceeds Canny's upper threshold, and all pixels within two pixels of them; the published code
    smooths along the thin edges of Canny itself.

    Args:
        grey: Weight of the grey pictures.
        blur: Weight of the smoothed pictures: 2/3 as in AnimeGANv2 for Hayao, 0.005 for Paprika.
    """

    def __init__(self, grey: float = 1.0, blur: float = 0.667):
        self.grey = grey
        self.blur = blur

    def discriminator_loss(self, translation):
        grey = luminance(translation.style)
        return self.grey * _cost(grey, translation) + self.blur * _cost(_smoothed(grey), translation)


def _cost(grey, translation):
    pictures = ops.repeat(grey, translation.source.shape[-1], axis=-1)
    answers = [judge(d, pictures, translation.source, translation.training) for d in translation.discriminators]
    return sum(ops.mean(ops.square(logits)) for scales in answers for logits in scales)


def _smoothed(grey):
    """Grey pictures (batch, height, width, 1), blurred along their edges by a Gaussian of 5 pixels."""
    slope = ops.abs(_filtered(grey, STEP, SMOOTH)) + ops.abs(_filtered(grey, SMOOTH, STEP))
    edges = ops.max_pool(ops.cast(slope > EDGE, "float32"), 5, strides=1, padding="same")
    return ops.where(edges > 0, _filtered(grey, GAUSSIAN, GAUSSIAN), grey)


def _filtered(grey, down, across):
    rim = len(down) // 2
    padded = ops.pad(grey, ((0, 0), (rim, rim), (rim, rim), (0, 0)), mode="reflect")
    kernel = [[[[a * b]] for b in across] for a in down]  # [height, width, 1, 1]
    return ops.conv(padded, ops.convert_to_tensor(kernel, "float32"), padding="valid")
