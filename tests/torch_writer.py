"""Writes files as `torch.save` does, without PyTorch: those of today (`zip_file`) and of before 1.6 (`old_file`).

`safetensors_file` writes as the library safetensors does.

What is written is made of dicts, lists, tuples, texts, numbers, `Tensor`s, and, for hostile files, `Name`s and `Call`s.
`torch.load` of torch 2.13 reads both formats as they are written here.
"""

import json
import struct
import zipfile
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
KINDS = {"f4": "Float", "f2": "Half", "f8": "Double", "i8": "Long", "i4": "Int", "i2": "Short", "i1": "Char"}
KINDS |= {"u1": "Byte", "b1": "Bool", "u2": "BFloat16"}  # a bfloat16 is given by its 16 bits


class Tensor:
    """Numbers of a storage, from an offset on, in steps; without these, all of it.

    Args:
        storage: An array without gaps; tensors of the same array share it.
        size: The tensor's shape.
        stride: Steps between neighbours along each axis.
        offset: Where it begins.
        count: How many numbers the file says that the storage has.
    """

    def __init__(self, storage, size=None, stride=None, offset=0, count=None):
        self.storage = storage
        self.size = storage.shape if size is None else size
        gapless = [int(np.prod(self.size[axis + 1 :], dtype=int)) for axis in range(len(self.size))]
        self.stride = tuple(gapless) if stride is None else stride
        self.offset = offset
        self.count = storage.size if count is None else count


@dataclass
class Name:
    """What a module calls so."""

    module: str
    name: str


@dataclass
class Call:
    """What a function makes of arguments."""

    function: Name
    arguments: tuple = ()


@dataclass
class Storage:
    """A reference to numbers kept outside of the pickle."""

    reference: tuple


@dataclass
class Pickle:
    """A pickle in the making, and the storages that it refers to."""

    old: bool = False
    storages: list = field(default_factory=list)

    def dumps(self, tree):
        return b"\x80\x02" + self.code(tree) + b"."

    def code(self, each):
        """The commands that put `each` on the stack."""
        match each:
            case None:
                return b"N"
            case bool():
                return b"\x88" if each else b"\x89"
            case int() if -(2**31) <= each < 2**31:
                return b"J" + struct.pack("<i", each)
            case int():
                return b"\x8a" + struct.pack("<B", 16) + each.to_bytes(16, "little", signed=True)
            case float():
                return b"G" + struct.pack(">d", each)
            case str():
                return b"X" + struct.pack("<I", len(each.encode())) + each.encode()
            case Name():
                return f"c{each.module}\n{each.name}\n".encode()
            case Call():
                return self.code(each.function) + self.code(each.arguments) + b"R"
            case Storage():
                return self.code(each.reference) + b"Q"
            case Tensor():
                return self.code(self.rebuilt(each))
            case tuple():
                return b"(" + b"".join(map(self.code, each)) + b"t"
            case list():
                return b"](" + b"".join(map(self.code, each)) + b"e"
            case dict():
                start = b"}" if type(each) is dict else b"ccollections\nOrderedDict\n)R"
                return start + b"(" + b"".join(self.code(x) for pair in each.items() for x in pair) + b"u"
        raise TypeError(f"{each!r} is not written by torch.save")

    def rebuilt(self, tensor):
        """A tensor as the call that files hold."""
        shared = [array is tensor.storage for array in self.storages]
        key = shared.index(True) if any(shared) else len(self.storages)
        self.storages += [] if any(shared) else [tensor.storage]
        kind = Name("torch", KINDS[tensor.storage.dtype.str[1:]] + "Storage")
        reference = ("storage", kind, str(key), "cpu", tensor.count, *((None,) if self.old else ()))
        arguments = (Storage(reference), tensor.offset, tensor.size, tensor.stride, False, OrderedDict())
        return Call(Name("torch._utils", "_rebuild_tensor_v2"), arguments)


def state_dict(arrays):
    """Arrays by name as a state dict."""
    return OrderedDict((name, Tensor(np.array(array, order="C"))) for name, array in arrays.items())


def zip_file(path, tree, order="little"):
    """Write `tree` in the format of PyTorch 1.6 and later."""
    pickle = Pickle()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(tree))
        archive.writestr("archive/byteorder", order)
        for key, array in enumerate(pickle.storages):
            in_order = array.astype(array.dtype.newbyteorder({"little": "<", "big": ">"}[order]))
            archive.writestr(f"archive/data/{key}", in_order.tobytes())
        archive.writestr("archive/version", "3\n")


def old_file(path, tree):
    """Write `tree` in the format of before PyTorch 1.6."""
    pickle = Pickle(old=True)
    machine = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    with open(path, "wb") as file:
        for each in (MAGIC, 1001, machine, tree):
            file.write(pickle.dumps(each))
        file.write(pickle.dumps([str(key) for key in range(len(pickle.storages))]))
        for array in pickle.storages:
            file.write(struct.pack("<q", array.size) + array.tobytes())


def safetensors_file(path, tree):
    """Write tensors by name as safetensors: sorted by their kind and their names."""
    described, content = {"__metadata__": {"format": "pt"}}, b""
    kinds = {"f4": "F32", "f2": "F16", "f8": "F64", "i8": "I64", "u1": "U8", "u2": "BF16", "b1": "BOOL"}
    for name, tensor in sorted(tree.items(), key=lambda item: (-item[1].storage.itemsize, item[0])):
        raw = np.ascontiguousarray(tensor.storage).tobytes()
        place = [len(content), len(content) + len(raw)]
        kind = kinds[tensor.storage.dtype.str[1:]]
        described[name] = {"dtype": kind, "shape": list(tensor.storage.shape), "data_offsets": place}
        content += raw
    header = json.dumps(described).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + content)
