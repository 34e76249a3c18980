"""The Keras model that a recipe describes: a generator, its discriminators and the game that teaches them."""

import io
import random
import zipfile
from contextlib import contextmanager

import keras
import tensorflow as tf
from keras import ops

from stylezoo import features as vgg
from stylezoo.catalogue import registry
from stylezoo.contract import Loss, Translation, generate, style_input, style_of
from stylezoo.contract.style_inputs import known_inputs, unknown_inputs
from stylezoo.drawing.looks import look
from stylezoo.drawing.painter import Painter
from stylezoo.errors import (
    BadOptions,
    BadRecipe,
    BadRun,
    BrokenPlugin,
    StylezooError,
    name_all,
)
from stylezoo.files import archive, hdf5
from stylezoo.recipe import Recipe
from stylezoo.updates.image_pool import ImagePool
from stylezoo.updates.optimizers import PLAYERS, PlayerOptimizer, recipe_optimizer

if keras.backend.backend() != "tensorflow":
    raise StylezooError(
        f"stylezoo trains with TensorFlow, and Keras runs on {keras.backend.backend()} here: set the environment "
        "variable KERAS_BACKEND=tensorflow before Keras is imported."
    )


# What the directions of a translation are called in logs, for each player: like the attributes of the model.
WAYS = {"generator": ("generator", "inverse"), "discriminator": ("discriminator", "inverse_discriminator")}


@keras.saving.register_keras_serializable("stylezoo")
class GAN(keras.Model):
    """A GAN for style transfer, built from a recipe and compiled: `fit`, `save` and callbacks work as in Keras.

    `fit` takes batches of (source, style), each (batch, height, width, 3) in [-1, 1]; with named styles also labels
    (batch, K), one-hot. Calling the model gives the stylised source. Every term of both players' losses is a metric,
    "generator/content" or "discriminator/lsgan", in a two-way model also "inverse/content" and
    "inverse_discriminator/lsgan" for the way back; "generator" and "discriminator" are the sums of all, weights
    included.

    Args:
        recipe: What to build. Names are resolved and options checked here.

    Attributes:
        recipe: The complete recipe, which is also the model's Keras configuration.
        generator: The network that redraws a source in the style.
        inverse: In a two-way model the network that translates back, else None.
        discriminators: The networks that judge style pictures.
        inverse_discriminators: In a two-way model those that judge source pictures, else empty.
        pool: The generated pictures that discriminators are shown again, None if the recipe's `pool` is 0.
        inverse_pool: Likewise for the way back.
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
            self.generator = _generator(recipe)
            self.inverse = _generator(recipe) if recipe.two_way else None
            self.average = _generator(recipe) if recipe.average else None
            if recipe.added_styles:
                _freeze(self.generator, recipe)
            self.discriminators = _discriminators(recipe, shape)
            self.inverse_discriminators = _discriminators(recipe, shape) if recipe.two_way else []
            self.terms = [(_label(recipe, spec), spec.weight, _loss(recipe, spec)) for spec in recipe.losses]
            for spec, (_, _, loss) in zip(recipe.losses, self.terms, strict=True):
                _build(spec, loss, self.generator, self.discriminators, shape)
            self.loss_layers = [layer for _, _, loss in self.terms for layer in loss.layers]
            self.pool = ImagePool(recipe.pool, shape) if recipe.pool else None
            self.inverse_pool = ImagePool(recipe.pool, shape) if recipe.pool and recipe.two_way else None
            self.noise = keras.random.SeedGenerator()
            state = {"initializer": "zeros", "trainable": False}
            self.step = self.add_weight(shape=(), dtype="int64", name="step", **state)
            self.tones = (
                self.add_weight(shape=(4,), dtype="float32", name="tones", **state) if recipe.match_tones else None
            )
        self._check_networks()
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

        `inputs` is the source, [source, style] for a generator that looks at both, or [source, style, labels].
        """
        inputs = inputs if isinstance(inputs, list | tuple) else (inputs, inputs)
        source, style, labels = (*inputs, None)[:3]
        return generate(self.average or self.generator, source, style, training, labels=labels)

    @property
    def takes_style_picture(self):
        """Whether a style is a picture when one is stylised."""
        return style_input(self.generator).takes_picture

    def stylize(self, picture, style=None, seed=0, **look):
        """Redraw a picture in the style, or in several.

        Args:
            picture: A path, a Pillow image, or a float array (height, width, 3) or (count, height, width, 3) in
                [-1, 1], of any size.
            style: One style: see `painter`.
            seed: For a generator with noise or random styles another number gives another hand; the same gives the
                same picture.
            **look: `styles`, `masks`, `strength`, `keep_colour` and `tile`: see `painter`.

        Returns:
            A Pillow image for a path or an image, as transparent as it was; a float32 array of the same shape, not
            quantised, for an array.

        Raises:
            BadPicture: A file cannot be used.
            BadOptions: The model does not know the style, needs one, or cannot do what is asked.

        Examples:
            >>> gan.stylize("photo.jpg", styles={"monet": 0.6, "song": 0.4}, masks={"song": "sky.png"}, strength=0.8)
        """
        return self.painter(style, seed, **look).paint(picture)

    def painter(
        self,
        style=None,
        seed=0,
        *,
        styles=None,
        masks=None,
        strength=1.0,
        keep_colour=False,
        tile=None,
        steady=False,
    ) -> Painter:
        """What redraws one picture after another in the same look: see `drawing.painter.Painter`.

        A style is a name for a model of several styles; for a model that takes its style from a picture it is that
        picture, a path, an image or an array.

        Args:
            style: One style. None: the first named one, or a random one if the model was trained on such.
            seed: As in `stylize`.
            styles: Several styles with their weights, ``{"monet": 0.6, "song": 0.4}``, or a list of (style, weight)
                where pictures are no keys. Only the proportions of weights count.
            masks: Where a style is: ``{"monet": mask}`` or a list of (style, mask). A mask is a path, an image or an
                array (height, width) in [0, 1]: white is all of the style, black none of it, greys are between. What
                masks leave is shared by the styles without one; if there are none, the picture stays there as it is.
            strength: From 0, the picture as it is, to 1, full style. Where the generator has no means for less of a
                style, what it draws is laid over the picture.
            keep_colour: Whether the picture keeps its own colours, and only its luminance is redrawn.
            tile: The side of tiles in pixels, which bounds the memory that a large picture takes; 0: draw in one
                piece. None: tiles as large as 2 GB allow, for a picture that is larger than one.
            steady: Whether all pictures are frames of a film.

        Raises:
            BadPicture: The file of a style or a mask cannot be used.
            BadOptions: As in `stylize`.
        """
        generator = self.average or self.generator
        known = self.tones is not None and self.tones.numpy().any()
        return Painter(
            generator,
            look(
                style,
                styles,
                masks,
                strength,
                style_input=style_input(generator),
                names=self.recipe.styles,
                random=self.recipe.random_codes,
            ),
            tones=self.tones.numpy() if known else None,
            seed=seed,
            keep_colour=keep_colour,
            tile=tile,
            steady=steady,
        )

    # Training

    def variables_of(self, player):
        """The trainable variables of one player, "generator" or "discriminator"."""
        nets = {
            "generator": [self.generator, self.inverse, *self.loss_layers],
            "discriminator": [*self.discriminators, *self.inverse_discriminators],
        }
        return [variable for net in nets[player] if net for variable in net.trainable_variables]

    def translations(self, source, style, labels=None, training=True):
        """The directions of one step: one, or two in a two-way model."""
        rest = {
            "training": training,
            "judge_identity": self.recipe.judge_identity,
            "random_codes": self.recipe.random_codes,
            "seed": self.noise if training else 0,
        }
        forward = Translation(source, style, self.generator, self.discriminators, self.inverse, labels=labels, **rest)
        if self.inverse is None:
            return [forward]
        back = Translation(style, source, self.inverse, self.inverse_discriminators, self.generator, **rest)
        return [forward, back]

    def cost(self, player, translations, only=None):
        """What a player pays in this step: a scalar tensor. Every term is also noted in its metric.

        Args:
            player: "generator" or "discriminator".
            translations: From `translations`.
            only: The names of the losses that count; None: all.
        """
        total = 0.0
        for label, weight, loss in self.terms:
            if _concerns(loss, player) and (only is None or label in only):
                for way, translation in zip(WAYS[player], translations, strict=False):
                    value = weight * price(loss, player, translation)
                    self.trackers[f"{way}/{label}"].update_state(value)
                    total += value
        self.trackers[player].update_state(total)
        return total

    def prepare(self):
        """Read what only training needs, such as the pretrained networks of losses."""
        for _, _, loss in self.terms:
            loss.prepare()

    def make_train_function(self, force=False):
        self.prepare()
        return super().make_train_function(force)

    def make_test_function(self, force=False):
        self.prepare()
        return super().make_test_function(force)

    def train_step(self, data):
        pictures = _pictures(data)
        parts = self.recipe.critic_steps
        if (pictures[0].shape[0] or 0) % parts:
            raise ValueError(
                f"A batch has {pictures[0].shape[0]} pictures; it must be a multiple of critic_steps, {parts}."
            )
        batches = list(zip(*(ops.split(each, parts) for each in pictures), strict=True))
        if self.recipe.warmup_steps:
            tf.cond(
                self.step < self.recipe.warmup_steps, lambda: self._warm_up(batches[0]), lambda: self._play(batches)
            )
        else:
            self._play(batches)
        self.step.assign_add(1)
        if self.average:
            self._update_average()
        return self.get_metrics_result()

    def test_step(self, data):
        translations = self.translations(*_pictures(data), training=False)
        for player in self._players():
            self.cost(player, translations)
        return self.get_metrics_result()

    def _play(self, batches):
        if self.recipe.order == "together":
            self._learn_together(batches[0])
        else:
            self._learn_in_turn(batches)
        return True  # tf.cond wants a value of both branches

    def _warm_up(self, batch):
        """The generator learns from some of its losses, without a game."""
        with tf.GradientTape() as tape:
            cost = self._scaled(self.cost("generator", self.translations(*batch), only=self._warm_labels()))
        variables = self.variables_of("generator")
        reached = [(g, v) for g, v in zip(tape.gradient(cost, variables), variables, strict=True) if g is not None]
        self.optimizer.apply(*zip(*reached, strict=True))
        return True

    def _warm_labels(self):
        names = self.recipe.warmup_losses
        return [label for label, _, _ in self.terms if label.rpartition("/")[2] in names]

    def _learn_together(self, batch):
        """Both players learn from one forward pass; without a pool D(fake) is computed once for both."""
        with tf.GradientTape(persistent=True) as tape:
            translations = self.translations(*batch)
            shown = {"generator": translations, "discriminator": translations}
            if self.pool:
                shown["discriminator"] = self._detached(translations)
            costs = {player: self._scaled(self.cost(player, shown[player])) for player in self._players()}
        gradients, variables = [], []
        for player, cost in costs.items():
            gradients += tape.gradient(cost, self.variables_of(player))
            variables += self.variables_of(player)
        self.optimizer.apply(gradients, variables)

    def _learn_in_turn(self, batches):
        """The discriminators learn from every batch; then the generator faces the new ones on the last batch."""
        for batch in batches:
            with tf.GradientTape() as generator_tape:  # its forward pass is recorded now and used again in its turn
                translations = self.translations(*batch)
                fakes = self._detached(translations)
            with tf.GradientTape() as tape:
                cost = self._scaled(self.cost("discriminator", fakes))
            variables = self.variables_of("discriminator")
            self.optimizer.apply(tape.gradient(cost, variables), variables)
        with generator_tape:
            cost = self._scaled(self.cost("generator", translations))
        variables = self.variables_of("generator")
        self.optimizer.apply(generator_tape.gradient(cost, variables), variables)

    def _detached(self, translations):
        pools = (self.pool, self.inverse_pool)
        return [translation.detached(pool) for translation, pool in zip(translations, pools, strict=False)]

    def _scaled(self, cost):
        """A cost as gradients are taken of it: Keras adds them up over replicas, and scales float16."""
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return self.optimizer.scale_loss(cost / replicas)

    def _update_average(self):
        step = ops.cast(self.step, "float32")
        decay = ops.minimum(self.recipe.average, (1 + step) / (10 + step))  # forget the random beginning sooner
        for means, layer in zip(leaves(self.average), leaves(self.generator), strict=True):
            if layer.trainable:  # a mean of what stays as it is would be another number in its last digit
                for mean, variable in zip(means.weights, layer.weights, strict=True):
                    mean.assign(decay * mean + (1 - decay) * variable)

    def _check_networks(self):
        """See that generator and recipe mean the same by styles, codes and devices."""
        recipe, style = self.recipe, style_input(self.generator)
        if style.needs_labels != (recipe.data == "styles"):
            has = "chooses among named styles" if style.needs_labels else "knows one style only"
            raise BadRecipe(
                f"The generator '{recipe.generator}' {has}, and data is '{recipe.data}'; see the model gated."
            )
        if recipe.added_styles and _branches(self.generator) < {*_added(recipe)}:
            raise BadRecipe(
                f"The generator '{recipe.generator}' has no layers that one style alone has (style_0_...); a style can "
                "be added to one such as gated."
            )
        if recipe.random_codes and not style.can_be_random:
            raise BadRecipe(
                f"random_codes is true and the generator '{recipe.generator}' is not made of codes as munit is."
            )
        if tf.distribute.get_strategy().num_replicas_in_sync > 1 and (recipe.pool or recipe.warmup_epochs):
            raise BadRecipe("A pool and a warm-up work on one device only: --set pool=0 --set warmup_epochs=0.")

    def _check_lessons(self):
        for player in self._players():
            if not any(_concerns(loss, player) for _, _, loss in self.terms):
                raise BadRecipe(f"No loss of this recipe teaches its {player}; add one such as 'lsgan'.")

    def _players(self):
        return [player for player in PLAYERS if self.variables_of(player)]

    def _metric_names(self):
        players = self._players()
        ways = 2 if self.recipe.two_way else 1
        terms = [
            f"{way}/{label}"
            for player in players
            for label, _, loss in self.terms
            if _concerns(loss, player)
            for way in WAYS[player][:ways]
        ]
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
        with vgg.weights_come_later():  # they are in the file as well
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


def load(file):
    """The model of a ``.keras`` file; what `stylezoo.load_model` does once the plugins are known to be there.

    Raises:
        BadRun: Keras cannot read it, or its weights reach beyond it.
    """
    _check_weights(file)
    try:
        return keras.models.load_model(file, safe_mode=True)
    except (MemoryError, tf.errors.ResourceExhaustedError):
        raise BadRun(f"There is not enough memory for the model '{file}'.") from None
    except (ValueError, TypeError, OSError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise BadRun(f"'{file}' cannot be loaded, it may be damaged: {reason[:200]}") from error


def _check_weights(file):
    with archive.opened(file) as members:
        weights = io.BytesIO(members.read(archive.WEIGHTS))
    try:
        hdf5.check(weights)
    except OSError as error:
        raise BadRun(f"'{file}' cannot be loaded, it may be damaged: {error}") from None
    except ValueError as error:
        raise archive.refused(file, str(error)) from None


def plugins_of(recipe):
    """The plugins that a recipe uses, as plain data: what a file needs to be read again."""
    found = {(kind, spec.name): registry.find(kind, spec.name) for kind, spec in recipe.parts}
    return [
        {"kind": kind, "name": plugin.name, "distribution": plugin.distribution, "version": plugin.version}
        for (kind, _), plugin in found.items()
    ]


def price(loss, player, translation):
    """What a loss has a player pay, "generator" or "discriminator"."""
    return loss.generator(translation) if player == "generator" else loss.discriminator(translation)


def _concerns(loss, player):
    """Whether a loss has something to say to a player: whether its class overrides that method."""
    mine = {"generator": type(loss).generator, "discriminator": type(loss).discriminator}
    return mine[player] is not {"generator": Loss.generator, "discriminator": Loss.discriminator}[player]


def _label(recipe, spec):
    """What a term is called in logs: its bare name, unless two distributions' losses of one name are in use."""
    twins = [other for other in recipe.losses if other.label == spec.label]
    return spec.label if len(twins) == 1 else spec.name


def _given(recipe):
    """What the machine gives to components that have a parameter for it."""
    given = {"styles": len(recipe.styles), "vgg": recipe.vgg}
    return {name: value for name, value in given.items() if value}


def _generator(recipe):
    return _network("generator", recipe, recipe.generator, (None, None, 3))


def _added(recipe):
    """The numbers of the styles that are new to the generator."""
    return range(len(recipe.styles) - recipe.added_styles, len(recipe.styles))


def _branches(generator):
    """The numbers of the styles that have layers with weights of their own."""
    return {style_of(layer) for layer in leaves(generator) if layer.weights} - {None}


def _freeze(generator, recipe):
    """Let nothing learn but the layers that the added styles have alone."""
    for layer in leaves(generator):
        layer.trainable = style_of(layer) in _added(recipe)


def _discriminators(recipe, shape):
    return [_network("discriminator", recipe, spec, shape) for spec in recipe.discriminators]


def _loss(recipe, spec):
    return spec.build("loss", **_given(recipe))


def _build(spec, loss, generator, discriminators, shape):
    try:
        loss.build(generator, discriminators, shape)
    except ValueError as error:
        raise BadOptions(f"The loss '{spec.name}' refuses: {str(error).rstrip('.')}.") from error


def _network(kind, recipe, spec, shape):
    net = spec.build(kind, shape=shape, **_given(recipe))
    if not isinstance(net, keras.Model):
        raise BrokenPlugin(f"The {kind} '{spec.name}' built a {type(net).__name__}; it must build a keras.Model.")
    if kind == "generator" and unknown_inputs(net):
        raise BrokenPlugin(
            f"The generator '{spec.name}' has the inputs {name_all(i.name for i in net.inputs)}; "
            f"several inputs must be called {name_all(known_inputs())}."
        )
    return net


def _pictures(data):
    """(source, style), or with labels (source, style, labels)."""
    return tuple(each for each in keras.utils.unpack_x_y_sample_weight(data) if each is not None)


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
