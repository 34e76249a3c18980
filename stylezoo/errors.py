"""The exceptions of stylezoo: each message is one line with what was given, what is possible and what to do.

* StylezooError             a run failed                                          exit code 1
  + BrokenPlugin            a plugin is installed but cannot be imported or used
  + BadPicture              a file is not a picture that can be used
  + BadRun                  a run folder or a model file cannot be used
    + Diverged              a training has come to losses or weights that are no numbers
  + BadWeights              a file of weights cannot be used, or there is none
    + NotDownloaded         weights that Keras downloads could not be downloaded
  + BadExport               a model cannot be written in a format, or draws something else in it
  + MissingExtra            an optional package is needed and not installed
  + UsageError              the caller asked for something that is missing      exit code 2
    + UnknownPlugin         no installed distribution offers that name
    + PluginConflict        several installed distributions offer that name
    + BadOptions            a component was given options that it does not take
    + BadRecipe             the fields or the parts of a recipe do not fit together
    + BadData               a folder or file of pictures is missing, empty or too small
"""

import re

__all__ = [
    "BadData",
    "BadExport",
    "BadOptions",
    "BadPicture",
    "BadRecipe",
    "BadRun",
    "BadWeights",
    "BrokenPlugin",
    "Diverged",
    "MissingExtra",
    "NotDownloaded",
    "PluginConflict",
    "StylezooError",
    "UnknownPlugin",
    "UsageError",
]


LONGEST = 2000  # characters of a message
JOINERS = "\u200c\u200d"  # which Persian, Indian languages and emoji need
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def printable(text):
    """A text on one line, without colours, control characters and those that change the writing direction."""
    if text.isprintable():  # nearly every text: a listing has thousands
        return text.strip()
    spaced = (" " if each.isspace() else each for each in COLOUR.sub("", text))
    return "".join(each for each in spaced if each.isprintable() or each in JOINERS).strip()


class StylezooError(Exception):
    """Base class of all exceptions of stylezoo; `exit_code` is that of the command.

    What files, plugins and users call things is in messages, so every message becomes `printable` here.
    """

    exit_code = 1

    def __init__(self, message=""):
        message = printable(str(message))
        cut = len(message) > LONGEST  # what to do stands at the end
        super().__init__(f"{message[: LONGEST - 500]} ... {message[-400:]}" if cut else message)


class BrokenPlugin(StylezooError):
    """A plugin is installed but cannot be imported, or is not what its kind must be.

    `reason` is the cause without the names and the advice of the whole message, and `plugin` is the plugin.
    """

    def __init__(self, message, reason="", plugin=None):
        super().__init__(message)
        self.reason = printable(reason) or str(self)
        self.plugin = plugin


class BadPicture(StylezooError):
    """A file is not a picture that can be used."""


class BadRun(StylezooError):
    """A run folder or a model file cannot be used."""


class Diverged(BadRun):
    """A training has come to losses or weights that are no numbers."""


class BadWeights(StylezooError):
    """A file of weights cannot be used, or there is none."""


class NotDownloaded(BadWeights):
    """Weights that Keras downloads when they are first used could not be downloaded."""


class BadExport(StylezooError):
    """A model cannot be written in the format of another program, or draws something else in it."""


class MissingExtra(StylezooError):
    """An optional package is needed for this and is not installed."""


class UsageError(StylezooError):
    """The caller asked for something that is missing."""

    exit_code = 2


class UnknownPlugin(UsageError):
    """No installed distribution offers a plugin of that name."""


class PluginConflict(UsageError):
    """Several installed distributions offer a plugin of that name."""


class BadOptions(UsageError):
    """A component was given options that it does not take."""


class BadRecipe(UsageError):
    """The fields or the parts of a recipe do not fit together."""


class BadData(UsageError):
    """A folder or file of pictures is missing, empty or holds too small pictures."""


def did_you_mean(name, known):
    """A hint with the closest known name, or nothing: ``" Did you mean 'lsgan'?"``."""
    from difflib import get_close_matches  # only for an error message: it takes 4 ms, which a listing does not need

    return "".join(f" Did you mean '{close}'?" for close in get_close_matches(name, known, n=1))


def name_all(names, empty="none"):
    """The names for an error message, in order: ``"a, b, c"``."""
    return ", ".join(map(str, names)) or empty
