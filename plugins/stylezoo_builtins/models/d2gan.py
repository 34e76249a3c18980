"""Style transfer by two discriminators of opposite tastes, which keep results from being too alike.

The loss is that of the dual discriminator GAN (Nguyen et al., 2017, https://arxiv.org/abs/1709.03831), the networks are
CycleGAN's, the structure of light and dark keeps the content. Ours as a whole.

A profile for two processor cores, 1500 steps in 4 min on an AMD EPYC that did other work as well, softens photographs
and tints them green and pink; it is a beginning only:

    stylezoo train d2gan --source photos/ --style paintings/ --steps 1500 \\
        --set image_size=96 --set load_size=128 \\
        --generator unet:filters=32,downs=4,norm=instance,resize=true \\
        --discriminator texture --discriminator texture --loss r1:patches=true \\
        --loss content:weight=3 --loss identity:weight=2 \\
        --set average=0.998 --set learning_rate=4e-4
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Two folders of unpaired pictures, one way, with two separate discriminators for more variety.",
    generator="resnet",
    discriminators=("patch", "patch"),
    losses=("diverse", "content:weight=5", "identity:weight=5"),
)
