"""One photograph and one painting of high resolution, with the contrastive loss of CUT.

SinCUT (Park et al., 2020, https://arxiv.org/abs/2007.15651): small crops of both pictures at many zooms, the networks
of StyleGAN2, negatives from the whole batch. The published training is 100,000 steps of 16 crops.

A profile for two CPU cores took 10 min 42 s for 900 steps on an AMD EPYC that also did other work. The result has the
palette of the painting and some of its roughness, with pale rims along edges and a fine grain:

    stylezoo train sincut --source photo.jpg --style painting.jpg --steps 900 \\
        --set load_size=384 --set batch_size=4 \\
        --set generator.filters=4 --set discriminators.filters=4 \\
        --loss patch-nce:patches=16,whole_batch=true,identity=true,weight=4 --set average=0.995
"""

from stylezoo import Recipe

recipe = Recipe(
    about="High resolution from one photograph and one painting: SinCUT, for a GPU and a long training.",
    generator="stylegan2-resnet",
    discriminators="stylegan2",
    # The authors halve the discriminator's adversarial loss, not the penalty; here the penalty is doubled instead.
    losses=(
        "nonsaturating",
        "r1:weight=2",
        "patch-nce:patches=1,whole_batch=true,identity=true,weight=4",
        "identity",
    ),
    order="discriminator-first",
    image_size=64,
    load_size=1024,
    crops="grid:source_zoom=(1,3),style_zoom=(1,3)",
    batch_size=16,
    optimizer="adam:learning_rate=2e-3,beta_1=0.0,beta_2=0.99",
    schedule="linear:epochs=8,decay_epochs=8",
    steps_per_epoch=6250,
)
