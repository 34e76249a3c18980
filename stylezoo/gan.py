"""The Keras model of a plan: a generator, its discriminators and their losses."""

import os
import warnings

import keras

from stylezoo import backend, features
from stylezoo.contract import Translation, generate, style_input
from stylezoo.contract.branches import freeze
from stylezoo.contract.summary import roles, summary
from stylezoo.data import fitting
from stylezoo.drawing.stylizing import Stylizing
from stylezoo.recipe import Recipe
from stylezoo.updates import states
from stylezoo.updates.averaging import follow
from stylezoo.updates.game import Game, check_no_losses
from stylezoo.updates.image_pool import ImagePool
from stylezoo.updates.optimizers import PLAYERS, chosen_optimizer, name_players
from stylezoo.updates.stepping import Stepping

__all__ = ["GAN"]


@keras.saving.register_keras_serializable("stylezoo")
class GAN(Stylizing, Stepping, keras.Model):
    """A GAN for style transfer, built from a plan and compiled: `fit`, `save` and callbacks work as in Keras.

    `fit` takes batches of (source, style), each (batch, height, width, channels) in [-1, 1]; with named styles also
    labels, the numbers of styles (batch,) or one-hot (batch, K). Calling the model gives the stylised source. Every
    term of both players' losses is a metric, "generator/content" or "discriminator/lsgan", in a two-way model also
    "inverse/content" and "inverse_discriminator/lsgan" for the way back; "generator" and "discriminator" are the sums
    of all, weights included.

    Args:
        plan: The `Plan` of a recipe, or a recipe, which is resolved first.

    Attributes:
        plan: The plan.
        recipe: The complete recipe, which is also the model's Keras configuration.
        generator: The network that redraws a source in the style.
        inverse: In a two-way model the network that translates back, else None.
        discriminators: The networks that judge style pictures.
        inverse_discriminators: In a two-way model those that judge source pictures, else empty.
        pool: The pool of generated pictures for the discriminators, None if the recipe's `pool` is 0.
        inverse_pool: Likewise for the way back.
        average: The generator with averaged weights, None if the recipe's `average` is 0.
        step: The number of updates of the generator so far.
        tones: The tones of the styles, which training sets, if the data option `match_tones` or `match_colours` is on.

    Raises:
        StylezooError: As in `Recipe.resolve`; also if a component refuses its options or does not build a network.

    Examples:
        >>> gan = stylezoo.create_model("transfer", image_size=32, generator="resnet:filters=4,blocks=1")
        >>> gan(np.zeros((1, 32, 32, 3), "float32")).shape
        TensorShape([1, 32, 32, 3])
    """

    def __init__(self, plan, **kwargs):
        plan = plan.resolve()
        recipe, two_way, shape = plan.recipe, plan.recipe.two_way, plan.crop
        with plan.reproducible():
            super().__init__(**kwargs)
            self.plan = plan
            self.generator = plan.build_generator()
            self.inverse = plan.build_generator(again=True) if two_way else None
            self.average = plan.build_generator(again=True) if recipe.average else None
            if plan.data.added:
                freeze(self.generator, plan.data.added_numbers.start)
            self.discriminators = plan.build_discriminators(shape)
            self.inverse_discriminators = plan.build_discriminators(shape, again=True) if two_way else []
            terms = plan.build_losses(self.generator, self.discriminators, shape)
            self.loss_layers = [layer for _, _, loss in terms for layer in loss.layers]
            self.pool = ImagePool(recipe.pool, shape) if recipe.pool else None
            self.inverse_pool = ImagePool(recipe.pool, shape) if recipe.pool and two_way else None
            self.noise = keras.random.SeedGenerator()
            self.step = self._state("step", "int64", ())
            self.tones = self._state("tones", "float32", (plan.data.tones,)) if plan.data.tones else None
        plan.check_generator(self.generator)
        if plan.objects:
            warnings.warn(f"This model cannot be saved. {plan.unsaved}", stacklevel=2)
        if self.average:
            self.average.trainable = False
            self.average.set_weights(self.generator.get_weights())
        self.game = Game(terms, self.players, two_way)
        self.trackers = self.game.trackers  # so that Keras knows them
        name_players({player: self.variables_of(player) for player in PLAYERS})
        self.built = True
        self.compile()

    @property
    def recipe(self) -> Recipe:
        return self.plan.recipe

    @property
    def terms(self):
        """Label, weight and `Loss` of each term."""
        return self.game.terms

    @property
    def random_codes(self):
        """Whether results are made from random style codes in training."""
        return style_input(self.generator).can_be_random and any(loss.random_codes_needed for _, _, loss in self.terms)

    @backend.nameless_variables()
    def compile(self, optimizer=None, loss=None, **kwargs):
        """Set the optimizers: the recipe's, unless others are given.

        Args:
            optimizer: ``{"generator": ..., "discriminator": ...}``, a Keras optimizer for each, or a `PlayerOptimizer`.
                A player that is not in it keeps the recipe's.
            loss: Not used: the recipe has the losses.
            **kwargs: As in Keras. `jit_compile` is off unless asked for: XLA draws other random numbers.

        Raises:
            BadOptions: Losses or metrics are given, which the recipe has, or one optimizer for both players.
        """
        check_no_losses({"loss": loss, **kwargs})
        super().compile(optimizer=chosen_optimizer(optimizer, self.plan), **{"jit_compile": False, **kwargs})
        self.optimizer.build(self.trainable_variables)  # else loading skips its state, with only a warning

    def summary(self, line_length=None, positions=None, print_fn=None, expand_nested=False, **_):
        """Print the networks by their roles, with their numbers of weights; `expand_nested` adds the layers of each."""
        summary(roles(self), print_fn or print, expand_nested)

    @backend.nameless_variables()  # Keras makes layers and optimizers anew when it saves and loads, to look at them
    def save(self, filepath, *rest, **options):
        """Write the model into a ``.keras`` file, as in Keras; ``~`` is the home folder."""
        super().save(os.path.expanduser(filepath), *rest, **options)

    @backend.nameless_variables()
    def compile_from_config(self, config):
        check_no_losses(config)  # before any of it is built
        self.compile(**keras.saving.deserialize_keras_object(config))

    def call(self, inputs, training=False):
        """The stylised source, the network's output; `stylize` matches a picture to the styles' tones first.

        `inputs` is the source, [source, style] for a generator that uses both, or [source, style, labels].
        """
        inputs = inputs if isinstance(inputs, list | tuple) else (inputs, inputs)
        source, style, labels = (*inputs, None)[:3]
        return generate(self.drawing_network(), source, style, training, labels=labels)

    # Training

    @property
    def players(self):
        """The players with trainable variables: "generator", and "discriminator" if there are any."""
        return [player for player in PLAYERS if self.variables_of(player)]

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
            "judge_identity": self.plan.order.judge_identity,
            "random_codes": self.random_codes,
            "seed": self.noise if training else 0,
        }
        forward = Translation(source, style, self.generator, self.discriminators, self.inverse, labels=labels, **rest)
        if self.inverse is None:
            return [forward]
        back = Translation(style, source, self.inverse, self.inverse_discriminators, self.generator, **rest)
        return [forward, back]

    def shown(self, translations):
        """The translations for the discriminators: without gradients to the generator, some fakes from the pool."""
        pools = (self.pool, self.inverse_pool)
        return [translation.detached(pool) for translation, pool in zip(translations, pools, strict=False)]

    def cost(self, player, translations, only=None):
        """The weighted sum of a player's losses in this step: a scalar tensor. Every term also updates its metric.

        Args:
            player: "generator" or "discriminator".
            translations: From `translations`.
            only: The names of the losses that count; None: all.
        """
        return self.game.cost(player, translations, only)

    def prepare(self):
        """Read what only training needs, such as the pretrained networks of losses."""
        for _, _, loss in self.terms:
            loss.prepare()

    def fit(self, x=None, y=None, *rest, sample_weight=None, **options):
        """Train, as in Keras: ``fit(source, style)``, with named styles also ``sample_weight=labels``, or a dataset.

        Sources and styles are (count, height, width, channels): floats in [-1, 1], uint8 in 0..255, or uint16 in
        0..65535. Labels are numbers of styles, (count,), or one-hot, (count, K). A dataset has batches of these.

        Raises:
            BadData: The arrays are something else.

        Examples:
            >>> gan = stylezoo.create_model("transfer", image_size=32, generator="resnet:filters=4,blocks=1")
            >>> pictures = np.zeros((4, 32, 32, 3), "uint8")
            >>> history = gan.fit(pictures, pictures, batch_size=2, epochs=1, verbose=0)
        """
        x, y, labels = fitting.checked_arrays(self.plan, x, y, sample_weight)
        with fitting.checked_shapes(self.plan):
            return super().fit(x, y, *rest, sample_weight=labels, **options)

    def train_step(self, data):
        batch, plan = fitting.tensors(self.plan, data), self.plan
        (plan.warmup if self.is_warming_up else plan.order).learn(self, batch)
        self.step.assign_add(1)
        if self.average:
            follow(self.average, self.generator, self.recipe.average, self.step)
        return self.get_metrics_result()

    def test_step(self, data):
        translations = self.translations(*fitting.tensors(self.plan, data), training=False)
        for player in self.players:
            self.cost(player, translations)
        return self.get_metrics_result()

    @property
    def metrics(self):
        return list(self.trackers.values())

    # Saving: the configuration is the recipe, and building from it uses the registry, so that a file holds weights,
    # names and plain data.

    def get_config(self):
        return {"recipe": self.recipe.to_dict(), "plugins": self.plan.plugins}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        with features.weights_come_later():  # they are in the file as well
            return cls(Recipe.from_dict(config["recipe"]))

    def save_own_variables(self, store):
        super().save_own_variables(store)
        states.save(self, store)

    def load_own_variables(self, store):
        super().load_own_variables(states.load(self, store))

    def _state(self, name, dtype, shape):
        return self.add_weight(shape=shape, dtype=dtype, name=name, initializer="zeros", trainable=False)
