"""Base classes of losses."""

from abc import ABC, abstractmethod

METHODS = {"generator": "generator_loss", "discriminator": "discriminator_loss"}  # of a loss, by player


class Loss:
    """Up to two values to minimise, one for each player of the game.

    A subclass overrides `generator_loss`, `discriminator_loss` or both. Its constructor takes its options, plain
    numbers and strings. It knows mathematics only: no optimizer, tape, device or log.

    Attributes:
        adversarial: Whether this is the adversarial loss of a model. A model has one; another one replaces it.
        discriminators_needed: The least number of discriminators.
        two_way_needed: Whether it needs a two-way model.
        random_codes_needed: Whether it needs random style codes, where the generator is made of codes.
        layers: Keras layers that the loss owns; their weights train with the generator and are saved with the model.

    Examples:
        >>> class Calm(stylezoo.Loss):
        ...     def discriminator_loss(self, translation):
        ...         return sum(keras.ops.mean(keras.ops.square(each)) for each in translation.real_logits)
    """

    adversarial = False
    discriminators_needed = 1
    two_way_needed = False
    random_codes_needed = False
    layers = ()

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if old := [name for name in METHODS if callable(getattr(cls, name, None))]:
            raise TypeError(f"the loss {cls.__name__} has the method {old[0]}; it must be called {METHODS[old[0]]}")

    def build(self, generator, discriminators, shape):
        """Create the layers that this loss owns, if any. Called once, before training.

        Args:
            generator: The generator that the loss uses.
            discriminators: The discriminators that it uses.
            shape: The shape of one picture, (height, width, 3).

        Raises:
            ValueError: The loss cannot work with these networks; the message says why.
        """

    def prepare(self):
        """Read what only training needs, such as a pretrained network; may be called several times."""

    def generator_loss(self, translation):
        """What the generator is to minimise: a scalar tensor."""

    def discriminator_loss(self, translation):
        """What the discriminators together are to minimise: a scalar tensor."""


class AdversarialLoss(Loss, ABC):
    """An adversarial loss that sees logits only. The values of all discriminators are added up.

    Examples:
        >>> class Wasserstein(stylezoo.AdversarialLoss):
        ...     def on_real(self, logits):
        ...         return -keras.ops.mean(logits)
        ...     def on_fake(self, logits):
        ...         return keras.ops.mean(logits)
        ...     def fool(self, logits):
        ...         return -keras.ops.mean(logits)
    """

    adversarial = True

    @abstractmethod
    def on_real(self, logits):
        """A discriminator's loss for its logits of style pictures: a scalar tensor."""

    @abstractmethod
    def on_fake(self, logits):
        """A discriminator's loss for its logits of generated pictures: a scalar tensor."""

    @abstractmethod
    def fool(self, logits):
        """The generator's loss for a discriminator's logits of generated pictures: a scalar tensor."""

    def generator_loss(self, translation):
        return sum(self.fool(logits) for logits in translation.fake_logits)

    def discriminator_loss(self, translation):
        # Fakes first, as in pix2pix: the last pictures count most in the running statistics of batch normalisation.
        fakes = sum(self.on_fake(logits) for logits in translation.fake_logits)
        return fakes + sum(self.on_real(logits) for logits in translation.real_logits)


class RelativisticAverageLoss(Loss, ABC):
    """An adversarial loss of each logit minus the mean logit of the other class (Jolicoeur-Martineau, 2018).

    https://arxiv.org/abs/1807.00734, halved as in the author's code. For the generator the two classes are exchanged.
    The mean is taken over the batch and all patches of a scale: in unpaired pictures the place of a patch has no
    meaning.

    Examples:
        >>> from stylezoo.contract import RelativisticAverageLoss
        >>> class Margins(RelativisticAverageLoss):
        ...     def on_margin(self, margins):
        ...         return keras.ops.relu(1 - margins)
    """

    adversarial = True

    @abstractmethod
    def on_margin(self, margins):
        """Elementwise loss of (logit - mean logit of the other class), a tensor of the same shape.

        For logits that should be below the mean of the other class the sign of the difference is reversed.
        """

    def generator_loss(self, translation):
        return sum(map(self._cost, translation.fake_logits, translation.real_logits))

    def discriminator_loss(self, translation):
        return sum(map(self._cost, translation.real_logits, translation.fake_logits))

    def _cost(self, higher, lower):
        """The loss that wants logits `higher` above the mean of `lower`, and `lower` below the mean of `higher`."""
        from keras import ops

        above, below = higher - ops.mean(lower), ops.mean(higher) - lower
        return (ops.mean(self.on_margin(above)) + ops.mean(self.on_margin(below))) / 2


class ImageLoss(Loss, ABC):
    """A loss of the generator that sees pictures only.

    Examples:
        >>> class Brightness(stylezoo.ImageLoss):
        ...     def measure(self, source, style, fake):
        ...         return keras.ops.abs(keras.ops.mean(fake) - keras.ops.mean(style))
        >>> grey, white = np.zeros((1, 8, 8, 3)), np.ones((1, 8, 8, 3))
        >>> float(Brightness().measure(grey, white, grey))
        1.0
    """

    discriminators_needed = 0

    @abstractmethod
    def measure(self, source, style, fake):
        """The generator's loss for `fake`, its picture of `source`, given the `style`: a scalar tensor."""

    def generator_loss(self, translation):
        return self.measure(translation.source, translation.style, translation.fake)


def cost(loss, player, translation):
    """The value of a loss for a player, "generator" or "discriminator": a scalar tensor."""
    return getattr(loss, METHODS[player])(translation)


def concerns(loss, player):
    """Whether a loss has a term for a player: whether its class overrides that method."""
    return getattr(type(loss), METHODS[player]) is not getattr(Loss, METHODS[player])
