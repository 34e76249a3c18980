"""VGG-19 of any file gives the features that TensorFlow computes; losses and the AdaIN generator are made of them."""

import os
from itertools import pairwise

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
import torch_writer
from stylezoo_builtins.adain import adain, statistics
from stylezoo_builtins.generators.adain import build
from stylezoo_builtins.losses.adain_content import AdaINContent
from stylezoo_builtins.losses.adain_statistics import AdaINStatistics
from stylezoo_builtins.losses.gram import Gram
from stylezoo_builtins.losses.perceptual import Perceptual

from stylezoo import Recipe
from stylezoo import features as vgg
from stylezoo.errors import BadWeights
from stylezoo.files import torch_files

ANY = (None, None, 3)
WIDTHS = (4, 5, 6, 7, 8)
OWN_COLOURS = (np.float32([[0.1, 0, 2], [0, 2, 0.1], [2, 0.2, 0]]).reshape(1, 1, 3, 3), np.float32([-1, -0.9, -0.8]))
CHANNELS = [3, *(width for width, count in zip(WIDTHS, vgg.BLOCKS, strict=True) for _ in range(count))]


def random_convolutions(channels=CHANNELS, seed=0):
    """Kernels (height, width, in, out) and biases of one convolution after the other."""
    random = np.random.default_rng(seed)
    normal = lambda *shape: random.normal(size=shape).astype("f4")  # noqa: E731
    return [(normal(3, 3, a, b) / np.sqrt(4 * a), 0.1 * normal(b)) for a, b in pairwise(channels)]


CONVOLUTIONS = random_convolutions()


def write_normalised(path, convolutions=CONVOLUTIONS, write=torch_writer.zip_file, beside=()):
    """As AdaIN's file is: a Sequential that begins with a 1x1 convolution."""
    layers = {f"{3 * i}": each for i, each in enumerate([OWN_COLOURS, *convolutions])} | dict(beside)
    write(path, state_dict(layers))
    return str(path)


def write_torchvision(path, convolutions=CONVOLUTIONS):
    layers = {f"features.{i}": each for i, each in enumerate(convolutions)}
    fully_connected = {"classifier.0.weight": np.zeros((2, 8), "f4"), "classifier.0.bias": np.zeros(2, "f4")}
    torch_writer.old_file(path, state_dict(layers) | torch_writer.state_dict(fully_connected))
    return str(path)


def state_dict(layers):
    arrays = {}
    for name, (kernel, bias) in layers.items():
        arrays |= {f"{name}.weight": kernel.transpose(3, 2, 0, 1), f"{name}.bias": bias}
    return torch_writer.state_dict(arrays)


def write_keras(path, convolutions=CONVOLUTIONS):
    """What `keras.applications.VGG19(include_top=False).save_weights` writes, of fewer channels."""
    keras_network(convolutions).save_weights(path)
    return str(path)


def keras_network(convolutions=CONVOLUTIONS):
    layers = [keras.Input(ANY)]
    for name, (kernel, _) in zip(vgg.CONVOLUTIONS, convolutions, strict=False):
        layers.append(keras.layers.Conv2D(kernel.shape[-1], 3, name=f"block{name[0]}_conv{name[2]}"))
    network = keras.Sequential(layers)
    network.set_weights([array for pair in convolutions for array in pair])
    return network


def write_old_keras(path):
    """The layout of the file that Keras downloads."""
    with h5py.File(path, "w") as file:
        for name, (kernel, bias) in zip(vgg.CONVOLUTIONS, CONVOLUTIONS, strict=True):
            layer = f"block{name[0]}_conv{name[2]}"
            file[f"{layer}/{layer}_W_1:0"], file[f"{layer}/{layer}_b_1:0"] = kernel, bias
    return str(path)


def write_npz(path):
    layers = {f"{3 * i}": each for i, each in enumerate([OWN_COLOURS, *CONVOLUTIONS])}
    np.savez(
        path, **{f"{n}.{k}": a for n, pair in layers.items() for k, a in zip(("kernel", "bias"), pair, strict=True)}
    )
    return str(path)


def own_colours(picture):
    return (picture + 1) / 2 @ OWN_COLOURS[0][0, 0] + OWN_COLOURS[1]


def imagenet_colours(picture):
    return ((picture + 1) / 2 - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])


def caffe_colours(picture):
    return (picture[..., ::-1] + 1) * 127.5 - np.float32([103.939, 116.779, 123.68])


FILES = {
    "normalised.pth": (write_normalised, own_colours, "REFLECT"),
    "torchvision.pth": (write_torchvision, imagenet_colours, "CONSTANT"),
    "keras.weights.h5": (write_keras, caffe_colours, "CONSTANT"),
    "old_keras.h5": (write_old_keras, caffe_colours, "CONSTANT"),
    "own.npz": (write_npz, own_colours, "REFLECT"),
}


def features(x, borders, convolutions=CONVOLUTIONS):
    """The answer of every convolution and ReLU by name, computed by TensorFlow's own functions."""
    found = {}
    for name, (kernel, bias) in zip(vgg.CONVOLUTIONS, convolutions, strict=False):
        if name.endswith("_1") and name != "1_1":
            x = tf.nn.max_pool2d(x, 2, 2, "SAME" if borders == "REFLECT" else "VALID")
        x = tf.nn.conv2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], borders), kernel, 1, "VALID") + bias
        found[f"conv{name}"] = x
        x = found[f"relu{name}"] = tf.nn.relu(x)
    return {name: each.numpy() for name, each in found.items()}


def pictures(seed=0, shape=(2, 37, 50, 3)):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("f4")


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_normalised(tmp_path_factory.mktemp("vgg") / "normalised.pth")


@pytest.mark.parametrize("name", FILES)
def test_every_tap_of_every_kind_of_file(tmp_path, name):
    write, colours, borders = FILES[name]
    expected = features(colours(pictures()), borders)
    found = vgg.vgg19(write(tmp_path / name), vgg.TAPS)(pictures())
    assert found.keys() == set(vgg.TAPS)
    for tap, each in found.items():
        np.testing.assert_allclose(each, expected[tap], rtol=1e-4, atol=1e-4 * np.abs(expected[tap]).max(), err_msg=tap)


def test_borders_can_be_chosen(tmp_path):
    expected = features(imagenet_colours(pictures()), "REFLECT")["relu2_1"]
    found = vgg.vgg19(write_torchvision(tmp_path / "x.pth"), ("relu2_1",), borders="reflect")(pictures())
    np.testing.assert_allclose(found["relu2_1"], expected, atol=1e-4)


def test_a_file_that_ends_early_serves_up_to_there(tmp_path):
    """And 1x1 convolutions beside the network, which compared it to another when it was distilled, do not matter."""
    aside = {"aux": (np.ones((1, 1, 4, 9), "f4"), np.ones(9, "f4"))}
    path = write_normalised(tmp_path / "x.pth", CONVOLUTIONS[:5], torch_writer.old_file, aside)
    found = vgg.vgg19(path, ("relu3_1",))(pictures())
    np.testing.assert_allclose(found["relu3_1"], features(own_colours(pictures()), "REFLECT")["relu3_1"], atol=1e-4)
    with pytest.raises(BadWeights, match=r"ends with relu3_1 and cannot give relu4_1"):
        vgg.vgg19(path, ("relu1_1", "relu4_1"))


def test_nothing_of_it_trains_and_all_is_float32(file):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        network = vgg.vgg19(file)
    finally:
        keras.config.set_dtype_policy("float32")
    assert network.trainable_weights == []
    expected = vgg.vgg19(file)(pictures())
    for tap, found in network(pictures()).items():
        np.testing.assert_array_equal(found, expected[tap])


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (random_convolutions([3, 4, 4, 5, 5, 6, 6, 6, 7]), "where conv3_4 should be"),  # VGG-16
        (random_convolutions([8, 7]), "where conv1_1 should be"),
        ([], "no convolutions"),
    ],
)
def test_other_networks_are_told(tmp_path, layers, said):
    torch_writer.zip_file(tmp_path / "x.pth", state_dict({f"{i}": each for i, each in enumerate(layers)}) | {"n": 1})
    if not layers:
        torch_writer.zip_file(tmp_path / "x.pth", torch_writer.state_dict({"fc.weight": np.zeros((3, 3), "f4")}))
    with pytest.raises(BadWeights, match=said):
        vgg.vgg19(str(tmp_path / "x.pth"), ("relu1_1",))


def test_batch_normalisation_and_a_missing_bias_are_told(tmp_path):
    weight, mean = np.zeros((4, 3, 3, 3), "f4"), np.zeros(4, "f4")
    for arrays, said in (
        ({"0.weight": weight, "0.bias": mean, "1.running_mean": mean}, "batch normalisation"),
        ({"0.weight": weight}, r"no 0\.bias"),
    ):
        torch_writer.zip_file(tmp_path / "x.pth", torch_writer.state_dict(arrays))
        with pytest.raises(BadWeights, match=said):
            vgg.vgg19(str(tmp_path / "x.pth"), ("relu1_1",))


@pytest.mark.parametrize("name", ["x.pth", "x.weights.h5", "x.npz"])
def test_files_that_are_no_weights_or_missing_are_told_in_one_line(tmp_path, name):
    for said in ("There is no file", "x"):
        with pytest.raises(BadWeights, match=said) as caught:
            vgg.vgg19(str(tmp_path / name))
        assert "\n" not in str(caught.value)
        (tmp_path / name).write_bytes(b"nothing of the kind")


@pytest.mark.parametrize(
    ("options", "said"),
    [({"taps": ("relu6_1",)}, "relu6_1"), ({"borders": "wrap"}, "reflect, zeros"), ({"weights": 3}, "vgg is 3")],
)
def test_what_vgg_has_not_is_told(options, said):
    with pytest.raises(ValueError, match=said):
        vgg.vgg19(**options)


@pytest.fixture
def nothing_downloaded():
    vgg._downloaded.cache_clear()
    yield
    vgg._downloaded.cache_clear()


def test_without_a_network_the_error_says_what_to_do(monkeypatch, nothing_downloaded):
    def fail(**options):
        raise Exception("URL fetch failure on https://storage.example: None")  # as keras.utils.get_file does

    monkeypatch.setattr(keras.applications, "VGG19", fail)
    with pytest.raises(BadWeights, match=r"--set vgg=/path/to/weights.*\.pth.*\.weights\.h5.*\.npz") as caught:
        vgg.vgg19()
    assert "\n" not in str(caught.value)


def test_without_a_file_the_weights_are_those_of_keras(monkeypatch, nothing_downloaded):
    asked = []
    monkeypatch.setattr(keras.applications, "VGG19", lambda **options: asked.append(options) or keras_network())
    for _ in range(2):
        found = vgg.vgg19(taps=("relu3_1",))(pictures())["relu3_1"]
        expected = features(caffe_colours(pictures()), "CONSTANT")["relu3_1"]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * expected.max())
    assert asked == [{"include_top": False, "weights": "imagenet"}]


def test_a_file_is_read_once_until_it_changes(tmp_path, monkeypatch):
    reads = []
    original = torch_files.read
    monkeypatch.setattr(torch_files, "read", lambda path: reads.append(path) or original(path))
    path = write_normalised(tmp_path / "x.pth")
    for taps in (("relu1_1",), ("relu2_1", "relu5_1")):
        vgg.vgg19(path, taps)
    assert len(reads) == 1
    os.utime(path, (1, 1))
    vgg.vgg19(path, ("relu1_1",))
    assert len(reads) == 2


def test_weights_that_come_later_need_no_file(file):
    with vgg.weights_come_later():
        empty = vgg.vgg19("/missing.pth", ("relu3_1",), widths=WIDTHS)
        assert vgg.vgg19(None, ("relu1_1",))(pictures())["relu1_1"].shape == (2, 37, 50, 64)
    full = vgg.vgg19(file, ("relu3_1",))
    empty.set_weights(full.get_weights())
    np.testing.assert_array_equal(empty(pictures())["relu3_1"], full(pictures())["relu3_1"])
    with pytest.raises(BadWeights, match="There is no file"):
        vgg.vgg19("/missing.pth")


def test_widths_must_be_the_files(file):
    assert vgg.vgg19(file, ("relu1_1",), widths=(4, 5, 6))(pictures())["relu1_1"].shape == (2, 37, 50, 4)
    with pytest.raises(BadWeights, match=r"has 4-5-6 channels.*not 64-128-256.*generator.widths=4-5-6"):
        vgg.vgg19(file, ("relu3_1",), widths=vgg.WIDTHS)


# What is measured in features


def numpy_statistics(features):
    return features.mean((1, 2)), np.sqrt(features.var((1, 2), ddof=1) + 1e-5)


def test_statistics_are_those_of_adain():
    x = pictures(shape=(2, 5, 4, 3)) * 30
    for found, expected in zip(statistics(x), numpy_statistics(x), strict=True):
        np.testing.assert_allclose(found[:, 0, 0], expected, rtol=1e-5)


def test_adain_gives_the_content_the_statistics_of_the_style():
    content, style = pictures(0) * 9, pictures(1, (2, 11, 12, 3)) * 3 + 1
    mean, deviation = numpy_statistics(content)
    style_mean, style_deviation = numpy_statistics(style)
    at = (slice(None), None, None)
    expected = (content - mean[at]) / deviation[at] * style_deviation[at] + style_mean[at]
    np.testing.assert_allclose(adain(content, style), expected, atol=1e-4)


@pytest.fixture(scope="module")
def seen():
    """The features of source, style and fake."""
    return [features(own_colours(pictures(seed)), "REFLECT") for seed in (1, 2, 3)]


def measured(loss):
    return float(loss.measure(*(pictures(seed) for seed in (1, 2, 3))))


@pytest.mark.parametrize("layer", ["conv4_4", "relu2_2"])
@pytest.mark.parametrize(("target", "which"), [("source", 0), ("style", 1)])
def test_perceptual(file, seen, layer, target, which):
    expected = np.abs(seen[which][layer] - seen[2][layer]).mean()
    assert measured(Perceptual(file, layer=layer, target=target)) == pytest.approx(expected, rel=1e-4)


def test_perceptual_over_shallower_blocks_weighs_as_spade(file, seen):
    weights = {"relu1_1": 1 / 32, "relu2_1": 1 / 16, "relu3_1": 1 / 8, "relu4_1": 1 / 4, "relu5_1": 1}
    expected = sum(w * np.abs(seen[1][layer] - seen[2][layer]).mean() for layer, w in weights.items())
    loss = Perceptual(file, layer="relu5_1", shallower=True, target="style")
    assert measured(loss) == pytest.approx(expected, rel=1e-4)


def products(features):
    rows = features.reshape(len(features), -1, features.shape[-1])
    return np.einsum("bnc,bnd->bcd", rows, rows) / np.prod(features.shape[1:])


@pytest.mark.parametrize("grey", [False, True])
def test_gram(file, seen, grey):
    style = pictures(2)
    if grey:
        style = np.repeat(style @ np.float32([[0.299], [0.587], [0.114]]), 3, -1)
    of_style = features(own_colours(style), "REFLECT")["conv4_4"]
    expected = np.abs(products(of_style) - products(seen[2]["conv4_4"])).mean()
    assert measured(Gram(file, grey=grey)) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("depth", [3, 4])
def test_adain_statistics(file, seen, depth):
    expected = 0
    for block in range(1, depth + 1):
        pair = (numpy_statistics(each[f"relu{block}_1"]) for each in seen[1:])
        expected += sum(np.mean((one - other) ** 2) for one, other in zip(*pair, strict=True))
    assert measured(AdaINStatistics(file, depth=depth)) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("depth", [3, 4])
def test_adain_content(file, seen, depth):
    source, style, fake = (each[f"relu{depth}_1"] for each in seen)
    expected = np.mean((fake - adain(source, style).numpy()) ** 2)
    assert measured(AdaINContent(file, depth=depth)) == pytest.approx(expected, rel=1e-3)


LOSSES = [Perceptual, Gram, AdaINStatistics, AdaINContent]


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_read_their_file_when_prepared_or_in_the_graph(file, loss):
    missing = loss("/missing.pth")  # to build a model, such as to stylise, needs no file
    with pytest.raises(BadWeights, match="There is no file"):
        missing.prepare()
    prepared, late = loss(file), loss(file)
    prepared.prepare()
    network = prepared.network
    prepared.prepare()
    assert prepared.network is network
    x = [tf.constant(pictures(seed)) for seed in (1, 2, 3)]
    np.testing.assert_allclose(tf.function(late.measure)(*x), prepared.measure(*x), rtol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_teach_the_fake(file, loss):
    fake = tf.Variable(pictures(3))
    with tf.GradientTape() as tape:
        cost = loss(file).measure(pictures(1), pictures(2), fake)
    gradient = tape.gradient(cost, fake).numpy()
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Perceptual(layer="relu9_1"), "relu9_1"),
        (lambda: Perceptual(target="fake"), "source"),
        (lambda: Gram(layer="conv4_5"), "conv4_5"),
        (lambda: AdaINStatistics(depth=6), "1 to 5"),
        (lambda: AdaINContent(depth=0), "1 to 5"),
        (lambda: build(ANY, depth=6), "1 to 5"),
        (lambda: build(ANY, widths="4-5"), "each of 4 blocks"),
        (lambda: build(ANY, widths="wide"), "each of 4 blocks"),
    ],
)
def test_options_that_are_not_possible_are_told(make, said):
    with pytest.raises(ValueError, match=said):
        make()


# The generator


@pytest.fixture
def network(file):
    return build(ANY, vgg=file, depth=3, widths="4-5-6")


def test_adain_has_as_many_weights_as_published():
    with vgg.weights_come_later():
        network = build(ANY)
    assert sum(np.prod(each.shape) for each in network.trainable_weights) == 3_505_219
    assert sum(np.prod(each.shape) for each in network.non_trainable_weights) == 3_505_740


def test_adain_draws_the_features_that_its_losses_ask_for(file, network):
    """The decoder, computed by TensorFlow's own functions, draws AdaIN of the encoder's features."""
    source, style = pictures(1, (2, 24, 32, 3)), pictures(2, (2, 24, 32, 3))
    of_source, of_style = (features(own_colours(each), "REFLECT")["relu3_1"] for each in (source, style))
    x = adain(of_source, of_style)
    kernels = network.trainable_weights
    assert [kernel.shape[-1] for kernel in kernels[::2]] == [5, 5, 4, 4, 3]
    for i, (kernel, bias) in enumerate(zip(kernels[::2], kernels[1::2], strict=True)):
        x = (
            tf.nn.conv2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT"), kernel.numpy(), 1, "VALID")
            + bias.numpy()
        )
        x = tf.nn.relu(x) if i < 4 else x
        x = np.repeat(np.repeat(x, 2, 1), 2, 2) if i in (0, 2) else x
    np.testing.assert_allclose(network([source, style]), x, atol=1e-4)


def test_only_the_decoder_learns(network):
    with tf.GradientTape() as tape:
        cost = tf.reduce_sum(tf.square(network([pictures(1, (1, 32, 32, 3)), pictures(2, (1, 32, 32, 3))])))
    gradients = tape.gradient(cost, network.trainable_weights)
    assert len(gradients) == 10
    assert all(gradient is not None for gradient in gradients)
    assert all(np.abs(gradient).max() > 0 for gradient in gradients[::2])


def test_a_saved_adain_needs_no_file(tmp_path, network):
    x = [pictures(1, (1, 24, 24, 3)), pictures(2, (1, 24, 24, 3))]
    network.save(tmp_path / "adain.keras")
    loaded = keras.models.load_model(tmp_path / "adain.keras")
    np.testing.assert_array_equal(loaded(x), network(x))
    assert len(loaded.trainable_weights) == len(network.trainable_weights)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_adain_in_half_precision(file, policy):
    keras.config.set_dtype_policy(policy)
    try:
        network = build(ANY, vgg=file, depth=3, widths="4-5-6")
    finally:
        keras.config.set_dtype_policy("float32")
    fake = network([pictures(1, (1, 24, 24, 3)), pictures(2, (1, 24, 24, 3))])
    assert fake.dtype == "float32"
    assert np.isfinite(fake).all()


def test_a_trained_model_needs_its_file_no_more(tmp_path, file):
    from stylezoo.gan import GAN
    from stylezoo.runs.loading import load

    recipe = Recipe(
        generator="adain:depth=3,widths=4-5-6",
        discriminators=(),
        losses=("adain-content:depth=3", "adain-statistics:depth=3,weight=10"),
        image_size=32,
        steps=1,
        vgg=write_normalised(tmp_path / "x.pth"),
    )
    gan = GAN(recipe)
    encoder = [each.numpy() for each in gan.generator.non_trainable_weights]
    decoder = [each.numpy() for each in gan.generator.trainable_weights]
    gan.train_on_batch(pictures(1, (1, 32, 32, 3)), pictures(2, (1, 32, 32, 3)))
    for before, after in zip(encoder, gan.generator.non_trainable_weights, strict=True):
        np.testing.assert_array_equal(before, after)
    assert all(
        (before != after.numpy()).any() for before, after in zip(decoder, gan.generator.trainable_weights, strict=True)
    )
    gan.save(tmp_path / "model.keras")
    (tmp_path / "x.pth").unlink()
    source, style = pictures(3, (20, 24, 3)), pictures(4, (20, 24, 3))
    loaded = load(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.stylize(source, style), gan.stylize(source, style), atol=1e-6)


def test_adain_doubles_bilinearly_if_asked(file):
    for smooth, interpolation in ((False, "nearest"), (True, "bilinear")):
        network = build(ANY, vgg=file, depth=3, widths="4-5-6", smooth=smooth)
        found = [each.interpolation for each in network.layers if isinstance(each, keras.layers.UpSampling2D)]
        assert found == [interpolation] * 2


def test_an_archive_that_would_grow_or_is_damaged_is_one_line(tmp_path):
    path = tmp_path / "x.npz"
    np.savez_compressed(
        path, **{"0.kernel": np.zeros((3, 3, 64, 4096), "float32"), "0.bias": np.zeros(4096, "float32")}
    )
    with pytest.raises(BadWeights, match="it would unpack to an excessive size"):
        vgg.vgg19(str(path), ("relu1_1",))
    np.savez_compressed(path, **{"0.kernel": np.random.default_rng(0).normal(size=(3, 3, 3, 64))})
    content = bytearray(path.read_bytes())
    content[200:300] = b"\xff" * 100
    path.write_bytes(content)
    with pytest.raises(BadWeights, match=r"cannot be read as an \.npz"):
        vgg.vgg19(str(path), ("relu1_1",))
