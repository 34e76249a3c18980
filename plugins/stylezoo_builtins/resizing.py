"""How generators with `resize=true` upsample."""

from stylezoo.layers import ReflectionPadding2D, UpSampling2D


def doubled(x):
    """Features of twice the size by bilinear interpolation, padded by reflection for a convolution of 3 x 3.

    Before a convolution this replaces a transposed one, which leaves a checkerboard, and zeros around the border, which
    leave stripes.
    """
    return ReflectionPadding2D(1)(UpSampling2D(2, interpolation="bilinear")(x))
