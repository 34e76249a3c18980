"""What a page wants drawn: read once from its message, and told as a job, as a command and as lines of Python."""

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from stylezoo.app.visits import Upload, Visit
from stylezoo.errors import BadOptions, UsageError

PREVIEW = 320  # pixels of the shorter side of a preview, at most
NUMBERS = {"strength": (0, 1), "stroke": (1, 8), "size": (16, 2**14), "seed": (0, 2**31 - 1)}  # least and most
NEEDED = {"strength": 1.0, "seed": 0}  # what is taken where a page leaves them out


@dataclass(frozen=True)
class Wanted:
    """A photograph, and how it shall look.

    Attributes:
        photo: The photograph.
        styles: Pairs of a style and its weight, which is above 0.
        masks: Pairs of a style and its mask.
        strength: As of `stylize`, like all that follow.
        keep_colour: Likewise.
        stroke: Likewise.
        size: Likewise.
        seed: Likewise.
    """

    photo: Upload
    styles: tuple[tuple[str, float], ...]
    masks: tuple[tuple[str, Upload], ...]
    strength: float
    keep_colour: bool
    stroke: float | None
    size: int | None
    seed: int

    @classmethod
    def of(cls, visit: Visit, styles: Sequence[str], plain: Any) -> "Wanted":
        """What a visit wants.

        Args:
            visit: The visit.
            styles: The styles that it can choose among.
            plain: The message: a list of weights, one for each style, and the other fields by their names.

        Raises:
            UsageError: There is no photograph, all styles are off, or a value is not possible.
        """
        if visit.photo is None:
            raise UsageError("Choose a photograph first.")
        weights = plain.get("weights") if isinstance(plain, dict) else None
        if not isinstance(weights, list) or len(weights) > len(styles):
            raise BadOptions("The page is older than the server: load it again.")
        chosen = {i: weight for i, each in enumerate(weights) if (weight := _number("weight", each, 0, 1))}
        if not chosen:
            raise UsageError("All styles are off: move the slider of one.")
        return cls(
            visit.photo,
            tuple((styles[i], weight if len(chosen) > 1 else 1.0) for i, weight in chosen.items()),
            tuple((styles[i], visit.masks[i]) for i in chosen if i in visit.masks),
            keep_colour=bool(plain.get("keep_colour")),
            **{name: _optional(name, plain.get(name)) for name in NUMBERS},
        )

    def job(self, preview: bool) -> dict[str, Any]:
        """The fields of a job for `artist.draw`, for a small preview or for the whole picture."""
        size = PREVIEW if preview and self.shorter > PREVIEW else self.size
        return {
            "job": "draw",
            "picture": str(self.photo.path),
            "styles": self.styles,
            "masks": [(style, str(mask.path)) for style, mask in self.masks],
            "strength": self.strength,
            "keep_colour": self.keep_colour,
            "stroke": self.stroke,
            "size": size,
            "seed": self.seed,
        }

    @property
    def shorter(self) -> int:
        """The shorter side of the result."""
        return self.size or min(self.photo.width, self.photo.height)

    @property
    def result(self) -> str:
        """The name of the result."""
        return f"{PurePath(self.photo.name).stem}-stylized.png"

    def command(self) -> str:
        """The command line that draws the same."""
        words = ["stylezoo", "stylize", _word(self.photo.name)]
        for style, weight in self.styles:
            words += ["--style", style if self._alone else f"{style}={weight:g}"]
        for style, mask in self.masks:
            words += ["--mask", f"{mask.name}={style}"]
        for name, flag in (("size", "--size"), ("stroke", "--stroke"), ("strength", "--strength"), ("seed", "--seed")):
            if (value := getattr(self, name)) != NEEDED.get(name):
                words += [flag, f"{value:g}" if name != "seed" else str(value)]
        return shlex.join([*words, *(["--keep-colour"] if self.keep_colour else []), "-o", _word(self.result)])

    def python(self) -> str:
        """The lines of Python that draw the same."""
        style = repr(self.styles[0][0]) if self._alone else repr(dict(self.styles))
        more = [f"masks={ {style: mask.name for style, mask in self.masks}!r}"] if self.masks else []
        more += [
            f"{name}={value!r}"
            for name in ("size", "stroke", "strength", "seed")
            if (value := getattr(self, name)) != NEEDED.get(name)
        ]
        more += ["keep_colour=True"] if self.keep_colour else []
        given = ", ".join([repr(self.photo.name), style, *more])
        return f"import stylezoo\n\nstylezoo.stylize({given}).save({self.result!r})"

    @property
    def _alone(self):
        return len(self.styles) == 1


def _optional(name, value):
    """A number of the message; what stands for none where it is left out."""
    if value in (None, ""):
        return NEEDED.get(name)
    number = _number(name, value, *NUMBERS[name])
    return number if name in ("strength", "stroke") else int(number)


def _number(name, value, least, most):
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadOptions(f"The {name} is no number.")
    if not least <= value <= most:
        raise BadOptions(f"The {name} is {value:g}; it can be {least} to {most}.")
    return round(float(value), 4)  # what the command line shows


def _word(name):
    """A name of a file that no command takes for an option."""
    return f"./{name}" if name.startswith("-") else name
