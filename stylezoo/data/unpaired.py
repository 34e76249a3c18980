"""Sources and styles without any relation."""

from __future__ import annotations

from stylezoo.data.crops import SOURCE, STYLE
from stylezoo.data.modes import DataMode, checked_direction, train_folders
from stylezoo.pictures import samples


class Unpaired(DataMode, name="unpaired"):
    """Sources and styles without any relation.

    Args:
        direction: For a data set of two halves, A and B: "AtoB" makes A the source, "BtoA" B.
        match_tones: Whether mean and deviation of every source's luminance are matched to those of the styles, before
            it is redrawn: a bright photograph for a dark painting.
        match_colours: Whether its colours are matched as well: at each luminance they get the mean and the deviation
            that the colours of the styles have there. `stylize` then does the same with what is drawn. For a generator
            that sees colours.
    """

    def __init__(self, direction: str = "AtoB", match_tones: bool = False, match_colours: bool = False):
        self.direction = checked_direction(direction)
        self.match_tones = match_tones
        self.match_colours = match_colours

    def laid_out(self, source, style):
        """A folder that holds ``trainA`` and ``trainB`` has both domains, as in CycleGAN."""
        return train_folders(source, style, self.direction)

    def check(self, crops, two_way=False):
        """All crops are possible."""

    def complete(self, source, style):
        """The sample photograph and the sample painting are used."""
        return source.or_sample(samples.photograph), style.or_sample(samples.painting)

    def domains(self, source, style, read):
        """Both domains, independently."""
        styles = {"": read(style)}
        return self.read_source(source, styles, read), styles

    def batch(self, batches, numbers):
        """Crops of both domains, independently."""
        return batches.cut(batches.source, SOURCE, numbers), batches.cut(batches.style, STYLE, numbers)
