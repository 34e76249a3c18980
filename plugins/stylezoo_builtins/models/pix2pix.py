"""Learns from pairs to redraw one picture as the other: label maps as facades, sketches as photographs.

pix2pix (Isola et al., 2017, https://arxiv.org/abs/1611.07004), with the networks, weights and schedule of the authors'
PyTorch code; in our tests the forward pass and three training steps equal the reference's. The reference keeps dropout
on and normalises by the statistics of the current picture at inference; here inference is deterministic, with the
moving statistics of the training.

Pairs are two folders whose files have the same names, or pictures that show both side by side. For data sets whose
right half is the source, such as facades, add --set data.direction=BtoA.

A profile for two CPU cores took 8 min 18 s for 3000 steps on an AMD EPYC that also did other work. Windows, doors and
cornices are where the labels are; walls are grey or beige, and empty parts of the label map become a smear:

    stylezoo train pix2pix --source facades/train --set data.direction=BtoA --steps 3000 \\
        --set image_size=128 --set load_size=143 \\
        --generator unet:filters=32,downs=6,norm=instance,resize=true \\
        --discriminator patch:conditional=true,filters=32,layers=2,norm=instance \\
        --loss l1:weight=30 --set optimizer.learning_rate=4e-4 --set average=0.99
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
