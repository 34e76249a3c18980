"""What other systems lack or do otherwise, as far as Linux can show it: Windows, macOS, terminals without UTF-8."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import stylezoo_builtins
from PIL import Image

import stylezoo
from stylezoo.app import server
from stylezoo.catalogue import registry, scaffolding
from stylezoo.errors import BadOptions, BadRun
from stylezoo.files import atomic
from stylezoo.pictures import targets
from stylezoo.runs.folder import LOCKED, RunFolder

PACKAGES = [Path(each.__file__).parent for each in (stylezoo, stylezoo_builtins)]

# What Windows, or macOS, does not have (https://docs.python.org/3/library/os.html and .../signal.html).
POSIX = {
    "os": "chown fork forkpty fchown fdatasync fstatvfs getgid getgroups getloadavg getpgid getpgrp getsid getuid "
    "geteuid killpg lchown lockf mkfifo mknod nice openpty pipe2 posix_fadvise pread pwrite sched_getaffinity "
    "sched_setaffinity setsid setpgid setuid statvfs sync sysconf tcgetpgrp ttyname uname wait3 wait4 waitid",
    "signal": "SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2 SIGWINCH alarm "
    "pause pthread_kill pthread_sigmask setitimer sigpending sigtimedwait sigwait siginterrupt",
}  # fmt: skip
MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "msvcrt", "winreg")


def lacking(tree):
    """What stands in a tree that other systems lack: functions of os and signal, and modules."""
    for node in ast.walk(tree):
        module = node.value.id if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""
        if module in POSIX and node.attr in POSIX[module].split():
            yield f"{module}.{node.attr}"
        if isinstance(node, ast.Import):
            yield from {alias.name for alias in node.names} & {"multiprocessing", *MODULES}


def test_what_windows_and_macos_lack_is_asked_for_before_it_is_used():
    """In the same function, by `hasattr` or in a `try`. Modules start no processes with what others cannot pickle."""
    for file in (file for package in PACKAGES for file in package.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        careful = {
            found
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
            and re.search(r"hasattr\(|AttributeError|ImportError", ast.unparse(node))
            for found in lacking(node)
        }
        assert {*lacking(tree)} <= careful, file


ELSEWHERE = f"""
import importlib, os, signal, sys, warnings
import keras, tensorflow, numpy, PIL.Image, av, huggingface_hub, uvicorn, starlette.applications  # they have other code
import asyncio, concurrent.futures, shutil, socket, subprocess, tempfile
for name, absent in {POSIX}.items():
    for each in absent.split():
        if hasattr(sys.modules[name], each):
            delattr(sys.modules[name], each)
for name in {MODULES}:
    sys.modules[name] = None  # an ImportError
warnings.filterwarnings("error", category=EncodingWarning, module="stylezoo")
for package in {[str(each) for each in PACKAGES]}:
    top = os.path.dirname(package)
    for here, _, files in os.walk(package):
        for file in files:
            if file.endswith(".py") and file not in ("__main__.py", "mkdocs.py"):
                importlib.import_module(os.path.relpath(os.path.join(here, file), top)[:-3].replace(os.sep, "."))
from stylezoo.cli import main
small = "image_size=32 load_size=40 generator.filters=2 generator.blocks=1 generator.length=1 steps=2".split()
for words in (
    ["list", "styles"],
    ["train", "--source", "\\u732b.png", "--style", "\\u5343\\u91cc.png", *(f"--set={{each}}" for each in small),
     "--discriminator", "patch:filters=2,layers=1", "--license", "CC0-1.0", "-o", "\\u8dd1"],
    ["train", "--resume", "\\u8dd1", "--steps", "3"],
    ["stylize", "\\u732b.png", "--model", "\\u8dd1", "-o", "\\u753b.png"],
    ["evaluate", "\\u8dd1", "--size", "64"],
    ["show", "\\u8dd1"],
    ["new", "style", "ink", "--from", "\\u8dd1", "--learned-from", "a painting", "-o", "\\u58a8"],
):
    main(words, standalone_mode=False)
"""


@pytest.mark.long
def test_a_run_and_its_pictures_where_posix_and_utf8_are_absent(tmp_path):
    """Every module is imported, and what reads and writes files says its encoding: it is cp1252 on most Windows."""
    for seed, name in enumerate(("猫.png", "千里.png")):
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (48, 64, 3), "uint8")).save(tmp_path / name)
    # File names have their own encoding, which is always UTF-8 on Windows and macOS.
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, "-X", "warn_default_encoding", "-c", ELSEWHERE]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode("cp1252")[-3000:]
    assert (tmp_path / "墨" / "stylezoo_ink" / "ink.keras").is_file()
    assert b"\\u753b.png" in done.stdout


def test_what_a_pipe_cannot_spell_is_spelled_as_in_python(python, tmp_path):
    """As on Windows; where a terminal has no language at all, click writes UTF-8."""
    metadata = tmp_path / "acme_ink-1.0.dist-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_text("[stylezoo.losses]\nink = acme_ink:Ink\n", encoding="utf-8")
    (tmp_path / "acme_ink.py").write_text('class Ink:\n    """Ink, 墨."""\n', encoding="utf-8")
    done = python("-m", "stylezoo", "list", "losses", "ink", PYTHONPATH=str(tmp_path), PYTHONIOENCODING="cp1252")
    assert done.returncode == 0, done.stderr
    assert "  ink  Ink, \\u58a8." in done.stdout


# Files


def is_allowed(name):
    """Whether a file can have this name on Windows."""
    stem = name.partition(".")[0]
    reserved = re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", stem)
    return not (reserved or re.search(r'[<>:"/\\|?*\x00-\x1f]|[. ]$', name))


def test_every_file_can_lie_on_any_file_system():
    """Those of a run and of the packages, the folders of runs, and what is made of the names of plugins."""
    packed = [file.relative_to(package).as_posix() for package in PACKAGES for file in package.rglob("*.*")]
    made = [content.name.rstrip("/") for content in RunFolder.CONTENTS]
    runs = [RunFolder.new(plugin.name, "").path.name for plugin in registry.plugins("model")]
    written = [scaffolding.place(plugin.name).as_posix() for plugin in registry.plugins("style")]
    for path in (*packed, *made, *runs, *written):
        assert all(map(is_allowed, path.split("/"))), path
        assert len(path) < 100  # Windows allows 260 characters, with the folders before it
    assert len({path.casefold() for path in packed}) == len(set(packed))


@pytest.mark.parametrize("name", ["con", "nul", "com1"])
def test_a_new_plugin_gets_no_name_that_windows_keeps_for_devices(tmp_path, name):
    with pytest.raises(BadOptions, match=f"'{name}' cannot be a plugin's name: Windows"):
        scaffolding.new("loss", name, tmp_path / "new")


def test_where_case_does_not_matter_results_are_kept_apart(tmp_path, monkeypatch):
    pictures = [tmp_path / name for name in ("Sea.jpg", "sea.png")]
    for each in pictures:
        each.touch()
    assert [each.name for each in targets.targets(pictures).values()] == ["Sea-stylized.png", "sea-stylized.png"]
    monkeypatch.setattr(targets, "FOLDED", True)
    assert [each.name for each in targets.targets(pictures).values()] == ["Sea.jpg-stylized.png", "sea-stylized.png"]


@pytest.mark.parametrize("readings", [2, 100])
def test_a_file_that_is_read_is_replaced_a_moment_later(tmp_path, monkeypatch, readings):
    """Windows refuses to replace an open file, such as a model that somebody loads while it is trained."""
    new, old, waited = str(tmp_path / "new"), str(tmp_path / "old"), []
    for file in (new, old):
        Path(file).write_text(file, encoding="utf-8")
    move = os.replace

    def refusing(source, target):
        if len(waited) < readings:
            raise PermissionError(13, "Access is denied")
        move(source, target)

    monkeypatch.setattr(atomic.time, "sleep", waited.append)
    monkeypatch.setattr(atomic.os, "replace", refusing)
    with monkeypatch.context() as windows:
        windows.setattr(atomic.os, "name", "nt")
        if readings > len(atomic.WAITS):
            with pytest.raises(PermissionError):
                atomic.replace(new, old)
        else:
            atomic.replace(new, old)
    assert len(waited) == min(readings, len(atomic.WAITS))


# Locks and ports


def test_a_folder_is_locked_without_fcntl(tmp_path, monkeypatch):
    """On Windows a byte is locked that nobody reads; who has the lock can be read."""
    locked = set()

    def locking(descriptor, mode, size):
        assert (mode, size) == (2, 1)
        place = os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR)
        if place in locked:
            raise PermissionError(13, "Permission denied")
        locked.add(place)

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK=2, locking=locking))
    folder = RunFolder(tmp_path / "run")
    with folder.lock():
        assert {offset for _, offset in locked} == {LOCKED}
        said = rf"is being written by another training, process {os.getpid()} on "
        with pytest.raises(BadRun, match=said), RunFolder(folder).lock():
            pass
        folder.write_text(RunFolder.LOG, "whole")
        assert (folder / RunFolder.LOCK).stat().st_size < 100  # nothing is written where the lock is


def test_a_port_in_use_is_passed_over_also_where_an_option_would_take_it(monkeypatch):
    monkeypatch.setattr(server.os, "name", "nt")
    first = server.listening("127.0.0.1", 0, only=True)
    port = first.getsockname()[1]
    second = server.listening("127.0.0.1", port, only=False)
    with first, second:
        assert second.getsockname()[1] > port
        assert not second.getsockopt(server.socket.SOL_SOCKET, server.socket.SO_REUSEADDR)
