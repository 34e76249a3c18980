"""The options of a command as one object: an option is declared once, above the function of its command."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from types import SimpleNamespace

import click
from click.core import ParameterSource

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


class RecipeOption(click.Option):
    """An option that changes the field of the recipe with the name of its parameter."""

    def changes(self, value):
        """The changes by a value, for `Recipe.named`."""
        return {self.name: value}


class RecipeFlag(RecipeOption):
    """An option without a value that sets the field of its parameter to 0: as this machine has it."""

    def changes(self, value):
        return {self.name: 0}


class RecipeSettings(RecipeOption):
    """An option that changes any fields of the recipe: its value is a list of their names and values."""

    def changes(self, value):
        return dict(value)


class RecipeCommand(click.Command):
    """A command that shows the options that change the recipe under a separate heading."""

    def format_options(self, ctx, formatter):
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        recipe = [option for option in options if isinstance(option, RecipeOption)]
        others = [option for option in options if option not in recipe]
        for heading, each in (("Options", others), ("Changes to the recipe", recipe)):
            with formatter.section(heading):
                formatter.write_dl([record for option in each if (record := option.get_help_record(ctx))])


class Given(SimpleNamespace):
    """The parameters of a command: an attribute for each, by its name.

    Attributes:
        typed: The names of those in the command line; the others have their defaults.
        changes: The changes of the command line to the recipe.
    """


def as_one_object(command):
    """Give the function of a command one object, `Given`, instead of one argument for each of its parameters."""

    @click.pass_context
    @wraps(command)
    def called(context, **values):
        typed = {name for name in values if context.get_parameter_source(name) is not ParameterSource.DEFAULT}
        options = [param for param in context.command.params if isinstance(param, RecipeOption) and param.name in typed]
        options.sort(key=lambda option: not isinstance(option, RecipeSettings))  # a field's own option overrides --set
        changes = {}
        for option in options:
            changes.update(option.changes(values[option.name]))
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
    """End with the sentence of the first of these refusals that applies.

    Raises:
        click.UsageError: One applies.
    """
    for refusal in refusals:
        if refusal.applies(given):
            raise click.UsageError(refusal.sentence.format(**vars(given)))
