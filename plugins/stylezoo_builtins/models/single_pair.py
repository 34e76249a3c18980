"""Learns the strokes and the palette of one painting on one photograph, and redraws others as well.

Crops of the two pictures are all that it sees, as in SinCUT (Park et al., 2020, https://arxiv.org/abs/2007.15651); the
rest is ours. The generator sees light and dark only, so that all colour comes from the painting, and a grain that runs
like strokes; the game teaches it to paint them. What keeps the photograph is its structure of light and dark; what
teaches the palette is to colour the painting itself from its own light and dark.

Expect strokes that follow contours and whirl through flat areas, 4 to 8 pixels wide, in every colour of the painting
but not where the photograph has them. Faces and lettering keep what is larger than a stroke. Strokes come out as
ribbons rather than as separate dabs. On two cores of an AMD EPYC processor `time stylezoo train` took 3 min 9 s, the
start of TensorFlow included.
"""

from stylezoo import Recipe

recipe = Recipe(
    about="One photograph and one painting: trains in minutes without a GPU.",
    generator="brush",
    discriminators=("texture", "texture:scale=2"),
    losses=("lsgan", "r1:patches=true,weight=2", "content:weight=4", "identity:weight=8"),
    data="unpaired:match_tones=true",
    order="together:judge_identity=true",
    image_size=128,
    load_size=512,
    crops="random:source_zoom=(1.8,2.8),style_zoom=(0.5,1.0),turn_style=true",
    batch_size=1,
    optimizer="adam:learning_rate=4e-4",
    discriminator_optimizer="adam:learning_rate=6e-4",
    schedule="linear:epochs=8,decay_epochs=4",
    steps_per_epoch=100,
    average=0.997,
)
