"""CUT without the identity half of its contrastive loss: less memory, half the epochs, bolder changes.

FastCUT (Park et al., 2020, https://arxiv.org/abs/2007.15651): the contrastive loss weighs ten times as much, and
half of the time compares with the mirrored source.
"""

from stylezoo import Recipe

recipe = Recipe(
    about="CUT made lighter: two folders of unpaired pictures, one way, half as long.",
    generator="resnet:antialias=true,init=xavier",
    discriminators="patch:antialias=true,init=xavier",
    losses=("lsgan", "patch-nce:flip=true,weight=10"),
    order="discriminator-first",
    whole_in_decay=True,
    epochs=150,
    decay_epochs=50,
)
