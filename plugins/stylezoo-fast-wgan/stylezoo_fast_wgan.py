"""A folder of photographs and a folder of paintings: a light generator and a Wasserstein loss on every pixel.

The generator of fast neural style transfer (Johnson et al., 2016, https://arxiv.org/abs/1603.08155), with skip
connections, is trained by the Wasserstein loss with gradient penalty (Gulrajani et al., 2017,
https://arxiv.org/abs/1704.00028) against the U-Net discriminator of Real-ESRGAN (Wang et al., 2021,
https://arxiv.org/abs/2107.10833). The loss content keeps the content, and the identity loss keeps the colours. The
combination is our own.

With a gradient norm of 1 for the sum of all pixels' logits, their mean teaches a generator almost nothing. So the
target of the penalty is larger, about a third of a crop's side: `wgan-gp:target=20` for 64 pixels, 80 for 256. 200
epochs of crops of 256 pixels are meant for a GPU, and were not run.

A profile for two CPU cores took 6 min 45 s for 1600 steps on an Intel Xeon that also did other work (a training of the
same size took 4 min 44 s when it was less busy). Photographs stay sharp, their shadows become lighter, and their
colours turn to ochre, olive and pale blue. Short parallel marks break up surfaces; they come from the adversarial loss
more than from the painter. Dark, almost flat pictures become grey:

    stylezoo train fast-wgan --source photos/ --style paintings/ \\
        --set image_size=64 --set load_size=128 \\
        --set schedule.epochs=1 --set schedule.decay_epochs=1 --set steps_per_epoch=800 \\
        --set generator.filters=16 --set generator.blocks=3 \\
        --set discriminators.filters=16 --loss wgan-gp:target=20
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Two folders of unpaired pictures: redraws the sources in the style, one way, with a Wasserstein loss.",
    generator="stylezoo-fast-style/fast-style:skips=true",
    discriminators="stylezoo-fast-style/unet-sn",
    losses=(
        "stylezoo/wgan:weight=8",
        "stylezoo-wgan-gp/wgan-gp:target=80",
        "stylezoo/content",
        "stylezoo/identity",
    ),
    order="discriminator-first:critic_steps=2",
    optimizer="adam:learning_rate=5e-4",
    discriminator_optimizer="adam:learning_rate=7e-4,beta_1=0.0,beta_2=0.9",
    average=0.995,
)
