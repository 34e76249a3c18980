"""The warm-up: the first epochs, before both players learn."""

from abc import ABC, abstractmethod

from stylezoo import backend
from stylezoo.spec import Choice
from stylezoo.updates.orders import divided, scaled


class WarmUp(Choice, ABC, field="warmup"):
    """How a model learns in its first epochs; a subclass with a name can be chosen in a recipe.

    Attributes:
        epochs: The number of epochs.
        losses: Names of the losses that it uses, which must be in the recipe.
        learning_rate: The generator's learning rate in these epochs; None: that of its optimizer.
    """

    epochs = 1
    losses = ()
    learning_rate = None

    @abstractmethod
    def learn(self, gan, batch):
        """One step: see `Order.learn`."""


class GeneratorOnly(WarmUp, name="generator-only"):
    """The generator learns alone, from some of its losses, as in AnimeGAN (https://doi.org/10.1007/978-981-15-5577-0_18).

    Args:
        losses: The names of these losses.
        epochs: The number of epochs.
        learning_rate: The learning rate in these epochs; None: that of the generator's optimizer.
    """

    def __init__(self, losses: list | str, epochs: int = 1, learning_rate: float | None = None):
        if epochs < 1:
            raise ValueError(f"epochs is {epochs}; it must be greater than 0")
        losses = [losses] if isinstance(losses, str) else losses
        if not losses or not all(isinstance(each, str) for each in losses):
            raise ValueError(f"losses is {losses!r}; it must be names of losses, such as ['perceptual']")
        if learning_rate is not None and not 0 < learning_rate < float("inf"):
            raise ValueError(f"learning_rate is {learning_rate}; it must be greater than 0")
        self.losses = tuple(losses)
        self.epochs = epochs
        self.learning_rate = learning_rate

    def learn(self, gan, batch):
        labels = [label for label, _, _ in gan.terms if label.rpartition("/")[2] in self.losses]
        first = divided(batch, gan.plan.order.batches)[0]
        with backend.Tape() as tape:
            cost = scaled(gan, gan.cost("generator", gan.translations(*first), only=labels))
        variables = gan.variables_of("generator")
        reached = [(g, v) for g, v in zip(tape.gradient(cost, variables), variables, strict=True) if g is not None]
        gan.optimizer.apply(*zip(*reached, strict=True))
