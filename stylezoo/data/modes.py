"""Data modes: how pictures become batches."""

from stylezoo.spec import Choice

DIRECTIONS = ("AtoB", "BtoA")


class DataMode(Choice, field="data"):
    """How pictures are read; a subclass with a name can be chosen in a recipe."""

    names = ()
    labelled = False
    added = 0
    match_tones = False


class Unpaired(DataMode, name="unpaired"):
    """Sources and styles have nothing to do with each other."""

    def __init__(self, direction: str = "AtoB", match_tones: bool = False):
        self.direction = checked_direction(direction)
        self.match_tones = match_tones


class Paired(DataMode, name="paired"):
    """Each source has its ground truth."""

    def __init__(self, direction: str = "AtoB"):
        self.direction = checked_direction(direction)


class NamedStyles(DataMode, name="named-styles"):
    """Each style has a name of its own."""

    labelled = True
    direction = "AtoB"

    def __init__(self, names: tuple = (), added: int = 0, match_tones: bool = False):
        self.names = tuple(names)
        self.added = added
        self.match_tones = match_tones

    def with_names(self, names):
        """The same with the names of the styles, in the order of their labels."""
        return NamedStyles.read(self.spec.with_option("names", list(names)))

    @property
    def added_numbers(self):
        return range(len(self.names) - self.added, len(self.names))


def checked_direction(direction):
    if direction not in DIRECTIONS:
        raise ValueError(f"direction is {direction!r}; it can be AtoB or BtoA")
    return direction
