"""The style of any painting on any picture, with discriminators at three scales for its strokes.

AdaIN (Huang and Belongie, 2017, https://arxiv.org/abs/1703.06868) with the adversarial loss, its weight and the
discriminators of IEContraAST (Chen et al., 2021,
https://papers.nips.cc/paper/2021/hash/df5354693177e83e8ba089e94b7b6b55-Abstract.html). The combination is our own.

The VGG-19 weights come from Keras, which downloads them, or from a file: --set vgg=FILE.

A profile for two CPU cores took 10 min 37 s for 2500 steps on an AMD EPYC that also did other work. Each photograph
gets the palette of its painting, in smeared dabs. Large shapes can be recognised, small details are lost; --size 256
is best. The VGG-19 was that of AdaIN's authors, from a file:

    stylezoo train adain-gan --source photos/ --style paintings/ --steps 2500 \\
        --set vgg=vgg_normalised.pth --set image_size=64 --set load_size=96 --set batch_size=2 \\
        --generator adain:depth=3,smooth=true --discriminator texture \\
        --loss lsgan:weight=1 --loss r1:patches=true \\
        --loss adain-content:depth=3 --loss adain-statistics:depth=3,weight=10 \\
        --loss identity:weight=20 --set optimizer.learning_rate=3e-4 \\
        --set discriminator_optimizer.learning_rate=3e-4 --set average=0.99
"""

from stylezoo import Recipe

recipe = Recipe(
    about="AdaIN with discriminators of three scales: any picture in the style of any other.",
    generator="adain",
    discriminators="multiscale:norm=instance,head=3",
    losses=("lsgan:half=false,weight=5", "adain-content", "adain-statistics:weight=10"),
    load_size=512,
    batch_size=6,
    optimizer="adam:learning_rate=1e-4,beta_1=0.9",
    discriminator_optimizer="adam:learning_rate=1e-4",
    schedule="inverse:rate=5e-5",
    steps=160_000,
)
