"""Pictures for training: the albums that a user gives, data modes, crops, batches."""

from stylezoo.data.album import Album
from stylezoo.data.crops import Crops, GridCrops, RandomCrops
from stylezoo.data.modes import DataMode
from stylezoo.data.named_styles import NamedStyles
from stylezoo.data.paired import Paired
from stylezoo.data.unpaired import Unpaired

__all__ = ["Album", "Crops", "DataMode", "GridCrops", "NamedStyles", "Paired", "RandomCrops", "Unpaired"]
