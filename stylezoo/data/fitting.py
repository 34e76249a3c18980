"""The arguments of `fit` in Python: arrays and batches, checked before training."""

import os

import numpy as np
from keras import ops

from stylezoo.errors import BadData

SLACK = 0.01  # how far values may be outside of [-1, 1], as in resampled pictures


def checked_arrays(gan, source, style, labels=None) -> tuple:
    """The arguments of `fit`, arrays checked and lists made arrays. Datasets are checked batch by batch instead.

    Args:
        gan: The model.
        source: Pictures (count, height, width, 3), float, in [-1, 1].
        style: Likewise.
        labels: The number of each picture's style, or one-hot rows (count, K).

    Raises:
        BadData: They do not fit; the message names what is needed.
    """
    if source is None or isinstance(source, str | os.PathLike):
        raise BadData("fit takes arrays or a dataset of them: fit(source, style). For folders there is stylezoo.train.")
    if not _is_array(source):
        return source, style, labels
    _check_count(gan.plan.data.labelled, [each for each in (source, style, labels) if each is not None])
    source, style = _array("source", source), _array("style", style)
    _check_values(source, style)
    return source, style, labels if labels is None else _checked_labels(labels, len(source), gan.plan.styles)


def _check_values(source, style):
    for name, array in (("source", np.asarray(source)), ("style", np.asarray(style))):
        _check_pictures(name, array.shape, str(array.dtype))
        if not len(array):
            raise BadData(f"There are no pictures in the {name}.")
        if not np.isfinite(array).all():
            raise BadData(f"The {name} holds values that are no numbers (NaN or infinite); pictures are in [-1, 1].")
        if np.abs(array).max(initial=0) > 1 + SLACK:
            raise BadData(
                f"The {name} has values from {array.min():g} to {array.max():g}; pictures are floats in [-1, 1]: "
                "of values in 0..255 take x / 127.5 - 1."
            )
    if len(source) != len(style):
        raise BadData(f"There are {len(source)} sources and {len(style)} styles; fit needs one style for each source.")


def _array(name, given):
    """An array; a list of pictures is made one."""
    if not isinstance(given, list):
        return given
    try:
        return np.stack([np.asarray(each) for each in given]) if given else np.empty((0, 1, 1, 3), "float32")
    except ValueError:
        raise BadData(f"The {name} is a list of pictures of several sizes; fit needs pictures of one size.") from None


def _checked_labels(labels, count, names):
    array = np.asarray(labels)
    if array.dtype.kind not in "biuf":
        raise BadData(f"The labels are {array.dtype}; {_wanted(names)}.")
    if len(array) != count:
        raise BadData(f"There are {count} style pictures and {len(array)} labels; fit needs one for each.")
    if not np.isfinite(array).all():
        raise BadData("The labels hold values that are no numbers (NaN or infinite).")
    if _are_numbers(array.shape, names) and not np.isin(array, range(len(names))).all():
        raise BadData(f"The labels have values from {array.min():g} to {array.max():g}; {_wanted(names)}.")
    return array


def _are_numbers(shape, names):
    """Whether labels of this shape are numbers of styles, not one-hot."""
    return len(shape) == 1 or (len(shape) == 2 and shape[-1] == 1 and len(names) > 1)


def _wanted(names):
    count = len(names)
    return f"they must be (count,), numbers of the {count} styles from 0, or one-hot (count, {count})"


def tensors(gan, data) -> tuple:
    """A batch for training: (source, style), or with named styles (source, style, labels), one-hot.

    Args:
        gan: The model.
        data: The batch from Keras: (source, style) or (source, style, labels), labels as numbers or one-hot.

    Raises:
        BadData: It is something else.
    """
    data = data if isinstance(data, tuple | list) else (data,)
    batch = tuple(each for each in data if each is not None)
    _check_count(gan.plan.data.labelled, batch)
    for name, tensor in zip(("source", "style"), batch, strict=False):
        _check_pictures(name, tuple(tensor.shape), str(getattr(tensor.dtype, "name", tensor.dtype)))
    _check_size(gan, *(tuple(tensor.shape[1:]) for tensor in batch[:2]))
    return batch if len(batch) == 2 else (*batch[:2], _one_hot(batch[2], gan.plan.styles))


def _is_array(given):
    return isinstance(given, np.ndarray | list) or ops.is_tensor(given)


def _check_count(labelled, given):
    if len(given) < 2:
        raise BadData("fit got sources only; it needs sources and styles: fit(source, style), or batches of both.")
    if labelled and len(given) < 3:
        raise BadData(
            "This model has named styles; fit needs a label for each style picture, a number or one-hot: batches of "
            "(source, style, labels)."
        )
    if not labelled and len(given) > 2:
        raise BadData(f"fit got {len(given)} arrays; this model has one style and learns from two: fit(source, style).")


def _check_size(gan, *shapes):
    """Check that source and style have one size, that for which the discriminators are built."""
    crops = [network.inputs[0].shape[1:] for network in gan.discriminators]
    for wanted in [*crops, shapes[0]]:
        for shape in shapes:
            if any(None not in (mine, side) and mine != side for mine, side in zip(shape, wanted, strict=True)):
                raise BadData(
                    f"The pictures are {' and '.join(map(str, shapes))}; source and style must be of one size, the "
                    f"recipe's image_size={gan.recipe.image_size}."
                )


def _check_pictures(name, shape, dtype):
    if len(shape) != 4 or shape[-1] != 3:
        raise BadData(f"The {name} has the shape {shape}; pictures are (count, height, width, 3).")
    if "float" not in dtype:
        raise BadData(
            f"The {name} is {dtype}; pictures are floats in [-1, 1]: of {dtype} in 0..255 take x / 127.5 - 1."
        )


def _one_hot(labels, names):
    if "str" in str(getattr(labels.dtype, "name", labels.dtype)):
        raise BadData(f"The labels are texts; {_wanted(names)}.")
    if _are_numbers(labels.shape, names):
        return ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), len(names), dtype="float32")
    if len(labels.shape) != 2 or labels.shape[-1] != len(names):
        raise BadData(f"The labels have the shape {tuple(labels.shape)}; {_wanted(names)}.")
    return ops.cast(labels, "float32")
