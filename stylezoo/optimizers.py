"""One Keras optimizer for a game of several players, and the learning rate of the published GANs."""

import keras
from keras import ops

register = keras.saving.register_keras_serializable("stylezoo")
PLAYERS = ("generator", "discriminator")


@register
class PlayerOptimizer(keras.optimizers.MultiOptimizer):
    """An optimizer for each player, seen by Keras as one, so that its callbacks, saving and loss scaling work.

    Every variable must carry the name of its player as its attribute `player`.

    Args:
        players: A Keras optimizer for each player: ``{"generator": Adam(...), "discriminator": Adam(...)}``.
        name: As in every Keras optimizer.
    """

    def __init__(self, players, name=None):
        players = {player: keras.optimizers.get(players[player]) for player in sorted(players)}
        super().__init__(_ByPlayer(players), name=name)
        self.players = players

    def apply(self, grads, trainable_variables=None):
        """Update the variables of any of the players: MultiOptimizer insists on those of all."""
        variables = self._trainable_variables if trainable_variables is None else trainable_variables
        pairs = list(zip(grads, variables, strict=True))
        for player, optimizer in self.players.items():
            if mine := [(grad, variable) for grad, variable in pairs if variable.player == player]:
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
        deserialize = keras.optimizers.deserialize
        players = {player: deserialize(each, custom_objects) for player, each in config["players"].items()}
        return cls(players, name=config["name"])


class _ByPlayer:
    """The map from variables to optimizers that MultiOptimizer asks for."""

    def __init__(self, players):
        self.values = players.values
        self.players = players

    def __call__(self, variable):
        return self.players[variable.player]


@register
class ConstantThenLinear(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of CycleGAN and pix2pix: constant, then falling in equal stairs, one an epoch, towards 0.

    In epoch e, counted from 0, it is the initial rate times ``1 - max(0, e + 1 - epochs) / (decay_epochs + 1)``.

    Args:
        initial: The learning rate at the beginning.
        epochs: Epochs at the initial rate.
        decay_epochs: Epochs in which it falls.
        steps_per_epoch: Updates in one epoch.
        delay: Updates before epoch 0.
    """

    def __init__(self, initial, epochs, decay_epochs, steps_per_epoch, delay=0):
        self.initial = initial
        self.epochs = epochs
        self.decay_epochs = decay_epochs
        self.steps_per_epoch = steps_per_epoch
        self.delay = delay

    def __call__(self, step):
        passed = ops.maximum(ops.cast(step, "float32") - self.delay, 0.0)
        falling = ops.clip(ops.floor(passed / self.steps_per_epoch) + 1 - self.epochs, 0, self.decay_epochs)
        return self.initial * (1 - falling / (self.decay_epochs + 1))

    def get_config(self):
        names = ("initial", "epochs", "decay_epochs", "steps_per_epoch", "delay")
        return {name: getattr(self, name) for name in names}


def recipe_optimizer(recipe):
    """The Adam optimizers that a recipe asks for, behind one."""
    rates = {"generator": recipe.learning_rate, "discriminator": recipe.discriminator_rate or recipe.learning_rate}
    updates = {"generator": 1, "discriminator": recipe.critic_steps}
    return PlayerOptimizer(
        {
            player: keras.optimizers.Adam(
                _schedule(recipe, rates[player], updates[player]), *recipe.betas, epsilon=recipe.epsilon
            )
            for player in PLAYERS
        }
    )


def _schedule(recipe, rate, updates):
    if not recipe.decay_epochs or recipe.steps_per_epoch is None:  # without data an epoch has no length
        return rate
    steps_per_epoch = recipe.steps_per_epoch * updates
    whole = (recipe.epochs + recipe.decay_epochs) * steps_per_epoch
    delay = max(0, recipe.total_steps * updates - whole)  # a longer training keeps its decay for the end
    return ConstantThenLinear(rate, recipe.epochs, recipe.decay_epochs, steps_per_epoch, delay)
