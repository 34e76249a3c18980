"""Pictures on their way into a training: folders, crops, batches."""

from stylezoo.data.crops import Crops
from stylezoo.data.modes import DataMode

__all__ = ["Crops", "DataMode"]
