"""The moving average of a generator's weights, whose pictures vary less than those of single steps."""

from keras import ops

from stylezoo.contract.branches import leaves


def follow(average, generator, decay, step):
    """Move the averaged weights a little towards those of the generator.

    Args:
        average: A network like the generator.
        generator: The network that learns.
        decay: How much of the average is kept; less in the first steps, so that the initial weights lose influence.
        step: The number of steps so far, a tensor.
    """
    step = ops.cast(step, "float32")
    decay = ops.minimum(decay, (1 + step) / (10 + step))
    for means, layer in zip(leaves(average), leaves(generator), strict=True):
        if layer.trainable:  # the mean of a frozen weight would differ in its last digit
            for mean, variable in zip(means.weights, layer.weights, strict=True):
                mean.assign(decay * mean + (1 - decay) * variable)
