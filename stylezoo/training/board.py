"""What a training shows in TensorBoard."""

import time

import keras
from PIL import Image

from stylezoo import backend
from stylezoo.runs.folder import RunFolder
from stylezoo.training import callbacks as ours
from stylezoo.training.callbacks import is_due
from stylezoo.training.epochs import FIGURE, figures
from stylezoo.updates.optimizers import players_of

NAME = "events.out.tfevents.{:.6f}"  # TensorBoard knows its files by the middle part, and reads them in this order
FORMAT = "brain.Event:2"  # the first message of each file


class Board(keras.callbacks.Callback):
    """Writes the losses and learning rates of each row of the log, all figures and the contact sheets for TensorBoard.

    Each process writes a file of its own. Where a training begins or goes on, a message of a restart makes TensorBoard
    forget what was told before about later steps.

    Args:
        run: The `Run` that is trained.
    """

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.folder = run.folder / RunFolder.TENSORBOARD
        self.file = None

    def on_train_begin(self, logs=None):
        if self.file is None:
            self.run.folder.check_place()
            self.folder.mkdir(exist_ok=True)
            self.file = backend.Records(str(self.folder / NAME.format(time.time())))
            self._write(file_version=FORMAT)
            self.run.news.append(f"See the curves with: tensorboard --logdir {self.run.folder}")
        self._write(self.run.step + 1, session_log={"status": "START"})

    def on_train_batch_end(self, batch, logs=None):
        numbers = {name.replace(FIGURE, "figure/", 1): value for name, value in figures(logs).items()}
        if is_due(self.run, ours.LOG_ROWS):
            numbers |= {metric.name: logs[metric.name] for metric in self.model.metrics} | self._learning_rates()
        values = [{"tag": name, "simple_value": float(number)} for name, number in numbers.items()]
        if is_due(self.run, ours.SHEETS):
            values.append({"tag": "contact sheet", "image": self._sheet()})
        if values:
            self._write(self.run.step, summary={"value": values})

    def _learning_rates(self):
        optimizers = players_of(self.model.optimizer)
        return {f"learning_rate/{player}": float(each.learning_rate) for player, each in optimizers.items()}

    def _sheet(self):
        newest = self.run.folder / RunFolder.LATEST
        with Image.open(newest) as sheet:
            width, height = sheet.size
        return {"width": width, "height": height, "colorspace": 3, "encoded_image_string": newest.read_bytes()}

    def _write(self, step=0, **message):
        """Write an event, so that who looks sees it at once.

        Raises:
            OSError: It cannot be written.
        """
        try:
            self.file.write(backend.Event(wall_time=time.time(), step=step, **message).SerializeToString())
            self.file.flush()
        except backend.UNWRITABLE as error:
            raise OSError(f"{self.folder}: {error.message}") from error

    def on_train_end(self, logs=None):
        self.file.close()
        self.file = None
