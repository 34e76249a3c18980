"""Learns from pairs of pictures what the one looks like as the other: label maps to facades, sketches to photographs.

pix2pix (Isola et al., 2017, https://arxiv.org/abs/1611.07004), with the networks, weights and schedule of the authors'
PyTorch code; forward pass and three steps of training equal the reference's in our tests. Where the reference leaves
dropout on and normalises by the picture at hand when it is used, results here are the same every time, by the
statistics that were kept in training.

Pairs are two folders whose files have the same names, or pictures that show both side by side. For data sets such as
facades, whose right half is the source, add --set direction=BtoA.
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Pairs of pictures: redraws one as the other, such as label maps as facades.",
    data="paired",
    generator="unet",
    discriminators="patch:conditional=true,norm=batch",
    losses=("bce", "l1:weight=100"),
    order="discriminator-first",
)
