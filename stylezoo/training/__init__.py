"""From a recipe and pictures to a run folder: `start` or `resume`, then `fit`."""

from stylezoo.training.loop import Run, chosen, fit, resume, start, train

__all__ = ["Run", "chosen", "fit", "resume", "start", "train"]
