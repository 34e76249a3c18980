"""Two folders of unpaired pictures, one way, with two discriminators with opposite goals for more diverse results.

The loss is that of the dual discriminator GAN (Nguyen et al., 2017, https://arxiv.org/abs/1709.03831), the networks
are CycleGAN's, and the loss content keeps the content. The combination is our own.

A profile for two CPU cores took 4 min for 1500 steps on an AMD EPYC that also did other work. It softens photographs
and tints them green and pink; the style is not there yet:

    stylezoo train d2gan --source photos/ --style paintings/ --steps 1500 \\
        --set image_size=96 --set load_size=128 \\
        --generator unet:filters=32,downs=4,norm=instance,resize=true \\
        --discriminator texture --discriminator texture --loss r1:patches=true \\
        --loss content:weight=3 --loss identity:weight=2 \\
        --set average=0.998 --set optimizer.learning_rate=4e-4
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Two separate discriminators for more variety: two folders of unpaired pictures, one way.",
    generator="resnet",
    discriminators=("patch", "patch"),
    losses=("diverse", "content:weight=5", "identity:weight=5"),
)
