"""The diversity loss of MSGAN."""

from keras import ops

from stylezoo import Loss
from stylezoo.contract import generate, made_of_codes, random_code, random_noise


class ModeSeeking(Loss):
    """Mode seeking: different noise should give different results for the same source.

    The mean absolute difference of two noises, divided by that of the two results (Mao et al., 2019,
    https://arxiv.org/abs/1903.05628, with a weight of 1). For generators with the input `noise` or with style codes.
    """

    discriminators_needed = 0

    def build(self, generator, discriminators, shape):
        if not (_takes_noise(generator) or made_of_codes(generator)):
            raise ValueError(
                f"mode-seeking needs a generator with the input noise or one made of codes, such as munit; "
                f"{generator.name} always makes the same picture of a source"
            )

    def generator_loss(self, translation):
        draw = _with_noise if _takes_noise(translation.generator) else _with_codes
        noise, pictures = draw(translation)
        return 1 / (_distance(pictures) / _distance(noise) + 1e-5)


def _takes_noise(generator):
    return any(wanted.name == "noise" for wanted in generator.inputs)


def _with_codes(translation):
    """Two random codes for each source, and the results."""
    source = _twice(translation.source)
    code = random_code(translation.generator, source, translation.seed)
    return code, generate(translation.generator, source, training=translation.training, code=code)


def _with_noise(translation):
    """Two noises for each source, and the results."""
    source, style = _twice(translation.source), _twice(translation.style)
    labels = None if translation.labels is None else _twice(translation.labels)
    noise = random_noise(translation.generator, source, translation.seed)
    pictures = generate(translation.generator, source, style, translation.training, labels=labels, noise=noise)
    return noise, pictures


def _twice(batch):
    return ops.concatenate([batch, batch])


def _distance(pairs):
    """The mean absolute difference of the first and the second half of a batch."""
    first, second = ops.split(pairs, 2)
    return ops.mean(ops.abs(second - first))
