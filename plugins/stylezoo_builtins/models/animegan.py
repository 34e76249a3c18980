"""Photographs as frames of an animated film, from two folders of unpaired pictures.

AnimeGANv2 (Chen et al., 2020, https://github.com/TachibanaYoshino/AnimeGANv2), with its networks and losses, and the
weights for the style of Hayao Miyazaki. In a warm-up of ten epochs the generator only learns to reconstruct its
source. Then the discriminator also sees grey and smoothed frames as fakes, so that colour and sharp edges count.

The VGG-19 weights come from Keras, which downloads them, or from a file: --set vgg=FILE. The weights of the losses fit
those of Keras. The published training, 101 epochs of crops of 256 pixels, is meant for a GPU and was not run here; a
check of 1000 small steps is on the page Recipes of the documentation.
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Photographs as frames of an animated film: AnimeGANv2.",
    generator="animegan",
    discriminators="animegan",
    losses=(
        "lsgan:half=false,weight=300",
        "decoys:weight=300",
        "perceptual:layer=conv4_4,weight=1.5",
        "gram:layer=conv4_4,grey=true,weight=2.5",
        "colour:weight=15",
        "tv:squared=true",
    ),
    order="discriminator-first",
    warmup="generator-only:losses=['perceptual'],epochs=10,learning_rate=2e-4",
    batch_size=12,
    optimizer="adam:learning_rate=2e-5",
    discriminator_optimizer="adam:learning_rate=4e-5",
    schedule="linear:epochs=91,decay_epochs=0",
)
