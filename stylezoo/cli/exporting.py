"""The command that writes models for other programs: export."""

import os
import re
from pathlib import Path

import click

from stylezoo.cli import redrawing, terminal
from stylezoo.cli.options import Refusal, as_one_object, refuse
from stylezoo.cli.types import Location, ModelName, PictureSize, WeightedStyle
from stylezoo.errors import UsageError

# As in drawing.formats, which takes seconds to import.
FORMATS = {"onnx": ".onnx", "litert": ".tflite", "saved-model": "-saved-model", "openvino": ".xml"}
SIZE_OF_LITERT = (512, 512)
REFUSALS = [
    Refusal(
        lambda given: not given.model and not given.styles,
        "Name what to export: stylezoo export great-wave --format {format}, or a run folder, or several --style.",
    ),
    redrawing.SOME_WEIGHTS,
]


@click.command()
@click.argument(
    "model",
    type=ModelName(),
    required=False,
    help="A ready-made style ('stylezoo list styles'), a run folder, a .keras file, or hf://owner/name.",
)
@click.option(
    "-f",
    "--format",
    type=click.Choice(list(FORMATS)),
    required=True,
    help="onnx for most programs and for browsers, litert for phones, saved-model for TensorFlow, openvino for Intel.",
)
@click.option(
    "-o",
    "--out",
    type=Location(path_type=str),
    help="The file, or for saved-model the folder. Default: the name of the model, in this folder.",
)
@click.option(
    "--style",
    "styles",
    type=WeightedStyle(),
    multiple=True,
    help="Without MODEL: ready-made styles and runs that one file fuses, with weights: --style great-wave=0.6 --style "
    "scream=0.4. With MODEL: one of its styles, or a picture. Repeatable.",
)
@redrawing.strength
@click.option("--keep-colour", "--keep-color", is_flag=True, help="Keep the colours of the picture.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="For models with noise, as of 'stylezoo stylize'.")
@click.option(
    "--size",
    type=PictureSize(),
    help="The size of pictures in pixels, 512 or 640x360 (width x height), or dynamic: any size. Default: dynamic; for "
    "litert 512.",
)
@click.option("--half", is_flag=True, help="Keep weights in half precision: half the file.")
@click.option(
    "--pixels",
    type=click.Choice(["signed", "unit", "uint8"]),
    default="signed",
    show_default=True,
    help="How pixels are given and returned: float32 in [-1, 1], float32 in [0, 1], or whole numbers 0 to 255.",
)
@click.option(
    "--input",
    "inputs",
    type=click.Choice(["strength", "styles", "style"]),
    multiple=True,
    help="What is given with each picture instead of being fixed in the file: the strength, the weights of the styles, "
    "or the picture of a style. Repeatable.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
@as_one_object
def export(given):
    """Write a style or a trained MODEL for other programs: browsers, phones, servers.

    The file draws what 'stylezoo stylize' draws, needs no stylezoo, and is tried at once in its own runtime: it is kept
    only if sample pictures differ by no more than 2 of 256 levels. Strokes are as trained, as with --stroke 1.

    \b
    Examples:
      stylezoo export great-wave --format onnx
      stylezoo export runs/mine --format litert --size 512 --half
      stylezoo export --style great-wave=0.6 --style scream=0.4 --keep-colour --format onnx -o fused.onnx
      stylezoo export great-wave --format onnx --input strength --pixels uint8
    """
    refuse(given, REFUSALS)
    from stylezoo.runs.loading import checked_file

    models = [given.model] if given.model else list(dict.fromkeys(style for style, _ in given.styles))
    files = [checked_file(each) for each in models]
    out = given.out or _default_name(models) + FORMATS[given.format]
    if os.path.lexists(out) and not given.overwrite:
        raise UsageError(f"'{out}' exists already; --overwrite replaces it, -o names another place.")
    terminal.import_keras()
    terminal.print_status(f"writing {given.format} and trying it, which takes a minute ...")
    difference = _export(given, models, files, out)
    terminal.print_status()
    terminal.say(f"Wrote   {out} ({_size(out)})")
    terminal.say(f"Tried   {difference:.2g} of 256 levels is the largest difference to stylize in sample pictures")


def _export(given, models, files, out):
    """Write the file, and return the largest difference."""
    from stylezoo.drawing import exporting
    from stylezoo.runs import labels, loading
    from stylezoo.runs.mixing import Mixture

    size = given.size or (SIZE_OF_LITERT if given.format == "litert" else "dynamic")
    how = {name: getattr(given, name) for name in ("format", "half", "pixels", "inputs")}
    how |= {"size": None if size == "dynamic" else size, "about": labels.labels(models)}
    look = {name: getattr(given, name) for name in ("strength", "keep_colour", "seed")}
    names, weights = [style for style, _ in given.styles], redrawing.weights(given.styles)
    if given.model:
        styles = list(zip(names, weights, strict=True)) or None
        return loading.drawing(files[0]).export(out, verbose=False, styles=styles, **how, **look)
    mixture = Mixture(names)
    redrawing.say_if_joined(mixture)
    return exporting.write(mixture.painter(weights, **look), out, **how)


def _default_name(models):
    """The names of models without their folders."""
    names = [Path(re.sub(r"^hf:/+", "", each)) for each in models]
    return "-".join((each.parent if each.name == "model.keras" else each).name.removesuffix(".keras") for each in names)


def _size(out):
    """How large a file is, with its weights beside it, or a folder."""
    out = Path(out)
    weights = [out.with_suffix(".bin")] if out.suffix == FORMATS["openvino"] else []
    size = sum(each.stat().st_size for each in (out, *out.rglob("*"), *weights) if each.is_file())
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} KB"
