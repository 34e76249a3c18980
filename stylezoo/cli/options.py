"""What was typed after a command, as one object: an option is declared once, above the function of its command."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from types import SimpleNamespace

import click
from click.core import ParameterSource


class RecipeOption(click.Option):
    """An option that changes the field of the recipe that its parameter is named after."""


class Given(SimpleNamespace):
    """The parameters of a command: an attribute for each, by its name.

    Attributes:
        typed: The names of those that stand in the command line; the others have their defaults.
        changes: Those of `RecipeOption` that were typed, as changes to a recipe.
    """


def as_one_object(command):
    """Give the function of a command one object, `Given`, instead of one argument for each of its parameters."""

    @click.pass_context
    @wraps(command)
    def called(context, **values):
        typed = {name for name in values if context.get_parameter_source(name) is not ParameterSource.DEFAULT}
        fields = [param.name for param in context.command.params if isinstance(param, RecipeOption)]
        changes = {name: values[name] for name in fields if name in typed}
        return command(Given(**values, typed=typed, changes=changes))

    return called


@dataclass(frozen=True)
class Refusal:
    """A combination of options that makes no sense.

    Attributes:
        applies: Whether a `Given` has it.
        sentence: What is wrong and what to do; ``{name}`` stands for the value of an option.
    """

    applies: Callable[[Given], object]
    sentence: str


def refuse(given, refusals):
    """End with the sentence of the first combination of options that a command has and that makes no sense.

    Raises:
        click.UsageError: There is one.
    """
    for refusal in refusals:
        if refusal.applies(given):
            raise click.UsageError(refusal.sentence.format(**vars(given)))
