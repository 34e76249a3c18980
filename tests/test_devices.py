"""Several devices and several machines train as one does; a lost worker ends the others, and the run is resumed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
from killing import arrays
from test_training import folders_of_noise, wait_for

from stylezoo import devices, rendezvous
from stylezoo.data.batches import Batches
from stylezoo.errors import BadOptions, BadRecipe, BadRun
from stylezoo.recipe import Recipe
from stylezoo.runs import card

SMALL = (
    "transfer", "--set", "generator.filters=2", "--set", "generator.blocks=1", "--discriminator",
    "patch:filters=2,layers=1", "--set", "image_size=16", "--set", "load_size=20", "--set", "batch_size=4", "--set",
    "pool=8", "--precision", "float32",
)  # fmt: skip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return folders_of_noise(tmp_path_factory.mktemp("pictures"))


# Which devices and workers


@pytest.mark.parametrize(
    ("workers", "worker", "message"),
    [
        ("gpu1,gpu2:2222", 0, "'gpu1' is no address of a worker"),
        ("gpu1:2222,gpu1:2222", 0, "must differ"),
        ("gpu1:2222,gpu2:2222", 2, "it must be 0 to 1"),
        ("gpu1:2222,gpu2:2222", None, "number of this worker is None"),
        ("auto", None, "names no workers: there is no TF_CONFIG"),
    ],
)
def test_workers_that_make_no_sense_are_told(workers, worker, message, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(BadOptions, match=message):
        devices.addresses(workers, worker)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ('{"cluster": {"worker": ["a:1"]}}', "KeyError: 'task'"),
        ('{"cluster": {"ps": ["a:1"], "worker": ["b:1"]}, "task": {"type": "worker", "index": 0}}', "only chief and"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 7}}', "number of this worker is 7"),
    ],
)
def test_a_wrong_tf_config_is_one_line(text, message, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(BadOptions, match=message) as caught:
        devices.addresses("auto")
    assert "\n" not in str(caught.value)


def test_the_chief_of_kubernetes_is_the_first_worker(monkeypatch):
    cluster = {"chief": ["c:1"], "worker": ["a:1", "b:1"]}
    for kind, index, number in (("chief", 0, 0), ("worker", 1, 2)):
        monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}}))
        assert devices.addresses("auto") == (["c:1", "a:1", "b:1"], number)


def test_slurm_names_the_workers(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    step = {"STEP_NODELIST": "gpu[01-02]", "STEP_TASKS_PER_NODE": "1(x2)", "STEP_NUM_TASKS": "2", "PROCID": "1"}
    for name, value in step.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert devices.addresses("auto") == (["gpu01:8888", "gpu02:8888"], 1)
    monkeypatch.delenv("SLURM_STEP_NODELIST")
    with pytest.raises(BadOptions, match=r"job of Slurm cannot be read.*srun"):
        devices.addresses("auto")


@pytest.mark.parametrize("given", ["GPU:0,GPU:0", "0", "2", "TPU:1", "GPU:99", ""])
def test_devices_that_are_not_there_are_told(given):
    with pytest.raises(BadOptions, match="devices is"):
        devices.scope(given)


def test_devices_and_workers_are_not_given_together():
    with pytest.raises(BadOptions, match="devices or workers"):
        devices.scope("all", "a:1,b:1", 0)
    with pytest.raises(BadOptions, match="needs the list of all"):
        devices.scope(worker=1)


def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch):
    monkeypatch.setattr(devices, "replicas", lambda: 2)
    with pytest.raises(BadRecipe, match=r"batch_size is 3; 2 devices.*batch_size=4"):
        devices.check(Recipe(batch_size=3))


def test_workers_that_do_not_come_are_named():
    hosts = [f"127.0.0.1:{free_port()}", "gpu2:2222"]
    with pytest.raises(BadRun, match="The worker gpu2:2222 has not begun"):
        rendezvous.meet(hosts, 0, seconds=0.1)
    with pytest.raises(BadRun, match=r"Worker 0 at 127\.0\.0\.1:.* does not answer"):
        rendezvous.meet(hosts, 1, seconds=0.1)
    with socket.create_server(("", 0)) as taken, pytest.raises(BadRun, match="cannot listen on port"):
        rendezvous.meet([f"127.0.0.1:{taken.getsockname()[1]}", "gpu2:2222"], 0)


# Shares of batches


@pytest.mark.parametrize("crops", ["random", "grid"])
def test_the_shares_of_replicas_are_the_batch(crops, pictures):
    recipe = Recipe(image_size=16, load_size=20, batch_size=4, crops=crops, order="discriminator-first:critic_steps=3")
    source = pictures["source"] / "0.png" if crops == "grid" else pictures["source"]
    style = pictures["style"] / "0.png" if crops == "grid" else pictures["style"]
    batches = Batches(recipe, source, style)
    shares = [batches.share(2, replica, 2) for replica in (0, 1)]
    for whole, *halves in zip(batches[2], *shares, strict=True):
        parts = [half.reshape(3, 2, 16, 16, 3) for half in halves]  # part, row
        np.testing.assert_array_equal(np.concatenate(parts, axis=1).reshape(whole.shape), whole)


# Two replicas in one process, of its own: the number of devices is fixed before TensorFlow begins

TWO = """
import sys, warnings
import numpy as np, tensorflow as tf, keras
warnings.simplefilter("error", UserWarning)
from stylezoo import devices
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe

def trained(recipe, pair):
    gan = GAN(recipe)
    gan.compile({player: keras.optimizers.SGD(0.1) for player in ("generator", "discriminator")})
    history = gan.fit(tf.data.Dataset.from_tensor_slices(tuple(pair)).batch(4), shuffle=False, verbose=0).history
    return gan, history

def check(changes, updates, tolerance):
    recipe = Recipe(**{**dict(generator="resnet:filters=2,blocks=1", losses=("lsgan", "identity"), image_size=16,
                              discriminators="patch:filters=2,layers=1,spectral=true"), **changes})
    pair = np.random.default_rng(0).uniform(-1, 1, (2, 4 * updates, 16, 16, 3)).astype("float32")
    with devices.scope("CPU:0,CPU:1"):
        two, means = trained(recipe, pair)
    one, expected = trained(recipe, pair)
    assert int(two.step.numpy()) == updates
    for a, b in zip(one.variables, two.variables, strict=True):
        np.testing.assert_allclose(b.numpy(), a.numpy(), atol=tolerance, err_msg=a.path)
        copies = [each.numpy() for each in two.distribute_strategy.experimental_local_results(b.value)]
        assert len(copies) == 2 and (copies[0] == copies[1]).all(), a.path
    for name, values in expected.items():
        np.testing.assert_allclose(means[name], values, rtol=1e-5, atol=tolerance, err_msg=name)

for name, *case in eval(sys.argv[1]):
    check(*case)
    print(name, "is equal", flush=True)
"""
CASES = [
    ("first", {"average": 0.9}, 1, 1e-6),
    ("pool", {"pool": 6}, 3, 1e-5),  # full after two batches, so that pictures are exchanged
    ("warm-up", {"warmup": "generator-only:losses=['identity']", "steps_per_epoch": 1}, 2, 1e-5),
    ("two-way", {"two_way": True, "pool": 6, "losses": ("lsgan", "cycle")}, 1, 1e-6),
    ("noise", {"generator": "brush:filters=2,blocks=1,length=1"}, 1, 1e-6),
    ("bfloat16", {"precision": "mixed_bfloat16"}, 1, 3e-2),
]  # name, changes of a recipe, updates, tolerance


@pytest.mark.long
def test_two_replicas_train_as_one_device_with_the_whole_batch(python):
    done = python("-c", TWO, repr(CASES), seconds=300)  # all in one process, which has begun once
    assert done.stdout == "".join(f"{name} is equal\n" for name, *_ in CASES), done.stderr[-3000:]


def test_mixed_float16_is_refused(monkeypatch):
    from stylezoo.gan import GAN

    monkeypatch.setattr(devices, "replicas", lambda: 2)
    with pytest.raises(BadRecipe, match="mixed_float16 is not safe on several devices"):
        GAN(Recipe(precision="mixed_float16", image_size=16, generator="resnet:filters=2", discriminators="pixel"))


# Workers: processes of the real command

COMMAND = "from stylezoo.cli import main; from stylezoo.training import callbacks; {}; main()"
OFTEN = ("--checkpoint-every", 1)
BEFORE = "checkpoints/before.weights.h5"  # is there after the first step


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def began(arguments, before=(), change="pass"):
    command = [*before, sys.executable, "-c", COMMAND.format(change), "train", *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


class Workers:
    """Two processes of one command; what is still running at the end is killed."""

    def __init__(self, *arguments, hosts=None, before=((), ()), change="pass"):
        hosts = hosts or [f"127.0.0.1:{free_port()}" for _ in range(2)]
        options = [*arguments, "--workers", ",".join(hosts), "--worker"]
        self.processes = [began([*options, number], before[number], change) for number in range(2)]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for process in self.processes:
            process.kill()
            process.communicate()

    def ended(self, seconds=150):
        """The exit code and the output of each."""
        both = [process.communicate(timeout=seconds) for process in self.processes]
        return [(process.returncode, *texts) for process, texts in zip(self.processes, both, strict=True)]


def check_equal(one, other, tolerance=0.0):
    one, other = arrays(one), arrays(other)
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_allclose(other[name], value, rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.fixture(scope="module")
def whole(pictures, tmp_path_factory):
    """A run of two workers that nothing disturbed, of eight steps."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    with Workers(*SMALL, *options(pictures), "--steps", 8, "-o", folder) as workers:
        for code, _, errors in workers.ended():
            assert code == 0, errors
            assert "Traceback" not in errors
    return folder


def options(pictures):
    return [word for name, folder in pictures.items() for word in (f"--{name}", folder)]


@pytest.mark.long
def test_two_workers_train_as_one_process_with_the_whole_batch(whole, pictures, tmp_path):
    alone = began([*SMALL, *options(pictures), "--steps", 8, "-o", tmp_path / "run"])
    _, errors = alone.communicate(timeout=150)
    assert alone.returncode == 0, errors
    check_equal(tmp_path / "run", whole, 2e-3)  # Adam enlarges rounding errors of gradients near 0
    names = {path.relative_to(whole).as_posix() for path in whole.rglob("*")}
    assert names == {path.relative_to(tmp_path / "run").as_posix() for path in (tmp_path / "run").rglob("*")}
    logs = [np.loadtxt(run / "log.csv", delimiter=",", skiprows=1)[:, 2:] for run in (tmp_path / "run", whole)]
    np.testing.assert_allclose(*logs, rtol=1e-3)


@pytest.mark.long
@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_worker_ends_the_other_in_one_line_and_the_run_is_resumed_exactly(victim, whole, pictures, tmp_path):
    folder = tmp_path / "run"
    with Workers(*SMALL, *options(pictures), "--steps", 8, "-o", folder, *OFTEN, change=SLOW) as workers:
        wait_for((folder / BEFORE).exists, 120)
        workers.processes[victim].kill()
        code, _, errors = workers.ended(60)[1 - victim]
    assert code == 1
    assert f"Error: Worker {victim} was lost" in errors
    assert f"stylezoo train --resume {folder} --workers" in errors
    assert "Traceback" not in errors
    assert not (folder / "result.png").exists()
    with Workers("--resume", folder) as workers:
        assert [code for code, *_ in workers.ended()] == [0, 0]
    check_equal(whole, folder)


# Half a second for the test to kill a worker before the next step
SLOW = "import time; callbacks.Sheets.on_train_batch_begin = lambda *_, **__: time.sleep(0.5)"


@pytest.mark.long
def test_sigterm_on_one_worker_stops_both_after_the_same_step(whole, pictures, tmp_path):
    folder = tmp_path / "run"
    with Workers(*SMALL, *options(pictures), "--steps", 8, "-o", folder, *OFTEN, change=SLOW) as workers:
        wait_for((folder / BEFORE).exists, 120)
        workers.processes[1].send_signal(signal.SIGTERM)
        ended = workers.ended(60)
    assert [code for code, *_ in ended] == [130, 130]
    assert "everything is saved" in ended[0][1]
    assert (folder / "model.keras").is_file()
    with Workers("--resume", folder) as workers:
        assert [code for code, *_ in workers.ended()] == [0, 0]
    check_equal(whole, folder)


@pytest.mark.long
def test_workers_that_train_something_else_are_told(pictures, tmp_path):
    hosts = ",".join(f"127.0.0.1:{free_port()}" for _ in range(2))
    common = [*SMALL, *options(pictures), "-o", tmp_path / "run", "--workers", hosts]
    both = [began([*common, "--seed", 1 + number, "--steps", 2, "--worker", number]) for number in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=120)
        assert "Error: The workers do not have the same recipe" in errors
        assert process.returncode == 1


# The third step has a fault that there is none of after a rollback
FAULTY = (
    "from stylezoo.training import guard; "
    "guard.Guard._fault = lambda self, logs: 'odd.' if self.run.step == 3 and not self.run.card.rollbacks else ''"
)


@pytest.mark.long
def test_workers_go_back_together(pictures, tmp_path):
    folder, how = tmp_path / "run", ("--on-nan", "rollback", *OFTEN)
    with Workers(*SMALL, *options(pictures), "--steps", 4, "-o", folder, *how, change=FAULTY) as workers:
        for code, _, errors in workers.ended():
            assert code == 0, errors
    (said,) = card.read(folder).rollbacks
    assert said == "Step 3: odd. Back to step 2, and on with half the learning rate, 0.0001."
    assert Recipe.read(folder / "recipe.json").optimizer.options == {"learning_rate": 1e-4}


@pytest.fixture
def two_hosts():
    """Two network namespaces with a cable between them, as words before a command."""
    names = [f"sz{os.getpid()}{letter}" for letter in "ab"]

    def ip(*words):
        subprocess.run(["ip", *words], check=True, capture_output=True)

    try:
        for name in names:
            ip("netns", "add", name)
        ip("link", "add", "sz0", "netns", names[0], "type", "veth", "peer", "name", "sz0", "netns", names[1])
        for number, name in enumerate(names, start=1):
            ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", "sz0")
            for link in ("lo", "sz0"):
                ip("-n", name, "link", "set", link, "up")
        yield [("ip", "netns", "exec", name) for name in names]
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespaces here: {getattr(error, 'stderr', error)}")
    finally:
        if shutil.which("ip"):
            for name in names:
                subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@pytest.mark.long
def test_two_hosts_train_as_two_processes_do(two_hosts, whole, pictures, tmp_path):
    hosts, folder = ["10.77.0.1:2222", "10.77.0.2:2222"], tmp_path / "run"
    arguments = (*SMALL, *options(pictures), "--steps", 8, "-o", folder)
    with Workers(*arguments, hosts=hosts, before=two_hosts) as workers:
        for code, _, errors in workers.ended():
            assert code == 0, errors
    check_equal(whole, folder)
