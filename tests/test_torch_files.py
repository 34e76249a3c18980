"""PyTorch's files are read without PyTorch, exactly; what is no tensor is refused, and nothing is run."""

import json
import re
import struct
import zipfile

import numpy as np
import pytest
import torch_writer
from torch_writer import Call, Name, Storage, Tensor

from stylezoo.errors import BadWeights
from stylezoo.files import torch_files

REBUILD = Name("torch._utils", "_rebuild_tensor_v2")
FLOATS = np.arange(24, dtype="f4").reshape(2, 3, 4)
both = pytest.mark.parametrize("write", [torch_writer.zip_file, torch_writer.old_file])


@pytest.fixture
def file(tmp_path):
    return tmp_path / "x.pth"


def refused(file):
    with pytest.raises(BadWeights) as caught:
        torch_files.read(file)
    assert "\n" not in str(caught.value)
    assert str(file) in str(caught.value)
    return str(caught.value)


@both
@pytest.mark.parametrize("kind", ["f4", "f8", "i8", "i4", "i2", "i1", "u1", "bool"])
def test_numbers_of_every_kind_come_back_as_they_are(file, write, kind):
    array = (np.random.default_rng(0).normal(size=(3, 2)) * 9).astype("i1").astype(kind)
    write(file, torch_writer.state_dict({"a.weight": array, "a.bias": array[0], "count": array[1, 1]}))
    found = torch_files.read(file)
    assert list(found) == ["a.weight", "a.bias", "count"]
    assert found["a.weight"].dtype == array.dtype
    np.testing.assert_array_equal(found["a.weight"], array)
    np.testing.assert_array_equal(found["a.bias"], array[0])
    assert found["count"].shape == ()
    assert found["count"] == array[1, 1]


@both
def test_floats_of_16_bits_become_float32(file, write):
    numbers = np.array([1.5, -0.3125, 1024], "f4")
    bits = (numbers.view("u4") >> 16).astype("u2")  # exact: these need no more than 8 bits
    write(file, {"half": Tensor(numbers.astype("f2")), "brain": Tensor(bits)})
    found = torch_files.read(file)
    for each in found.values():
        assert each.dtype == np.float32
        np.testing.assert_array_equal(each, numbers)


def test_a_file_of_a_big_endian_machine(file):
    torch_writer.zip_file(file, torch_writer.state_dict({"a": FLOATS}), order="big")
    found = torch_files.read(file)["a"]
    np.testing.assert_array_equal(found, FLOATS)
    assert found.dtype.isnative


@both
def test_tensors_that_share_a_storage_and_look_at_parts_of_it(file, write):
    tree = {
        "whole": Tensor(FLOATS),
        "turned": Tensor(FLOATS, (4, 3, 2), (1, 4, 12)),
        "part": Tensor(FLOATS, (2, 2), (12, 2), 5),
        "empty": Tensor(FLOATS, (0, 7)),
        "one": Tensor(FLOATS, (1, 2), (10**18, 1), 22),
    }
    write(file, tree)
    found = torch_files.read(file)
    np.testing.assert_array_equal(found["whole"], FLOATS)
    np.testing.assert_array_equal(found["turned"], FLOATS.transpose(2, 1, 0))
    np.testing.assert_array_equal(found["part"], [[5, 7], [17, 19]])
    np.testing.assert_array_equal(found["one"], [[22, 23]])
    assert found["empty"].shape == (0, 7)


def test_a_view_of_a_storage_as_pytorch_once_wrote_it(file):
    whole = np.arange(6, dtype="f4")
    pickle = torch_writer.Pickle(storages=[whole])
    reference = ("storage", Name("torch.cuda", "FloatStorage"), "0", "cuda:0", 6, ("view", 2, 3))
    tensor = Call(Name("torch._utils", "_rebuild_tensor"), (Storage(reference), 1, (2,), (1,)))
    pickled = pickle.dumps({"a": Call(Name("torch._utils", "_rebuild_parameter"), (tensor, True, {}))})
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/data.pkl", pickled)
        archive.writestr("x/data/0", whole.tobytes())
    np.testing.assert_array_equal(torch_files.read(file)["a"], [3, 4])


@both
def test_names_are_made_of_all_keys_numbers_in_order_words_as_in_the_file(file, write):
    names = ["module.10.bias", "module.9.weight", "module.z.1", "module.a.2", "module.z.0"]
    tree = {"epoch": 3, "nets": [torch_writer.state_dict(dict.fromkeys(names, FLOATS)), None], "rng": Tensor(FLOATS)}
    write(file, tree)
    ordered = ["9.weight", "10.bias", "z.0", "z.1", "a.2"]
    assert list(torch_files.read(file)) == [*(f"nets.0.module.{name}" for name in ordered), "rng"]


@both
def test_dicts_within_dicts_are_limited(file, write):
    tree = {"a": Tensor(FLOATS)}
    for _ in range(20):
        tree = {"b": tree}
    write(file, tree)
    assert "nested too deeply" in refused(file)


def test_a_dict_that_holds_itself_many_times_is_refused(file):
    # A list that is put into a list a thousand times, and so on: five levels are 10**15 values.
    levels = b"]q\x00(" + b"K\x01" * 1000 + b"e"
    for level in range(1, 5):
        levels += b"]" + b"q" + bytes([level]) + b"(" + (b"h" + bytes([level - 1])) * 1000 + b"e"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/data.pkl", b"\x80\x02" + levels + b".")
    assert "more than" in refused(file)


@both
def test_what_checkpoints_hold_beside_weights_is_left_out(file, write):
    """A NumPy number, the shape of a tensor, a device, a scheduler's counter; none of these is made."""
    codec = Call(Name("_codecs", "encode"), ("\x00\x00\x80\x3f", "latin1"))
    dtype = Call(Name("numpy", "dtype"), ("f4", False, True))
    aside = {
        "best": Call(Name("numpy.core.multiarray", "scalar"), (dtype, codec)),
        "size": Call(Name("torch", "Size"), ((2, 3),)),
        "device": Call(Name("torch", "device"), ("cuda", 0)),
        "milestones": Call(Name("collections", "Counter"), ({100: 1},)),
        "state": Call(Name("collections", "defaultdict"), (Name("builtins", "dict"),)),
        "kind": Name("torch", "float16"),
    }
    write(file, {**aside, "net": {"a": Tensor(FLOATS)}})
    assert list(torch_files.read(file)) == ["net.a"]


HOSTILE = {
    "os.system": Call(Name("os", "system"), ("touch {mark}",)),
    "posix.system": Call(Name("posix", "system"), ("touch {mark}",)),
    "builtins.eval": Call(Name("builtins", "eval"), ("open('{mark}', 'w')",)),
    "builtins.getattr": Call(Name("builtins", "getattr"), (Name("torch", "FloatStorage"), "__class__")),
    "torch.load": Call(Name("torch", "load"), ("{mark}",)),
    "torch.nn.modules.container.Sequential": Call(Name("torch.nn.modules.container", "Sequential")),
    "argparse.Namespace": Name("argparse", "Namespace"),
}


@both
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_tensor_is_refused_by_name_and_not_run(file, write, name, tmp_path):
    mark = tmp_path / "mark"
    call = HOSTILE[name]
    if isinstance(call, Call):
        call = Call(call.function, tuple(a.format(mark=mark) if isinstance(a, str) else a for a in call.arguments))
    write(file, {"a": Tensor(FLOATS), "b": call})
    assert f"holds {name}, which is no tensor: refused; nothing was run" in refused(file)
    assert not mark.exists()


@both
def test_a_kind_of_storage_cannot_be_called(file, write):
    write(file, {"a": Call(Name("torch", "FloatStorage"), (3,))})
    assert "torch.FloatStorage" in refused(file)


@pytest.mark.parametrize("command", [b"i", b"o", b"\x81", b"\x92", b"\x82\x01", b"\x96" + b"\xff" * 8])
def test_commands_that_no_weights_need_are_refused(file, command):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/data.pkl", b"\x80\x02(]" + command + (b"os\nsystem\n" if command == b"i" else b"") + b".")
    refused(file)


OUTSIDE = {
    "offset": Tensor(FLOATS, (24,), (1,), 1),
    "stride": Tensor(FLOATS, (2, 2), (24, 1)),
    "size": Tensor(FLOATS, (25,), (1,)),
    "repeated": Tensor(FLOATS, (10**12,), (0,)),
    "negative offset": Tensor(FLOATS, (2,), (1,), -1),
    "negative stride": Tensor(FLOATS, (2,), (-1,), 3),
    "negative size": Tensor(FLOATS, (-2, -2), (1, 1)),
    "rank": Tensor(FLOATS, (1,) * 40, (1,) * 40),
    "uneven": Tensor(FLOATS, (2, 2), (1,)),
    "a text": Tensor(FLOATS, ("2",), (1,)),
}


@both
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_tensor_that_reaches_out_of_its_storage_is_refused(file, write, name):
    write(file, {"wrong": OUTSIDE[name]})
    assert "its wrong" in refused(file)


@both
@pytest.mark.parametrize("count", [25, 2**40, 2**62, -1])
def test_a_storage_that_claims_more_than_there_is_is_refused(file, write, count):
    write(file, {"a": Tensor(FLOATS, (count,), (1,), count=count)})
    refused(file)


def test_an_old_file_that_declares_a_huge_storage_reads_none_of_it(file):
    torch_writer.old_file(file, {"a": Tensor(FLOATS)})
    content = bytearray(file.read_bytes())
    content[-(8 + FLOATS.nbytes) : -FLOATS.nbytes] = struct.pack("<q", 2**60)
    file.write_bytes(content)
    assert "cut off" in refused(file)


def test_a_compressed_archive_is_refused(file):
    torch_writer.zip_file(file, {"a": Tensor(FLOATS)})
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, each in content.items():
            archive.writestr(name, each)
    assert "compressed" in refused(file)


def test_an_archive_that_claims_more_than_its_size_is_refused(file):
    torch_writer.zip_file(file, torch_writer.state_dict({"a": FLOATS}))
    content = file.read_bytes()
    at = content.rindex(b"archive/data/0") - 46  # where the directory describes this entry
    file.write_bytes(content[: at + 20] + struct.pack("<II", 9000, 9000) + content[at + 28 :])
    assert "claims to hold more" in refused(file)


def test_a_description_that_would_fill_the_memory_is_refused(file):
    long = b"X" + struct.pack("<I", 2**24) + b"a" * 2**24
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/data.pkl", b"\x80\x02" + long + b"0}.")
    assert "too long" in refused(file)


@both
def test_a_file_that_is_cut_off_anywhere_is_refused(file, write):
    write(file, torch_writer.state_dict({"a.weight": FLOATS, "b": FLOATS[0]}))
    content = file.read_bytes()
    for length in range(0, len(content), 7):
        file.write_bytes(content[:length])
        refused(file)


@both
def test_a_file_with_damaged_bytes_is_read_or_refused(file, write):
    write(file, torch_writer.state_dict({"a.weight": FLOATS, "b": FLOATS[0]}))
    content = file.read_bytes()
    random = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 3):
            damaged[place] = random.integers(0, 256)
        file.write_bytes(damaged)
        try:
            torch_files.read(file)
        except BadWeights as error:
            assert "\n" not in str(error)  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html></html>", "is a web page, no file of PyTorch weights. Download the file itself"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS, not the file itself, .* git lfs pull"),
        (b"PK\x03\x04", "The download was not complete"),
        (b"\x80\x02J\x07\x00\x00\x00.", "a pickle of Python that torch.save did not write"),
        (b"sys_info" + b"\0" * 249 + b"ustar" + b"\0" * 800, "before 2017"),
        (b"\1\2\3\xff", "does not begin like one"),
    ],
)
def test_files_of_other_kinds_are_told(file, content, said):
    file.write_bytes(content)
    assert re.search(said, refused(file))


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    refused(tmp_path / "missing.pth")
    refused(tmp_path)


@both
@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"a": 3}, "no tensors"),
        ([1, 2], "no tensors"),
        (Tensor(FLOATS), "one tensor"),
    ],
)
def test_a_file_without_a_state_dict_is_told(file, write, tree, said):
    write(file, tree)
    assert said in refused(file)


def test_a_name_from_a_file_reaches_no_terminal_with_control_characters(file):
    torch_writer.zip_file(file, {"a\x1b[31m\nb": Tensor(FLOATS)})
    assert list(torch_files.read(file)) == ["a b"]
    torch_writer.zip_file(file, {"a": Name("evil\x1b[2J", "thing")})
    assert "\x1b" not in refused(file)


# safetensors


def test_safetensors_are_read_in_the_order_of_numbers(file):
    bits = np.array([0x3F80, 0xBF00], "u2")
    arrays = {"10.bias": FLOATS[0, 0].astype("f8"), "2.weight": FLOATS, "2.bias": FLOATS[0, 0].astype("f2")}
    tree = {name: Tensor(each) for name, each in arrays.items()} | {
        "3.flag": Tensor(np.array([True])),
        "4.b": Tensor(bits),
    }
    torch_writer.safetensors_file(file, tree)
    found = torch_files.read(file)
    assert list(found) == ["2.weight", "2.bias", "3.flag", "4.b", "10.bias"]
    for name, each in arrays.items():
        np.testing.assert_array_equal(found[name], each)
    np.testing.assert_array_equal(found["4.b"], np.float32([1, -0.5]))
    assert found["3.flag"].dtype == bool


def described(**tensor):
    return {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **tensor}}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (described(data_offsets=[0, 4000]), "cut off, 3992 bytes or more"),
        (described(shape=[3]), "damaged"),
        (described(shape=[2**62, 4]), "damaged"),
        (described(shape=[1] * 40), "damaged"),
        (described(shape=[-2]), "damaged"),
        (described(data_offsets=[8, 0]), "damaged"),
        (described(data_offsets=[0.0, 8]), "damaged"),
        (described(data_offsets=None), "damaged"),
        (described(dtype="F8_E4M3"), "type 'F8_E4M3'; convert them to F32"),
        (described(dtype=["F32"]), "damaged"),
        ({"a": 3}, "damaged"),
        ({"__metadata__": {}}, "no tensors"),
        ("{" * 9000, "damaged"),
        ('{"a": ' + "9" * 5000 + "}", "damaged"),
    ],
)
def test_a_wrong_description_of_safetensors_is_told(file, header, said):
    text = header if isinstance(header, str) else json.dumps(header)
    file.write_bytes(struct.pack("<Q", len(text)) + text.encode() + b"\0" * 8)
    assert said in refused(file)


def test_safetensors_that_are_cut_off_anywhere_are_refused(file):
    torch_writer.safetensors_file(file, torch_writer.state_dict({"a.weight": FLOATS, "b": FLOATS[0]}))
    content = file.read_bytes()
    for length in range(0, len(content), 7):
        file.write_bytes(content[:length])
        refused(file)


# Kernels that are computed from others


def spectral(kernel, axis):
    """The largest singular value of a kernel, and its vectors."""
    left, values, right = np.linalg.svd(np.moveaxis(kernel, axis, 0).reshape(kernel.shape[axis], -1))
    return values[0], left[:, 0], right[0]


@pytest.mark.parametrize("shape", [(4, 3, 3, 3), (5, 5, 3, 3), (6, 2)])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("new", [False, True])
def test_spectral_normalisation_divides_by_the_largest_singular_value(file, shape, axis, new):
    kernel = np.random.default_rng(0).normal(size=shape).astype("f4")
    value, left, right = spectral(kernel, axis)
    parts = ("parametrizations.weight.original", "parametrizations.weight.0._u", "parametrizations.weight.0._v")
    names = parts if new else ("weight_orig", "weight_u", "weight_v")
    arrays = dict(zip(names, (kernel, left.astype("f4"), right.astype("f4")), strict=True))
    torch_writer.zip_file(file, torch_writer.state_dict({"bias": left} | arrays | {"next": left}))
    found = torch_files.read(file)
    assert list(found) == ["bias", "weight", "next"]
    np.testing.assert_allclose(found["weight"], kernel / value, rtol=1e-4)


@pytest.mark.parametrize("lengths", [(4, 1, 1, 1), (1, 3, 1, 1), ()])
@pytest.mark.parametrize("names", [("g", "v"), ("original0", "original1")])
def test_weight_normalisation_scales_directions_to_their_lengths(file, lengths, names):
    random = np.random.default_rng(0)
    direction, length = random.normal(size=(4, 3, 2, 2)).astype("f4"), random.uniform(1, 2, lengths).astype("f4")
    prefix = "a.weight_" if names[0] == "g" else "a.parametrizations.weight."
    arrays = {f"{prefix}{names[0]}": length, f"{prefix}{names[1]}": direction}
    torch_writer.zip_file(file, torch_writer.state_dict(arrays))
    (found,) = torch_files.read(file).values()
    axes = tuple(i for i in range(4) if not lengths or lengths[i] == 1)
    np.testing.assert_allclose(np.sqrt((found**2).sum(axis=axes, keepdims=bool(lengths))), length, rtol=1e-5)
    assert (found * direction >= 0).all()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"weight_orig": FLOATS, "weight_u": FLOATS[0, 0]}, "singular vectors of weight_orig are missing"),
        ({"weight_orig": FLOATS, "weight_u": FLOATS, "weight_v": FLOATS}, "do not fit"),
        ({"weight_g": FLOATS[0], "weight_v": FLOATS}, "does not fit its direction"),
        ({"parametrizations.weight.0.base": FLOATS}, "neither spectral_norm nor weight_norm"),
    ],
)
def test_parts_of_kernels_that_do_not_fit_are_told(file, arrays, said):
    torch_writer.zip_file(file, torch_writer.state_dict(arrays))
    assert said in refused(file)
