"""The commands that bring plugins and take them away: install, uninstall."""

import click

from stylezoo.catalogue import chosen, installers, registry
from stylezoo.cli import terminal
from stylezoo.cli.plugins import say_shared_names
from stylezoo.cli.types import DistributionName, other_distributions
from stylezoo.errors import BadOptions, UnknownPlugin, did_you_mean


@click.command()
@click.argument(
    "names",
    nargs=-1,
    help="Distributions on PyPI, with versions where they matter; folders, wheels or addresses of git.",
)
@click.option("-U", "--upgrade", is_flag=True, help="The newest version, also if an older one is installed.")
@click.option("-e", "--editable", multiple=True, metavar="FOLDER", help="A folder that you work on. Repeatable.")
def install(names, upgrade, editable):
    """Install plugins, into the environment that stylezoo runs in.

    It runs pip, or uv where uv manages the environment, and prints the command; their settings and variables, such as
    PIP_INDEX_URL or UV_INDEX_URL, are respected. Plugins are programs: install those that you trust.

    \b
    Examples:
      stylezoo install stylezoo-wgan-gp
      stylezoo install -e ./stylezoo-tone
    """
    if not (names or editable):
        raise BadOptions("Name what to install, such as 'stylezoo install stylezoo-wgan-gp'.")
    if odd := [name for name in (*names, *editable) if name.startswith("-")]:
        raise BadOptions(f"'{odd[0]}' is no name of a distribution.")
    before = _known()
    words = [*(["--upgrade"] if upgrade else []), *names, *(word for each in editable for word in ("-e", each))]
    _run(installers.command("install", words))
    new = [plugin for plugin in registry.every() if _mark(plugin) not in before]
    for plugin in new:
        terminal.say(f"New     {plugin.kind} {plugin.name}  {plugin.owner}")
    if not new:
        terminal.say("No plugin is new. 'stylezoo list' shows what is installed.", err=True)
        return
    _say_what_is_left(new)
    terminal.print_next("look at it", f"stylezoo show {new[0].name}")


@click.command()
@click.argument("names", nargs=-1, required=True, type=DistributionName(), help="Distributions that offer plugins.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def uninstall(names, yes):
    """Uninstall distributions of plugins.

    Models that were trained with them cannot be used until they are installed again; 'stylezoo show RUN' says what a
    model needs.
    """
    owners = [_owner(name) for name in names]
    before = [plugin for plugin in registry.every() if plugin.distribution in owners]
    for plugin in before:
        terminal.say(f"Goes    {plugin.kind} {plugin.name}  {plugin.owner}")
    if not yes:
        click.confirm("Uninstall?", abort=True)
    _run(installers.command("uninstall", owners))
    if left := [plugin for plugin in registry.every() if plugin.distribution in owners]:
        terminal.say(f"{left[0].owner} is still found in '{left[0].metadata.parent}'.", fg="yellow", err=True)


def _run(words):
    from shlex import join

    terminal.say(f"Runs    {join(words)}")
    installers.run(words)


def _known():
    return {*map(_mark, registry.every())}


def _mark(plugin):
    return plugin.kind, plugin.qualified, plugin.version


def _say_what_is_left(new):
    """Print what stands between new plugins and their use."""
    for owner in dict.fromkeys(plugin.distribution for plugin in new):
        if not chosen.are_used(owner):
            terminal.say(f"{owner} {registry.unchosen(owner)}.", fg="yellow", err=True)
        if command := installers.kept_by(owner):
            terminal.say(f"An upgrade of stylezoo by uv drops it; this keeps it: {command}", err=True)
    for plugin in new:
        if plugin.problem:
            terminal.say(plugin.broken(plugin.problem), err=True)
    say_shared_names(new, err=True)


def _owner(name):
    """The distribution of plugins with a name.

    Raises:
        BadOptions: It is stylezoo itself.
        UnknownPlugin: None is installed.
    """
    every, others = registry.every(), other_distributions()
    owners = {plugin.distribution for plugin in every if plugin.owned_by(name)}
    if "stylezoo" in owners:
        raise BadOptions("This would uninstall stylezoo itself, which 'pip uninstall stylezoo' does.")
    if owners:
        return owners.pop()
    if plugin := next((each for each in every if each.answers_to(name)), None):
        raise UnknownPlugin(f"'{name}' is the {plugin.kind} of {plugin.owner}: name the distribution.")
    raise UnknownPlugin(
        f"No distribution of plugins is named '{name}'.{did_you_mean(name, others)} "
        f"Installed: {', '.join(others) or 'none'}."
    )
