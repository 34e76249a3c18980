"""The learning rate follows the published formula, and one optimizer serves several players."""

import keras
import numpy as np
import pytest

from stylezoo.recipe import Recipe
from stylezoo.updates.optimizers import PlayerOptimizer, planned_optimizer
from stylezoo.updates.schedules import ConstantThenLinear


def players_of(**fields):
    """The optimizers of a recipe's players."""
    return planned_optimizer(Recipe(**fields).resolve()).players


def published(epoch, epochs=100, decay_epochs=100):
    return 1 - max(0, epoch + 1 - epochs) / (decay_epochs + 1)


@pytest.mark.parametrize(("epoch", "factor"), [(0, 1.0), (99, 1.0), (100, 0.9901), (150, 0.495), (199, 0.0099)])
def test_learning_rate_is_the_published_one(epoch, factor):
    schedule = ConstantThenLinear(2e-4, epochs=100, decay_epochs=100, steps_per_epoch=7)
    assert published(epoch) == pytest.approx(factor, abs=5e-5)
    for step in (epoch * 7, epoch * 7 + 6):  # the first and the last update of the epoch
        assert float(schedule(step)) == pytest.approx(2e-4 * published(epoch), rel=1e-4)


def test_longer_training_keeps_the_decay_for_its_end():
    players = players_of(schedule="linear:epochs=2,decay_epochs=2", steps_per_epoch=10, steps=100)
    schedule = players["generator"]._learning_rate
    rates = [float(schedule(step)) / 2e-4 for step in (0, 79, 80, 90, 99)]
    np.testing.assert_allclose(rates, [1, 1, 2 / 3, 1 / 3, 1 / 3], rtol=1e-5)


def test_discriminators_that_learn_more_often_decay_at_the_same_time():
    lengths = {"schedule": "linear:epochs=1,decay_epochs=1", "steps_per_epoch": 10}
    players = players_of(**lengths, order="discriminator-first:critic_steps=5")
    at = {player: float(players[player]._learning_rate(10 * updates)) for player, updates in
          (("generator", 1), ("discriminator", 5))}  # fmt: skip
    assert at["generator"] == at["discriminator"] == pytest.approx(1e-4)


def rates(recipe, player, steps):
    schedule = players_of(**recipe)[player]._learning_rate
    return [float(schedule(step)) for step in steps]


def test_rate_is_halved_every_so_many_steps_as_in_munit():
    recipe = {
        "schedule": "halving:every=100",
        "optimizer": "adam:learning_rate=1e-4",
        "order": "discriminator-first:critic_steps=2",
    }
    assert rates(recipe, "generator", (0, 99, 100, 250)) == pytest.approx([1e-4, 1e-4, 5e-5, 2.5e-5])
    assert rates(recipe, "discriminator", (199, 200)) == pytest.approx([1e-4, 5e-5])  # two updates in a step


def test_rate_falls_inversely_as_in_adain():
    recipe = {"schedule": "inverse:rate=5e-5", "optimizer": "adam:learning_rate=1e-4"}
    assert rates(recipe, "generator", (0, 20_000, 160_000)) == pytest.approx([1e-4, 1e-4 / 2, 1e-4 / 9])


def test_generator_warms_up_at_a_rate_of_its_own_and_then_begins_the_schedule():
    lengths = {"schedule": "linear:epochs=1,decay_epochs=1", "steps_per_epoch": 5}
    recipe = {"warmup": "generator-only:losses=lsgan,epochs=2,learning_rate=1e-3", **lengths}
    assert rates(recipe, "generator", (0, 9, 10, 14, 15)) == pytest.approx([1e-3, 1e-3, 2e-4, 2e-4, 1e-4])
    assert rates(recipe, "discriminator", (0, 4, 5)) == pytest.approx([2e-4, 2e-4, 1e-4])
    config = keras.optimizers.serialize(planned_optimizer(Recipe(**recipe).resolve()))
    again = keras.optimizers.deserialize(config).players["generator"]._learning_rate
    assert float(again(12)) == pytest.approx(2e-4)


def test_weight_decay_is_added_to_the_gradient_as_in_pytorch():
    """Recomputed: Adam on g + l2 * w, not Keras' decoupled decay."""
    numbers = "learning_rate=0.01,beta_1=0.5,beta_2=0.9,epsilon=1e-8,weight_decay=0.1"
    adam = players_of(optimizer=f"adam:{numbers}")["generator"]
    variable = keras.Variable([2.0, -1.0])
    w, first, second = np.array([2.0, -1.0]), 0.0, 0.0
    for step, gradient in enumerate(([0.3, 0.2], [-0.1, 0.4], [0.05, -0.3]), 1):
        adam.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        g = np.array(gradient) + 0.1 * w
        first, second = 0.5 * first + 0.5 * g, 0.9 * second + 0.1 * g**2
        w = w - 0.01 * (first / (1 - 0.5**step)) / (np.sqrt(second / (1 - 0.9**step)) + 1e-8)
    np.testing.assert_allclose(variable.numpy(), w, rtol=1e-5)


def test_discriminators_may_have_betas_of_their_own():
    players = players_of(
        optimizer="adam:beta_1=0.9,beta_2=0.99", discriminator_optimizer="adam:beta_1=0.5,beta_2=0.999"
    )
    assert (players["generator"].beta_1, players["discriminator"].beta_1) == (0.9, 0.5)
    assert (players["generator"].beta_2, players["discriminator"].beta_2) == (0.99, 0.999)


def test_recipe_decides_the_rates_betas_and_epsilon():
    players = players_of(
        optimizer="adam:learning_rate=3e-4,beta_1=0,beta_2=0.9,epsilon=1e-6",
        discriminator_optimizer="adam:learning_rate=6e-4",
    )
    assert [float(players[p].learning_rate) for p in ("generator", "discriminator")] == pytest.approx([3e-4, 6e-4])
    adam = players["generator"]
    assert (adam.beta_1, adam.beta_2, adam.epsilon) == (0.0, 0.9, 1e-6)


def test_an_update_of_one_player_leaves_the_other_alone():
    mine, yours = keras.Variable([1.0]), keras.Variable([1.0])
    mine.player, yours.player = "generator", "discriminator"
    optimizer = PlayerOptimizer({"generator": keras.optimizers.SGD(0.5), "discriminator": keras.optimizers.SGD(0.1)})
    optimizer.build([mine, yours])
    optimizer.apply([keras.ops.ones(1)], [mine])
    assert (mine.numpy().item(), yours.numpy().item()) == (0.5, 1.0)
    optimizer.apply([keras.ops.ones(1), keras.ops.ones(1)], [mine, yours])
    assert (mine.numpy().item(), yours.numpy().item()) == pytest.approx((0.0, 0.9))
    assert int(optimizer.iterations) == 2
