"""Learns from two folders of unpaired pictures, one way: each patch must resemble its own place in the source most.

CUT (Park et al., 2020, https://arxiv.org/abs/2007.15651), with the anti-aliased networks, the contrastive loss on five
layers of the generator and the schedule of the authors' code: half the networks of CycleGAN, and content that may
change shape a little.

A profile for two processor cores, 2000 steps in 4 min 10 s on an AMD EPYC that did other work as well, takes the
tints and the brightness of a painter and breaks surfaces up into short strokes; shapes stay where they are. Its U-Net
has skips and is sharp after minutes, where a small ResNet is still a blur:

    stylezoo train cut --source photos/ --style paintings/ --steps 2000 \\
        --set image_size=96 --set load_size=128 \\
        --generator unet:filters=32,downs=4,norm=instance,resize=true \\
        --discriminator texture --loss r1:patches=true \\
        --set average=0.998 --set learning_rate=5e-4
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Two folders of unpaired pictures, one way: a contrastive loss on patches keeps the content.",
    generator="resnet:antialias=true,init=xavier",
    discriminators="patch:antialias=true,init=xavier",
    losses=("lsgan", "patch-nce:identity=true"),
    order="discriminator-first",
    crops="random:whole_in_decay=true",
    schedule="linear:epochs=200,decay_epochs=200",
)
