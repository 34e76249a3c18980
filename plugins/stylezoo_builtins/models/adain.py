"""The style of any painting on any picture: feature statistics are exchanged, and a decoder draws the result.

AdaIN (Huang and Belongie, 2017, https://arxiv.org/abs/1703.06868), with the decoder, weights and schedule of the
authors. It has no discriminator.

The VGG-19 weights come from Keras, which downloads them, or from a file: --set vgg=FILE. Results have the palette and
the grain of the style on the large shapes of the source; small details are lost. The published training, 160,000
steps, is meant for a GPU and was not run here.

A small profile for two cores is that of adain-gan without the adversarial loss; 100 of its steps were run, as a check:

    stylezoo train adain --source photos/ --style paintings/ --steps 2500 --set vgg=FILE \\
        --set image_size=64 --set load_size=96 --set batch_size=2 --generator adain:depth=3,smooth=true \\
        --loss adain-content:depth=3 --loss adain-statistics:depth=3,weight=10 --loss identity:weight=20 \\
        --set optimizer.learning_rate=3e-4 --set average=0.99
"""

from stylezoo import Recipe

recipe = Recipe(
    about="Adaptive instance normalisation: any picture in the style of any other, no adversarial loss.",
    generator="adain",
    discriminators=(),
    losses=("adain-content", "adain-statistics:weight=10"),
    load_size=512,
    batch_size=8,
    optimizer="adam:learning_rate=1e-4,beta_1=0.9",
    schedule="inverse:rate=5e-5",
    steps=160_000,
)
