"""The content loss of AdaIN."""

from keras import ops

from stylezoo import ImageLoss
from stylezoo.features import BLOCKS, as_rgb, check_channels, vgg19
from stylezoo_builtins.adain import adain


class AdaINContent(ImageLoss):
    """AdaIN content loss: the fake should have the features that the decoder was given to draw.

    Huang and Belongie, 2017, https://arxiv.org/abs/1703.06868: the mean squared difference, at relu4_1, of the fake's
    features and the source's features with the style's means and standard deviations.

    Args:
        vgg: A file of VGG-19 weights; None: the recipe's, or those of Keras, which are downloaded.
        depth: The block to compare: 4 is relu4_1; 3 for a file that ends with relu3_1.
    """

    def __init__(self, vgg: str | None = None, depth: int = 4):
        if not 1 <= depth <= len(BLOCKS):
            raise ValueError(f"depth is {depth}; it can be 1 to {len(BLOCKS)}")
        self.vgg = vgg
        self.tap = f"relu{depth}_1"
        self.network = None

    def build(self, generator, discriminators, shape):
        check_channels(shape)

    def prepare(self):
        self.network = self.network or vgg19(self.vgg, (self.tap,))

    def measure(self, source, style, fake):
        self.prepare()
        of_source, of_style, of_fake = (self.network(as_rgb(each))[self.tap] for each in (source, style, fake))
        return ops.mean(ops.square(of_fake - adain(of_source, of_style)))
