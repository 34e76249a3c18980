"""What several test files share: distributions of strangers, and Python in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

THIRD_PARTY = Path(__file__).parent / "third_party"


@pytest.fixture
def third_party(monkeypatch):
    """Installs the distributions of folders of ``tests/third_party``, the first in front: ``third_party("acme")``."""
    before = set(sys.modules)

    def install(*names):
        for name in reversed(names):
            monkeypatch.syspath_prepend(str(THIRD_PARTY / name))

    yield install
    for name in set(sys.modules) - before:
        if name.startswith(("acme_", "rival_")):
            del sys.modules[name]


@pytest.fixture
def python():
    """Runs Python in a process of its own, with distributions of ``tests/third_party`` installed."""

    def run(*arguments, installed=(), **environment):
        folders = os.pathsep.join(str(THIRD_PARTY / name) for name in installed)
        return subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "PYTHONPATH": folders, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
