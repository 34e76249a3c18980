"""Learns from two folders of unpaired pictures to translate both ways: what goes there and back must be the same.

CycleGAN (Zhu et al., 2017, https://arxiv.org/abs/1703.10593), with the networks, weights, pool of 50 pictures and
schedule of the authors' PyTorch code. Layers, losses and three steps of training equal the reference's in our tests.

Expect colours, light and texture of the style on the shapes of the source; what would need another shape stays as it
is. 200 epochs of crops of 256 pixels are meant for a GPU.

A profile for two processor cores, 2500 steps in 11 min 33 s on an AMD EPYC that did other work as well (8 min 47 s of
it on the processor), has a U-Net, which keeps all detail. Expect a fine grain and softer edges but nearly the colours
of the photograph; cut and transfer change more in less time:

    stylezoo train cyclegan --source photos/ --style paintings/ --steps 2500 \\
        --set image_size=96 --set load_size=128 \\
        --generator unet:filters=32,downs=4,norm=instance,resize=true \\
        --discriminator texture --loss lsgan:weight=2 --loss r1:patches=true,weight=2 \\
        --loss cycle:weight=5 --loss identity:weight=2 \\
        --set average=0.998 --set learning_rate=4e-4
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
