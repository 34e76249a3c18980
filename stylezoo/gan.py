"""The Keras model that a recipe describes: a generator, its discriminators and the game that teaches them."""

import random
import zipfile
from contextlib import contextmanager

import keras
import tensorflow as tf
from keras import ops

from stylezoo import registry
from stylezoo.contract import Loss, Translation, generate
from stylezoo.errors import BadRecipe, BadRun, BrokenPlugin, StylezooError, name_all
from stylezoo.optimizers import PLAYERS, PlayerOptimizer, recipe_optimizer
from stylezoo.recipe import Recipe
from stylezoo.stylizing import stylize

if keras.backend.backend() != "tensorflow":
    raise StylezooError(
        f"stylezoo trains with TensorFlow, and Keras runs on {keras.backend.backend()} here: set the environment "
        "variable KERAS_BACKEND=tensorflow before Keras is imported."
    )


@keras.saving.register_keras_serializable("stylezoo")
class GAN(keras.Model):
    """A GAN for style transfer, built from a recipe and compiled: `fit`, `save` and callbacks work as in Keras.

    `fit` takes batches of (source, style), each (batch, height, width, 3) in [-1, 1]; calling the model gives the
    stylised source. Every term of both players' losses is a metric: "generator/content", "discriminator/lsgan";
    "generator" and "discriminator" are the sums, weights included.

    Args:
        recipe: What to build. Names are resolved and options checked here.

    Attributes:
        recipe: The complete recipe, which is also the model's Keras configuration.
        generator: The network that redraws a source in the style.
        inverse: In a two-way model the network that translates back, else None.
        discriminators: The networks that judge style pictures.
        inverse_discriminators: In a two-way model those that judge source pictures, else empty.
        average: The generator with averaged weights, None if the recipe's `average` is 0.
        step: How many updates of the generator were made.
        tones: With the recipe's `match_tones` the tones of the styles, which training sets; else None.

    Raises:
        UnknownPlugin: A name is not offered by any installed distribution.
        PluginConflict: A name is offered by several.
        BrokenPlugin: A plugin cannot be imported, or does not build what its kind must be.
        BadOptions: A component does not take its options, or refuses them.
        BadRecipe: The parts do not fit together.
    """

    def __init__(self, recipe: Recipe, **kwargs):
        recipe = recipe.resolved()
        with _reproducible(recipe):
            super().__init__(**kwargs)
            self.recipe = recipe
            shape = (recipe.image_size, recipe.image_size, 3)
            self.generator = _network("generator", recipe.generator, (None, None, 3))
            self.inverse = _network("generator", recipe.generator, (None, None, 3)) if recipe.two_way else None
            self.average = _network("generator", recipe.generator, (None, None, 3)) if recipe.average else None
            judges = lambda: [_network("discriminator", spec, shape) for spec in recipe.discriminators]  # noqa: E731
            self.discriminators = judges()
            self.inverse_discriminators = judges() if recipe.two_way else []
            self.terms = [(_label(recipe, spec), spec.weight, spec.build("loss")) for spec in recipe.losses]
            for _, _, loss in self.terms:
                loss.build(self.generator, shape)
            self.loss_layers = [layer for _, _, loss in self.terms for layer in loss.layers]
            self.noise = keras.random.SeedGenerator()
            state = {"initializer": "zeros", "trainable": False}
            self.step = self.add_weight(shape=(), dtype="int64", name="step", **state)
            self.tones = (
                self.add_weight(shape=(4,), dtype="float32", name="tones", **state) if recipe.match_tones else None
            )
        self._check_lessons()
        if self.average:
            self.average.trainable = False
            self.average.set_weights(self.generator.get_weights())
        self.trackers = {name: keras.metrics.Mean(name=name) for name in self._metric_names()}
        for player in PLAYERS:
            for variable in self.variables_of(player):
                variable.player = player
        self.built = True
        self.compile()

    def compile(self, optimizer=None, **kwargs):
        """Set the optimizer: the recipe's, unless another is given.

        Args:
            optimizer: ``{"generator": ..., "discriminator": ...}``, a Keras optimizer for each, or a `PlayerOptimizer`.
            **kwargs: As in Keras. `jit_compile` is off unless asked for: XLA draws other random numbers.
        """
        if isinstance(optimizer, dict):
            optimizer = PlayerOptimizer(optimizer)
        super().compile(
            optimizer=recipe_optimizer(self.recipe) if optimizer is None else optimizer,
            **{"jit_compile": False, **kwargs},
        )
        self.optimizer.build(self.trainable_variables)  # else loading skips its state, with only a warning

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))

    def call(self, inputs, training=False):
        """The stylised source as the network gives it; `stylize` brings a picture to the styles' tones first.

        `inputs` is the source, or [source, style] for a generator that looks at both.
        """
        source, style = inputs if isinstance(inputs, list | tuple) else (inputs, inputs)
        return generate(self.average or self.generator, source, style, training)

    def stylize(self, picture, seed=0):
        """Redraw a picture in the style.

        Args:
            picture: A path, a Pillow image, or a float array (height, width, 3) or (count, height, width, 3) in
                [-1, 1], of any size.
            seed: For a generator with noise another number gives another hand; the same gives the same picture.

        Returns:
            A Pillow image for a path or an image; a float32 array of the same shape, not quantised, for an array.

        Raises:
            BadPicture: The file cannot be used.
        """
        known = self.tones is not None and self.tones.numpy().any()
        return stylize(self.average or self.generator, picture, self.tones.numpy() if known else None, seed)

    # Training

    def variables_of(self, player):
        """The trainable variables of one player, "generator" or "discriminator"."""
        nets = {
            "generator": [self.generator, self.inverse, *self.loss_layers],
            "discriminator": [*self.discriminators, *self.inverse_discriminators],
        }
        return [variable for net in nets[player] if net for variable in net.trainable_variables]

    def translations(self, source, style, training=True):
        """The directions of one step: one, or two in a two-way model."""
        seed = self.noise if training else 0
        rest = {"training": training, "judge_identity": self.recipe.judge_identity, "seed": seed}
        forward = Translation(source, style, self.generator, self.discriminators, self.inverse, **rest)
        if self.inverse is None:
            return [forward]
        back = Translation(style, source, self.inverse, self.inverse_discriminators, self.generator, **rest)
        return [forward, back]

    def cost(self, player, translations):
        """What a player pays in this step: a scalar tensor. Every term is also noted in its metric."""
        total = 0.0
        for label, weight, loss in self.terms:
            if _concerns(loss, player):
                value = weight * sum(_price(loss, player, translation) for translation in translations)
                self.trackers[f"{player}/{label}"].update_state(value)
                total += value
        self.trackers[player].update_state(total)
        return total

    def train_step(self, data):
        source, style = _pictures(data)
        parts = self.recipe.critic_steps
        if (source.shape[0] or 0) % parts:
            raise ValueError(f"A batch has {source.shape[0]} pictures; it must be a multiple of critic_steps, {parts}.")
        batches = list(zip(ops.split(source, parts), ops.split(style, parts), strict=True))
        if self.recipe.order == "together":
            self._learn_together(*batches[0])
        else:
            self._learn_in_turn(batches)
        self.step.assign_add(1)
        if self.average:
            self._update_average()
        return self.get_metrics_result()

    def test_step(self, data):
        translations = self.translations(*_pictures(data), training=False)
        for player in self._players():
            self.cost(player, translations)
        return self.get_metrics_result()

    def _learn_together(self, source, style):
        """Both players learn from one forward pass; D(fake) is computed once for both."""
        with tf.GradientTape(persistent=True) as tape:
            translations = self.translations(source, style)
            costs = {player: self._scaled(self.cost(player, translations)) for player in self._players()}
        gradients, variables = [], []
        for player, cost in costs.items():
            gradients += tape.gradient(cost, self.variables_of(player))
            variables += self.variables_of(player)
        self.optimizer.apply(gradients, variables)

    def _learn_in_turn(self, batches):
        """The discriminators learn from every batch; then the generator faces the new ones on the last batch."""
        for source, style in batches:
            with tf.GradientTape() as generator_tape:  # its forward pass is recorded now and used again in its turn
                translations = self.translations(source, style)
                fakes = [translation.detached() for translation in translations]
            with tf.GradientTape() as tape:
                cost = self._scaled(self.cost("discriminator", fakes))
            variables = self.variables_of("discriminator")
            self.optimizer.apply(tape.gradient(cost, variables), variables)
        with generator_tape:
            cost = self._scaled(self.cost("generator", translations))
        variables = self.variables_of("generator")
        self.optimizer.apply(generator_tape.gradient(cost, variables), variables)

    def _scaled(self, cost):
        """A cost as gradients are taken of it: Keras adds them up over replicas, and scales float16."""
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return self.optimizer.scale_loss(cost / replicas)

    def _update_average(self):
        step = ops.cast(self.step, "float32")
        decay = ops.minimum(self.recipe.average, (1 + step) / (10 + step))  # forget the random beginning sooner
        for mean, variable in zip(self.average.weights, self.generator.weights, strict=True):
            mean.assign(decay * mean + (1 - decay) * variable)

    def _check_lessons(self):
        for player in self._players():
            if not any(_concerns(loss, player) for _, _, loss in self.terms):
                raise BadRecipe(f"No loss of this recipe teaches its {player}; add one such as 'lsgan'.")

    def _players(self):
        return [player for player in PLAYERS if self.variables_of(player)]

    def _metric_names(self):
        players = self._players()
        terms = [f"{p}/{label}" for p in players for label, _, loss in self.terms if _concerns(loss, p)]
        return [*players, *terms]

    @property
    def metrics(self):
        return list(self.trackers.values())

    # Saving: the configuration is the recipe, and building from it uses the registry, so that a file holds weights,
    # names and plain data.

    def get_config(self):
        return {"recipe": self.recipe.to_dict(), "plugins": plugins_of(self.recipe)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(Recipe.from_dict(config["recipe"]))

    def save_own_variables(self, store):
        super().save_own_variables(store)
        for i, state in enumerate(self._random_states()):  # Keras leaves these out, and a resumed run would differ
            store[f"random_{i}"] = state.numpy()

    def load_own_variables(self, store):
        random = {f"random_{i}": state for i, state in enumerate(self._random_states())}
        super().load_own_variables({key: store[key] for key in store.keys() if key not in random})  # noqa: SIM118
        for key, state in random.items():
            state.assign(store[key])

    def _random_states(self):
        known = {id(variable) for variable in [*self.weights, *self.metrics_variables]}
        return [variable for variable in self.variables if id(variable) not in known]


def load(file):
    """The model of a ``.keras`` file; what `stylezoo.load_model` does once the plugins are known to be there.

    Raises:
        BadRun: Keras cannot read it.
    """
    try:
        return keras.models.load_model(file, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise BadRun(f"'{file}' cannot be loaded, it may be damaged: {reason[:200]}") from error


def plugins_of(recipe):
    """The plugins that a recipe uses, as plain data: what a file needs to be read again."""
    found = {(kind, spec.name): registry.find(kind, spec.name) for kind, spec in recipe.parts}
    return [
        {"kind": kind, "name": plugin.name, "distribution": plugin.distribution, "version": plugin.version}
        for (kind, _), plugin in found.items()
    ]


def _price(loss, player, translation):
    return loss.generator(translation) if player == "generator" else loss.discriminator(translation)


def _concerns(loss, player):
    """Whether a loss has something to say to a player: whether its class overrides that method."""
    mine = {"generator": type(loss).generator, "discriminator": type(loss).discriminator}
    return mine[player] is not {"generator": Loss.generator, "discriminator": Loss.discriminator}[player]


def _label(recipe, spec):
    """What a term is called in logs: its bare name, unless two distributions' losses of one name are in use."""
    twins = [other for other in recipe.losses if other.label == spec.label]
    return spec.label if len(twins) == 1 else spec.name


def _network(kind, spec, shape):
    net = spec.build(kind, shape=shape)
    if not isinstance(net, keras.Model):
        raise BrokenPlugin(f"The {kind} '{spec.name}' built a {type(net).__name__}; it must build a keras.Model.")
    unknown = {i.name for i in net.inputs} - {"source", "style", "noise"}
    if kind == "generator" and len(net.inputs) > 1 and unknown:
        raise BrokenPlugin(
            f"The generator '{spec.name}' has the inputs {name_all(i.name for i in net.inputs)}; "
            "several inputs must be called source, style and noise."
        )
    return net


def _pictures(data):
    source, style, _ = keras.utils.unpack_x_y_sample_weight(data)
    return source, style


@contextmanager
def _reproducible(recipe):
    """Networks are built in the recipe's precision and from its seed; both are as they were afterwards.

    Keras draws the seeds of initializers and of dropout from Python's `random`.
    """
    policy, state = keras.config.dtype_policy(), random.getstate()
    keras.config.set_dtype_policy(recipe.precision)
    random.seed(recipe.seed)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
        random.setstate(state)
