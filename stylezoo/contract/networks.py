"""Calls of generators and discriminators, their features and gradients."""

import re

from stylezoo.contract.inputs import input_names, inputs_of, picture_input
from stylezoo.contract.style_inputs import style_input

FEATURE = "feature_"  # the prefix of layers whose outputs are features for losses
BRANCH = re.compile(r"style_(\d+)_")  # the prefix of layers that belong to one style alone


def generate(generator, source, style=None, training=False, seed=0, labels=None, code=None, noise=None):
    """A generator's picture of `source`, float32 in any precision.

    Args:
        generator: A generator's model.
        source: Pictures, (batch, height, width, 3) in [-1, 1].
        style: Likewise, for a generator with this input. None: the source itself.
        training: Whether layers such as dropout behave as in training.
        seed: A number or a `keras.random.SeedGenerator` for the input `noise`; None: the noise is 0.
        labels: The weights of the named styles, (batch, K); None: all 0, which leaves the source as it is.
        code: Style codes, (batch, n), for a generator made of codes, in place of those of `style`.
        noise: The input `noise`; None: drawn with `seed`.

    Examples:
        >>> from stylezoo.contract import generate
        >>> generator = stylezoo.Spec.parse("resnet:filters=4,blocks=1").part("generator").build(shape=(32, 32, 3))
        >>> generate(generator, np.zeros((1, 32, 32, 3), "float32")).shape
        TensorShape([1, 32, 32, 3])
    """
    way = style_input(generator)
    return way.draw(source, way.from_batch(source, style, labels, code), training, seed, noise)


def style_of(layer):
    """The number of the named style that a layer belongs to alone, from 0; None for a layer that all styles share.

    The name decides: ``style_2_convolution`` belongs to the third style.
    """
    named = BRANCH.match(layer.name)
    return int(named[1]) if named else None


def judge(discriminator, picture, source, training=False):
    """A discriminator's logits for `picture`: a list of float32 tensors, one a scale.

    Examples:
        >>> from stylezoo.contract import judge
        >>> part = stylezoo.Spec.parse("patch:filters=4,layers=2").part("discriminator")
        >>> discriminator = part.build(shape=(32, 32, 3))
        >>> pictures = np.zeros((1, 32, 32, 3), "float32")
        >>> [logits.shape[0] for logits in judge(discriminator, pictures, pictures)]
        [1]
    """
    return outputs_of(discriminator, picture, source, training)[0]


def scales(discriminator):
    """The number of scales of a discriminator: the length of the list that `judge` returns.

    Examples:
        >>> from stylezoo.contract import scales
        >>> scales(stylezoo.Spec.parse("multiscale:filters=4").part("discriminator").build(shape=(64, 64, 3)))
        3
    """
    from keras import tree

    output = getattr(discriminator, "output", discriminator.outputs)  # a sequential model has the second only
    return len(tree.flatten(output["logits"] if isinstance(output, dict) else output))


def outputs_of(discriminator, picture, source, training):
    """A discriminator's logits as a list, and its logits of the named styles, None if it has none."""
    from keras import ops, tree

    inputs = [source, picture] if len(discriminator.inputs) == 2 else picture
    output = discriminator(inputs, training=training)
    output = output if isinstance(output, dict) else {"logits": output}
    styles = output.get("styles")
    logits = [ops.cast(each, "float32") for each in tree.flatten(output["logits"])]
    return logits, None if styles is None else ops.cast(styles, "float32")


def fault(network, crop, draws):
    """Why a network cannot be trained on crops, in a clause; "" if it can.

    Args:
        network: A generator or a discriminator.
        crop: The shape of a crop, (height, width, 3).
        draws: Whether it is a generator.
    """
    if not draws and len(network.inputs) > 2:
        return f"it has {len(network.inputs)} inputs; it must have one, a picture, or two, the source and a picture"
    names = input_names(network) if draws else ["source"] * len(network.inputs)
    for name, each in zip(names, network.inputs, strict=True):
        if name in ("source", "style") and not _takes(each, crop):
            return f"its input has the shape {each.shape}; crops of this recipe are {(None, *crop)}"
    output = _output_for(network, crop)
    if draws and getattr(output, "shape", None) != (1, *crop):
        return "its output must be one picture of the source's size"
    if isinstance(output, dict) and "logits" not in output:
        return f"its outputs are called {', '.join(output)}; one must be called logits"
    return ""


def pictures_of(network, draws):
    """The inputs of a network that are pictures, and the output of a generator."""
    if not draws:
        return network.inputs
    return [picture_input(network), *network.outputs[:1]]


def _takes(tensor, crop):
    return len(tensor.shape) == 4 and all(
        mine in (None, side) for mine, side in zip(tensor.shape[1:], crop, strict=True)
    )


def _output_for(network, crop):
    """The symbolic output of a network for one crop."""
    import keras

    given = [
        keras.KerasTensor((1, *(mine or side for mine, side in zip(each.shape[1:], crop, strict=False))), each.dtype)
        for each in network.inputs
    ]
    return applied(network, given)


def applied(network, inputs):
    """The output of a network for a list of its inputs: Keras takes a single one without the list."""
    return network(inputs if len(inputs) > 1 else inputs[0])


def features(network, picture, source=None, training=False):
    """The outputs of a network's layers ``feature_...``: a list of float32 tensors, in the order of the layers.

    Args:
        network: A generator or a discriminator.
        picture: Its input, (batch, height, width, 3); for a generator the source.
        source: The source of `picture`, for a discriminator with two inputs.
        training: Whether layers such as dropout behave as in training.

    Examples:
        >>> from stylezoo.contract import features
        >>> part = stylezoo.Spec.parse("patch:filters=4,layers=2").part("discriminator")
        >>> discriminator = part.build(shape=(32, 32, 3))
        >>> pictures = np.zeros((1, 32, 32, 3), "float32")
        >>> [each.shape[-1] for each in features(discriminator, pictures)]
        [4, 8, 16]
    """
    import keras

    taps = [layer.output for layer in network.layers if layer.name.startswith(FEATURE)]
    if not taps:
        return []
    way, source = style_input(network), picture if source is None else source
    style = way.given(way.from_batch(picture, picture, None, None))
    single = len(network.inputs) == 1
    inputs = picture if single else inputs_of(network, {"source": source, "picture": picture, **style}, None)
    outputs = keras.Model(network.inputs[0] if single else network.inputs, taps)(inputs, training=training)
    return [keras.ops.cast(output, "float32") for output in keras.tree.flatten(outputs)]


def pixel_gradient(discriminator, picture, source, training=False):
    """The gradient of the sum of a discriminator's logits with respect to `picture`: a tensor of its shape.

    For gradient penalties: it can be differentiated again.
    """
    from stylezoo.backend import Tape

    with Tape() as tape:
        tape.watch(picture)
        logits = judge(discriminator, picture, source, training)
    return tape.gradient(logits, picture)


def pixel_slope(discriminator, picture, source, training=False):
    """The L2 norm of `pixel_gradient` for each picture: (batch,).

    Examples:
        >>> from stylezoo.contract import pixel_slope
        >>> part = stylezoo.Spec.parse("patch:filters=4,layers=2").part("discriminator")
        >>> discriminator = part.build(shape=(32, 32, 3))
        >>> pictures = keras.ops.zeros((2, 32, 32, 3))
        >>> pixel_slope(discriminator, pictures, pictures).shape
        TensorShape([2])
    """
    from keras import ops

    gradient = pixel_gradient(discriminator, picture, source, training)
    return ops.sqrt(ops.sum(ops.square(gradient), axis=(1, 2, 3)) + 1e-12)  # the root has no gradient at 0
