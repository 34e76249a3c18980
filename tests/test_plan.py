"""A recipe is resolved once; a plan's parts may be objects as well as names."""

import warnings
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import stylezoo
from stylezoo import Loss, Recipe, Spec, backend, checks, plan, training
from stylezoo.backend import fastest_precision
from stylezoo.catalogue import registry
from stylezoo.catalogue.sources import describe
from stylezoo.checks import doctor
from stylezoo.errors import BadOptions, BadRecipe, BrokenPlugin, StylezooError
from stylezoo.gan import GAN

SMALL = {"generator": "resnet:filters=2,blocks=1", "discriminators": "patch:filters=2,layers=1", "image_size": 16}
TINY = {**SMALL, "load_size": 20, "batch_size": 1}


@pytest.fixture
def pair():
    return np.random.default_rng(0).uniform(-1, 1, (2, 2, 16, 16, 3)).astype("float32")


# Once


def test_a_training_builds_resolves_loads_and_walks_once(monkeypatch, tmp_path):
    counts = Counter()

    def counted(owner, name, key=lambda *args: ""):
        original = getattr(owner, name)

        def count(*args, **kwargs):
            counts[f"{name} {key(*args)}".strip()] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, count)

    registry._walk.cache_clear()  # so that no plugin is loaded either
    counted(Recipe, "__post_init__")
    counted(plan, "resolved")
    counted(registry.Plugin, "_imported", lambda plugin: f"{plugin.kind} {plugin.name}")
    image = keras.utils.array_to_img(np.random.default_rng(0).uniform(0, 255, (24, 24, 3)))
    recipe = training.chosen("transfer", losses=["hinge"], steps=2, **TINY)
    run = training.start(recipe, image, image, tmp_path / "run")
    assert run.steps == 2
    assert counts["__post_init__"] <= 2
    assert counts["resolved"] == 1
    loaded = {key: count for key, count in counts.items() if key.startswith("_imported")}
    assert {"_imported loss hinge", "_imported generator resnet", "_imported discriminator patch"} <= set(loaded)
    assert set(loaded.values()) == {1}
    assert registry._walk.cache_info().misses == 1


# Objects in place of names


class Tone(Loss):
    """For these tests: results shall be grey."""

    discriminators_needed = 0

    def generator_loss(self, translation):
        return ops.mean(ops.square(translation.fake))


def painter(name):
    """A small generator that is not of the zoo."""
    source = keras.Input((None, None, 3))
    hidden = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(source)
    return keras.Model(source, keras.layers.Conv2D(3, 3, padding="same", activation="tanh")(hidden), name=name)


def judge():
    return keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(4, 4, 2), keras.layers.Conv2D(1, 3)])


def unsaved(**fields):
    """A model with objects in it, which says that it cannot be saved."""
    with pytest.warns(UserWarning, match=r"^This model cannot be saved. The \w+ '.*' was given as an object"):
        return GAN(Recipe(**{**SMALL, **fields}))


def test_an_object_is_a_loss_at_once(pair, tmp_path):
    with pytest.warns(UserWarning, match=r"cannot be saved\. The loss 'Tone' was given as an object"):
        gan = stylezoo.create_model("transfer", losses=[Tone()], **TINY)
    assert [label for label, _, _ in gan.terms] == ["lsgan", "content", "identity", "Tone"]
    history = gan.fit(*pair, verbose=0).history
    assert history["generator/Tone"][0] > 0
    with pytest.raises(BadRecipe, match=r'no name that a file could keep.*@stylezoo.register\("loss", "tone"\)'):
        gan.save(tmp_path / "x.keras")
    with pytest.raises(BadRecipe, match="The loss 'Tone' was given as an object"):
        gan.recipe.to_json()
    assert [plugin["name"] for plugin in gan.plan.plugins] == ["resnet", "patch", "lsgan", "content", "identity"]


def test_an_object_may_have_a_weight_and_is_there_once():
    gan = unsaved(losses=["lsgan", Spec("tone", weight=2.0, object=Tone())])
    assert [(label, weight) for label, weight, _ in gan.terms] == [("lsgan", 1.0), ("tone", 2.0)]
    with pytest.raises(BadRecipe, match="The loss Tone stands twice"):
        Recipe(losses=["lsgan", Tone(), Tone()]).resolve()


def test_a_run_folder_keeps_its_model_by_names(tmp_path):
    recipe = Recipe.named("transfer", losses=[Tone()], steps=2, **TINY)
    with pytest.raises(BadRecipe, match=r"A run folder keeps its model by names\. The loss 'Tone' was given as"):
        training.start(recipe, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_networks_may_be_objects(pair):
    generator, discriminator = painter("mine"), judge()
    gan = unsaved(generator=generator, discriminators=discriminator)
    assert gan.generator is generator
    assert gan.discriminators[0] is discriminator
    before = [each.numpy() for net in (generator, discriminator) for each in net.trainable_variables]
    gan.fit(*pair, verbose=0)
    after = [each.numpy() for net in (generator, discriminator) for each in net.trainable_variables]
    assert all((a != b).any() for a, b in zip(before, after, strict=True))
    np.testing.assert_allclose(gan.stylize(pair[0]), generator(pair[0]), atol=1e-6)
    with pytest.raises(BadRecipe, match="The generator 'mine' was given as an object"):
        gan.get_config()


def test_a_second_network_is_a_copy_with_weights_of_its_own(pair):
    keras.utils.set_random_seed(Recipe().seed)  # that of the model, so that a copy could come out the same
    generator, discriminator = painter("mine"), judge()
    gan = unsaved(generator=generator, discriminators=discriminator, losses="diverse", two_way=True, average=0.9)
    generators = [gan.generator, gan.inverse, gan.average]
    judges = [*gan.discriminators, *gan.inverse_discriminators]
    assert generators[0] is generator
    assert judges[0] is discriminator
    assert (len(generators), len(judges)) == (3, 4)
    for networks in (generators, judges):
        assert len({id(net.weights[0]) for net in networks}) == len(networks)
    assert (generator.get_weights()[0] != gan.inverse.get_weights()[0]).any()
    np.testing.assert_array_equal(gan.average.get_weights()[0], generator.get_weights()[0])
    kernels = [net.get_weights()[0] for net in judges]
    assert all((kernels[0] != other).any() for other in kernels[1:])
    gan.fit(*pair, verbose=0)


class Sealed(keras.Model):
    """A network of which Keras can make no second one."""

    def __init__(self, needed):
        super().__init__()
        self.scale = self.add_weight(shape=(), name="scale", initializer=keras.initializers.Constant(needed))

    def call(self, pictures):
        return ops.mean(pictures, axis=(1, 2, 3)) * self.scale

    def get_config(self):
        raise NotImplementedError("It has no configuration.")


def test_a_network_that_cannot_be_copied_or_read_is_refused_with_a_sentence():
    said = "is needed more than once in this model, and Keras cannot copy it: It has no configuration"
    picture = keras.Input((16, 16, 3))
    sealed = keras.Model(picture, Sealed(2.0)(picture))
    with pytest.raises(BadOptions, match=said):
        GAN(Recipe(**{**SMALL, "discriminators": sealed, "losses": "diverse"}))
    for field in ("generator", "discriminators"):
        with pytest.raises(BrokenPlugin, match="is a Sealed whose inputs cannot be read; it must be a functional"):
            GAN(Recipe(**{**SMALL, field: Sealed(2.0)}))


def network(shape=(None, None, 3), channels=3, strides=1, copies=1, wrap=lambda output: output):
    pictures = [keras.Input(shape) for _ in range(copies)]
    joined = keras.layers.Concatenate()(pictures) if copies > 1 else pictures[0]
    output = keras.layers.Conv2D(channels, 3, strides, padding="same")(joined)
    return keras.Model(pictures, wrap(output), name="mine")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"generator": network((32, 32, 3))}, r"has the shape \(None, 32, 32, 3\); crops .* \(None, 16, 16, 3\)"),
        ({"generator": network((None, None, 1))}, r"has the shape \(None, None, None, 1\)"),
        ({"generator": network(channels=1)}, "output must be one picture of the source's size"),
        ({"generator": network(strides=2)}, "output must be one picture of the source's size"),
        ({"generator": network(wrap=lambda output: [output, output])}, "output must be one picture"),
        ({"discriminators": network((64, 64, 3))}, r"has the shape \(None, 64, 64, 3\)"),
        ({"discriminators": network(copies=3)}, "has 3 inputs; it must have one, a picture, or two"),
        ({"discriminators": network(wrap=lambda output: {"real": output})}, "called real; one must be called logits"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_when_the_model_is_built(fields, said):
    (kind,) = fields
    with pytest.raises(BrokenPlugin, match=f"The {kind.rstrip('s')} 'mine' cannot be used: .*{said}"):
        GAN(Recipe(**{**SMALL, **fields}))


class Misspelt(Loss):
    """For this test: no player minimises it."""

    def generators_loss(self, translation):
        return 0.0


def test_a_loss_of_no_player_is_refused(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})
    registry.register("loss", "misspelt")(Misspelt)
    for loss in ("misspelt", Misspelt()):
        with pytest.raises(BrokenPlugin, match="must define generator_loss or discriminator_loss"):
            GAN(Recipe(**SMALL, losses=["lsgan", loss]))


def test_options_of_an_object_are_refused():
    with pytest.raises(BadOptions, match="'mine' was given as an object; its options cannot be set any more"):
        Recipe(**{**SMALL, "generator": network()}).changed(**{"generator.filters": 8}).resolve()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"losses": ["lsgan", Tone]}, r"A loss is the class Tone; .* an object: a stylezoo\.Loss"),
        ({"losses": [print]}, "A loss is <built-in function print>; it must be"),
        ({"generator": painter}, r"A generator is <function painter.*an object: a keras\.Model"),
        ({"discriminators": [Tone()]}, r"A discriminator is <.*Tone object.*a keras\.Model"),
    ],
)
def test_an_object_of_another_kind_is_refused(fields, said):
    with pytest.raises(BadRecipe, match=said):
        Recipe(**fields).resolve()


@pytest.fixture
def tone(monkeypatch):
    """The same loss, registered in this process."""
    monkeypatch.setattr(registry, "_registered", {})
    return registry.register("loss", "tone")(Tone)


def test_a_registered_class_is_as_good_as_an_installed_one(tone, pair, tmp_path):
    with warnings.catch_warnings(action="error"):
        gan = GAN(Recipe(**SMALL, losses=["lsgan", "tone:weight=2"]))
    gan.fit(*pair, verbose=0)
    gan.save(tmp_path / "x.keras")
    assert str(stylezoo.load_model(tmp_path / "x.keras").recipe.losses[1]) == "local/tone:weight=2.0"
    registry._registered.clear()
    with pytest.raises(StylezooError, match="tone"):
        stylezoo.load_model(tmp_path / "x.keras")


@pytest.mark.parametrize("name", [None, 3, ""])
def test_a_name_that_is_no_text_is_refused_and_leaves_the_registry_as_it_is(monkeypatch, name):
    monkeypatch.setattr(registry, "_registered", {})
    with pytest.raises(BadOptions, match="cannot be a plugin's name"):
        stylezoo.register("loss", name)(Tone)
    assert "tv" in stylezoo.list_losses()


def test_a_recipe_of_objects_is_not_registered(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})
    said = "its parts must be names, and mine was given as an object. Change it and register it again"
    with pytest.raises(BrokenPlugin, match=said):
        stylezoo.register("model", "own")(Recipe(generator=network()))
    assert "own" not in stylezoo.list_models()


def test_a_registered_class_passes_the_kit_and_the_doctor(tone):
    checks.check_loss("tone")
    (diagnosis,) = doctor.examine([registry.find("loss", "tone")])
    assert not diagnosis.cause
    assert describe(registry.find("loss", "tone")).summary == "For these tests: results shall be grey."


def test_a_registered_class_that_is_absent_is_named_with_what_to_do():
    with pytest.raises(StylezooError, match=r"another Python session: run .*@stylezoo\.register\('loss', 'absent'\)"):
        Recipe.named("transfer", losses=["local/absent"])


@pytest.mark.parametrize(
    ("flags", "gpus", "chosen"),
    [
        ({"avx2", "fma"}, [], "float32"),
        ({"avx512_bf16"}, [], "mixed_bfloat16"),
        ({"amx_bf16", "avx2"}, [], "mixed_bfloat16"),
        ({"amx_bf16"}, ["NVIDIA H200"], "float32"),
    ],
)
def test_a_training_has_the_fastest_precision_of_the_machine_unless_one_is_asked_for(flags, gpus, chosen, monkeypatch):
    monkeypatch.setattr(backend, "fastest_precision", fastest_precision)
    monkeypatch.setattr(backend, "processor_flags", lambda: flags)
    monkeypatch.setattr(backend, "gpus", lambda: gpus)
    assert Recipe().precision == "auto"
    assert training.chosen("transfer").precision == chosen
    assert training.chosen("transfer", precision="float32").precision == "float32"
    assert Recipe().resolve().recipe.precision == "float32"  # as the published models


def test_flags_of_the_processor_are_those_of_linux():
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    assert all(flag in text for flag in backend.processor_flags())
    assert bool(backend.processor_flags()) == ("\nflags" in text)
