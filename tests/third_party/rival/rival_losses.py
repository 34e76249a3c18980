"""A plugin that gives its loss names which others have already."""

from keras import ops

from stylezoo import AdversarialLoss


class Tripled(AdversarialLoss):
    """Least squares, three times as strict."""

    def on_real(self, logits):
        return 3 * ops.mean(ops.square(logits - 1))

    def on_fake(self, logits):
        return 3 * ops.mean(ops.square(logits))

    def fool(self, logits):
        return 3 * ops.mean(ops.square(logits - 1))
