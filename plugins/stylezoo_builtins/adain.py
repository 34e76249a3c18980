"""Adaptive instance normalisation: AdaIN (Huang and Belongie, 2017, https://arxiv.org/abs/1703.06868)."""

from keras import ops

from stylezoo import scene


def statistics(features):
    """The mean and the standard deviation of each channel: two tensors (batch, 1, 1, channels).

    As in the authors' code, it is the root of the unbiased variance plus 1e-5.
    """
    features = ops.cast(features, "float32")
    count = ops.cast(ops.shape(features)[1] * ops.shape(features)[2], "float32")
    mean, variance = scene.moments(features)
    return mean, ops.sqrt(variance * count / ops.maximum(count - 1, 1.0) + 1e-5)


def adain(content, style):
    """Content features with the mean and the standard deviation of each channel of style features.

    Where several styles share a picture, `style` has a row for each, and their statistics are mixed: see `scene.mixed`.
    """
    content_mean, content_deviation = statistics(content)
    style_mean, style_deviation = (scene.mixed(each, content) for each in statistics(style))
    return (ops.cast(content, "float32") - content_mean) / content_deviation * style_deviation + style_mean
