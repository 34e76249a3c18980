"""A training whose losses or gradients are no numbers stops, or goes back, and keeps what was good."""

import json
import math

import keras
import numpy as np
import pytest
from test_cli import noise
from test_gan import install
from test_training import TINY

import stylezoo
from stylezoo import training
from stylezoo.errors import BadOptions, BadRun
from stylezoo.recipe import Recipe
from stylezoo.runs import card
from stylezoo.runs.folder import RunFolder
from stylezoo.training import guard

# Each call is a step, because these trainings run eagerly. The gradient of a root is infinite at 0, and 0 * inf is NaN.
LOSS = """
from keras import ops
from stylezoo import Loss

calls = 0
bad = {}  # calls, counted from 1, and what they give: a number that is added, or "gradient"


class Fickle(Loss):
    def generator_loss(self, t):
        global calls
        calls += 1
        what = bad.get(calls, 0.0)
        value = ops.mean(ops.abs(t.fake - t.source))
        return value + ops.sqrt(0.0 * value) if what == "gradient" else value + what
"""


@pytest.fixture
def fickle(tmp_path, monkeypatch):
    """A loss that is what a test wants in some of its calls."""
    install(tmp_path, monkeypatch, "losses", "fickle", "Fickle", LOSS)
    from stylezoo.catalogue import registry

    module = __import__(registry.find("loss", "fickle").target.partition(":")[0])
    module.calls = 0
    module.bad = {}
    return module


def start(tmp_path, steps=8, losses="fickle", **changes):
    picture = noise(tmp_path / "x.png", 32, 24)
    recipe = Recipe.named("transfer", losses=losses, steps=steps, **TINY, **changes)
    return training.start(recipe, picture, picture, tmp_path / "run")


@pytest.mark.long
@pytest.mark.parametrize(
    ("what", "said"),
    [
        (math.nan, r"Step 3: the loss 'generator/fickle' is nan\."),
        (math.inf, r"Step 3: the loss 'generator/fickle' is inf\."),
        ("gradient", r"Step 3: the gradient of the generator for .*kernel is not finite\."),
    ],
)
def test_the_step_and_the_term_are_named_and_the_last_checkpoint_is_kept(what, said, fickle, tmp_path):
    run, fickle.bad = start(tmp_path), {3: what}
    with pytest.raises(BadRun, match=rf"^{said} The training has stopped, .*smaller learning rate.*--on-nan rollback"):
        training.fit(run, checkpoint_every=2)
    resumed = training.resume(tmp_path / "run")
    assert resumed.step == 2
    assert all(np.isfinite(variable.numpy()).all() for variable in resumed.model.variables)
    assert [row.partition(",")[0] for row in (tmp_path / "run/log.csv").read_text().split()] == ["step", "1", "2"]
    assert not (tmp_path / "run/samples/step-000003.png").exists()
    assert stylezoo.load_model(tmp_path / "run").step == 2  # the model beside the checkpoint is as good


@pytest.mark.long
@pytest.mark.parametrize("schedule", ["linear:epochs=1,decay_epochs=0", "halving:every=1000"])
def test_a_rollback_goes_on_from_the_checkpoint_with_half_the_learning_rates(schedule, fickle, tmp_path):
    run, fickle.bad = start(tmp_path, schedule=schedule), {4: math.nan}
    told = []
    training.fit(run, [keras.callbacks.LambdaCallback(on_train_end=lambda _: told.extend(run.news))], 2, "rollback")
    note = "Step 4: the loss 'generator/fickle' is nan. Back to step 2, and on with half the learning rate, 0.0001."
    assert note in told
    assert card.read(tmp_path / "run").rollbacks == [note]
    assert Recipe.read(tmp_path / "run/recipe.json").optimizer.options["learning_rate"] == 1e-4
    model = stylezoo.load_model(tmp_path / "run")
    assert (int(model.step), fickle.calls) == (8, 10)
    for optimizer in model.optimizer.players.values():
        assert float(optimizer.learning_rate) == pytest.approx(1e-4)
    assert [row.partition(",")[0] for row in (tmp_path / "run/log.csv").read_text().split()] == ["step", *"12345678"]


@pytest.mark.long
def test_what_follows_a_rollback_is_what_a_training_at_that_rate_would_do(fickle, tmp_path):
    """The weights after it are those of a run that is resumed from the same checkpoint with the halved rate."""
    run = start(tmp_path)
    run.interrupted = True
    training.fit(run)
    recipe = json.loads((tmp_path / "run/recipe.json").read_text())
    resumed, fickle.bad = training.resume(tmp_path / "run"), {fickle.calls + 1: math.nan}
    training.fit(resumed, on_nan="rollback")
    assert fickle.calls == 9
    (tmp_path / "again").mkdir()
    slow = start(tmp_path / "again")
    slow.interrupted = True
    training.fit(slow)
    recipe["optimizer"] = "adam:learning_rate=0.0001"
    (tmp_path / "again/run/recipe.json").write_text(json.dumps(recipe))
    slow = training.fit(training.resume(tmp_path / "again/run", allow_changes=True))
    for one, other in zip(resumed.model.variables, slow.model.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.long
def test_a_training_goes_back_three_times_at_most(fickle, tmp_path):
    run, fickle.bad = start(tmp_path), dict.fromkeys(range(3, 99), math.nan)
    with pytest.raises(BadRun, match=r"^Step 2: .* It has gone back 3 times already: start again with a smaller"):
        training.fit(run, checkpoint_every=1, on_nan="rollback")
    assert fickle.calls == 6
    assert Recipe.read(tmp_path / "run/recipe.json").optimizer.options["learning_rate"] == pytest.approx(2e-4 / 8)
    with pytest.raises(BadRun, match="It has gone back 3 times already"):  # it is counted over all sessions
        training.fit(training.resume(tmp_path / "run"), on_nan="rollback")


@pytest.mark.long
def test_the_second_time_at_the_same_checkpoint_it_goes_back_to_the_one_before(fickle, tmp_path):
    run, fickle.bad = start(tmp_path), {6: math.nan, 8: math.nan}  # steps 6 and 6 again
    training.fit(run, checkpoint_every=2, on_nan="rollback")
    assert [line.partition("Back to ")[2][:6] for line in run.card.rollbacks] == ["step 4", "step 2"]
    assert (run.step, fickle.calls) == (8, 8 + 6)


@pytest.mark.long
def test_a_rate_that_a_callback_has_lowered_is_halved(fickle, tmp_path):
    run, fickle.bad = start(tmp_path, schedule="linear:epochs=1,decay_epochs=0"), {4: math.nan}

    def lower(batch, logs=None):
        if fickle.calls == 1:
            run.model.optimizer.players["generator"].learning_rate = 6e-5

    training.fit(run, [keras.callbacks.LambdaCallback(on_train_batch_begin=lower)], 1, "rollback")
    assert float(run.model.optimizer.players["generator"].learning_rate) == pytest.approx(3e-5)


@pytest.mark.long
def test_a_loss_that_explodes_is_named_once(fickle, tmp_path):
    run, fickle.bad = start(tmp_path, steps=4), {2: 3e12, 3: 3e12}
    training.fit(run)
    named = [line for line in run.news if line.startswith("Step")]
    assert named == [f"Step 2: the loss 'generator/fickle' explodes: it is 3e+12. Try {guard.ADVICE}."]


def test_weights_that_are_no_numbers_are_never_written(tmp_path):
    """Those that no gradient changes as well."""
    run = start(tmp_path, steps=100, losses="lsgan", average=0.9)
    before = (tmp_path / "run" / RunFolder.CHECKPOINT).read_bytes()

    def spoil(batch, logs=None):
        run.model.average.weights[0].assign(run.model.average.weights[0] * math.nan)

    with pytest.raises(BadRun, match=r"Step 1: there is NaN or infinity in .*\. The training has stopped"):
        training.fit(run, [keras.callbacks.LambdaCallback(on_train_batch_begin=spoil)], checkpoint_every=1)
    assert (tmp_path / "run" / RunFolder.CHECKPOINT).read_bytes() == before


def test_another_word_is_refused(tmp_path):
    with pytest.raises(BadOptions, match="on_nan is 'go on'; it can be stop, rollback"):
        stylezoo.train("transfer", out=tmp_path / "run", on_nan="go on")
    assert not (tmp_path / "run").exists()


@pytest.mark.graph
@pytest.mark.long
def test_steps_that_float16_skips_are_no_fault_until_no_scale_is_left(tmp_path):
    """Keras halves the scale of the losses after each step whose gradients are not finite."""
    run = start(tmp_path, losses="lsgan", precision="mixed_float16", steps=4)
    run.model.optimizer.dynamic_scale.assign(1e38)
    training.fit(run)
    assert float(run.model.optimizer.dynamic_scale.numpy()) < 1e38
    again = training.resume(tmp_path / "run", steps=6)
    assert again.step == 4
    again.model.optimizer.dynamic_scale.assign(0.75)
    with pytest.raises(BadRun, match=r"^Step 5: the losses are too large for float16, however little they are scaled"):
        training.fit(again)
