"""A component by name, with options: ``lsgan:real=0.9,weight=2``."""

import ast
import inspect
import math
import re
from dataclasses import dataclass, field, replace
from typing import Any

from stylezoo.catalogue import registry
from stylezoo.contract import Loss
from stylezoo.errors import BadOptions, did_you_mean, name_all

WORDS = {"true": True, "false": False, "none": None}  # as people type them in a shell
TOKENS = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|.""", re.DOTALL)  # a quoted string, else one character
GIVEN = ("shape", "styles", "vgg")  # parameters that the machine gives a value where the recipe sets none
PLAIN = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}


@dataclass(frozen=True)
class Spec:
    """A part of a recipe as plain data: it names a plugin, it does not hold one.

    Attributes:
        name: The plugin's name, or "distribution/name".
        options: What its constructor is given: numbers, strings, booleans, None and lists of them.
        weight: What its value is multiplied with; only losses are weighed.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    weight: float = 1.0

    @classmethod
    def parse(cls, text: "str | Spec") -> "Spec":
        """Read ``name`` or ``name:option=value,...``; a Spec passes through.

        Raises:
            BadOptions: The text cannot be read.
        """
        if isinstance(text, Spec):
            return text
        if not isinstance(text, str):
            raise BadOptions(f"{text!r} names no part. Write a name and options like 'lsgan:real=0.9,weight=2'.")
        name, _, tail = text.partition(":")
        pairs = [item.partition("=") for item in _items(tail)] if tail else []
        if not name.strip() or any(not equals or not key.strip().isidentifier() for key, equals, _ in pairs):
            raise BadOptions(f"Cannot read '{text}'. Write a name and options like 'lsgan:real=0.9,weight=2'.")
        options = {key.strip(): read_value(value) for key, _, value in pairs}
        weight = options.pop("weight", 1.0)
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
            raise BadOptions(f"The weight in '{text}' is no number.")
        return cls(name.strip(), options, float(weight))

    def __str__(self) -> str:
        options = dict(self.options) if self.weight == 1.0 else {**self.options, "weight": self.weight}
        text = ",".join(f"{key}={_spell(value)}" for key, value in options.items())
        return f"{self.name}:{text}" if text else self.name

    @property
    def label(self) -> str:
        """The bare name, without the distribution: what logs and pictures call it."""
        return self.name.rpartition("/")[2]

    def qualified(self, kind: str, home: str = "") -> "Spec":
        """The same with the name that no distribution installed later can claim."""
        return replace(self, name=registry.find(kind, self.name, home).qualified)

    def with_option(self, option: str, value: Any) -> "Spec":
        """The same with one option set."""
        return replace(self, options={**self.options, option: value})

    def load(self, kind: str) -> Any:
        """The component itself, imported, its kind and these options checked.

        Raises:
            BrokenPlugin: It cannot be imported, or is not what its kind must be.
            BadOptions: It does not take these options.
        """
        found = component(registry.find(kind, self.name))
        self._check(kind, found)
        return found

    def build(self, kind: str, **given: Any) -> Any:
        """Load the component and call it with its options, and with what the machine gives and it has a parameter for.

        Raises:
            BadOptions: It refuses them with a ValueError, whose message is passed on.
        """
        component = self.load(kind)
        asked_for = inspect.signature(component).parameters
        given = {name: value for name, value in given.items() if name in asked_for or name == "shape"}
        options = {**given, **self.options}
        self._check_complete(kind, component, options)
        try:
            return component(**options)
        except ValueError as error:
            raise BadOptions(f"The {kind} '{self.name}' refuses: {str(error).rstrip('.')}.") from error

    def _check(self, kind: str, component: Any) -> None:
        parameters = inspect.signature(component).parameters.values()
        accepted = {p.name: p for p in parameters if p.name != "shape"}
        for name, value in self.options.items():
            if name not in accepted:
                raise BadOptions(
                    f"The {kind} '{self.name}' has no option '{name}'.{did_you_mean(name, accepted)} "
                    f"It takes: {name_all(accepted)}."
                )
            annotation = accepted[name].annotation
            expected = getattr(annotation, "__name__", annotation)
            if expected in PLAIN and not _is(value, expected):
                raise BadOptions(
                    f"The option '{name}' of the {kind} '{self.name}' is {value!r}, which is no {expected}."
                )
        self._check_complete(kind, component, {**dict.fromkeys(GIVEN), **self.options})

    def _check_complete(self, kind: str, component: Any, options: dict[str, Any]) -> None:
        parameters = inspect.signature(component).parameters.values()
        missing = [p.name for p in parameters if p.default is p.empty and p.name not in options]
        if missing:
            raise BadOptions(
                f"The {kind} '{self.name}' needs the option '{missing[0]}': '{self.name}:{missing[0]}=...'."
            )


def component(plugin: registry.Plugin) -> Any:
    """A generator's or discriminator's function or a loss' class, imported, and seen to be what its kind must be.

    Raises:
        BrokenPlugin: It cannot be imported, or is something else.
    """
    found = plugin.load()
    if plugin.kind == "loss" and not (inspect.isclass(found) and issubclass(found, Loss)):
        raise plugin.broken("it is not a subclass of stylezoo.Loss")
    if not callable(found):
        raise plugin.broken("it cannot be called")
    try:
        parameters = inspect.signature(found).parameters.values()
    except (ValueError, TypeError):  # of what is written in C
        raise plugin.broken("its options cannot be told: it has no signature") from None
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        raise plugin.broken("its options are hidden behind *args or **kwargs")
    return found


def read_value(text: str) -> Any:
    """A value as people type it: a Python literal, true, false or none in any case, else the text itself."""
    text = text.strip()
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):  # the last three: "{{}}" and "((((..."
        return text


def _items(text: str) -> list[str]:
    """The text split at its commas, but for those inside of quotes and brackets."""
    items, depth = [""], 0
    for token in TOKENS.findall(text):
        depth += (token in "([{") - (token in ")]}")
        if token == "," and not depth:
            items.append("")
        else:
            items[-1] += token
    return items


def _is(value: Any, expected: str) -> bool:
    return isinstance(value, PLAIN[expected]) and (expected == "bool" or not isinstance(value, bool))


def _spell(value: Any) -> str:
    """The text that `read_value` reads as this value: bare where that is safe, quoted elsewhere."""
    bare = isinstance(value, str) and re.fullmatch(r"[\w./~-]+", value) and read_value(value) == value
    return value if bare else repr(value)
