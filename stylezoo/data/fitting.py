"""The arguments of `fit` in Python: arrays and batches, checked before training."""

import os
import re
from contextlib import contextmanager

import keras
import numpy as np
from keras import ops
from PIL import Image

from stylezoo import backend
from stylezoo.errors import BadData
from stylezoo.pictures import arrays


def checked_arrays(plan, source, style, labels=None) -> tuple:
    """Source, style and labels of `fit`, checked if they are arrays; a list becomes an array.

    Datasets and generators are checked batch by batch instead.

    Args:
        plan: The model's plan.
        source: Pictures (count, height, width, channels): floats in [-1, 1], uint8 in 0..255 or uint16 in 0..65535.
        style: Likewise.
        labels: With named styles the number of each picture's style, (count,), or one-hot rows (count, K).

    Raises:
        BadData: They do not fit; the message names what is needed.
    """
    if _is_file(source):
        raise BadData("fit takes arrays or a dataset of them: fit(source, style). For folders there is stylezoo.train.")
    if not _is_array(source):
        return source, style, labels
    _check_count(plan.data.labelled, [each for each in (source, style) if each is not None], labels)
    source, style = _array("source", source), _array("style", style)
    labels = np.asarray(labels) if isinstance(labels, list) else labels
    for name, given in (("source", source), ("style", style)):
        _check_values(name, np.asarray(given), plan.recipe.channels)
    if len(source) != len(style):
        raise BadData(f"There are {len(source)} sources and {len(style)} styles; fit needs one style for each source.")
    if labels is not None:
        _check_labels(np.asarray(labels), len(style), plan.styles)
    return source, style, labels


def tensors(plan, data) -> tuple:
    """A batch for training: (source, style), or with named styles (source, style, labels), one-hot.

    Args:
        plan: The model's plan.
        data: The batch from Keras: (source, style) or (source, style, labels), labels as numbers or one-hot.

    Raises:
        BadData: It is something else.
    """
    data = data if isinstance(data, tuple | list) else (data,)
    *pictures, labels = (*data, *[None] * (3 - len(data)))
    pictures = tuple(each for each in pictures if each is not None)
    _check_count(plan.data.labelled, pictures, labels)
    sides = (plan.recipe.image_size if plan.discriminators else None,) * 2
    channels = plan.recipe.channels
    pictures = tuple(backend.with_shape(each, (None, *sides, channels)) for each in pictures)
    for name, tensor in zip(("source", "style"), pictures, strict=True):
        _check_pictures(name, tuple(tensor.shape), keras.backend.standardize_dtype(tensor.dtype), channels)
    _check_size(plan, *(tuple(tensor.shape[1:3]) for tensor in pictures))
    pictures = tuple(map(_floats, pictures))
    return pictures if labels is None else (*pictures, _one_hot(labels, plan.styles))


def _is_file(given):
    """Whether pictures are files, or images in memory, or nothing: what `stylezoo.train` takes, and `fit` does not."""
    if isinstance(given, list | tuple) and given:
        given = given[0]
        return isinstance(given, str | os.PathLike | bytes) or hasattr(given, "read")
    return given is None or isinstance(given, str | os.PathLike | bytes | Image.Image) or hasattr(given, "read")


def _floats(tensor):
    """A tensor of levels as float32 in [-1, 1]; one of float64, as NumPy makes them, as float32; others as they are."""
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    if half := arrays.LEVELS.get(dtype):
        return ops.cast(tensor, "float32") / half - 1
    return ops.cast(tensor, "float32") if dtype == "float64" else tensor


@contextmanager
def checked_shapes(plan):
    """A context in which a batch of other shapes than those of `tensors`, which only a running graph sees, is told.

    Raises:
        BadData: There was such a batch.
    """
    try:
        yield
    except backend.BAD_BATCH as error:
        found = re.search(r"Shape of tensor \S* ?(\[[\d,]*\]) is not compatible with expected shape", str(error))
        if not found:
            raise
        side = plan.recipe.image_size
        styles = f"; labels are one-hot, (count, {len(plan.styles)})" if plan.styles else ""
        raise BadData(
            f"A batch of the dataset has the shape {found[1]}; pictures are (count, height, width, "
            f"{plan.recipe.channels}), source and style of one size, the recipe's image_size={side}{styles}."
        ) from None


def _is_array(given):
    return isinstance(given, np.ndarray | list) or ops.is_tensor(given)


def _check_count(labelled, pictures, labels):
    if len(pictures) < 2:
        raise BadData("fit got sources only; it needs sources and styles: fit(source, style), or batches of both.")
    if len(pictures) > 2:
        raise BadData("A batch has more than (source, style), or with named styles (source, style, labels).")
    if labelled and labels is None:
        raise BadData(
            "This model has named styles; fit needs a label for each style picture, a number or one-hot: "
            "sample_weight=labels, or batches of (source, style, labels)."
        )
    if not labelled and labels is not None:
        raise BadData("fit got labels; this model has one style and learns without: fit(source, style).")


def _array(name, given):
    """An array; a list of pictures is made one."""
    if not isinstance(given, list):
        return given
    try:
        return np.stack([np.asarray(each) for each in given]) if given else np.empty((0, 1, 1, 3), "float32")
    except ValueError:
        raise BadData(f"The {name} is a list of pictures of several sizes; fit needs pictures of one size.") from None


def _check_size(plan, *sizes):
    """Check that source and style have one size, that for which the discriminators are built, if there are any."""
    side = plan.recipe.image_size
    for wanted in [(side, side), sizes[0]] if plan.discriminators else sizes[:1]:
        for size in sizes:
            if any(None not in (mine, other) and mine != other for mine, other in zip(size, wanted, strict=True)):
                raise BadData(
                    f"The pictures are {' and '.join(map(str, sizes))} pixels; source and style must be of one size, "
                    f"the recipe's image_size={side}."
                )


def _check_values(name, array, channels):
    _check_pictures(name, array.shape, str(array.dtype), channels)
    if not len(array):
        raise BadData(f"There are no pictures in the {name}.")
    if found := arrays.fault(array):
        raise BadData(f"The {name} {found}")


def _check_pictures(name, shape, dtype, channels):
    if len(shape) != 4 or shape[-1] != channels:
        raise BadData(f"The {name} has the shape {shape}; pictures are (count, height, width, {channels}).")
    if found := arrays.fault_of_type(dtype):
        raise BadData(f"The {name} {found}")


def _check_labels(labels, count, names):
    if labels.dtype.kind not in "biuf" or not np.isfinite(labels).all():
        raise BadData(f"The labels are no numbers; they must be numbers of the {len(names)} styles, or one-hot.")
    if len(labels) != count:
        raise BadData(f"There are {count} styles and {len(labels)} labels; fit needs a label for each style picture.")
    if _are_numbers(labels, names) and not np.isin(labels, range(len(names))).all():
        odd = labels[~np.isin(labels, range(len(names)))][0]
        raise BadData(f"The labels hold {odd:g}; the styles have the numbers 0 to {len(names) - 1}.")


def _are_numbers(labels, names):
    """Whether labels are numbers of styles, (count,) or (count, 1), or one-hot (count, K).

    Raises:
        BadData: They are neither.
    """
    shape = tuple(labels.shape)
    if len(shape) == 1 or (len(shape) == 2 and shape[-1] == 1 < len(names)):
        return True
    if len(shape) != 2 or shape[-1] != len(names):
        raise BadData(
            f"The labels have the shape {shape}; they must be (count,), numbers of the {len(names)} styles, or "
            f"one-hot (count, {len(names)})."
        )
    return False


def _one_hot(labels, names):
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if "str" in dtype:
        raise BadData(f"The labels are texts; they must be numbers of the {len(names)} styles, or one-hot.")
    if "float" in dtype:  # where a dataset does not tell their shape, they are taken for one-hot
        labels = backend.with_shape(labels, (None, len(names)))
    elif backend.rank(labels) is None:
        labels = ops.reshape(labels, (-1,))
    if _are_numbers(labels, names):
        return ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), len(names), dtype="float32")
    return ops.cast(labels, "float32")
