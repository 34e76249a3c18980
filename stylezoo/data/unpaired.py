"""Sources and styles that have nothing to do with each other."""

from __future__ import annotations

from stylezoo.data.album import Album
from stylezoo.data.crops import SOURCE, STYLE
from stylezoo.data.modes import DataMode, checked_direction, train_folders
from stylezoo.pictures import samples


class Unpaired(DataMode, name="unpaired"):
    """Sources and styles that have nothing to do with each other.

    Args:
        direction: Of a data set of two halves, A and B: "AtoB" makes A the source, "BtoA" B.
        match_tones: Whether light and dark of every source are brought to the mean and the spread that they have in the
            styles, before it is redrawn: a bright photograph for a dark painting.
    """

    def __init__(self, direction: str = "AtoB", match_tones: bool = False):
        self.direction = checked_direction(direction)
        self.match_tones = match_tones

    def laid_out(self, source, style):
        """A folder that holds ``trainA`` and ``trainB`` has both domains, as CycleGAN's data sets."""
        return train_folders(source, style, self.direction)

    def check(self, crops, two_way=False):
        """All crops are possible."""

    def complete(self, source, style):
        """The sample photograph and the sample painting stand in."""
        return (
            source if source.is_given else Album("sample", image=samples.photograph()),
            style if style.is_given else Album("sample", image=samples.painting()),
        )

    def domains(self, source, style, read):
        """Both domains, each for itself."""
        styles = {"": read(style)}
        return self.read_source(source, styles, read), styles

    def batch(self, batches, numbers):
        """Crops of both domains, each for itself."""
        return batches.cut(batches.source, SOURCE, numbers), batches.cut(batches.style, STYLE, numbers)
