"""Two pictures in, a picture out: learns the strokes and the palette of one painting on one photograph.

Trains in some minutes on two processor cores. Crops of the two pictures are all it sees, as in SinCUT (Park et al.,
2020, https://arxiv.org/abs/2007.15651); the rest is ours.
"""

from stylezoo import Recipe

recipe = Recipe(
    about="One photograph and one painting: trains in minutes without a GPU.",
    generator="brush",
    discriminators=("texture", "texture:scale=2"),
    losses=("lsgan:weight=0.5", "r1:patches=true", "content:coarse=8,fine=4,detail=1,weight=2", "identity:weight=4"),
    judge_identity=True,
    match_tones=True,
    image_size=128,
    load_size=512,
    source_zoom=(1.8, 2.8),
    style_zoom=(0.5, 1.0),
    turn_style=True,
    batch_size=1,
    learning_rate=4e-4,
    discriminator_rate=6e-4,
    epochs=8,
    decay_epochs=4,
    steps_per_epoch=100,
    average=0.997,
)
