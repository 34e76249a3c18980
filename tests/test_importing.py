"""Generators of the official PyTorch code become run folders that give the reference's pictures."""

import json
from collections import Counter

import keras
import numpy as np
import pytest
import reference_weights
import torch_writer
from stylezoo_builtins.generators import resnet

import stylezoo
from stylezoo import Recipe
from stylezoo.errors import BadOptions, BadRun, BadWeights
from stylezoo.runs import torch_import
from stylezoo.runs.folder import RunFolder
from stylezoo.runs.torch_import import AS_IN_EVALUATION, DRAWS_GREY, READS_GREY, import_weights

SMALL = {"image_size": 64, "discriminators": "patch:filters=4"}
INPUT = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 3)).astype("f4")
BLUR_3 = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], "f4") / 16
BLUR_4 = np.array([[1, 3, 3, 1], [3, 9, 9, 3], [3, 9, 9, 3], [1, 3, 3, 1]], "f4") / 16


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "latest_net_G.pth"


def reference(name):
    """The weights by PyTorch's names, an input and the output."""
    arrays = reference_weights.read(name)
    weights = {key.removeprefix("weights/"): each for key, each in arrays.items() if key.startswith("weights/")}
    return weights, arrays["input"], arrays["output"]


def imported(file, weights, tmp_path, write=torch_writer.zip_file, recipe=None, **changes):
    """The run folder; what is said is left in `imported.said`."""
    write(file, torch_writer.state_dict(weights))
    imported.said = []
    out = tmp_path / "run"
    return import_weights(file, recipe or Recipe(**SMALL), out, say=imported.said.append, **changes)


@pytest.mark.parametrize("write", [torch_writer.zip_file, torch_writer.old_file, torch_writer.safetensors_file])
@pytest.mark.parametrize(
    ("name", "generator"),
    [
        ("resnet_generator", "stylezoo/resnet:filters=8,blocks=2,antialias=False"),
        ("unet_generator", "stylezoo/unet:filters=8,downs=6,norm=batch"),
    ],
)
def test_an_imported_generator_draws_what_the_reference_draws(tmp_path, file, write, name, generator):
    weights, source, output = reference(name)
    folder = imported(file, weights, tmp_path, write)
    assert {each.name for each in folder.iterdir()} == {
        RunFolder.RECIPE,
        RunFolder.PLUGINS,
        RunFolder.MODEL,
        RunFolder.CARD,
    }
    assert json.loads((folder / RunFolder.RECIPE).read_text())["generator"] == generator
    assert {each["kind"] for each in json.loads((folder / RunFolder.PLUGINS).read_text())} == {
        "generator",
        "discriminator",
        "loss",
    }
    model = stylezoo.load_model(folder)
    np.testing.assert_allclose(model.stylize(source), output, atol=1e-4)
    assert output.std() > 1e-3  # else anything small would do
    assert imported.said == ([AS_IN_EVALUATION] if name == "unet_generator" else [])


def test_the_average_that_stylising_uses_is_the_imported_one_too(tmp_path, file):
    weights, source, output = reference("resnet_generator")
    folder = imported(file, weights, tmp_path, average=0.99)
    np.testing.assert_allclose(stylezoo.load_model(folder).stylize(source), output, atol=1e-4)


def test_data_parallel_names_and_the_statistics_of_old_instance_norms_do_not_matter(tmp_path, file):
    weights, source, output = reference("resnet_generator")
    old = {}
    for name, each in weights.items():
        old[f"module.{name}"] = each
        if name.endswith(".bias") and each.shape != (3,):
            after = f"module.{name.removesuffix('.bias')}_norm"
            old |= {f"{after}.running_mean": each + 1, f"{after}.running_var": each**2 + 1}
            old[f"{after}.num_batches_tracked"] = np.array(7)
    folder = imported(file, old, tmp_path)
    np.testing.assert_allclose(stylezoo.load_model(folder).stylize(source), output, atol=1e-4)


def with_blurs(weights, halving=BLUR_3, doubling=BLUR_4):
    """The ResNet's weights as CUT has them: no stride, blurs, and plain convolutions after doubling."""
    cut = {}
    for name, each in weights.items():
        if each.ndim == 4 and name in ("model.12.weight", "model.15.weight"):
            cut[f"{name.removesuffix('.weight')}_up.filt"] = np.tile(doubling, (each.shape[0], 1, 1, 1))
            each = each.transpose(1, 0, 2, 3)
        cut[name] = each
        if name in ("model.4.bias", "model.7.bias"):
            cut[f"{name.removesuffix('.bias')}_down.filt"] = np.tile(halving, (each.shape[0], 1, 1, 1))
    return cut


def test_an_antialiased_generator_of_cut_is_told_by_its_blurs(tmp_path, file):
    weights = with_blurs(reference("resnet_generator")[0])
    model = stylezoo.load_model(imported(file, weights, tmp_path))
    assert str(model.recipe.generator) == "stylezoo/resnet:filters=8,blocks=2,antialias=True"
    kernels = [layer.kernel for layer in model.generator.layers if isinstance(layer, keras.layers.Conv2D)]
    given = [each for each in weights.values() if each.ndim == 4 and each.shape[1] > 1]
    assert len(kernels) == len(given)
    for kernel, each in zip(kernels, given, strict=True):
        np.testing.assert_array_equal(kernel, each.transpose(2, 3, 1, 0))


@pytest.mark.parametrize(
    "blurs", [{"halving": np.ones((3, 3), "f4") / 9}, {"doubling": BLUR_4 / 4}, {"doubling": np.ones((2, 2), "f4")}]
)
def test_other_blurs_are_refused(tmp_path, file, blurs):
    with pytest.raises(BadWeights, match="blurs with another filter"):
        imported(file, with_blurs(reference("resnet_generator")[0], **blurs), tmp_path)


def test_blurs_at_some_places_only_are_refused(tmp_path, file):
    weights = with_blurs(reference("resnet_generator")[0])
    weights.pop("model.12_up.filt")
    with pytest.raises(BadWeights, match="halves and doubles"):
        imported(file, weights, tmp_path)


def changed(weights, name, array):
    return {key: array if key == name else each for key, each in weights.items() if key != name or array is not None}


RESNET, SOURCE, OUTPUT = reference("resnet_generator")
PATCH = {
    key.removeprefix("weights/"): each
    for key, each in reference_weights.read("patch_discriminator").items()
    if key.startswith("weights/")
}


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (changed(RESNET, "model.12.weight", np.zeros((32, 8, 3, 3), "f4")), r"its model\.12 has kernel 3x3x8x32"),
        (changed(RESNET, "model.7.bias", np.zeros(8, "f4")), r"its model\.7 has kernel 3x3x16x32, bias 8, .*, bias 32"),
        (changed(RESNET, "model.15.weight", None), "its model.15"),
        ({**RESNET, "model.2.weight": np.ones(8, "f4"), "model.2.bias": np.ones(8, "f4")}, "affine instance norm"),
        ({**RESNET, "model.2.bias": np.ones(8, "f4")}, "layers with weights"),
        (changed(RESNET, "model.1.weight", np.zeros((8, 4, 7, 7), "f4")), "takes 4 channels and draws 3"),
        (changed(RESNET, "model.19.weight", np.zeros((2, 8, 7, 7), "f4")), "takes 3 channels and draws 2"),
        ({name.replace("block.1.", "block.0."): each for name, each in RESNET.items()}, "blocks pad with zeros"),
        (changed(RESNET, "model.4.bias", np.full(16, np.nan, "f4")), r"no numbers, in model\.4: its training"),
        (
            changed(RESNET, "model.1.weight", np.zeros((8, 3, 5, 5), "f4")),
            r"the first model\.1\.weight 8x3x5x5, which no generator takes",
        ),
        (PATCH, "no generator takes. Possible are: .*CycleGAN or CUT"),
        ({"fc.weight": np.zeros((3, 3), "f4")}, "the first fc.weight 3x3, which no generator takes"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line_and_leaves_nothing(tmp_path, file, weights, said):
    with pytest.raises(BadWeights, match=said) as caught:
        imported(file, weights, tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


# Options of the official code


def drawn(weights, source=INPUT):
    """What the generator of these weights draws, without a run folder around it; and what is said."""
    (found,) = torch_import._networks("x.pth", weights, Recipe(**SMALL), None)
    network = Recipe(**SMALL).changed(generator=found.spec).resolve().build_generator()
    torch_import._copy("x.pth", found.weights, network, found.spec)
    return network(source), found.spec.options, list(torch_import._notes(found.weights, network))


def with_norms(weights):
    """The ResNet's weights as --norm batch saves them, and the same folded into kernels and biases."""
    random = np.random.default_rng(3)
    given, folded = {}, {}
    for name, each in weights.items():
        layer, _, part = name.rpartition(".")
        if layer == LAST or part == "bias":
            given |= {name: each} if layer == LAST else {}
            folded |= {name: each} if layer == LAST else {}
            continue
        axis = 1 if layer in TRANSPOSED else 0
        gamma, beta, mean, variance = random.uniform(0.5, 1.5, (4, each.shape[axis])).astype("f4")
        number = int(layer.rpartition(".")[2])
        norm = f"{layer.rpartition('.')[0]}.{number + 1}"
        parts = {"weight": gamma, "bias": beta, "running_mean": mean, "running_var": variance}
        given |= {name: each} | {f"{norm}.{part}": array for part, array in parts.items()}
        given[f"{norm}.num_batches_tracked"] = np.array(9)
        scale = gamma / np.sqrt(variance + 1e-5)
        shape = [-1 if i == axis else 1 for i in range(4)]
        folded |= {name: each * scale.reshape(shape), f"{layer}.bias": beta - mean * scale}
    return given, folded


TRANSPOSED, LAST = ("model.12", "model.15"), "model.19"


def test_batch_norms_draw_as_their_statistics_folded_into_the_convolutions(tmp_path, file):
    given, folded = with_norms(RESNET)
    assert len(given) == 9 * 6 + 2
    picture = stylezoo.load_model(imported(file, given, tmp_path)).stylize(INPUT)
    plain = resnet.build((None, None, 3), filters=8, blocks=2, norm="none")
    reference_weights.copy(folded, plain)
    np.testing.assert_allclose(picture, plain(INPUT), atol=1e-4)
    assert picture.std() > 1e-2
    assert imported.said == [AS_IN_EVALUATION]


def test_no_norm_and_no_biases_draw_as_zero_biases_do():
    given = {name: each for name, each in RESNET.items() if name.endswith("weight") or LAST in name}
    picture, options, said = drawn(given)
    assert options == {"filters": 8, "blocks": 2, "antialias": False, "norm": "none"}
    plain = resnet.build((None, None, 3), filters=8, blocks=2, norm="none")
    reference_weights.copy({name: each if name in given else 0 * each for name, each in RESNET.items()}, plain)
    np.testing.assert_allclose(picture, plain(INPUT), atol=1e-5)
    assert said == []


def test_dropout_in_the_blocks_shifts_their_numbers_and_is_off():
    picture, options, said = drawn(
        {name.replace("block.5.", "block.6."): each for name, each in RESNET.items()}, SOURCE
    )
    assert options["dropout"] == 0.5
    np.testing.assert_allclose(picture, OUTPUT, atol=1e-4)
    assert said == [AS_IN_EVALUATION]


@pytest.mark.parametrize(("name", "last"), [("resnet_generator", "model.19"), ("unet_generator", "model.model.3")])
def test_a_network_of_one_channel_sees_luminance_and_draws_grey(name, last):
    weights = reference(name)[0]
    first, kernel = next(iter(weights)), weights[f"{last}.weight"]
    grey = (
        weights
        | {
            first: weights[first].sum(axis=1, keepdims=True),  # of a grey picture the same as of its three channels
            f"{last}.weight": kernel[:1] if name == "resnet_generator" else kernel[:, :1],
            f"{last}.bias": weights[f"{last}.bias"][:1],
        }
    )
    picture, _, said = drawn(grey)
    assert said[:2] == [READS_GREY, DRAWS_GREY]
    light = np.repeat(INPUT @ np.float32([[0.299], [0.587], [0.114]]), 3, -1)
    np.testing.assert_allclose(picture, np.repeat(drawn(weights, light)[0][..., :1], 3, -1), atol=1e-4)


# Several networks in a file


def test_averaged_weights_are_taken_and_it_is_said(tmp_path, file):
    raw = {name: each + 1 for name, each in RESNET.items()}
    tree = {"params": torch_writer.state_dict(raw), "params_ema": torch_writer.state_dict(RESNET)}
    torch_writer.zip_file(file, tree)
    said = r"averaged ones, params_ema; params without averaging: network='params' \(--network params\)"
    with pytest.warns(UserWarning, match=said):
        folder = stylezoo.import_weights(file, Recipe(**SMALL), tmp_path / "run")
    np.testing.assert_allclose(stylezoo.load_model(folder).stylize(SOURCE), OUTPUT, atol=1e-4)


def test_a_network_is_told_by_its_shapes_wherever_it_lies(tmp_path, file):
    lightning = {f"netG.module.{name}": each for name, each in RESNET.items()}
    lightning |= {f"netD.{name}": each for name, each in PATCH.items()}
    moments = {i: {"step": 1, "exp_avg": torch_writer.Tensor(each)} for i, each in enumerate(RESNET.values())}
    tree = {
        "rng_state": torch_writer.Tensor(np.zeros(16, "u1")),
        "optimizer_states": [{"state": moments, "param_groups": [{"lr": 2e-4}]}],
        "state_dict": torch_writer.state_dict(lightning),
    }
    torch_writer.zip_file(file, tree)
    folder = import_weights(file, Recipe(**SMALL), tmp_path / "run")
    np.testing.assert_allclose(stylezoo.load_model(folder).stylize(SOURCE), OUTPUT, atol=1e-4)


def test_several_networks_are_for_the_user_to_decide(tmp_path, file):
    other = torch_writer.state_dict({name: each + 1 for name, each in RESNET.items()})
    torch_writer.zip_file(
        file, {"netG_A": other, "netG_B": torch_writer.state_dict(RESNET), "netD_A": other["model.1.bias"]}
    )
    said = r"several networks, netG_A, netG_B\. Say which: network='netG_A' \(--network netG_A\)"
    with pytest.raises(BadWeights, match=said):
        import_weights(file, Recipe(**SMALL), tmp_path / "run")
    with pytest.raises(BadWeights, match=r"no network 'netD_A' that a generator takes\. It has: netG_A, netG_B"):
        import_weights(file, Recipe(**SMALL), tmp_path / "run", network="netD_A")
    assert not (tmp_path / "run").exists()
    folder = import_weights(file, Recipe(**SMALL), tmp_path / "run", network="netG_B")
    np.testing.assert_allclose(stylezoo.load_model(folder).stylize(SOURCE), OUTPUT, atol=1e-4)


def test_what_the_weights_tell_cannot_be_set(tmp_path, file):
    with pytest.raises(BadOptions, match=r"'generator\.blocks' cannot be set"):
        import_weights(file, Recipe(**SMALL), tmp_path / "run", **{"generator.blocks": 3})


def test_a_folder_that_holds_something_is_left_alone(tmp_path, file):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("mine")
    with pytest.raises(BadRun, match="is not empty"):
        imported(file, RESNET, tmp_path)
    assert Counter(each.name for each in (tmp_path / "run").iterdir()) == {"mine.txt": 1}


def test_a_hostile_file_is_refused_before_anything_is_written(tmp_path, file):
    mark = tmp_path / "mark"
    call = torch_writer.Call(torch_writer.Name("os", "system"), (f"touch {mark}",))
    torch_writer.zip_file(file, {**torch_writer.state_dict(RESNET), "more": call})
    with pytest.raises(BadWeights, match=r"os\.system"):
        import_weights(file, Recipe(**SMALL), tmp_path / "run")
    assert not mark.exists()
    assert not (tmp_path / "run").exists()


# Generators of strangers


def washing(filters=5, colours=3):
    """Weights of a network that a stranger's generator is made for."""
    rng = np.random.default_rng(1)
    shapes = {
        "wash.encoder.weight": (filters, colours, 1, 1),
        "wash.encoder.bias": (filters,),
        "wash.decoder.weight": (3, filters),
        "wash.decoder.bias": (3,),
    }
    return {name: rng.normal(size=shape).astype("f4") for name, shape in shapes.items()}


def test_a_strangers_generator_takes_its_own_weights(tmp_path, file, third_party):
    third_party("imports")
    weights = washing()
    folder = imported(file, weights, tmp_path)
    assert str(Recipe.read(folder / "recipe.json").generator) == "acme-imports/wash:filters=5"
    hidden = INPUT @ weights["wash.encoder.weight"][:, :, 0, 0].T + weights["wash.encoder.bias"]
    expected = np.tanh(np.maximum(hidden, 0) @ weights["wash.decoder.weight"].T + weights["wash.decoder.bias"])
    np.testing.assert_allclose(stylezoo.load_model(folder).stylize(INPUT), expected, atol=1e-5)


def test_why_a_generator_cannot_take_its_weights_is_its_own_sentence(tmp_path, file, third_party):
    third_party("imports")
    said = "The generator 'acme-imports/wash' refuses '.*': it was trained on pictures without colours.$"
    with pytest.raises(BadWeights, match=said):
        imported(file, washing(colours=1), tmp_path)


def test_weights_that_two_generators_take_are_for_the_user_to_decide(tmp_path, file, third_party):
    third_party("imports")
    with pytest.raises(BadWeights, match=r"taken by several generators, acme-imports/echo, stylezoo/resnet\. Say"):
        imported(file, RESNET, tmp_path)
    assert not (tmp_path / "run").exists()
    folder = imported(file, RESNET, tmp_path, generator="resnet")
    assert Recipe.read(folder / "recipe.json").generator.name == "stylezoo/resnet"
    with pytest.raises(BadOptions, match="'blocks' cannot be set"):
        imported(file, RESNET, tmp_path, generator="resnet:blocks=3")


def test_weights_that_nobody_takes_tell_what_is_taken_and_who_is_broken(tmp_path, file, third_party):
    third_party("imports")
    with pytest.raises(BadWeights) as caught:
        imported(file, {"fc.weight": np.zeros((3, 4), "f4")}, tmp_path)
    assert str(caught.value) == (
        f"'{file}' holds 1 array, the first fc.weight 3x4, which no generator takes. Possible are: "
        "'acme-imports/echo': weights of its own; "
        "'stylezoo/resnet': The ResNet generator of the official CycleGAN or CUT in PyTorch, such as latest_net_G.pth; "
        "'stylezoo/unet': The U-Net generator of the official pix2pix or CycleGAN in PyTorch, such as "
        "latest_net_G.pth; 'acme-imports/wash': The painter of Acme, such as wash.pth. "
        "acme-imports/torn could not be tried: see 'stylezoo doctor'."
    )
