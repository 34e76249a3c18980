"""The interface for plugin authors: networks, losses, metrics, and the tensors of one training step.

Pictures are float tensors (batch, height, width, channels) in [-1, 1]: 3 channels unless a recipe says otherwise.
Generators and discriminators need no class of ours: a function ``build(shape, **options) -> keras.Model`` is enough.

* A generator's model has an input `source`, and may have the inputs `style`, a picture of the same size; `noise`,
  normal random numbers of any shape: (None, None, 1) for a map, (8,) for a code; and `styles`, weights (K,) of the
  recipe's named styles: one-hot in training, all 0 to leave the picture as it is. Its output is a picture of the
  source's size. It is built for ``shape == (None, None, 3)``.
* A generator made of codes holds three models as layers: `content`, from a picture to its content, `style_code`, from
  a style picture to a code (batch, n), and `decoder`, from ``[content, code]`` to a picture.
* The object `style_input(generator)` knows how a generator is given its style; a generator with other inputs than
  these needs a subclass of `StyleInput`.
* A discriminator's model takes a picture, or ``[source, picture]`` if it has two inputs, and outputs logits of any
  spatial shape: a tensor, a list of them for several scales, or ``{"logits": ..., "styles": ...}`` where `styles` are
  logits (batch, ..., K) of the named styles. It is built for ``shape == (image_size, image_size, 3)``.
* The outputs of layers whose names begin with ``feature_`` are features for losses.
* Layers whose names begin with ``style_0_``, ``style_1_`` ... belong to that named style alone. With such layers styles
  can be added to a trained generator: only those of the new styles learn, and no other style's pictures change.
* A metric measures finished pictures: see `Metric`. It computes with NumPy and needs no gradients.
* A build function that has a parameter `styles` is given the number of named styles, one that has a parameter `vgg` the
  recipe's file of VGG weights.
* The module of a generator may have a function ``from_torch(weights)`` beside its build function, for ``import``:
  it returns the options of the network that has these arrays, by PyTorch's names, or None if they are of another
  network; the first line of its docstring names the files that it reads.
"""

from stylezoo.contract.inputs import fuses, made_of_codes, random_code, random_noise
from stylezoo.contract.losses import AdversarialLoss, ImageLoss, Loss, RelativisticAverageLoss
from stylezoo.contract.metrics import DescribedMetric, MeanMetric, Metric
from stylezoo.contract.networks import (
    FEATURE,
    features,
    generate,
    judge,
    pixel_gradient,
    pixel_slope,
    scales,
    style_of,
)
from stylezoo.contract.style_inputs import NamedStyles, OneStyle, StyleCodes, StyleInput, StylePicture, style_input
from stylezoo.contract.translation import Translation

__all__ = [
    "FEATURE",
    "AdversarialLoss",
    "DescribedMetric",
    "ImageLoss",
    "Loss",
    "MeanMetric",
    "Metric",
    "NamedStyles",
    "OneStyle",
    "RelativisticAverageLoss",
    "StyleCodes",
    "StyleInput",
    "StylePicture",
    "Translation",
    "features",
    "fuses",
    "generate",
    "judge",
    "made_of_codes",
    "pixel_gradient",
    "pixel_slope",
    "random_code",
    "random_noise",
    "scales",
    "style_input",
    "style_of",
]
