"""Functions of TensorFlow that Keras lacks; the only module of stylezoo that imports TensorFlow, besides tests.

Networks and losses are written with `keras.ops`. Importing this module takes as long as importing TensorFlow.
"""

import math
import os
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from functools import wraps
from threading import RLock

import keras
import numpy as np
import tensorflow as tf

from stylezoo.errors import BadRecipe, StylezooError

if keras.backend.backend() != "tensorflow":
    raise StylezooError(
        f"stylezoo trains with TensorFlow, and Keras runs on {keras.backend.backend()} here: set the environment "
        "variable KERAS_BACKEND=tensorflow before Keras is imported."
    )

Tape = tf.GradientTape
OUT_OF_MEMORY = (MemoryError, tf.errors.ResourceExhaustedError)
_COUNTING = RLock()
BROKEN_BATCH = tf.errors.UnknownError  # how `tf.data` reports an exception in a batch


def branch(condition, yes: Callable, no: Callable) -> None:
    """Call one of two functions, by a tensor that is known only when a graph runs."""

    def called(function):
        function()
        return True  # TensorFlow needs a value from both branches

    tf.cond(condition, lambda: called(yes), lambda: called(no))


def graph(function: Callable):
    """A function that is traced into a graph; Python's `if` and `for` in it are run while it is traced."""
    return tf.function(function, autograph=False)


def tensor_of(shape) -> tf.TensorSpec:
    """A placeholder for a float32 tensor of a shape when a graph is traced."""
    return tf.TensorSpec(shape)


def outside_graphs():
    """A context in which variables can be created while a graph is traced."""
    return tf.init_scope()


@contextmanager
def building_at_most(layers: int, numbers: int):
    """A context in which Keras makes at most so many layers, operations included, and so many numbers in their weights.

    Each is counted before its memory is taken, whoever makes it.

    Raises:
        BadRecipe: More are asked for, or the memory is full.
    """
    most, made = {"layers": layers, "weights": min(numbers, memory() // 16)}, Counter()  # an optimizer has four of each

    def count(what, amount):
        made[what] += amount
        if made[what] > most[what]:
            raise MemoryError(what)

    try:
        with _counted(count):
            yield
    except OUT_OF_MEMORY as error:
        over = [f"more than {most[what]:,} {what}" for what in most if made[what] > most[what]]
        reason = over[0] if over else "too much memory"
        raise BadRecipe(f"The networks of this recipe need {reason}. Give their options smaller numbers.") from error


@contextmanager
def _counted(count: Callable[[str, int], None]):
    """A context in which `count` is called for each layer, and with the size of each variable, before it is made.

    Keras has no hook for this: its constructors are replaced meanwhile, in one thread at a time.
    """
    with _COUNTING:
        make_operation, make_variable = keras.Operation.__init__, keras.Variable.__init__

        @wraps(make_operation)
        def operation(self, name=None):
            count("layers", 1)
            make_operation(self, name)

        @wraps(make_variable)
        def variable(self, initializer, shape=None, *args, **options):
            sizes = getattr(initializer, "shape", ()) if shape is None else shape
            count("weights", math.prod(int(each or 0) for each in ([sizes] if isinstance(sizes, int) else sizes)))
            make_variable(self, initializer, shape, *args, **options)

        keras.Operation.__init__, keras.Variable.__init__ = operation, variable
        try:
            yield
        finally:
            keras.Operation.__init__, keras.Variable.__init__ = make_operation, make_variable


def memory() -> int:
    """The bytes of this machine's memory; more than any has where it is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return 2**60


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def replicas() -> int:
    """How many devices share each batch."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def numbered_dataset(make: Callable, shapes: list[tuple], start: int = 0) -> tf.data.Dataset:
    """An endless dataset of batches, made by their numbers from `start` on, two at a time.

    Args:
        make: A function from a number to a tuple of float32 arrays.
        shapes: The shapes of the arrays.
        start: The number of the first batch.
    """

    def tensors(number):
        batch = tf.numpy_function(make, [number], [tf.float32] * len(shapes))
        return tuple(tf.ensure_shape(array, shape) for array, shape in zip(batch, shapes, strict=True))

    numbers = tf.data.Dataset.range(start, np.iinfo(np.int64).max)
    return numbers.map(tensors, num_parallel_calls=2, deterministic=True).prefetch(2)


def dataset(*arrays, batch_size: int) -> tf.data.Dataset:
    """Arrays as a dataset of batches, in their order."""
    return tf.data.Dataset.from_tensor_slices(arrays).batch(batch_size)


def gpus() -> list[str]:
    """The names of the GPUs that TensorFlow sees."""
    found = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in found]
