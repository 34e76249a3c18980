"""The Keras model of a plan: a generator, its discriminators and the game that teaches them."""

import io
import random
import warnings
import zipfile
from contextlib import contextmanager
from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from stylezoo import features
from stylezoo.catalogue import sources
from stylezoo.contract import Translation, generate, made_of_codes
from stylezoo.contract.branches import branches, freeze
from stylezoo.contract.losses import concerns, cost
from stylezoo.data import arrays
from stylezoo.drawing.fusion import Fusion, Share
from stylezoo.drawing.painter import Painter
from stylezoo.errors import BadOptions, BadPicture, BadRecipe, BadRun, StylezooError, did_you_mean, name_all
from stylezoo.files import archive, hdf5
from stylezoo.pictures import images
from stylezoo.recipe import Recipe
from stylezoo.scene import fuses
from stylezoo.updates.averaging import follow
from stylezoo.updates.image_pool import ImagePool
from stylezoo.updates.optimizers import PLAYERS, PlayerOptimizer, planned_optimizer

if keras.backend.backend() != "tensorflow":
    raise StylezooError(
        f"stylezoo trains with TensorFlow, and Keras runs on {keras.backend.backend()} here: set the environment "
        "variable KERAS_BACKEND=tensorflow before Keras is imported."
    )


# What the directions of a translation are called in logs, for each player: like the attributes of the model.
WAYS = {"generator": ("generator", "inverse"), "discriminator": ("discriminator", "inverse_discriminator")}
REFUSED = ("loss", "loss_weights", "metrics", "weighted_metrics")  # of `compile`: the recipe has the losses


@keras.saving.register_keras_serializable("stylezoo")
class GAN(keras.Model):
    """A GAN for style transfer, built from a plan and compiled: `fit`, `save` and callbacks work as in Keras.

    `fit` takes batches of (source, style), each (batch, height, width, 3) in [-1, 1]; with named styles also labels
    (batch, K), one-hot. Calling the model gives the stylised source. Every term of both players' losses is a metric,
    "generator/content" or "discriminator/lsgan", in a two-way model also "inverse/content" and
    "inverse_discriminator/lsgan" for the way back; "generator" and "discriminator" are the sums of all, weights
    included.

    Args:
        plan: What to build: the `Plan` of a recipe, or a recipe, which is resolved first.

    Attributes:
        plan: The plan.
        recipe: The complete recipe, which is also the model's Keras configuration.
        generator: The network that redraws a source in the style.
        inverse: In a two-way model the network that translates back, else None.
        discriminators: The networks that judge style pictures.
        inverse_discriminators: In a two-way model those that judge source pictures, else empty.
        pool: The generated pictures that discriminators are shown again, None if the recipe's `pool` is 0.
        inverse_pool: Likewise for the way back.
        average: The generator with averaged weights, None if the recipe's `average` is 0.
        step: How many updates of the generator were made.
        tones: With the data option `match_tones` the tones of the styles, which training sets; else None.

    Raises:
        BrokenPlugin: A plugin does not build what its kind must be.
        BadOptions: A component refuses its options.
        BadRecipe: The parts do not fit together.
        StylezooError: As in `Recipe.resolve`, for a recipe.
    """

    def __init__(self, plan, **kwargs):
        plan = plan.resolve()
        recipe, two_way, shape = plan.recipe, plan.recipe.two_way, (plan.recipe.image_size, plan.recipe.image_size, 3)
        with _reproducible(recipe):
            super().__init__(**kwargs)
            self.plan = plan
            self.generator = plan.build_generator()
            self.inverse = plan.build_generator(again=True) if two_way else None
            self.average = plan.build_generator(again=True) if recipe.average else None
            if plan.data.added:
                freeze(self.generator, len(plan.styles) - plan.data.added)
            self.discriminators = plan.build_discriminators(shape)
            self.inverse_discriminators = plan.build_discriminators(shape, again=True) if two_way else []
            self.terms = plan.build_losses(self.generator, self.discriminators, shape)
            self.loss_layers = [layer for _, _, loss in self.terms for layer in loss.layers]
            self.pool = ImagePool(recipe.pool, shape) if recipe.pool else None
            self.inverse_pool = ImagePool(recipe.pool, shape) if recipe.pool and two_way else None
            self.noise = keras.random.SeedGenerator()
            self.step = self._state("step", "int64", ())
            self.tones = self._state("tones", "float32", (4,)) if plan.data.match_tones else None
        self._check()
        if plan.objects:
            warnings.warn(f"This model cannot be saved. {plan.unsaved}", stacklevel=2)
        if self.average:
            self.average.trainable = False
            self.average.set_weights(self.generator.get_weights())
        self.trackers = {name: keras.metrics.Mean(name=name) for name in self._metric_names()}
        for player in PLAYERS:
            for variable in self.variables_of(player):
                variable.player = player
        self.built = True
        self.compile()

    @property
    def recipe(self) -> Recipe:
        return self.plan.recipe

    @property
    def random_codes(self):
        """Whether results are made of random style codes in training."""
        return made_of_codes(self.generator) and any(loss.random_codes_needed for _, _, loss in self.terms)

    def compile(self, optimizer=None, **kwargs):
        """Set the optimizers: the recipe's, unless others are given.

        Args:
            optimizer: ``{"generator": ..., "discriminator": ...}``, a Keras optimizer for each, or a `PlayerOptimizer`.
                A player that is not in it keeps the recipe's.
            **kwargs: As in Keras. `jit_compile` is off unless asked for: XLA draws other random numbers.

        Raises:
            BadOptions: Losses or metrics are given, which the recipe has, or one optimizer for both players.
        """
        if given := [name for name in REFUSED if kwargs.get(name) is not None]:
            raise BadOptions(
                f"compile got {name_all(given)}; the losses of a GAN are those of its recipe, and each is a metric: "
                "create_model(name, losses=[...])."
            )
        super().compile(optimizer=self._optimizers(optimizer), **{"jit_compile": False, **kwargs})
        self.optimizer.build(self.trainable_variables)  # else loading skips its state, with only a warning

    def _optimizers(self, given):
        if isinstance(given, PlayerOptimizer):
            return given
        planned = planned_optimizer(self.plan)
        if given is None:
            return planned
        if not isinstance(given, dict) or not given.keys() <= planned.players.keys():
            raise BadOptions(
                f"The optimizer is {given!r}; a GAN has two players, each with its own: "
                "{'generator': Adam(1e-4), 'discriminator': Adam(4e-4)}."
            )
        return PlayerOptimizer({**planned.players, **given})

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
        """Whether the style is told by a picture when one is stylised."""
        return "style" in {each.name for each in self.generator.inputs}

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
        """What redraws one picture after another in the same look: see `stylizing.Painter`.

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
        if style is not None and styles is not None:
            raise BadOptions("Give 'style' for one style or 'styles' for several, not both.")
        fusion = Fusion.of(style if styles is None else styles, masks, strength)
        known = self.tones is not None and self.tones.numpy().any()
        return Painter(
            self.average or self.generator,
            self._resolved(fusion),
            random_code=not fusion.parts and self.takes_style_picture and self.random_codes,
            tones=self.tones.numpy() if known else None,
            seed=seed,
            keep_colour=keep_colour,
            tile=tile,
            steady=steady,
        )

    def _resolved(self, fusion):
        """A fusion with its styles as the generator takes them."""
        if not fusion.parts and self.plan.styles:
            fusion = replace(fusion, parts=(Share(self.plan.styles[0]),))
        if not fusion.parts and self.takes_style_picture and not self.random_codes:
            raise BadOptions("This model takes its style from a picture: give it one (--style painting.jpg).")
        find = self._picture_of if self.takes_style_picture else self._row_of
        parts = tuple(replace(part, style=find(part.style)) for part in fusion.parts)
        mixes_pictures = self.takes_style_picture and len(parts) > 1 and not made_of_codes(self.generator)
        if (fusion.is_divided or mixes_pictures) and not fuses(self.generator):
            raise BadOptions(f"The generator '{self.recipe.generator}' takes one style at a time, everywhere the same.")
        return replace(fusion, parts=parts)

    def _picture_of(self, style):
        picture = images.as_array(style)
        if picture.ndim != 3:
            raise BadPicture(f"The style is {len(picture)} pictures; it must be one.")
        return picture

    def _row_of(self, style):
        names = self.plan.styles
        if style not in names:
            there_are = f"It has: {name_all(names)}." if names else "It has one style only."
            raise BadOptions(f"This model has no style '{style}'.{did_you_mean(str(style), names)} {there_are}")
        return np.float32([name == style for name in names])

    # Training

    @property
    def players(self):
        """The players that have something to learn: "generator", and "discriminator" where there are any."""
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
        """The same as discriminators are shown them: without gradients to the generator, some fakes from the pool."""
        pools = (self.pool, self.inverse_pool)
        return [translation.detached(pool) for translation, pool in zip(translations, pools, strict=False)]

    def cost(self, player, translations, only=None):
        """The weighted sum of a player's losses in this step: a scalar tensor. Every term also updates its metric.

        Args:
            player: "generator" or "discriminator".
            translations: From `translations`.
            only: The names of the losses that count; None: all.
        """
        total = 0.0
        for label, weight, loss in self.terms:
            if concerns(loss, player) and (only is None or label in only):
                for way, translation in zip(WAYS[player], translations, strict=False):
                    value = weight * cost(loss, player, translation)
                    self.trackers[f"{way}/{label}"].update_state(value)
                    total += value
        self.trackers[player].update_state(total)
        return total

    def prepare(self):
        """Read what only training needs, such as the pretrained networks of losses."""
        for _, _, loss in self.terms:
            loss.prepare()

    def fit(self, x=None, y=None, *rest, sample_weight=None, **options):
        """Train, as in Keras: ``fit(source, style)``, with named styles also ``sample_weight=labels``, or batches of them.

        Args:
            x: Sources, float (count, height, width, 3) in [-1, 1]; or a dataset of (source, style) batches or, with
                named styles, of (source, style, labels).
            y: Styles, as many, where `x` is an array.
            *rest: As in Keras.
            sample_weight: With named styles the number of each picture's style, (count,), or one-hot (count, K).
            **options: As in Keras: `epochs`, `batch_size`, `callbacks` ...

        Raises:
            BadData: The arrays are not such.
        """
        arrays.check_arrays(self.plan.data.labelled, x, y, sample_weight)
        return super().fit(x, y, *rest, sample_weight=sample_weight, **options)

    def make_train_function(self, force=False):
        self.prepare()
        return super().make_train_function(force)

    def make_test_function(self, force=False):
        self.prepare()
        return super().make_test_function(force)

    def train_step(self, data):
        batch, plan = arrays.tensors(self.plan, data), self.plan
        if plan.warmup_steps:
            plan.warmup.then(plan.order, self, batch)
        else:
            plan.order.learn(self, batch)
        self.step.assign_add(1)
        if self.average:
            follow(self.average, self.generator, self.recipe.average, self.step)
        return self.get_metrics_result()

    def test_step(self, data):
        translations = self.translations(*arrays.tensors(self.plan, data), training=False)
        for player in self.players:
            self.cost(player, translations)
        return self.get_metrics_result()

    def _check(self):
        """See that generator, data and devices fit, and that every player has a loss."""
        plan, takes_labels = self.plan, "styles" in {each.name for each in self.generator.inputs}
        if takes_labels != plan.data.labelled:
            has = "chooses among named styles" if takes_labels else "knows one style only"
            example = sources.such_as(data="named-styles")
            raise BadRecipe(f"The generator '{self.recipe.generator}' {has}, and data is '{plan.data.spec}'{example}.")
        if plan.data.added and branches(self.generator) < {*plan.data.added_numbers}:
            raise BadRecipe(
                f"The generator '{self.recipe.generator}' has no layers that one style alone has (style_0_...), so "
                f"that no style can be added{sources.such_as(data='named-styles')}."
            )
        if tf.distribute.get_strategy().num_replicas_in_sync > 1 and (self.recipe.pool or plan.warmup):
            raise BadRecipe("A pool and a warm-up work on one device only: --set pool=0 --set warmup=none.")
        for player in self.players:
            if not any(concerns(loss, player) for _, _, loss in self.terms):
                raise BadRecipe(f"No loss of this recipe teaches its {player}; add one such as 'lsgan'.")

    def _metric_names(self):
        ways = 2 if self.recipe.two_way else 1
        terms = [
            f"{way}/{label}"
            for player in self.players
            for label, _, loss in self.terms
            if concerns(loss, player)
            for way in WAYS[player][:ways]
        ]
        return [*self.players, *terms]

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

    def _state(self, name, dtype, shape):
        return self.add_weight(shape=shape, dtype=dtype, name=name, initializer="zeros", trainable=False)


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
