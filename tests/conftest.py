"""What several test files share: distributions of strangers, and Python in a process of its own."""

import gc
import os
import signal
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
import stylezoo_builtins
from chromium import PROGRAM, opened

import stylezoo

THIRD_PARTY = Path(__file__).parent / "third_party"


@pytest.fixture(scope="session", autouse=True)
def eager():
    """Lets every model `fit` eagerly, which saves the seconds of tracing a graph: a test of the graph is marked so."""
    import keras

    eagerly = SimpleNamespace(on=True)
    with pytest.MonkeyPatch.context() as patch:
        read, write = keras.Model.run_eagerly.fget, keras.Model.run_eagerly.fset
        patch.setattr(keras.Model, "run_eagerly", property(lambda model: eagerly.on or read(model), write))
        yield eagerly


@pytest.fixture(scope="session", autouse=True)
def heard():
    """Signals do what they do in a terminal, also where nohup or a job in the background has them ignored."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    for number, handler in usual.items():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(scope="session", autouse=True)
def exact():
    """All machines compute in float32: a GPU without TF32, which has 10 bits, and a processor that has bfloat16."""
    import tensorflow as tf

    from stylezoo import backend

    tf.config.experimental.enable_tensor_float_32_execution(False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend, "fastest_precision", lambda: "float32")
        yield


@pytest.fixture(scope="session", autouse=True)
def frugal(eager):
    """Saves a third of the time of tests that build, save and load models; what they do stays as it is."""
    from keras.src.saving import saving_lib

    gc.collect()
    gc.freeze()  # the modules of TensorFlow are half a million objects, and none of them becomes garbage
    gc.set_threshold(50_000, 50, 50)
    with pytest.MonkeyPatch.context() as patch:
        # Keras 3.15 looks for what it keeps there under another name, and makes a layer or optimizer anew each time.
        patch.setattr(saving_lib, "get_attr_skipset", cache(saving_lib.get_attr_skipset))
        yield


@pytest.fixture(autouse=True)
def graph(request, eager, monkeypatch):
    """In a test that is marked `graph`, `fit` traces a graph as it does for users."""
    monkeypatch.setattr(eager, "on", request.node.get_closest_marker("graph") is None)


@pytest.fixture(scope="module")
def read_once():
    """Each model file is read once and its graphs are made once, for a module whose tests train no model they read."""
    from stylezoo.runs import loading

    def keeping(read):
        models = {}

        def kept(file):
            state = os.stat(file)
            key = (str(file), state.st_mtime_ns, state.st_size)
            if key not in models:
                models[key] = read(file)
            return models[key]

        return kept

    with pytest.MonkeyPatch.context() as patch:
        for name in ("built", "drawing"):
            patch.setattr(loading, name, keeping(getattr(loading, name)))
        yield


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

    def run(*arguments, installed=(), cwd=None, seconds=120, **environment):
        folders = os.pathsep.join(str(THIRD_PARTY / name) for name in installed)
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": folders, **environment},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A page in a headless Chromium."""
    if PROGRAM is None:
        pytest.skip("there is no Chromium")
    with opened(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def silent(browser):
    """The browser, if nothing was asked for and nothing was complained of in a test."""
    browser.requests.clear()
    browser.complaints.clear()
    yield browser
    assert browser.complaints == []
    assert {each.partition(":")[0] for each in browser.requests} <= {"file", "data"}
    assert {each.rpartition("/")[2] for each in browser.requests if each.startswith("file:")} <= {
        "report.html",
        "compare.html",
    }


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """A virtual environment of its own for real installs: beside what is installed here it has what a test installs."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    here = [
        sysconfig.get_path("purelib"),
        *(str(Path(each.__file__).parents[1]) for each in (stylezoo, stylezoo_builtins)),
    ]
    site.joinpath("here.pth").write_text("\n".join(here))
    return Environment(folder / "bin" / "python")


class Environment:
    """A Python with plugins of its own."""

    def __init__(self, python):
        self.path = python

    def pip(self, *words):
        """Run pip for this environment, as it is used without a network."""
        offline = ["--no-deps", "--no-build-isolation", "--no-index"] if words[0] == "install" else ["--yes"]
        command = [sys.executable, "-m", "pip", "--quiet", "--python", self.path, words[0], *offline, *words[1:]]
        subprocess.run(command, check=True, capture_output=True, text=True)

    def python(self, *words, cwd=None, **environment):
        """Run Python in a folder: what came of it."""
        return subprocess.run(
            [self.path, *map(str, words)],
            cwd=cwd,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def stylezoo(self, *words, **environment):
        """Run the command `stylezoo`."""
        return self.python("-m", "stylezoo", *words, **environment)
