"""The types of the command's parameters: how they read a word of the command line, and how a shell completes it."""

import os
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from stylezoo.catalogue import registry
from stylezoo.catalogue.kinds import KINDS
from stylezoo.errors import did_you_mean, name_all

PLURALS = {kind.plural: kind.name for kind in KINDS.values()}

MIN_SIDE, MAX_SIDE = 16, 4096  # pixels of pictures that an exported model of one size draws


class Kind(click.ParamType):
    """A kind of plugin, in the plural or the singular."""

    name = "kind"

    def convert(self, value, param, ctx):
        kind = PLURALS.get(value, value)
        if kind not in KINDS:
            self.fail(f"'{value}' is no kind of plugin.{did_you_mean(value, PLURALS)} There are: {name_all(PLURALS)}.")
        return kind

    def shell_complete(self, ctx, param, incomplete):
        return [CompletionItem(name) for name in PLURALS if name.startswith(incomplete)]


class Location(click.Path):
    """A path, where ``~`` is the home folder also if the shell left it there, as in ``--out=~/x.png``.

    An empty one, as a shell makes of a variable that is not set, does not mean the current folder.
    """

    def convert(self, value, param, ctx):
        if not os.fspath(value):
            self.fail("A path is empty.", param, ctx)
        return super().convert(os.path.expanduser(value), param, ctx)


PATH = Location(path_type=Path)


class PluginName(click.ParamType):
    """The name of a plugin, with options where it is a part of a recipe; used for completion only."""

    def __init__(self, kind=None):
        self.kind = kind
        self.name = kind or "name"

    def shell_complete(self, ctx, param, incomplete):
        names = {plugin.name: plugin.owner for plugin in registry.plugins(self.kind)}
        return [CompletionItem(name, help=owner) for name, owner in names.items() if name.startswith(incomplete)]


def other_distributions():
    """The installed distributions that offer plugins, besides stylezoo itself, used or not, sorted."""
    return sorted({plugin.distribution for plugin in registry.every() if plugin.local is None} - {"stylezoo"})


class DistributionName(click.ParamType):
    """The name of one of the `other_distributions`; used for completion only."""

    name = "name"

    def shell_complete(self, ctx, param, incomplete):
        return [CompletionItem(name) for name in other_distributions() if name.startswith(incomplete)]


class ModelName(PluginName):
    """A trained model: the name of a ready-made style, or a path; used for completion only."""

    def __init__(self):
        super().__init__("style")
        self.name = "run"

    def shell_complete(self, ctx, param, incomplete):
        return super().shell_complete(ctx, param, incomplete) or [CompletionItem(incomplete, type="file")]


class PictureSize(click.ParamType):
    """``512``, ``640x360`` (width x height) or ``dynamic``: a pair of height and width, or "dynamic"."""

    name = "pixels|dynamic"

    def convert(self, value, param, ctx):
        if isinstance(value, tuple) or value == "dynamic":
            return value
        sides = value.lower().split("x")
        if len(sides) > 2 or not all(each.isascii() and each.isdecimal() for each in sides):
            self.fail(f"'{value}' is no size: write 512, 640x360 (width x height) or dynamic.", param, ctx)
        width, height = (int(each) for each in (sides * 2)[:2])
        if not all(MIN_SIDE <= side <= MAX_SIDE for side in (width, height)):
            self.fail(f"'{value}' is no size: sides have {MIN_SIDE} to {MAX_SIDE} pixels.", param, ctx)
        return height, width


class Setting(click.ParamType):
    """``name=value``, the value as in Python or in a shell: a pair of the name and the value."""

    name = "name=value"

    def convert(self, value, param, ctx):
        from stylezoo.spec import read_value

        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not equals or not name.strip():
            self.fail(f"'{value}' is not of the form name=value, such as image_size=96.")
        return name.strip(), read_value(text)


class Every(click.ParamType):
    """A number of steps or a time: when checkpoints are written."""

    name = "time|steps"

    def convert(self, value, param, ctx):
        from stylezoo.errors import BadOptions
        from stylezoo.runs.checkpoints import Rhythm

        try:
            return Rhythm.of(value)
        except BadOptions as error:
            self.fail(str(error), param, ctx)


class Steady(click.ParamType):
    """``whole``, ``first`` or a number of seconds: the attribute `steady` of a painter."""

    name = "whole|first|seconds"

    def convert(self, value, param, ctx):
        if value in ("whole", "first") or not isinstance(value, str):
            return {"first": True}.get(value, value)
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0
        if not 0 < seconds < float("inf"):
            self.fail(f"'{value}' is not whole, first or a number of seconds, such as 2.", param, ctx)
        return seconds

    def shell_complete(self, ctx, param, incomplete):
        return [CompletionItem(word) for word in ("whole", "first") if word.startswith(incomplete)]


class WeightedStyle(click.ParamType):
    """``STYLE`` or ``STYLE=WEIGHT``: a pair of the style and its weight, None if none is given."""

    name = "style[=weight]"

    def convert(self, value, param, ctx):
        if isinstance(value, tuple):
            return value
        value = os.path.expanduser(value)
        style, equals, weight = value.rpartition("=")
        if not (equals and style) or os.path.exists(value):
            return value, None
        try:
            return style, float(weight)
        except ValueError:
            return value, None

    def shell_complete(self, ctx, param, incomplete):
        return ModelName().shell_complete(ctx, param, incomplete)


class Mask(click.ParamType):
    """``FILE=STYLE``, where the name of the file may hold a ``=`` as well: a pair of the style and the file."""

    name = "file=style"

    def convert(self, value, param, ctx):
        if isinstance(value, tuple):
            return value
        words = os.path.expanduser(value).split("=")
        splits = [("=".join(words[i:]), "=".join(words[:i])) for i in range(1, len(words))]
        if not splits or not all(splits[0]):
            self.fail(f"'{value}' is not of the form FILE=STYLE, such as sky.png=monet.")
        return next((split for split in splits if os.path.exists(split[1])), splits[0])
