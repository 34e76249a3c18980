"""The commands for plugins: list, show, doctor, new. What they print of a plugin is read, not imported."""

import os
import sys
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path

import click

from stylezoo.catalogue import registry
from stylezoo.cli import terminal
from stylezoo.cli.types import PLURALS, Kind, PluginName
from stylezoo.errors import UnknownPlugin, did_you_mean, name_all

UNHEALTHY = 3  # the exit code of a doctor who found something
WIDEST = 120  # columns of a table
FINDINGS = ("cause", "reason", "advice", "file", "seconds")
IDENTITY = ("kind", "name", "distribution", "version", "target")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command("list")
@click.argument(
    "kind", type=Kind(), required=False, help="models, generators, discriminators or losses; all if left out."
)
@click.argument("pattern", default="*", help="Names to show, as in a shell: 'l*'. Default: all.")
@as_json
def list_(kind, pattern, as_json):
    """List the installed plugins.

    Nothing is imported for it: what is shown is read from the metadata and the source of each plugin.
    """
    from stylezoo.catalogue.sources import describe

    found = [(p, describe(p)) for p in registry.plugins(kind) if fnmatchcase(p.name, pattern)]
    for line in registry.faults():
        click.echo(line, err=True)
    if as_json:
        terminal.print_document(
            plugins=[{**_identity(p), "summary": source.summary, "problem": source.problem} for p, source in found]
        )
        return
    if not found:
        raise UnknownPlugin(f"No {kind or 'plugin'} is called '{pattern}'. See 'stylezoo list'.")
    _print_table(found)


@click.command()
@click.argument(
    "name",
    type=PluginName(),
    help="A plugin's name, or distribution/name; or a run folder, a .keras file or hf://owner/name.",
)
@as_json
def show(name, as_json):
    """Show what a plugin is, or of what a trained model was made.

    Of a plugin: who wrote it and what can be set on it. Of a run or a model its card: recipe, plugins and whether they
    are installed here, data, losses, licence. Nothing is imported for it. A plugin's name goes before a folder's; write
    ./name for the folder.
    """
    named = [plugin for plugin in registry.plugins() if plugin.answers_to(name)]
    if named:
        _show_plugins(named, as_json)
    elif name.startswith("hf://") or os.path.exists(os.path.expanduser(name)):
        _show_card(name, as_json)
    else:
        names = sorted({plugin.name for plugin in registry.plugins()})
        raise UnknownPlugin(
            f"No plugin is named '{name}', and there is no run folder or model file of that name."
            f"{did_you_mean(name, names)} Installed: {name_all(names)}."
        )


@click.command()
@click.argument("name", type=PluginName(), required=False, help="A plugin or a distribution. Default: all there are.")
@as_json
@click.option(
    "--deadline",
    type=click.IntRange(1, 3600),
    default=20,
    show_default=True,
    metavar="SECONDS",
    help="How long one import may take.",
)
def doctor(name, as_json, deadline):
    """Import every plugin, and say what is wrong and what to do.

    The plugins of each distribution are imported in a child process, where they can do no harm: one that ends Python,
    crashes it or never returns is found out. Exit code 3 when something is wrong.
    """
    from stylezoo.checks.doctor import examine

    found = []
    for diagnosis in examine(_to_examine(name), deadline):
        found.append(diagnosis)
        if not as_json:
            _print_diagnosis(diagnosis)
    faults = registry.faults()
    if as_json:
        rows = [{**_identity(d.plugin), "api": d.plugin.api, **_fields(d, FINDINGS)} for d in found]
        terminal.print_document(api=registry.API, plugins=rows, faults=faults)
    else:
        _print_summary(found, faults)
    if faults or any(diagnosis.cause for diagnosis in found):
        sys.exit(UNHEALTHY)


@click.command()
@click.argument("kind", type=Kind(), help="loss, generator, discriminator or model.")
@click.argument("name", help="What it shall be called: lower-case words joined by dashes.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="The folder to make. Default: stylezoo-NAME, in this one."
)
def new(kind, name, out):
    """Write a small package with a working plugin, to begin from.

    Once it is installed it is listed, trains, and passes the conformance kit; its README says how to go on.
    """
    from shlex import quote

    from stylezoo.catalogue import scaffolding

    folder = scaffolding.new(kind, name, out)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        click.echo(f"Wrote   {file}")
    install = f"pip install -e {quote(f'{folder}[test]')}"
    terminal.print_next(
        "install it, look at it, test it", f"{install} && stylezoo show {name} && pytest {quote(str(folder))}"
    )


def _identity(plugin):
    return _fields(plugin, IDENTITY)


def _fields(of, names):
    return {name: getattr(of, name) for name in names}


def _print_table(found):
    import shutil  # with what only some commands need, looking would take longer
    import textwrap

    width = min(shutil.get_terminal_size().columns, WIDEST)
    name_width = max(len(plugin.name) for plugin, _ in found)
    owner_width = max(len(plugin.owner) for plugin, _ in found)
    room = max(20, width - name_width - owner_width - 6)
    kind = None
    for plugin, source in found:
        if plugin.kind != kind:
            kind = plugin.kind
            click.secho(next(plural for plural, each in PLURALS.items() if each == kind), bold=True)
        summary = textwrap.shorten(source.summary, room, placeholder=" ...")
        text, colour = (f"broken: {source.problem}", "red") if source.problem else (summary, None)
        click.secho(f"  {plugin.name:{name_width}}  {text:{room}}  {plugin.owner}".rstrip(), fg=colour)


def _show_plugins(named, as_json):
    """Everything that the sources of some plugins tell."""
    from stylezoo.catalogue.sources import describe

    shown = [(plugin, describe(plugin)) for plugin in named]
    if as_json:
        rows = [{**_identity(p), **asdict(source), "file": str(source.file or "")} for p, source in shown]
        terminal.print_document(plugins=rows)
        return
    for number, (plugin, source) in enumerate(shown):
        if number:
            click.echo()
        _print_description(plugin, source)


def _print_description(plugin, source):
    click.secho(f"{plugin.kind} {plugin.name}", bold=True, nl=False)
    click.echo(f"  {plugin.owner}")
    click.echo(f"{source.file}:{source.line}" if source.file else plugin.target)
    if source.problem:
        click.secho(f"\nBroken: {source.problem}.", fg="red")
    if source.doc:
        click.echo(f"\n{source.doc}")
    if source.options:
        click.echo("\nOptions")
        for option in source.options:
            spelled = f"{option.name}={option.default}" if option.default else f"{option.name} (must be given)"
            click.echo(f"  {spelled}  {option.type}".rstrip())
    if source.fields:
        click.echo("\nRecipe")
        for name, value in source.fields:
            click.echo(f"  {name}: {name_all(value, empty='') if isinstance(value, tuple | list) else value}")


def _show_card(name, as_json):
    """What a run or a model says of itself."""
    from stylezoo.runs import card

    found = card.read(name)
    if as_json:
        terminal.print_document(card={**found.to_dict(), "plugins": found.needs()})
        return
    click.secho(name, bold=True)
    for heading, rows in found.sections():
        click.echo(f"\n{heading}")
        if heading == "Plugins":
            _print_needs(found.needs())
        else:
            terminal.print_rows(rows)


def _print_needs(rows):
    for row in rows:
        owner = f"{row['distribution']} {row['version']}".rstrip()
        here = f"missing: {row['install']}" if row["missing"] else f"installed: {row['installed'] or 'yes'}"
        click.secho(f"  {row['kind']} {row['name']}  {owner}, {here}", fg="red" if row["missing"] else None)


def _to_examine(name):
    """The plugins that a name of a plugin or of a distribution stands for; without a name all."""
    known = registry.plugins()
    plugins = [plugin for plugin in known if not name or plugin.answers_to(name) or plugin.owned_by(name)]
    if not plugins:
        names = sorted({each for plugin in known for each in (plugin.name, plugin.distribution)})
        raise UnknownPlugin(f"No plugin and no distribution of plugins is named '{name}'.{did_you_mean(name, names)}")
    return plugins


def _print_diagnosis(diagnosis):
    """What is wrong with a plugin; of a healthy one only that it was examined, where there is a terminal."""
    plugin = diagnosis.plugin
    if not diagnosis.cause:
        terminal.print_status(f"ok  {plugin.kind} {plugin.name}")
        return
    terminal.print_status()
    click.secho(f"{diagnosis.cause}: {plugin.kind} {plugin.name}  {plugin.owner}", fg="red")
    for label, text in (("why", diagnosis.reason), ("file", diagnosis.file or plugin.target), ("do", diagnosis.advice)):
        click.echo(f"  {label:4}  {text}")


def _print_summary(found, faults):
    """How many plugins of each distribution are well, what metadata cannot be read, which names need their owner."""
    terminal.print_status()
    for line in faults:
        click.secho(line, fg="red")
    owners = [diagnosis.plugin.owner for diagnosis in found]
    for owner in dict.fromkeys(owners):
        well = sum(d.plugin.owner == owner and not d.cause for d in found)
        click.echo(f"{owner}: {well} of {owners.count(owner)} well")
    for kind, name in dict.fromkeys((d.plugin.kind, d.plugin.name) for d in found):
        twins = [plugin for plugin in registry.plugins(kind) if plugin.name == name]
        if len(twins) > 1:
            click.echo(f"The {kind} '{name}' has several owners; say {' or '.join(p.qualified for p in twins)}.")
