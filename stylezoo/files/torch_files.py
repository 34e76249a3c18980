"""Weights in files of PyTorch, read without PyTorch and without running code of such a file."""

import math
import os
import zipfile
from pathlib import Path

import numpy as np

from stylezoo.errors import BadWeights, name_all
from stylezoo.files.torch_pickle import ADVICE, KINDS, Storage, Tensor, is_count, unpickle

MAGIC = 0x1950A86A20F9469CFC6C  # the start of files from before PyTorch 1.6
PROTOCOL = 1001
WRAPPERS = ("state_dict", "model", "model_state_dict", "params", "net", "weights")
LARGEST_RANK = 8
DAMAGE = (ValueError, IndexError, KeyError, TypeError, AttributeError, EOFError, OverflowError, MemoryError)


def read(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors of a state dict by name, in the file's order; arrays that must not be written to.

    All files of `torch.save` since 2017 are read. A dict around the state dict and the "module." of data parallel
    training are removed. 16-bit floats become float32, other types are kept.

    Raises:
        BadWeights: The file is missing, damaged, holds anything that is no tensor, or no tensors.
    """
    path = Path(os.path.expanduser(path))
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            tree, raw, order = _zip_file(path, file, size) if _is_zip(file) else _old_file(path, file, size)
            return _arrays(path, _state_dict(path, tree), raw, order)
    except OSError as error:
        raise BadWeights(f"'{path}' cannot be read: {error.strerror or error}.") from None
    except (*DAMAGE, RuntimeError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BadWeights(f"'{path}' is damaged or is no file of PyTorch weights: {reason[:200]}.") from None


# The two formats: each gives the pickled object and the bytes of its storages, by key


def _is_zip(file):
    start = file.read(4)
    file.seek(0)
    return start == b"PK\x03\x04"


def _zip_file(path, file, size):
    """A file of PyTorch 1.6 or later: a zip archive without compression."""
    archive = zipfile.ZipFile(file)
    entries = {info.filename: info for info in archive.infolist()}
    pickles = [name for name in entries if name.rpartition("/")[2] == "data.pkl"]
    if not pickles:
        raise BadWeights(f"'{path}' is a zip archive, but no file of PyTorch weights: it holds no data.pkl.")
    folder = pickles[0].rpartition("/")[0]
    folder = f"{folder}/" if folder else ""
    if f"{folder}constants.pkl" in entries:
        raise BadWeights(f"'{path}' is a compiled TorchScript program. {ADVICE}")

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

    tree, storages = unpickle(path, content(pickles[0]))
    order = ">" if f"{folder}byteorder" in entries and content(f"{folder}byteorder") == b"big" else "<"
    return tree, {key: content(f"{folder}data/{key}") for key in storages}, order


def _old_file(path, file, size):
    """A file from before PyTorch 1.6: five pickles, then the storages one after the other."""
    if size > 262 and _peek(file, 257, 5) == b"ustar":
        raise BadWeights(
            f"'{path}' is in PyTorch's tar format of before 2017. Load and save it once with a PyTorch of that time."
        )
    if unpickle(path, file)[0] != MAGIC:
        raise BadWeights(f"'{path}' is no file of PyTorch weights: it does not begin like one.")
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


def _peek(file, place, length):
    file.seek(place)
    found = file.read(length)
    file.seek(0)
    return found


# From what a file describes to arrays


def _state_dict(path, tree):
    """The dict of tensors in what a file describes."""
    if isinstance(tree, Tensor):
        raise BadWeights(f"'{path}' holds one tensor without a name, no weights of a network. {ADVICE}")
    if not isinstance(tree, dict):
        raise BadWeights(f"'{path}' holds no dict of tensors. {ADVICE}")
    for _ in range(4):  # deeper wrapping is not known
        if tensors := {str(name): each for name, each in tree.items() if isinstance(each, Tensor)}:
            short = {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
            return short if len(short) == len(tensors) else tensors
        inner = {name: each for name, each in tree.items() if isinstance(each, dict) and each}
        named = [name for name in WRAPPERS if name in inner] or list(inner)
        if not named:
            break
        if len(named) > 1 and named[0] not in WRAPPERS:
            raise BadWeights(f"'{path}' holds several networks, {name_all(named)}. {ADVICE}")
        tree = inner[named[0]]
    raise BadWeights(f"'{path}' holds no tensors. {ADVICE}")


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
