"""What a plugin author sees: the tensors of one training step, and the losses that are computed from them.

Pictures are float tensors (batch, height, width, 3) in [-1, 1], discriminators answer with logits of any spatial shape.
Generators and discriminators need no class of ours: a function ``build(shape, **options) -> keras.Model`` is enough.

* A generator's model has an input `source`, and may have the inputs `style`, a picture of the same size, and `noise`,
  normal random numbers of any shape: (None, None, 1) for a map, (8,) for a code. It answers with a picture of the
  source's size. It is built for ``shape == (None, None, 3)``.
* A discriminator's model takes a picture, or ``[source, picture]`` if it has two inputs, and answers with logits.
  It is built for ``shape == (image_size, image_size, 3)``.
"""

from abc import ABC, abstractmethod
from copy import copy


def generate(generator, source, style, training=False, seed=0):
    """A generator's picture of `source`, float32, whatever the precision it is computed in.

    Args:
        generator: A generator's model.
        source: Pictures, (batch, height, width, 3) in [-1, 1].
        style: Likewise; only a generator that has the input is given it.
        training: Whether layers such as dropout behave as in training.
        seed: A number or a `keras.random.SeedGenerator` for the input `noise`; None: the noise is 0.
    """
    from keras import ops  # contract.py is imported for listings as well: Keras takes three seconds

    if len(generator.inputs) == 1:
        inputs = source
    else:
        given = {"source": ops.convert_to_tensor(source), "style": ops.convert_to_tensor(style)}
        inputs = [_noise(i, source, seed) if i.name == "noise" else given[i.name] for i in generator.inputs]
    return ops.cast(generator(inputs, training=training), "float32")


def _noise(wanted, source, seed):
    """Normal noise in the shape of an input; what the input leaves open is the source's."""
    import keras

    open_to = (*keras.ops.shape(source)[:3], None)
    shape = [size or other for size, other in zip(wanted.shape, open_to, strict=False)]
    return keras.ops.zeros(shape) if seed is None else keras.random.normal(shape, seed=seed)


def judge(discriminator, picture, source, training=False):
    """A discriminator's logits for `picture`, float32, whatever the precision they are computed in."""
    from keras import ops

    inputs = [source, picture] if len(discriminator.inputs) == 2 else picture
    return ops.cast(discriminator(inputs, training=training), "float32")


def pixel_gradient(discriminator, picture, source, training=False):
    """How the sum of a discriminator's logits changes with each value of `picture`: a tensor of its shape.

    What gradient penalties are made of; the gradient of the gradient is there as well.
    """
    import tensorflow as tf  # Keras has no gradient of its own

    with tf.GradientTape() as tape:
        tape.watch(picture)
        logits = judge(discriminator, picture, source, training)
    return tape.gradient(logits, picture)


class _computed_once:  # noqa: N801 - a decorator, like `property`
    """`functools.cached_property` without its lock of Python 3.11: replicas are threads that wait for each other."""

    def __init__(self, compute):
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, one, owner=None):
        if one is None:
            return self
        value = vars(one)[self.name] = self.compute(one)
        return value


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
        judge_identity: Whether discriminators are shown `identity` as generated pictures, besides `fake`.
        seed: A number or a `keras.random.SeedGenerator` for generators that have the input `noise`.
    """

    def __init__(
        self, source, style, generator, discriminators=(), inverse=None, training=True, judge_identity=False, seed=0
    ):
        self.source = source
        self.style = style
        self.generator = generator
        self.discriminators = list(discriminators)
        self.inverse = inverse
        self.training = training
        self.judge_identity = judge_identity
        self.seed = seed

    @_computed_once
    def fake(self):
        """What the generator makes of `source`, (batch, height, width, 3) in [-1, 1]."""
        return generate(self.generator, self.source, self.style, self.training, self.seed)

    @_computed_once
    def cycled(self):
        """`fake` translated back to `source`; only for two-way models."""
        return generate(self.inverse, self.fake, self.source, self.training, self.seed)

    @_computed_once
    def identity(self):
        """What the generator makes of `style` without noise: it should leave it as it is."""
        return generate(self.generator, self.style, self.style, self.training, seed=None)

    @_computed_once
    def real_logits(self):
        """How real each discriminator finds `style`: a list of tensors, one a discriminator."""
        return [judge(d, self.style, self.source, self.training) for d in self.discriminators]

    @_computed_once
    def fake_logits(self):
        """How real each discriminator finds generated pictures: a list of tensors, one a discriminator."""
        from keras import ops

        pictures, sources = self.fake, self.source
        if self.judge_identity:
            pictures = ops.concatenate([pictures, self.identity])
            sources = ops.concatenate([sources, self.style])
        return [judge(d, pictures, sources, self.training) for d in self.discriminators]

    def detached(self):
        """The same translation judged anew, no gradient reaching the generator: what a discriminator learns from."""
        from keras import ops

        twin = copy(self)
        for name in ("real_logits", "fake_logits"):
            vars(twin).pop(name, None)
        twin.fake = ops.stop_gradient(self.fake)
        if self.judge_identity:
            twin.identity = ops.stop_gradient(self.identity)
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
