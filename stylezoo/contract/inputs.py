"""The inputs of a network by name, and what a generator's layers show about its styles."""

PARTS = ("content", "style_code", "decoder")  # the models that a generator made of codes holds as layers


def input_names(network):
    """The names of a network's inputs in their order; of a single input, which may have any name, ``["source"]``."""
    return ["source"] if len(network.inputs) == 1 else [each.name for each in network.inputs]


def inputs_of(network, given, seed):
    """The tensors that a network is called with.

    Args:
        network: A Keras model.
        given: A tensor for each name, as far as there is one; None: zeros.
        seed: A number or a `keras.random.SeedGenerator` for an input `noise` that is not given; None: zeros.

    Returns:
        A list in the order of the network's inputs; the source alone for a network with one input.
    """
    from keras import ops

    source = given["source"]
    if len(network.inputs) == 1:
        return source
    tensors = []
    for wanted in network.inputs:
        if wanted.name == "noise" and "noise" not in given:
            tensors.append(normal(wanted, source, seed))
        elif given[wanted.name] is None:
            tensors.append(normal(wanted, source, None))
        else:
            tensors.append(ops.convert_to_tensor(given[wanted.name]))
    return tensors


def normal(wanted, source, seed):
    """Normal random numbers in the shape of an input; open sides are the source's. No seed: zeros."""
    import keras

    from stylezoo import devices

    open_to = (*keras.ops.shape(source)[:3], None)
    count, *shape = [size or other for size, other in zip(wanted.shape, open_to, strict=False)]
    if seed is None:
        return keras.ops.zeros((count, *shape))
    return devices.drawn(lambda rows: keras.random.normal((rows, *shape), seed=seed), count)


def random_code(generator, source, seed=0):
    """Normal random style codes, one for each picture of `source`: (batch, n). For a generator made of codes.

    Examples:
        >>> from stylezoo.contract import random_code
        >>> generator = stylezoo.Spec.parse("munit:filters=4,blocks=1").part("generator").build(shape=(32, 32, 3))
        >>> random_code(generator, np.zeros((2, 32, 32, 3), "float32")).shape
        TensorShape([2, 8])
    """
    return normal(generator.get_layer("decoder").inputs[1], source, seed)


def random_noise(generator, source, seed=0):
    """Normal random numbers for a generator's input `noise`, for each picture of `source`."""
    return normal(noise_input(generator), source, seed)


def picture_input(generator):
    """A generator's input `source`."""
    return generator.inputs[input_names(generator).index("source")]


def channels_of(generator):
    """The channels of the pictures that a generator takes and draws."""
    return picture_input(generator).shape[-1] or generator.outputs[0].shape[-1]


def noise_input(generator):
    """A generator's input `noise`; None: it has none."""
    return next((each for each in generator.inputs if each.name == "noise"), None)


def has_noise_map(generator):
    """Whether a generator has an input of noise for every pixel, of which it can make strokes."""
    wanted = noise_input(generator)
    return wanted is not None and len(wanted.shape) == 4


def made_of_codes(generator):
    """Whether a generator consists of the models `content`, `style_code` and `decoder`."""
    return {*PARTS} <= {layer.name for layer in generator.layers}


def fuses(network):
    """Whether a layer of a network, or of a model in it, mixes styles by their shares: see `stylezoo.scene.mixed`."""
    return any(getattr(layer, "fuses", False) or fuses(layer) for layer in getattr(network, "layers", ()))
