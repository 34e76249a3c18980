"""The arguments of `fit` in Python: arrays and batches, checked before training."""

import numpy as np
from keras import ops

from stylezoo.errors import BadData

SLACK = 0.01  # how far values may be outside of [-1, 1], as in resampled pictures


def check_arrays(labelled: bool, source, style, labels=None) -> None:
    """Check arrays for training. Datasets and generators are checked batch by batch instead.

    Args:
        labelled: Whether the model has named styles, so that labels are needed.
        source: Pictures (count, height, width, 3), float, in [-1, 1].
        style: Likewise.
        labels: The number of each picture's style, or one-hot rows (count, K).

    Raises:
        BadData: They do not fit; the message names what is needed.
    """
    if not _is_array(source):
        return
    _check_count(labelled, [each for each in (source, style, labels) if each is not None])
    for name, array in (("source", source), ("style", style)):
        array = np.asarray(array)
        _check_pictures(name, array.shape, str(array.dtype))
        if not np.isfinite(array).all():
            raise BadData(f"The {name} holds values that are no numbers (NaN or infinite); pictures are in [-1, 1].")
        if np.abs(array).max(initial=0) > 1 + SLACK:
            raise BadData(
                f"The {name} has values from {array.min():g} to {array.max():g}; pictures are floats in [-1, 1]: "
                "of values in 0..255 take x / 127.5 - 1."
            )
    if len(source) != len(style):
        raise BadData(f"There are {len(source)} sources and {len(style)} styles; fit needs one style for each source.")


def tensors(plan, data) -> tuple:
    """A batch for training: (source, style), or with named styles (source, style, labels), one-hot.

    Args:
        plan: The model's plan.
        data: The batch from Keras: (source, style) or (source, style, labels), labels as numbers or one-hot.

    Raises:
        BadData: It is something else.
    """
    data = data if isinstance(data, tuple | list) else (data,)
    batch = tuple(each for each in data if each is not None)
    _check_count(plan.data.labelled, batch)
    for name, tensor in zip(("source", "style"), batch, strict=False):
        _check_pictures(name, tuple(tensor.shape), str(getattr(tensor.dtype, "name", tensor.dtype)))
    return batch if len(batch) == 2 else (*batch[:2], _one_hot(batch[2], plan.styles))


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


def _check_pictures(name, shape, dtype):
    if len(shape) != 4 or shape[-1] != 3:
        raise BadData(f"The {name} has the shape {shape}; pictures are (count, height, width, 3).")
    if "float" not in dtype:
        raise BadData(
            f"The {name} is {dtype}; pictures are floats in [-1, 1]: of {dtype} in 0..255 take x / 127.5 - 1."
        )


def _one_hot(labels, names):
    if len(labels.shape) == 1 or (len(labels.shape) == 2 and labels.shape[-1] == 1 and len(names) > 1):
        return ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), len(names), dtype="float32")
    if len(labels.shape) != 2 or labels.shape[-1] != len(names):
        raise BadData(
            f"The labels have the shape {tuple(labels.shape)}; they must be (count,), numbers of the {len(names)} "
            f"styles, or one-hot (count, {len(names)})."
        )
    return ops.cast(labels, "float32")
