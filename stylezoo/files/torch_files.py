"""Weights in files of PyTorch, read without PyTorch and without running anything that such a file asks for.

These files are pickles, programs of a small stack machine that may call any function. The machine below knows data
only: a name that a file wants called is looked up in a short table of what builds tensors, and all else is refused.
"""

import math
import os
import pickletools
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stylezoo.errors import BadWeights, name_all

MAGIC = 0x1950A86A20F9469CFC6C  # how files of before PyTorch 1.6 begin
PROTOCOL = 1001
KINDS = {
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "u2",  # no type of NumPy: the upper half of a float32
    "DoubleStorage": "f8",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "u1",
}
WRAPPERS = ("state_dict", "model", "model_state_dict", "params", "net", "weights")
LARGEST_RANK = 8
LONGEST = 2**24  # bytes of a pickle; one of 10,000 tensors has a tenth of it
BUILDERS = {
    ("collections", "OrderedDict"),
    ("torch._utils", "_rebuild_tensor"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
}
REFUSED = "refused; nothing was run."
ADVICE = "Save the weights alone with PyTorch: torch.save(network.state_dict(), 'weights.pth')."
DAMAGE = (ValueError, IndexError, KeyError, TypeError, AttributeError, EOFError, OverflowError, MemoryError)


def read(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors of a state dict by name, in the file's order; arrays that must not be written to.

    Files of `torch.save` of any age are read, but for those of before 2017. A dict around the state dict and the
    "module." of data parallel training are taken off. 16-bit floats become float32, all else keeps its type.

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


@dataclass(frozen=True)
class _Name:
    """Something that a file refers to by module and name; it stands for it and is never called."""

    module: str
    name: str


@dataclass(frozen=True)
class _Storage:
    """The numbers that tensors look into: `count` of a kind, or `length` of them from `start` on."""

    kind: str
    key: str
    count: int
    start: int
    length: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    size: tuple
    stride: tuple


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

    left = size  # what all entries hold together is no more than the file: else it would fill the memory

    def content(name):
        nonlocal left
        info = entries[name]
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise BadWeights(f"'{path}' is compressed, which PyTorch never does: refused.")
        left -= info.file_size
        if left < 0:
            raise BadWeights(f"'{path}' claims to hold more than its {size} bytes: refused.")
        return archive.read(info)

    tree, storages = _unpickle(path, content(pickles[0]))
    order = ">" if f"{folder}byteorder" in entries and content(f"{folder}byteorder") == b"big" else "<"
    return tree, {key: content(f"{folder}data/{key}") for key in storages}, order


def _old_file(path, file, size):
    """A file of before PyTorch 1.6: five pickles, then the storages one after the other."""
    if size > 262 and _peek(file, 257, 5) == b"ustar":
        raise BadWeights(
            f"'{path}' is in PyTorch's tar format of before 2017. Load and save it once with a PyTorch of that time."
        )
    if _unpickle(path, file)[0] != MAGIC:
        raise BadWeights(f"'{path}' is no file of PyTorch weights: it does not begin like one.")
    if _unpickle(path, file)[0] != PROTOCOL:
        raise BadWeights(f"'{path}' is in a format of PyTorch that is not known.")
    _unpickle(path, file)  # sizes of types on the machine that wrote it; storages are little-endian on any
    tree, storages = _unpickle(path, file)
    keys, _ = _unpickle(path, file)
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


# The stack machine


def _unpickle(path, data):
    """What a pickle describes, and the storages that it refers to, by key: dicts, lists, names, tensors, numbers.

    `data` is bytes or a file, which is then left behind the pickle. Commands that PyTorch never writes are refused.
    """
    stack, marks, memo, storages = [], [], {}, {}

    def above_mark():
        start = marks.pop()
        items = stack[start:]
        del stack[start:]
        return items

    for command, argument, place in pickletools.genops(data):
        if place > LONGEST:
            raise ValueError("its description of tensors is too long")
        match command.name:
            case "PROTO" | "FRAME":
                pass
            case "STOP":
                return stack.pop(), storages
            case "MARK":
                marks.append(len(stack))
            case "POP":
                stack.pop()
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "NONE":
                stack.append(None)
            case "NEWTRUE" | "NEWFALSE":
                stack.append(command.name == "NEWTRUE")
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT":
                stack.append(argument)
            case "BINUNICODE" | "SHORT_BINUNICODE" | "BINUNICODE8" | "BINSTRING" | "SHORT_BINSTRING":
                stack.append(argument)
            case "BINBYTES" | "SHORT_BINBYTES":
                stack.append(argument)
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE":
                stack.append(tuple(above_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                length = int(command.name[-1])
                stack[-length:] = [tuple(stack[-length:])]
            case "APPEND":
                _fill_list(stack[-2], [stack.pop()])
            case "APPENDS":
                items = above_mark()
                _fill_list(stack[-1], items)
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                _fill_dict(stack[-1], [(key, value)])
            case "SETITEMS":
                items = above_mark()
                _fill_dict(stack[-1], zip(items[::2], items[1::2], strict=True))
            case "GLOBAL":
                stack.append(_known(path, *argument.split(" ", 1)))
            case "STACK_GLOBAL":
                name, module = stack.pop(), stack.pop()
                stack.append(_known(path, module, name))
            case "BINPERSID":
                stack.append(_storage(stack.pop(), storages))
            case "REDUCE":
                arguments, name = stack.pop(), stack.pop()
                stack.append(_built(path, name, arguments))
            case "BUILD":  # the versions of modules, which a state dict carries as its attribute
                stack.pop()
                if not isinstance(stack[-1], OrderedDict):
                    raise ValueError("attributes for something that is no state dict")
            case other:
                raise BadWeights(f"'{path}' holds the pickle command {other}, which no weights need: {REFUSED}")
    raise ValueError("it ends within a pickle")


def _known(path, module, name):
    """A name that stands for a builder of tensors or a kind of storage."""
    if not isinstance(module, str) or not isinstance(name, str):
        raise ValueError("a name that is no text")
    is_storage = module in ("torch", "torch.cuda") and name in KINDS
    if not is_storage and (module, name) not in BUILDERS:
        raise BadWeights(f"'{path}' holds {module}.{name}, which is no tensor: {REFUSED} {ADVICE}")
    return _Name(module, name)


def _built(path, name, arguments):
    """What a call in the file stands for."""
    if not isinstance(name, _Name) or not isinstance(arguments, tuple):
        raise ValueError("a call of something that is no name")
    if name.name == "OrderedDict":
        filled = OrderedDict()
        _fill_dict(filled, *arguments)
        return filled
    if name.name == "_rebuild_parameter":
        if not isinstance(arguments[0], _Tensor):
            raise ValueError("a parameter that is no tensor")
        return arguments[0]
    if name.name.startswith("_rebuild_tensor"):
        return _Tensor(*arguments[:4])
    raise BadWeights(f"'{path}' calls {name.module}.{name.name}, which is no tensor: {REFUSED}")


def _fill_list(items, more):
    if not isinstance(items, list):
        raise ValueError("items for something that is no list")
    items.extend(more)


def _fill_dict(items, pairs=()):
    if not isinstance(items, dict):
        raise ValueError("entries for something that is no dict")
    for key, value in pairs:
        if not isinstance(key, str | int):
            raise ValueError("a key that is neither a text nor a number")
        items[key] = value


def _storage(reference, storages):
    """The storage that a file refers to: ("storage", kind, key, device, count, view)."""
    if not isinstance(reference, tuple) or len(reference) not in (5, 6) or reference[0] != "storage":
        raise ValueError("a reference to something that is no storage")
    _, kind, key, _, count, *view = reference
    if not isinstance(kind, _Name) or kind.name not in KINDS or not isinstance(key, str) or not _is_count(count):
        raise ValueError("a storage that is described wrongly")
    start, length = 0, count
    if view and view[0] is not None:
        _, start, length = view[0]
        if not _is_count(start) or not _is_count(length) or start + length > count:
            raise ValueError("a view out of its storage")
    first = storages.setdefault(key, _Storage(kind.name, key, count, 0, count))
    if (first.kind, first.count) != (kind.name, count):
        raise ValueError("a storage that is described twice, differently")
    return _Storage(kind.name, key, count, start, length)


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


# From what a file describes to arrays


def _state_dict(path, tree):
    """The dict of tensors in what a file describes."""
    if isinstance(tree, _Tensor):
        raise BadWeights(f"'{path}' holds one tensor without a name, no weights of a network. {ADVICE}")
    if not isinstance(tree, dict):
        raise BadWeights(f"'{path}' holds no dict of tensors. {ADVICE}")
    for _ in range(4):  # wrapped more often than that is nothing we know
        if tensors := {str(name): each for name, each in tree.items() if isinstance(each, _Tensor)}:
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
    """Each tensor as an array that looks into its storage; the storages are decoded once."""
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
    """See that a tensor stays within its storage, whatever its strides are."""
    storage, size, stride = tensor.storage, tensor.size, tensor.stride
    counts = (tensor.offset, *size, *stride)
    if not isinstance(storage, _Storage) or len(size) != len(stride) or not all(map(_is_count, counts)):
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
        step * numbers.itemsize if count > 1 else 0  # of one there is no next, and its step may be any number
        for count, step in zip(tensor.size, tensor.stride, strict=True)
    ]
    return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.size, strides, writeable=False)
