"""Learns from two folders of unpaired pictures to translate both ways: what goes there and back must be the same.

CycleGAN (Zhu et al., 2017, https://arxiv.org/abs/1703.10593), with the networks, weights, pool of 50 pictures and
schedule of the authors' PyTorch code. Layers, losses and three steps of training equal the reference's in our tests.

Expect colours, light and texture of the style on the shapes of the source; what would need another shape stays as it
is. 200 epochs of crops of 256 pixels are meant for a GPU.
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Two folders of unpaired pictures, both ways: cycle consistency keeps the content.",
    generator="resnet",
    discriminators="patch",
    losses=("lsgan", "cycle:weight=10", "identity:weight=5"),
    two_way=True,
    pool=50,
)
