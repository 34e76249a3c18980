"""Two folders of unpaired pictures, one way: a contrastive loss on patches keeps the content.

CUT (Park et al., 2020, https://arxiv.org/abs/2007.15651), with the anti-aliased networks, the contrastive loss on
five layers of the generator and the schedule of the authors' code. It has half the networks of CycleGAN, and shapes
may change a little.

A profile for two CPU cores took 4 min 10 s for 2000 steps on an AMD EPYC that also did other work. Results have the
tints and the brightness of a painter and short strokes in place of smooth surfaces; shapes stay where they are. The
U-Net has skip connections and is sharp after minutes, when a small ResNet is still blurred:

    stylezoo train cut --source photos/ --style paintings/ --steps 2000 \\
        --set image_size=96 --set load_size=128 \\
        --generator unet:filters=32,downs=4,norm=instance,resize=true \\
        --discriminator texture --loss r1:patches=true \\
        --set average=0.998 --set optimizer.learning_rate=5e-4
"""

from stylezoo import Recipe

recipe = Recipe(
    about="A contrastive loss on patches keeps the content: two folders of unpaired pictures, one way.",
    generator="resnet:antialias=true,init=xavier",
    discriminators="patch:antialias=true,init=xavier",
    losses=("lsgan", "patch-nce:identity=true"),
    order="discriminator-first",
    crops="random:whole_in_decay=true",
    schedule="linear:epochs=200,decay_epochs=200",
)
