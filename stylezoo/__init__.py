"""A zoo of GANs for image style transfer and style fusion, made of plugins.

Importing it takes almost no time: public names are imported when they are first used, and `create_model`, `load_model`
and `train` import Keras when they are called.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # true for type checkers; the module `typing` takes longer to import than a listing takes
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from stylezoo.catalogue.registry import register
    from stylezoo.contract import AdversarialLoss, ImageLoss, Loss, Metric, Translation
    from stylezoo.errors import StylezooError
    from stylezoo.evaluation.evaluate import Measured
    from stylezoo.gan import GAN
    from stylezoo.recipe import Recipe
    from stylezoo.spec import Spec

__version__ = "0.1.0"
__all__ = [
    "AdversarialLoss",
    "ImageLoss",
    "Loss",
    "Metric",
    "Recipe",
    "Spec",
    "StylezooError",
    "Translation",
    "create_model",
    "evaluate",
    "import_weights",
    "interpolate",
    "list_discriminators",
    "list_generators",
    "list_losses",
    "list_metrics",
    "list_models",
    "list_styles",
    "load_model",
    "push_to_hub",
    "register",
    "stylize",
    "train",
]

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # ~/.keras/keras.json may name another

HOMES = {  # public names, and the modules that they come from
    "AdversarialLoss": "contract",
    "ImageLoss": "contract",
    "Loss": "contract",
    "Metric": "contract",
    "Recipe": "recipe",
    "Spec": "spec",
    "StylezooError": "errors",
    "Translation": "contract",
    "register": "catalogue.registry",
}


def __getattr__(name):
    if name not in HOMES:
        raise AttributeError(f"module 'stylezoo' has no attribute '{name}'")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"stylezoo.{HOMES[name]}"), name)
    return value


def __dir__():
    return sorted({*globals(), *__all__})


def list_models(pattern: str = "*") -> list[str]:
    """The names of the installed models, sorted; `pattern` as in a shell: ``list_models("*gan")``.

    Examples:
        >>> stylezoo.list_models("*cut")
        ['cut', 'fastcut', 'sincut']
    """
    return _names("model", pattern)


def list_generators(pattern: str = "*") -> list[str]:
    """The names of the installed generators, sorted; `pattern` as in a shell."""
    return _names("generator", pattern)


def list_discriminators(pattern: str = "*") -> list[str]:
    """The names of the installed discriminators, sorted; `pattern` as in a shell."""
    return _names("discriminator", pattern)


def list_losses(pattern: str = "*") -> list[str]:
    """The names of the installed losses, sorted; `pattern` as in a shell."""
    return _names("loss", pattern)


def list_metrics(pattern: str = "*") -> list[str]:
    """The names of the installed metrics, sorted; `pattern` as in a shell."""
    return _names("metric", pattern)


def list_styles(pattern: str = "*") -> list[str]:
    """The names of the ready-made styles that are installed, sorted; `pattern` as in a shell."""
    return _names("style", pattern)


def stylize(picture, style=None, *, masks=None, strength=1.0, size=None, **look):
    """Redraw a picture in a ready-made style, in that of a trained run, or in a fusion of several.

    The first call for a size of picture prepares the network, which takes seconds; further calls are faster, also in
    other styles that are built alike, as all ready-made ones are. The last 16 styles stay in memory, until their files
    change, and what was prepared for the last 4 sizes; another seed counts as another size.

    Args:
        picture: A path, a binary file object, a Pillow image, or an array (height, width, channels) or (count, height,
            width, channels) of any size: floats in [-1, 1], uint8 in 0..255, or uint16 in 0..65535.
        style: A name of `list_styles`, a run folder, a ``.keras`` file or ``hf://owner/name``; several with their
            weights, ``{"great-wave": 0.6, "starry-night": 0.4}``, or a list with equal ones. None: the default style.
        masks: The place of a style, ``{"monet": mask}``: a path, an image, or an array (height, width) in [0, 1].
        strength: From 0, the picture as it is, to 1, full style.
        size: The shorter side to which a file or an image is scaled first, in pixels. None: it is drawn as it is.
        **look: `seed`, `keep_colour`, `stroke` and `tile`, as in `GAN.painter`.

    Returns:
        A Pillow image for a file or an image; a float32 array of the same shape in [-1, 1] for an array.

    Raises:
        BadRun: There is no such style, or its file cannot be used.
        BadPicture: The picture or a mask cannot be used.
        BadOptions: A weight, the strength or the look is not valid.

    Examples:
        >>> stylezoo.stylize("photo.jpg", "great-wave", strength=0.7).save("wave.jpg")
    """
    from stylezoo.runs import mixing

    return mixing.redrawn(picture, style, masks, strength, size, look)


def create_model(name: str, pretrained: str | Path | None = None, **changes) -> GAN:
    """A new compiled Keras model from a registered recipe, with changes.

    Args:
        name: A name from `list_models`, or "distribution/name".
        pretrained: A trained model whose weights are the initial ones, as `load_model` takes it: ``"great-wave"``.
        **changes: Fields of `Recipe` with new values. `losses` are added to the recipe's: an adversarial loss
            replaces its adversarial one, any other is added or replaces the one of its name, weight=0 removes it.

    Returns:
        A `stylezoo.gan.GAN`, which is a `keras.Model`.

    Raises:
        StylezooError: A name, an option or a field is not valid; see `stylezoo.errors`.

    Examples:
        >>> gan = stylezoo.create_model("transfer", losses=["hinge"], image_size=128)
        >>> gan = stylezoo.create_model("single-pair", pretrained="great-wave")
    """
    from stylezoo.gan import GAN
    from stylezoo.recipe import Recipe

    gan = GAN(Recipe.named(name, **changes).resolve())
    if pretrained is not None:
        from stylezoo.runs import lineage

        lineage.inherit(gan, lineage.read(pretrained))
    return gan


def evaluate(model: str | Path, source=None, style=None, metrics=(), features=None, size=256, pictures=60) -> Measured:
    """Measure what a trained model draws, beside simple ways to draw; what the command ``stylezoo evaluate`` does.

    Args:
        model: A run folder, a ready-made style, a ``.keras`` file or ``hf://owner/name``.
        source: The photographs that are drawn: a picture, a folder, a Pillow image or a list of them; better others
            than those of the training. None: those of the training of a run folder, else the sample.
        style: Likewise, the pictures of the style that results are compared with. For a model of several styles named
            ones, ``{"monet": "paintings/"}``.
        metrics: Names of `list_metrics` with options, ``["strokes:side=5"]``, or `Metric` objects. Without any:
            stylezoo's own.
        features: A file with weights of VGG-16 or VGG-19, for metrics that need features. None: those of the extra
            ``stylezoo[features]``; without it these metrics are left out.
        size: The pixels at which pictures are drawn and measured.
        pictures: How many sources, and how many pictures of the style, count at most.

    Returns:
        The figures: print it for a table, or see its attributes `figures`, `intervals` and `protocol`.

    Raises:
        BadRun: There is no such model, or its file cannot be used.
        BadData: There are no such pictures.
        BadOptions: A metric is not known, cannot work here, or refuses its options.

    Examples:
        >>> print(stylezoo.evaluate("runs/mine", source="photos/", style="paintings/"))
        the middle squares of ...
    """
    from stylezoo.evaluation import evaluate as measuring

    return measuring.evaluate(model, source, style, metrics, features, size, pictures)


def load_model(path: str | Path) -> GAN:
    """The trained model of a run folder or a ``.keras`` file, with the state of its training; or a ready-made style.

    Args:
        path: A run folder of `train`, a file of `model.save`, a name of `list_styles`, or ``hf://owner/name@revision``
            on a hub.

    Returns:
        A `stylezoo.gan.GAN`, which is a `keras.Model`.

    Raises:
        BadRun: There is no such model, it is damaged, it holds content that no model has, or a plugin that it needs is
            not installed.
        MissingExtra: It is on a hub, and huggingface_hub is not installed.

    Examples:
        >>> stylezoo.load_model("great-wave").stylize("photo.jpg").save("wave.jpg")
    """
    from stylezoo.runs.loading import load

    return load(path)


def import_weights(
    file: str | Path, model: str | Recipe = "cyclegan", out=None, network: str | None = None, **changes
) -> Path:
    """Make a run folder of a generator that was trained with PyTorch; what the command ``stylezoo import`` does.

    PyTorch is not needed, and nothing in the file is executed. The installed generators recognise the weights by their
    names and shapes, wherever in the file they are. A warning says what else is to be known, such as that averaged
    weights were taken.

    Args:
        file: A checkpoint with a generator that an installed one takes, such as ``latest_net_G.pth`` of the official
            CycleGAN, pix2pix or CUT; or a ``.safetensors``.
        model: The name of the model that it was trained as, or a `Recipe`.
        out: The run folder, which must not exist or be empty. None: a new one under ``runs/``.
        network: Which network, if the file holds several: the keys that lead to it, joined by dots, or one of them,
            ``"netG_A"``.
        **changes: Changes to the recipe as in `create_model`.

    Returns:
        The run folder, for `load_model` and ``stylezoo stylize``.

    Raises:
        BadWeights: No installed generator takes the weights, several do, or the file holds several networks.
        BadRun: The folder holds something already, or cannot be written.

    Examples:
        >>> folder = stylezoo.import_weights("latest_net_G.pth", "cyclegan")
        >>> stylezoo.load_model(folder).stylize("photo.jpg").save("drawn.jpg")
    """
    from stylezoo.runs import torch_import

    return torch_import.import_weights(file, model, out, network, **changes)


def interpolate(runs: Mapping[str | Path, float] | Sequence[str | Path]) -> GAN:
    """One model whose generator is the weighted mean of those of several, to mix their styles in any proportion.

    Deep network interpolation (Wang et al., 2019, https://arxiv.org/abs/1811.10515). The mean of weights draws pictures
    only if the models have a common ancestor, which may be one of them:
    ``stylezoo train --from runs/a --style other/ -o runs/b``.

    Args:
        runs: Models, as `load_model` takes them, and their weights, 0 or more; only their proportions count. A list
            of models has equal weights. The recipe, the discriminators and the names of styles are those of the first.

    Returns:
        A `stylezoo.gan.GAN`, to redraw pictures, to save or to train further.

    Raises:
        BadOptions: A weight is below 0, the generators are built differently, or they have no common ancestor that is
            known; for files of `GAN.save` it is not.
        BadRun: As in `load_model`.
        MissingExtra: Likewise.

    Examples:
        >>> stylezoo.interpolate({"runs/a": 0.7, "runs/b": 0.3}).stylize("photo.jpg").save("mixed.jpg")
    """
    from collections.abc import Mapping
    from os import PathLike

    from stylezoo.runs.interpolation import Siblings

    runs = [runs] if isinstance(runs, str | PathLike) else runs
    return Siblings(runs).at(runs.values() if isinstance(runs, Mapping) else [1] * len(runs))


def push_to_hub(
    run: str | Path, repository: str, *, license=None, private=False, revision=None, message=None, sheet=True
) -> str:
    """Publish a model on Hugging Face, with its card; what the command ``stylezoo push`` does.

    The repository is created if it does not exist. It gets the model, its card as ``README.md`` and ``card.png``,
    ``recipe.json`` and ``plugins.json`` in one commit. The names of your folders are removed, and no picture is
    uploaded but the contact sheet, which shows some training pictures.

    Args:
        run: A run folder of `train`, or a ``.keras`` file.
        repository: The repository, "owner/name".
        license: The licence, as in `train`. None: that of the card.
        private: Whether only you can see the repository.
        revision: The branch to commit to, which is created if it does not exist. None: the main one.
        message: The commit message. None: a default.
        sheet: Whether the contact sheet is uploaded.

    Returns:
        The address of the web page.

    Raises:
        BadRun: There is no such model, or the hub refuses it.
        MissingExtra: huggingface_hub is not installed.
    """
    from stylezoo.runs import sharing

    return sharing.push(run, repository, license, private, revision, message, sheet)


def train(
    model: str | Recipe | None = None, source=None, style=None, out=None, license="", start_from=None, add_style=(),
    callbacks=(), verbose=1, checkpoint_every=None, on_nan="stop", metrics=(), evaluate_every=None, best=None,
    patience=None, features=None, tensorboard=False, devices=None, workers=None, worker=None, **changes,
) -> GAN:  # fmt: skip
    """Train a model and write a run folder; what the command ``stylezoo train`` does.

    Args:
        model: The name of a registered model, or a `Recipe`. None: single-pair, or with `start_from` its recipe.
        source: A picture, a folder of pictures, a Pillow image or a list of them, whose content is kept. None: the
            sample photograph.
        style: Likewise, the pictures whose look is used. None: the sample painting. For a model of several styles a
            list of folders, or named ones, ``{"monet": "paintings/"}``; None: `samples.styles`. For paired data see
            `Recipe`.
        out: The run folder, which must not exist or be empty. None: a new one under ``runs/``.
        license: The licence of the model in its card: an SPDX identifier such as "CC-BY-4.0", or a text.
        start_from: A trained model to start from, as `load_model` takes it: its weights are the initial ones.
            Optimizers and the count of steps are new. Once started, the run no longer needs that model.
        add_style: Pictures of a style, a list of such or named ones, to add to a model of several styles. Only the
            layers of the new styles are trained, so that all other styles stay as they are; their pictures are not
            needed.
        callbacks: More `keras.callbacks.Callback`s, or one. For them an epoch ends with each row of ``log.csv``.
        verbose: 1: show step, losses and the time that is left; 0: show nothing.
        checkpoint_every: When checkpoints are written: a number of steps, or a time such as "90s", "5m" or "1h". None:
            about once a minute, and less often where writing would take more than 1 % of the time.
        on_nan: What to do after a step with a loss or a gradient that is not finite: "stop", or "rollback" to the last
            checkpoint and on with half the learning rates, at most three times.
        metrics: What is measured while it trains, as in `evaluate`.
        evaluate_every: The number of steps from one measurement to the next; 0: never. None: every 200 steps, in
            a long training ten times; with `best` always ten times.
        best: A metric: the model with its best figure is kept as ``model-best.keras``.
        patience: After how many measurements without a better figure the training ends. None: it does not.
        features: As in `evaluate`.
        tensorboard: Whether losses, figures and contact sheets are written for TensorBoard, into the run folder.
        devices: The devices that share each batch: "all" GPUs, a number of them, or names such as "GPU:0,GPU:1".
            None: one device.
        workers: For several machines the address of each worker, "HOST:PORT", in a list, or "auto" for those that
            TF_CONFIG or Slurm names. Every machine runs the same call.
        worker: The number of this worker in that list, from 0; the first one writes the run folder.
        **changes: Changes to the recipe as in `create_model`.

    Returns:
        The trained `stylezoo.gan.GAN`, which is a `keras.Model`.

    Raises:
        StylezooError: The arguments, the pictures or the folder cannot be used.

    Examples:
        >>> gan = stylezoo.train(source="photo.jpg", style="painting.jpg", steps=300)
        >>> gan = stylezoo.train(source="photos/", style="monet/", start_from="runs/single-pair", steps=300)
        >>> gan = stylezoo.train(source="photos/", add_style="vangogh/", start_from="runs/gated", out="runs/gated-3")
    """
    from stylezoo.training import loop
    from stylezoo.training.evaluating import Measuring

    measuring = Measuring.of(metrics, evaluate_every, best, patience, features)
    pictures = {"source": source, "style": style, "add_style": add_style}
    how = {"callbacks": callbacks, "verbose": verbose, "checkpoint_every": checkpoint_every, "on_nan": on_nan}
    how |= {"measuring": measuring, "tensorboard": tensorboard}
    who = {"devices": devices, "workers": workers, "worker": worker}
    return loop.train(model, out=out, license=license, start_from=start_from, **pictures, **how, **who, **changes)


def _names(kind, pattern):
    from fnmatch import fnmatchcase

    from stylezoo.catalogue import registry

    return sorted({plugin.name for plugin in registry.plugins(kind) if fnmatchcase(plugin.name, pattern)})
