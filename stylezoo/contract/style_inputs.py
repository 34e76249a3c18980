"""How a generator is given its style: one class for each way, chosen by the generator's inputs and layers.

Training, stylising and the conformance kit use the object that `style_input` returns and know no way by name. A new way
is one subclass of `StyleInput`, defined anywhere: the latest one is tried first.
"""

from abc import ABC, abstractmethod

from stylezoo.contract.inputs import fuses, input_names, inputs_of, made_of_codes, random_code
from stylezoo.errors import BadOptions, BrokenPlugin, did_you_mean, name_all

NO_PICTURE = "This model takes its style from a picture: give it one (--style painting.jpg)."


class StyleInput(ABC):
    """One way in which a generator is given its style.

    A style has three forms: what a user writes (a name, a picture, a number); what `read` returns, which can be
    mixed; and a tensor, the input of the network.

    Attributes:
        inputs: The names of the generator's inputs that carry the style.
        takes_picture: Whether a style is a picture: it is opened before `read`, and scaled before `palette`.
        needs_labels: Whether batches need the labels of named styles.
        can_be_random: Whether the style can be drawn at random.
        has_facts: Whether layers compute statistics of the style as well; see `stylezoo.scene`.
        generator: The generator's Keras model.
    """

    inputs: tuple[str, ...] = ()
    takes_picture = False
    needs_labels = False
    can_be_random = False
    has_facts = False
    ways: list[type["StyleInput"]] = []  # noqa: RUF012 - the table that all subclasses share, the newest first

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if not cls.inputs and cls.recognises.__func__ is StyleInput.recognises.__func__:
            raise TypeError(
                f"The style input {cls.__name__} never applies: name the generator's inputs that carry the style "
                "(inputs = ...), or define recognises(generator)."
            )
        StyleInput.ways.insert(0, cls)

    def __init__(self, generator):
        self.generator = generator

    @classmethod
    def recognises(cls, generator) -> bool:
        """Whether a generator that has all of `inputs` is given its style in this way."""
        return True

    # What the network is called with

    @abstractmethod
    def from_batch(self, source, style, labels, code):
        """The tensor of the style for a batch in training, or for a call of the model.

        Args:
            source: Pictures, (batch, height, width, 3) in [-1, 1].
            style: Style pictures, likewise; None: there are none.
            labels: The weights of the named styles, (batch, K); None: there are none.
            code: Random style codes, (batch, n); None: there are none.
        """

    def given(self, style):
        """The tensor of a style as inputs of the network by their names; None: zeros."""
        return dict.fromkeys(self.inputs, style)

    def draw(self, source, style, training=False, seed=0, noise=None):
        """The generator's picture of `source`, float32: (batch, height, width, 3).

        Args:
            source: Pictures, (batch, height, width, 3) in [-1, 1].
            style: From `from_batch` or `mixture`.
            training: Whether layers such as dropout behave as in training.
            seed: For the input `noise`, where `noise` is None; None: zeros.
            noise: The input `noise`.
        """
        from keras import ops  # contract is imported for listings as well: Keras takes three seconds

        given = {"source": source, **self.given(style)}
        if noise is not None:
            given["noise"] = noise
        return ops.cast(self.generator(inputs_of(self.generator, given, seed), training=training), "float32")

    # The styles of a user

    @abstractmethod
    def read(self, style, names=()):
        """A user's style as `palette` takes it.

        Args:
            style: A name, a number ...; a float32 array (height, width, 3) in [-1, 1] where `takes_picture` is true.
            names: The names of the model's styles.

        Raises:
            BadOptions: There is no such style.
        """

    def default(self, names=(), random=False) -> tuple:
        """The styles, as `read` returns them, if a user names none.

        Args:
            names: The names of the model's styles.
            random: Whether the model was trained on random styles.

        Raises:
            BadOptions: This generator needs one.
        """
        raise BadOptions("This model needs a style; give it one: style=...")

    @property
    def as_it_is(self):
        """The style, as `read` returns it, that leaves the source as it is; None: there is none.

        Not used where `takes_picture` is true: there it is the source itself.
        """
        return None

    # What can be done with styles

    @property
    def can_mix(self) -> bool:
        """Whether a picture can be drawn in several styles at once, everywhere the same mixture."""
        return False

    @property
    def can_divide(self) -> bool:
        """Whether places of a picture can differ in style, by masks."""
        return fuses(self.generator) and self.can_weaken  # a place without a style stays as it is

    @property
    def can_weaken(self) -> bool:
        """Whether the network itself can draw a style at less strength; else its picture is blended with the source."""
        return self.as_it_is is not None

    def palette(self, styles, seed=0):
        """The styles of one picture, a row for each style, that `mixture` takes.

        Args:
            styles: From `read`, and if the source has a share, `as_it_is` as the last; pictures are of one size. In an
                exported model they may be tensors of a graph.
            seed: For a random style.

        Returns:
            A float32 tensor (styles, ...); None where a style cannot be mixed and is given unchanged.
        """
        from keras import ops

        return ops.stack([ops.convert_to_tensor(style, "float32") for style in styles])

    def mixture(self, palette, shares, divided):
        """The styles of a palette by their shares.

        Args:
            palette: From `palette`.
            shares: How much of each there is at each place: (height, width, styles), or (1, 1, styles).
            divided: Whether places differ in style.

        Returns:
            The style for `draw`, and the shares for layers that mix: (1, height, width, styles), or None.
        """
        from keras import ops

        return (palette, shares[None]) if divided else (ops.matmul(shares[0], palette), None)


class OneStyle(StyleInput):
    """The generator has one style, the one that it was trained on."""

    @classmethod
    def recognises(cls, generator):
        return True  # tried last

    def from_batch(self, source, style, labels, code):
        return None

    def read(self, style, names=()):
        raise BadOptions(f"This model has no style '{style}'. It has one style only.")

    def default(self, names=(), random=False):
        return ()

    def palette(self, styles, seed=0):
        return None


class StylePicture(StyleInput):
    """The style is a picture, the input `style`; without one the source is its own style."""

    inputs = ("style",)
    takes_picture = True
    has_facts = True

    def from_batch(self, source, style, labels, code):
        return source if style is None else style

    def read(self, style, names=()):
        return style

    def default(self, names=(), random=False):
        raise BadOptions(NO_PICTURE)

    @property
    def can_mix(self):
        return fuses(self.generator)

    @property
    def can_weaken(self):
        return fuses(self.generator)

    def palette(self, styles, seed=0):
        return super().palette(styles, seed) if self.can_mix else None

    def mixture(self, palette, shares, divided):
        return palette, shares[None] if shares.shape[-1] > 1 else None


class NamedStyles(StyleInput):
    """The style is chosen among named ones by weights, the input `styles`: all 0 leave the source as it is."""

    inputs = ("styles",)
    needs_labels = True
    can_mix = True

    def from_batch(self, source, style, labels, code):
        return labels

    def read(self, style, names=()):
        import numpy as np

        if style not in names:
            there_are = f"It has: {name_all(names)}." if names else "It has one style only."
            raise BadOptions(f"This model has no style '{style}'.{did_you_mean(str(style), names)} {there_are}")
        return np.array([name == style for name in names], "float32")

    def default(self, names=(), random=False):
        return (self.read(names[0], names),) if names else ()

    @property
    def as_it_is(self):
        import numpy as np

        count = next(each.shape[-1] for each in self.generator.inputs if each.name == "styles")
        return np.zeros(count, "float32")


class StyleCodes(StyleInput):
    """The style is a short code, read from a picture or drawn at random, for a generator made of codes.

    Such a generator has the inputs `source` and `style` and holds the models `content`, `style_code` and `decoder`.
    """

    inputs = ("style",)
    takes_picture = True
    can_be_random = True
    can_mix = True
    can_weaken = True

    @classmethod
    def recognises(cls, generator):
        return made_of_codes(generator)

    def from_batch(self, source, style, labels, code):
        """The codes, else the pictures from which the network computes codes."""
        return next(each for each in (code, style, source) if each is not None)

    def draw(self, source, style, training=False, seed=0, noise=None):
        from keras import ops

        if len(style.shape) != 2:  # pictures
            return super().draw(source, style, training, seed, noise)
        content = self.generator.get_layer("content")(source, training=training)
        return ops.cast(self.generator.get_layer("decoder")([content, style], training=training), "float32")

    def read(self, style, names=()):
        return style

    def default(self, names=(), random=False):
        if not random:
            raise BadOptions(NO_PICTURE)
        return (None,)

    def palette(self, styles, seed=0):
        """Codes (styles, n): a random one for a style None, which comes first, and those of the pictures."""
        import numpy as np
        from keras import ops

        codes, pictures = [], [style for style in styles if style is not None]
        if len(pictures) < len(styles):
            codes.append(random_code(self.generator, np.zeros((1, 1, 1, 3), "float32"), seed))
        if pictures:
            codes.append(self.generator.get_layer("style_code")(super().palette(pictures)))
        return ops.concatenate([ops.cast(each, "float32") for each in codes])


def style_input(generator) -> StyleInput:
    """How a generator is given its style.

    Raises:
        BrokenPlugin: The class for it lacks methods.

    Examples:
        >>> from stylezoo.contract import style_input
        >>> generator = stylezoo.Spec.parse("munit:filters=4,blocks=1").part("generator").build(shape=(32, 32, 3))
        >>> type(style_input(generator)).__name__
        'StyleCodes'
    """
    names = set(input_names(generator))
    way = next(way for way in StyleInput.ways if names.issuperset(way.inputs) and way.recognises(generator))
    if missing := sorted(way.__abstractmethods__):
        raise BrokenPlugin(f"The style input {way.__name__} is half-made; it lacks the methods {name_all(missing)}.")
    return way(generator)


def unknown_inputs(generator) -> list[str]:
    """The names of a generator's inputs that are not known; a single input may have any name."""
    known = {"source", "noise", *style_input(generator).inputs}
    return [name for name in input_names(generator) if name not in known]


def known_inputs() -> list[str]:
    """The names that several inputs of a generator may have: source, noise, and those that carry a style."""
    carriers = [name for way in reversed(StyleInput.ways) for name in way.inputs]
    return list(dict.fromkeys(["source", "noise", *carriers]))
