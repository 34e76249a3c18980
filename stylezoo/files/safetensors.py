"""Files of safetensors: a length, a description of tensors in JSON, and their numbers. Nothing in them can be run."""

import json
import math

from stylezoo.errors import BadWeights
from stylezoo.files.torch_pickle import LARGEST_RANK, LONGEST, Storage, Tensor, is_count

KINDS = {
    "F64": "DoubleStorage",
    "F32": "FloatStorage",
    "F16": "HalfStorage",
    "BF16": "BFloat16Storage",
    "I64": "LongStorage",
    "I32": "IntStorage",
    "I16": "ShortStorage",
    "I8": "CharStorage",
    "U8": "ByteStorage",
    "BOOL": "BoolStorage",
}
ABOUT = "__metadata__"


def read(path, file, size) -> tuple[dict[str, Tensor], dict[str, bytes]]:
    """The tensors of a file by name, and the bytes of each.

    Args:
        path: The file, for errors.
        file: The opened file.
        size: Its length in bytes.

    Raises:
        BadWeights: It is cut off, or holds numbers of a type that is not known.
        ValueError: It is damaged.
    """
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if length > LONGEST:
        raise ValueError("its description of tensors is too long")
    if 8 + length > size:
        raise BadWeights(f"'{path}' is cut off: the download was not complete. Download it again.")
    described = _described(file.read(length))
    tensors, raw = {}, {}
    for name, each in described.items():
        start, end = _place(each)
        if 8 + length + end > size:
            missing = 8 + length + end - size
            raise BadWeights(f"'{path}' is cut off, {missing} bytes or more are missing. Download it again.")
        if each["dtype"] not in KINDS:
            raise BadWeights(f"'{path}' has numbers of the type {each['dtype']!a:.20}; convert them to F32.")
        file.seek(8 + length + start)
        raw[name] = file.read(end - start)
        tensors[name] = _tensor(name, KINDS[each["dtype"]], each["shape"])
    return tensors, raw


def _described(text):
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("its description of tensors is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("its description of tensors is none")
    return {name: each for name, each in found.items() if name != ABOUT}


def _place(each):
    """The bytes of a tensor, from and to, in the data after the description."""
    if not isinstance(each, dict) or not isinstance(each.get("dtype"), str) or not isinstance(each.get("shape"), list):
        raise ValueError("a tensor that is described wrongly")
    match each.get("data_offsets"):
        case [start, end] if is_count(start) and is_count(end) and start <= end:
            return start, end
    raise ValueError("a tensor without a place")


def _tensor(name, kind, shape):
    if len(shape) > LARGEST_RANK or not all(is_count(side) and side < 2**48 for side in shape):
        raise ValueError("a tensor with a shape that is none")
    count = math.prod(shape)
    strides = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
    return Tensor(Storage(kind, name, count, 0, count), 0, tuple(shape), strides)
