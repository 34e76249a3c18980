"""Learning rate schedules."""

import math
from abc import ABC, abstractmethod

import keras
from keras import ops

from stylezoo.spec import Choice

register = keras.saving.register_keras_serializable("stylezoo")


@register
class WarmUpRate(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate for the first updates, then another schedule from its beginning.

    Args:
        rate: The learning rate of the first updates.
        updates: The number of these updates.
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
    """The learning rate of CycleGAN and pix2pix: constant, then falling towards 0 in equal steps, one for each epoch.

    In epoch e, counted from 0, it is the initial rate times ``1 - max(0, e + 1 - epochs) / (decay_epochs + 1)``.

    Args:
        initial: The learning rate at the beginning.
        epochs: Epochs at the initial rate.
        decay_epochs: Epochs of the linear decay.
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


# Its name in files of version 0.1.0.
keras.saving.get_custom_objects()["stylezoo>WarmUp"] = WarmUpRate


class Schedule(Choice, ABC, field="schedule"):
    """The learning rate over time, and the length of a training; a subclass with a name can be chosen in a recipe.

    Attributes:
        epochs: Epochs before those of the decay.
        decay_epochs: Epochs of the decay, in which crops may become larger as well; 0: none.

    Examples:
        >>> from stylezoo.updates import Schedule
        >>> class Constant(Schedule, name="constant"):
        ...     epochs, decay_epochs = 10, 0
        ...     def rate(self, initial, plan, updates):
        ...         return initial
        >>> stylezoo.Recipe(schedule="constant").resolve().schedule.epochs
        10
    """

    epochs = 200
    decay_epochs = 0

    @abstractmethod
    def rate(self, initial, plan, updates):
        """The learning rate of one player: a number or a `keras.optimizers.schedules.LearningRateSchedule`.

        Args:
            initial: The learning rate at the beginning.
            plan: The plan, with the length of an epoch.
            updates: Updates of the player in one step.
        """


class Linear(Schedule, name="linear"):
    """Constant, then falling towards 0 in equal steps, one for each epoch, as in CycleGAN and pix2pix.

    Args:
        epochs: Epochs at the full learning rate.
        decay_epochs: Epochs of the decay.
    """

    def __init__(self, epochs: int = 100, decay_epochs: int = 100):
        self.epochs = _count("epochs", epochs)
        self.decay_epochs = _count("decay_epochs", decay_epochs)

    def rate(self, initial, plan, updates):
        steps_per_epoch = plan.recipe.steps_per_epoch
        if not self.decay_epochs or steps_per_epoch is None:  # the length of an epoch is not known without data
            return initial
        delay = plan.decay_begins - plan.warmup_steps - self.epochs * steps_per_epoch
        lengths = (self.epochs, self.decay_epochs, steps_per_epoch * updates, delay * updates)
        return ConstantThenLinear(initial, *lengths)


class Halving(Schedule, name="halving"):
    """Halved at regular intervals, as in MUNIT.

    Args:
        every: The number of steps between two halvings.
        epochs: The length of the training, if the recipe has no steps.
    """

    def __init__(self, every: int, epochs: int = 200):
        if every < 1:
            raise ValueError(f"every is {every}; it must be greater than 0")
        self.every = every
        self.epochs = _count("epochs", epochs)

    def rate(self, initial, plan, updates):
        every = self.every * updates
        return keras.optimizers.schedules.ExponentialDecay(initial, every, decay_rate=0.5, staircase=True)


class Inverse(Schedule, name="inverse"):
    """Divided by 1 + rate times the step, as in AdaIN.

    Args:
        rate: The increase of the divisor in each step.
        epochs: The length of the training, if the recipe has no steps.
    """

    def __init__(self, rate: float, epochs: int = 200):
        if not 0 < rate < math.inf:
            raise ValueError(f"rate is {rate}; it must be greater than 0")
        self.decay = rate
        self.epochs = _count("epochs", epochs)

    def rate(self, initial, plan, updates):
        return keras.optimizers.schedules.InverseTimeDecay(initial, updates, decay_rate=self.decay)


def _count(name, value):
    if value < 0:
        raise ValueError(f"{name} is {value}; it must be 0 or more")
    return value
