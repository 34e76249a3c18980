"""Update orders: which player learns when in one step."""

from abc import ABC, abstractmethod

from keras import ops

from stylezoo import backend, devices
from stylezoo.spec import Choice

MOST_STEPS = 100  # of the discriminators, which all stand in one graph


class Order(Choice, ABC, field="order"):
    """How the players of a game learn from one batch; a subclass with a name can be chosen in a recipe.

    Attributes:
        batches: How many batches of the recipe's `batch_size` one step takes.
        judge_identity: Whether the discriminators are shown generator(style) as generated pictures as well. Their
            content is that of style pictures, so that discriminators learn the difference in style.

    Examples:
        >>> from stylezoo.updates import Order
        >>> class Nothing(Order, name="nothing"):
        ...     def learn(self, gan, batch):
        ...         pass
        >>> stylezoo.Recipe(order="nothing").resolve().order.batches
        1
    """

    batches = 1
    judge_identity = False

    @abstractmethod
    def learn(self, gan, batch):
        """Update the networks of both players, in one step.

        Args:
            gan: The model; see its methods `translations`, `shown`, `cost`, `variables_of` and `players`.
            batch: Tensors (source, style) or (source, style, labels), of `batches` times the batch size.
        """


class Together(Order, name="together"):
    """Both players learn from one forward pass, as in one simultaneous gradient step.

    Without an image pool a discriminator's logits of the fakes are computed once for both.

    Args:
        judge_identity: Whether the discriminators are shown generator(style) as generated pictures as well.
    """

    def __init__(self, judge_identity: bool = False):
        self.judge_identity = judge_identity

    def learn(self, gan, batch):
        with backend.Tape(persistent=True) as tape:
            translations = gan.translations(*batch)
            shown = {"generator": translations, "discriminator": translations}
            if gan.pool:
                shown["discriminator"] = gan.shown(translations)
            costs = {player: scaled(gan, gan.cost(player, shown[player])) for player in gan.players}
        gradients, variables = [], []
        for player, cost in costs.items():
            gradients += tape.gradient(cost, gan.variables_of(player))
            variables += gan.variables_of(player)
        gan.optimizer.apply(gradients, variables)


class InTurn(Order, name="discriminator-first"):
    """The discriminators are updated first; the generator then learns from the new ones, as in pix2pix and CUT.

    Args:
        critic_steps: Updates of the discriminators in a step, each on another batch (Arjovsky et al., 2017,
            https://arxiv.org/abs/1701.07875). The generator learns from the last batch.
        judge_identity: Whether the discriminators are shown generator(style) as generated pictures as well.
    """

    def __init__(self, critic_steps: int = 1, judge_identity: bool = False):
        if not 1 <= critic_steps <= MOST_STEPS:
            raise ValueError(f"critic_steps is {critic_steps}; it must be 1 to {MOST_STEPS}")
        self.batches = critic_steps
        self.judge_identity = judge_identity

    def learn(self, gan, batch):
        for part in divided(batch, self.batches):
            with backend.Tape() as generator_tape:  # records the forward pass, which the generator uses below
                translations = gan.translations(*part)
                fakes = gan.shown(translations)
            with backend.Tape() as tape:
                cost = scaled(gan, gan.cost("discriminator", fakes))
            update(gan, "discriminator", tape, cost)
        with generator_tape:
            cost = scaled(gan, gan.cost("generator", translations))
        update(gan, "generator", generator_tape, cost)


def update(gan, player, tape, cost):
    """One update of a player: a gradient step of its variables."""
    variables = gan.variables_of(player)
    gan.optimizer.apply(tape.gradient(cost, variables), variables)


def scaled(gan, cost):
    """A cost scaled for its gradients: Keras adds them up over replicas, and scales float16."""
    return gan.optimizer.scale_loss(cost / devices.replicas())


def divided(batch, parts):
    """A batch in equal parts, each as tuples of tensors.

    Raises:
        ValueError: Its size is no multiple of `parts`.
    """
    count = batch[0].shape[0] or 0
    if count % parts:
        raise ValueError(f"A batch has {count} pictures; it must be a multiple of critic_steps, {parts}.")
    return list(zip(*(ops.split(each, parts) for each in batch), strict=True))
