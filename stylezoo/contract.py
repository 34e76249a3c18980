"""What a plugin author sees: the tensors of one training step, and the losses that are computed from them.

Pictures are float tensors (batch, height, width, 3) in [-1, 1], discriminators answer with logits of any spatial shape.
Generators and discriminators need no class of ours: a function ``build(shape, **options) -> keras.Model`` is enough.

* A generator's model takes the source, or ``[source, style]`` if it has two inputs, and answers with a picture of the
  source's size. It is built for ``shape == (None, None, 3)``.
* A discriminator's model takes a picture, or ``[source, picture]`` if it has two inputs, and answers with logits.
  It is built for ``shape == (image_size, image_size, 3)``.
"""

from abc import ABC, abstractmethod
from functools import cached_property


def generate(generator, source, style, training=False):
    """A generator's picture of `source`, float32, whatever the precision it is computed in."""
    from keras import ops  # contract.py is imported for listings as well: Keras takes three seconds

    inputs = [source, style] if len(generator.inputs) == 2 else source
    return ops.cast(generator(inputs, training=training), "float32")


def judge(discriminator, picture, source, training=False):
    """A discriminator's logits for `picture`, float32, whatever the precision they are computed in."""
    from keras import ops

    inputs = [source, picture] if len(discriminator.inputs) == 2 else picture
    return ops.cast(discriminator(inputs, training=training), "float32")


class Translation:
    """One direction of style transfer in one training step.

    Each tensor is computed when a loss first asks for it, once, so that a model pays only for what its losses use.

    Attributes:
        source: The pictures whose content is kept, (batch, height, width, 3) in [-1, 1].
        style: The pictures whose look is taken, the same shape; for paired data the ground truth of `source`.
        generator: The network that redraws `source`.
        inverse: The generator of the opposite direction, None in a one-way model.
        discriminators: The networks that tell `style` from `fake`.
        training: Whether layers such as dropout behave as in training.
    """

    def __init__(self, source, style, generator, discriminators=(), inverse=None, training=True):
        self.source = source
        self.style = style
        self.generator = generator
        self.discriminators = list(discriminators)
        self.inverse = inverse
        self.training = training

    @cached_property
    def fake(self):
        """What the generator makes of `source`, (batch, height, width, 3) in [-1, 1]."""
        return generate(self.generator, self.source, self.style, self.training)

    @cached_property
    def cycled(self):
        """`fake` translated back to `source`; only for two-way models."""
        return generate(self.inverse, self.fake, self.source, self.training)

    @cached_property
    def identity(self):
        """What the generator makes of `style`, which it should leave as it is."""
        return generate(self.generator, self.style, self.style, self.training)

    @cached_property
    def real_logits(self):
        """How real each discriminator finds `style`: a list of tensors, one a discriminator."""
        return [judge(d, self.style, self.source, self.training) for d in self.discriminators]

    @cached_property
    def fake_logits(self):
        """How real each discriminator finds `fake`: a list of tensors, one a discriminator."""
        return [judge(d, self.fake, self.source, self.training) for d in self.discriminators]

    def detached(self):
        """The same translation judged anew, no gradient reaching the generator: what a discriminator learns from."""
        from keras import ops

        twin = Translation(self.source, self.style, self.generator, self.discriminators, self.inverse, self.training)
        twin.fake = ops.stop_gradient(self.fake)
        return twin


class Loss:
    """Up to two scalars to make small, one for each player of the game.

    A subclass overrides `generator`, `discriminator` or both, and is given its options, plain numbers and strings,
    by its constructor. It knows mathematics only: no optimizer, tape, device or log.

    Attributes:
        adversarial: Whether this loss is the game itself: a model has one, and asking for another replaces it.
        discriminators_needed: How many discriminators it needs at least.
        layers: Keras layers that the loss owns; their weights train with the generator and are saved with the model.
    """

    adversarial = False
    discriminators_needed = 1
    layers = ()

    def build(self, generator, shape):
        """Create the layers that this loss owns, if any. Called once, before training.

        Args:
            generator: The generator that the loss will look at.
            shape: The shape of one picture, (height, width, 3).
        """

    def generator(self, translation):
        """What the generator pays: a scalar tensor."""

    def discriminator(self, translation):
        """What the discriminators pay, together: a scalar tensor."""


class AdversarialLoss(Loss, ABC):
    """A game that looks at nothing but logits. Every discriminator of the model plays it, their costs are added."""

    adversarial = True

    @abstractmethod
    def on_real(self, logits):
        """What a discriminator pays for these logits on style pictures: a scalar tensor."""

    @abstractmethod
    def on_fake(self, logits):
        """What a discriminator pays for these logits on generated pictures: a scalar tensor."""

    @abstractmethod
    def fool(self, logits):
        """What the generator pays for these logits on its pictures: a scalar tensor."""

    def generator(self, translation):
        return sum(self.fool(logits) for logits in translation.fake_logits)

    def discriminator(self, translation):
        reals = sum(self.on_real(logits) for logits in translation.real_logits)
        return reals + sum(self.on_fake(logits) for logits in translation.fake_logits)


class ImageLoss(Loss, ABC):
    """A loss that looks at nothing but pictures and concerns only the generator."""

    discriminators_needed = 0

    @abstractmethod
    def measure(self, source, style, fake):
        """What the generator pays for making `fake` of `source` and `style`: a scalar tensor."""

    def generator(self, translation):
        return self.measure(translation.source, translation.style, translation.fake)
