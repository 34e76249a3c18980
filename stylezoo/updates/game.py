"""The game of a model: the losses of both players, and a metric for each of their terms."""

import keras

from stylezoo import devices
from stylezoo.contract import losses
from stylezoo.errors import BadOptions, BadRecipe, name_all

# The names of a translation's directions in logs, for each player: like the attributes of the model.
WAYS = {"generator": ("generator", "inverse"), "discriminator": ("discriminator", "inverse_discriminator")}
# Arguments of Keras' `compile` that a GAN does not take.
OF_KERAS = ("loss", "loss_weights", "metrics", "weighted_metrics")


class Mean(keras.metrics.Mean):
    """`keras.metrics.Mean` of values that are equal on all replicas, so that one worker can read it without the others.

    Keras keeps a part of the sum on each replica, and adds the parts up whenever they are read: a collective operation,
    which hangs where only the chief writes the log.
    """

    def add_variable(self, shape, initializer, dtype=None, aggregation="sum", name=None):
        variable = keras.Variable(initializer, shape, dtype, trainable=False, name=name)
        self._tracker.add_to_store("variables", variable)
        return variable


class Game:
    """The costs that the players of a model minimise.

    Args:
        terms: Label, weight and `Loss` of each term.
        players: The players with trainable variables.
        two_way: Whether there are two directions.

    Attributes:
        terms: As given.
        trackers: The metrics by name: the total of each player, the mean of each term.

    Raises:
        BadRecipe: A player has no loss.
    """

    def __init__(self, terms, players, two_way):
        self.terms = terms
        names = list(players)
        for player in players:
            labels = [label for label, _, loss in terms if losses.concerns(loss, player)]
            if not labels:
                raise BadRecipe(f"No loss of this recipe teaches its {player}; add one such as 'lsgan'.")
            names += [f"{way}/{label}" for label in labels for way in WAYS[player][: 1 + two_way]]
        self.trackers = {name: Mean(name=name) for name in names}

    def cost(self, player, translations, only=None):
        """The weighted sum of a player's losses: see `GAN.cost`."""
        total = 0.0
        for label, weight, loss in self.terms:
            if losses.concerns(loss, player) and (only is None or label in only):
                for way, translation in zip(WAYS[player], translations, strict=False):
                    value = weight * losses.cost(loss, player, translation)
                    self.trackers[f"{way}/{label}"].update_state(devices.mean(value))
                    total += value
        self.trackers[player].update_state(devices.mean(total))
        return total


def check_no_losses(given):
    """Check that the options of `compile` name no losses and metrics.

    Raises:
        BadOptions: One does.
    """
    if named := [name for name in OF_KERAS if given.get(name) is not None]:
        raise BadOptions(
            f"compile got {name_all(named)}; the losses of a GAN are those of its recipe, and each is a metric: "
            "create_model(name, losses=[...])."
        )
