"""One Keras optimizer that holds an optimizer for each player."""

import math
from abc import ABC, abstractmethod

import keras

from stylezoo import devices
from stylezoo.errors import BadOptions
from stylezoo.spec import Choice
from stylezoo.updates import adam
from stylezoo.updates.schedules import WarmUpRate

register = keras.saving.register_keras_serializable("stylezoo")
PLAYERS = ("generator", "discriminator")


@register
class PlayerOptimizer(keras.optimizers.MultiOptimizer):
    """An optimizer for each player, as one Keras optimizer, so that callbacks, saving and loss scaling work.

    Every variable must have an attribute `player`, the name of its player.

    Args:
        players: A Keras optimizer for each player: ``{"generator": Adam(...), "discriminator": Adam(...)}``.
        name: As in every Keras optimizer.
    """

    def __init__(self, players, name=None):
        players = {player: keras.optimizers.get(players[player]) for player in sorted(players)}
        for player, each in players.items():
            each.name = player  # Keras' callbacks log "learning_rate_generator"
        super().__init__(_ByPlayer(players), name=name)
        self.players = players

    @keras.optimizers.MultiOptimizer.learning_rate.getter
    def learning_rate(self):
        """That of the generator, for callbacks that show the learning rate of a model and know one optimizer only."""
        return self.players["generator"].learning_rate

    def apply(self, grads, trainable_variables=None):
        """Update the variables of some of the players: MultiOptimizer needs those of all."""
        variables = self._trainable_variables if trainable_variables is None else trainable_variables
        pairs = list(zip(grads, variables, strict=True))
        for player, optimizer in self.players.items():
            if mine := [(grad, variable) for grad, variable in pairs if variable.player == player]:
                with devices.optimizing():
                    optimizer.apply(*map(list, zip(*mine, strict=True)))
        self.iterations.assign_add(1)

    def save_own_variables(self, store):  # MultiOptimizer would save the slots of all players a second time
        store["iterations"] = self.iterations.numpy()

    def load_own_variables(self, store):
        self.iterations.assign(store["iterations"][()])

    def get_config(self):
        serialize = keras.optimizers.serialize
        return {"players": {player: serialize(each) for player, each in self.players.items()}, "name": self.name}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        if not isinstance(config.get("players"), dict):
            raise ValueError("its optimizer names no players")
        deserialize = keras.optimizers.deserialize
        players = {player: deserialize(each, custom_objects) for player, each in config["players"].items()}
        return cls(players, name=config["name"])


def players_of(optimizer) -> dict:
    """The optimizer of each player in a `PlayerOptimizer`, which Keras wraps where losses are scaled for float16."""
    return getattr(optimizer, "inner_optimizer", optimizer).players


def name_players(variables):
    """Give each variable the name of its player as the attribute `player`.

    Args:
        variables: Lists of variables by player.
    """
    for player, those in variables.items():
        for variable in those:
            variable.player = player


class _ByPlayer:
    """The map from variables to optimizers that MultiOptimizer needs."""

    def __init__(self, players):
        self.values = players.values
        self.players = players

    def __call__(self, variable):
        return self.players[variable.player]


class Optimizer(Choice, ABC, field="optimizer"):
    """The optimizer of one player; a subclass with a name can be chosen in a recipe.

    Attributes:
        learning_rate: The initial learning rate, which the schedule reduces.

    Examples:
        >>> from stylezoo.updates import Optimizer
        >>> class Lion(Optimizer, name="lion"):
        ...     def __init__(self, learning_rate: float = 1e-4):
        ...         self.learning_rate = learning_rate
        ...     def build(self, learning_rate):
        ...         return keras.optimizers.Lion(learning_rate)
        >>> stylezoo.Recipe(optimizer="lion:learning_rate=1e-5").resolve().optimizers["generator"].learning_rate
        1e-05
    """

    learning_rate = 1e-3

    @abstractmethod
    def build(self, learning_rate) -> keras.optimizers.Optimizer:
        """A new Keras optimizer.

        Args:
            learning_rate: A number or a `keras.optimizers.schedules.LearningRateSchedule`.
        """


class Adam(Optimizer, name="adam"):
    """Adam (Kingma and Ba, 2015, https://arxiv.org/abs/1412.6980), with the defaults of DCGAN and CycleGAN.

    Args:
        learning_rate: The step size.
        beta_1: The decay rate of the mean of gradients.
        beta_2: The decay rate of the mean of their squares.
        epsilon: A small constant against division by 0.
        weight_decay: The factor of the weights that are added to the gradient, as in PyTorch's Adam.
    """

    def __init__(
        self,
        learning_rate: float = 2e-4,
        beta_1: float = 0.5,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        if not 0 < learning_rate < math.inf:
            raise ValueError(f"learning_rate is {learning_rate}; it must be greater than 0")
        for name, value in (("beta_1", beta_1), ("beta_2", beta_2)):
            if not 0 <= value < 1:
                raise ValueError(f"{name} is {value}; it must be 0 or more and less than 1")
        for name, value in (("epsilon", epsilon), ("weight_decay", weight_decay)):
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} is {value}; it must be 0 or more")
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.numbers = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}

    def build(self, learning_rate):
        if self.weight_decay:
            return adam.L2Adam(learning_rate, l2=self.weight_decay, **self.numbers)
        return adam.Adam(learning_rate, **self.numbers)


def chosen_optimizer(given, plan) -> PlayerOptimizer:
    """The optimizers with which a model is compiled, as the optimizer of all players.

    Args:
        given: A `PlayerOptimizer`, or Keras optimizers by player; a missing player has the plan's. None: the
            plan's for both.
        plan: The model's plan.

    Raises:
        BadOptions: It is something else, such as one optimizer for both players.
    """
    if isinstance(given, PlayerOptimizer):
        return given
    planned = planned_optimizer(plan)
    if given is None:
        return planned
    if not isinstance(given, dict) or not given.keys() <= planned.players.keys():
        raise BadOptions(
            f"The optimizer is {given!r}; a GAN has two players, each with its own: "
            "{'generator': Adam(1e-4), 'discriminator': Adam(4e-4)}."
        )
    given = {player: each for player, each in given.items() if each is not None}
    objects = [each for each in given.values() if isinstance(each, keras.optimizers.Optimizer)]  # others are names
    if len({id(each) for each in objects}) < len(objects):
        raise BadOptions("Both players have the same optimizer object; each needs its own, such as another Adam(1e-4).")
    return PlayerOptimizer({**planned.players, **given})


def planned_optimizer(plan) -> PlayerOptimizer:
    """The optimizers of a plan's players as one, each with the learning rates of the plan's schedule."""
    updates = {"generator": 1, "discriminator": plan.order.batches}
    rates = {
        player: plan.schedule.rate(plan.optimizers[player].learning_rate, plan, updates[player]) for player in PLAYERS
    }
    if plan.warmup_steps:  # only the generator learns in the warm-up
        rate = plan.warmup.learning_rate or plan.optimizers["generator"].learning_rate
        rates["generator"] = WarmUpRate(rate, plan.warmup_steps, rates["generator"])
    return PlayerOptimizer({player: plan.optimizers[player].build(rates[player]) for player in PLAYERS})
