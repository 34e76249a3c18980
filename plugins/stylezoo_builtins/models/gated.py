"""Learns several styles in one generator; gates choose a style, or mix several.

Gated-GAN (Chen et al., 2019, https://arxiv.org/abs/1904.02296): every style has a residual branch of its own, all else
is shared. The discriminator also tells the styles apart. With all gates shut the picture stays as it is.

Name a folder for each style: --style monet/ --style song/, or one folder that holds them.
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Several styles by name in one generator, to choose from and to mix.",
    data="styles",
    styles=("style-0", "style-1", "style-2", "style-3"),
    generator="gated",
    discriminators="gated",
    losses=(
        "lsgan:real=0.9,half=false",
        "style-classification:weight=10",
        "autoencoder:weight=10",
        "tv:squared=true,weight=0.05",  # the authors' 1e-6, of the sum over a picture of 128 pixels
    ),
    pool=50,
    image_size=128,
    load_size=143,
)
