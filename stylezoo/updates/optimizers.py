"""One Keras optimizer for a game of several players, and the learning rate of the published GANs."""

from functools import partial

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
class L2Adam(keras.optimizers.Adam):
    """Adam with weight decay as PyTorch's Adam has it: added to the gradient, as if half of it weighed the squares.

    Keras' own `weight_decay` is that of AdamW, which the published GANs were not trained with.

    Args:
        learning_rate: As in Adam.
        l2: What is added to the gradient for each unit of a weight.
        **kwargs: As in Adam.
    """

    def __init__(self, learning_rate=2e-4, l2=0.0, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.l2 = l2

    def update_step(self, gradient, variable, learning_rate):
        decay = ops.cast(self.l2, gradient.dtype) * ops.cast(variable, gradient.dtype)
        super().update_step(gradient + decay, variable, learning_rate)

    def get_config(self):
        return {**super().get_config(), "l2": self.l2}


@register
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate for the first updates, then another schedule from its beginning.

    Args:
        rate: The learning rate of the first updates.
        updates: How many these are.
        then: The learning rate after them, a number or a schedule.
    """

    def __init__(self, rate, updates, then):
        self.rate = rate
        self.updates = updates
        self.then = keras.optimizers.schedules.deserialize(then) if isinstance(then, dict) else then

    def __call__(self, step):
        step = ops.cast(step, "float32")
        later = self.then(ops.maximum(step - self.updates, 0.0)) if callable(self.then) else self.then
        return ops.where(step < self.updates, self.rate, later)

    def get_config(self):
        then = keras.optimizers.schedules.serialize(self.then) if callable(self.then) else self.then
        return {"rate": self.rate, "updates": self.updates, "then": then}


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
    betas = {"generator": recipe.betas, "discriminator": recipe.discriminator_betas or recipe.betas}
    updates = {"generator": 1, "discriminator": recipe.critic_steps}
    schedules = {player: _schedule(recipe, rates[player], updates[player]) for player in PLAYERS}
    if recipe.warmup_steps:  # which the discriminators sit out
        rate = recipe.warmup_rate or recipe.learning_rate
        schedules["generator"] = WarmUp(rate, recipe.warmup_steps, schedules["generator"])
    adam = partial(L2Adam, l2=recipe.weight_decay) if recipe.weight_decay else keras.optimizers.Adam
    return PlayerOptimizer(
        {
            player: adam(schedules[player], beta_1=betas[player][0], beta_2=betas[player][1], epsilon=recipe.epsilon)
            for player in PLAYERS
        }
    )


def _schedule(recipe, rate, updates):
    """The learning rate of a player that makes so many updates in one step."""
    kind, options = recipe.schedule.name, recipe.schedule.options
    if kind == "halving":
        every = options["every"] * updates
        return keras.optimizers.schedules.ExponentialDecay(rate, every, decay_rate=0.5, staircase=True)
    if kind == "inverse":
        return keras.optimizers.schedules.InverseTimeDecay(rate, updates, decay_rate=options["rate"])
    if not recipe.decay_epochs or recipe.steps_per_epoch is None:  # without data an epoch has no length
        return rate
    delay = recipe.decay_begins - recipe.warmup_steps - recipe.epochs * recipe.steps_per_epoch
    lengths = (recipe.epochs, recipe.decay_epochs, recipe.steps_per_epoch * updates, delay * updates)
    return ConstantThenLinear(rate, *lengths)
