"""The part of a trained model that draws pictures, read from its file without what only training needs."""

import keras

from stylezoo import features
from stylezoo.contract import style_input
from stylezoo.drawing.stylizing import Stylizing

__all__ = ["Discriminators", "Drawing"]


class Drawing(Stylizing, keras.Model):
    """A generator and the tones of its styles: what a `stylezoo.gan.GAN` draws with, in a third of its memory.

    Its weights lie in a file where those of the GAN do, so that it reads the same files.

    Args:
        plan: The plan of the model.

    Attributes:
        plan: The plan.
        generator: The generator, None if the model draws with averaged weights.
        average: The generator with averaged weights, or None.
        inverse: None.
        tones: As in a GAN.

    Examples:
        >>> from stylezoo.runs.drawing import Drawing
        >>> drawing = Drawing(stylezoo.Recipe(generator="resnet:filters=4,blocks=1").resolve())
        >>> drawing.stylize(np.zeros((1, 32, 32, 3), "float32")).shape
        (1, 32, 32, 3)
    """

    def __init__(self, plan, **kwargs):
        with plan.reproducible(), features.weights_come_later():
            super().__init__(**kwargs)
            self.plan = plan
            network = plan.build_generator()
            self.generator, self.average = (None, network) if plan.recipe.average else (network, None)
            self.inverse = None
            self.step = self.add_weight(shape=(), dtype="int64", initializer="zeros", trainable=False, name="step")
            self.tones = None
            if count := plan.data.tones:
                self.tones = self.add_weight(shape=(count,), initializer="zeros", trainable=False, name="tones")
        self.optimizer = None
        self.built = True

    @property
    def random_codes(self):
        return style_input(self.drawing_network()).can_be_random and self.plan.random_codes

    def load_own_variables(self, store):
        """Load the step and the tones: a GAN keeps the states of random numbers beside them."""
        super().load_own_variables({key: store[key] for key in store.keys() if key.isdecimal()})  # noqa: SIM118

    def get_config(self):
        return {"plan": self.plan}


class Discriminators(keras.Model):
    """The discriminators of a model, to read them alone from a file.

    Args:
        discriminators: Networks as `Plan.build_discriminators` makes them.
    """

    def __init__(self, discriminators):
        super().__init__()
        self.discriminators = discriminators
        self.built = True

    def load_own_variables(self, store):
        """Load nothing: the step and the tones of the file are not the discriminators'."""
