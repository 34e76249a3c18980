"""Several styles in one generator, each in a branch of its own: choose one, or mix them.

Gated-GAN (Chen et al., 2019, https://arxiv.org/abs/1904.02296): every style has one residual block, all other layers
are shared. The discriminator also classifies the styles. With all style weights at 0 the picture stays as it is.

Name a folder for each style: --style monet/ --style song/, or one folder that holds them.

A profile for two CPU cores took 5 min 21 s for 2000 steps on an AMD EPYC that also did other work (4 min 13 s of CPU
time). It has two sharp, clearly different styles. So short a training needs skip connections in the generator and the
loss content, which are not part of Gated-GAN:

    stylezoo train gated --source photos/ --style monet/ --style song/ --steps 2000 \\
        --set image_size=96 --set load_size=128 \\
        --generator gated:filters=16,blocks=2,resize=true,skips=true \\
        --discriminator gated:filters=24,layers=2 --discriminator texture \\
        --loss style-classification:weight=1 --loss autoencoder:weight=5 \\
        --loss content:weight=3 --loss r1:patches=true \\
        --set average=0.998 --set optimizer.learning_rate=5e-4
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Several styles by name in one generator, to choose from and to mix.",
    data="named-styles:names=['style-0','style-1','style-2','style-3']",
    generator="gated",
    discriminators="gated",
    losses=(
        "lsgan:real=0.9,half=false",
        "style-classification:weight=10",
        "autoencoder:weight=10",
        "tv:squared=true,weight=0.05",  # the authors' 1e-6 of the sum over a picture of 128 pixels
    ),
    pool=50,
    image_size=128,
    load_size=143,
)
