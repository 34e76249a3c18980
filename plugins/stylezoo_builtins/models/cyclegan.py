"""Two folders of unpaired pictures, both ways: a picture that is translated there and back must be unchanged.

CycleGAN (Zhu et al., 2017, https://arxiv.org/abs/1703.10593), with the networks, weights, pool of 50 pictures and
schedule of the authors' PyTorch code. In our tests layers, losses and three training steps equal the reference's.

Results have the colours, light and texture of the style on the shapes of the source; shapes do not change. 200 epochs
of crops of 256 pixels are meant for a GPU.

A profile for two CPU cores took 11 min 33 s for 2500 steps on an AMD EPYC that also did other work (8 min 47 s of CPU
time). It has a U-Net, which keeps all detail. Results have a fine grain and softer edges, but nearly the colours of
the photograph; cut and transfer change more in less time:

    stylezoo train cyclegan --source photos/ --style paintings/ --steps 2500 \\
        --set image_size=96 --set load_size=128 \\
        --generator unet:filters=32,downs=4,norm=instance,resize=true \\
        --discriminator texture --loss lsgan:weight=2 --loss r1:patches=true,weight=2 \\
        --loss cycle:weight=5 --loss identity:weight=2 \\
        --set average=0.998 --set optimizer.learning_rate=4e-4
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Cycle consistency keeps the content: two folders of unpaired pictures, both ways.",
    generator="resnet",
    discriminators="patch",
    losses=("lsgan", "cycle:weight=10", "identity:weight=5"),
    two_way=True,
    pool=50,
)
