"""How a generator is given its style: four ways, and a fifth from outside."""

import keras
import numpy as np
import pytest

import stylezoo
from stylezoo.contract import NamedStyles, OneStyle, StyleCodes, StyleInput, StylePicture, generate, style_input
from stylezoo.contract.style_inputs import known_inputs, unknown_inputs
from stylezoo.drawing.looks import look
from stylezoo.errors import BadOptions, BadPicture, BrokenPlugin
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe


def network(*names, sides=(None, None, 3)):
    """A generator with these inputs, pictures all but `styles`; it has no other layers."""
    inputs = [keras.Input((2,) if name == "styles" else sides, name=name) for name in names]
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], keras.layers.Activation("tanh")(inputs[0]))


@pytest.fixture(scope="module")
def coded():
    """A generator made of codes: the mean colour of a style added to the source."""
    source, style, picture, content, code = (
        keras.Input(shape, name=name)
        for name, shape in (
            ("source", (None, None, 3)),
            ("style", (None, None, 3)),
            ("picture", (None, None, 3)),
            ("content", (None, None, 3)),
            ("code", (3,)),
        )
    )
    mean = keras.Model(picture, keras.layers.GlobalAveragePooling2D()(picture), name="style_code")
    same = keras.Model(picture, keras.layers.Identity()(picture), name="content")
    both = keras.layers.Add()([content, keras.layers.Reshape((1, 1, 3))(code)])
    decoder = keras.Model([content, code], both, name="decoder")
    return keras.Model([source, style], decoder([same(source), mean(style)]))


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs the generator of a module of a stranger; the ways that it defines are forgotten afterwards."""
    ways = list(StyleInput.ways)

    def install(name, source):
        (tmp_path / f"acme_{name}.py").write_text(source)
        info = tmp_path / f"acme_{name}-1.0.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_text(f"[stylezoo.generators]\n{name} = acme_{name}:build\n")
        monkeypatch.syspath_prepend(tmp_path)
        return GAN(Recipe(generator=name, discriminators="patch:filters=2,layers=1", losses=("lsgan",), image_size=16))

    yield install
    StyleInput.ways[:] = ways


@pytest.mark.parametrize(
    ("names", "way"),
    [
        (("source",), OneStyle),
        (("any",), OneStyle),
        (("source", "noise"), OneStyle),
        (("source", "style"), StylePicture),
        (("noise", "style", "source"), StylePicture),
        (("source", "styles"), NamedStyles),
    ],
)
def test_the_way_is_found_by_the_inputs(names, way):
    assert type(style_input(network(*names))) is way
    assert unknown_inputs(network(*names)) == []


def test_the_most_special_way_is_asked_first(coded):
    assert type(style_input(coded)) is StyleCodes  # it has the input style as well


def test_inputs_that_nothing_explains_are_found():
    assert unknown_inputs(network("source", "amount", "mask")) == ["amount", "mask"]
    assert unknown_inputs(network("source", "style", "styles")) == ["style"]  # one way, not two
    assert known_inputs() == ["source", "noise", "style", "styles"]


def test_what_each_way_can_do(coded):
    ways = [style_input(each) for each in (network("source"), network("source", "style"), network("source", "styles"))]
    ways.append(style_input(coded))
    table = {
        "takes_picture": [False, True, False, True],
        "needs_labels": [False, False, True, False],
        "can_be_random": [False, False, False, True],
        "can_mix": [False, False, True, True],
        "can_weaken": [False, False, True, True],
        "can_divide": [False, False, False, False],  # no layer fuses
    }
    assert {name: [getattr(way, name) for way in ways] for name in table} == table


def test_training_feeds_labels_pictures_or_codes(coded):
    batch = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype("float32")
    labels, code = np.eye(2, dtype="float32"), np.float32([[0.1, 0, 0], [0, 0.2, 0]])
    given = {
        name: style_input(network("source", name)).from_batch(batch, -batch, labels, code)
        for name in ("style", "styles")
    }
    np.testing.assert_array_equal(given["style"], -batch)
    np.testing.assert_array_equal(given["styles"], labels)
    drawn = generate(coded, keras.ops.convert_to_tensor(batch), code=keras.ops.convert_to_tensor(code))
    np.testing.assert_allclose(drawn, batch + code[:, None, None], atol=1e-6)
    expected = batch + (-batch).mean((1, 2), keepdims=True)
    np.testing.assert_allclose(generate(coded, batch, -batch), expected, atol=1e-6)


def test_a_look_reads_styles_once(coded):
    named, pictured = style_input(network("source", "styles")), style_input(network("source", "style"))
    rows = [part.style.tolist() for part in look(styles={"a": 1, "b": 2}, style_input=named, names=("a", "b")).parts]
    assert rows == [[1, 0], [0, 1]]
    assert look(style_input=named, names=("a", "b")).parts[0].style.tolist() == [1, 0]  # the first
    assert look(style_input=style_input(network("source")), strength=0.5).parts == ()
    assert look(style_input=style_input(coded), random=True).parts[0].style is None
    picture = np.zeros((4, 5, 3), "float32")
    assert look(picture, style_input=pictured).parts[0].style.shape == (4, 5, 3)
    for asked, error, said in (
        ({"style": "c", "style_input": named, "names": ("a", "b")}, BadOptions, "no style 'c'.* It has: a, b"),
        ({"style": "a", "style_input": style_input(network("source"))}, BadOptions, "It has one style only"),
        ({"style_input": pictured}, BadOptions, "takes its style from a picture"),
        ({"style_input": style_input(coded)}, BadOptions, "takes its style from a picture"),
        ({"style": picture[None], "style_input": pictured}, BadPicture, "1 pictures; it must be one"),
        ({"style": "a", "styles": ["b"], "style_input": named}, BadOptions, "not both"),
    ):
        with pytest.raises(error, match=said):
            look(**asked)


AMOUNT = """
import keras
from keras import ops

from stylezoo.contract import StyleInput
from stylezoo.errors import BadOptions


class Amount(StyleInput):
    inputs = ("amount",)
    can_mix = True
    as_it_is = (0.0,)

    def from_batch(self, source, style, labels, code):
        return ops.ones((ops.shape(source)[0], 1))

    def read(self, style, names=()):
        if not isinstance(style, int | float):
            raise BadOptions(f"The amount is {style!r}; it must be a number.")
        return (float(style),)

    def default(self, names=(), random=False):
        return ((1.0,),)


def build(shape):
    source, amount = keras.Input(shape, name="source"), keras.Input((1,), name="amount")
    change = keras.layers.Conv2D(shape[-1], 3, padding="same")(source)
    change = keras.layers.Multiply()([change, keras.layers.Reshape((1, 1, 1))(amount)])
    return keras.Model([source, amount], keras.layers.Add()([source, change]), name="amount")
"""


def test_a_fifth_way_is_one_class(installed, tmp_path):
    """Its style is a number: a model trains a step with it, draws in it, mixes two and takes less of one."""
    gan = installed("amount", AMOUNT)
    pictures = np.random.default_rng(0).uniform(-0.3, 0.3, (2, 4, 16, 16, 3)).astype("float32")
    before = [variable.numpy() for variable in gan.variables_of("generator")]
    gan.fit(*pictures, batch_size=4, verbose=0)
    assert any((old != new.numpy()).any() for old, new in zip(before, gan.variables_of("generator"), strict=True))
    source = pictures[0][0]
    change = np.asarray(gan.generator([source[None], np.ones((1, 1))]))[0] - source
    assert np.abs(change).max() > 0.01
    np.testing.assert_allclose(gan.stylize(source, style=0.3), source + 0.3 * change, atol=1e-5)
    np.testing.assert_allclose(gan.stylize(source), source + change, atol=1e-5)  # the default
    mixed = gan.stylize(source, styles={0.2: 1, 0.6: 3})
    np.testing.assert_allclose(mixed, source + 0.5 * change, atol=1e-5)
    painter = gan.painter(style=0.8, strength=0.5)
    assert painter.has_strength
    np.testing.assert_allclose(painter.paint(source), source + 0.4 * change, atol=1e-5)
    with pytest.raises(BadOptions, match="The amount is 'much'; it must be a number"):
        gan.stylize(source, "much")
    with pytest.raises(BadOptions, match="takes one style at a time, everywhere the same"):
        gan.stylize(source, masks=[(0.3, np.ones((16, 16)))])  # no layer of it fuses
    gan.save(tmp_path / "x.keras")
    again = stylezoo.load_model(tmp_path / "x.keras").stylize(source, style=0.3)
    np.testing.assert_array_equal(again, gan.stylize(source, style=0.3))
    assert known_inputs()[-1] == "amount"


def test_a_half_made_way_fails_with_a_sentence(installed):
    half = AMOUNT.replace("def from_batch", "def from_bath").replace("def read", "def reed")
    with pytest.raises(BrokenPlugin, match="Amount is half-made; it lacks the methods from_batch, read"):
        installed("half", half)
    assert type(style_input(network("source"))) is OneStyle  # other generators do not notice


def test_a_way_that_never_applies_is_refused_where_it_is_written():
    with pytest.raises(TypeError, match="The style input Never never applies: name the generator's inputs"):
        type("Never", (StyleInput,), {})
