"""Keeps the content, by the features of a classification network."""

from keras import ops

from stylezoo import ImageLoss
from stylezoo.features import as_rgb, check_channels, checked_tap, vgg19

TARGETS = ("source", "style")


class Perceptual(ImageLoss):
    """Perceptual loss: the fake should have the VGG-19 features of its source.

    Johnson et al., 2016, https://arxiv.org/abs/1603.08155; mean absolute difference as in AnimeGAN, where the layer is
    conv4_4. With ``layer=relu5_1,shallower=true,target=style`` and paired pictures it is the perceptual loss of SPADE
    and pix2pixHD. The scale of the features depends on the VGG-19 file, and so does a suitable weight.

    Args:
        vgg: A file of VGG-19 weights; None: the recipe's, or those of Keras, which are downloaded.
        layer: The layer to compare: reluX_Y, or convX_Y before the ReLU.
        shallower: Also compare relu1_1, relu2_1, ... of the earlier blocks: the block just before the layer with 1/4 of
            its weight, and each earlier one with half as much.
        target: What the fake is compared with: "source", or "style" where that is the ground truth.
    """

    def __init__(self, vgg: str | None = None, layer: str = "conv4_4", shallower: bool = False, target: str = "source"):
        if target not in TARGETS:
            raise ValueError(f"target is {target!r}; it can be 'source' or 'style'")
        self.vgg = vgg
        self.taps = (checked_tap(layer),)
        if shallower:
            self.taps += tuple(f"relu{block}_1" for block in reversed(range(1, int(layer[4]))))
        self.target = target
        self.network = None

    def build(self, generator, discriminators, shape):
        check_channels(shape)

    def prepare(self):
        self.network = self.network or vgg19(self.vgg, self.taps)

    def measure(self, source, style, fake):
        self.prepare()
        wanted, found = map(self.network, map(as_rgb, (source if self.target == "source" else style, fake)))
        deepest, *rest = [ops.mean(ops.abs(wanted[tap] - found[tap])) for tap in self.taps]
        return deepest + sum(term / 4 / 2**i for i, term in enumerate(rest))
