"""The moving average of a generator's weights, which draws more steadily than the weights of one step."""

from keras import ops

from stylezoo.contract.branches import leaves


def follow(average, generator, decay, step):
    """Move the averaged weights a little towards those of the generator.

    Args:
        average: A network like the generator.
        generator: The network that learns.
        decay: How much of the average is kept; in the first steps less, so that the random beginning is forgotten.
        step: How many steps were made, a tensor.
    """
    step = ops.cast(step, "float32")
    decay = ops.minimum(decay, (1 + step) / (10 + step))
    for means, layer in zip(leaves(average), leaves(generator), strict=True):
        if layer.trainable:  # a mean of what stays as it is would be another number in its last digit
            for mean, variable in zip(means.weights, layer.weights, strict=True):
                mean.assign(decay * mean + (1 - decay) * variable)
