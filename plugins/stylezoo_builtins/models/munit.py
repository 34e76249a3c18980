"""Two folders of unpaired pictures, both ways, with style codes: many results for one source.

MUNIT (Huang et al., 2018, https://arxiv.org/abs/1804.04732), with the networks, weights and schedule of the authors'
code. The style of a result is random, decided by the seed, or that of a picture.

The published training, a million steps, is meant for a GPU and was not run here. A small profile of some minutes on
two cores only shows that it runs: after 400 steps pictures are grey and soft.

    stylezoo train munit --source photos/ --style paintings/ --steps 400 \\
        --set image_size=96 --set load_size=128 --generator munit:filters=16,blocks=2,mlp=64 --discriminator texture
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Style codes give many results for one source: two folders of unpaired pictures, both ways.",
    generator="munit",
    discriminators="multiscale",
    losses=("lsgan:half=false", "reconstruction:weight=10", "latent-reconstruction"),
    two_way=True,
    order="discriminator-first",
    load_size=256,
    optimizer="adam:learning_rate=1e-4,weight_decay=1e-4",
    schedule="halving:every=100000",
    steps=1_000_000,
)
