"""A discriminator with a logit for every pixel."""

import keras
from keras import layers

# keras.layers.SpectralNormalization overwrites the trained kernel with the divided one in each training call: the
# gradient then ignores the division, and a second call in the same step uses another kernel.
from stylezoo.layers import Conv2D, ReflectionPadding2D, SpectralNormalization


def build(shape, filters: int = 64):
    """U-Net discriminator with spectral normalisation: a logit for each pixel, from local and wide context.

    Schönfeld et al., 2020, https://arxiv.org/abs/2002.12655, in the form of Real-ESRGAN (Wang et al., 2021,
    https://arxiv.org/abs/2107.10833): three convolutions with a stride of 2, three bilinear upsamplings with additive
    skip connections, and all kernels but the first and the last divided by their largest singular value (Miyato et al.,
    2018, https://arxiv.org/abs/1802.05957). 64 filters are the published network (4,376,897 trained weights). Sides
    that are no multiple of 8 are rounded up when they are halved, and upsampled maps are cropped to fit. The layers
    feature_0, feature_1, ... are the activations before the logits.

    Args:
        shape: Height, width and channels of a picture; None for any height or width that is a multiple of 8.
        filters: Channels at full resolution; 2, 4 and 8 times as many after downsampling.
    """
    if filters < 1:
        raise ValueError(f"there are {filters} filters; 1 or more are needed")
    picture = keras.Input(shape, name="picture")
    x = _activated(Conv2D(filters, 3, padding="same")(picture), 0)
    skips = []
    for i, times in enumerate((2, 4, 8), 1):
        skips.append(x)
        x = _activated(_convolution(x, times * filters, 4, strides=2), i)
    for i, times in enumerate((4, 2, 1), 4):
        skip = skips.pop()
        x = _activated(_convolution(_cut(_doubled(x), skip), times * filters, 3), i)
        x = layers.Add()([x, skip])
    for i in (7, 8):
        x = _activated(_convolution(x, filters, 3), i)
    return keras.Model(picture, Conv2D(1, 3, padding="same")(x), name="unet-sn")


def _convolution(x, channels, size, strides=1):
    # At these sizes "same" is PyTorch's padding=1; an odd side gets one more line at its end.
    return SpectralNormalization(Conv2D(channels, size, strides, padding="same", use_bias=False))(x)


def _activated(x, number):
    return layers.LeakyReLU(0.2, name=f"feature_{number}")(x)


def _doubled(x):
    """Bilinear upsampling by 2, as nearest-neighbour upsampling and a blur of 1 2 1.

    TensorFlow's own bilinear upsampling has no gradient of its gradient, without a warning: gradient penalties would
    have no effect. Reflection padding repeats the doubled border, as bilinear interpolation does.
    """
    x = ReflectionPadding2D(1)(layers.UpSampling2D(2)(x))
    for _ in range(2):
        x = layers.AveragePooling2D(2, strides=1)(x)
    return x


def _cut(x, like):
    """The map cropped at its end to the size of another map."""
    excess = [(0, here - there) if there else (0, 0) for here, there in zip(x.shape[1:3], like.shape[1:3], strict=True)]
    return layers.Cropping2D(excess)(x) if any(lines for _, lines in excess) else x
