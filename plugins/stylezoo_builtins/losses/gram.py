"""The style loss of neural style transfer."""

from keras import ops

from stylezoo import ImageLoss
from stylezoo.features import as_rgb, check_channels, checked_tap, vgg19
from stylezoo.layers import luminance


class Gram(ImageLoss):
    """Gram loss: the correlations between VGG-19 features should be those of the style.

    Gatys et al., 2016, https://arxiv.org/abs/1508.06576: the Gram matrix is the product of each pair of channels,
    summed over the picture and divided by height, width and channels. The loss is the mean absolute difference of the
    Gram matrices of fake and style, as in AnimeGAN, where the layer is conv4_4 and the style is grey.

    Args:
        vgg: A file of VGG-19 weights; None: the recipe's, or those of Keras, which are downloaded.
        layer: The layer to compare: reluX_Y, or convX_Y before the ReLU.
        grey: Compare with the style in grey, so that only its texture counts.
    """

    def __init__(self, vgg: str | None = None, layer: str = "conv4_4", grey: bool = False):
        self.vgg = vgg
        self.layer = checked_tap(layer)
        self.grey = grey
        self.network = None

    def build(self, generator, discriminators, shape):
        check_channels(shape)

    def prepare(self):
        self.network = self.network or vgg19(self.vgg, (self.layer,))

    def measure(self, source, style, fake):
        self.prepare()
        if self.grey:
            style = luminance(style)
        return ops.mean(ops.abs(self._products(style) - self._products(fake)))

    def _products(self, pictures):
        """The Gram matrix of each picture, (batch, channels, channels)."""
        features = self.network(as_rgb(pictures))[self.layer]
        batch, height, width, channels = ops.shape(features)
        rows = ops.reshape(features, (batch, height * width, channels))
        return ops.matmul(ops.transpose(rows, (0, 2, 1)), rows) / ops.cast(height * width * channels, "float32")
