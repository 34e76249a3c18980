"""The pickle in a file of PyTorch weights, read without running its code.

A pickle is a program of a small stack machine that may call any function. The machine below builds data only: a
function that a file calls must be in a short table of those that build tensors, and all others are refused.
"""

import pickletools
from collections import OrderedDict
from dataclasses import dataclass

from stylezoo.errors import BadWeights, printable
from stylezoo.files.recognition import SAVE

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
LARGEST_RANK = 8
LONGEST = 2**24  # bytes of a pickle; one of 10,000 tensors has a tenth of it
BUILDERS = {
    ("collections", "OrderedDict"),
    ("torch._utils", "_rebuild_tensor"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch._utils", "_rebuild_parameter_with_state"),
}
DICTS = {("collections", "defaultdict"), ("collections", "Counter")}
SIDE_ISSUES = {  # what checkpoints hold beside weights: recognised, left out, and not made
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("scalar", "_reconstruct")),
    *(("numpy", name) for name in ("dtype", "ndarray")),
    *(("torch", name) for name in ("Size", "device", "float16", "bfloat16", "float32", "float64", "int64", "uint8")),
    *((module, name) for module in ("builtins", "__builtin__") for name in ("set", "list", "dict", "int", "float")),
    ("_codecs", "encode"),
}
REFUSED = "refused; nothing was run."


@dataclass(frozen=True)
class Name:
    """A reference to something by module and name; it is never called."""

    module: str
    name: str


@dataclass(frozen=True)
class Storage:
    """The numbers that tensors are views of: `count` of a kind, or `length` of them from `start` on."""

    kind: str
    key: str
    count: int
    start: int
    length: int


@dataclass(frozen=True)
class Tensor:
    storage: Storage
    offset: int
    size: tuple
    stride: tuple


def unpickle(path, data):
    """What a pickle describes, and the storages that it refers to, by key: dicts, lists, names, tensors, numbers.

    `data` is bytes or a file, whose position is then after the pickle.
    """
    machine = _Machine(path)
    return machine.run(data), machine.storages


class _Machine:
    """The stack machine of one pickle. Commands that PyTorch never writes are refused.

    Attributes:
        path: The file, for errors.
        stack: Values that are built and not used yet.
        marks: Places in the stack at which the items of something begin.
        memo: Values that are referred to again, by number.
        storages: The storages of the tensors, by key.
    """

    def __init__(self, path):
        self.path = path
        self.stack, self.marks, self.memo, self.storages = [], [], {}, {}

    def run(self, data):
        """What the pickle describes."""
        for command, argument, place in pickletools.genops(data):
            if place > LONGEST:
                raise ValueError("its description of tensors is too long")
            if command.name == "STOP":
                return self.stack.pop()
            if command.name not in COMMANDS:
                raise BadWeights(
                    f"'{self.path}' holds the pickle command {command.name}, which no weights need: {REFUSED}"
                )
            COMMANDS[command.name](self, argument)
        raise ValueError("it ends within a pickle")

    def above_mark(self):
        """The items since the last mark, taken off the stack."""
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def push(self, value):
        self.stack.append(value)

    def mark(self, _):
        self.marks.append(len(self.stack))

    def pop(self, _):
        self.stack.pop()

    def remember(self, number):
        self.memo[len(self.memo) if number is None else number] = self.stack[-1]

    def recall(self, number):
        self.push(self.memo[number])

    def make_tuple(self, length):
        """A tuple of the last items, or of those since the mark."""
        if length is None:
            self.push(tuple(self.above_mark()))
        else:
            self.stack[-length:] = [tuple(self.stack[-length:])]

    def append(self, _):
        _fill_list(self.stack[-2], [self.stack.pop()])

    def append_all(self, _):
        items = self.above_mark()
        _fill_list(self.stack[-1], items)

    def set_item(self, _):
        value, key = self.stack.pop(), self.stack.pop()
        _fill_dict(self.stack[-1], [(key, value)])

    def set_items(self, _):
        items = self.above_mark()
        _fill_dict(self.stack[-1], zip(items[::2], items[1::2], strict=True))

    def name(self, argument):
        """A name in the command itself, or from the stack."""
        if argument is None:
            name, module = self.stack.pop(), self.stack.pop()
        else:
            module, name = argument.split(" ", 1)
        self.push(_known(self.path, module, name))

    def storage(self, _):
        self.push(_storage(self.stack.pop(), self.storages))

    def call(self, _):
        arguments, name = self.stack.pop(), self.stack.pop()
        self.push(_built(self.path, name, arguments))

    def leave_attributes(self, _):
        """The versions of modules, which a state dict carries as its attribute, are not needed."""
        self.stack.pop()
        if not isinstance(self.stack[-1], OrderedDict | Name):
            raise ValueError("attributes for something that is no state dict")


def _nothing(machine, _):
    """A command about the format of the pickle only."""


def _constant(make):
    return lambda machine, _: machine.push(make())


def _tuple_of(length):
    return lambda machine, _: machine.make_tuple(length)


COMMANDS = {
    **dict.fromkeys(("PROTO", "FRAME"), _nothing),
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _Machine.recall),
    "NONE": _constant(lambda: None),
    "NEWTRUE": _constant(lambda: True),
    "NEWFALSE": _constant(lambda: False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), _Machine.push),
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"), _Machine.push),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES"), _Machine.push),
    "EMPTY_DICT": _constant(dict),
    "EMPTY_LIST": _constant(list),
    "EMPTY_TUPLE": _constant(tuple),
    "TUPLE": _tuple_of(None),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.append_all,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    **dict.fromkeys(("GLOBAL", "STACK_GLOBAL"), _Machine.name),
    "BINPERSID": _Machine.storage,
    "REDUCE": _Machine.call,
    "BUILD": _Machine.leave_attributes,
}


def _known(path, module, name):
    """A name that stands for a builder of tensors, a kind of storage, or something that is left out."""
    if not isinstance(module, str) or not isinstance(name, str):
        raise ValueError("a name that is no text")
    is_storage = module in ("torch", "torch.cuda") and name in KINDS
    if not is_storage and (module, name) not in BUILDERS | DICTS | SIDE_ISSUES:
        named = printable(f"{module}.{name}"[:100])
        raise BadWeights(f"'{path}' holds {named}, which is no tensor: {REFUSED} {SAVE}")
    return Name(module, name)


def _built(path, name, arguments):
    """What a call in the file stands for."""
    if not isinstance(name, Name) or not isinstance(arguments, tuple):
        raise ValueError("a call of something that is no name")
    if (name.module, name.name) in SIDE_ISSUES:
        return name
    if (name.module, name.name) in DICTS:
        return {}
    if name.name == "OrderedDict":
        filled = OrderedDict()
        _fill_dict(filled, *arguments)
        return filled
    if name.name.startswith("_rebuild_parameter"):
        if not isinstance(arguments[0], Tensor):
            raise ValueError("a parameter that is no tensor")
        return arguments[0]
    if name.name.startswith("_rebuild_tensor"):
        return Tensor(*arguments[:4])
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
    if not isinstance(kind, Name) or kind.name not in KINDS or not isinstance(key, str) or not is_count(count):
        raise ValueError("a storage that is described wrongly")
    start, length = 0, count
    if view and view[0] is not None:
        _, start, length = view[0]
        if not is_count(start) or not is_count(length) or start + length > count:
            raise ValueError("a view out of its storage")
    first = storages.setdefault(key, Storage(kind.name, key, count, 0, count))
    if (first.kind, first.count) != (kind.name, count):
        raise ValueError("a storage that is described twice, differently")
    return Storage(kind.name, key, count, start, length)


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
