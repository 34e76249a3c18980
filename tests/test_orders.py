"""Update orders, schedules and optimizers of strangers: one class each, and no edit elsewhere."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import stylezoo
from stylezoo.errors import BadRecipe
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.spec import Choice
from stylezoo.updates import Optimizer, Order, Schedule, WarmUp
from stylezoo.updates.optimizers import planned_optimizer
from stylezoo.updates.orders import InTurn, scaled, update

SMALL = {"generator": "resnet:filters=2,blocks=1", "discriminators": "patch:filters=2,layers=1", "image_size": 16}


@pytest.fixture(autouse=True)
def known_as_before(monkeypatch):
    """What a test defines is forgotten behind it."""
    for root in (Order, WarmUp, Schedule, Optimizer):
        monkeypatch.setattr(root, "known", dict(root.known))


@pytest.fixture
def pair():
    return np.random.default_rng(0).uniform(-1, 1, (2, 4, 16, 16, 3)).astype("float32")


def define_twice():
    class Twice(Order, name="generator-twice"):
        """The generator learns several times a step, after the discriminators."""

        def __init__(self, times: int = 2):
            self.times = times

        def learn(self, gan, batch):
            for player in ("discriminator", *["generator"] * self.times):
                with tf.GradientTape() as tape:
                    translations = gan.translations(*batch)
                    shown = translations if player == "generator" else gan.shown(translations)
                    cost = scaled(gan, gan.cost(player, shown))
                update(gan, player, tape, cost)


@pytest.mark.parametrize(("order", "times"), [("generator-twice", 2), ("generator-twice:times=3", 3)])
def test_an_order_of_a_stranger_trains_and_is_saved(order, times, pair, tmp_path):
    define_twice()
    gan = GAN(Recipe(**SMALL, order=order, steps_per_epoch=2))
    gan.fit(*pair, batch_size=2, shuffle=False, verbose=0)
    counts = {player: int(each.iterations) for player, each in gan.optimizer.players.items()}
    assert counts == {"generator": 2 * times, "discriminator": 2}
    assert int(gan.step) == 2
    gan.save(tmp_path / "x.keras")
    again = stylezoo.load_model(tmp_path / "x.keras")
    assert str(again.recipe.order) == order
    np.testing.assert_array_equal(again.stylize(pair[0]), gan.stylize(pair[0]))


def test_an_order_of_a_stranger_learns_more_than_the_order_it_repeats(pair):
    define_twice()
    gans = [GAN(Recipe(**SMALL, order=order)) for order in
            ("discriminator-first", "generator-twice:times=1", "generator-twice")]  # fmt: skip
    for gan in gans:
        gan.fit(*pair[:, :2], batch_size=2, shuffle=False, verbose=0)
    one, same, other = ([variable.numpy() for variable in gan.variables_of("generator")] for gan in gans)
    kernels = [i for i, value in enumerate(one) if value.ndim == 4]
    for i in kernels:
        np.testing.assert_allclose(one[i], same[i], atol=1e-5)
    assert all((one[i] != other[i]).any() for i in kernels)


def test_options_of_a_strangers_order_are_checked():
    define_twice()
    with pytest.raises(BadRecipe, match=r"order is 'generator-twice:times=often'.*which is no int"):
        Recipe(order="generator-twice:times=often").resolve()
    with pytest.raises(BadRecipe, match=r"has no option 'time'. Did you mean 'times'"):
        Recipe(order="generator-twice:time=2").resolve()
    with pytest.raises(BadRecipe, match=r"it can be together, discriminator-first, generator-twice"):
        Recipe(order="generator-first").resolve()


def half_order():
    class Half(Order, name="half"):
        pass


def half_warmup():
    class Half(WarmUp, name="half"):
        epochs = 2


def half_schedule():
    class Half(Schedule, name="half"):
        def __init__(self, epochs: int = 3):
            self.epochs = epochs


def half_optimizer():
    class Half(Optimizer, name="half"):
        learning_rate = 1.0


@pytest.mark.parametrize(
    ("define", "missing"),
    [(half_order, "learn"), (half_warmup, "learn"), (half_schedule, "rate"), (half_optimizer, "build")],
)
def test_half_of_a_choice_is_refused_with_a_sentence(define, missing):
    define()
    field = define.__name__.removeprefix("half_")
    said = rf"^{field} is 'half', whose class Half is unfinished: it must define {missing}\.$"
    with pytest.raises(BadRecipe, match=said):
        Recipe(**{field: "half"}).resolve()


def test_a_choice_with_hidden_options_is_refused():
    class Loose(InTurn, name="loose"):
        def __init__(self, **options):
            super().__init__(**options)

    with pytest.raises(BadRecipe, match=r"class Loose is unfinished: its options are hidden behind \*args or"):
        Recipe(order="loose").resolve()


def test_a_choice_needs_an_option_without_a_default():
    with pytest.raises(BadRecipe, match=r"schedule is 'halving': It needs the option 'every': 'halving:every=\.\.\.'"):
        Recipe(schedule="halving").resolve()


def test_a_schedule_and_an_optimizer_of_strangers_are_taken():
    class Cosine(Schedule, name="cosine"):
        def __init__(self, steps: int = 100, epochs: int = 1):
            self.steps, self.epochs = steps, epochs

        def rate(self, initial, plan, updates):
            return keras.optimizers.schedules.CosineDecay(initial, self.steps * updates)

    class Descent(Optimizer, name="descent"):
        def __init__(self, learning_rate: float = 0.1, momentum: float = 0.0):
            self.learning_rate, self.momentum = learning_rate, momentum

        def build(self, learning_rate):
            return keras.optimizers.SGD(learning_rate, momentum=self.momentum)

    recipe = Recipe(schedule="cosine:steps=10", optimizer="descent:momentum=0.9", discriminator_optimizer="adam")
    players = planned_optimizer(recipe.resolve()).players
    assert [type(players[each]).__name__ for each in ("generator", "discriminator")] == ["SGD", "Adam"]
    rates = [float(players["generator"]._learning_rate(step)) for step in (0, 5, 10)]
    assert rates == pytest.approx([0.1, 0.05, 0], abs=1e-8)
    assert players["generator"].momentum == 0.9
    assert recipe.resolve().with_epoch(4).total_steps == 4


def test_a_root_has_a_table_of_its_own():
    class Colour(Choice, field="colour"):
        pass

    class Red(Colour, name="red"):
        pass

    assert Colour.known == {"red": Red}
    assert "red" not in Order.known


def test_a_name_of_a_choice_is_not_taken_over_in_silence():
    with pytest.raises(TypeError, match=r"order 'together' is stylezoo\.updates\.orders\.Together already"):

        class Mine(Order, name="together"):
            """An order with the name of another."""

    assert Recipe().resolve().order.spec.name == "together"
    assert type(Recipe().resolve().order).__module__ == "stylezoo.updates.orders"
