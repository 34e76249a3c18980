"""Functions of TensorFlow that Keras lacks; only this module and `devices` import TensorFlow, besides tests.

Networks and losses are written with `keras.ops`. Importing this module takes as long as importing TensorFlow.
"""

import math
import os
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from functools import cache, wraps
from threading import RLock, get_ident

import keras
import numpy as np
import tensorflow as tf

from stylezoo.errors import BadRecipe, StylezooError

if keras.backend.backend() != "tensorflow":
    raise StylezooError(
        f"stylezoo trains with TensorFlow, and Keras runs on {keras.backend.backend()} here: set the environment "
        "variable KERAS_BACKEND=tensorflow before Keras is imported."
    )

# Networks are written for these settings; ~/.keras/keras.json of another project may hold others.
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")

Tape = tf.GradientTape
OUT_OF_MEMORY = (MemoryError, tf.errors.ResourceExhaustedError)
BAD_BATCH = tf.errors.InvalidArgumentError  # how a graph reports a tensor of another shape than it was traced for
BROKEN_BATCH = tf.errors.UnknownError  # how `tf.data` reports an exception in a batch
Event, Records = tf.compat.v1.Event, tf.io.TFRecordWriter  # what TensorBoard reads, and the file it is written to
UNWRITABLE = tf.errors.OpError  # how such a file reports an error of the system
BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # instructions of processors, either of which is fast
NORMALIZED = (tf.float32, tf.bfloat16, tf.float16)  # types of the kernel that normalises
_COUNTING = RLock()


def graph(function: Callable):
    """A function that is traced into a graph; Python's `if` and `for` in it are run while it is traced."""
    return tf.function(function, autograph=False)


def graph_of_each_size(function: Callable):
    """As `graph`, of a function of tensors in many sizes: TensorFlow would warn of the number of its graphs."""
    traced = graph(function)

    @wraps(function)
    def called(*given):
        tensors = [tf.convert_to_tensor(each) for each in given]
        return traced.get_concrete_function(*tensors)(*tensors)

    return called


def tensor_of(shape) -> tf.TensorSpec:
    """A placeholder for a float32 tensor of a shape when a graph is traced."""
    return tf.TensorSpec(shape)


def with_shape(tensor, shape):
    """A tensor with what is not known of its shape replaced by `shape`, which is checked when a graph runs.

    A tensor whose known sizes contradict the shape is returned as it is.
    """
    tensor = tf.convert_to_tensor(tensor)
    return tf.ensure_shape(tensor, shape) if tensor.shape.is_compatible_with(shape) else tensor


def rank(tensor) -> int | None:
    """The number of a tensor's axes; None if a graph does not know it."""
    return tensor.shape.rank


def outside_graphs():
    """A context in which variables can be created while a graph is traced."""
    return tf.init_scope()


class _TooMuch(MemoryError):
    """More is made than `building_at_most` allows; the message says what."""


@contextmanager
def building_at_most(layers: int, numbers: int):
    """A context in which Keras makes at most so many layers, operations included, and so many numbers in their weights.

    Each is counted before its memory is taken, whoever makes it in this thread. Within another one both limits hold.

    Raises:
        BadRecipe: More are asked for, or the memory is full.
    """
    most, made = {"layers": layers, "weights": min(numbers, memory() // 16)}, Counter()  # an optimizer has four of each

    def count(what, amount):
        made[what] += amount
        if made[what] > most[what]:
            raise _TooMuch(f"more than {most[what]:,} {what}")

    try:
        with _counted(count):
            yield
    except OUT_OF_MEMORY as error:
        reason = error if isinstance(error, _TooMuch) else "too much memory"
        raise BadRecipe(f"The networks of this recipe need {reason}. Give their options smaller numbers.") from error


@contextmanager
def _counted(count: Callable[[str, int], None]):
    """A context in which `count` is called for each layer, and with the size of each variable, before it is made.

    Keras has no hook for this: its constructors are replaced meanwhile, in one thread at a time.
    """
    with _COUNTING:
        make_operation, make_variable, mine = keras.Operation.__init__, keras.Variable.__init__, get_ident()

        @wraps(make_operation)
        def operation(self, name=None):
            if get_ident() == mine:
                count("layers", 1)
            make_operation(self, name)

        @wraps(make_variable)
        def variable(self, initializer, shape=None, *args, **options):
            sizes = getattr(initializer, "shape", ()) if shape is None else shape
            if get_ident() == mine:
                count("weights", math.prod(int(each or 0) for each in ([sizes] if isinstance(sizes, int) else sizes)))
            make_variable(self, initializer, shape, *args, **options)

        keras.Operation.__init__, keras.Variable.__init__ = operation, variable
        try:
            yield
        finally:
            keras.Operation.__init__, keras.Variable.__init__ = make_operation, make_variable


def lacks_memory(error: Exception) -> bool:
    """Whether an error of a graph says that the memory is full; that of a constant says so in its own words."""
    return isinstance(error, OUT_OF_MEMORY) or "Cannot parse tensor from proto" in str(error)


def nameless_variables():
    """A context in which TensorFlow gives all variables the same name; Keras' variables have their own beside it.

    It keeps 34 KB for each name for ever, and Keras' names are new ones in every model.
    """
    return tf.variable_creator_scope(lambda create, **options: create(**{**options, "name": "variable/"}))


def memory() -> int:
    """The bytes of this machine's memory; more than any has where it is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return 2**60


def fastest_precision() -> str:
    """The precision in which this machine trains fastest with the same losses.

    On a processor with bfloat16 a step of CycleGAN takes less than half of the time of float32. On a GPU float32 uses
    TF32, and mixed_bfloat16 took longer (127 instead of 105 ms on an NVIDIA H200).
    """
    return "mixed_bfloat16" if not gpus() and BFLOAT16 & processor_flags() else "float32"


def be_deterministic(threads: int, seed: int) -> None:
    """Compute with deterministic operations, each divided among so many threads, whatever the number of cores.

    So sums are added up in the same order on all machines of one kind.

    Args:
        threads: The number of threads of one operation.
        seed: Of random operations that have none.

    Raises:
        BadRecipe: TensorFlow has computed something in this process already, with another number of threads.
    """
    try:
        if tf.config.threading.get_intra_op_parallelism_threads() != threads:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError:
        raise BadRecipe(
            f"A deterministic training, with threads={threads}, must be the first that TensorFlow computes in a "
            "process: start a new one."
        ) from None
    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(seed)


def processor_flags() -> set[str]:
    """What this machine's processor can do, as Linux names it; nothing on other systems."""
    return set(_about_processor("flags").split())


def processor() -> str:
    """The kind of this machine's processor, as Linux names it; "" on other systems."""
    return _about_processor("model name").strip()


def _about_processor(name):
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            return next((line.partition(":")[2] for line in file if line.startswith(name)), "")
    except OSError:
        return ""


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def resized(pictures, sides):
    """Pictures (batch, height, width, n) scaled by bilinear interpolation, of their own type.

    Args:
        pictures: A tensor.
        sides: The new height and width; unlike in `keras.ops.image.resize` they may be tensors.
    """
    return tf.cast(tf.image.resize(pictures, sides), pictures.dtype)


def saved_model(folder) -> Callable[[dict], dict]:
    """The function of a SavedModel, from arrays by the names of inputs to tensors by the names of outputs."""
    loaded = tf.saved_model.load(os.fspath(folder))
    serve = loaded.signatures["serving_default"]

    def run(inputs):
        return serve(**{name: tf.convert_to_tensor(array) for name, array in inputs.items()})

    run.loaded = loaded  # its variables live as long as it does
    return run


def half_precision_of_litert() -> dict:
    """Options with which Keras' export to LiteRT keeps weights in half precision."""
    return {"optimizations": [tf.lite.Optimize.DEFAULT], "target_spec": {"supported_types": [tf.float16]}}


def normalized(features, scale, shift, epsilon, moments=None):
    """Features with mean 0 and variance 1 in each channel, then scaled and shifted, in one kernel forward and backward.

    The statistics are float32 in any precision.

    Args:
        features: (batch, height, width, channels).
        scale: (channels,), float32.
        shift: Likewise.
        epsilon: Added to the variance.
        moments: The mean and the variance (channels,) that are used; None: those over batch, height and width.

    Returns:
        The features, of their own type, and the mean and the unbiased variance that were used or found.
    """
    of_kernel = features if features.dtype in NORMALIZED else tf.cast(features, tf.float32)
    mean, variance = moments or (tf.zeros([0]), tf.zeros([0]))
    found = tf.raw_ops.FusedBatchNormV3(
        x=of_kernel, scale=scale, offset=shift, mean=mean, variance=variance, epsilon=epsilon, is_training=not moments
    )
    return tf.cast(found.y, features.dtype), found.batch_mean, found.batch_variance


def convolution_to_few(pictures, kernel):
    """A convolution without padding and strides, whose gradients are fast for fewer filters than channels.

    For both gradients TensorFlow gathers, on a processor, the patches of all input channels: 49 numbers for each of 64
    channels in the last layer of CycleGAN's generator. Here they are the patches of its three output channels: 9 ms
    each instead of 170 ms for 128 x 128 pixels on two cores.

    Args:
        pictures: (batch, height, width, channels).
        kernel: (height, width, channels, filters).
    """
    pictures, kernel = tf.convert_to_tensor(pictures), tf.convert_to_tensor(kernel)  # no variables
    convolved = _convolution_to_few(pictures.dtype)(pictures, kernel)
    (batch, *sides, _), (*size, _, filters) = pictures.shape, kernel.shape
    convolved.set_shape((batch, *(side and side - less + 1 for side, less in zip(sides, size, strict=True)), filters))
    return convolved


@cache
def _convolution_to_few(dtype):
    """The graph of `convolution_to_few`, traced once for tensors of any size.

    TensorFlow never forgets a gradient that is defined while a graph is traced, nor that graph: here it is this small
    one, not that of each training step and of each size of pictures.
    """
    anything = tf.TensorSpec((None,) * 4, dtype)

    @tf.custom_gradient
    def convolved(pictures, kernel):
        height, width, channels, filters = tf.unstack(tf.shape(kernel))

        def gradients(slope):
            around = tf.pad(slope, [[0, 0], [height - 1] * 2, [width - 1] * 2, [0, 0]])
            of_pictures = tf.nn.conv2d(around, _turned(kernel), 1, "VALID")
            sizes, strides = tf.stack((height, width, filters, channels)), (1, 1, 1, 1)
            turned = tf.raw_ops.Conv2DBackpropFilter(
                input=around, filter_sizes=sizes, out_backprop=pictures, strides=strides, padding="VALID"
            )
            return of_pictures, _turned(turned)

        return tf.nn.conv2d(pictures, kernel, 1, "VALID"), gradients

    return tf.function(convolved, input_signature=(anything, anything), autograph=False)


def _turned(kernel):
    """A kernel turned by 180 degrees, from its outputs to its inputs."""
    return tf.transpose(kernel[::-1, ::-1], [0, 1, 3, 2])


def adam_step(variable, momentum, velocity, gradient, learning_rate, beta_1, beta_2, epsilon, powers) -> None:
    """A step of Adam for one variable, in one kernel.

    Args:
        variable: A variable of TensorFlow.
        momentum: A Keras variable.
        velocity: Likewise.
        gradient: A tensor of the variable's shape and type.
        learning_rate: A scalar tensor.
        beta_1: A number.
        beta_2: Likewise.
        epsilon: Likewise.
        powers: The powers of both betas for this step, scalar tensors.
    """
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle, m=momentum.value.handle, v=velocity.value.handle, beta1_power=powers[0],
        beta2_power=powers[1], lr=learning_rate, beta1=beta_1, beta2=beta_2, epsilon=epsilon, grad=gradient,
    )  # fmt: skip


def finiteness(variables, eagerly: bool = False) -> Callable[[], bool]:
    """A function that says whether all numbers in some Keras variables are finite.

    It adds them up, in one pass without a copy: a sum with NaN or infinity is not finite.

    Args:
        variables: Of any floating types.
        eagerly: Whether it is run without a graph, which takes longer and need not be traced.
    """

    def total():
        return tf.add_n([tf.cast(tf.reduce_sum(each.value), tf.float32) for each in variables])

    total = total if eagerly else graph(total)
    return lambda: math.isfinite(total())


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
