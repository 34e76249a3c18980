"""What `GAN.summary` prints: the networks of a model by their role."""

import math

HEAD = ("Role", "Network", "Output", "Weights", "Trainable")


def roles(gan):
    """The networks of a model by their roles: "generator", "discriminator", "discriminator 2" ..."""
    found = {"generator": [gan.generator], "inverse": [gan.inverse], "average": [gan.average]}
    found |= {"discriminator": gan.discriminators, "inverse discriminator": gan.inverse_discriminators}
    numbered = [(role, i, net) for role, networks in found.items() for i, net in enumerate(networks, 1) if net]
    return {role if i == 1 else f"{role} {i}": net for role, i, net in numbered}


def summary(networks, write=print, expand=False):
    """Write a table with a row for each network, and the sum of the weights.

    Args:
        networks: The networks by role, ``{"generator": network}``.
        write: A function that is called with each line.
        expand: Whether Keras' summary of each network follows.
    """
    rows = [(role, network.name, _output(network), *_counts(network)) for role, network in networks.items()]
    total = ("total", "", "", *(sum(row[column] for row in rows) for column in (3, 4)))
    cells = [HEAD, *([*row[:3], f"{row[3]:,}", f"{row[4]:,}"] for row in [*rows, total])]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    for number, row in enumerate(cells):
        words = [*map(str.ljust, row[:3], widths), *map(str.rjust, row[3:], widths[3:])]
        write("  ".join(words).rstrip())
        if number in (0, len(rows)):
            write("-" * (sum(widths) + 2 * (len(widths) - 1)))
    for network in networks.values() if expand else ():
        network.summary(print_fn=write)


def _counts(network):
    every, trainable = network.weights, network.trainable_weights
    return [sum(math.prod(weight.shape) for weight in weights) for weights in (every, trainable)]


def _output(network):
    """The shapes of a network's outputs."""
    shape = network.output_shape
    shapes = shape.values() if isinstance(shape, dict) else shape if isinstance(shape, list) else [shape]
    return ", ".join(str(tuple(each)) for each in shapes)
