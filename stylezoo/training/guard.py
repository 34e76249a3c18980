"""What a training does about losses and weights that are no numbers, and about losses that explode."""

import math
from dataclasses import replace

import keras

from stylezoo import backend, devices
from stylezoo.errors import BadOptions, Diverged, StylezooError, name_all
from stylezoo.files import plain
from stylezoo.runs import loading
from stylezoo.runs.folder import RunFolder
from stylezoo.training.callbacks import save
from stylezoo.training.resuming import load
from stylezoo.updates.optimizers import players_of

ON_NAN = ("stop", "rollback")
EXPLODED = 1e9  # a loss that is larger is named: those of a training that goes well are below a million
ROLLBACKS = 3  # in one training, at most
ADVICE = "a smaller learning rate (--set optimizer.learning_rate=1e-4), smaller weights of losses, --precision float32"


class Guard(keras.callbacks.Callback):
    """Ends a training by `Diverged` after the first step with a loss or a gradient that is not finite.

    In float16 such steps are skipped by Keras, which then scales the losses less; there only the weights count, and a
    scale below 1.

    Args:
        run: The `Run` that is trained.
    """

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.has_named = False

    def on_train_begin(self, logs=None):
        model = self.model
        variables = [variable for player in model.players for variable in model.variables_of(player)]
        if devices.workers(model.distribute_strategy) > 1:  # all must come to the same end, and one alone saves
            variables = [each for each in loading.state(model) if "float" in each.dtype]
        self.is_finite = backend.finiteness(variables, eagerly=self.model.run_eagerly)

    def on_train_batch_end(self, batch, logs=None):
        if fault := self._fault(logs):
            raise Diverged(f"Step {self.run.step}: {fault}")
        exploded = _term(name for name, value in logs.items() if abs(value) > EXPLODED)
        if exploded and not self.has_named:
            self.has_named = True
            said = f"the loss '{exploded}' explodes: it is {logs[exploded]:.2g}"
            self.run.news.append(f"Step {self.run.step}: {said}. Try {ADVICE}.")

    def _fault(self, logs):
        scale = getattr(self.model.optimizer, "dynamic_scale", None)
        wrong = _term(name for name, value in logs.items() if not math.isfinite(value))
        if scale is None and wrong:
            return f"the loss '{wrong}' is {logs[wrong]}."
        if scale is not None and scale.numpy() < 1:
            return "the losses are too large for float16, however little they are scaled."
        return "" if self.is_finite() else f"the gradient of the {self._spoilt()} is not finite."

    def _spoilt(self):
        """The player and the name of the first weights that are not finite."""
        for player in self.model.players:
            if place := loading.infinite(self.model.variables_of(player)):
                return f"{player} for {place}"
        return "weights"


def _term(names):
    """The first of the names that is a term rather than a sum of terms, or the first; "" if there are none."""
    return min(names, key=lambda name: "/" not in name, default="")


def check_on_nan(word: str) -> None:
    """Check that a word says what to do after NaN.

    Raises:
        BadOptions: It does not.
    """
    if word not in ON_NAN:
        raise BadOptions(f"on_nan is '{word}'; it can be {name_all(ON_NAN)}.")


def stopped(run, error: Diverged) -> Diverged:
    """The error of a training that ends because it has diverged."""
    return Diverged(
        f"{error} The training has stopped, and the last checkpoint is kept. Start again with {ADVICE}; or go on from "
        "the checkpoint, and each time that this happens with half the learning rate: stylezoo train --resume "
        f"{run.folder} --on-nan rollback."
    )


def roll_back(run, error: Diverged) -> None:
    """Go back to the last checkpoint of a run, or to the one before if this is not the first time at that one.

    The learning rates are halved, in the recipe as well.

    Raises:
        Diverged: The training has gone back three times already, or its optimizers have no option `learning_rate`.
    """
    if len(run.card.rollbacks) >= ROLLBACKS:
        raise Diverged(f"{error} It has gone back {ROLLBACKS} times already: start again with {ADVICE}.") from None
    try:
        plan = slower(run.plan)
    except StylezooError as refusal:
        raise Diverged(f"{error} It cannot go on with smaller learning rates: {refusal}") from None
    run.plan = run.model.plan = plan
    strategy = run.model.distribute_strategy
    with strategy.scope():
        run.model.compile()
        told = load(run)
        if run.step == run.went_back_to and run.folder.has(RunFolder.CHECKPOINT_BEFORE):
            load(run, older=True)
        run.went_back_to = run.step
        for optimizer in players_of(run.model.optimizer).values():
            if isinstance(optimizer.learning_rate, keras.Variable):  # no schedule: it is in the checkpoint
                optimizer.learning_rate = float(optimizer.learning_rate) / 2
    rate = plan.optimizers["generator"].learning_rate
    note = f"{error} Back to step {run.step}, and on with half the learning rate, {rate:g}."
    run.news += [line for line in (told, note) if line]
    run.card = replace(
        run.card, recipe=plain.without_folders(plan.recipe.to_dict()), rollbacks=[*run.card.rollbacks, note]
    )
    if devices.is_chief(strategy):
        save(run, instead=True)  # with the new rates
        run.folder.write_json(RunFolder.RECIPE, plan.recipe.to_dict())


def slower(plan):
    """A plan with half the learning rates.

    Raises:
        StylezooError: An optimizer has no option of this name.
    """
    halves = {"optimizer.learning_rate": plan.optimizers["generator"].learning_rate / 2}
    if plan.recipe.discriminator_optimizer:
        halves["discriminator_optimizer.learning_rate"] = plan.optimizers["discriminator"].learning_rate / 2
    if plan.warmup and plan.warmup.learning_rate:
        halves["warmup.learning_rate"] = plan.warmup.learning_rate / 2
    return plan.recipe.changed(**halves).resolve().with_data(plan.data)
