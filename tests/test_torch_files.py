"""PyTorch's files are read without PyTorch, exactly; what is no tensor is refused, and nothing is run."""

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
@pytest.mark.parametrize("wrap", [lambda d: {"epoch": 3, "state_dict": d}, lambda d: {"a": {"model": d}}, lambda d: d])
def test_what_is_around_the_state_dict_is_taken_off(file, write, wrap):
    inner = torch_writer.state_dict({"module.a.weight": FLOATS, "module.a.bias": FLOATS[0, 0]})
    write(file, wrap(inner))
    assert list(torch_files.read(file)) == ["a.weight", "a.bias"]


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
        (b"", "damaged"),
        (b"<!DOCTYPE html><html></html>", "no file of PyTorch weights"),
        (b"version https://git-lfs.github.com/spec/v1\n", "no file of PyTorch weights"),
        (b"PK\x03\x04", "damaged"),
        (b"\x80\x02J\x07\x00\x00\x00.", "does not begin like one"),
        (b"sys_info" + b"\0" * 249 + b"ustar" + b"\0" * 800, "before 2017"),
    ],
)
def test_files_of_other_kinds_are_told(file, content, said):
    file.write_bytes(content)
    assert said in refused(file)


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    refused(tmp_path / "missing.pth")
    refused(tmp_path)


@both
@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"a": 3}, "no tensors"),
        ([1, 2], "no dict"),
        (Tensor(FLOATS), "one tensor"),
        ({"G": {"a": Tensor(FLOATS)}, "D": {"a": Tensor(FLOATS)}}, "several networks, G, D"),
    ],
)
def test_a_file_without_a_state_dict_is_told(file, write, tree, said):
    write(file, tree)
    assert said in refused(file)


def test_a_torchscript_program_and_another_archive_are_told(file):
    for names, said in ((["x/data.pkl", "x/constants.pkl"], "TorchScript"), (["word/document.xml"], "no data.pkl")):
        with zipfile.ZipFile(file, "w") as archive:
            for name in names:
                archive.writestr(name, b"")
        assert said in refused(file)
