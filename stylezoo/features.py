"""VGG-19, whose features losses and generators use to compare pictures, with weights from common files.

It is never trained. Its layers are called as in the paper: conv3_1 is the output of the first convolution of the third
block, relu3_1 the same after its ReLU.
"""

import os
import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from stylezoo import backend
from stylezoo.errors import BadWeights, NotDownloaded, name_all
from stylezoo.files import torch_files
from stylezoo.files.archive import DAMAGE, EXPANSION
from stylezoo.layers import ReflectionPadding2D

__all__ = ["BLOCKS", "as_rgb", "check_channels", "checked_tap", "vgg19"]

BLOCKS = (2, 2, 4, 4, 4)  # convolutions in each block
CONVOLUTIONS = tuple(f"{block}_{i}" for block, count in enumerate(BLOCKS, 1) for i in range(1, count + 1))
TAPS = tuple(f"{kind}{name}" for name in CONVOLUTIONS for kind in ("conv", "relu"))
WIDTHS = (64, 128, 256, 512, 512)  # channels of the blocks
SHARED_WITH_VGG16 = (7, 13)  # VGG-16 has 13 convolutions, and the first 7 are where VGG-19 has its own: up to conv3_3
BORDERS = ("reflect", "zeros")
ACCEPTED = (
    "PyTorch weights of VGG-19, or up to relu3_3 of VGG-16 (.pth or .safetensors of torchvision, or AdaIN's "
    "'normalised' one), "
    "a .weights.h5 of keras.applications.VGG19 or an .npz with 0.kernel, 0.bias, ..."
)
_LATER = ContextVar("later", default=False)


@contextmanager
def weights_come_later():
    """Within this context `vgg19` reads and downloads nothing: its weights are loaded with the model it is part of."""
    token = _LATER.set(True)
    try:
        yield
    finally:
        _LATER.reset(token)


def vgg19(
    weights: str | None = None,
    taps: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
    widths: tuple[int, ...] | None = None,
    borders: str | None = None,
) -> keras.Model:
    """A model from pictures (batch, height, width, 3) in [-1, 1] to features: a dict by tap.

    Simonyan and Zisserman, 2015, https://arxiv.org/abs/1409.1556. The colours are converted to what the weights expect,
    and everything is computed in float32: in 16 bits such features overflow or lose precision. Convolutions are
    identified by order and shape, not by name, so that a narrower VGG-19 or one that ends early works as well.

    Args:
        weights: A file: PyTorch weights or safetensors, a Keras .weights.h5 or an .npz. A PyTorch network that begins
            with a 1x1 convolution expects RGB in [0, 1], as AdaIN's does; any other is assumed to be torchvision's.
            None: the ImageNet weights of Keras, which are downloaded once.
        taps: The features, such as "relu4_1", or "conv4_4" for those before the ReLU.
        widths: Channels of each block, which the weights must have; None: any.
        borders: The padding: "reflect", as in AdaIN, or "zeros". None: that with which the weights were trained.

    Raises:
        BadWeights: The file is missing, is no VGG-19, ends before a tap, or the download fails.
        ValueError: There is no such tap, width or border.
    """
    depth = 1 + max((CONVOLUTIONS.index(checked_tap(tap)[4:]) for tap in taps), default=0)
    if borders not in (None, *BORDERS):
        raise ValueError(f"borders is {borders!r}; it can be {name_all(BORDERS)}")
    with backend.outside_graphs():
        if _LATER.get():
            return _network(_channels(widths or WIDTHS), taps, depth, borders or "reflect")
        file = _file(weights)
        _check_fit(file, weights, depth, widths)
        network = _network([kernel.shape[-1] for kernel, _ in file.convolutions], taps, depth, borders or file.borders)
        names = ["colours", *(f"conv{name}" for name in CONVOLUTIONS[:depth])]
        for name, values in zip(names, [file.colours, *file.convolutions], strict=False):
            network.get_layer(name).set_weights(values)
        return network


def as_rgb(pictures):
    """Pictures as VGG-19 takes them: those of three channels as they are, of one channel that three times.

    Raises:
        ValueError: They have other channels.

    Examples:
        >>> from stylezoo import features
        >>> features.as_rgb(np.zeros((1, 8, 8, 1), "float32")).shape
        TensorShape([1, 8, 8, 3])
    """
    check_channels(pictures.shape)
    return ops.repeat(pictures, 3, axis=-1) if pictures.shape[-1] == 1 else pictures


def check_channels(shape) -> None:
    """Check that VGG-19, which knows colours, can look at pictures of a shape (..., channels).

    Raises:
        ValueError: They have neither one channel nor three.

    Examples:
        >>> from stylezoo import features
        >>> features.check_channels((64, 64, 4))
        Traceback (most recent call last):
            ...
        ValueError: VGG-19 looks at pictures of 1 or 3 channels, not of 4
    """
    if shape[-1] not in (1, 3, None):
        raise ValueError(f"VGG-19 looks at pictures of 1 or 3 channels, not of {shape[-1]}")


def checked_tap(tap: str) -> str:
    """The tap itself, if VGG-19 has it.

    Raises:
        ValueError: It has not; the message names what is possible.

    Examples:
        >>> from stylezoo import features
        >>> features.checked_tap("relu4_1")
        'relu4_1'
    """
    if tap not in TAPS:
        raise ValueError(f"VGG-19 has no layer {tap!r}; it has reluX_Y and convX_Y up to relu5_4, such as relu4_1")
    return tap


def _network(channels, taps, depth, borders):
    """VGG-19 with these channels up to its convolution number `depth`, without its weights."""
    fixed = {"trainable": False, "dtype": "float32"}
    picture = keras.Input((None, None, 3), name="picture")
    x = layers.Conv2D(3, 1, name="colours", **fixed)(picture)
    found = {}
    for name, width in list(zip(CONVOLUTIONS, channels, strict=False))[:depth]:
        if name.endswith("_1") and name != "1_1":
            # Networks with reflected borders keep the last row of an odd number, others drop it.
            x = layers.MaxPooling2D(2, padding="same" if borders == "reflect" else "valid", dtype="float32")(x)
        x = ReflectionPadding2D(1, dtype="float32")(x) if borders == "reflect" else x
        x = layers.Conv2D(width, 3, padding="valid" if borders == "reflect" else "same", name=f"conv{name}", **fixed)(x)
        found[f"conv{name}"] = x
        x = found[f"relu{name}"] = layers.ReLU(name=f"relu{name}", dtype="float32")(x)
    network = keras.Model(picture, {tap: found[tap] for tap in taps}, name="vgg19")
    network.trainable = False
    return network


def _channels(widths):
    return [width for width, count in zip(widths, BLOCKS, strict=False) for _ in range(count)]


# Files


@dataclass(frozen=True)
class _Weights:
    """Kernel and bias of a 1x1 convolution on pictures in [-1, 1], and of each 3x3 convolution, from a file."""

    colours: tuple
    convolutions: tuple
    borders: str

    @property
    def widths(self):
        return tuple(kernel.shape[-1] for name, (kernel, _) in self.named() if name.endswith("_1"))

    def named(self):
        return list(zip(CONVOLUTIONS, self.convolutions, strict=False))


def _file(weights):
    """The weights of a file, or those of Keras; read once in a process."""
    if weights is None:
        return _downloaded()
    if not isinstance(weights, str | os.PathLike):
        raise ValueError(f"vgg is {weights!r}; it must be a file: {ACCEPTED}")
    path = Path(os.path.realpath(os.path.expanduser(weights)))
    if not path.is_file():
        raise BadWeights(f"There is no file '{weights}' of VGG-19 weights. Name {ACCEPTED}.")
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path, changed):
    reader = {".npz": _npz, ".h5": _keras, ".hdf5": _keras}.get(path.suffix.lower(), _torch)
    pairs, is_keras = reader(path), reader is _keras
    kernels = [kernel for kernel, _ in pairs]
    if not kernels:
        raise BadWeights(f"'{path}' is no VGG-19: it holds no convolutions. Name {ACCEPTED}.")
    own_colours = kernels[0].shape == (1, 1, 3, 3)
    # Later 1x1 convolutions are not part of the network: they compared it to another when it was trained.
    convolutions = [(kernel, bias) for kernel, bias in pairs if kernel.shape[:2] != (1, 1)][: len(CONVOLUTIONS)]
    if len(convolutions) == SHARED_WITH_VGG16[1]:
        convolutions = convolutions[: SHARED_WITH_VGG16[0]]
    found = _Weights(
        colours=_own_colours(*pairs[0]) if own_colours else _caffe_colours() if is_keras else _imagenet_colours(),
        convolutions=tuple((_copied(kernel), _copied(bias)) for kernel, bias in convolutions),
        borders="reflect" if own_colours else "zeros",
    )
    _check_structure(path, found)
    return found


@lru_cache(maxsize=1)
def _downloaded():
    try:
        network = keras.applications.VGG19(include_top=False, weights="imagenet")
    except Exception as error:  # keras.utils.get_file has no error of its own
        reason = " ".join(str(error).split())
        raise NotDownloaded(
            f"The VGG-19 weights of Keras cannot be downloaded ({reason[:150]}). "
            f"Name a file that you have: --set vgg=/path/to/weights, {ACCEPTED}."
        ) from None
    pairs = [layer.get_weights() for layer in network.layers if layer.weights]
    return _Weights(_caffe_colours(), tuple(map(tuple, pairs)), "zeros")


def _torch(path):
    tensors = torch_files.read(path)
    if any(name.endswith("running_mean") for name in tensors):
        raise BadWeights(f"'{path}' is a network with batch normalisation, such as vgg19_bn; VGG-19 has none.")
    kernels = {name: each for name, each in tensors.items() if each.ndim == 4 and name.endswith("weight")}
    missing = [name for name in kernels if _bias(name) not in tensors]
    if missing:
        raise BadWeights(f"'{path}' is no VGG-19: it has no {_bias(missing[0])}.")
    return [(kernel.transpose(2, 3, 1, 0), tensors[_bias(name)]) for name, kernel in kernels.items()]


def _bias(name):
    return name.rpartition(".")[0] + ".bias"


def _npz(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            if sum(each.file_size for each in file.zip.infolist()) > EXPANSION * path.stat().st_size:
                raise ValueError("it would unpack to an excessive size")
            kernels = [name for name in file.files if name.endswith(".kernel")]
            return [(file[name], file[_bias(name)]) for name in kernels if file[name].ndim == 4]
    except (*DAMAGE, MemoryError, AttributeError) as error:
        raise BadWeights(f"'{path}' cannot be read as an .npz with 0.kernel, 0.bias, ...: {error}") from None


def _keras(path):
    import h5py  # comes with Keras

    groups = {}

    def collect(name, item):
        if isinstance(item, h5py.Dataset) and item.ndim in (1, 4):
            if item.is_virtual or item.external or item.nbytes > size:
                raise BadWeights(f"'{path}' refers to what is not in it: refused.")
            groups.setdefault(name.rpartition("/")[0], {})[item.ndim] = item[()]

    try:
        size = path.stat().st_size
        with h5py.File(path, "r") as file:
            file.visititems(collect)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, MemoryError) as error:
        raise BadWeights(f"'{path}' cannot be read as a Keras .weights.h5: {error}") from None
    in_order = sorted(groups, key=lambda name: [int(part) if part.isdigit() else part for part in _parts(name)])
    return [(groups[name][4], groups[name][1]) for name in in_order if groups[name].keys() == {1, 4}]


def _parts(name):
    """Texts and numbers of a name in turn, so that conv2d_10 comes after conv2d_9, and conv2d before both."""
    return re.split(r"(\d+)", name)


def _copied(values):
    """A float32 copy of the values: a view would keep a file of half a gigabyte in memory."""
    return np.array(values, "float32", order="C")


def _check_structure(path, found):
    """Check that the convolutions are those of VGG-19, of any width, up to some depth."""
    before, widths = 3, {}
    for name, (kernel, bias) in found.named():
        wanted = (3, 3, before, widths.setdefault(name[0], kernel.shape[-1]))
        if kernel.shape != wanted or bias.shape != wanted[-1:]:
            raise BadWeights(
                f"'{path}' is no VGG-19: where conv{name} should be, a {kernel.shape[0]}x{kernel.shape[1]} "
                f"convolution from {kernel.shape[2]} to {kernel.shape[3]} channels stands, not {_convolution(wanted)}."
            )
        before = kernel.shape[-1]


def _convolution(wanted):
    return f"a 3x3 one from {wanted[2]} to {wanted[3]}"


def _check_fit(found, weights, depth, widths):
    if len(found.convolutions) < depth:
        last = CONVOLUTIONS[len(found.convolutions) - 1]
        raise BadWeights(
            f"'{weights}' ends with relu{last} and cannot give relu{CONVOLUTIONS[depth - 1]}: "
            f"set a layer or a depth up to relu{last}, or name another file."
        )
    if widths is not None:
        blocks = int(CONVOLUTIONS[depth - 1][0])
        if tuple(widths[:blocks]) != found.widths[:blocks]:
            has = "-".join(map(str, found.widths[:blocks]))
            raise BadWeights(
                f"'{weights or 'VGG19 of Keras'}' has {has} channels in its blocks, not "
                f"{'-'.join(map(str, widths[:blocks]))}: set --set generator.widths={has}."
            )


# The colours that the first 3x3 convolution expects, as a 1x1 convolution on pictures in [-1, 1]


def _own_colours(kernel, bias):
    """The colours of a file that begins with a 1x1 convolution on RGB in [0, 1]."""
    kernel, bias = _copied(kernel), _copied(bias)
    return kernel / 2, bias + kernel.sum((0, 1, 2)) / 2


def _imagenet_colours():
    """RGB, normalised by the mean and the deviation of ImageNet, as in torchvision."""
    mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    return np.diag(0.5 / deviation)[None, None], (0.5 - mean) / deviation


def _caffe_colours():
    """BGR in [0, 255] minus the mean of ImageNet, as in Caffe and Keras."""
    return 127.5 * np.eye(3, dtype="float32")[::-1][None, None], 127.5 - np.float32([103.939, 116.779, 123.68])
