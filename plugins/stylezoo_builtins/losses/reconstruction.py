"""The reconstruction loss of MUNIT."""

from keras import ops

from stylezoo import Loss
from stylezoo.contract import made_of_codes


class Reconstruction(Loss):
    """Reconstruction: a picture that is decoded from its own content and style code should be unchanged.

    Mean absolute difference of the source and the inverse generator's decoding of the source's content and code (Huang
    et al., 2018, https://arxiv.org/abs/1804.04732, with a weight of 10). For two-way models of generators with content
    and style codes: `generator` encodes the content of a source, `inverse` encodes its style code and decodes both.

    Example:
        stylezoo train munit --loss reconstruction:weight=5
    """

    discriminators_needed = 0
    two_way_needed = True

    def build(self, generator, discriminators, shape):
        if not made_of_codes(generator):
            raise ValueError(f"reconstruction needs a generator made of codes, such as munit, not {generator.name}")

    def generator_loss(self, translation):
        source, training = translation.source, translation.training
        content = translation.generator.get_layer("content")(source, training=training)
        code = translation.inverse.get_layer("style_code")(source, training=training)
        again = translation.inverse.get_layer("decoder")([content, code], training=training)
        return ops.mean(ops.abs(ops.cast(again, "float32") - source))
