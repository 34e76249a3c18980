"""The GAN model: its training step, and what a Keras user expects of a model."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import stylezoo
from stylezoo.contract import features
from stylezoo.errors import BadOptions, BadPicture, BadRecipe, BrokenPlugin
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe

SMALL = {"generator": "resnet:filters=4,blocks=1", "discriminators": "patch:filters=4,layers=1", "image_size": 16}


def small(**changes):
    return GAN(Recipe(**{**SMALL, **changes}))


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (2, 6, 16, 16, 3)).astype("float32")


def install(folder, monkeypatch, kinds, name, target, source):
    """A distribution of a stranger with one plugin, in the module acme_NAME."""
    (folder / f"acme_{name}.py").write_text(source)
    info = folder / f"acme_{name}-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(f"[stylezoo.{kinds}]\n{name} = acme_{name}:{target}\n")
    monkeypatch.syspath_prepend(folder)


def weights(gan, player):
    return [variable.numpy() for variable in gan.variables_of(player)]


def eager_reference(gan, pair, steps, discriminator_first):
    """The same training by hand: two tapes, two separate forward passes, Keras' own Adam for each player."""
    generator, discriminator = gan.generator, gan.discriminators[0]
    adams = [keras.optimizers.Adam(2e-4, 0.5, 0.999, epsilon=1e-8) for _ in range(2)]

    def generator_gradients(source, style):
        with tf.GradientTape() as tape:
            fake = generator(source, training=True)
            adversarial = ops.mean((discriminator(fake, training=True) - 1) ** 2)
            identity = ops.mean(ops.abs(generator(style, training=True) - style))
            cost = adversarial + 5 * identity
        return tape.gradient(cost, [v.value for v in generator.trainable_variables])

    def discriminator_gradients(source, style):
        fake = ops.stop_gradient(generator(source, training=True))
        with tf.GradientTape() as tape:
            real_part = ops.mean((discriminator(style, training=True) - 1) ** 2)
            fake_part = ops.mean(discriminator(fake, training=True) ** 2)
            cost = (real_part + fake_part) / 2
        return tape.gradient(cost, [v.value for v in discriminator.trainable_variables])

    for i in range(steps):
        source, style = (ops.convert_to_tensor(pictures[2 * i : 2 * i + 2]) for pictures in pair)
        if discriminator_first:
            adams[1].apply(discriminator_gradients(source, style), discriminator.trainable_variables)
            adams[0].apply(generator_gradients(source, style), generator.trainable_variables)
        else:
            gradients = generator_gradients(source, style), discriminator_gradients(source, style)
            adams[0].apply(gradients[0], generator.trainable_variables)
            adams[1].apply(gradients[1], discriminator.trainable_variables)


@pytest.mark.long
@pytest.mark.graph
@pytest.mark.parametrize("order", ["together", "discriminator-first"])
def test_three_steps_equal_an_eager_two_tape_computation(order, pair):
    # Without instance normalisation behind them: the biases before it have a gradient of pure rounding noise, which
    # Adam turns into whole steps.
    ours, reference = (small(order=order, losses=("lsgan", "identity:weight=5"), seed=3) for _ in range(2))
    ours.fit(*pair, batch_size=2, shuffle=False, verbose=0)
    eager_reference(reference, pair, 3, discriminator_first=order == "discriminator-first")
    for player in ("generator", "discriminator"):
        for variable, mine, theirs in zip(
            ours.variables_of(player), weights(ours, player), weights(reference, player), strict=True
        ):
            if "bias" not in variable.path or variable.shape[0] in (1, 3):
                np.testing.assert_allclose(mine, theirs, atol=1e-5, err_msg=variable.path)


def test_orders_differ(pair):
    first, second = small(order="together"), small(order="discriminator-first")
    for gan in (first, second):
        gan.fit(*pair, batch_size=2, shuffle=False, verbose=0)
    assert any((a != b).any() for a, b in zip(weights(first, "generator"), weights(second, "generator"), strict=True))


def test_critic_steps_update_the_discriminators_so_many_times_per_step(pair):
    gan = small(order="discriminator-first:critic_steps=3")
    gan.fit(*pair, batch_size=6, shuffle=False, verbose=0)  # one step: three batches of two
    assert {player: int(each.iterations) for player, each in gan.optimizer.players.items()} == {
        "generator": 1,
        "discriminator": 3,
    }
    assert int(gan.step) == 1


def test_critic_steps_learn_from_batches_of_their_own(pair):
    """Shown one after the other: two steps of the critic on halves are what two trainings without them make of D."""
    gan = small(order="discriminator-first:critic_steps=2")
    gan.fit(*pair[:, :4], batch_size=4, shuffle=False, verbose=0)
    twin = small(order="discriminator-first")
    adam = keras.optimizers.Adam(2e-4, 0.5, 0.999, epsilon=1e-8)
    for half in (slice(0, 2), slice(2, 4)):
        with tf.GradientTape() as tape:
            cost = twin.cost("discriminator", [t.detached() for t in twin.translations(*pair[:, half])])
        variables = twin.variables_of("discriminator")
        adam.apply(tape.gradient(cost, variables), variables)
    for mine, theirs in zip(weights(gan, "discriminator")[::2], weights(twin, "discriminator")[::2], strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


@pytest.mark.long
def test_two_way_model_trains_both_directions(pair):
    gan = small(two_way=True)
    before = {player: weights(gan, player) for player in ("generator", "discriminator")}
    gan.fit(*pair, batch_size=2, verbose=0)
    for player, values in before.items():
        assert len(values) == 2 * len(small().variables_of(player))
        kernels = [i for i, value in enumerate(values) if value.ndim == 4]
        assert all((values[i] != weights(gan, player)[i]).any() for i in kernels)
    forward, backward = gan.translations(*pair)
    np.testing.assert_allclose(forward.cycled, gan.inverse(gan.generator(pair[0])), atol=1e-5)
    np.testing.assert_allclose(backward.fake, gan.inverse(pair[1]), atol=1e-5)


def test_model_without_discriminators_trains(pair):
    gan = small(discriminators=(), losses=("content", "tv"))
    history = gan.fit(*pair, verbose=0).history
    assert sorted(history) == ["generator", "generator/content", "generator/tv"]


def test_every_term_is_a_metric_and_the_sums_are_weighted(pair):
    gan = small(losses=("lsgan:weight=2", "tv:weight=0.5", "identity"))
    history = {name: values[0] for name, values in gan.fit(*pair, batch_size=6, verbose=0).history.items()}
    terms = ["generator/lsgan", "generator/tv", "generator/identity"]
    assert set(history) == {"generator", "discriminator", "discriminator/lsgan", *terms}
    assert history["generator"] == pytest.approx(sum(history[term] for term in terms), rel=1e-5)
    fresh = small(losses=("lsgan:weight=2", "tv:weight=0.5", "identity"))
    fake = np.asarray(fresh.generator(pair[0]))
    tv = np.abs(np.diff(fake, axis=1)).mean() + np.abs(np.diff(fake, axis=2)).mean()
    assert history["generator/tv"] == pytest.approx(0.5 * tv, rel=1e-4)
    assert history["generator/lsgan"] == pytest.approx(
        2 * np.mean((np.asarray(fresh.discriminators[0](fake)) - 1) ** 2), rel=1e-3
    )


def test_evaluate_changes_nothing_and_gives_the_same_terms(pair):
    gan = small()
    before = weights(gan, "generator") + weights(gan, "discriminator")
    logs = gan.evaluate(*pair, verbose=0, return_dict=True)
    assert set(logs) == {"generator", "discriminator", "generator/lsgan", "discriminator/lsgan"}
    after = weights(gan, "generator") + weights(gan, "discriminator")
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


@pytest.mark.long
def test_same_seed_same_weights_and_another_seed_others(pair):
    gans = [small(seed=seed) for seed in (1, 1, 2)]  # eagerly: tests of resumed trainings compare those in graphs
    for gan in gans:
        gan.fit(*pair, batch_size=2, shuffle=False, verbose=0)
    first, same, other = ([w for p in ("generator", "discriminator") for w in weights(g, p)] for g in gans)
    assert all((a == b).all() for a, b in zip(first, same, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_building_a_model_leaves_global_random_numbers_and_policy_alone():
    import random

    random.seed(5)
    expected = random.Random(5).random()
    small(precision="mixed_bfloat16")
    assert random.random() == expected
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.long
@pytest.mark.parametrize("precision", ["mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.graph)])
def test_mixed_precision_trains_and_answers_in_float32(precision, pair):
    gan = small(precision=precision, losses=("lsgan", "content"))
    assert {layer.compute_dtype for layer in gan.generator.layers if "conv" in layer.name} == {precision[6:]}
    before = weights(gan, "generator")
    history = gan.fit(*pair, batch_size=2, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    assert any((a != b).any() for a, b in zip(before, weights(gan, "generator"), strict=True))
    assert gan.stylize(pair[0]).dtype == np.float32


def test_float16_scales_the_losses(pair):
    """A gradient too small for float16 arrives all the same: Keras' loss scaling is in force."""
    gan = small(precision="mixed_float16")
    assert isinstance(gan.optimizer, keras.optimizers.LossScaleOptimizer)
    assert float(gan.optimizer.scale_loss(1.0)) > 1000


def test_average_follows_the_generator_and_is_what_stylises(pair):
    gan = small(average=0.9)
    expected = [w.numpy().astype("float64") for w in gan.generator.weights]
    for step in range(3):
        gan.fit(*pair[:, :2], batch_size=2, verbose=0)
        decay = min(0.9, (2 + step) / (11 + step))
        expected = [decay * e + (1 - decay) * w.numpy() for e, w in zip(expected, gan.generator.weights, strict=True)]
    for mean, value in zip(gan.average.weights, expected, strict=True):
        np.testing.assert_allclose(mean.numpy(), value, atol=1e-6)
    np.testing.assert_array_equal(gan(pair[0]), gan.average(pair[0]))
    assert not any(variable is w for variable in gan.trainable_variables for w in gan.average.weights)


def test_keras_callbacks_work(pair, tmp_path):
    gan = small()
    rates = []
    callbacks = [
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: 1e-4 / (epoch + 1)),
        keras.callbacks.EarlyStopping("generator", mode="min", patience=5),
        keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="generator/lsgan", mode="min"),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: rates.append([float(o.learning_rate) for o in gan.optimizer.optimizers])
        ),
    ]
    gan.fit(*pair, epochs=2, verbose=0, callbacks=callbacks)
    np.testing.assert_allclose(rates, [[1e-4, 1e-4], [5e-5, 5e-5]], rtol=1e-5)
    assert isinstance(stylezoo.load_model(tmp_path / "best.keras"), GAN)
    assert "discriminator/lsgan" in (tmp_path / "log.csv").read_text()


def test_compile_takes_an_optimizer_for_each_player(pair):
    gan = small()
    gan.compile({"generator": keras.optimizers.SGD(0.0), "discriminator": keras.optimizers.SGD(0.1)})
    before = weights(gan, "generator"), weights(gan, "discriminator")
    gan.fit(*pair, verbose=0)
    assert all((a == b).all() for a, b in zip(before[0], weights(gan, "generator"), strict=True))
    assert any((a != b).any() for a, b in zip(before[1], weights(gan, "discriminator"), strict=True))


def test_judged_identity_is_shown_to_the_discriminators_as_generated(pair):
    gan = small(order="together:judge_identity=true")
    (translation,) = gan.translations(*pair[:, :2])
    discriminator = gan.discriminators[0]
    fake, same = gan.generator(pair[0, :2]), gan.generator(pair[1, :2])
    for each in (translation, translation.detached()):
        np.testing.assert_allclose(each.fake_logits[0], discriminator(ops.concatenate([fake, same])), atol=1e-5)
    history = gan.fit(*pair, batch_size=2, verbose=0).history
    assert np.isfinite(history["generator"]).all()


NOISY = {"generator": "brush:filters=2,blocks=1,length=2"}


def test_noise_is_new_in_every_step_and_none_for_identity(pair):
    gan = small(**NOISY)
    first, second = (gan.translations(*pair)[0] for _ in range(2))
    assert (np.asarray(first.fake) != np.asarray(second.fake)).any()
    np.testing.assert_array_equal(first.identity, second.identity)
    quiet = gan.generator([pair[1], np.zeros((6, 16, 16, 1), "float32")])
    np.testing.assert_allclose(first.identity, quiet, atol=1e-6)


def test_stylising_is_repeatable_and_another_seed_gives_another_hand(pair):
    gan = small(**NOISY)
    picture = pair[0, 0]
    np.testing.assert_array_equal(gan.stylize(picture), gan.stylize(picture))
    np.testing.assert_allclose(gan.stylize(picture), gan(pair[0, :1])[0], atol=1e-5)
    assert (gan.stylize(picture, seed=1) != gan.stylize(picture)).any()


@pytest.mark.parametrize("wanted", [(None, None, 1), (8,)], ids=["map", "code"])
def test_noise_has_the_shape_that_the_generator_asks_for(wanted, pair):
    from stylezoo.contract import generate

    source, noise = keras.Input((None, None, 3), name="source"), keras.Input(wanted, name="noise")
    generator = keras.Model([source, noise], source + ops.mean(noise))
    shift = np.asarray(generate(generator, *pair)) - pair[0]
    expected = keras.random.normal((6, 16, 16, 1) if len(wanted) == 3 else (6, 8), seed=0)
    np.testing.assert_allclose(shift, np.broadcast_to(np.mean(expected), shift.shape), atol=1e-6)


def test_model_brings_a_picture_to_the_tones_of_the_styles(pair):
    gan = small(data="unpaired:match_tones=true")
    picture = pair[0, 0]
    np.testing.assert_allclose(gan.stylize(picture), gan.generator(picture[None])[0], atol=1e-6)  # not known yet
    gan.tones.assign([-0.2, 0.1, -0.9, 0.9])
    light = picture @ np.float32([0.299, 0.587, 0.114])
    matched = picture + ((light - light.mean()) / light.std() * 0.1 - 0.2 - light)[..., None]
    expected = gan.generator(np.clip(matched, -1, 1)[None])[0]
    np.testing.assert_allclose(gan.stylize(picture), expected, atol=1e-4)


class Grain(stylezoo.Loss):
    """For the test of loss-owned weights and of random states: a projection head, and dropout before it."""

    discriminators_needed = 0

    def build(self, generator, discriminators, shape):
        self.head = keras.Sequential([keras.Input(shape), keras.layers.Dropout(0.5), keras.layers.Dense(4)])
        self.layers = [self.head]

    def generator_loss(self, translation):
        return ops.mean(ops.square(self.head(translation.fake, training=translation.training) - 1))


@pytest.fixture
def grain(tmp_path, monkeypatch):
    """A distribution on the path whose loss owns layers."""
    folder = tmp_path / "path"
    info = folder / "acme_grain-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-grain\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[stylezoo.losses]\ngrain = {__name__}:Grain\n")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    monkeypatch.syspath_prepend(folder)


def test_weights_of_a_loss_train_with_the_generator(grain, pair):
    gan = small(losses=("lsgan", "grain"))
    head = gan.loss_layers[0].layers[-1].kernel
    before = head.numpy()
    assert any(head is variable for variable in gan.variables_of("generator"))
    gan.fit(*pair, verbose=0)
    assert (head.numpy() != before).any()


@pytest.mark.parametrize(
    ("average", "two_way"), [(0.0, True), pytest.param(0.9, False, marks=[pytest.mark.graph, pytest.mark.long])]
)
def test_a_loaded_model_goes_on_bit_for_bit(grain, pair, tmp_path, average, two_way):
    gan = small(losses=("lsgan", "grain"), average=average, two_way=two_way, data="unpaired:match_tones=true", **NOISY)
    gan.tones.assign([0.1, 0.2, -0.9, 0.9])
    gan.fit(*pair[:, :2], batch_size=2, shuffle=False, verbose=0)
    gan.save(tmp_path / "x.keras")
    again = stylezoo.load_model(tmp_path / "x.keras")
    np.testing.assert_array_equal(again.stylize(pair[0]), gan.stylize(pair[0]))
    assert again.recipe == gan.recipe
    for each in (gan, again):
        each.fit(*pair[:, 2:], batch_size=2, shuffle=False, verbose=0)
    states = [[v.numpy() for v in [*each.variables, *each.optimizer.variables]] for each in (gan, again)]
    assert all((a == b).all() for a, b in zip(*states, strict=True))
    assert int(again.step) == 3


def test_an_own_optimizer_comes_back_with_the_model(pair, tmp_path):
    gan = small()
    gan.compile({"generator": keras.optimizers.RMSprop(1e-3), "discriminator": keras.optimizers.SGD(0.1)})
    gan.fit(*pair, verbose=0)
    gan.save(tmp_path / "x.keras")
    players = stylezoo.load_model(tmp_path / "x.keras").optimizer.players
    assert [type(players[p]).__name__ for p in ("generator", "discriminator")] == ["RMSprop", "SGD"]


def test_config_is_the_recipe_and_the_plugins():
    config = small().get_config()
    assert set(config) == {"recipe", "plugins"}
    assert Recipe.from_dict(config["recipe"]) == small().recipe
    assert {(p["kind"], p["name"], p["distribution"]) for p in config["plugins"]} == {
        ("generator", "resnet", "stylezoo"),
        ("discriminator", "patch", "stylezoo"),
        ("loss", "lsgan", "stylezoo"),
    }


def test_what_a_component_refuses_becomes_one_line():
    with pytest.raises(BadOptions, match=r"^The discriminator 'stylezoo/dense' refuses: crops of 256 x 256 pixels"):
        small(discriminators="dense", image_size=256)


def test_a_component_that_builds_no_model_is_named(tmp_path, monkeypatch):
    (tmp_path / "acme_odd.py").write_text("def build(shape):\n    return 3\n")
    info = tmp_path / "acme_odd-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[stylezoo.generators]\nodd = acme_odd:build\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BrokenPlugin, match=r"'acme_odd/odd' built a int; it must build a keras\.Model"):
        small(generator="odd")


PAIR = """
import keras


def build(shape):
    one, two = keras.Input(shape, name="one"), keras.Input(shape)
    return keras.Model([one, two], keras.layers.Average()([one, two]))
"""


def test_a_generator_with_inputs_of_other_names_is_told(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, "generators", "pair", "build", PAIR)
    with pytest.raises(BrokenPlugin, match="must be called source, noise, style, styles"):
        small(generator="pair")


def test_a_player_that_nothing_teaches_is_told():
    with pytest.raises(BadRecipe, match="No loss of this recipe teaches its generator"):
        small(losses="r1")


def test_batches_must_be_divisible_by_the_critic_steps(pair):
    gan = small(order="discriminator-first:critic_steps=4")
    with pytest.raises(ValueError, match="it must be a multiple of critic_steps, 4"):
        gan.fit(*pair, batch_size=6, verbose=0)


@pytest.mark.long
def test_two_replicas_train_as_one_machine_does():
    """In a process of its own: the number of devices is fixed before TensorFlow begins."""
    program = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
recipe = Recipe(generator="resnet:filters=2,blocks=1", discriminators="patch:filters=2,layers=1,spectral=true",
                losses=("lsgan", "r1", "identity"), order="together:judge_identity=true", average=0.9, image_size=16)
pair = np.random.default_rng(0).uniform(-1, 1, (2, 4, 16, 16, 3)).astype("float32")
def trained(eagerly):
    gan = GAN(recipe)
    gan.run_eagerly = eagerly
    gan.fit(tf.data.Dataset.from_tensor_slices(tuple(pair)).batch(4), shuffle=False, verbose=0)
    return gan
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    two = trained(eagerly=False)
one = trained(eagerly=True)
assert int(two.step.numpy()) == 1
for a, b in zip(one.discriminators[0].trainable_variables, two.discriminators[0].trainable_variables):
    if len(a.shape) > 1:
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-4)
print("trained")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=240)
    assert done.stdout == "trained\n", done.stderr[-2000:]


def test_too_few_discriminators_are_completed_and_none_is_an_error():
    assert len(small(losses="diverse").discriminators) == 2
    with pytest.raises(BadRecipe, match="need 2 discriminators, the recipe has none"):
        small(losses="diverse", discriminators=())


# What models of several styles, of codes, with pools and with a warm-up ask for


GATED = {
    "generator": "gated:filters=2,blocks=1",
    "discriminators": "gated:filters=2,layers=1",
    "data": "named-styles:names=['song','monet']",
}


def test_every_term_of_both_directions_has_its_own_metric(pair):
    gan = small(two_way=True, losses=("lsgan", "cycle:weight=10"))
    history = {name: values[0] for name, values in gan.fit(*pair, batch_size=6, verbose=0).history.items()}
    terms = {f"{way}/{loss}" for way in ("generator", "inverse") for loss in ("lsgan", "cycle")}
    assert set(history) == {"generator", "discriminator", "discriminator/lsgan", "inverse_discriminator/lsgan", *terms}
    assert history["generator"] == pytest.approx(sum(history[term] for term in terms), rel=1e-5)
    fresh = small(two_way=True)
    back = np.abs(np.asarray(fresh.generator(fresh.inverse(pair[1]))) - pair[1]).mean()
    assert history["inverse/cycle"] == pytest.approx(10 * back, rel=1e-4)


@pytest.mark.long
@pytest.mark.graph
def test_warm_up_teaches_the_generator_alone_by_its_losses(pair):
    recipe = {"losses": ("lsgan", "l1", "tv"), "warmup": "generator-only:losses=l1", "steps_per_epoch": 2}
    gan, alone = small(**recipe), small(losses=("l1",), discriminators=())
    discriminator = weights(gan, "discriminator")
    history = gan.fit(*(each[:4] for each in pair), batch_size=2, shuffle=False, verbose=0).history
    alone.fit(*(each[:4] for each in pair), batch_size=2, shuffle=False, verbose=0)
    for mine, other in zip(weights(gan, "generator"), weights(alone, "generator"), strict=True):
        np.testing.assert_allclose(mine, other, atol=2e-5)  # a tenth of one of Adam's steps
    assert all((a == b).all() for a, b in zip(weights(gan, "discriminator"), discriminator, strict=True))
    assert history["generator/l1"][0] > 0 == history["generator/lsgan"][0] == history["discriminator"][0]
    assert int(gan.optimizer.players["discriminator"].iterations) == 0
    history = gan.fit(*(each[4:] for each in pair), batch_size=2, shuffle=False, verbose=0).history  # then the game
    assert history["generator/lsgan"][0] > 0 < history["discriminator"][0]
    assert any((a != b).any() for a, b in zip(weights(gan, "discriminator"), discriminator, strict=True))


def test_the_warm_up_ends_where_an_execution_of_several_steps_ends(pair):
    gan = small(losses=("lsgan", "l1"), warmup="generator-only:losses=l1", steps_per_epoch=3)
    gan.compile(steps_per_execution=2)
    with pytest.raises(BadOptions, match=r"The warm-up has 3 steps.*steps_per_execution=2 does not fit"):
        gan.fit(*pair, batch_size=1, verbose=0)


@pytest.mark.long
def test_named_styles_draw_differently_and_zero_weights_change_nothing(pair, tmp_path):
    gan = small(**GATED, losses=("lsgan", "style-classification", "autoencoder"))
    labels = np.eye(2, dtype="float32")[[0, 1, 0, 1, 0, 1]]
    dataset = tf.data.Dataset.from_tensor_slices((*pair, labels)).batch(2)
    assert np.isfinite(list(gan.fit(dataset, shuffle=False, verbose=0).history.values())).all()
    song, monet = (gan.stylize(pair[0][0], name) for name in ("song", "monet"))
    assert (song != monet).any()
    np.testing.assert_array_equal(gan.stylize(pair[0][0]), song)  # the first
    np.testing.assert_allclose(gan([pair[0], pair[0], labels])[0], song, atol=1e-5)
    gan.save(tmp_path / "x.keras")
    np.testing.assert_array_equal(stylezoo.load_model(tmp_path / "x.keras").stylize(pair[0][0], "monet"), monet)
    with pytest.raises(BadOptions, match=r"no style 'mone'. Did you mean 'monet'\? It has: song, monet"):
        gan.stylize(pair[0][0], "mone")
    with pytest.raises(BadOptions, match="one style only"):
        small().stylize(pair[0][0], "monet")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data": "named-styles:names=['a','b']"}, "knows one style only, and data is 'named-styles:names="),
        ({**GATED, "data": "unpaired"}, "chooses among named styles, and data is 'unpaired'"),
        (
            {"losses": ("lsgan", "latent-reconstruction"), "two_way": True},
            "needs a generator made of codes, such as munit",
        ),
    ],
)
def test_networks_that_do_not_fit_the_recipe_are_refused(change, said):
    with pytest.raises((BadRecipe, BadOptions), match=said):
        small(**change)


def test_discriminators_see_the_classes_of_styles(pair):
    gan = small(**GATED, losses=("lsgan", "style-classification"))
    labels = np.eye(2, dtype="float32")[[0, 1]]
    translation = gan.translations(*pair[:, :2], labels)[0]
    expected = gan.discriminators[0](pair[1][:2])
    np.testing.assert_allclose(translation.real_styles[0], expected["styles"], atol=1e-6)
    np.testing.assert_allclose(translation.real_logits[0], expected["logits"], atol=1e-6)
    np.testing.assert_allclose(translation.fake, gan.generator([pair[0][:2], labels]), atol=1e-5)


@pytest.mark.long
def test_codes_are_random_in_training_and_a_pictures_own_where_one_is_given(pair):
    gan = small(generator="munit:filters=2,blocks=1,mlp=4", two_way=True, losses=("lsgan", "latent-reconstruction"))
    translation, _ = gan.translations(*pair)
    decoder, content = (gan.generator.get_layer(name) for name in ("decoder", "content"))
    assert translation.code.shape == (6, 8)
    np.testing.assert_allclose(translation.fake, decoder([content(pair[0]), translation.code]), atol=1e-4)
    assert (np.asarray(gan.translations(*pair)[0].code) != np.asarray(translation.code)).any()
    picture, style = pair[0][0], pair[1][0]
    assert (gan.stylize(picture, seed=1) != gan.stylize(picture, seed=2)).any()
    np.testing.assert_array_equal(gan.stylize(picture, seed=1), gan.stylize(picture, seed=1))
    guided = gan.generator([picture[None], style[None]])[0]
    np.testing.assert_allclose(gan.stylize(picture, style), guided, atol=1e-5)
    np.testing.assert_array_equal(gan.stylize(picture, style), gan.stylize(picture, style, seed=3))


TWO = """
import keras


def build(shape):
    source, style = (keras.Input(shape, name=name) for name in ("source", "style"))
    both = keras.layers.Concatenate()([source, style])
    return keras.Model([source, style], keras.layers.Conv2D(3, 1, activation="tanh")(both))
"""


def test_a_generator_that_needs_a_style_picture_says_so(tmp_path, monkeypatch, pair):
    install(tmp_path, monkeypatch, "generators", "two", "build", TWO)
    gan = small(generator="two")
    with pytest.raises(BadOptions, match="takes its style from a picture"):
        gan.stylize(pair[0][0])
    with pytest.raises(BadPicture, match="it must be one"):
        gan.stylize(pair[0][0], pair[1])
    other_size = gan.stylize(pair[0][0], pair[1][0][:9, :12])  # scaled and cut
    assert other_size.shape == pair[0][0].shape


LATE = """
import stylezoo
from keras import ops


class Late(stylezoo.Loss):
    read = 0

    def build(self, generator, discriminators, shape):
        if shape[0] == 32:
            raise ValueError("no 32, please")

    def prepare(self):
        Late.read += 1

    def generator_loss(self, translation):
        assert Late.read
        return ops.mean(translation.fake**2)
"""


@pytest.mark.graph
def test_losses_are_prepared_before_the_first_step_and_may_refuse_a_generator(tmp_path, monkeypatch, pair):
    install(tmp_path, monkeypatch, "losses", "late", "Late", LATE)
    gan = small(losses=("lsgan", "late"))
    late = sys.modules["acme_late"].Late
    assert late.read == 0  # a model that only stylises needs none of it
    gan.fit(*pair, batch_size=2, verbose=0)
    assert late.read
    with pytest.raises(BadOptions, match="The loss 'acme_late/late' refuses: no 32, please"):
        small(losses=("lsgan", "late"), image_size=32)


def test_features_are_what_the_named_layers_answer(pair):
    gan = small()
    found = features(gan.generator, ops.convert_to_tensor(pair[0]))
    assert [each.shape[-1] for each in found] == [3, 8, 16, 16]  # padded, two halvings, the one block
    np.testing.assert_allclose(found[0], np.pad(pair[0], ((0, 0), (3, 3), (3, 3), (0, 0)), mode="reflect"))
    conditional = small(discriminators="patch:filters=4,layers=1,conditional=true").discriminators[0]
    one, other = (features(conditional, *map(ops.convert_to_tensor, each)) for each in (pair, pair[::-1]))
    assert all((np.asarray(a) != np.asarray(b)).any() for a, b in zip(one, other, strict=True))
