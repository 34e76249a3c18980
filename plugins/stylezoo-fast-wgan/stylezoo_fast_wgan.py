"""Fast-WGAN."""

from stylezoo import Recipe

recipe = Recipe(
    about="Two folders of unpaired pictures: a light generator in a Wasserstein game, one way.",
    generator="stylezoo-fast-style/fast-style",
    discriminators="stylezoo-fast-style/unet-sn",
    losses=("stylezoo/wgan:weight=5", "stylezoo-wgan-gp/wgan-gp:target=100", "stylezoo/content:weight=5", "stylezoo/identity:weight=5"),
    order="discriminator-first",
    critic_steps=2,
)
