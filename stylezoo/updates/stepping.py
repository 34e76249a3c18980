"""How Keras' `fit` calls the steps of a model: in the warm-up, after it, and on several devices."""

from stylezoo import devices
from stylezoo.errors import BadOptions


class Stepping:
    """The part of a Keras model that makes the functions which `fit` and `evaluate` call.

    The warm-up and the steps after it are graphs of their own, and which of them runs is decided outside: in a branch
    of a graph replicas could not add up their gradients. A graph is made when its first step begins.

    Attributes:
        is_warming_up: Whether `train_step` is one of the warm-up; set before each step of `fit`.
    """

    is_warming_up = False

    def make_train_function(self, force=False):
        self.prepare()
        if self.train_function is None or force:
            self.train_function = self._by_phase()

    def make_test_function(self, force=False):
        self.prepare()
        return super().make_test_function(force)

    def _by_phase(self):
        made = {}

        def function(iterator):
            self.is_warming_up = self._warms_up()
            if self.is_warming_up not in made:
                made[self.is_warming_up] = self._made()
            self.train_function = function  # Keras puts the one that it makes in its place
            return made[self.is_warming_up](iterator)

        return function

    def _made(self):
        if self.distribute_strategy.num_replicas_in_sync > 1:
            return devices.step_function(self)
        super().make_train_function(force=True)
        return self.train_function

    def _warms_up(self):
        left = self.plan.warmup_steps and self.plan.warmup_steps - int(self.step.numpy())
        if 0 < left < self.steps_per_execution:
            raise BadOptions(
                f"The warm-up has {self.plan.warmup_steps} steps; it must end where an execution ends, so that "
                f"steps_per_execution={self.steps_per_execution} does not fit."
            )
        return left > 0

    def _maybe_symbolic_build(self, *given, **named):
        """Nothing: the model is built. Keras takes a batch for it, and fails with several workers (keras#20585)."""
