"""Which plugins a model needs, whether they are installed, and what to install otherwise. Nothing is imported.

A plugin is plain data here, as in ``plugins.json``: its kind, name, distribution and version.
"""

import re

from stylezoo.catalogue import registry
from stylezoo.catalogue.kinds import KINDS

FORMS = {"distribution": registry.PROJECT, "version": registry.VERSION, "name": re.compile(r"[^/:\s][^/:]*")}


def are_plugins(plain) -> bool:
    """Whether plain data is a list of plugins, with names that can stand in a command."""
    return isinstance(plain, list) and all(
        isinstance(each, dict)
        and isinstance(each.get("kind"), str)
        and each["kind"] in KINDS
        and all(isinstance(each.get(key), str) and form.fullmatch(each[key]) for key, form in FORMS.items())
        for each in plain
    )


def installed(plugin: dict) -> registry.Plugin | None:
    """The installed plugin that the plain data of one names, None if there is none."""
    named = registry.plugins(plugin["kind"])
    return next((each for each in named if each.answers_to(f"{plugin['distribution']}/{plugin['name']}")), None)


def lack(plugin: dict) -> str:
    """Which plugin is missing and what to do, in one sentence; "" if it is installed.

    The installed version of its distribution may lack it, for instance because it has moved to another distribution.
    """
    if installed(plugin):
        return ""
    kind, name, owner, version = (plugin[key] for key in ("kind", "name", "distribution", "version"))
    wanted = f"the {kind} '{name}' of {owner} {version}".rstrip()
    if owner == registry.LOCAL:
        return f"the {kind} '{name}', which {registry.unregistered(kind, name)}."
    if any(each.answers_to(f"{owner}/{name}") for each in registry.every(kind)):
        return f"{wanted}, which {registry.unchosen(owner)}."
    there = version_of(owner)
    if there is None:
        return f"{wanted}, which is not installed: '{install_line(plugin)}'.{_elsewhere(plugin)}"
    return (
        f"{wanted}; {owner} {there} is installed and does not offer it. "
        f"Install the version that did: '{install_line(plugin)}'.{_elsewhere(plugin)}"
    )


def install_line(plugin: dict) -> str:
    """The command that installs a plugin; with its version if another version of the distribution is installed."""
    owner, version = plugin["distribution"], plugin["version"]
    return f"pip install {owner}=={version}" if version and version_of(owner) is not None else f"pip install {owner}"


def requirements(plugins: list[dict]) -> list[str]:
    """The distributions of some plugins besides stylezoo itself, as pip installs them: "stylezoo-soft-glow==1.2"."""
    owners = sorted({(each["distribution"], each["version"]) for each in plugins})
    others = [(owner, version) for owner, version in owners if owner not in ("stylezoo", registry.LOCAL)]
    return [f"{owner}=={version}".rstrip("=") for owner, version in others]


def version_of(distribution: str) -> str | None:
    """The version of an installed distribution, with plugins or without; None if it is not installed."""
    from importlib import metadata  # takes 40 ms, which a listing does not need

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _elsewhere(plugin):
    """A hint to other distributions with a plugin of that name, to which it may have moved."""
    others = [each for each in registry.plugins(plugin["kind"]) if each.name == plugin["name"]]
    if not others:
        return ""
    return (
        f" There is {' and '.join(each.qualified for each in others)}; if it has moved there, "
        "train again with it: a file keeps to the plugins that it was made with."
    )
