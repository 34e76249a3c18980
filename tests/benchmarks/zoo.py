"""stylezoo's side of the benchmarks, and the ceilings of the machine as TensorFlow reaches them."""

import math
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from stylezoo import backend
from stylezoo.contract import features
from stylezoo.contract.networks import applied
from stylezoo.data.batches import Batches
from stylezoo.features import BLOCKS, WIDTHS, vgg19
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from tests.benchmarks.worker import Work

VGG_DEPTH = sum(BLOCKS[:3]) + 1  # convolutions up to relu4_1
DECODED_SIDE = 512  # of the JPEGs that a pipeline reads


def prepare(job):
    """The work that a job names: see `sections`."""
    works = {"step": step, "stylize": stylize, "pipeline": pipeline, "ceiling": ceiling}
    return works[job["work"]](job)


# A training step


def step(job):
    """Steps of a recipe as `fit` makes them, from a batch in memory."""
    folder = tempfile.mkdtemp()
    recipe = recipe_of(job, folder)
    gan = GAN(recipe)
    gan.make_train_function()
    batches = iter(tf.data.Dataset.from_tensors(batch_of(gan)).repeat().prefetch(2))

    def run(calls):
        for _ in range(calls):
            logs = gan.train_function(batches)
        float(logs["generator"])  # waits for the last step

    facts = {"weights": weights_of(gan), "networks": networks_of(gan)}
    return Work(run, gan.steps_per_execution, facts, device_memory)


def recipe_of(job, folder):
    """The recipe of a job, with changes and a precision; a recipe with a VGG-19 gets one of random weights."""
    recipe = Recipe.named(job["model"], precision=job["precision"], **_tuples(job.get("changes", {})))
    if recipe.vgg is None and job["model"].startswith("adain"):
        recipe = recipe.changed(vgg=str(random_vgg(Path(folder) / "vgg.npz")))
    return recipe


def _tuples(changes):
    return {name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()}


def random_vgg(path):
    """A file of VGG-19 up to relu4_1 with random weights, as large as the real one."""
    random, before, arrays = np.random.default_rng(0), 3, {}
    widths = [width for width, count in zip(WIDTHS, BLOCKS, strict=True) for _ in range(count)][:VGG_DEPTH]
    for number, width in enumerate(widths):
        scale = math.sqrt(2 / (9 * before))
        arrays[f"{number}.kernel"] = (scale * random.standard_normal((3, 3, before, width))).astype("float32")
        arrays[f"{number}.bias"] = np.zeros(width, "float32")
        before = width
    np.savez(path, **arrays)
    return path


def batch_of(gan):
    """Random pictures for one step."""
    recipe, random = gan.recipe, np.random.default_rng(0)
    count = recipe.batch_size * gan.plan.order.batches
    shape = (count, recipe.image_size, recipe.image_size, 3)
    pictures = [random.uniform(-1, 1, shape).astype("float32") for _ in range(2)]
    styles = len(gan.plan.styles or ())
    labels = [np.eye(styles, dtype="float32")[np.arange(count) % styles]] if gan.plan.data.labelled else []
    return tuple(tf.constant(each) for each in [*pictures, *labels])


def weights_of(gan):
    """The number of trained weights of each player."""
    return {player: sum(math.prod(v.shape) for v in gan.variables_of(player)) for player in gan.players}


# Operations of one forward pass


def networks_of(gan):
    """The operations of one forward pass of each network for one picture: see `flops`."""
    side, generator = gan.recipe.image_size, gan.generator
    found = {"generator": operations(generator, side)}
    found["discriminator"] = sum(operations(each, side) for each in gan.discriminators)
    for loss in [loss for _, _, loss in gan.terms if loss.layers]:  # PatchNCE: outputs of the generator's first half
        found["encoder"] = of_graph(lambda picture: features(generator, picture), [(1, side, side, 3)])
        found["heads"] = sum(of_graph(head, [(1, loss.patches, head.input_shape[-1])]) for head in loss.layers)
        found["products"] = 2 * loss.patches**2 * loss.units * len(loss.layers)
    if gan.recipe.vgg:
        found["encoder"] = operations(vgg19(gan.recipe.vgg, ("relu4_1",)), side)
        found["decoder"] = found.pop("generator") - 2 * found["encoder"]
    return found


def operations(network, side):
    """The operations of one forward pass of a network for one picture of this side."""
    shapes = [(1, *(size or side for size in each.shape[1:3]), *each.shape[3:]) for each in network.inputs]
    return of_graph(lambda *inputs: applied(network, list(inputs)), shapes)


def of_graph(function, shapes):
    """The operations of all convolutions and matrix products in the graph of a function of tensors."""
    specs = [tf.TensorSpec(shape) for shape in shapes]
    graph = tf.function(function, autograph=False).get_concrete_function(*specs).graph
    return sum(_operations(node) for node in graph.get_operations())


def _operations(node):
    match node.type:
        case "Conv2D" | "PartitionedCall" | "DepthwiseConv2dNative":  # the second is `convolution_to_few`
            kernel = node.inputs[1].shape
            taps = kernel[:2] if node.type == "DepthwiseConv2dNative" else kernel[:3]
            return 2 * math.prod(node.outputs[0].shape) * math.prod(taps)
        case "Conv2DBackpropInput":  # a transposed convolution: each number of its input meets the whole kernel
            return 2 * math.prod(node.inputs[2].shape) * math.prod(node.inputs[1].shape[:3])
        case "MatMul" | "BatchMatMulV2":
            return 2 * math.prod(node.outputs[0].shape) * node.inputs[0].shape[-1]
    return 0


# Other work


def stylize(job):
    """One picture redrawn from array to array, by the published generator of a recipe."""
    recipe, side = recipe_of(job, None), job["side"]
    gan = GAN(recipe)
    picture = np.random.default_rng(0).uniform(-1, 1, (side, side, 3)).astype("float32")

    def run(pictures):
        for _ in range(pictures):
            gan.stylize(picture, tile=job["tile"])

    facts = {
        "weights": {"generator": sum(math.prod(v.shape) for v in gan.generator.trainable_variables)},
        "networks": {"generator": operations(gan.generator, side)},
    }
    return Work(run, facts=facts, device_memory=device_memory)


def pipeline(job):
    """Batches of a training with the default crops of its recipe."""
    recipe, random, count = recipe_of(job, None), np.random.default_rng(0), job["files"]
    side = DECODED_SIDE
    folders = [Path(tempfile.mkdtemp()) for _ in range(2)]
    for folder in folders:
        for number in range(count):
            coarse = Image.fromarray(random.integers(0, 256, (side // 8, side // 8, 3), "uint8"))
            coarse.resize((side, side), Image.Resampling.BICUBIC).save(folder / f"{number}.jpg", quality=90)
    batches = Batches(recipe, *map(str, folders))
    if not job["kept"]:  # as if there were more pictures than are kept in memory
        for pictures in (batches.source, *batches.styles.values()):
            pictures._kept.clear()
    stream = iter(batches.dataset())

    def run(steps):
        for _ in range(steps):
            next(stream)

    return Work(run, 2 * recipe.batch_size, {"note": f"2 x {count} JPEGs of {side} px"})


def ceiling(job):
    """A product of two square matrices: the most operations a second that can be hoped for."""
    side, precision = job["side"], job["precision"]
    tf.config.experimental.enable_tensor_float_32_execution(precision == "tensorfloat32")
    matrix = tf.cast(tf.random.normal((side, side)), "bfloat16" if precision == "mixed_bfloat16" else "float32")
    product = tf.function(lambda: tf.matmul(matrix, matrix))

    def run(products):
        for _ in range(products):
            result = product()
        result[0, 0].numpy()  # waits for the last

    machine = {"gpus": backend.gpus(), "cores": backend.cores(), "flags": sorted(backend.processor_flags())}
    versions = {"tensorflow": tf.__version__, "keras": keras.__version__}
    about = {"networks": {"product": 2 * side**3}, "note": f"{side} x {side}"}
    return Work(run, facts={**about, **machine, **versions})


def device_memory():
    """The most bytes that TensorFlow used on the GPU; 0 without one."""
    return tf.config.experimental.get_memory_info("GPU:0")["peak"] if tf.config.list_physical_devices("GPU") else 0
