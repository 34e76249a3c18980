"""Several workers train one model: they begin with the same, stop after the same step, and wait for each other."""

import json
import zlib
from contextlib import contextmanager

import keras

from stylezoo import devices
from stylezoo.errors import BadRun
from stylezoo.training.starting import Run


class Team(keras.callbacks.Callback):
    """The workers of a training, as one of them sees them; alone it changes nothing.

    It is a context as well, in which the loss of another worker is told in one line, and which ends when all are done.
    Signals such as Ctrl-C set `interrupted` on one worker; after the step all count who was asked to stop, so that all
    stop after the same step.

    Args:
        run: The training of this worker.

    Attributes:
        interrupted: Whether this worker was asked to stop.
    """

    def __init__(self, run: Run):
        super().__init__()
        self.run = run
        self.strategy = run.model.distribute_strategy
        self.is_chief = devices.is_chief(self.strategy)
        self.size = devices.workers(self.strategy)
        self.interrupted = False

    @contextmanager
    def working(self):
        """A context of the whole training: workers begin and end it together.

        Raises:
            BadRun: Another worker was lost, or trains something else.
        """
        with devices.told_in_one_line(self.strategy, self._advice):
            yield
            self._meet()

    def on_train_batch_end(self, batch, logs=None):
        signalled, stopped = self._any(self.interrupted or self.run.interrupted, self.model.stop_training)
        self.run.interrupted = signalled
        self.model.stop_training = signalled or stopped  # other callbacks may have stopped it

    def _any(self, *asked):
        """For each question whether any worker says yes; all are asked together."""
        if self.size == 1:
            return asked
        return devices.of_all_workers([int(each) for each in asked], self.strategy).any(axis=0)

    def _meet(self):
        """Wait for all workers: one that ended before the others would be missed by them."""
        self._any(False)

    def check_same(self):
        """Check that all workers train the same from the same step on.

        Raises:
            BadRun: They do not.
        """
        if self.size == 1:
            return
        batches, recipe = self.run.batches, self.run.recipe.to_dict()
        parts = {
            "step": self.run.step,
            "number of pictures": [len(each) for each in (batches.source, *batches.styles.values())],
            "threads (--set threads=N)": recipe.pop("threads"),  # which depend on the machine, unless they are given
            "precision (--precision float32)": recipe.pop("precision"),
            "recipe": {**recipe, "vgg": None},  # the path of a file can differ
        }
        known = [zlib.crc32(json.dumps(part, sort_keys=True, default=str).encode()) for part in parts.values()]
        for what, numbers in zip(parts, devices.of_all_workers(known, self.strategy).T, strict=True):
            if len({*numbers}) > 1:
                raise BadRun(
                    f"The workers do not have the same {what}. Start all of them with the same command, pictures and "
                    "run folder."
                )

    def _advice(self):
        return f" Resume it on all workers: stylezoo train --resume {self.run.folder} --workers ..."
