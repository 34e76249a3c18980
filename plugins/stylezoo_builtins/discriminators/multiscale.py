"""The multi-scale discriminator of MUNIT and of IEContraAST."""

import keras
from keras import layers as keras_layers
from keras import ops

from stylezoo.layers import Conv2D, ReflectionPadding2D, initializer, normalization


def build(shape, filters: int = 64, layers: int = 4, scales: int = 3, norm: str = "none", head: int = 1):
    """Multi-scale discriminator: separate networks judge patches of the picture at full, half and quarter size.

    Huang et al., 2018, https://arxiv.org/abs/1804.04732: 8,271,171 weights. With the norm "instance" and a head of 3 it
    is that of IEContraAST (Chen et al., 2021, https://openreview.net/forum?id=hm0i-cunzGW): 8,283,459 weights, except
    that borders are padded by reflection as in MUNIT, where IEContraAST pads with zeros. The layers feature_0,
    feature_1, ... are the activations before the logits, first those of the full size.

    Args:
        shape: Height, width and channels of a picture.
        filters: Channels of the first layer; each further layer has twice as many.
        layers: Convolutions with a stride of 2.
        scales: Number of sizes; each is half of the one before.
        norm: Normalisation after every layer but the first: "none", "instance" or "batch".
        head: Kernel size of the convolution that outputs the logits, 1 or 3.
    """
    if head not in (1, 3):
        raise ValueError(f"head must be 1 or 3, not {head}")
    least = 2 ** (layers + scales - 1) * (head // 2 + 1)  # one pixel cannot be padded by reflection
    if min(shape[:2]) < least:
        raise ValueError(f"with this many layers and scales it needs crops of at least {least} pixels")

    def convolved(x, channels, side, strides=1):
        x = ReflectionPadding2D(1)(x) if side > 1 else x
        return Conv2D(channels, side, strides, kernel_initializer=initializer("normal"))(x)

    def judged(x, scale):
        for layer in range(layers):
            x = convolved(x, filters * 2**layer, 4, strides=2)
            x = normalization(norm if layer else "none")(x)
            x = keras_layers.LeakyReLU(0.2, name=f"feature_{layers * scale + layer}")(x)
        return convolved(x, 1, head)

    pictures = [keras.Input(shape, name="picture")]
    for _ in range(1, scales):
        pictures.append(AverageHalving2D()(pictures[-1]))
    logits = [judged(picture, scale) for scale, picture in enumerate(pictures)]
    return keras.Model(pictures[0], logits, name="multiscale")


@keras.saving.register_keras_serializable("stylezoo")
class AverageHalving2D(keras_layers.Layer):
    """Halves height and width by averages of 3 x 3 pixels with a stride of 2; padding does not count.

    PyTorch's AvgPool2d(3, 2, padding=1, count_include_pad=False); with Keras' "same" the windows are one pixel further.
    """

    def call(self, inputs):
        return self._mean(inputs) / self._mean(ops.ones_like(inputs[:1, :, :, :1]))

    def _mean(self, x):
        return ops.average_pool(ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), 3, 2)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        halved = [size and (size + 1) // 2 for size in (height, width)]
        return (batch, *halved, channels)
