"""What a plugin author sees: the tensors of one training step, and the losses that are computed from them.

Pictures are float tensors (batch, height, width, 3) in [-1, 1].
Generators and discriminators need no class of ours: a function ``build(shape, **options) -> keras.Model`` is enough.

* A generator's model has an input `source`, and may have the inputs `style`, a picture of the same size; `noise`,
  normal random numbers of any shape: (None, None, 1) for a map, (8,) for a code; and `styles`, weights (K,) of the
  recipe's named styles: one-hot in training, all 0 to leave the picture as it is. It answers with a picture of the
  source's size. It is built for ``shape == (None, None, 3)``.
* A generator made of codes holds three models as layers: `content`, which makes a picture's content of it,
  `style_code`, which makes a code (batch, n) of a style picture, and `decoder`, a picture of ``[content, code]``.
* A discriminator's model takes a picture, or ``[source, picture]`` if it has two inputs, and answers with logits of
  any spatial shape: a tensor, a list of them for several scales, or ``{"logits": ..., "styles": ...}`` where `styles`
  are logits (batch, ..., K) of the named styles. It is built for ``shape == (image_size, image_size, 3)``.
* Layers whose names begin with ``feature_`` give what losses may look at inside of a network.
* Layers whose names begin with ``style_0_``, ``style_1_`` ... belong to that named style alone. With such layers styles
  can be added to a trained generator: only those of the new styles learn, and no other style's pictures change.
* A build function that has a parameter `styles` is given the number of named styles, one that has a parameter `vgg` the
  recipe's file of VGG weights.
"""

import re
from abc import ABC, abstractmethod
from copy import copy

FEATURE = "feature_"  # how the names of layers begin whose answers losses may look at
BRANCH = re.compile(r"style_(\d+)_")  # how the names of layers begin that one style alone has


def generate(generator, source, style=None, training=False, seed=0, labels=None, code=None, noise=None):
    """A generator's picture of `source`, float32, whatever the precision it is computed in.

    Args:
        generator: A generator's model.
        source: Pictures, (batch, height, width, 3) in [-1, 1].
        style: Likewise; only a generator that has the input is given it. None: the source itself.
        training: Whether layers such as dropout behave as in training.
        seed: A number or a `keras.random.SeedGenerator` for the input `noise`; None: the noise is 0.
        labels: The weights of the named styles, (batch, K); None: all 0, which leaves the source as it is.
        code: Style codes, (batch, n), for a generator made of codes, in place of those of `style`.
        noise: What the input `noise` is given; None: what `seed` says.
    """
    from keras import ops  # contract.py is imported for listings as well: Keras takes three seconds

    if code is not None:
        content = generator.get_layer("content")(source, training=training)
        return ops.cast(generator.get_layer("decoder")([content, code], training=training), "float32")
    given = {"source": source, "style": source if style is None else style, "styles": labels}
    if noise is not None:
        given["noise"] = noise
    return ops.cast(generator(_inputs(generator, given, seed), training=training), "float32")


def made_of_codes(generator):
    """Whether a generator consists of the models `content`, `style_code` and `decoder`."""
    return {"content", "style_code", "decoder"} <= {layer.name for layer in generator.layers}


def style_of(layer):
    """The number of the named style that a layer belongs to alone, from 0; None for a layer that all styles share.

    Its name tells: ``style_2_convolution`` belongs to the third style.
    """
    named = BRANCH.match(layer.name)
    return int(named[1]) if named else None


def random_code(generator, source, seed=0):
    """Normal random style codes, one a picture of `source`: (batch, n). For a generator made of codes."""
    return _noise(generator.get_layer("decoder").inputs[1], source, seed)


def random_noise(generator, source, seed=0):
    """Normal random numbers for a generator's input `noise`, for each picture of `source`."""
    return _noise(next(each for each in generator.inputs if each.name == "noise"), source, seed)


def _inputs(network, given, seed):
    """What a network is called with: what it asks for by name, or the source where it has one input only."""
    from keras import ops

    if len(network.inputs) == 1:
        return given["source"]
    inputs = []
    for wanted in network.inputs:
        drawn = wanted.name == "noise" and "noise" not in given
        value = _noise(wanted, given["source"], seed) if drawn else given[wanted.name]
        inputs.append(_noise(wanted, given["source"], None) if value is None else ops.convert_to_tensor(value))
    return inputs


def _noise(wanted, source, seed):
    """Normal noise in the shape of an input; what the input leaves open is the source's. Without a seed zeros."""
    import keras

    open_to = (*keras.ops.shape(source)[:3], None)
    shape = [size or other for size, other in zip(wanted.shape, open_to, strict=False)]
    return keras.ops.zeros(shape) if seed is None else keras.random.normal(shape, seed=seed)


def judge(discriminator, picture, source, training=False):
    """A discriminator's logits for `picture`: a list of float32 tensors, one a scale."""
    return _answer(discriminator, picture, source, training)[0]


def scales(discriminator):
    """At how many scales a discriminator judges: the length of the list that `judge` gives."""
    from keras import tree

    answer = discriminator.output
    return len(tree.flatten(answer["logits"] if isinstance(answer, dict) else answer))


def _answer(discriminator, picture, source, training):
    """A discriminator's logits as a list, and its logits of the named styles, None if it has none."""
    from keras import ops, tree

    inputs = [source, picture] if len(discriminator.inputs) == 2 else picture
    answer = discriminator(inputs, training=training)
    answer = answer if isinstance(answer, dict) else {"logits": answer}
    styles = answer.get("styles")
    logits = [ops.cast(each, "float32") for each in tree.flatten(answer["logits"])]
    return logits, None if styles is None else ops.cast(styles, "float32")


def features(network, picture, source=None, training=False):
    """What the layers called ``feature_...`` of a network answer: a list of float32 tensors, in order of the layers.

    Args:
        network: A generator or a discriminator.
        picture: What it is shown, (batch, height, width, 3); a generator as its source.
        source: The source of `picture`, for a discriminator with two inputs.
        training: Whether layers such as dropout behave as in training.
    """
    import keras

    taps = [layer.output for layer in network.layers if layer.name.startswith(FEATURE)]
    if not taps:
        return []
    given = {"source": picture if source is None else source, "picture": picture, "style": picture, "styles": None}
    single = len(network.inputs) == 1
    inputs = picture if single else _inputs(network, given, None)
    answers = keras.Model(network.inputs[0] if single else network.inputs, taps)(inputs, training=training)
    return [keras.ops.cast(answer, "float32") for answer in keras.tree.flatten(answers)]


def pixel_gradient(discriminator, picture, source, training=False):
    """How the sum of a discriminator's logits changes with each value of `picture`: a tensor of its shape.

    What gradient penalties are made of; the gradient of the gradient is there as well.
    """
    import tensorflow as tf  # Keras has no gradient of its own

    with tf.GradientTape() as tape:
        tape.watch(picture)
        logits = judge(discriminator, picture, source, training)
    return tape.gradient(logits, picture)


def pixel_slope(discriminator, picture, source, training=False):
    """How steeply the sum of a discriminator's logits changes at each picture: lengths (batch,) of `pixel_gradient`."""
    from keras import ops

    gradient = pixel_gradient(discriminator, picture, source, training)
    return ops.sqrt(ops.sum(ops.square(gradient), axis=(1, 2, 3)) + 1e-12)  # the root has no gradient at 0


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
        random_codes: Whether fakes are made of random style codes instead of those of `style`.
        seed: A number or a `keras.random.SeedGenerator` for generators that have the input `noise`.
        labels: Which of the named styles each picture of `style` is of, one-hot (batch, K); None without named styles.
    """

    def __init__(
        self,
        source,
        style,
        generator,
        discriminators=(),
        inverse=None,
        training=True,
        judge_identity=False,
        random_codes=False,
        seed=0,
        labels=None,
    ):
        self.source = source
        self.style = style
        self.generator = generator
        self.discriminators = list(discriminators)
        self.inverse = inverse
        self.training = training
        self.judge_identity = judge_identity
        self.random_codes = random_codes
        self.seed = seed
        self.labels = labels

    @_computed_once
    def code(self):
        """The random style codes of `fake`, (batch, n); None in a model without random codes."""
        return random_code(self.generator, self.source, self.seed) if self.random_codes else None

    @_computed_once
    def fake(self):
        """What the generator makes of `source`, (batch, height, width, 3) in [-1, 1]."""
        return generate(self.generator, self.source, self.style, self.training, self.seed, self.labels, self.code)

    @_computed_once
    def cycled(self):
        """`fake` translated back to `source`; only for two-way models."""
        return generate(self.inverse, self.fake, self.source, self.training, self.seed)

    @_computed_once
    def identity(self):
        """What the generator makes of `style` without noise: it should leave it as it is."""
        return generate(self.generator, self.style, self.style, self.training, seed=None, labels=self.labels)

    @_computed_once
    def real_logits(self):
        """How real the discriminators find `style`: a list of tensors, one for each discriminator and scale."""
        return [each for logits, _ in self._real_answers for each in logits]

    @_computed_once
    def fake_logits(self):
        """How real the discriminators find generated pictures: a list of tensors, as `real_logits`."""
        return [each for logits, _ in self._fake_answers for each in logits]

    @property
    def real_styles(self):
        """Of which named style `style` seems to be: a list of logits (batch, ..., K), of discriminators that tell."""
        return [styles for _, styles in self._real_answers if styles is not None]

    @property
    def fake_styles(self):
        """Of which named style generated pictures seem to be: a list as `real_styles`."""
        return [styles for _, styles in self._fake_answers if styles is not None]

    @_computed_once
    def _real_answers(self):
        return [_answer(d, self.style, self.source, self.training) for d in self.discriminators]

    @_computed_once
    def _fake_answers(self):
        from keras import ops

        pictures, sources = self.fake, self.source
        if self.judge_identity:
            pictures = ops.concatenate([pictures, self.identity])
            sources = ops.concatenate([sources, self.style])
        return [_answer(d, pictures, sources, self.training) for d in self.discriminators]

    def detached(self, pool=None):
        """The same translation judged anew, no gradient reaching the generator: what a discriminator learns from.

        Args:
            pool: A function that exchanges some of the fakes for older ones; None: they stay.
        """
        from keras import ops

        twin = copy(self)
        for name in ("real_logits", "fake_logits", "_real_answers", "_fake_answers"):
            vars(twin).pop(name, None)
        twin.fake = ops.stop_gradient(self.fake)
        if pool is not None:
            twin.fake = pool(twin.fake)
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
        two_way_needed: Whether it asks for the way back, so that the model must be a two-way one.
        layers: Keras layers that the loss owns; their weights train with the generator and are saved with the model.
    """

    adversarial = False
    discriminators_needed = 1
    two_way_needed = False
    layers = ()

    def build(self, generator, discriminators, shape):
        """Create the layers that this loss owns, if any. Called once, before training.

        Args:
            generator: The generator that the loss will look at.
            discriminators: The discriminators that it will look at.
            shape: The shape of one picture, (height, width, 3).

        Raises:
            ValueError: The loss cannot work with these networks; the message says why.
        """

    def prepare(self):
        """Read what only training needs, such as a pretrained network; may be called several times."""

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
        # Fakes first, as in pix2pix: batch normalisation keeps more of what it has seen last.
        fakes = sum(self.on_fake(logits) for logits in translation.fake_logits)
        return fakes + sum(self.on_real(logits) for logits in translation.real_logits)


class RelativisticAverageLoss(Loss, ABC):
    """A game in which logits count by how far they are above the other kind's average (Jolicoeur-Martineau, 2018).

    https://arxiv.org/abs/1807.00734, halved as in the author's code. The generator plays it with the roles exchanged.
    The average is taken over the batch and all patches of a scale, since the place of a patch means nothing where
    pictures are not paired.
    """

    adversarial = True

    @abstractmethod
    def on_margin(self, margins):
        """What is paid for logits by how far they are above the other kind's average, as they should be.

        A tensor of the margins' shape; logits that should be below the average come with the opposite sign.
        """

    def generator(self, translation):
        return sum(map(self._cost, translation.fake_logits, translation.real_logits))

    def discriminator(self, translation):
        return sum(map(self._cost, translation.real_logits, translation.fake_logits))

    def _cost(self, higher, lower):
        """What is paid until one side's logits are above the other's average, and the other's below its own."""
        from keras import ops

        above, below = higher - ops.mean(lower), ops.mean(higher) - lower
        return (ops.mean(self.on_margin(above)) + ops.mean(self.on_margin(below))) / 2


class ImageLoss(Loss, ABC):
    """A loss that looks at nothing but pictures and concerns only the generator."""

    discriminators_needed = 0

    @abstractmethod
    def measure(self, source, style, fake):
        """What the generator pays for making `fake` of `source` and `style`: a scalar tensor."""

    def generator(self, translation):
        return self.measure(translation.source, translation.style, translation.fake)
