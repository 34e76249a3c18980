"""The program that installs distributions into the environment of this Python: pip, or uv where uv manages it."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from stylezoo.errors import StylezooError

SETTINGS = "pyvenv.cfg"  # of a virtual environment
RECEIPT = "uv-receipt.toml"  # of a program that `uv tool install` installed
CACHED = ("archive-v", "environments-v")  # folders in the cache of uv, where `uvx` makes environments


def command(verb: str, words: Sequence[str]) -> list[str]:
    """The command that installs or uninstalls something here.

    Args:
        verb: "install" or "uninstall".
        words: What, and options that pip and uv have in common.

    Raises:
        StylezooError: There is no program for it, or the environment lasts only as long as this command.
    """
    from shutil import which  # takes time that looking does not need

    if _is_temporary():
        raise StylezooError(
            "uvx has made this environment for one command: name the plugins in it, 'uvx --with NAME stylezoo', or "
            "install stylezoo with 'uv tool install stylezoo'."
        )
    uv, has_pip = which("uv"), find_spec("pip") is not None
    if uv and (_is_of_uv() or not has_pip):
        return [uv, "pip", verb, "--python", sys.executable, *words]
    if not has_pip:
        raise StylezooError(
            f"This environment has no pip, and uv is not on the PATH: '{sys.executable} -m ensurepip' brings pip."
        )
    return [sys.executable, "-m", "pip", verb, *(["--yes"] if verb == "uninstall" else []), *words]


def run(words: Sequence[str]) -> None:
    """Run a command of `command`, which prints what it does.

    Raises:
        StylezooError: It fails.
    """
    import subprocess

    sys.stdout.flush()
    code = subprocess.run(words, stdin=subprocess.DEVNULL, check=False).returncode
    if code:
        program = "uv" if "--python" in words else "pip"
        raise StylezooError(f"{program} has failed with exit code {code}; what it said stands above.")


def kept_by(name: str) -> str:
    """What must be run so that a distribution outlasts upgrades of stylezoo, "" if nothing."""
    is_tool = os.path.isfile(os.path.join(sys.prefix, RECEIPT))
    return f"uv tool install stylezoo --with {name}" if is_tool else ""


def _is_of_uv():
    try:
        lines = Path(sys.prefix, SETTINGS).read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return any(line.partition("=")[0].strip() == "uv" for line in lines)


def _is_temporary():
    return _is_of_uv() and any(part.startswith(CACHED) for part in Path(sys.prefix).parts)
