"""Callbacks that think in epochs, in a training that has none."""

import keras

from stylezoo.training import callbacks as ours
from stylezoo.training.callbacks import is_due

FIGURE = "figure_"  # before the names of figures in the logs of a step


class Epochs(keras.callbacks.CallbackList):
    """The callbacks of a user, for which an epoch ends with each row of the log; for Keras the training is one epoch.

    So `EarlyStopping`, `ModelCheckpoint` and what reports to a tracker are asked about a hundred times in a training.
    Epochs are counted from its first step, also when it is resumed. The logs of an epoch are the means of the losses
    since the one before, and the newest value of each figure.

    Args:
        run: The `Run` that is trained.
        callbacks: The callbacks.
    """

    def __init__(self, run, callbacks):
        super().__init__(callbacks)
        self.run = run
        self.epoch = None  # the number of the present one
        self.figures = {}

    def set_params(self, params):
        if params:
            length = self._length
            params = {**params, "epochs": -(-self.run.steps // length), "steps": length}
        super().set_params(params)

    @property
    def _length(self):
        return -(-self.run.steps // ours.LOG_ROWS)

    def on_epoch_begin(self, epoch, logs=None):
        """The only one of Keras; those of the callbacks begin with their first steps."""

    def on_train_batch_begin(self, batch, logs=None):
        if self.epoch is None:
            self.epoch = int(self.run.step // self._length)
            super().on_epoch_begin(self.epoch)
        super().on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        for each in self.callbacks:  # with the same logs, so that one sees what another has added
            each.on_train_batch_end(batch, logs)
        self.figures |= figures(logs)
        if is_due(self.run, ours.LOG_ROWS):
            self._end(logs)

    def on_epoch_end(self, epoch, logs=None):
        if self.epoch is not None:  # the training ends between two rows
            self._end(logs)

    def _end(self, logs):
        super().on_epoch_end(self.epoch, {**logs, **self.figures})
        self.epoch = None


def figures(logs) -> dict[str, float]:
    """The figures in the logs of a step, with their names there."""
    return {name: value for name, value in logs.items() if name.startswith(FIGURE)}
