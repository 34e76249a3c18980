"""From a recipe and pictures to a run folder: `start` or `resume`, then `fit`."""

from stylezoo.training.evaluating import Measuring
from stylezoo.training.loop import device, fit
from stylezoo.training.resuming import resume
from stylezoo.training.starting import Run, chosen, start, title

__all__ = ["Measuring", "Run", "chosen", "device", "fit", "resume", "start", "title"]
