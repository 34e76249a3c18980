"""Two pictures in, a picture out: learns the strokes and the palette of one painting on one photograph.

Trains in some minutes on two processor cores. Crops of the two pictures are all it sees, as in SinCUT (Park et al.,
2020, https://arxiv.org/abs/2007.15651); the rest is ours.
"""

from stylezoo import Recipe

recipe = Recipe(
    about="One photograph and one painting: trains in minutes without a GPU.",
    generator="resnet:filters=24,blocks=4,resize=true",
    discriminators=("patch:filters=32,layers=2,spectral=true", "patch:filters=32,layers=2,spectral=true,scale=2"),
    losses=("lsgan", "content:weight=4"),
    image_size=128,
    load_size=288,
    style_zoom=(1.0, 1.6),
    batch_size=4,
    learning_rate=5e-4,
    discriminator_rate=1e-3,
    epochs=1,
    decay_epochs=0,
    steps_per_epoch=500,
    average=0.99,
)
