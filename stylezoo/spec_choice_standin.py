"""A stand-in for `stylezoo.spec.Choice`, until that is merged; then this file goes."""

import inspect
from abc import ABC

from stylezoo.errors import BadRecipe, name_all


class Choice(ABC):  # noqa: B024
    """What a recipe names besides plugins: a root keeps the table of its subclasses by name."""

    def __init_subclass__(cls, field="", name="", **more):
        super().__init_subclass__(**more)
        if field:
            cls.field, cls.known = field, {}
        if name:
            cls.name = name
            cls.known[name] = cls

    @classmethod
    def read(cls, spec):
        found = cls.known.get(spec.name)
        if found is None:
            raise BadRecipe(f"{cls.field} is '{spec.name}'; it can be {name_all(cls.known)}.")
        if missing := sorted(getattr(found, "__abstractmethods__", ())):
            raise BadRecipe(f"The {cls.field} '{spec.name}' is not complete: it lacks {name_all(missing)}.")
        if odd := set(spec.options) - set(inspect.signature(found).parameters):
            raise BadRecipe(f"The {cls.field} '{spec.name}' has no option {name_all(odd)}.")
        return found(**spec.options)
