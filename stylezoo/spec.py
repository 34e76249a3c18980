"""A word with options, ``lsgan:real=0.9,weight=2``: how a recipe names each of its parts and choices."""

import ast
import inspect
import re
import sys
import warnings
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from types import UnionType
from typing import Any, ClassVar

from stylezoo.catalogue import registry
from stylezoo.catalogue.kinds import KINDS, imported, signature_fault, unfinished
from stylezoo.errors import BadOptions, BadRecipe, did_you_mean, name_all

WORDS = {"true": True, "false": False, "none": None}  # as people type them in a shell
QUOTED = {  # from a quote to the next that no backslash stands before
    "'": re.compile(r"'(?:\\.|[^'\\])*'", re.DOTALL),
    '"': re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL),
}
MARKS = re.compile(r"""['"()\[\]{},]""")
GIVEN = ("shape", "styles", "vgg", "features")  # parameters that the machine gives a value where the recipe sets none
PLAIN = {
    "int": (int,), "float": (int, float), "str": (str,), "bool": (bool,), "tuple": (tuple, list), "list": (tuple, list),
    "None": (type(None),),
}  # fmt: skip
LARGEST = 2**31  # of whole numbers in options
LARGEST_OF_NETWORKS = 10_000  # likewise, of generators and discriminators: filters, blocks
LONGEST_LIST = 1000  # values in one option
DATA = (int, float, bytes, dict, list, tuple, type(None))  # types that are neither a name nor a part


@dataclass(frozen=True)
class Spec:
    """A part of a recipe as plain data: it names a plugin, it does not hold one.

    Attributes:
        name: The plugin's name, or "distribution/name".
        options: The arguments of its constructor: numbers, strings, booleans, None and lists of them.
        weight: The factor of a loss; only losses have weights.
        object: The part itself, if a Python object was given instead of a name. Such a part cannot be saved.

    Examples:
        >>> stylezoo.Spec.parse("lsgan:real=0.9,weight=2")
        Spec(name='lsgan', options={'real': 0.9}, weight=2.0, object=None)
        >>> stylezoo.Spec.parse("lsgan:real=0.9").part("loss").build().real
        0.9
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    weight: float = 1.0
    object: Any = None

    @classmethod
    def parse(cls, text: "str | Spec | object") -> "Spec":
        """Read ``name`` or ``name:option=value,...``; a Spec passes through, any other object is the part itself.

        Raises:
            BadOptions: The text cannot be read.
        """
        if isinstance(text, Spec):
            return text
        if isinstance(text, DATA):
            raise BadOptions(
                f"{shortened(text)} names no part. Write a name and options like 'lsgan:real=0.9,weight=2'."
            )
        if not isinstance(text, str):
            return cls(getattr(text, "name", type(text).__name__), object=text)
        name, _, tail = text.partition(":")
        pairs = [item.partition("=") for item in _items(tail)] if tail else []
        if not name.strip() or any(not equals or not key.strip().isidentifier() for key, equals, _ in pairs):
            raise BadOptions(f"Cannot read '{text}'. Write a name and options like 'lsgan:real=0.9,weight=2'.")
        options = {key.strip(): read_value(value) for key, _, value in pairs}
        if len(options) < len(pairs):
            raise BadOptions(f"An option is there twice in '{text}'.")
        weight = options.pop("weight", 1.0)
        if not _is(weight, "float"):
            raise BadOptions(f"The weight in '{text}' is no number.")
        return cls(name.strip(), options, float(weight))

    def __str__(self) -> str:
        options = dict(self.options) if self.weight == 1.0 else {**self.options, "weight": self.weight}
        text = ",".join(f"{key}={_spell(value)}" for key, value in options.items())
        return f"{self.name}:{text}" if text else self.name

    @property
    def label(self) -> str:
        """The bare name, without the distribution: for logs and pictures."""
        return self.name.rpartition("/")[2]

    def qualified(self, kind: str, home: str = "") -> "Spec":
        """The same with its unique name, "distribution/name"."""
        if self.object is not None:
            return self
        return replace(self, name=registry.find(kind, self.name, home).qualified)

    def unsaved(self, kind: str) -> str:
        """Why a model with this part, an object, cannot be saved: a sentence."""
        return (
            f"The {kind} '{self.name}' was given as an object and has no name that a file could keep. Register its "
            f'class, or the function that builds it, as @stylezoo.register("{kind}", "{self.name.lower()}"), and give '
            "that name."
        )

    def with_option(self, option: str, value: Any) -> "Spec":
        """The same with one option set."""
        return replace(self, options={**self.options, option: value})

    def part(self, kind: str, home: str = "") -> "Part":
        """The part: the plugin found and imported, its kind and these options checked.

        Args:
            kind: generator, discriminator, loss or metric.
            home: The distribution whose own plugin a bare name means first.

        Raises:
            UnknownPlugin: No installed distribution offers the name.
            PluginConflict: Several do.
            BrokenPlugin: It cannot be imported, or is not what its kind must be.
            BadOptions: It does not take these options.
            BadRecipe: An object that was given in its place is not what its kind must be.
        """
        if self.object is not None:
            if self.options:
                raise BadOptions(
                    f"The {kind} '{self.name}' was given as an object; its options cannot be set any more."
                )
            return Part(kind, self, None, _checked_object(kind, self.object))
        plugin = registry.find(kind, self.name, home)
        part = Part(kind, replace(self, name=plugin.qualified), plugin, plugin.load())
        largest = LARGEST if kind == "loss" else LARGEST_OF_NETWORKS
        check_options(f"{kind} '{self.name}'", part.component, self.options, ("shape", "features"), largest)
        part.check_complete(dict.fromkeys(GIVEN))
        return part


@dataclass(frozen=True)
class Part:
    """A spec with its component: a generator's or discriminator's function, or the class of a loss or a metric.

    Attributes:
        kind: generator, discriminator, loss or metric.
        spec: The spec; its name is "distribution/name".
        plugin: The plugin; None for an object that was given in its place.
        component: What the plugin offers, or that object.
    """

    kind: str
    spec: Spec
    plugin: registry.Plugin | None
    component: Any

    @property
    def label(self) -> str:
        """The bare name, without the distribution."""
        return self.spec.label

    def build(self, **given: Any) -> Any:
        """Call the component with its options, and with those of the given values that it has a parameter for.

        Raises:
            BadOptions: It refuses them with a ValueError, whose message is passed on.
        """
        if self.plugin is None:
            return self.component
        parameters = inspect.signature(self.component).parameters
        given = {name: value for name, value in given.items() if name in parameters or name == "shape"}
        self.check_complete(given)
        with self.refusals():
            return self.component(**{**given, **self.spec.options})

    def refusals(self) -> "Refusals":
        """A context in which a component's ValueError becomes a BadOptions that names it."""
        return Refusals(f"The {self.kind} '{self.spec.name}'")

    def check_complete(self, given: dict[str, Any]) -> None:
        """Check that every parameter without a default has a value."""
        check_complete(f"The {self.kind} '{self.spec.name}'", self.component, self.spec, given)


class Refusals:
    """Within it an error about values becomes a BadOptions: "NAME refuses WHAT: ..."."""

    def __init__(self, name, what=""):
        self.begins = f"{name} refuses {what}".rstrip()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, ValueError | ArithmeticError | RecursionError):  # the latter: numbers that are too large
            raise BadOptions(f"{self.begins}: {str(error).rstrip('.')}.") from error


class Choice:
    """What a recipe names with a word and options besides plugins: a data mode, an update order, an optimizer.

    A root class names its field of the recipe, ``class Order(Choice, field="order")``. Each subclass with a name can be
    chosen, ``class InTurn(Order, name="discriminator-first")``; to define it is enough. Its options are the parameters
    of its constructor: plain values with annotations.
    """

    field: ClassVar[str]
    name: ClassVar[str]
    known: ClassVar[dict[str, type]]

    def __init_subclass__(cls, name: str = "", field: str = "", **rest):
        super().__init_subclass__(**rest)
        if field:
            cls.field, cls.known = field, {}
        if name:
            other = cls.known.setdefault(name, cls)
            if (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):  # not a cell run again
                raise TypeError(f"{cls.field} '{name}' is {other.__module__}.{other.__qualname__} already; rename one.")
            cls.name, cls.known[name] = name, cls

    @classmethod
    def read(cls, spec: Spec, field: str = ""):
        """The object that a spec names, its options checked; it keeps the spec as its attribute `spec`.

        Args:
            spec: The spec.
            field: The field of the recipe that has it, for messages; "": that of the class.

        Raises:
            BadRecipe: There is no such name, it does not take these options, or its class is unfinished.
        """
        where = f"{field or cls.field} is '{spec}'"
        if spec.name not in cls.known:
            raise BadRecipe(f"{where}; it can be {name_all(cls.known)}.{did_you_mean(spec.name, cls.known)}")
        chosen = cls.known[spec.name]
        if fault := signature_fault(chosen) or unfinished(chosen):
            raise BadRecipe(f"{where}, whose class {chosen.__name__} is unfinished: {fault}.")
        try:
            check_options(f"{cls.field} '{spec.name}'", chosen, spec.options)
            check_complete("It", chosen, spec)
            found = chosen(**spec.options)
        except (BadOptions, ValueError) as error:
            raise BadRecipe(f"{where}: {str(error).rstrip('.')}.") from None
        found.spec = spec
        return found


def check_options(
    owner: str, component: Any, options: dict[str, Any], ignored: tuple[str, ...] = (), largest: int = LARGEST
) -> None:
    """Check that a component has a parameter of each option's name, annotated with the type of its value.

    Numbers and lists are bounded, because a recipe may be a stranger's, who could fill the memory with them.

    Raises:
        BadOptions: It has not; the message lists its options. Or a whole number is larger than `largest`.
    """
    accepted = {p.name: p for p in inspect.signature(component).parameters.values() if p.name not in ignored}
    for name, value in options.items():
        if name not in accepted:
            raise BadOptions(
                f"The {owner} has no option '{name}'.{did_you_mean(name, accepted)} It takes: {name_all(accepted)}."
            )
        expected = _types(accepted[name].annotation)
        if expected.keys() <= PLAIN.keys() and not any(_is(value, each) for each in expected):
            shown = shortened(value)
            raise BadOptions(f"The option '{name}' of the {owner} is {shown}, which is no {' or '.join(expected)}.")
        if fault := _excess(value, largest):
            raise BadOptions(f"The option '{name}' of the {owner} {fault}.")


def check_complete(owner: str, component: Any, spec: Spec, given: Collection[str] = ()) -> None:
    """Check that every parameter without a default has a value: an option, or one of the names that are given.

    Raises:
        BadOptions: One has none.
    """
    known = {*given, *spec.options}
    for each in inspect.signature(component).parameters.values():
        if each.default is each.empty and each.name not in known:
            name = each.name
            raise BadOptions(f"{owner} needs the option '{name}': '{spec.name}:{name}=...'.")


def read_value(text: str) -> Any:
    """A value as people type it: a Python literal, true, false or none in any case, else the text itself."""
    text = text.strip()
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    try:
        with warnings.catch_warnings(action="ignore"):  # about its signs
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):  # the last three: "{{}}" and "((((..."
        return text


def _items(text: str) -> list[str]:
    """The text split at its commas, but for those inside of quotes and brackets."""
    items, begin, depth, place, open_ended = [], 0, 0, 0, set()
    while mark := MARKS.search(text, place):
        place, each = mark.end(), mark[0]
        if each in QUOTED and each not in open_ended:
            if quoted := QUOTED[each].match(text, mark.start()):
                place = quoted.end()
            else:  # no later one of these quotes can end either
                open_ended.add(each)
        elif each == "," and not depth:
            items.append(text[begin : mark.start()])
            begin = place
        else:
            depth += (each in "([{") - (each in ")]}")
    return [*items, text[begin:]]


def _types(annotation: Any) -> dict[str, None]:
    """The names of the types that an annotation allows, in its order: of ``float | None`` "float" and "None"."""
    is_union = isinstance(annotation, UnionType)
    text = str(annotation) if is_union else getattr(annotation, "__name__", str(annotation))
    return dict.fromkeys(each.strip() for each in text.split("|"))


def _checked_object(kind: str, given: Any) -> Any:
    """A part that was given as an object, checked to be what its kind must be."""
    wanted = imported(KINDS[kind].base or "keras:Model")
    if isinstance(given, wanted):
        return given
    shown = f"the class {given.__name__}" if inspect.isclass(given) else repr(given)
    place = f"{wanted.__module__.partition('.')[0]}.{wanted.__name__}"
    raise BadRecipe(f"A {kind} is {shown}; it must be a name such as '{kind}:option=value', or an object: a {place}.")


def _is(value: Any, expected: str) -> bool:
    if expected == "float" and isinstance(value, int | float) and not abs(value) <= sys.float_info.max:  # or NaN
        return False
    return isinstance(value, PLAIN[expected]) and (expected == "bool" or not isinstance(value, bool))


def _excess(value: Any, largest: int) -> str:
    """What an option has too much of, in a clause; "" if nothing."""
    values = [value]
    for each in values:  # grows by what lies within lists
        if isinstance(each, dict | list | tuple | set | frozenset):
            values += [*each, *each.values()] if isinstance(each, dict) else each
        elif isinstance(each, int) and abs(each) > largest:
            return f"has the number {shortened(each)}; whole numbers in it go up to {largest}"
        if len(values) > LONGEST_LIST:
            return f"has more than {LONGEST_LIST} values"
    return ""


def shortened(value: Any) -> str:
    """The value as Python writes it, at most 60 characters."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of more than 4300 digits
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:50]} ... ({len(text)} characters)"


def _spell(value: Any) -> str:
    """The text that `read_value` reads as this value: bare where that is safe, quoted elsewhere."""
    bare = isinstance(value, str) and re.fullmatch(r"[\w./~-]+", value) and read_value(value) == value
    return value if bare else repr(value)
