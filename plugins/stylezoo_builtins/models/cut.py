"""Learns from two folders of unpaired pictures, one way: each patch must resemble its own place in the source most.

CUT (Park et al., 2020, https://arxiv.org/abs/2007.15651), with the anti-aliased networks, the contrastive loss on five
layers of the generator and the schedule of the authors' code: half the networks of CycleGAN, and content that may
change shape a little.
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Two folders of unpaired pictures, one way: a contrastive loss on patches keeps the content.",
    generator="resnet:antialias=true,init=xavier",
    discriminators="patch:antialias=true,init=xavier",
    losses=("lsgan", "patch-nce:identity=true"),
    order="discriminator-first",
    whole_in_decay=True,
    epochs=200,
    decay_epochs=200,
)
