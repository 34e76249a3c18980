"""The style loss of AdaIN."""

from keras import ops

from stylezoo import ImageLoss
from stylezoo.features import BLOCKS, as_rgb, check_channels, vgg19
from stylezoo_builtins.adain import statistics


class AdaINStatistics(ImageLoss):
    """AdaIN style loss: the fake should have the style's means and standard deviations of VGG-19 features.

    Huang and Belongie, 2017, https://arxiv.org/abs/1703.06868: the mean squared differences of both, summed over
    relu1_1, relu2_1, relu3_1 and relu4_1; the weight is 10 there, with the content loss at 1.

    Args:
        vgg: A file of VGG-19 weights; None: the recipe's, or those of Keras, which are downloaded.
        depth: The last block to compare: 4 is relu4_1; 3 for a file that ends with relu3_1.
    """

    def __init__(self, vgg: str | None = None, depth: int = 4):
        if not 1 <= depth <= len(BLOCKS):
            raise ValueError(f"depth is {depth}; it can be 1 to {len(BLOCKS)}")
        self.vgg = vgg
        self.taps = tuple(f"relu{block}_1" for block in range(1, depth + 1))
        self.network = None

    def build(self, generator, discriminators, shape):
        check_channels(shape)

    def prepare(self):
        self.network = self.network or vgg19(self.vgg, self.taps)

    def measure(self, source, style, fake):
        self.prepare()
        of_style, of_fake = self.network(as_rgb(style)), self.network(as_rgb(fake))
        terms = []
        for tap in self.taps:
            pairs = zip(statistics(of_style[tap]), statistics(of_fake[tap]), strict=True)
            terms += [ops.mean(ops.square(one - other)) for one, other in pairs]
        return sum(terms)
