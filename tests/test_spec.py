import contextlib
import json
import sys
import time

import pytest

from stylezoo import Recipe, Spec
from stylezoo.errors import BadOptions, BadRecipe, BrokenPlugin, PluginConflict, UnknownPlugin
from stylezoo.spec import check_options, read_value

VALUES = [
    0,
    -3,
    10**12,
    0.5,
    -2.5,
    1e-8,
    True,
    False,
    None,
    "reflect",
    "a,b",
    "a=b",
    "a:b",
    "true",
    "None",
    "1.0",
    "",
    " spaced ",
    "/home/me/my pictures/vgg.h5",
    "C:\\weights\\vgg.h5",
    "~/vgg-19.h5",
    "it's",
    'it\'s, "so"',
    "x]y",
    "(x",
    "größer",
    "back\\",
    "two\nlines",
    [1, 2, 3],
    [],
    ["a,b", [0.5, None]],
    [1, 2, [3, "a,b"]],
]


def own_plugin(tmp_path, monkeypatch, source, entry="mine = acme_own:Mine", group="losses"):
    """Installs a distribution that is written for the test."""
    place = tmp_path / "acme_own-1.0.dist-info"
    place.mkdir()
    place.joinpath("entry_points.txt").write_text(f"[stylezoo.{group}]\n{entry}\n")
    (tmp_path / "acme_own.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "acme_own", raising=False)


# Reading and writing


def test_a_name_alone_has_no_options_and_the_weight_1():
    assert Spec.parse("lsgan") == Spec("lsgan", {}, 1.0)


def test_options_and_weight_are_read_apart():
    assert Spec.parse("lsgan:real=0.9,weight=2,fake=-1") == Spec("lsgan", {"real": 0.9, "fake": -1}, 2.0)


def test_spaces_around_names_and_values_do_not_count():
    assert Spec.parse(" lsgan : real = 0.9 , weight = 2 ") == Spec("lsgan", {"real": 0.9}, 2.0)


def test_a_spec_passes_through():
    spec = Spec("lsgan", {"real": 0.9})
    assert Spec.parse(spec) is spec


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_every_plain_value_survives_being_written_and_read(value):
    spec = Spec("acme/name", {"first": 1, "value": value, "last": "x"}, 0.25)
    assert Spec.parse(str(spec)) == spec


@pytest.mark.parametrize("first", VALUES[-12:], ids=repr)
@pytest.mark.parametrize("last", VALUES[-12:], ids=repr)
def test_quotes_and_brackets_of_one_value_do_not_reach_into_the_next(first, last):
    spec = Spec("name", {"first": first, "last": last})
    assert Spec.parse(str(spec)) == spec


def test_a_weight_of_1_is_not_written():
    assert str(Spec("tv")) == "tv"
    assert str(Spec("tv", {}, 0.5)) == "tv:weight=0.5"
    assert str(Spec("lsgan", {"real": 0.9}, 2.0)) == "lsgan:real=0.9,weight=2.0"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("TRUE", True),
        ("False", False),
        ("none", None),
        ("null", "null"),
        ("3", 3),
        ("-3", -3),
        ("3.", 3.0),
        ("1e-4", 1e-4),
        ("0.5e3", 500.0),
        (".5", 0.5),
        ("07", "07"),
        ("[1, 2]", [1, 2]),
        ("(0.5, 0.9)", (0.5, 0.9)),
        ("'true'", "true"),
        ("word", "word"),
        ("a b", "a b"),
        ("/tmp/x.h5", "/tmp/x.h5"),
        ("a+b", "a+b"),
        ("[1, 2", "[1, 2"),
        ("f(1)", "f(1)"),
        ("{{}}", "{{}}"),
        ("", ""),
        ("(" * 300, "(" * 300),
    ],
)
def test_values_are_read_as_a_shell_or_python_writes_them(text, value):
    read = read_value(text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("text", ["", ":real=1", "lsgan:real", "lsgan:real=1,", "lsgan:=1", "lsgan:1=2", "lsgan:a b=1"])
def test_a_text_that_cannot_be_read_is_shown_with_an_example(text):
    with pytest.raises(BadOptions, match=r"Write a name and options like 'lsgan:real=0.9,weight=2'"):
        Spec.parse(text)


@pytest.mark.parametrize("what", [5, None, ["lsgan"], {"name": "lsgan"}])
def test_what_is_no_text_is_refused(what):
    with pytest.raises(BadOptions, match="names no part"):
        Spec.parse(what)


@pytest.mark.parametrize("weight", ["heavy", "true", "none", "[1]", "", "1j", "1e400"])
def test_a_weight_that_is_no_number_is_refused(weight):
    with pytest.raises(BadOptions, match="is no number"):
        Spec.parse(f"lsgan:weight={weight}")


def test_a_written_spec_is_plain_text_for_json():
    spec = Spec("name", {"value": ["a,b", None]}, 0.5)
    assert Spec.parse(json.loads(json.dumps(str(spec)))) == spec


# Names


def test_the_label_is_the_name_without_the_distribution():
    assert Spec("acme-style/charbonnier").label == "charbonnier"
    assert Spec("lsgan").label == "lsgan"


def test_a_qualified_spec_keeps_its_options_and_names_the_owner():
    spec = Spec.parse("lsgan:real=0.9,weight=2").qualified("loss")
    assert spec == Spec("stylezoo/lsgan", {"real": 0.9}, 2.0)
    assert spec.qualified("loss") == spec


def test_a_qualified_spec_means_the_same_whoever_comes_later(third_party):
    spec = Spec("lsgan").qualified("loss")
    third_party("rival")
    assert spec.part("loss").component.__module__ == "stylezoo_builtins.losses.lsgan"
    with pytest.raises(PluginConflict):
        Spec("lsgan").part("loss")
    assert Spec("lsgan").qualified("loss", home="Rival.Losses").name == "Rival.Losses/lsgan"


def test_an_unknown_name_cannot_be_qualified():
    with pytest.raises(UnknownPlugin, match="Did you mean 'lsgan'"):
        Spec("lsgann").qualified("loss")


# Checking and building


def test_a_component_is_built_with_its_options():
    assert Spec.parse("lsgan:real=0.9,fake=0.1").part("loss").build().real == 0.9
    net = Spec.parse("patch:filters=2,layers=1").part("discriminator").build(shape=(32, 32, 3))
    assert net.input_shape == (None, 32, 32, 3)


def test_an_unknown_option_gets_a_hint_and_the_list():
    with pytest.raises(BadOptions, match=r"no option 'reel'. Did you mean 'real'\? It takes: real, fake"):
        Spec.parse("lsgan:reel=1").part("loss")


def test_the_shape_is_given_by_the_machine_and_is_no_option():
    with pytest.raises(BadOptions, match="no option 'shape'"):
        Spec.parse("patch:shape=3").part("discriminator")


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("loss", "lsgan:real=high", "float"),
        ("loss", "lsgan:real=true", "float"),
        ("loss", "lsgan:real=none", "float"),
        ("discriminator", "patch:filters=2.5", "int"),
        ("discriminator", "patch:filters=true", "int"),
        ("discriminator", "patch:spectral=1", "bool"),
        ("generator", "resnet:resize=yes", "bool"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(kind, text, expected):
    with pytest.raises(BadOptions, match=f"is no {expected}"):
        Spec.parse(text).part(kind)


def test_a_whole_number_will_do_for_a_float():
    assert Spec.parse("lsgan:real=1").part("loss").build().real == 1


def test_a_refusal_of_the_component_is_passed_on():
    with pytest.raises(BadOptions, match="The loss 'stylezoo/content' refuses: fine is 9 and coarse is 8"):
        Spec.parse("content:fine=9").part("loss").build()


def test_a_missing_option_is_named(tmp_path, monkeypatch):
    source = "from stylezoo import Loss\nclass Mine(Loss):\n    def __init__(self, needed):\n        pass\n"
    own_plugin(tmp_path, monkeypatch, source)
    with pytest.raises(BadOptions, match=r"needs the option 'needed': 'acme_own/mine:needed=...'"):
        Spec("mine").part("loss")
    assert Spec("mine", {"needed": 1}).part("loss").component.__name__ == "Mine"


@pytest.mark.parametrize("signature", ["self, *args", "self, **kwargs"])
def test_hidden_options_are_refused(signature, tmp_path, monkeypatch):
    source = f"from stylezoo import Loss\nclass Mine(Loss):\n    def __init__({signature}):\n        pass\n"
    own_plugin(tmp_path, monkeypatch, source)
    with pytest.raises(BrokenPlugin, match=r"acme_own 1.0.*hidden behind \*args or \*\*kwargs"):
        Spec("mine").part("loss")


@pytest.mark.parametrize("source", ["class Mine: pass\n", "def Mine(): pass\n", "Mine = 3\n"])
def test_a_loss_that_is_no_loss_is_refused(source, tmp_path, monkeypatch):
    own_plugin(tmp_path, monkeypatch, source)
    with pytest.raises(BrokenPlugin, match=r"not a subclass of stylezoo.Loss"):
        Spec("mine").part("loss")


def test_a_generator_that_cannot_be_called_is_refused(tmp_path, monkeypatch):
    own_plugin(tmp_path, monkeypatch, "Mine = 3\n", group="generators")
    with pytest.raises(BrokenPlugin, match="it cannot be called"):
        Spec("mine").part("generator")


def test_an_option_is_there_once():
    with pytest.raises(BadOptions, match="An option is there twice in 'lsgan:real=1,real=2'"):
        Spec.parse("lsgan:real=1,real=2")


def test_a_whole_number_that_no_float_holds_is_refused():
    with pytest.raises(BadRecipe, match="which is no float"):
        Recipe(optimizer=f"adam:learning_rate={10**340}").resolve()


# What strangers may write


@pytest.mark.parametrize("piece", ["'", '"', "\\'", "'\\\\", "\"'", ",'", "a,", "[", "\\"])
def test_a_long_text_is_read_in_linear_time(piece):
    began = time.monotonic()
    with contextlib.suppress(BadOptions):
        Spec.parse("lsgan:real=" + piece * 20_000)
    assert time.monotonic() - began < 2  # quadratic: minutes


@pytest.mark.parametrize(
    "text",
    [
        f"lsgan:real={'9' * 400}",
        f"lsgan:weight={'9' * 400}",
        "lsgan:real=1e999",
        "lsgan:weight=1e999",
        "lsgan:real=0x" + "f" * 9000,
    ],
)
def test_numbers_beyond_all_measure_are_refused(text):
    with pytest.raises(BadOptions) as caught:
        Spec.parse(text).part("loss")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("generator", "resnet:blocks=20000", "'blocks' of the generator 'resnet' has the number 20000; .* up to 10000"),
        ("generator", "resnet:filters=100000", "'filters' .* has the number 100000"),
        ("discriminator", "patch:layers=-20000", "has the number -20000"),
        ("loss", f"patch-nce:patches={2**40}", "has the number 1099511627776; .* up to 2147483648"),
    ],
)  # fmt: skip
def test_options_cannot_ask_for_too_much(kind, text, said):
    with pytest.raises(BadOptions, match=said):
        Spec.parse(text).part(kind)


@pytest.mark.parametrize(
    ("value", "said"), [([1] * 5000, "has more than 1000 values"), ([[[{"a": 2**40}]]], "has the number 1099511627776")]
)
def test_lists_cannot_hold_too_much(value, said):
    with pytest.raises(BadOptions, match=f"'names' of the data {said}"):
        check_options("data", lambda names: None, {"names": value})
