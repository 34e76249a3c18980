"""Any picture in the style of any painting, with discriminators of three scales that ask for its strokes.

AdaIN (Huang and Belongie, 2017, https://arxiv.org/abs/1703.06868) with the adversarial loss, its weight and the
discriminators of IEContraAST (Chen et al., 2021, https://papers.nips.cc/paper/2021/hash/df5354693177e83e8ba089e94b7b6b55-Abstract.html).
Ours as a whole.

The weights of VGG-19 come from Keras, which downloads them, or from a file: --set vgg=FILE.
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Any picture in the style of any other: AdaIN with discriminators of three scales.",
    generator="adain",
    discriminators="multiscale:norm=instance,head=3",
    losses=("lsgan:half=false,weight=5", "adain-content", "adain-statistics:weight=10"),
    load_size=512,
    batch_size=6,
    learning_rate=1e-4,
    betas=(0.9, 0.999),
    discriminator_betas=(0.5, 0.999),
    schedule="inverse:rate=5e-5",
    steps=160_000,
)
