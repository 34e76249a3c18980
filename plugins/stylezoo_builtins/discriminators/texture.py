"""A patch discriminator that leaves no grid in results."""

import keras
from keras import layers

from stylezoo.layers import Conv2D, SpectralNormalization


def build(shape, filters: int = 32, scale: int = 1):
    """Texture discriminator: a logit for each patch of 34 x 34 pixels, without strides, padding or normalisation.

    Strided convolutions leave a grid in the generator's results, and padding shows a discriminator where the border is
    (Odena et al., 2016, https://doi.org/10.23915/distill.00003). So average pooling downsamples, and only whole patches
    are judged. All kernels are spectrally normalised (Miyato et al., 2018, https://arxiv.org/abs/1802.05957). Our own
    design.

    Args:
        shape: Height, width and channels of a picture.
        filters: Channels of the first layer; later layers have 2, 4 and 4 times as many.
        scale: Downsample the picture by this factor first, so that patches are larger by it.
    """
    least = 34 * scale
    if min(shape[:2]) < least:
        raise ValueError(f"its patches need crops of at least {least} pixels (--set image_size={least})")
    picture = keras.Input(shape, name="picture")
    x = layers.AveragePooling2D(scale)(picture) if scale > 1 else picture
    for channels, halve in ((filters, True), (2 * filters, True), (4 * filters, False), (4 * filters, False)):
        x = layers.LeakyReLU(0.2)(SpectralNormalization(Conv2D(channels, 3))(x))
        x = layers.AveragePooling2D(2)(x) if halve else x
    return keras.Model(picture, SpectralNormalization(Conv2D(1, 3))(x), name="texture")
