"""The conformance kit: what every plugin promises, as checks that its author can run.

    from stylezoo.checks import parametrize_with_checks

    @parametrize_with_checks("stylezoo-glow")  # every plugin of that distribution, every check: a test each
    def test_contract(check):
        check()

Without pytest `check_loss("glow")` and its like run them and return what came of each. A check is a function of this
module; the first paragraph of its docstring says what it holds a plugin to. The built-in plugins are tested by these
checks and by no others for their contract.

Components are built as small as their options allow, where these have the zoo's words: see `SMALL`.
"""

import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from stylezoo import contract
from stylezoo import features as vgg
from stylezoo.catalogue import registry
from stylezoo.catalogue.registry import Plugin
from stylezoo.catalogue.sources import describe
from stylezoo.checks import doctor
from stylezoo.contract import Loss, style_input
from stylezoo.contract.style_inputs import known_inputs, unknown_inputs
from stylezoo.drawing.graphs import keeps_shape
from stylezoo.drawing.looks import look
from stylezoo.drawing.painter import Painter
from stylezoo.errors import StylezooError, UnknownPlugin, UsageError, name_all
from stylezoo.gan import GAN, load, price
from stylezoo.pictures import images
from stylezoo.recipe import Recipe
from stylezoo.spec import GIVEN, Spec, component

SIDE = 72  # pixels: the least that the patches of most discriminators need
SIDES = (SIDE, 96, 128, 256)  # for generators that halve a picture more often
ODD = (29, 34)  # height and width of a picture that no number of halvings divides
LARGE = (257, 641)  # of one that is drawn in tiles
SEAM = 2  # of 255 levels: by how much a picture in tiles may differ on average
STYLES = ("song", "monet")
VGG_WIDTHS = (4, 5, 6, 7, 8)
SMALL = {  # what makes a component small, where it has an option of that name
    "filters": 2,
    "blocks": 1,
    "units": 4,
    "layers": 1,
    "length": 1,
    "downs": 3,
    "mlp": 4,
    "widths": "-".join(map(str, VGG_WIDTHS)),
}
HOMES = (  # the simplest models in which a loss finds what it looks at, tried in this order
    {},
    {"two_way": True},
    {
        "generator": "stylezoo/gated:filters=2,blocks=1",
        "discriminators": "stylezoo/gated:filters=2,layers=1",
        "losses": ("stylezoo/style-classification",),
        "data": "styles",
        "styles": STYLES,
    },
    {
        "generator": "stylezoo/munit:filters=2,blocks=1,mlp=4",
        "losses": ("stylezoo/reconstruction", "stylezoo/latent-reconstruction"),
        "two_way": True,
        "random_codes": True,
    },
)
SIMPLEST = {"generator": "stylezoo/resnet:filters=2,blocks=1", "discriminators": "stylezoo/patch:filters=2,layers=1"}
GAME = "stylezoo/hinge"  # what is played beside a loss that is no game
SCALE = 16  # what costs are multiplied with in 16 bits: scaling begins far above and would come down to it
PLAYERS = {"generator": "the generator", "discriminator": "the discriminators"}


@dataclass(frozen=True)
class Result:
    """What came of one check.

    Attributes:
        plugin: The plugin's kind and name, "loss stylezoo-glow/glow".
        check: The check's name.
        status: "passed"; "failed"; "expected": it failed, as was said; "unexpected": it passed, though it was said to
            fail.
        reason: Why it failed, or why it was said to.
    """

    plugin: str
    check: str
    status: str
    reason: str = ""


def check_loss(name, **options) -> list[Result]:
    """Run every check of losses on an installed one.

    Args:
        name: Its name, "glow" or "distribution/glow".
        **options: As in `check_plugin`.

    Returns:
        A `Result` for each check.

    Raises:
        AssertionError: A check failed that was not expected to, or passed that was.
        UnknownPlugin: It is not installed.
    """
    return check_plugin(registry.find("loss", name), **options)


def check_generator(name, **options) -> list[Result]:
    """Run every check of generators on an installed one; as `check_loss`."""
    return check_plugin(registry.find("generator", name), **options)


def check_discriminator(name, **options) -> list[Result]:
    """Run every check of discriminators on an installed one; as `check_loss`."""
    return check_plugin(registry.find("discriminator", name), **options)


def check_model(name, **options) -> list[Result]:
    """Run every check of models on an installed one; as `check_loss`."""
    return check_plugin(registry.find("model", name), **options)


def check_plugin(plugin: Plugin, options=None, expected_failures=None, on_fail="raise") -> list[Result]:
    """Run every check of a plugin's kind.

    Args:
        plugin: From `stylezoo.registry`.
        options: Options that the component is built with, besides those that make it small: ``{"depth": 1}``.
        expected_failures: The checks that it is known to fail, each with the reason: ``{"range": "..."}``.
        on_fail: "raise", or "return" to go on and tell by the results.

    Returns:
        A `Result` for each check.

    Raises:
        AssertionError: A check failed that was not expected to, or passed that was; not with on_fail="return".
    """
    expected_failures = expected_failures or {}
    _see_known(plugin, expected_failures)
    if on_fail not in ("raise", "return"):
        raise UsageError(f"on_fail is {on_fail!r}; it can be 'raise' or 'return'.")
    if options and plugin.kind == "model":
        raise UsageError(f"The model '{plugin.name}' takes no options: it is a recipe.")
    results = []
    for name, check in CHECKS[plugin.kind].items():
        result = _result(plugin, name, check, options or {}, expected_failures.get(name))
        results.append(result)
        if on_fail == "raise":
            _raise(result)
    return results


def parametrize_with_checks(plugins: str | Iterable[Plugin], options=None, expected_failures=None) -> Callable:
    """A pytest decorator: the test below is run once for every check of every plugin, and calls it.

    Args:
        plugins: The name of a distribution, all of whose plugins are checked; or plugins of `stylezoo.registry`.
        options: For some plugins options to build them with: ``{"glow": {"depth": 1}}``, or ``{"loss/glow": ...}``
            where a generator has the name as well.
        expected_failures: For some plugins the checks that they are known to fail, each with the reason:
            ``{"glow": {"range": "..."}}``. Such a test is skipped with the reason once it has failed as expected; it
            fails if the check passes.

    Raises:
        UnknownPlugin: There is no plugin of that distribution.
    """
    import pytest

    if isinstance(plugins, str):
        distribution, plugins = plugins, [p for p in registry.plugins() if p.owned_by(plugins)]
        if not plugins:
            raise UnknownPlugin(f"No plugin of '{distribution}' is installed: 'pip install -e .' in its folder.")
    plugins, options, expected_failures = list(plugins), options or {}, expected_failures or {}
    names = [word for plugin in plugins for word in (plugin.name, f"{plugin.kind}/{plugin.name}")]
    if unknown := {*options, *expected_failures} - {*names}:
        raise UsageError(f"There is no plugin {name_all(sorted(unknown))} among those that are checked.")
    parameters = []
    for plugin in plugins:
        known, settings = _said_of(plugin, expected_failures), _said_of(plugin, options)
        _see_known(plugin, known)
        for name, check in CHECKS[plugin.kind].items():
            run = partial(_run, plugin, name, check, settings, known.get(name))
            parameters.append(pytest.param(run, id=f"{plugin.kind}-{plugin.name}-{name}"))
    return pytest.mark.parametrize("check", parameters)


def _said_of(plugin, said):
    """What is said of a plugin by its name, "glow", or where two kinds have it, by both, "loss/glow"."""
    return said.get(f"{plugin.kind}/{plugin.name}", said.get(plugin.name, {}))


def _run(plugin, name, check, options, expected):
    """One check as a test of pytest."""
    import pytest

    result = _result(plugin, name, check, options, expected)
    _raise(result)
    if result.status == "expected":
        pytest.skip(f"fails as expected: {result.reason}")


def _result(plugin, name, check, options, expected) -> Result:
    label = f"{plugin.kind} {plugin.qualified}"
    try:
        check(_subject(plugin, json.dumps(options, sort_keys=True)))
    except Exception as error:  # whatever a component raises is a finding about it
        known = isinstance(error, AssertionError | StylezooError)
        told = re.sub(r"\x1b\[[\d;]*m", "", str(error))  # Keras sets what layers raise in bold
        reason = told if known else f"{type(error).__name__}: {' '.join(told.split())[:300]}"
        return Result(label, name, "expected" if expected else "failed", expected or reason)
    return Result(label, name, "unexpected", expected) if expected else Result(label, name, "passed")


def _raise(result):
    if result.status == "failed":
        raise AssertionError(f"{result.plugin}, check '{result.check}': {result.reason}")
    if result.status == "unexpected":
        raise AssertionError(
            f"{result.plugin}, check '{result.check}' passes and is said to fail ({result.reason}): take that out."
        )


def _see_known(plugin, checks):
    if unknown := set(checks) - set(CHECKS[plugin.kind]):
        raise UsageError(f"There is no check {name_all(sorted(unknown))}; there are {name_all(CHECKS[plugin.kind])}.")


def _see(condition, reason):
    if not condition:
        raise AssertionError(reason)


# What is checked


@lru_cache(maxsize=1)  # checks of one plugin follow each other; networks of the one before need not be kept
def _subject(plugin, options):
    keras.utils.clear_session()
    return {"loss": _LossSubject, "model": _ModelSubject}.get(plugin.kind, _NetworkSubject)(plugin, json.loads(options))


class _Subject:
    """A plugin and what its checks need of it, each made once."""

    def __init__(self, plugin, options):
        self.plugin = plugin
        self.options = options

    @cached_property
    def spec(self):
        spec = _small(self.plugin.kind, Spec(self.plugin.qualified))
        return replace(spec, options={**spec.options, **self.options})

    @cached_property
    def component(self):
        return component(self.plugin)

    @cached_property
    def vgg(self):
        """A file with a narrow VGG-19, for components that look through one."""
        return _narrow_vgg()


class _NetworkSubject(_Subject):
    """A generator or a discriminator by itself."""

    def build(self, precision="float32", shape=None):
        """A new one; the same seed each time."""
        shape = shape or ((None, None, 3) if self.plugin.kind == "generator" else (SIDE, SIDE, 3))
        with _policy(precision):
            keras.utils.set_random_seed(0)
            return self.spec.build(self.plugin.kind, shape=shape, styles=len(STYLES), vgg=self.vgg)

    @cached_property
    def network(self):
        return self.build()

    @cached_property
    def side(self):
        return _side(self.network) if self.plugin.kind == "generator" else SIDE

    def fusion(self, style):
        """A picture as the style, or what the generator has for a default where its style is no picture."""
        way = style_input(self.network)
        return look(style if way.takes_picture else None, style_input=way, names=STYLES)

    def answer(self, network, batch=2, side=None, training=False, picture=None):
        """What it makes of random pictures, or of one that is given: float32 tensors in a list."""
        random, other = _pictures(batch, side or self.side, side or self.side)
        picture = random if picture is None else picture
        labels = np.eye(len(STYLES), dtype="float32")[np.arange(batch) % len(STYLES)]
        if self.plugin.kind == "generator":
            return [contract.generate(network, picture, other, training, labels=labels)]
        logits = contract.judge(network, picture, other, training)
        styles = contract.answer(network, picture, other, training)[1]
        return logits if styles is None else [*logits, styles]


class _ModelSubject(_Subject):
    """A registered recipe, its parts made small."""

    @cached_property
    def registered(self):
        return Recipe.named(self.plugin.qualified)

    @cached_property
    def recipe(self):
        recipe = self.registered
        parts = {
            "generator": _small("generator", recipe.generator),
            "discriminators": [_small("discriminator", each) for each in recipe.discriminators],
            "losses": [_small("loss", each) for each in recipe.losses],
            "styles": recipe.styles[:2],
        }
        given = {"styles": len(parts["styles"]), "vgg": self.vgg}
        side = _side(parts["generator"].build("generator", shape=(None, None, 3), **given))
        sizes = {"image_size": side, "load_size": side, "batch_size": 2, "pool": min(recipe.pool, 2)}
        shorter = {"steps_per_epoch": 1, "warmup_epochs": min(recipe.warmup_epochs, 1)}
        return replace(recipe, **parts, **sizes, **shorter, vgg=self.vgg)

    @cached_property
    def gan(self):
        """It has made two steps."""
        gan = GAN(self.recipe)
        gan.before = {player: [v.numpy() for v in gan.variables_of(player)] for player in PLAYERS}
        gan.logs = gan.fit(self._dataset(), shuffle=False, verbose=0).history
        return gan

    def _dataset(self):
        recipe = self.recipe
        batch = recipe.batch_size * recipe.critic_steps
        pictures = [*_pictures(2 * batch, recipe.image_size, recipe.image_size)]
        if recipe.styles:
            pictures.append(np.eye(len(recipe.styles), dtype="float32")[np.arange(2 * batch) % len(recipe.styles)])
        return tf.data.Dataset.from_tensor_slices(tuple(pictures)).batch(batch)


class _LossSubject(_Subject):
    """A loss in the simplest model in which it finds what it looks at."""

    @cached_property
    def recipe(self):
        adversarial = self.component.adversarial
        refused = None
        for home in HOMES:
            game = () if adversarial else (GAME,)
            beside = [each for each in home.get("losses", ()) if each != self.plugin.qualified]
            parts = {**SIMPLEST, **home, "losses": (self.spec, *game, *beside)}
            recipe = Recipe(**parts, image_size=SIDE, batch_size=2, vgg=self.vgg)
            try:
                GAN(recipe)
            except StylezooError as error:
                refused = refused or error
            else:
                return recipe
        raise AssertionError(f"no kind of model can be built with it: {refused}")

    def build(self, precision="float32"):
        """A new model with it, the same each time."""
        gan = GAN(replace(self.recipe, precision=precision))
        gan.prepare()
        return gan

    @cached_property
    def gan(self):
        return self.build()

    def costs(self, gan, batch=2):
        """What each player pays whom it concerns, a number each, by player."""
        translation = self.translation(gan, batch)
        return {player: price(_loss(gan), player, translation) for player in self.players}

    def translation(self, gan, batch=2):
        source, style = _pictures(batch, SIDE, SIDE)
        labels = None
        if self.recipe.styles:
            labels = np.eye(len(STYLES), dtype="float32")[np.arange(batch) % len(STYLES)]
        return gan.translations(*map(ops.convert_to_tensor, (source, style)), labels, training=False)[0]

    @cached_property
    def players(self):
        """Those to whom it has something to say."""
        return [p for p in PLAYERS if getattr(self.component, p) is not getattr(Loss, p)]


def _side(generator):
    """The smallest of some sides whose pictures a generator answers in their own size."""
    fitting = [side for side in SIDES if keeps_shape(generator, (1, side, side, 3))]
    return fitting[0] if fitting else SIDE


def _small(kind, spec):
    """The same part, as small as its options allow."""
    accepted = inspect.signature(spec.load(kind)).parameters
    small = {
        name: value for name, value in SMALL.items() if name in accepted and type(accepted[name].default) is type(value)
    }
    return replace(spec, options={**spec.options, **small})


def _pictures(count, height, width):
    """Two batches of smooth random pictures in [-1, 1], the same each time."""
    random = np.random.default_rng([count, height, width])
    coarse = random.uniform(-1, 1, (2, count, -(-height // 8), -(-width // 8), 3))
    fine = random.uniform(-0.2, 0.2, (2, count, height, width, 3))
    pictures = np.kron(coarse, np.ones((1, 1, 8, 8, 1)))[:, :, :height, :width] + fine
    return np.clip(pictures, -1, 1).astype("float32")


@lru_cache(maxsize=1)
def _narrow_vgg():
    """The path of an .npz with random weights of a VGG-19 of few channels."""
    random = np.random.default_rng(0)
    channels = [3, *(width for width, count in zip(VGG_WIDTHS, vgg.BLOCKS, strict=True) for _ in range(count))]
    arrays = {}
    for i, (a, b) in enumerate(pairwise(channels)):
        arrays[f"{i}.kernel"] = (random.normal(size=(3, 3, a, b)) / np.sqrt(4 * a)).astype("float32")
        arrays[f"{i}.bias"] = (0.1 * random.normal(size=b)).astype("float32")
    path = Path(_folder(), "vgg.npz")
    np.savez(path, **arrays)
    return str(path)


@lru_cache(maxsize=1)
def _folder():
    """A folder that is removed when Python ends."""
    _folder.kept = tempfile.TemporaryDirectory(prefix="stylezoo-checks-")
    return _folder.kept.name


@contextmanager
def _policy(precision):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _loss(gan):
    """The loss that is checked stands first in its model."""
    return gan.terms[0][2]


def _finite(values):
    return all(np.isfinite(ops.convert_to_numpy(value)).all() for value in values)


def _equal(ones, others, tolerance=0.0):
    pairs = zip(ones, others, strict=True)
    return all(
        np.allclose(ops.convert_to_numpy(a), ops.convert_to_numpy(b), rtol=tolerance, atol=tolerance) for a, b in pairs
    )


# Checks of every plugin


def _listed_without_import(subject):
    """`stylezoo list` and `show` import neither the plugin nor Keras."""
    _see(subject.plugin.place[0].partition(".")[0] not in _imported_by_listing(), "listing imports it")
    _see("keras" not in _imported_by_listing(), "listing imports Keras")


@lru_cache(maxsize=1)
def _imported_by_listing():
    code = (
        "import sys; from stylezoo.catalogue import registry, sources; "
        "[sources.describe(plugin) for plugin in registry.plugins()]; print(*sys.modules)"
    )
    path = os.pathsep.join(os.path.abspath(each) for each in sys.path)
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def _imported_cleanly(subject):
    """Importing it succeeds and changes nothing that `stylezoo doctor` sees: output, files, settings, random state."""
    diagnosis = _diagnoses(subject.plugin.distribution)[subject.plugin]
    # A slow import is the doctor's business: a machine that tests run on may be busy.
    _see(diagnosis.cause in ("", "slow import"), f"{diagnosis.cause}: {diagnosis.reason}")


@lru_cache(maxsize=8)
def _diagnoses(distribution):
    plugins = [plugin for plugin in registry.plugins() if plugin.owned_by(distribution)]
    return {diagnosis.plugin: diagnosis for diagnosis in doctor.examine(plugins)}


def _documented(subject):
    """Its source can be read, says in a first paragraph what it is, and in "Args:" what each option means."""
    said = describe(subject.plugin)
    _see(not said.problem, said.problem)
    _see(said.summary.rstrip("."), "it has no docstring")
    if subject.plugin.kind != "model":
        parameters = [name for name in inspect.signature(subject.component).parameters if name != "shape"]
        unseen = sorted(set(parameters) - {option.name for option in said.options})
        _see(not unseen, f"its source does not show the option {name_all(unseen)}: write a constructor that names it")
    silent = [option.name for option in said.options if option.name not in {*said.meanings, *GIVEN}]
    _see(not silent, f"its docstring's section 'Args:' does not tell the option {name_all(silent)}")


def _plain_options(subject):
    """Its options stand in the signature, have plain values, and come back from text and from JSON as they were."""
    parameters = inspect.signature(subject.component).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.name not in GIVEN and p.default is not p.empty}
    spec = replace(subject.spec, options={**defaults, **subject.spec.options})
    _see(Spec.parse(str(spec)) == spec, f"'{spec}' does not mean the options that it is written for")
    try:
        again = json.loads(json.dumps(spec.options))
    except TypeError as error:
        raise AssertionError(f"its options are not plain data: {error}") from None
    same = [(key, type(value), value) for key, value in spec.options.items()]
    read = [(key, type(value), value) for key, value in again.items()]
    _see(read == same, f"its options {spec.options} come back from JSON as {again}")
    spec.load(subject.plugin.kind)


# Checks of generators and discriminators


def _named(subject):
    """The network is a Keras model and bears the name that it is asked for by; so do a generator's several inputs."""
    network, name = subject.network, subject.plugin.name
    _see(isinstance(network, keras.Model), f"it builds a {type(network).__name__}, which is no keras.Model")
    same = network.name.replace("_", "-") == name.replace("_", "-")
    _see(same, f"the network is called '{network.name}', not '{name}'")
    if subject.plugin.kind == "generator" and len(network.inputs) > 1:
        unknown = unknown_inputs(network)
        _see(not unknown, f"it has the input {name_all(unknown)}; there are {name_all(known_inputs())}")


def _answers(subject):
    """A generator answers with pictures of the source's size, a discriminator with logits: of any batch, finite."""
    for batch in (1, 3):
        answers = subject.answer(subject.network, batch)
        _see(_finite(answers), f"its answers to {batch} pictures are not finite")
        for answer in answers:
            _see(answer.shape[0] == batch, f"it answers {batch} pictures with a batch of {answer.shape[0]}")
        if subject.plugin.kind == "generator":
            (fake,) = answers
            side = subject.side
            _see(fake.shape == (batch, side, side, 3), f"it answers pictures of {side} x {side} with {fake.shape}")


def _range(subject):
    """A generator's pictures are in [-1, 1]."""
    (fake,) = subject.answer(subject.network)
    largest = float(ops.max(ops.abs(fake)))
    _see(largest <= 1 + 1e-6, f"its pictures reach {largest:.3g}; let it end in a tanh")


def _odd_sizes(subject):
    """A generator redraws pictures of any size; a discriminator can be built for sizes that nothing divides."""
    if subject.plugin.kind == "generator":
        source, style = (batch[0] for batch in _pictures(1, *ODD))
        fake = Painter(subject.network, subject.fusion(style)).paint(source)
        _see(fake.shape == source.shape, f"it redraws {source.shape} as {fake.shape}")
        return
    side = SIDE + 3
    answers = subject.answer(subject.build(shape=(side, side, 3)), side=side)
    _see(_finite(answers), f"its answers to {side} x {side} pixels are not finite")


def _tiles(subject):
    """A generator draws a picture in tiles as in one piece, once it is told what it found out about the whole."""
    source, style = (images.resized(batch[0], *LARGE) for batch in _pictures(1, 32, 80))
    painter = Painter(subject.network, subject.fusion(style), tile=0, steady=True)
    whole = painter.paint(source)
    painter.tile = 384
    difference = float(np.abs(painter.paint(source) - whole).mean()) * 127.5
    _see(
        difference <= SEAM,
        f"in tiles its pictures differ by {difference:.1f} of 255; means over height and width are to be taken with "
        "stylezoo.scene.moments",
    )


def _gradients(subject):
    """Every weight has a finite gradient, so that it can learn; through a discriminator the picture has one too."""
    network = subject.network
    picture = ops.convert_to_tensor(_pictures(2, subject.side, subject.side)[0])
    with tf.GradientTape() as tape:
        tape.watch(picture)
        cost = sum(ops.mean(ops.square(a - 0.3)) for a in subject.answer(network, training=True, picture=picture))
    *gradients, of_picture = tape.gradient(cost, [*network.trainable_variables, picture])
    if subject.plugin.kind == "discriminator":
        _see(of_picture is not None and np.any(of_picture), "no gradient reaches the picture: it teaches nothing")
    pairs = list(zip(network.trainable_variables, gradients, strict=True))
    lost = [variable.path for variable, gradient in pairs if gradient is None]
    _see(not lost, f"no gradient reaches {name_all(lost[:3])}")
    _see(_finite(gradients), "its gradients are not finite")
    _see(any(np.any(gradient) for gradient in gradients), "all its gradients are 0")


def _network_precision(subject):
    """In float16 and in bfloat16 its answers and gradients are finite, and close to those in float32."""
    exact = subject.answer(subject.network)
    for precision, tolerance in (("mixed_float16", 0.1), ("mixed_bfloat16", 0.3)):
        network = subject.build(precision)
        network.set_weights(subject.network.get_weights())
        with tf.GradientTape() as tape:
            answers = subject.answer(network)
            cost = sum(ops.mean(ops.square(answer)) for answer in answers)
        _see(_finite(answers), f"in {precision} its answers are not finite")
        gradients = [each for each in tape.gradient(cost, network.trainable_variables) if each is not None]
        _see(_finite(gradients), f"in {precision} its gradients are not finite")
        for rough, answer in zip(answers, exact, strict=True):
            off = float(ops.mean(ops.abs(rough - answer)) / (ops.mean(ops.abs(answer)) + 0.05))
            _see(off < tolerance, f"in {precision} its answers are off by {100 * off:.0f} %")


def _network_graph(subject):
    """In a graph it answers as it does step by step."""
    graph = tf.function(lambda: subject.answer(subject.network))
    _see(_equal(graph(), subject.answer(subject.network), 1e-4), "in a graph it answers otherwise than step by step")


def _network_seed(subject):
    """The same seed makes the same network."""
    one, other = subject.build(), subject.build()
    _see(_equal(one.get_weights(), other.get_weights()), "the same seed does not make the same weights")
    _see(_equal(subject.answer(one), subject.answer(other), 1e-5), "of the same seed two networks answer otherwise")


def _network_file(subject):
    """It is the same after `save` and `keras.models.load_model`, so every layer knows its own configuration."""
    path = Path(_folder(), "network.keras")
    subject.network.save(path)
    try:
        again = keras.models.load_model(path)
    except (ValueError, TypeError) as error:
        raise AssertionError(f"Keras cannot load it again: {' '.join(str(error).split())[:300]}") from None
    _see(_equal(subject.answer(again), subject.answer(subject.network), 1e-6), "it answers otherwise after loading")


# Checks of losses


def _values(subject):
    """What it has the players pay is a finite number each, for a batch of two and of one."""
    _see(subject.players, "it says nothing to either player: override generator, discriminator or both")
    for batch in (2, 1):
        for player, cost in subject.costs(subject.gan, batch).items():
            cost = ops.convert_to_tensor(cost)
            _see(cost.shape == (), f"{PLAYERS[player]} pays a tensor of shape {cost.shape}; a number is needed")
            _see(_finite([cost]), f"{PLAYERS[player]} pays {float(cost)} for a batch of {batch}")


def _loss_gradients(subject):
    """Each player it concerns has finite gradients that are not all 0."""
    for player in subject.players:
        _see_gradients(subject, subject.gan, player)


def _see_gradients(subject, gan, player, scale=1, why=""):
    with tf.GradientTape() as tape:
        cost = scale * price(_loss(gan), player, subject.translation(gan))
    found = [g for g in tape.gradient(cost, gan.variables_of(player)) if g is not None]
    _see(found, f"no gradient of what {PLAYERS[player]} pays reaches a weight{why}")
    found = [ops.convert_to_tensor(gradient) for gradient in found]
    _see(_finite(found), f"the gradients of what {PLAYERS[player]} pays are not finite{why}")
    _see(any(np.any(gradient) for gradient in found), f"all gradients of what {PLAYERS[player]} pays are 0{why}")


def _loss_precision(subject):
    """In a model of float16 and of bfloat16 values and gradients are finite, and the values close to float32's."""
    exact = subject.costs(subject.gan)
    for precision, tolerance in (("mixed_float16", 0.1), ("mixed_bfloat16", 0.3)):
        gan = subject.build(precision)
        for player, cost in subject.costs(gan).items():
            _see(_finite([cost]), f"in {precision} {PLAYERS[player]} pays {float(cost)}")
            off = abs(float(cost) - float(exact[player])) / (abs(float(exact[player])) + 0.05)
            _see(off < tolerance, f"in {precision} what {PLAYERS[player]} pays is off by {100 * off:.0f} %")
            _see_gradients(subject, gan, player, SCALE, f" in {precision}")


def _loss_graph(subject):
    """In a graph it has the players pay what they pay step by step."""
    graph = tf.function(lambda: subject.costs(subject.gan))()
    eager = subject.costs(subject.gan)
    for player in subject.players:
        same = _equal([graph[player]], [eager[player]], 1e-4)
        _see(same, f"in a graph {PLAYERS[player]} pays {float(graph[player])}, step by step {float(eager[player])}")


def _loss_file(subject):
    """The same seed makes the same model, and after saving and loading it has the players pay the same."""
    costs = subject.costs(subject.gan)
    again = _reloaded(subject.gan)
    again.prepare()
    for name, gan in (("a model of the same seed", subject.build()), ("a loaded model", again)):
        other = subject.costs(gan)
        for player, cost in costs.items():
            _see(
                _equal([cost], [other[player]], 1e-5),
                f"in {name} {PLAYERS[player]} pays {float(other[player])}, before {float(cost)}",
            )


def _reloaded(gan):
    path = Path(_folder(), "model.keras")
    gan.save(path)
    return load(path)


# Checks of models


def _recipe(subject):
    """It is a recipe that says what it is for, whose parts are there and fit, and that comes back from JSON."""
    recipe = subject.registered
    _see(recipe.about, "it does not say what it is for: about='...'")
    again = Recipe.from_dict(json.loads(recipe.to_json()))
    _see(again.resolved() == recipe, "it comes back from JSON as another recipe")


def _trains(subject):
    """It takes two steps: all losses are finite, and every weight of both players moves."""
    gan = subject.gan
    _see(int(gan.step) == 2, f"of two steps {int(gan.step)} were counted")
    _see(np.isfinite(list(gan.logs.values())).all(), "a loss is not finite")
    for player, old in gan.before.items():
        pairs = zip(gan.variables_of(player), old, strict=True)
        # A bias may have no gradient: before a normalisation, or where hinge's margins balance.
        still = [v.path for v, old in pairs if (old.ndim > 1 or v.name != "bias") and (v.numpy() == old).all()]
        _see(not still, f"{name_all(still[:3])} of {PLAYERS[player]} does not move")


def _model_file(subject):
    """After saving and loading it redraws a picture of an odd size to the same, within [-1, 1]."""
    gan = subject.gan
    source, style = (batch[0] for batch in _pictures(1, *ODD))
    style = style if gan.takes_style_picture else None
    fake = gan.stylize(source, style)
    _see(fake.shape == source.shape, f"it redraws {source.shape} as {fake.shape}")
    _see(np.abs(fake).max() <= 1, "its pictures are not in [-1, 1]")
    _see(np.array_equal(_reloaded(gan).stylize(source, style), fake), "it redraws otherwise after loading")


def _model_seed(subject):
    """The same seed makes the same weights."""
    again = GAN(subject.recipe)
    for player, before in subject.gan.before.items():
        same = _equal(again.variables_of(player), before)
        _see(same, f"the same seed does not make the same weights of {PLAYERS[player]}")


ALL = {
    "listed_without_import": _listed_without_import,
    "imported_cleanly": _imported_cleanly,
    "documented": _documented,
}
NETWORK = {
    **ALL,
    "plain_options": _plain_options,
    "named": _named,
    "answers": _answers,
    "odd_sizes": _odd_sizes,
    "gradients": _gradients,
    "precision": _network_precision,
    "graph": _network_graph,
    "seed": _network_seed,
    "file": _network_file,
}
CHECKS = {
    "generator": {**NETWORK, "range": _range, "tiles": _tiles},
    "discriminator": NETWORK,
    "loss": {
        **ALL,
        "plain_options": _plain_options,
        "values": _values,
        "gradients": _loss_gradients,
        "precision": _loss_precision,
        "graph": _loss_graph,
        "file": _loss_file,
    },
    "model": {**ALL, "recipe": _recipe, "trains": _trains, "file": _model_file, "seed": _model_seed},
}
