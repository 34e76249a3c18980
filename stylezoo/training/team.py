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
            self._check_same()
            yield
            self._meet()

    def on_train_batch_end(self, batch, logs=None):
        if self._count(self.interrupted or self.run.interrupted):
            self.run.interrupted = self.model.stop_training = True

    def _count(self, asked):
        """How many workers say yes; all are asked together."""
        if self.size == 1:
            return asked
        return devices.of_all_workers([int(asked)], self.strategy).sum()

    def _meet(self):
        """Wait for all workers: one that ended before the others would be missed by them."""
        self._count(False)

    def _check_same(self):
        """Check that all workers train the same from the same step on."""
        if self.size == 1:
            return
        batches = self.run.batches
        pictures = [len(each) for each in (batches.source, *batches.styles.values())]
        recipe = {**self.run.recipe.to_dict(), "vgg": None}  # the path of a file can differ
        known = zlib.crc32(json.dumps(recipe, sort_keys=True, default=str).encode())
        rows = devices.of_all_workers([self.run.step, known, zlib.crc32(bytes(str(pictures), "utf-8"))], self.strategy)
        for what, numbers in zip(("step", "recipe", "number of pictures"), rows.T, strict=True):
            if len({*numbers}) > 1:
                raise BadRun(
                    f"The workers do not have the same {what}. Start all of them with the same command, pictures and "
                    "run folder."
                )

    def _advice(self):
        advice = f" Resume it on all workers: stylezoo train --resume {self.run.folder} --workers ..."
        return advice if self.run.folder.has(self.run.folder.CHECKPOINT) else " There is no checkpoint yet."
