"""Any picture in the style of any painting: statistics of features are exchanged, a decoder draws them.

AdaIN (Huang and Belongie, 2017, https://arxiv.org/abs/1703.06868), with the decoder, weights and schedule of the
authors. No discriminator.

The weights of VGG-19 come from Keras, which downloads them, or from a file: --set vgg=FILE. Expect the palette and
the grain of the style on the large shapes of the source; small things dissolve. The published training, 160,000 steps,
is meant for a GPU and was not made here.

A small profile for two cores is that of adain-gan without its game; 100 of its steps were made, as a check:

    stylezoo train adain --source photos/ --style paintings/ --steps 2500 --set vgg=FILE \\
        --set image_size=64 --set load_size=96 --set batch_size=2 --generator adain:depth=3,smooth=true \\
        --loss adain-content:depth=3 --loss adain-statistics:depth=3,weight=10 --loss identity:weight=20 \\
        --set learning_rate=3e-4 --set average=0.99
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Any picture in the style of any other, without a game: adaptive instance normalisation.",
    generator="adain",
    discriminators=(),
    losses=("adain-content", "adain-statistics:weight=10"),
    load_size=512,
    batch_size=8,
    optimizer="adam:learning_rate=1e-4,beta_1=0.9",
    schedule="inverse:rate=5e-5",
    steps=160_000,
)
