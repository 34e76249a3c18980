"""Style transfer by two discriminators of opposite tastes, which keep results from being too alike.

The loss is that of the dual discriminator GAN (Nguyen et al., 2017, https://arxiv.org/abs/1709.03831), the networks are
CycleGAN's, the structure of light and dark keeps the content. Ours as a whole.
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Two folders of unpaired pictures, one way, with two separate discriminators for more variety.",
    generator="resnet",
    discriminators=("patch", "patch"),
    losses=("diverse", "content:weight=5", "identity:weight=5"),
)
