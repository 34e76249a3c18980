"""Pictures on their way into a training: the album that a user gives, data modes, crops, batches."""

from stylezoo.data import named_styles, paired, unpaired  # noqa: F401 - each defines a data mode
from stylezoo.data.crops import Crops
from stylezoo.data.modes import DataMode

__all__ = ["Crops", "DataMode"]
