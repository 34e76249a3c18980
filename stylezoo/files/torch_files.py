"""Weights in files of PyTorch and of safetensors, read without PyTorch and without running code of such a file."""

import math
import os
import zipfile
from pathlib import Path

import numpy as np

from stylezoo.errors import BadWeights, printable
from stylezoo.files import recognition, safetensors
from stylezoo.files.torch_norms import computed
from stylezoo.files.torch_pickle import KINDS, LARGEST_RANK, Storage, Tensor, is_count, unpickle

PROTOCOL = 1001  # of files from before PyTorch 1.6
DEEPEST = 16  # dicts and lists within each other
MOST = 2**17  # values in a file
DAMAGE = (ValueError, IndexError, KeyError, TypeError, AttributeError, EOFError, OverflowError, MemoryError)


def read(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors of a file by name; arrays that must not be written to.

    All files of `torch.save` since 2017 are read, and safetensors. A name is made of all keys that lead to a tensor,
    "state_dict.model.1.weight". Names are in the file's order, but numbers in theirs: safetensors sorts 10 before 2.
    16-bit floats become float32, other types are kept. Kernels with spectral or weight normalisation are computed.

    Raises:
        BadWeights: The file is missing, damaged, of another kind, holds anything that is no tensor, or no tensors.
    """
    path = Path(os.path.expanduser(path))
    try:
        kind = recognition.kind_of(path)
        if kind not in FORMATS:
            raise BadWeights(recognition.sentence(path, kind, "no file of PyTorch weights"))
        with open(path, "rb") as file:
            tree, raw, order = FORMATS[kind](path, file, os.fstat(file.fileno()).st_size)
            return computed(_arrays(path, _in_order(_tensors(path, tree)), raw, order))
    except OSError as error:
        raise BadWeights(f"'{path}' cannot be read: {error.strerror or error}.") from None
    except (*DAMAGE, RuntimeError, zipfile.BadZipFile) as error:
        reason = printable(str(error)) or type(error).__name__
        raise BadWeights(f"'{path}' is damaged or is no file of PyTorch weights: {reason[:200]}.") from None


# The formats: each gives a tree of dicts and lists with tensors, the bytes of its storages by key, and their order


def _zip_file(path, file, size):
    """A file of PyTorch 1.6 or later: a zip archive without compression."""
    archive = zipfile.ZipFile(file)
    entries = {info.filename: info for info in archive.infolist()}
    folder = next(name for name in entries if name.rpartition("/")[2] == "data.pkl").rpartition("/")[0]
    folder = f"{folder}/" if folder else ""
    left = size  # bytes; entries that claim more than the file has would fill the memory

    def content(name):
        nonlocal left
        info = entries[name]
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise BadWeights(f"'{path}' is compressed, which PyTorch never does: refused.")
        left -= info.file_size
        if left < 0:
            raise BadWeights(f"'{path}' claims to hold more than its {size} bytes: refused.")
        return archive.read(info)

    tree, storages = unpickle(path, content(f"{folder}data.pkl"))
    order = ">" if f"{folder}byteorder" in entries and content(f"{folder}byteorder") == b"big" else "<"
    return tree, {key: content(f"{folder}data/{key}") for key in storages}, order


def _old_file(path, file, size):
    """A file from before PyTorch 1.6: five pickles, then the storages one after the other."""
    unpickle(path, file)  # the number by which such a file is recognised
    if unpickle(path, file)[0] != PROTOCOL:
        raise BadWeights(f"'{path}' is in a format of PyTorch that is not known.")
    unpickle(path, file)  # sizes of types on the machine that wrote it; storages are little-endian on any
    tree, storages = unpickle(path, file)
    keys, _ = unpickle(path, file)
    if (
        not isinstance(keys, list)
        or not all(isinstance(key, str) for key in keys)
        or set(keys) != set(storages)
        or len(keys) != len(storages)
    ):
        raise BadWeights(f"'{path}' is damaged: the list of its storages is not that of its tensors.")
    raw = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        length = count * np.dtype(KINDS[storages[key].kind]).itemsize
        if length > size - file.tell():
            raise BadWeights(f"'{path}' is cut off: {length} bytes should follow, {max(0, size - file.tell())} do.")
        raw[key] = file.read(length)
    return tree, raw, "<"


def _safetensors(path, file, size):
    return *safetensors.read(path, file, size), "<"


FORMATS = {
    recognition.WEIGHTS: _zip_file,
    recognition.OLD_WEIGHTS: _old_file,
    recognition.SAFETENSORS: _safetensors,
}


# From what a file describes to arrays


def _tensors(path, tree):
    """The tensors in dicts and lists within each other, by the keys that lead to each."""
    found, budget = {}, iter(range(MOST))

    def collect(each, keys):
        if next(budget, None) is None:
            raise ValueError(f"it holds more than {MOST} values")
        if isinstance(each, Tensor):
            found[".".join(keys)] = each
        items = each.items() if isinstance(each, dict) else enumerate(each) if isinstance(each, list | tuple) else ()
        if items and len(keys) == DEEPEST:
            raise ValueError("its dicts are nested too deeply")
        for key, inner in items:
            collect(inner, (*keys, printable(str(key)[:200])))

    collect(tree, ())
    if isinstance(tree, Tensor):
        raise BadWeights(f"'{path}' holds one tensor without a name, no weights of a network. {recognition.SAVE}")
    if not found:
        raise BadWeights(f"'{path}' holds no tensors. {recognition.SAVE}")
    return found


def _in_order(tensors):
    """The tensors, numbers in their names in order; words in the order in which they appear."""
    places = {}

    def place(name):
        parts = name.split(".")
        return [
            (0, int(part), 0)
            if part.isdecimal() and len(part) < 10
            else (1, 0, places.setdefault((*parts[: i + 1],), len(places)))
            for i, part in enumerate(parts)
        ]

    return dict(sorted(tensors.items(), key=lambda item: place(item[0])))


def _arrays(path, tensors, raw, order):
    """Each tensor as a view of its storage; each storage is decoded once."""
    decoded = {}
    arrays = {}
    for name, tensor in tensors.items():
        _check(path, name, tensor)
        storage = tensor.storage
        if storage.key not in decoded:
            decoded[storage.key] = _decoded(storage, raw[storage.key], order)
        numbers = decoded[storage.key][storage.start : storage.start + storage.length]
        arrays[name] = _view(numbers, tensor)
    return arrays


def _check(path, name, tensor):
    """Check that a tensor lies within its storage, for any strides."""
    storage, size, stride = tensor.storage, tensor.size, tensor.stride
    counts = (tensor.offset, *size, *stride)
    if not isinstance(storage, Storage) or len(size) != len(stride) or not all(map(is_count, counts)):
        raise BadWeights(f"'{path}' is damaged: its {name} is described wrongly.")
    last = tensor.offset + sum((count - 1) * step for count, step in zip(size, stride, strict=True))
    total = math.prod(size)
    if len(size) > LARGEST_RANK or total > storage.length or (total and last >= storage.length):
        raise BadWeights(
            f"'{path}' is damaged: its {name} of {total} numbers does not fit into its storage of {storage.length}."
        )


def _decoded(storage, raw, order):
    numbers = np.frombuffer(raw, order + KINDS[storage.kind], storage.count)
    if storage.kind == "BFloat16Storage":
        numbers = (numbers.astype("u4") << 16).view("f4")
    elif storage.kind == "HalfStorage":
        numbers = numbers.astype("f4")
    elif storage.kind == "BoolStorage":
        numbers = numbers != 0
    return numbers.astype(numbers.dtype.newbyteorder("="), copy=False)


def _view(numbers, tensor):
    if 0 in tensor.size:
        return np.zeros(tensor.size, numbers.dtype)
    strides = [
        step * numbers.itemsize if count > 1 else 0  # with one element the step is not used and may be any number
        for count, step in zip(tensor.size, tensor.stride, strict=True)
    ]
    return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.size, strides, writeable=False)
