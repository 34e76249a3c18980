"""The latent reconstruction loss of MUNIT."""

from keras import ops

from stylezoo import Loss
from stylezoo.contract import made_of_codes


class LatentReconstruction(Loss):
    """Latent reconstruction: content and style code of a result, encoded again, should be those it was decoded from.

    Mean absolute difference of the style code of the result and the code that the generator reads from it, and of the
    source's content and the content that the inverse generator reads from the result (Huang et al., 2018,
    https://arxiv.org/abs/1804.04732, with a weight of 1). For two-way models of generators with content and style
    codes.

    Args:
        content: Weight of the content term.
        style: Weight of the style code term.
        random_codes: Whether training uses random style codes, as in MUNIT, instead of those of the style pictures.

    Example:
        stylezoo train munit --loss latent-reconstruction:content=1.0,style=0.5
    """

    discriminators_needed = 0
    two_way_needed = True

    def __init__(self, content: float = 1.0, style: float = 1.0, random_codes: bool = True):
        self.content = content
        self.style = style
        self.random_codes_needed = random_codes

    def build(self, generator, discriminators, shape):
        if not made_of_codes(generator):
            raise ValueError(
                f"latent-reconstruction needs a generator made of codes, such as munit, not {generator.name}"
            )

    def generator_loss(self, translation):
        code = translation.code
        if code is None:  # the fake was made of the code of `style`
            code = _read(translation.generator, "style_code", translation.style, translation)
        code_again = _read(translation.generator, "style_code", translation.fake, translation)
        content = _read(translation.generator, "content", translation.source, translation)
        content_again = _read(translation.inverse, "content", translation.fake, translation)
        styles, contents = ops.mean(ops.abs(code_again - code)), ops.mean(ops.abs(content_again - content))
        return self.content * contents + self.style * styles


def _read(generator, part, picture, translation):
    return ops.cast(generator.get_layer(part)(picture, training=translation.training), "float32")
