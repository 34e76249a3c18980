"""Checks of generators and discriminators, each built by itself."""

from functools import cached_property
from pathlib import Path

import keras
import numpy as np
from keras import ops

from stylezoo import backend, contract
from stylezoo.checks.every import EVERY_PART
from stylezoo.checks.subjects import (
    ODD,
    ROUGH,
    SIDE,
    STYLES,
    Subject,
    Suite,
    built_with,
    demand,
    equal,
    finite,
    fitting_side,
    folder,
    labels,
    pictures,
)
from stylezoo.contract import networks
from stylezoo.contract.style_inputs import known_inputs, style_input, unknown_inputs
from stylezoo.drawing.looks import look
from stylezoo.drawing.painter import Painter
from stylezoo.errors import name_all
from stylezoo.pictures import arrays

LARGE = (257, 641)  # height and width of a picture that is drawn in tiles
SEAM = 2  # of 255 levels: by how much a picture in tiles may differ on average


class NetworkSubject(Subject):
    """A generator or a discriminator by itself."""

    def build(self, precision="float32", shape=None):
        """A new one, with the same weights each time."""
        shape = shape or ((None, None, 3) if self.draws else (SIDE, SIDE, 3))
        with built_with(precision):
            return self.spec.part(self.plugin.kind).build(shape=shape, styles=len(STYLES), vgg=self.vgg)

    @property
    def draws(self):
        """Whether it is a generator."""
        return self.plugin.kind == "generator"

    @cached_property
    def network(self):
        return self.build()

    @cached_property
    def side(self):
        return fitting_side(self.network) if self.draws else SIDE

    def fusion(self, style):
        """A style for the network: a picture, a row of weights, or none where it is the only one."""
        way = style_input(self.network)
        return look(style if way.takes_picture else None, style_input=way, names=STYLES)

    def outputs(self, network, batch=2, side=None, training=False, picture=None):
        """Its outputs for random pictures, or for a given one: a list of float32 tensors."""
        random, other = pictures(batch, side or self.side, side or self.side)
        picture = random if picture is None else picture
        if self.draws:
            return [contract.generate(network, picture, other, training, labels=labels(batch))]
        logits = contract.judge(network, picture, other, training)
        styles = networks.outputs_of(network, picture, other, training)[1]
        return logits if styles is None else [*logits, styles]


def named(subject):
    """The network is a Keras model with the name of its entry point; several inputs of a generator have known names."""
    network, name = subject.network, subject.plugin.name
    demand(isinstance(network, keras.Model), f"it builds a {type(network).__name__}, which is no keras.Model")
    same = network.name.replace("_", "-") == name.replace("_", "-")
    demand(same, f"the network is called '{network.name}', not '{name}'")
    if subject.draws and len(network.inputs) > 1:
        unknown = unknown_inputs(network)
        demand(not unknown, f"it has the input {name_all(unknown)}; there are {name_all(known_inputs())}")


def answers(subject):
    """A generator outputs pictures of the source's size, a discriminator logits: for any batch, finite."""
    for batch in (1, 3):
        given = subject.outputs(subject.network, batch)
        demand(finite(given), f"its outputs for {batch} pictures are not finite")
        for output in given:
            demand(output.shape[0] == batch, f"its output for {batch} pictures is a batch of {output.shape[0]}")
        if subject.draws:
            (fake,) = given
            side = subject.side
            demand(
                fake.shape == (batch, side, side, 3),
                f"its output for pictures of {side} x {side} has the shape {fake.shape}",
            )


def in_range(subject):
    """A generator's pictures are in [-1, 1]."""
    (fake,) = subject.outputs(subject.network)
    largest = float(ops.max(ops.abs(fake)))
    demand(largest <= 1 + 1e-6, f"its pictures reach {largest:.3g}; let it end in a tanh")


def odd_sizes(subject):
    """A generator redraws pictures of any size; a discriminator can be built for sizes that nothing divides."""
    if subject.draws:
        source, style = (batch[0] for batch in pictures(1, *ODD))
        fake = Painter(subject.network, subject.fusion(style)).paint(source)
        demand(fake.shape == source.shape, f"it redraws {source.shape} as {fake.shape}")
        return
    side = SIDE + 3
    logits = subject.outputs(subject.build(shape=(side, side, 3)), side=side)
    demand(finite(logits), f"its outputs for {side} x {side} pixels are not finite")


def tiles(subject):
    """A generator draws a picture in tiles as in one piece, given the facts about the whole."""
    source, style = (arrays.resized(batch[0], *LARGE) for batch in pictures(1, 32, 80))
    painter = Painter(subject.network, subject.fusion(style), tile=0, steady=True)
    whole = painter.paint(source)
    painter.tile = 384
    difference = float(np.abs(painter.paint(source) - whole).mean()) * 127.5
    demand(
        difference <= SEAM,
        f"in tiles its pictures differ by {difference:.1f} of 255; means over height and width are to be taken with "
        "stylezoo.scene.moments",
    )


def gradients(subject):
    """Every weight has a finite gradient, so that it can learn; through a discriminator the picture has one too."""
    network = subject.network
    picture = ops.convert_to_tensor(pictures(2, subject.side, subject.side)[0])
    with backend.Tape() as tape:
        tape.watch(picture)
        cost = sum(ops.mean(ops.square(a - 0.3)) for a in subject.outputs(network, training=True, picture=picture))
    *found, of_picture = tape.gradient(cost, [*network.trainable_variables, picture])
    if not subject.draws:
        demand(of_picture is not None and np.any(of_picture), "no gradient reaches the picture: it teaches nothing")
    pairs = zip(network.trainable_variables, found, strict=True)
    lost = [variable.path for variable, gradient in pairs if gradient is None]
    demand(not lost, f"no gradient reaches {name_all(lost[:3])}")
    demand(finite(found), "its gradients are not finite")
    demand(any(np.any(gradient) for gradient in found), "all its gradients are 0")


def precision(subject):
    """In float16 and in bfloat16 its outputs and gradients are finite, and close to those in float32."""
    exact = subject.outputs(subject.network)
    for rough, tolerance in ROUGH.items():
        network = subject.build(rough)
        network.set_weights(subject.network.get_weights())
        with backend.Tape() as tape:
            given = subject.outputs(network)
            cost = sum(ops.mean(ops.square(output)) for output in given)
        demand(finite(given), f"in {rough} its outputs are not finite")
        found = [each for each in tape.gradient(cost, network.trainable_variables) if each is not None]
        demand(finite(found), f"in {rough} its gradients are not finite")
        for output, expected in zip(given, exact, strict=True):
            off = float(ops.mean(ops.abs(output - expected)) / (ops.mean(ops.abs(expected)) + 0.05))
            demand(off < tolerance, f"in {rough} its outputs are off by {100 * off:.0f} %")


def graph(subject):
    """In a graph its outputs are the same as eagerly."""
    traced = backend.graph(lambda: subject.outputs(subject.network))
    demand(
        equal(traced(), subject.outputs(subject.network), 1e-4), "in a graph its outputs are not the same as eagerly"
    )


def export(subject):
    """In a graph for pictures of any size, as `export` writes it, a generator's pictures are the same as eagerly."""
    network = subject.network
    given = [np.zeros([2, *(n or subject.side for n in each.shape[1:])], "float32") for each in network.inputs]
    given[0] = pictures(2, subject.side, subject.side)[0]
    draw = backend.graph(lambda *inputs: networks.applied(network, inputs))
    try:
        traced = draw.get_concrete_function(*(backend.tensor_of(each.shape) for each in network.inputs))
    except (TypeError, ValueError) as error:
        raise AssertionError(
            f"it cannot be traced for pictures of any size: {' '.join(str(error).split())[:300]}; to upsample there is "
            "stylezoo.layers.UpSampling2D"
        ) from None
    same = equal([traced(*map(ops.convert_to_tensor, given))], [networks.applied(network, given)], 1e-4)
    demand(same, "in a graph for pictures of any size its pictures are not the same as eagerly")


def seed(subject):
    """The same seed gives the same network."""
    one, other = subject.build(), subject.build()
    demand(equal(one.get_weights(), other.get_weights()), "the same seed does not give the same weights")
    demand(
        equal(subject.outputs(one), subject.outputs(other), 1e-5),
        "two networks of the same seed have different outputs",
    )


def file(subject):
    """It is the same after `save` and `keras.models.load_model`, so every layer has a correct `get_config`."""
    path = Path(folder(), "network.keras")
    subject.network.save(path)
    try:
        again = keras.models.load_model(path)
    except (ValueError, TypeError) as error:
        raise AssertionError(f"Keras cannot load it again: {' '.join(str(error).split())[:300]}") from None
    same = equal(subject.outputs(again), subject.outputs(subject.network), 1e-6)
    demand(same, "its outputs differ after loading")


DISCRIMINATOR = Suite(
    NetworkSubject,
    {
        **EVERY_PART,
        "named": named,
        "answers": answers,
        "odd_sizes": odd_sizes,
        "gradients": gradients,
        "precision": precision,
        "graph": graph,
        "seed": seed,
        "file": file,
    },
)
GENERATOR = Suite(NetworkSubject, {**DISCRIMINATOR.checks, "export": export, "range": in_range, "tiles": tiles})
