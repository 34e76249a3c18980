"""The six kinds of plugins, one record for each with all that differs between them."""

import inspect
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class Kind:
    """One kind of plugin.

    Attributes:
        name: "loss".
        plural: "losses".
        flag: The option of `stylezoo train` that names one; "" for a model, which needs none, and a style.
        example: A command that trains with a plugin called $name.
        object: What `stylezoo new` calls the component in its module; "" for a class of the plugin's own name.
        base: The class that a component is a subclass or, with `is_instance`, an instance of: "module:name" of ours;
            "" for a function that builds a `keras.Model`.
        is_instance: Whether the component is an instance of `base`.
        suffix: The suffix of the file that an entry point names in place of an object; "" for all kinds but the style.
        checks: The suite of checks in the conformance kit, "module:name".
    """

    name: str
    plural: str
    flag: str
    example: str
    checks: str
    object: str = ""
    base: str = ""
    is_instance: bool = False
    suffix: str = ""

    @property
    def group(self) -> str:
        """The group of entry points, "stylezoo.losses"."""
        return f"stylezoo.{self.plural}"

    def fault(self, component) -> str:
        """Why a component cannot be one of this kind, in a clause; "" if it can."""
        if self.suffix:
            return ""  # what is in a file is checked where it is read
        if self.is_instance:
            return (
                unnamed(component) if isinstance(component, imported(self.base)) else f"it is not a {self._base_name}"
            )
        if self.base and not (inspect.isclass(component) and issubclass(component, imported(self.base))):
            return f"it is not a subclass of {self._base_name}"
        return signature_fault(component) or unfinished(component)

    @property
    def _base_name(self):
        return f"stylezoo.{self.base.partition(':')[2]}"


def imported(place: str):
    """The object at "module:name"."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def unfinished(component) -> str:
    """The methods that a class does not define but must, in a clause; "" if there are none."""
    missing = sorted(getattr(component, "__abstractmethods__", ()))
    return f"it must define {', '.join(missing)}" if missing else ""


def unnamed(recipe) -> str:
    """Why a recipe is no plain data, in a clause; "" if it is."""
    given = [
        spec.name for spec in (recipe.generator, *recipe.discriminators, *recipe.losses) if spec.object is not None
    ]
    return f"its parts must be names, and {', '.join(given)} was given as an object" if given else ""


def signature_fault(component) -> str:
    """Why the options of a function or a class cannot be read from its signature, in a clause; "" if they can."""
    if not callable(component):
        return "it cannot be called"
    try:
        parameters = inspect.signature(component).parameters.values()
    except (ValueError, TypeError):  # a component written in C
        return "its options cannot be read: it has no signature"
    if any(each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in parameters):
        return "its options are hidden behind *args or **kwargs"
    return ""


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "style",
            "styles",
            "",
            "stylezoo stylize photo.jpg --style $name",
            "stylezoo.checks.styles:STYLE",
            suffix=".keras",
        ),
        Kind(
            "model",
            "models",
            "",
            "stylezoo train $name --source photos/ --style paintings/",
            "stylezoo.checks.models:MODEL",
            object="recipe",
            base="stylezoo.recipe:Recipe",
            is_instance=True,
        ),
        Kind(
            "generator",
            "generators",
            "--generator",
            "stylezoo train --generator $name --source photos/ --style paintings/",
            "stylezoo.checks.networks:GENERATOR",
            object="build",
        ),
        Kind(
            "discriminator",
            "discriminators",
            "--discriminator",
            "stylezoo train --discriminator $name",
            "stylezoo.checks.networks:DISCRIMINATOR",
            object="build",
        ),
        Kind(
            "loss",
            "losses",
            "--loss",
            "stylezoo train --loss $name",
            "stylezoo.checks.losses:LOSS",
            base="stylezoo.contract:Loss",
        ),
        Kind(
            "metric",
            "metrics",
            "--metric",
            "stylezoo evaluate RUN --metric $name",
            "stylezoo.checks.metrics:METRIC",
            base="stylezoo.contract:Metric",
        ),
    )
}
