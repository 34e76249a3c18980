"""The commands for plugins: list, show, doctor, new. Plugins are read, not imported, except by the doctor."""

import os
import sys
from dataclasses import asdict
from fnmatch import fnmatchcase

import click

from stylezoo.catalogue import registry
from stylezoo.catalogue.kinds import KINDS
from stylezoo.cli import terminal
from stylezoo.cli.options import Refusal, as_json, as_one_object, refuse
from stylezoo.cli.types import PATH, Kind, PluginName
from stylezoo.errors import BadOptions, StylezooError, UnknownPlugin, did_you_mean, name_all

UNHEALTHY = 3  # the exit code of a doctor that found a fault
WIDEST = 120  # columns of a table
FINDINGS = ("cause", "reason", "advice", "file", "seconds")
IDENTITY = ("kind", "name", "distribution", "version", "target")
NEW_REFUSALS = [
    Refusal(
        lambda given: given.kind == "style" and not given.run,
        "A style is a trained model: name its run with --from RUN. 'stylezoo train' makes one.",
    ),
    Refusal(
        lambda given: given.kind != "style" and given.typed & {"run", "about", "sources", "license"},
        "--from, --about, --learned-from and --license are for a style, not for a {kind}.",
    ),
]


@click.command("list")
@click.argument(
    "kind",
    type=Kind(),
    required=False,
    help="styles, models, generators, discriminators, losses or metrics; all if left out.",
)
@click.argument("pattern", default="*", help="Names to show, as in a shell: 'l*'. Default: all.")
@as_json
def list_(kind, pattern, as_json):
    """List the installed plugins.

    Nothing is imported: the list is read from the metadata and the source of each plugin.
    """
    from stylezoo.catalogue.sources import describe

    found = [(p, describe(p)) for p in registry.plugins(kind) if fnmatchcase(p.name, pattern)]
    for line in registry.faults():
        terminal.say(line, err=True)
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
    help="A plugin's or a style's name, or distribution/name; or a run folder, a .keras file or hf://owner/name.",
)
@as_json
def show(name, as_json):
    """Show a plugin, or the card of a ready-made style or a trained model.

    For a plugin: its distribution, description and options. For a style, a run or a model its card: what it learned
    from, recipe, plugins and whether they are installed here, losses, licence. For a folder of runs a line for each.
    Nothing is imported. If a plugin and a folder have the same name, the plugin is shown; write ./name for the folder.
    """
    named = [plugin for plugin in registry.plugins() if plugin.answers_to(name)]
    if named:
        _show_plugins(named, as_json)
        return
    from stylezoo.runs import card, hub

    path = os.path.expanduser(name)
    if not hub.is_address(name) and (runs := card.runs_in(path)):
        _show_runs(runs, as_json)
    elif hub.is_address(name) or os.path.exists(path):
        _show_card(name, as_json)
    else:
        names = sorted({plugin.name for plugin in registry.plugins()})
        raise UnknownPlugin(
            f"No plugin is named '{name}', and there is no run folder or model file of that name."
            f"{did_you_mean(name, names)} Installed: {name_all(names)}."
        )


@click.command()
@click.argument("name", type=PluginName(), required=False, help="A plugin or a distribution. Default: all.")
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
    """Import every plugin, and show what is wrong and what to do.

    The plugins of each distribution are imported in a child process, so that one that ends Python, crashes it or never
    returns is found and does no harm. Exit code 3 when something is wrong.
    """
    from stylezoo.checks.doctor import examine, of_machine

    found = []
    for diagnosis in examine(_to_examine(name), deadline):
        found.append(diagnosis)
        if not as_json:
            _print_diagnosis(diagnosis)
    faults = [*of_machine(), *registry.faults()]
    if as_json:
        rows = [{**_identity(d.plugin), "api": d.plugin.api, **_fields(d, FINDINGS)} for d in found]
        terminal.print_document(api=registry.API, plugins=rows, faults=faults)
    else:
        _print_summary(found, faults)
    if faults or any(diagnosis.cause for diagnosis in found):
        sys.exit(UNHEALTHY)


@click.command()
@click.argument("kind", type=Kind(), help="style, model, generator, discriminator, loss or metric.")
@click.argument("name", help="Its name: lower-case words joined by dashes.")
@click.option("-o", "--out", type=PATH, help="The new folder. Default: stylezoo-NAME, in the current one.")
@click.option("--from", "run", metavar="RUN", help="Of a style: the trained run, or the .keras file.")
@click.option("--about", metavar="TEXT", help="Of a style: what it is, in a sentence. Default: after its pictures.")
@click.option(
    "--learned-from",
    "sources",
    metavar="TEXT",
    multiple=True,
    help="Of a style: a work or a collection that it learned from, with its author and licence. Repeatable.",
)
@click.option("--license", metavar="TEXT", help="Of a style: the licence of its weights. Default: that of the run.")
@as_one_object
def new(given):
    """Write a small package with a working plugin, to start from; or with a style that you trained, to publish.

    Once it is installed it is listed, works, and passes the conformance kit; its README describes the next steps.

    \b
    Examples:
      stylezoo new loss soft-glow
      stylezoo new style van-gogh --from runs/mine --license CC0-1.0 --learned-from "Vincent van Gogh, Irises, 1889"
    """
    from shlex import quote

    from stylezoo.catalogue import scaffolding

    refuse(given, NEW_REFUSALS)
    folder = _new_style(given) if given.run else scaffolding.new(given.kind, given.name, given.out)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        terminal.say(f"Wrote   {file}")
    install = f"pip install -e {quote(f'{folder}[test]')}"
    terminal.print_next(
        "install it, look at it, test it", f"{install} && stylezoo show {given.name} && pytest {quote(str(folder))}"
    )


def _new_style(given):
    """The folder of a distribution with a trained model as a style, whose file is written before the folder is."""
    import tempfile
    from pathlib import Path
    from shutil import copyfile

    from stylezoo.catalogue import scaffolding
    from stylezoo.runs import card, loading, shipping

    loading.checked_file(given.run)
    found, file = card.read(given.run), scaffolding.place(given.name)
    named = [row["name"] for row in found.data if row.get("role") != "source" and row.get("name")]
    about = given.about or f"The style {f'of {name_all(named)}' if named else given.name}."
    if fault := shipping.incomplete(shipping.described(found, about, given.sources, given.license)):
        raise BadOptions(f"The style cannot be shipped: {fault}.")
    terminal.import_keras()
    with tempfile.TemporaryDirectory() as temporary:
        written = Path(temporary, file.name)
        shipping.write_style(given.run, written, about, given.sources, given.license or "")
        owners = [each["distribution"] for each in found.plugins if each["distribution"] != registry.LOCAL]
        folder = scaffolding.new(given.kind, given.name, given.out, owners)
        copyfile(written, folder / file)
    return folder


def _identity(plugin):
    return _fields(plugin, IDENTITY)


def _fields(of, names):
    return {name: getattr(of, name) for name in names}


def _print_table(found):
    import shutil  # with what only some commands need, looking would take longer
    import textwrap

    width = min(shutil.get_terminal_size().columns, WIDEST)
    name_width = max(len(plugin.name) for plugin, _ in found)
    kind = None
    for plugin, source in found:
        if plugin.kind != kind:
            kind = plugin.kind
            terminal.say(KINDS[kind].plural, bold=True)
        owner = "" if plugin.distribution == "stylezoo" else f"  {plugin.owner}"
        room = max(20, width - name_width - len(owner) - 4)
        summary = source.summary or (source.unread and f"source not readable: {source.unread}")
        summary = textwrap.shorten(summary, room, placeholder=" ...")
        text, colour = (f"broken: {source.problem}", "red") if source.problem else (summary, None)
        terminal.say(f"  {plugin.name:{name_width}}  {text:{room}}{owner}".rstrip(), fg=colour)


def _show_plugins(named, as_json):
    """Print the descriptions of some plugins from their sources."""
    from stylezoo.catalogue.sources import describe

    shown = [(plugin, describe(plugin)) for plugin in named]
    if as_json:
        rows = [{**_identity(p), **asdict(source), "file": str(source.file or "")} for p, source in shown]
        terminal.print_document(plugins=rows)
        return
    for number, (plugin, source) in enumerate(shown):
        if number:
            terminal.say()
        _print_description(plugin, source)


def _print_description(plugin, source):
    terminal.say(f"{plugin.kind} {plugin.name}", nl=False, bold=True)
    terminal.say(f"  {plugin.owner}")
    terminal.say(f"{source.file}:{source.line}" if source.line else source.file or plugin.target)
    if source.problem:
        terminal.say_apart(f"Broken: {source.problem}.", fg="red")
    if source.unread:
        terminal.say_apart(f"Its source is not readable: {source.unread}.")
    if source.doc:
        for line in ("", *source.doc.split("\n")):
            terminal.say(line)
    if source.options:
        terminal.say_apart("Options")
        for option in source.options:
            spelled = f"{option.name}={option.default}" if option.default else f"{option.name} (must be given)"
            terminal.say(f"  {spelled}  {option.type}".rstrip())
    if source.fields and KINDS[plugin.kind].suffix:
        _print_style(plugin, source.file)
    elif source.fields:
        terminal.say_apart("Recipe")
        for name, value in source.fields:
            terminal.say(f"  {name}: {name_all(value, empty='') if isinstance(value, tuple | list) else value}")


def _show_card(name, as_json):
    """Print the card of a run or a model."""
    from stylezoo.runs import card

    found = card.read(name)
    if as_json:
        terminal.print_document(card={**found.to_dict(), "plugins": found.needs()})
        return
    terminal.say(name, bold=True)
    _print_sections(found)


def _print_style(plugin, file):
    """Print the card of a ready-made style, and how large its file is."""
    from stylezoo.runs import card

    terminal.say(f"{os.path.getsize(file) / 1e6:.1f} MB")
    _print_sections(card.read(plugin.qualified))


def _print_sections(found):
    """Print the sections of a card."""
    for heading, rows in found.sections():
        terminal.say_apart(heading)
        if heading == "Plugins":
            _print_needs(found.needs())
        else:
            terminal.print_rows(rows)


def _show_runs(runs, as_json):
    """Print a line for each run in a folder, or why its card cannot be read."""
    from stylezoo.runs import card

    rows, cards = [], []
    for run in runs:
        try:
            found = card.read(run)
        except StylezooError as error:
            rows.append((str(run), str(error)))
            continue
        cards.append({"run": str(run), **found.to_dict()})
        made = f"{found.steps or 0} of {found.total_steps} steps" if found.total_steps else found.origin
        rows.append((str(run), "  ".join(filter(None, (found.date, made, str(found.recipe.get("about", "")))))))
    if as_json:
        terminal.print_document(cards=cards)
    else:
        terminal.print_rows(rows)


def _print_needs(rows):
    for row in rows:
        owner = f"{row['distribution']} {row['version']}".rstrip()
        here = f"missing: {row['install']}" if row["missing"] else f"installed: {row['installed'] or 'yes'}"
        terminal.say(f"  {row['kind']} {row['name']}  {owner}, {here}", fg="red" if row["missing"] else None)


def _to_examine(name):
    """The plugins with this name or of this distribution; without a name all."""
    known = registry.plugins()
    plugins = [plugin for plugin in known if not name or plugin.answers_to(name) or plugin.owned_by(name)]
    if not plugins:
        names = sorted({each for plugin in known for each in (plugin.name, plugin.distribution)})
        raise UnknownPlugin(f"No plugin and no distribution of plugins is named '{name}'.{did_you_mean(name, names)}")
    return plugins


def _print_diagnosis(diagnosis):
    """Print what is wrong with a plugin; for a working one only a status line, in a terminal."""
    plugin = diagnosis.plugin
    if not diagnosis.cause:
        terminal.print_status(f"ok  {plugin.kind} {plugin.name}")
        return
    terminal.print_status()
    terminal.say(f"{diagnosis.cause}: {plugin.kind} {plugin.name}  {plugin.owner}", fg="red")
    for label, text in (("why", diagnosis.reason), ("file", diagnosis.file or plugin.target), ("do", diagnosis.advice)):
        terminal.say(f"  {label:4}  {text}")


def _print_summary(found, faults):
    """Print the metadata that cannot be read, the number of working plugins of each distribution, and shared names."""
    terminal.print_status()
    for line in faults:
        terminal.say(line, fg="red")
    owners = [diagnosis.plugin.owner for diagnosis in found]
    for owner in dict.fromkeys(owners):
        well = sum(d.plugin.owner == owner and not d.cause for d in found)
        terminal.say(f"{owner}: {well} of {owners.count(owner)} well")
    say_shared_names(diagnosis.plugin for diagnosis in found)


def say_shared_names(plugins, err=False):
    """Print which of these plugins have a name that another one of their kind has too, and how they are told apart."""
    for kind, name in dict.fromkeys((plugin.kind, plugin.name) for plugin in plugins):
        twins = [plugin for plugin in registry.plugins(kind) if plugin.name == name]
        if len(twins) > 1:
            full = " or ".join(plugin.qualified for plugin in twins)
            terminal.say(f"The {kind} '{name}' has several owners; say {full}.", err=err)
