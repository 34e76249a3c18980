"""Find plugins through entry points. Finding imports nothing; only `Plugin.load` does.

One tolerant walk over the metadata folders on `sys.path` serves every kind. `entrypoints.get_group_all` is not called:
it gives up the whole list when any file of any distribution, ours or not, cannot be parsed, and it takes the entries
of an uninstalled older version when the newer one has none.
"""

import configparser
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from stylezoo.catalogue import chosen, modules
from stylezoo.catalogue.kinds import KINDS
from stylezoo.errors import BadOptions, BrokenPlugin, PluginConflict, UnknownPlugin, did_you_mean, name_all, printable

# The version of the plugin API: the six groups, `stylezoo.contract`, `stylezoo.layers`, `stylezoo.scene`,
# `stylezoo.features`, `stylezoo.checks` and the fields of a recipe. It is independent of the version of the package:
# it increases by one when something is added, and OLDEST_API increases when something is removed. A distribution
# names the version that it needs in a table that is read without importing anything:
#
#     [project.entry-points."stylezoo.api"]
#     1 = "stylezoo"
#
# Without the table it is version 1.
API = 2  # 2: metrics
OLDEST_API = 1
API_GROUP = "stylezoo.api"

LOCAL = "local"  # the owner of plugins made with `register`
_registered: dict[tuple[str, str], "Plugin"] = {}

# Names that can stand in a command such as "pip install NAME" (https://peps.python.org/pep-0508/#names), and versions.
PROJECT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
VERSION = re.compile(r"[A-Za-z0-9._+!-]*")
LARGEST_TABLE = 2**20  # bytes of an entry_points.txt
LARGEST_HEADER = 2**16  # bytes of the metadata in which name and version must stand

TARGET = re.compile(r"(\w+(?:\.\w+)*):(\w+(?:\.\w+)*)(?: *\[.*\])?")  # extras are allowed and mean nothing


@dataclass(frozen=True)
class Plugin:
    """One component that an installed distribution offers.

    Attributes:
        kind: style, model, generator, discriminator, loss or metric.
        name: Its name.
        distribution: The project that owns it, as pip names it.
        version: The distribution's version, "" where its metadata has none.
        target: Where it is defined, "package.module:object"; the file of a style is named so without its suffix.
        metadata: The folder with the distribution's metadata.
        api: The version of the plugin API that it needs, 0 where its metadata states none that can be read.
        local: The component itself, of a plugin that `register` made in this process.
    """

    kind: str
    name: str
    distribution: str
    version: str
    target: str
    metadata: Path = field(compare=False)
    api: int = field(default=1, compare=False)
    local: Any = field(default=None, compare=False, repr=False)

    @property
    def qualified(self) -> str:
        """The unique name, "distribution/name"."""
        return f"{self.distribution}/{self.name}"

    @property
    def owner(self) -> str:
        """Distribution and version, "stylezoo 0.1.0"."""
        return f"{self.distribution} {self.version}".rstrip()

    def answers_to(self, name: str) -> bool:
        """Whether a name, "lsgan" or "distribution/lsgan", means this plugin."""
        owner, _, bare = name.rpartition("/")
        return bare == self.name and (not owner or self.owned_by(owner))

    def owned_by(self, distribution: str) -> bool:
        """Whether it belongs to a distribution, however its name is spelled."""
        return chosen.normalised(distribution) == chosen.normalised(self.distribution)

    @cached_property
    def place(self) -> tuple[str, str] | None:
        """The module and the object in it that the target names; None if it is not of the form "module:object"."""
        match = TARGET.fullmatch(self.target)
        return match and match.groups()

    @property
    def file(self) -> Path | None:
        """The file that the target names, for a kind whose plugins are files; None if there is no such file."""
        package, name = self.place or ("", "")
        return modules.data_file(package, name + KINDS[self.kind].suffix)

    @property
    def problem(self) -> str:
        """Why it cannot be used, as far as its metadata shows, else ""."""
        if self.local is not None:
            return ""
        if self.place is None:
            return f"its entry point '{self.target}' is not of the form 'package.module:object'"
        if self.api > API:
            return f"it needs plugin API >= {self.api}, this is {API}"
        if not self.api:
            return f"its table '{API_GROUP}' names no version of the plugin API, which is a whole number"
        if self.api < OLDEST_API:
            return f"it was written for plugin API {self.api}, and {OLDEST_API} is the oldest that is supported"
        return ""

    @property
    def missing(self) -> str:
        """That its file is missing, in a clause."""
        package, name = self.place
        return f"there is no file '{name}{KINDS[self.kind].suffix}' in the package '{package}'"

    @property
    def advice(self) -> str:
        """What to do about a plugin that cannot be used."""
        if self.local is not None:
            return "Change it and register it again."
        if self.api > API:
            return "Upgrade stylezoo: 'pip install --upgrade stylezoo'."
        return f"Upgrade it, or remove it with 'pip uninstall {self.distribution}'."

    def load(self) -> Any:
        """The component, imported once and checked to be what its kind must be; of a style the path of its file.

        Raises:
            BrokenPlugin: It needs another plugin API, is not what its kind must be, or its import raises anything,
                `SystemExit` included, except Ctrl-C.
        """
        return self._component

    @cached_property
    def _component(self):
        if self.problem:
            raise self.broken(self.problem)
        component = self._imported() if self.local is None else self.local
        if fault := KINDS[self.kind].fault(component):
            raise self.broken(fault)
        return component

    def _imported(self):
        if KINDS[self.kind].suffix:
            if self.file is None:
                raise self.broken(self.missing)
            return self.file
        import entrypoints  # takes 10 ms, which a listing does not need

        try:
            return entrypoints.EntryPoint.from_string(self.target, self.name).load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            reason = " ".join(str(error).split())
            raise self.broken(f"{type(error).__name__}: {reason}" if reason else type(error).__name__) from error

    def broken(self, reason: str) -> BrokenPlugin:
        """The error that names this plugin, its owner and what to do about it."""
        return BrokenPlugin(
            f"The {self.kind} '{self.name}' of {self.owner} ({self.target}) cannot be used: {reason}. {self.advice}",
            reason,
            self,
        )


def plugins(kind: str | None = None) -> list[Plugin]:
    """All plugins that are `chosen`, or those of one kind, in the order of kinds, then by name and distribution."""
    return [plugin for plugin in every(kind) if chosen.are_used(plugin.distribution)]


def every(kind: str | None = None) -> list[Plugin]:
    """As `plugins`, with those that STYLEZOO_PLUGINS leaves out."""
    found = sorted([*_scan()[0], *_registered.values()], key=_place)
    return [plugin for each in KINDS for plugin in found if plugin.kind == each and kind in (None, each)]


def register(kind: str, name: str):
    """A decorator that makes a class or a function a plugin of this Python process, such as one of a notebook.

    Its owner is called "local". It is listed, found, saved and checked as an installed one; a model that was saved
    with it needs it registered again where it is loaded.

    Args:
        kind: generator, discriminator, loss or model.
        name: Its name. A component that was registered before with this name is replaced.

    Raises:
        BadOptions: There is no such kind, or the name is not valid.
        BrokenPlugin: The component is not what its kind must be.

    Examples:
        >>> @stylezoo.register("loss", "tone")
        ... class Tone(stylezoo.ImageLoss):
        ...     def measure(self, source, style, fake):
        ...         return keras.ops.abs(keras.ops.mean(fake) - keras.ops.mean(style))
    """
    kinds = [each.name for each in KINDS.values() if not each.suffix]
    if kind not in kinds:
        raise BadOptions(f"'{kind}' is no kind of plugin that can be registered. There are: {name_all(kinds)}.")
    if not isinstance(name, str) or not re.fullmatch(r"[^/:\s,=]+", name):
        raise BadOptions(f"'{name}' cannot be a plugin's name: take lower-case words joined by dashes: 'soft-glow'.")

    def add(component):
        target = f"{getattr(component, '__module__', '')}:{getattr(component, '__qualname__', name)}"
        plugin = Plugin(kind, name, LOCAL, "", target, Path(), API, component)
        plugin.load()
        _registered[kind, name] = plugin
        return component

    return add


def faults() -> list[str]:
    """One line for each metadata file that mentions stylezoo and cannot be read, or choice of what is not there."""
    found, unread = _scan()
    return [*unread, *chosen.missing(plugin.distribution for plugin in found)]


def find(kind: str, name: str, home: str = "") -> Plugin:
    """The one plugin with a name.

    Args:
        kind: generator, discriminator, loss or model.
        name: "lsgan", or "distribution/lsgan" where several distributions offer it.
        home: The distribution whose own plugin a bare name means first, that of the recipe which uses the name.

    Raises:
        UnknownPlugin: No installed distribution offers it; the message lists what there is.
        PluginConflict: Several do; the message lists their full names.
    """
    known = plugins(kind)
    wanted, _, bare = name.rpartition("/")
    matches = [p for p in known if p.answers_to(name)]
    at_home = [p for p in matches if p.owned_by(home)]
    if len(at_home) == 1 or len(matches) == 1:
        return (at_home or matches)[0]
    if matches:
        raise PluginConflict(
            f"The {kind} '{name}' is offered by {' and by '.join(p.owner for p in matches)}. "
            f"Say which: {' or '.join(p.qualified for p in matches)}."
        )
    if left_out := [p for p in every(kind) if p.answers_to(name)]:
        raise UnknownPlugin(f"The {kind} '{bare}' of {left_out[0].owner} {unchosen(left_out[0].distribution)}.")
    if wanted:
        others = [p.qualified for p in known if p.name == bare]
        if wanted == LOCAL:
            raise UnknownPlugin(f"The {kind} '{bare}' {unregistered(kind, bare)}.")
        if not PROJECT.fullmatch(wanted):
            raise UnknownPlugin(f"'{name}' names no {kind}: no distribution can be called '{wanted}'.")
        rest = f"Installed: {name_all(others)}." if others else f"'pip install {wanted}' may bring it."
        raise UnknownPlugin(f"'{wanted}' is not installed or offers no {kind} '{bare}'. {rest}")
    names = sorted({p.name for p in known})
    raise UnknownPlugin(f"No {kind} is named '{name}'.{did_you_mean(bare, names)} Installed: {name_all(names)}.")


def unchosen(distribution: str) -> str:
    """The end of a sentence about what STYLEZOO_PLUGINS leaves out of a distribution."""
    return f"is left out by the variable {chosen.VARIABLE}: add {distribution} to it, or unset it"


def unregistered(kind: str, name: str) -> str:
    """The end of a sentence about a plugin that `register` made, in a process where it is absent."""
    return (
        "was registered in another Python session: run the code that registers it "
        f"(@stylezoo.register('{kind}', '{name}')) first"
    )


def _scan() -> tuple[list[Plugin], list[str]]:
    """Every plugin on `sys.path`, sorted, and a line for each metadata file that cannot be read.

    One model calls this some thirty times. The result is kept until a folder changes, as when something is installed
    or removed.
    """
    folders = dict.fromkeys(os.path.abspath(each) for each in sys.path)
    return _walk(tuple((folder, _changed(folder)) for folder in folders))


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:  # zip archives, files and missing folders are common on sys.path
        return 0


@lru_cache(maxsize=1)
def _walk(places: tuple[tuple[str, int], ...]) -> tuple[list[Plugin], list[str]]:
    found, faults = [], []
    for folder in _metadata_folders(folder for folder, _ in places):
        try:
            found += _advertised(folder)
        except (configparser.Error, ValueError, OSError) as error:
            file, reason = os.path.join(folder, "entry_points.txt"), " ".join(str(error).split())
            faults.append(printable(f"Skipped {file}, which cannot be read: {reason}"))
    return sorted(found, key=_place), faults


def _place(plugin: Plugin) -> tuple[str, str]:
    return plugin.name, chosen.normalised(plugin.distribution)


def _metadata_folders(places: Iterable[str]) -> list[str]:
    """The metadata folder of each installed distribution: one for each project, even if older installs left others.

    Folders that begin with "~" were left by an interrupted pip.
    """
    rivals = {}
    for order, place in enumerate(places):
        try:
            names = os.listdir(place)
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")) and not name.startswith("~"):
                project, version = _name_and_version(name.rpartition(".")[0])
                rivals.setdefault(chosen.normalised(project), []).append((order, version, os.path.join(place, name)))
    return [(folders[0] if len(folders) == 1 else min(folders, key=_rank))[-1] for folders in rivals.values()]


def _rank(candidate: tuple[int, str, str]) -> tuple:
    """The sort key of the metadata folders of one project; the first one counts.

    `.dist-info` goes before `.egg-info` (a build by-product may lie in the current folder), then the order of
    `sys.path` decides, then the higher version.
    """
    order, version, folder = candidate
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    newest_first = [*(-number for number in numbers), 1]  # 1: the end, so that 1.0.1 goes before 1.0
    return folder.endswith(".egg-info"), order, newest_first, folder


def _name_and_version(stem: str) -> tuple[str, str]:
    """Name and version from a metadata folder's name: "my_loss-1.0" gives "my_loss" and "1.0"."""
    match = re.fullmatch(r"(.+?)-(\d[^-]*)(?:-py[\d.]+)?", stem)
    return match.groups() if match else (stem, "")


def _advertised(folder: str) -> list[Plugin]:
    """The plugins of one distribution, from its `entry_points.txt`."""
    try:
        with open(os.path.join(folder, "entry_points.txt"), "rb") as file:
            content = file.read(LARGEST_TABLE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return []
    if b"stylezoo." not in content:  # most distributions; not parsed, so that their faults do not matter
        return []
    if len(content) > LARGEST_TABLE:
        raise ValueError(f"it has more than {LARGEST_TABLE} bytes")
    tables = configparser.ConfigParser(
        delimiters=("=",), comment_prefixes=("#", ";"), strict=False, interpolation=None, default_section=""
    )
    tables.optionxform = str  # keep the case of names
    tables.read_string(content.decode("utf-8-sig"))
    folder = Path(folder)
    name, version = _project(folder)
    api = _api(tables)
    found = [
        Plugin(kind.name, entry, name, version, printable(" ".join(target.split())), folder, api)
        for kind in KINDS.values()
        if tables.has_section(kind.group)
        for entry, target in tables.items(kind.group)
    ]
    if odd := [plugin.name for plugin in found if plugin.name != printable(plugin.name)]:
        raise ValueError(f"it has the name {odd[0]!a}")
    return found


def _api(tables: configparser.ConfigParser) -> int:
    """The plugin API that a distribution needs; 1 if it names none."""
    versions = list(tables[API_GROUP]) if tables.has_section(API_GROUP) else ["1"]
    return max((int(version) for version in versions if version.isdecimal()), default=0)


def _project(folder: Path) -> tuple[str, str]:
    """Name and version from the distribution's own metadata, else from the name of its folder.

    Raises:
        ValueError: No project can have that name.
    """
    name, version = _name_and_version(folder.stem)
    for file in ("METADATA", "PKG-INFO"):
        if (folder / file).is_file():
            with open(folder / file, "rb") as opened:
                header = opened.read(LARGEST_HEADER).decode(errors="replace").replace("\r\n", "\n").partition("\n\n")[0]
            fields = dict(re.findall(r"^(Name|Version): *(\S+)", header, re.MULTILINE))
            name, version = fields.get("Name", name), fields.get("Version", version)
            break
    if not PROJECT.fullmatch(name):
        raise ValueError(f"no project can be called {name!a}")
    return name, version if VERSION.fullmatch(version) else ""
