"""The tensors of one direction of style transfer in one training step."""

from copy import copy

from stylezoo.contract.inputs import random_code
from stylezoo.contract.networks import generate, outputs_of


class _computed_once:  # noqa: N801 - a decorator, like `property`
    """`functools.cached_property` without its lock in Python 3.11: replicas are threads that wait for each other."""

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

    Each tensor is computed once, when a loss first uses it. So a model only computes what its losses use.

    Attributes:
        source: The pictures whose content is kept, (batch, height, width, 3) in [-1, 1].
        style: The pictures whose look is taken, the same shape; for paired data the ground truth of `source`.
        generator: The network that redraws `source`.
        inverse: The generator of the opposite direction, None in a one-way model.
        discriminators: The networks that distinguish `style` from `fake`.
        training: Whether layers such as dropout behave as in training.
        judge_identity: Whether discriminators are shown `identity` as generated pictures, besides `fake`.
        random_codes: Whether fakes are made from random style codes instead of those of `style`.
        seed: A number or a `keras.random.SeedGenerator` for generators that have the input `noise`.
        labels: The named style of each picture of `style`, one-hot (batch, K); None without named styles.

    Examples:
        >>> network = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 3, padding="same")])
        >>> pictures = np.zeros((2, 16, 16, 3), "float32")
        >>> stylezoo.Translation(pictures, pictures, network).fake.shape
        TensorShape([2, 16, 16, 3])
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
        """The generator's picture of `source`, (batch, height, width, 3) in [-1, 1]."""
        return generate(self.generator, self.source, self.style, self.training, self.seed, self.labels, self.code)

    @_computed_once
    def cycled(self):
        """`fake` translated back to `source`; only for two-way models."""
        return generate(self.inverse, self.fake, self.source, self.training, self.seed)

    @_computed_once
    def identity(self):
        """The generator's picture of `style`, without noise: ideally `style` itself."""
        return generate(self.generator, self.style, self.style, self.training, seed=None, labels=self.labels)

    @_computed_once
    def real_logits(self):
        """The discriminators' logits of `style`: a list of tensors, one for each discriminator and scale."""
        return [each for logits, _ in self._real_outputs for each in logits]

    @_computed_once
    def fake_logits(self):
        """The discriminators' logits of generated pictures: a list of tensors, as `real_logits`."""
        return [each for logits, _ in self._fake_outputs for each in logits]

    @property
    def real_styles(self):
        """Logits (batch, ..., K) of the named style of `style`: a list, one for each discriminator that classifies."""
        return [styles for _, styles in self._real_outputs if styles is not None]

    @property
    def fake_styles(self):
        """Logits of the named style of generated pictures: a list as `real_styles`."""
        return [styles for _, styles in self._fake_outputs if styles is not None]

    @_computed_once
    def _real_outputs(self):
        return [outputs_of(d, self.style, self.source, self.training) for d in self.discriminators]

    @_computed_once
    def _fake_outputs(self):
        from keras import ops

        pictures, sources = self.fake, self.source
        if self.judge_identity:
            pictures = ops.concatenate([pictures, self.identity])
            sources = ops.concatenate([sources, self.style])
        return [outputs_of(d, pictures, sources, self.training) for d in self.discriminators]

    def detached(self, pool=None):
        """The same translation without gradients to the generator, for the losses of the discriminators.

        Args:
            pool: A function that replaces some fakes by older ones; None: all fakes stay.
        """
        from keras import ops

        twin = copy(self)
        for name in ("real_logits", "fake_logits", "_real_outputs", "_fake_outputs"):
            vars(twin).pop(name, None)
        twin.fake = ops.stop_gradient(self.fake)
        if pool is not None:
            twin.fake = pool(twin.fake)
        if self.judge_identity:
            twin.identity = ops.stop_gradient(self.identity)
        return twin
