"""A folder of photographs and a folder of paintings: one-way style transfer on unpaired pictures."""

from stylezoo import Recipe

recipe = Recipe(
    about="Two folders of unpaired pictures: redraws the sources in the style, one way.",
    generator="resnet",
    discriminators="patch",
    losses=("lsgan", "content:weight=5", "identity:weight=5"),
)
