"""Between siblings lie models, whose weights are the means of theirs; strangers are not mixed."""

import numpy as np
import pytest
from PIL import Image

import stylezoo
from stylezoo import training
from stylezoo.errors import BadOptions, BadRun
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.runs import interpolation, lineage
from stylezoo.runs.interpolation import Siblings

pytestmark = pytest.mark.usefixtures("read_once")

TINY = {
    "generator.filters": 2, "generator.blocks": 1, "discriminators": ("patch:filters=2,layers=1",), "image_size": 16,
    "load_size": 20, "batch_size": 1, "average": 0.9,
}  # fmt: skip
X = np.random.default_rng(9).uniform(-1, 1, (16, 16, 3)).astype("float32")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run, its sibling, which went on from it with another look, and runs that are no siblings."""
    folder = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(0)
    photo, one, other = (Image.fromarray(rng.integers(0, 256, (24, 28, 3), "uint8") // n) for n in (1, 1, 3))
    stylezoo.train("transfer", photo, one, folder / "a", steps=2, **TINY)
    stylezoo.train(
        None, photo, other, folder / "b", start_from=folder / "a", steps=3, **{"optimizer.learning_rate": 0.01}
    )
    training.start(Recipe.named("transfer", steps=1, **TINY), photo, other, folder / "stranger")
    return folder


def arrays(model):
    return [[value.copy() for value in each.get_weights()] for each in (model.generator, model.average)]


def same(one, other):
    return all((a == b).all() for a, b in zip(sum(one, []), sum(other, []), strict=True))  # noqa: RUF017 - two lists


@pytest.mark.long
def test_weights_are_the_weighted_means(runs):
    a, b = (arrays(stylezoo.load_model(runs / name)) for name in "ab")
    assert not same(a, b)
    mixed = stylezoo.interpolate({runs / "a": 3, runs / "b": 1})
    for ours, first, second in zip(sum(arrays(mixed), []), sum(a, []), sum(b, []), strict=True):  # noqa: RUF017
        expected = 0.75 * first.astype("float64") + 0.25 * second.astype("float64")
        np.testing.assert_array_equal(ours, expected.astype("float32"))


def test_ends_of_the_way_are_the_runs_bit_for_bit(runs):
    siblings = Siblings([runs / "a", runs / "b"])
    for weights, name in (((1, 0), "a"), ((0, 1), "b"), ((7, 0), "a")):
        model, run = siblings.at(weights), stylezoo.load_model(runs / name)
        assert same(arrays(model), arrays(run))
        np.testing.assert_array_equal(model.stylize(X), run.stylize(X))


def test_a_mixture_stays_as_it_is_when_another_is_made(runs):
    siblings = Siblings([runs / "a", runs / "b"])
    one = siblings.at([1, 0])
    before, drawn = arrays(one), one.stylize(X)
    other = siblings.at([0, 1])
    assert other is not one
    assert same(arrays(one), before)
    assert not same(arrays(other), before)
    np.testing.assert_array_equal(one.stylize(X), drawn)


def test_a_mixture_has_all_else_of_the_first_sibling(runs):
    mixed, first = Siblings([runs / "b", runs / "a"]).at([1, 1]), stylezoo.load_model(runs / "b")
    assert int(mixed.step) == int(first.step) == 3
    assert mixed.recipe == first.recipe
    for net, other in zip(mixed.discriminators, first.discriminators, strict=True):
        assert all((a == b).all() for a, b in zip(net.get_weights(), other.get_weights(), strict=True))
    pairs = zip(mixed.optimizer.variables, first.optimizer.variables, strict=True)
    assert all((np.asarray(a) == np.asarray(b)).all() for a, b in pairs)


def test_a_run_with_itself_is_the_run_bit_for_bit(runs):
    model = Siblings([runs / "b", runs / "b", runs / "b"]).at([0.1, 0.3, 0.7])
    assert same(arrays(model), arrays(stylezoo.load_model(runs / "b")))


@pytest.mark.long
def test_mixing_is_symmetric(runs):
    one = stylezoo.interpolate({runs / "a": 0.3, runs / "b": 0.6})
    other = stylezoo.interpolate({runs / "b": 0.6, runs / "a": 0.3})
    assert same(arrays(one), arrays(other))
    np.testing.assert_array_equal(one.stylize(X), other.stylize(X))


def test_a_mixture_is_saved_and_goes_on(runs, tmp_path):
    mixed = stylezoo.interpolate({runs / "a": 1, runs / "b": 1})
    mixed.save(tmp_path / "mixed.keras")
    np.testing.assert_array_equal(stylezoo.load_model(tmp_path / "mixed.keras").stylize(X), mixed.stylize(X))


@pytest.mark.long
def test_a_file_that_does_not_tell_its_ancestry_is_told_so(runs, tmp_path):
    stylezoo.interpolate({runs / "a": 1, runs / "b": 1}).save(tmp_path / "mix.keras")
    for paths in ([tmp_path / "mix.keras", runs / "a"], [runs / "a", tmp_path / "mix.keras"]):
        with pytest.raises(BadOptions, match=r"mix.keras' has no lineage.*train --from \S*mix.keras"):
            Siblings(paths)
    same_file = Siblings([tmp_path / "mix.keras"] * 2)  # its weights have an id that only they have
    assert same(arrays(same_file.at([1, 1])), arrays(stylezoo.load_model(tmp_path / "mix.keras")))


@pytest.mark.long
def test_models_without_weights_have_equal_ones(runs):
    mixed = stylezoo.interpolate([runs / "a", runs / "b"])
    assert same(arrays(mixed), arrays(stylezoo.interpolate({runs / "a": 0.5, runs / "b": 0.5})))


def test_values_that_are_no_floats_are_those_of_the_largest_share():
    counts = [np.array([1, 2]), np.array([5, 6])]
    np.testing.assert_array_equal(interpolation._mean(counts, [0.4, 0.6]), [5, 6])
    assert interpolation._mean(counts, [0.4, 0.6]).dtype == counts[0].dtype


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1], "There are 1 weights for 2 models"),
        ([1, -1], r"The weights are \[1.0, -1.0\]; they must be 0 or more"),
        ([0, 0], "one of them above 0"),
        ([1, float("nan")], "0 or more"),
        ([1, float("inf")], "0 or more"),
    ],
)
def test_weights_that_cannot_be_are_refused(weights, said, runs):
    with pytest.raises(BadOptions, match=said):
        Siblings([runs / "a", runs / "b"]).at(weights)


def read(models):
    """Stands for `lineage.read`: models by name, each with its lineage."""
    plain = {key: value for key, value in TINY.items() if "." not in key}
    small = {"generator": "resnet:filters=2,blocks=1"}
    return lambda name, _=None: lineage.Ancestor(
        name, GAN(Recipe.named("transfer", **{**plain, **small, **models[name][0]})), models[name][1]
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"generator": "resnet:filters=2,blocks=2"}, "'x' has blocks=1, not blocks=2 as 'y' has"),
        ({"generator": "unet:downs=2"}, "'x' has the generator resnet, not unet as 'y' has"),
        ({"data.match_tones": True}, "'x' has match_tones=False, not match_tones=True as 'y' has"),
        ({"two_way": True}, "'x' has two_way=False, not two_way=True as 'y' has"),
    ],
)
def test_other_generators_are_refused_in_words(change, said, monkeypatch):
    monkeypatch.setattr(lineage, "read", read({"x": ({}, ("aa",)), "y": (change, ("aa", "bb"))}))
    with pytest.raises(BadOptions, match=said):
        Siblings(["x", "y"])


def test_strangers_are_refused_and_told_how_siblings_are_made(monkeypatch):
    monkeypatch.setattr(lineage, "read", read({"x": ({}, ("aa",)), "y": ({}, ("bb",))}))
    with pytest.raises(BadOptions, match=r"'x' and 'y' have no common ancestor.*stylezoo train --from x"):
        Siblings(["x", "y"])


def test_one_without_an_average_is_mixed_as_it_draws(monkeypatch):
    """What a model redraws pictures with is mixed with what the other does."""
    models = read({"x": ({}, ("aa",)), "y": ({"average": 0, "seed": 1}, ("aa",))})
    known = {name: models(name) for name in "xy"}
    monkeypatch.setattr(lineage, "read", lambda path, _: known[path])
    drawn = {name: each.model.stylize(X) for name, each in known.items()}
    np.testing.assert_array_equal(Siblings("xy").at([0, 1]).stylize(X), drawn["y"])
    known = {name: models(name) for name in "xy"}
    monkeypatch.setattr(lineage, "read", lambda path, _: known[path])
    np.testing.assert_array_equal(Siblings("yx").at([0, 1]).stylize(X), drawn["x"])


def test_tones_are_mixed(monkeypatch):
    known = {name: read({name: ({"data.match_tones": True}, ("aa",))})(name) for name in "xy"}
    for name, tones in (("x", [0, 0.5, 0.1, 0.2]), ("y", [0.4, 0.3, 0.3, 0.2])):
        known[name].model.tones.assign(tones)
    monkeypatch.setattr(lineage, "read", lambda path, _: known[path])
    np.testing.assert_allclose(Siblings("xy").at([1, 1]).tones, [0.2, 0.4, 0.2, 0.2], atol=1e-6)


def test_no_model_and_no_such_model_are_told(tmp_path):
    with pytest.raises(BadOptions, match="No model was named"):
        stylezoo.interpolate({})
    with pytest.raises(BadRun, match="is no model"):
        stylezoo.interpolate({tmp_path / "gone": 1})
    with pytest.raises(BadRun, match="gone' is no model"):
        stylezoo.interpolate(str(tmp_path / "gone"))  # one alone, without a list
