"""Two folders of unpaired pictures: photographs in the style of paintings, one way.

The networks, the adversarial loss, crops and schedule are those of CycleGAN (Zhu et al., 2017,
https://arxiv.org/abs/1703.10593), without the way back: the loss content keeps the content instead. The combination
is our own. 200 epochs of crops of 256 pixels are meant for a GPU.

A profile for two CPU cores took 4 min 19 s for 3000 steps on an AMD EPYC. Results have the softness and the tints of
a painter, not yet the brushwork, and faint lines:

    stylezoo train transfer --source photos/ --style paintings/ --steps 3000 \\
        --set image_size=96 --set load_size=128 --generator resnet:filters=24,blocks=4,resize=true \\
        --discriminator texture --loss r1:patches=true --loss content:weight=3 \\
        --set average=0.998 --set optimizer.learning_rate=3e-4
"""

from stylezoo import Recipe

recipe = Recipe(
    about="A plain GAN with a content loss: two folders of unpaired pictures, one way.",
    generator="resnet",
    discriminators="patch",
    losses=("lsgan", "content:weight=5", "identity:weight=5"),
)
