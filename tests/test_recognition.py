"""Files are told by their content, whatever they are called, with what to do."""

import io
import os
import tarfile
import zipfile

import numpy as np
import pytest
import torch_writer

import stylezoo
from stylezoo.errors import BadRun, BadWeights
from stylezoo.files import recognition, torch_files

ARRAYS = torch_writer.state_dict({"a.weight": np.zeros((2, 2), "f4")})


def archive(*names):
    with io.BytesIO() as content:
        with zipfile.ZipFile(content, "w") as opened:
            for name in names:
                opened.writestr(name, b"")
        return content.getvalue()


def tar(name):
    with io.BytesIO() as content:
        with tarfile.open(fileobj=content, mode="w") as opened:
            opened.addfile(tarfile.TarInfo(name))
        return content.getvalue()


CONTENTS = {
    "is a web page": b"\n<!-- saved -->\n<!DOCTYPE html>\n<html>",
    "is a web page, ": b"\xef\xbb\xbf<HTML><HEAD>",
    "is a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 45\n",
    "a text that begins 'Entry not found'": b"Entry not found",
    'a text that begins \'{"error":': b'{"error": "Invalid credentials"}',
    "is empty": b"",
    "nothing but zeros": b"\0" * 4096,
    "a zip archive whose end is missing": archive("archive/data.pkl")[:-5],
    "a zip archive that holds latest_net_G.pth, .* Unpack it first": archive("readme.txt", "latest_net_G.pth"),
    "a compiled TorchScript program": archive("x/data.pkl", "x/constants.pkl"),
    "a program of torch.export": archive("x/archive_format", "x/models/model.json"),
    "a NumPy archive": archive("a.npy", "b.npy"),
    "an office document": archive("[Content_Types].xml", "word/document.xml"),
    "a zip archive of other files": archive("a.txt"),
    "a file of weights in HDF5": b"\x89HDF\r\n\x1a\n" + b"\0" * 90,
    "an ONNX model": b"\x08\x07\x12\x07pytorch\x1a\x052.1.0",
    "a SavedModel of TensorFlow": b"\x08\x01\x12\xab\x01\n\x80",
    "a TensorFlow Lite model": b"\x1c\0\0\0TFL3\x14\0",
    "a part of a TensorFlow checkpoint": b"\x01\x02\x03\xff" * 20 + bytes.fromhex("57fb808b247547db"),
    "a part of a TensorFlow checkpoint, ": b'model_checkpoint_path: "model-7"\n',
    "a pickle of Python that torch.save did not write": b"\x80\x03cdnnlib.tflib.network\nNetwork\n.",
    "a file of Torch 7 for Lua": b"\x04\0\0\0\x01\0\0\0\x03\0\0\0V 1\x0d\0\0\0nn.Sequential",
    "packed with gzip": b"\x1f\x8b\x08\0",
    "a tar archive": tar("net.pth"),
    "in PyTorch's tar format of before 2017": tar("sys_info"),
    "a picture": b"\x89PNG\r\n\x1a\n\0",
}


@pytest.mark.parametrize("said", CONTENTS)
def test_a_file_that_is_no_checkpoint_is_named_as_what_it_is(said, tmp_path):
    file = tmp_path / "latest_net_G.pth"
    file.write_bytes(CONTENTS[said])
    with pytest.raises(BadWeights, match=said) as caught:
        torch_files.read(file)
    assert "no file of PyTorch weights" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_that_is_given_to_import_redraws_as_it_is(tmp_path):
    file = tmp_path / "model.pth"
    file.write_bytes(archive("metadata.json", "config.json", "model.weights.h5"))
    with pytest.raises(BadWeights, match=rf"is a Keras model, .* stylezoo stylize PICTURE\.jpg --model {file}"):
        torch_files.read(file)


def test_a_folder_is_told(tmp_path):
    for name, said in ((None, "is a folder, "), ("model.keras", "is a run folder"), ("saved_model.pb", "SavedModel")):
        if name:
            (tmp_path / name).touch()
        with pytest.raises(BadWeights, match=said):
            torch_files.read(tmp_path)


@pytest.mark.parametrize("write", [torch_writer.zip_file, torch_writer.old_file, torch_writer.safetensors_file])
@pytest.mark.parametrize("name", ["net_G.pth", "model.keras"])
def test_weights_that_are_given_as_a_model_name_the_command_that_makes_one(write, name, tmp_path):
    write(tmp_path / name, ARRAYS)
    with pytest.raises(BadRun, match=rf"no model of stylezoo\. .* stylezoo import {tmp_path / name} --model cyclegan"):
        stylezoo.load_model(tmp_path / name)


def test_a_checkpoint_of_a_run_names_the_run(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "model.keras").touch()
    file = tmp_path / "checkpoints" / "latest.weights.h5"
    file.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(BadRun, match=f"is a checkpoint of the run '{tmp_path}'"):
        stylezoo.load_model(file)


def test_nobody_waits_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "x.pth")
    with pytest.raises(BadWeights, match="no regular file"):
        torch_files.read(tmp_path / "x.pth")


def test_a_text_reaches_the_message_without_control_characters(tmp_path):
    file = tmp_path / "x.pth"
    file.write_bytes("\u00e9\x1b[2J\nmore".encode())
    assert recognition.kind_of(file) is None
    file.write_bytes("caf\u00e9\t\u202eright\nmore".encode())
    assert recognition.kind_of(file).what == "a text that begins 'caf\u00e9 right more'"
