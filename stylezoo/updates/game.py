"""The game of a model: the losses of both players, and a metric for each of their terms."""

import keras

from stylezoo.contract import losses
from stylezoo.errors import BadOptions, BadRecipe, name_all

# What the directions of a translation are called in logs, for each player: like the attributes of the model.
WAYS = {"generator": ("generator", "inverse"), "discriminator": ("discriminator", "inverse_discriminator")}
OF_KERAS = ("loss", "loss_weights", "metrics", "weighted_metrics")  # what `compile` takes elsewhere


class Game:
    """What each player of a model is to minimise.

    Args:
        terms: Label, weight and `Loss` of each term.
        players: The players that have something to learn.
        two_way: Whether there are two directions.

    Attributes:
        terms: As given.
        trackers: The metrics by name: of each player its total, of each term its mean.

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
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}

    def cost(self, player, translations, only=None):
        """The weighted sum of a player's losses: see `GAN.cost`."""
        total = 0.0
        for label, weight, loss in self.terms:
            if losses.concerns(loss, player) and (only is None or label in only):
                for way, translation in zip(WAYS[player], translations, strict=False):
                    value = weight * losses.cost(loss, player, translation)
                    self.trackers[f"{way}/{label}"].update_state(value)
                    total += value
        self.trackers[player].update_state(total)
        return total


def check_no_losses(given):
    """See that the options of `compile` are none of those that say losses and metrics elsewhere.

    Raises:
        BadOptions: One is.
    """
    if named := [name for name in OF_KERAS if given.get(name) is not None]:
        raise BadOptions(
            f"compile got {name_all(named)}; the losses of a GAN are those of its recipe, and each is a metric: "
            "create_model(name, losses=[...])."
        )
