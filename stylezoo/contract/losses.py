"""Base classes of losses."""

from abc import ABC, abstractmethod


class Loss:
    """Up to two scalars to make small, one for each player of the game.

    A subclass overrides `generator`, `discriminator` or both, and is given its options, plain numbers and strings,
    by its constructor. It knows mathematics only: no optimizer, tape, device or log.

    Attributes:
        adversarial: Whether this loss is the game itself: a model has one, and asking for another replaces it.
        discriminators_needed: How many discriminators it needs at least.
        two_way_needed: Whether it asks for the way back, so that the model must be a two-way one.
        random_codes_needed: Whether, in a model whose generator is made of codes, results are made of random codes.
        layers: Keras layers that the loss owns; their weights train with the generator and are saved with the model.
    """

    adversarial = False
    discriminators_needed = 1
    two_way_needed = False
    random_codes_needed = False
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


def cost(loss, player, translation):
    """What a loss costs a player, "generator" or "discriminator": a scalar tensor."""
    return loss.generator(translation) if player == "generator" else loss.discriminator(translation)


def concerns(loss, player):
    """Whether a loss has a term for a player: whether its class overrides that method."""
    return getattr(type(loss), player) is not getattr(Loss, player)
