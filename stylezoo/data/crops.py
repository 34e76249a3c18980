"""How crops are taken."""

from stylezoo.spec import Choice


class Crops(Choice, field="crops"):
    """How crops are taken."""

    def check(self, data):
        pass


class RandomCrops(Crops, name="random"):
    """Anywhere."""

    grid = False

    def __init__(
        self,
        source_zoom: tuple = (1.0, 1.0),
        style_zoom: tuple = (1.0, 1.0),
        flip: bool = True,
        turn_style: bool = False,
        whole_in_decay: bool = False,
    ):
        self.source_zoom, self.style_zoom, self.flip = source_zoom, style_zoom, flip
        self.turn_style, self.whole_in_decay = turn_style, whole_in_decay


class GridCrops(Crops, name="grid"):
    """A grid."""

    grid = True
    turn_style = whole_in_decay = False

    def __init__(self, source_zoom: tuple = (1.0, 1.0), style_zoom: tuple = (1.0, 1.0), flip: bool = True):
        self.source_zoom, self.style_zoom, self.flip = source_zoom, style_zoom, flip
