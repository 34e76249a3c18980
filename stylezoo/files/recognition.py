"""What a file is by its content, whatever it is called: errors name it and say what to do with it."""

import errno
import os
import re
import shlex
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from stylezoo.errors import printable

START = 512  # bytes that are looked at
MAGIC = bytes.fromhex("6cfc9c46f9206aa85019")  # the number with which torch.save began before PyTorch 1.6
AGAIN = "Download it again."
SAVE = "Save the weights alone with PyTorch: torch.save(network.state_dict(), 'weights.pth')."
UNPACK = "Unpack it first."


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        what: Its name, with an article.
        advice: What to do with it, a sentence.
    """

    what: str
    advice: str = ""


WEIGHTS = Kind(
    "a file of PyTorch weights", "Make a run of it first: stylezoo import {path} --model cyclegan -o runs/imported"
)
OLD_WEIGHTS = Kind("a file of weights of PyTorch before 1.6", WEIGHTS.advice)
SAFETENSORS = Kind("a file of weights, safetensors", WEIGHTS.advice)
MODEL = Kind("a Keras model", "A model of stylezoo redraws as it is: stylezoo stylize PICTURE.jpg --model {path}")
TORCHSCRIPT = Kind("a compiled TorchScript program", SAVE)
HDF5 = Kind("a file of weights in HDF5, as Keras writes them", "A model of stylezoo is a run folder or a .keras file.")
CUT_OFF = Kind("a zip archive whose end is missing", f"The download was not complete. {AGAIN}")
OTHERS = Kind("a zip archive of other files", UNPACK)
EMPTY = Kind("empty", AGAIN)
ZEROS = Kind("nothing but zeros", f"The download was not complete. {AGAIN}")
PAGE = Kind("a web page", "Download the file itself: the link that you used leads to a page about it.")
POINTER = Kind("a pointer of Git LFS, not the file itself", "Fetch the file: git lfs pull")
PICKLE = Kind("a pickle of Python that torch.save did not write", SAVE)
TENSORFLOW = Kind("a part of a TensorFlow checkpoint", "Weights of TensorFlow cannot be imported.")

NOT_DOWNLOADED = (EMPTY, ZEROS, PAGE, POINTER)  # what people have in place of a file

BEGINNINGS = {
    b"version https://git-lfs": POINTER,
    b"\x89HDF\r\n\x1a\n": HDF5,
    b"\x1f\x8b": Kind("packed with gzip", UNPACK),
    b"BZh": Kind("packed with bzip2", UNPACK),
    b"\xfd7zXZ\0": Kind("packed with xz", UNPACK),
    b"\x28\xb5\x2f\xfd": Kind("packed with zstd", UNPACK),
    b"7z\xbc\xaf\x27\x1c": Kind("a 7z archive", UNPACK),
    b"Rar!": Kind("a RAR archive", UNPACK),
    b"\x93NUMPY": Kind("a NumPy array"),
    b"GGUF": Kind("a language model in GGUF"),
    b"MATLAB": Kind("a MATLAB file"),
    b"%PDF": Kind("a PDF document"),
    b"\x89PNG": Kind("a picture"),
    b"\xff\xd8\xff": Kind("a picture"),
    b"GIF8": Kind("a picture"),
    b"RIFF": Kind("a picture or a film"),
    b"\x04\0\0\0\x01\0\0\0\x03\0\0\0V 1": Kind("a file of Torch 7 for Lua", "It cannot be imported."),
    b"model_checkpoint_path:": TENSORFLOW,
}
PATTERNS = {
    rb"[\xef\xbb\xbf\s]*(<!--.*?-->\s*)?<(!doctype html|html|head|body)": PAGE,
    rb"....TFL3": Kind("a TensorFlow Lite model", "It cannot be imported: it is no list of weights."),
    rb"\x08\x01\x12": Kind("a SavedModel of TensorFlow", "It cannot be imported: it is no list of weights."),
    rb"\x08[\x02-\x14][\x12\x1a\x22\x2a\x32\x3a]": Kind(
        "an ONNX model", "It cannot be imported: take the PyTorch weights that it was exported from."
    ),
    rb"\x80[\x02-\x05]": PICKLE,
    rb"\0{64}": ZEROS,
}


def kind_of(path: str | Path) -> Kind | None:
    """The kind of a file; None if it is not known.

    Raises:
        OSError: It cannot be read.
    """
    if os.path.isdir(path):
        return _folder(Path(path))
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe waits until somebody writes
        raise OSError(errno.EINVAL, "it is no regular file")
    with open(path, "rb") as file:
        start = file.read(START)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 8))
        end = file.read()
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _archive(path)
    if start[257:262] == b"ustar":
        return _tar(path)
    if MAGIC in start[:40]:
        return OLD_WEIGHTS
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < size + 2**24:
        return SAFETENSORS
    if end == bytes.fromhex("57fb808b247547db") or re.search(r"\.data-\d{5}-of-\d{5}$", str(path)):
        return TENSORFLOW
    return of_beginning(start) or _text(start)


def sentence(path: str | Path, kind: Kind | None, wanted: str) -> str:
    """The sentence about a file that is something else than what is wanted, and the advice.

    Args:
        path: The file as the user wrote it.
        kind: From `kind_of`.
        wanted: What is wanted, such as "no model of stylezoo".
    """
    if kind is None:
        return f"'{path}' is {wanted}: it does not begin like one."
    return f"'{path}' is {kind.what}, {wanted}. {kind.advice.format(path=shlex.quote(str(path)))}".rstrip()


def of_beginning(start: bytes) -> Kind | None:
    """The kind of a file by its first `START` bytes, if these are enough."""
    if not start:
        return EMPTY
    known = [kind for bytes_, kind in BEGINNINGS.items() if start.startswith(bytes_)]
    known += [kind for pattern, kind in PATTERNS.items() if re.match(pattern, start, re.IGNORECASE | re.DOTALL)]
    return known[0] if known else None


def _text(start):
    """A text, such as an error that a server sent in place of a file."""
    try:
        text = start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < START - 4:  # else a character is cut
            return None
        text = start[: error.start].decode("utf-8")
    if any(ord(each) < 32 and not each.isspace() for each in text):
        return None
    return Kind(f"a text that begins '{printable(text)[:60]}'", AGAIN)


def _folder(path):
    if (path / "saved_model.pb").is_file():
        return Kind(
            "the folder of a SavedModel of TensorFlow", "It cannot be read again: keep the model's .keras file."
        )
    if (path / "model.keras").is_file():
        return Kind("a run folder", MODEL.advice)
    return Kind("a folder", "Name a file in it.")


def _archive(path):
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return CUT_OFF
    last = [name.rpartition("/")[2] for name in names]
    if "data.pkl" in last:
        return TORCHSCRIPT if "constants.pkl" in last else WEIGHTS
    if {"config.json", "model.weights.h5"} & set(names):
        return MODEL
    if names and all(name.endswith(".npy") for name in names):
        return Kind("a NumPy archive (.npz)")
    if inner := [name for name in names if re.search(r"\.(pth?|ckpt|safetensors)$", name)]:
        return Kind(f"a zip archive that holds {printable(inner[0])[:80]}", UNPACK)
    if "[Content_Types].xml" in names:
        return Kind("an office document")
    if "archive_format" in last:
        return Kind("a program of torch.export", SAVE)
    return OTHERS


def _tar(path):
    try:
        with tarfile.open(path, "r:") as archive:
            names = archive.getnames()
    except (tarfile.TarError, OSError, ValueError):
        names = []
    if not names or "sys_info" in names:
        return Kind(
            "in PyTorch's tar format of before 2017", "Load it with PyTorch, if you trust it, and save it again."
        )
    return Kind("a tar archive", UNPACK)
