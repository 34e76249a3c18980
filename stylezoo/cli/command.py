"""The command `stylezoo`: its families of commands, and its help."""

import os

import click

from stylezoo import __version__
from stylezoo.catalogue import registry
from stylezoo.cli import (
    comparing,
    evaluating,
    exporting,
    importing,
    installing,
    pictures,
    plugins,
    serving,
    sharing,
    terminal,
    training,
)

FAMILIES = {
    "Pictures": [pictures.stylize, comparing.compare, serving.app],
    "Training": [training.train, evaluating.evaluate, importing.import_],
    "Plugins": [
        plugins.list_,
        plugins.show,
        installing.install,
        installing.uninstall,
        plugins.doctor,
        plugins.new,
    ],
    "Sharing": [exporting.export, sharing.push],
}


class Group(click.Group):
    """Shows its commands family by family, and the library's errors as one line."""

    def main(self, *given, **more):
        terminal.open_streams()
        with terminal.one_line_system_errors():
            return super().main(*given, **more)

    def invoke(self, ctx):
        with terminal.one_line_errors():
            return super().invoke(ctx)

    def format_commands(self, ctx, formatter):
        width = max(len(name) for name in self.commands)
        room = formatter.width - 6 - width
        for heading, family in FAMILIES.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{each.name:{width}}", each.get_short_help_str(room)) for each in family])


@click.group(
    cls=Group,
    commands=[command for family in FAMILIES.values() for command in family],
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="'stylezoo COMMAND --help' shows the options of a command.",
)
@click.version_option(__version__, message=f"%(prog)s %(version)s, plugin API {registry.API}")
@click.pass_context
def main(ctx):
    """Train GANs that redraw pictures in the style of others, and use them.

    \b
    Examples:
      stylezoo train                      the built-in pair of pictures, in some minutes
      stylezoo train --source photo.jpg --style painting.jpg
      stylezoo stylize holiday.jpg --model runs/single-pair
      stylezoo list losses
    """
    if os.environ.get("NO_COLOR"):  # https://no-color.org; click does not know it
        ctx.color = False
