"""The layers of a generator that belong to one named style alone."""

import keras

from stylezoo.contract.networks import style_of


def leaves(network):
    """The layers of a network, those of models within it one by one, in an order that depends on its build alone.

    A model with weights of its own, beside those of its layers, counts as one layer; so does one that belongs to one
    style alone.
    """
    inner = network.layers if isinstance(network, keras.Model) and style_of(network) is None else []
    if not inner or sum(len(each.weights) for each in inner) != len(network.weights):
        yield network
        return
    for layer in inner:
        yield from leaves(layer)


def branches(generator):
    """The numbers of the named styles that have layers with weights of their own: a set."""
    return {style_of(layer) for layer in leaves(generator) if layer.weights} - {None}


def freeze(generator, first):
    """Make only those layers trainable that belong to one named style alone, from style number `first` on."""
    for layer in leaves(generator):
        style = style_of(layer)
        layer.trainable = style is not None and style >= first
