"""Any picture in the style of any painting: statistics of features are exchanged, a decoder draws them.

AdaIN (Huang and Belongie, 2017, https://arxiv.org/abs/1703.06868), with the decoder, weights and schedule of the
authors. No discriminator.

The weights of VGG-19 come from Keras, which downloads them, or from a file: --set vgg=FILE.
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Any picture in the style of any other, without a game: adaptive instance normalisation.",
    generator="adain",
    discriminators=(),
    losses=("adain-content", "adain-statistics:weight=10"),
    load_size=512,
    batch_size=8,
    learning_rate=1e-4,
    betas=(0.9, 0.999),
    schedule="inverse:rate=5e-5",
    steps=160_000,
)
