"""Models in the formats of other programs, which draw what `stylize` draws, without stylezoo."""

import os
import shutil
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
from keras import ops

from stylezoo.contract import style_input
from stylezoo.drawing import formats
from stylezoo.drawing.fusion import Share
from stylezoo.drawing.joining import JoinedPainter
from stylezoo.drawing.tracing import traced
from stylezoo.errors import BadExport, BadOptions, StylezooError, name_all, printable
from stylezoo.files import atomic
from stylezoo.pictures import arrays, samples

INPUTS = ("strength", "styles", "style")  # what can be given beside the picture
PIXELS = {  # how pixels are given: the type, and the factor and the shift to [-1, 1]
    "signed": ("float32", 1.0, 0.0),
    "unit": ("float32", 2.0, -1.0),
    "uint8": ("uint8", 1 / 127.5, -1.0),
}
NUMBERS = 2**20  # random numbers in a file for pictures of any size: larger pictures repeat them
TOLERANCE = 2  # levels of 256 by which a picture may differ from that of `stylize`
SIDES = [(256, 320), (203, 157)]  # height and width of the pictures with which a file for any size is tried


class Export(keras.Model):
    """What a painter draws, as a model of Keras with named inputs.

    Args:
        painter: A `Painter` or a `JoinedPainter`, without masks.
        inputs: What is given with each call beside the picture, of `INPUTS`; all else is as the painter has it.
        pixels: How pixels are given and returned: "signed" is float32 in [-1, 1], "unit" float32 in [0, 1], "uint8"
            0..255.
        size: Height and width of pictures; None: any.
        makes_noise: Whether the runtime can make random numbers; else those that are needed become a part of the model.
    """

    def __init__(self, painter, inputs=(), pixels="signed", size=None, makes_noise=False):
        super().__init__(name="drawing")
        self.names, self.pixels, self.size = ("image", *inputs), PIXELS[pixels], size
        self.draw = traced(painter, None if makes_noise else size[0] * size[1] if size else NUMBERS)
        self.networks = self.draw.networks  # so that Keras knows their weights
        self.styles, self.channels = len(painter.fusion.parts), painter.channels
        self.built = True

    @property
    def signature(self):
        """A `keras.InputSpec` for each input."""
        sides = self.size or (None, None)
        image = (1 if self.size else None, *sides, self.channels)
        shapes = {"image": image, "strength": (1,), "styles": (self.styles,)}
        shapes["style"] = (1, *image[1:])
        types = {"image": self.pixels[0], "style": self.pixels[0]}
        return [keras.InputSpec(types.get(name, "float32"), shapes[name], name=name) for name in self.names]

    def call(self, inputs):
        given = dict(zip(self.names, inputs if isinstance(inputs, list | tuple) else [inputs], strict=True))
        dtype, factor, shift = self.pixels
        pictures = {name: ops.cast(given[name], "float32") * factor + shift for name in given if name in TAKEN}
        drawn = self.draw(pictures["image"], given.get("strength"), given.get("styles"), pictures.get("style"))
        drawn = (ops.clip(drawn, -1, 1) - shift) / factor
        return ops.cast(ops.round(drawn), dtype) if dtype == "uint8" else drawn


TAKEN = ("image", "style")  # the inputs that are pictures


def write(
    painter,
    path: str | Path,
    format: str,
    *,
    size: tuple[int, int] | None = None,
    half: bool = False,
    pixels: str = "signed",
    inputs: tuple[str, ...] = (),
    about: dict[str, str] | None = None,
) -> float:
    """Write a painter in a format, and try the file in its own runtime.

    The file appears when it has been tried; one that exists is replaced.

    Args:
        painter: A `Painter` or a `JoinedPainter`.
        path: The file, or for "saved-model" the folder.
        format: A name of `formats.FORMATS`.
        size: Height and width of the pictures; None: any.
        half: Whether weights are kept in half precision, which halves the file.
        pixels: As for `Export`.
        inputs: As for `Export`.
        about: Texts for the file by their names, such as its licence.

    Returns:
        The largest difference to what the painter draws of sample pictures, in levels of 256.

    Raises:
        BadOptions: The format cannot do what is asked, or the painter has masks, or cannot be given these inputs.
        MissingExtra: A package is not installed.
        BadExport: The converter fails, or the file draws something else.
    """
    form = _checked(painter, format, size, half, pixels, inputs)
    path = Path(os.path.realpath(os.path.expanduser(path)))
    _check_place(path, form)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=path.parent) as folder:
        file = Path(folder) / path.name
        model = Export(painter, inputs, pixels, size, form.makes_noise)
        try:
            form.write(model, model.signature, file, half)
            form.describe(file, {"made_with": f"stylezoo {version('stylezoo')}", **(about or {})})
            difference = _difference(painter, model, form.loaded(file))
        except (StylezooError, OSError, KeyboardInterrupt):
            raise
        except Exception as error:  # converters and runtimes have their own ways to fail
            raise BadExport(f"{form.name} cannot take this model: {_first_line(error)}. {_others(form)}") from error
        if difference > TOLERANCE:
            raise BadExport(
                f"In {form.name} the model draws something else: sample pictures differ by up to {difference:.1f} of "
                f"256 levels, at most {TOLERANCE} are allowed{'; leave out half precision' if half else ''}. "
                f"{_others(form)}"
            )
        _move(file, path)
    return difference


def _checked(painter, name, size, half, pixels, inputs):
    """The format, if it can do what is asked."""
    form = formats.find(name)
    if painter.fusion.is_divided:
        raise BadOptions("Masks belong to one picture: a model is exported without them.")
    if getattr(painter, "stroke", None) not in (None, 1):
        raise BadOptions("In exported models strokes are as trained; leave out the stroke.")
    if pixels not in PIXELS:
        raise BadOptions(f"Pixels cannot be {pixels!r}: {name_all(PIXELS)}.")
    if unknown := [each for each in inputs if each not in INPUTS]:
        raise BadOptions(f"There is no input {name_all(unknown)}: {name_all(INPUTS)}.")
    if half and not form.halves:
        raise BadOptions(f"{form.name} has no half precision.")
    if size is None and not form.sizes:
        raise BadOptions(f"{form.name} needs one size of pictures, such as 512.")
    if "styles" in inputs and len(painter.fusion.parts) < 2:
        raise BadOptions("Weights of styles are an input if there are several styles that one network or several draw.")
    takes_picture = not isinstance(painter, JoinedPainter) and style_input(painter.generator).takes_picture
    if "style" in inputs and (not takes_picture or painter.fusion.parts):
        raise BadOptions("The picture of a style is an input of models that take one, if none is given.")
    form.check_installed()
    return form


def _check_place(path, form):
    """Check that nothing is lost at a path.

    Raises:
        BadOptions: The suffix is another, or there is a folder that no export wrote.
    """
    if form.suffix and path.suffix != form.suffix:
        raise BadOptions(f"A file of {form.name} ends in {form.suffix}; '{path.name}' does not.")
    if path.is_dir() and (form.suffix or not (path / "saved_model.pb").is_file()) and any(path.iterdir()):
        raise BadOptions(f"'{path}' is a folder with other things; name another place.")


def _difference(painter, model, run):
    """The largest difference between sample pictures of a file and of the painter, in levels of 256."""
    dtype, factor, shift = model.pixels
    largest = 0.0
    for height, width in [model.size] if model.size else SIDES:
        size = (height, width, model.channels)
        pictures = {"image": _sample(samples.painting, *size), "style": _sample(samples.mosaic, *size)}
        others = {"strength": np.float32([0.7]), "styles": np.arange(1, model.styles + 1, dtype="float32")}
        given = {name: pictures[name][None] if name in TAKEN else others[name] for name in model.names}
        wanted = arrays.from_levels(_as_given(painter, given).paint(pictures["image"]))
        if dtype == "float32":
            given |= {name: (arrays.from_levels(given[name]) - np.float32(shift)) / np.float32(factor) for name in given
                      if name in TAKEN}  # fmt: skip
        drawn = np.asarray(run(given)[0], "float32") * factor + shift
        largest = max(largest, float(np.abs(drawn - wanted).max() * 127.5))
    return largest


def _as_given(painter, given):
    """The painter as the inputs of a call make it."""
    fusion = painter.fusion
    if "style" in given:
        fusion = replace(fusion, parts=(Share(arrays.from_levels(given["style"][0])),))
    if "styles" in given:
        pairs = zip(fusion.parts, given["styles"].tolist(), strict=True)
        fusion = replace(fusion, parts=tuple(replace(part, weight=weight) for part, weight in pairs))
    if "strength" in given:
        fusion = replace(fusion, strength=float(given["strength"][0]))
    return replace(painter, fusion=fusion, **({} if isinstance(painter, JoinedPainter) else {"stroke": 1.0, "tile": 0}))


def _sample(picture, height, width, channels):
    """A sample picture whose channels are repeated as often as it takes."""
    return np.resize(arrays.resized(np.asarray(picture()), height, width), (height, width, channels))


def _first_line(error):
    """What a converter said, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith("Exception encountered when calling")]  # Keras' first line
    return printable((told or [type(error).__name__])[0])[:300].rstrip(".")


def _others(form):
    return f"Other formats: {name_all(each for each in formats.FORMATS if each != form.name)}."


def _move(file, path):
    """Move what was written to its place: a file, a folder, or a file with others of the same name beside it."""
    if file.is_dir():
        if path.is_dir():
            shutil.rmtree(path)
        os.replace(file, path)
        return
    for each in sorted(file.parent.iterdir(), key=lambda each: each.name == file.name):  # the file itself as the last
        with atomic.written(path.with_name(each.name)) as temporary:
            os.replace(each, temporary)
