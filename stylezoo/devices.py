"""Several devices and several machines that train one model: what TensorFlow's `tf.distribute` does, in our words.

Each device is a replica: it has a copy of all weights and state, and its share of each batch. After each step the
copies are equal, because gradients are added up over all replicas and all else is computed from the same numbers.
A worker is a process with one or more replicas; the first worker, number 0, is the chief, which alone writes files.
"""

import json
import os
import re
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache

import numpy as np
import tensorflow as tf

from stylezoo import backend, rendezvous
from stylezoo.errors import BadOptions, BadRecipe, BadRun, name_all

AUTO = "auto"  # workers as the environment names them
PORT = 8888  # the first port of workers that Slurm starts
ADDRESS = re.compile(r"[\w.-]+:[0-9]{1,5}", re.ASCII)
LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
)  # how a worker hears that another one is gone


# Choosing devices


def scope(devices: str | None = None, workers: str | None = None, worker: int | None = None) -> AbstractContextManager:
    """A context in which models are built for these devices; without any, for the one that TensorFlow takes.

    With workers it waits until all of them have started.

    Args:
        devices: "all": all GPUs, or the processor where there is none; a number of GPUs; or names such as
            "GPU:0,GPU:1". "CPU:0,CPU:1" divides the processor, for tests.
        workers: The address HOST:PORT of each worker, "auto" for those of the environment, or a list of addresses.
        worker: The number of this worker, from 0.

    Raises:
        BadOptions: There are no such devices or workers, or TensorFlow has begun already.
    """
    if workers is not None and devices is not None:
        raise BadOptions(
            "Give devices or workers: each worker takes all GPUs that it sees, and CUDA_VISIBLE_DEVICES hides some."
        )
    if worker is not None and workers is None:
        raise BadOptions("The number of a worker needs the list of all: --workers HOST:PORT,HOST:PORT.")
    if workers is not None:
        return _scope_of_workers(*addresses(workers, worker))
    names = () if devices is None else tuple(_names(str(devices)))
    return _strategy(names).scope() if names else nullcontext()


def _names(devices):
    """The names of devices, as TensorFlow's strategies take them."""
    gpus = [f"GPU:{i}" for i in range(len(tf.config.list_physical_devices("GPU")))]
    if devices == "all":
        return gpus
    if devices.isdecimal():
        names = [f"GPU:{i}" for i in range(int(devices))]
    else:
        names = [each.strip().upper() for each in devices.split(",")]
    if not names or len({*names}) < len(names) or not all(re.fullmatch("[CG]PU:[0-9]+", each) for each in names):
        raise BadOptions(f"devices is '{devices}'; it is 'all', a number of GPUs, or names such as 'GPU:0,GPU:1'.")
    if missing := [each for each in names if each.startswith("GPU") and each not in gpus]:
        raise BadOptions(f"devices is '{devices}'; TensorFlow sees no {name_all(missing)} here, only {len(gpus)} GPUs.")
    _divide_processor(names)
    return names


def _divide_processor(names):
    """Make as many devices of the processor as are named."""
    cpus = [int(each.partition(":")[2]) for each in names if each.startswith("CPU")]
    if not any(cpus):
        return
    parts = [tf.config.LogicalDeviceConfiguration()] * (max(cpus) + 1)
    try:
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
    except (RuntimeError, ValueError):
        if len(tf.config.list_logical_devices("CPU")) < len(parts):
            raise BadOptions("TensorFlow has begun already; the processor is divided before that.") from None


@cache
def _strategy(names):
    """The strategy of these devices; only one, because the operations of two would be taken for each other."""
    return tf.distribute.MirroredStrategy(names) if len(names) > 1 else tf.distribute.OneDeviceStrategy(names[0])


def addresses(workers: str | list[str], worker: int | None = None) -> tuple[list[str], int]:
    """The addresses of all workers and the number of this one, checked.

    Raises:
        BadOptions: They are missing, or make no sense.
    """
    if workers == AUTO:
        hosts, number = _of_environment()
        worker = number if worker is None else worker
        where = "TF_CONFIG" if os.environ.get("TF_CONFIG") else "the job of Slurm"
    else:
        hosts, where = workers.split(",") if isinstance(workers, str) else list(workers), "workers"
        hosts = [str(each).strip() for each in hosts]
    if odd := [each for each in hosts if not ADDRESS.fullmatch(str(each))]:
        raise BadOptions(f"In {where} '{odd[0]}' is no address of a worker; each is HOST:PORT, such as gpu1:2222.")
    if len({*hosts}) < len(hosts) or not hosts:
        raise BadOptions(f"The addresses of {where} must differ, and there must be one: {name_all(hosts)}.")
    if not isinstance(worker, int) or not 0 <= worker < len(hosts):
        numbers = f"0 to {len(hosts) - 1}, in the order of the addresses"
        raise BadOptions(f"The number of this worker is {worker}; it must be {numbers}: --worker N.")
    return hosts, worker


def _of_environment():
    """The addresses of all workers and the number of this one, from TF_CONFIG or Slurm."""
    if os.environ.get("TF_CONFIG"):
        return _of_config(os.environ["TF_CONFIG"])
    if "SLURM_PROCID" not in os.environ:
        raise BadOptions(
            "The environment names no workers: there is no TF_CONFIG, and this is no step of Slurm (srun). Name them: "
            "--workers HOST:PORT,HOST:PORT --worker N."
        )
    try:
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=int(os.environ.get("STYLEZOO_PORT", PORT)),
            gpus_per_node=10**3,
            gpus_per_task=1,
            auto_set_gpu=False,
        )
        hosts = resolver.cluster_spec().as_dict()["worker"]
    except (RuntimeError, ValueError, AssertionError) as error:
        raise BadOptions(f"The job of Slurm cannot be read: {error}. Start it with srun.") from None
    return hosts, resolver.get_task_info()[1]


def _of_config(text):
    """The same from the text of TF_CONFIG, whose chief becomes the first of the workers."""
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        chiefs, workers = list(cluster.get("chief", ())), list(cluster.get("worker", ()))
        kind, index = task["type"], int(task["index"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadOptions(
            f"TF_CONFIG cannot be read ({type(error).__name__}: {error}). It is JSON: "
            '{"cluster": {"worker": ["HOST:PORT", "HOST:PORT"]}, "task": {"type": "worker", "index": 0}}.'
        ) from None
    if kind not in ("chief", "worker") or {*cluster} - {"chief", "worker"}:
        raise BadOptions(f"TF_CONFIG names {name_all(cluster)} and this is a {kind}; only chief and worker take part.")
    return [*chiefs, *workers], index + (len(chiefs) if kind == "worker" else 0)


@contextmanager
def _scope_of_workers(hosts, worker):
    """A context in which all workers build a model together; that another one is lost is told in one line."""
    strategy = _of_workers(hosts, worker)
    with strategy.scope(), told_in_one_line(strategy, lambda: " Its own message says why."):
        yield


def _of_workers(hosts, worker):
    """The strategy of several workers, once all of them are there."""
    rendezvous.meet(hosts, worker)
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": hosts}, "task": {"type": "worker", "index": worker}})
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        if "program startup" not in str(error):
            raise
        raise BadOptions("TensorFlow has begun already; workers are named before that, in a new process.") from None
    except tf.errors.OpError as error:
        raise BadRun(f"Worker {worker} of {name_all(hosts)} cannot begin: {error.message}") from None
    finally:
        _give_back_signals()


def _give_back_signals():
    """Let SIGTERM end the process again: TensorFlow's server catches it, and does nothing."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM) or signal.SIG_DFL)


# Outside a step


def is_chief(strategy=None) -> bool:
    """Whether this process writes files: it is alone, or the first of the workers."""
    return number_of(strategy) == 0


def workers(strategy=None) -> int:
    """The number of worker processes."""
    resolver = (strategy or tf.distribute.get_strategy()).cluster_resolver
    return len(resolver.cluster_spec().as_dict().get("worker", [0])) if resolver else 1


def number_of(strategy=None) -> int:
    """The number of this worker, from 0."""
    resolver = (strategy or tf.distribute.get_strategy()).cluster_resolver
    return (resolver.task_id or 0) if resolver else 0


def check(recipe) -> None:
    """Check that a recipe can be trained by the replicas of the present scope.

    Raises:
        BadRecipe: It cannot.
    """
    count = replicas()
    if recipe.batch_size % count:
        raise BadRecipe(
            f"batch_size is {recipe.batch_size}; {count} devices share each batch, so it must be a multiple of "
            f"{count}: --set batch_size={-(-recipe.batch_size // count) * count}."
        )


def step_function(model):
    """The function that Keras' `fit` calls for each step of a model with several replicas.

    Keras' own reduces each metric over the workers, which fails for scalars (keras#20585), and takes no
    `steps_per_execution`. Here metrics are equal on all replicas, so that those of the first are right.
    """
    strategy = model.distribute_strategy

    def step(data):
        logs = strategy.run(model.train_step, args=(data,))
        return {name: strategy.experimental_local_results(value)[0] for name, value in logs.items()}

    called = step if model.run_eagerly else tf.function(step, autograph=False, reduce_retracing=True)

    def steps(iterator):
        for _ in range(model.steps_per_execution):
            logs = called(next(iterator))
        return logs

    return steps


def dataset(share: Callable, shapes: list[tuple], start: int, strategy=None):
    """The endless dataset of a training's batches, of which each worker makes the shares of its own replicas only.

    Args:
        share: A function from the number of a batch, that of a replica and the number of replicas to a tuple of float32
            arrays: the share of this replica.
        shapes: The shapes of the arrays of a share.
        start: The number of the first batch.
        strategy: Who trains.
    """
    count = strategy.num_replicas_in_sync if strategy else 1
    if count == 1:
        return backend.numbered_dataset(lambda n: share(n, 0, 1), shapes, start)
    local = count // workers(strategy)
    first = number_of(strategy) * local

    def element(e):  # elements go to the replicas of this worker in turn
        return share(start + int(e) // local, first + int(e) % local, count)

    def own(context):
        made = backend.numbered_dataset(element, shapes)
        # Else workers would ask each other in every step whether there are more batches.
        return made.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))

    return strategy.distribute_datasets_from_function(own)


def of_all_workers(numbers: list[int], strategy) -> np.ndarray:
    """A row of whole numbers from each worker, (workers, numbers), in their order; all workers call it together."""
    mine = np.zeros((workers(strategy), len(numbers)), "int64")
    mine[number_of(strategy)] = numbers
    local = strategy.num_replicas_in_sync // len(mine)
    return _adding(strategy)(tf.constant(mine)).numpy() // local  # each replica of a worker adds the same


@cache
def _adding(strategy):
    """A function that adds up a tensor over all replicas; as a graph, because otherwise TensorFlow warns each time."""

    def added(mine):
        return strategy.reduce("SUM", strategy.run(lambda: mine), axis=None)

    return tf.function(added, autograph=False)


@contextmanager
def told_in_one_line(strategy, advice: Callable[[], str]):
    """A context in which the loss of another worker is a `BadRun` of one line.

    Args:
        strategy: Who trains.
        advice: A function that says how the training is resumed; what it says begins with a space.

    Raises:
        BadRun: Another worker has ended.
    """
    try:
        yield
    except LOST as error:
        is_told = "/job:worker" in str(error)  # an internal error may also be of this worker's own device
        if workers(strategy) == 1 or (isinstance(error, tf.errors.InternalError) and not is_told):
            raise
        named = re.findall(r"/job:worker/replica:\d+/task:(\d+)", str(error))
        gone = {int(each) for each in named} - {number_of(strategy)}
        which = f"Worker {min(gone)}" if len(gone) == 1 else "Another worker"
        raise BadRun(f"{which} was lost, so that this one, {number_of(strategy)}, cannot go on.{advice()}") from error


# Inside a step


def replicas() -> int:
    """How many devices share each batch."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica() -> int:
    """The number of the replica whose step this is, from 0."""
    return int(tf.get_static_value(tf.distribute.get_replica_context().replica_id_in_sync_group))


def in_replica() -> bool:
    """Whether this is the step of one of several replicas."""
    return replicas() > 1 and not tf.distribute.in_cross_replica_context()


def optimizing():
    """A context in which Keras' optimizers update variables.

    They add up the gradients of all replicas, and TensorFlow gives the sum a gradient, by which it keeps the graph of
    the training step and all variables for ever. Where there is one replica nothing is added up.
    """
    return _Alone(tf.distribute.get_strategy(), 0) if replicas() == 1 else nullcontext()


class _Alone(tf.distribute.ReplicaContext):
    """The only replica."""

    def all_reduce(self, reduce_op, value, options=None):
        return value


def mean(value):
    """The mean of a scalar over the replicas: what one device with the whole batch would report."""
    if not in_replica():
        return value
    value = tf.stop_gradient(tf.cast(value, "float32"))
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, value)


def gathered(rows):
    """The rows of all replicas, in their order."""
    return tf.distribute.get_replica_context().all_gather(rows, axis=0) if in_replica() else rows


def own(rows, count):
    """The rows of this replica among those of all: `count` of them."""
    if not in_replica():
        return rows
    return rows[replica() * count :][:count]


def drawn(draw: Callable, count):
    """Random rows for this replica's pictures, of those that one device would draw for the whole batch.

    Args:
        draw: A function from a number of rows to these.
        count: The pictures of this replica.
    """
    return own(draw(count * replicas()), count) if in_replica() else draw(count)


def rows_of(variable, numbers):
    """Rows of a Keras variable, without a copy of the others."""
    return _copy_of(variable).sparse_read(numbers)


def write_rows(variable, numbers, rows) -> None:
    """Replace rows of a Keras variable, without a copy of the others."""
    _copy_of(variable).scatter_update(tf.IndexedSlices(rows, numbers))


def _copy_of(variable):
    """The variable of TensorFlow that belongs to a Keras variable; of several replicas that of the present one."""
    if not in_replica():
        return variable.value
    copies = tf.distribute.get_strategy().experimental_local_results(variable.value)
    return copies[replica() % len(copies)]
