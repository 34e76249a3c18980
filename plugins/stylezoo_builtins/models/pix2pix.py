"""Learns from pairs of pictures what the one looks like as the other: label maps to facades, sketches to photographs.

pix2pix (Isola et al., 2017, https://arxiv.org/abs/1611.07004), with the networks, weights and schedule of the authors'
PyTorch code; forward pass and three steps of training equal the reference's in our tests. Where the reference leaves
dropout on and normalises by the picture at hand when it is used, results here are the same every time, by the
statistics that were kept in training.

Pairs are two folders whose files have the same names, or pictures that show both side by side. For data sets such as
facades, whose right half is the source, add --set direction=BtoA.

A profile for two processor cores, 3000 steps in 8 min 18 s on an AMD EPYC that did other work as well, puts windows,
doors and cornices where the labels are; walls are grey or beige, and what is empty on the label map is a smear:

    stylezoo train pix2pix --source facades/train --set direction=BtoA --steps 3000 \\
        --set image_size=128 --set load_size=143 \\
        --generator unet:filters=32,downs=6,norm=instance,resize=true \\
        --discriminator patch:conditional=true,filters=32,layers=2,norm=instance \\
        --loss l1:weight=30 --set learning_rate=4e-4 --set average=0.99
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
