"""What is measured: variants of a piece of work, by stylezoo and by PyTorch."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from stylezoo.recipe import Recipe
from tests.benchmarks import flops
from tests.benchmarks.turns import FreshProcess, Process

PRECISIONS = ("float32", "mixed_bfloat16")
# What a person can choose besides the precision, as variants of each training step: their changes of the recipe.
OPTIONS = {"stylezoo": {}}
TINY = {  # for --quick: changes of a recipe, and the same in PyTorch
    "cyclegan": (
        {"image_size": 64, "generator": "resnet:filters=8,blocks=2", "discriminators": "patch:filters=8"},
        {"size": 64, "filters": 8, "blocks": 2, "patches": 8},
    ),
    "pix2pix": (
        {
            "image_size": 64,
            "generator": "unet:filters=8,downs=6",
            "discriminators": "patch:conditional=true,norm=batch,filters=8",
        },
        {"size": 64, "filters": 8, "downs": 6, "patches": 8},
    ),
    "cut": (
        {
            "image_size": 64,
            "generator": "resnet:antialias=true,init=xavier,filters=8",
            "discriminators": "patch:antialias=true,init=xavier,filters=8",
        },
        {"size": 64, "filters": 8, "patches": 8},
    ),
    "single-pair": (
        {"image_size": 72, "generator": "brush:filters=4,blocks=1,hue=1.0"},
        {"size": 72, "filters": 4, "blocks": 1},
    ),
    "gated": (
        {"image_size": 32, "generator": "gated:filters=8,blocks=1", "discriminators": "gated:filters=8"},
        {"size": 32, "filters": 8, "blocks": 1, "patches": 8},
    ),
    "adain-gan": (
        {"image_size": 32, "discriminators": "multiscale:norm=instance,head=3,filters=8,layers=2,scales=2"},
        {"size": 32, "patches": 8, "layers": 2, "scales": 2},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """The machine, and how large everything is.

    Attributes:
        gpu: Whether TensorFlow has a GPU.
        quick: Whether everything is tiny, to try the command.
        torch_python: A Python that has PyTorch; None: there is none.
        compiled: Whether PyTorch's compiler is a variant as well.
    """

    gpu: bool
    quick: bool
    torch_python: str | None
    compiled: bool

    @property
    def seconds(self):
        """How long a block of work takes at least."""
        return 0.0 if self.quick else 1.0

    @property
    def small(self):
        """The side of pictures where many points are measured."""
        return 32 if self.quick else 256 if self.gpu else 64


@dataclass(frozen=True)
class Variant:
    """One line of a table.

    Attributes:
        job: What is done.
        library: Who does it: "stylezoo", with an option or without, or "torch".
        start: Prepares it: an object with `turn`, `facts` and `close`.
        precision: "float32" or "mixed_bfloat16"; "" where nothing is computed.
        unit: "s", "pictures/s" or "MiB".
        operations: The operations of a unit from those of the networks; None: they are not counted.
    """

    job: str
    library: str
    start: Callable
    precision: str = ""
    unit: str = "s"
    operations: Callable[[dict], float] | None = None

    def __str__(self):
        return ", ".join(filter(None, (self.job, self.precision, self.library)))


def of_work(setting, zoo, torch, how=Process, options=OPTIONS, **rest):
    """The variants of one piece of work: stylezoo with each option, and PyTorch if it can.

    Args:
        setting: The setting.
        zoo: The job for `zoo.prepare`.
        torch: The job for `torch_zoo.prepare`, where it differs; None: there is no such model in PyTorch.
        how: `Process` or `FreshProcess`.
        options: Changes of the recipe, by the name in the table.
        **rest: The other attributes of the variants.
    """
    zoo = {"seconds": setting.seconds, "precision": rest["precision"], **zoo}
    variants = []
    for library, changes in options.items():
        job = {**zoo, "changes": {**zoo["changes"], **changes}}
        variants.append(Variant(library=library, start=partial(how, sys.executable, "zoo", job), **rest))
    if torch is not None and setting.torch_python:
        for compiled in (False, True) if setting.compiled else (False,):
            layouts = ["NCHW"] if how is FreshProcess else ["NCHW", "channels_last"]  # a second trial takes memory too
            job = {**zoo, **torch, "compiled": compiled, "layouts": layouts}
            start = partial(how, setting.torch_python, "torch_zoo", job)
            variants.append(Variant(library="torch, compiled" if compiled else "torch", start=start, **rest))
    return variants


def step(setting, model, precision="float32", job=None, changes=None, comparable=True, torch=None, **rest):
    """The variants of a training step.

    Args:
        setting: The setting.
        model: The recipe's name.
        precision: The precision.
        job: The job's name; None: the model's.
        changes: Changes of the recipe.
        comparable: Whether the model with the changes is one of `torch_steps` and `flops`.
        torch: The same changes for the model in `torch_steps`, besides size and batch.
        **rest: As in `of_work`.
    """
    tiny, tiny_torch = TINY[model] if setting.quick else ({}, {})
    changes = {**tiny, **(changes or {})}
    fields = {**vars(Recipe.named(model)), **changes}
    batch = fields["batch_size"]
    options = {**tiny_torch, "size": fields["image_size"], "batch": batch, **(torch or {})}
    return of_work(
        setting,
        {"work": "step", "model": model, "changes": changes},
        {"torch": options} if comparable else None,
        job=job or model,
        precision=precision,
        operations=partial(flops.of_step, model, batch) if comparable else None,
        **rest,
    )


def redrawing(setting, side, precision, tiles=None, **rest):
    """The variants of redrawing one picture of `side` pixels by CycleGAN's ResNet."""
    tiny, torch = TINY["cyclegan"] if setting.quick else ({}, {})
    torch = {name: torch[name] for name in ("filters", "blocks") if name in torch}
    job = {"work": "stylize", "model": "cyclegan", "side": side, "changes": tiny}
    whole = side <= (4096 if setting.gpu else 2048)  # more fills the memory
    rest = {**rest, "job": f"{side} px", "precision": precision, "operations": lambda networks: networks["generator"]}
    variants = of_work(setting, {**job, "tile": None}, {"torch": torch} if whole else None, **rest)
    if whole and tiles is None:
        own = of_work(setting, {**job, "tile": 0}, None, options={"stylezoo, one piece": {}}, **rest)
        variants = [*own, *variants]
    return variants
