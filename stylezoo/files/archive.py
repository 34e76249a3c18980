"""A ``.keras`` file as a zip archive: read, checked and extended without Keras.

Loading must never run code from a file. So it is checked, before Keras is imported, that the archive holds weights,
names and plain data only, and names no class that Keras would import from elsewhere.
"""

import io
import os
import re
import shutil
import struct
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

from stylezoo.catalogue import registry
from stylezoo.errors import BadRun, printable
from stylezoo.files import plain
from stylezoo.files.atomic import written

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"
CARD = "card.json"
SHEET = "card.png"
MEMBERS = {METADATA, CONFIG, WEIGHTS, CARD, SHEET}
LARGEST = {METADATA: 2**16, CONFIG: 2**22, CARD: 2**20, SHEET: 2**25}  # bytes, of members other than weights
EXPANSION = 20  # unpacked bytes for each packed one: Keras does not compress, and weights hardly shrink
SOME_BYTES = 2**20

BEGIN = b"PK\3\4"  # the first bytes of an archive
DAMAGE = (  # what a damaged archive can raise
    OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, KeyError, EOFError, IndexError,
    OverflowError, AssertionError, struct.error, zlib.error,
)  # fmt: skip

# Classes in the state of a compiled model. The model itself is described by its recipe, not by layers.
KERAS_CLASSES = re.compile(r"keras\.optimizers(\.[a-z_.]+)?:\w+|keras:\w*DTypePolicy")
OUR_MODULES = (
    "stylezoo.updates.adam", "stylezoo.updates.optimizers", "stylezoo.updates.schedules",
    "stylezoo.optimizers",  # of 0.1.0
)  # fmt: skip
IDENTITY = {"module": "stylezoo.gan", "class_name": "GAN", "registered_name": "stylezoo>GAN"}


@contextmanager
def opened(file: Path):
    """The archive, its members checked to be those of a model; an error in it is a `BadRun` of one line.

    Raises:
        BadRun: It is no archive, it is damaged, or it holds something else.
    """
    try:
        with open(file, "rb") as content:
            if content.read(len(BEGIN)) != BEGIN:  # an archive may also lie behind something else, such as HDF5
                raise zipfile.BadZipFile("it does not begin as a .keras file does")
        with zipfile.ZipFile(file) as archive:
            _check_members(file, archive)
            yield archive
    except DAMAGE as error:
        raise BadRun(f"'{file}' is no model of stylezoo or is damaged: {printable(str(error))[:200]}") from None


def document(archive: zipfile.ZipFile, name: str):
    """The plain data of a member of the archive; None if it has no such member."""
    if name not in archive.namelist():
        return None
    try:
        return plain.read(archive.read(name), LARGEST[name], exact=name == CONFIG)  # which Keras reads too
    except ValueError as error:
        raise ValueError(f"{name} cannot be read: {error}") from None


def configuration(file: Path) -> dict:
    """The configuration in a model file: the recipe, and the plugins that it needs.

    Raises:
        BadRun: It is no model of stylezoo.
    """
    with opened(file) as archive:
        if CONFIG not in archive.namelist():
            raise ValueError(f"it has no {CONFIG}")
        config = document(archive, CONFIG)
    if not isinstance(config, dict) or any(config.get(key) != value for key, value in IDENTITY.items()):
        raise BadRun(f"'{file}' is a Keras file, but no model of stylezoo.")
    return config


def check_classes(file: Path, config: dict) -> None:
    """Check that a configuration names no class but those of Keras' optimizers, of stylezoo and of installed plugins.

    Raises:
        BadRun: It names another class, a function, or code.
    """
    for value in config.values():
        for each in _objects(value):
            if reason := _fault(each):
                raise refused(file, reason)


def check_weights(file: Path) -> int:
    """Check that the weights of a model file are numbers that lie within it.

    Returns:
        Their bytes.

    Raises:
        BadRun: They are not.
    """
    from stylezoo.files import hdf5  # h5py takes a tenth of a second

    with opened(file) as members:
        weights = io.BytesIO(members.read(WEIGHTS))
    try:
        hdf5.check(weights)
    except OSError as error:
        raise BadRun(f"'{file}' cannot be loaded, it may be damaged: {error}") from None
    except ValueError as error:
        raise refused(file, str(error)) from None
    return weights.getbuffer().nbytes


def refused(file: Path, reason: str) -> BadRun:
    """The error for a file with content that no model of stylezoo has."""
    return BadRun(
        f"'{file}' is refused: {printable(reason)[:300]}. A model of stylezoo holds weights, names and plain "
        "data only; do not trust who made this."
    )


def is_style(config: dict) -> bool:
    """Whether a configuration is that of a ready-made style: a model without optimizers, in whole or in part."""
    return "compile_config" not in config


def write(file: Path, members: dict[str, bytes]) -> None:
    """Write an archive, compressed and with fixed dates, so that the same members make the same file."""
    with written(file) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def append(file: Path, members: dict[str, bytes]) -> None:
    """Add members to an archive, uncompressed and with a fixed date."""
    with zipfile.ZipFile(file, "a") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def extract(file: Path, name: str, target: Path) -> None:
    """Write a member of an archive into a file of its own."""
    with zipfile.ZipFile(file) as archive, archive.open(name) as member, open(target, "wb") as copy:
        shutil.copyfileobj(member, copy, SOME_BYTES)


def copied(file: Path, target: Path, members: dict[str, bytes | None]) -> None:
    """Copy an archive with some members replaced; those that are None are left out."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            if info.filename not in members:
                with old.open(info) as source, new.open(zipfile.ZipInfo(info.filename), "w", force_zip64=True) as copy:
                    shutil.copyfileobj(source, copy, SOME_BYTES)
        for name, content in members.items():
            if content is not None:
                new.writestr(zipfile.ZipInfo(name), content)


def _check_members(file, archive):
    """Check that the archive has only the members of a model, and not more bytes than weights can unpack to."""
    infos = archive.infolist()
    names = [info.filename for info in infos]
    for info in infos:
        name = info.filename
        if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name:
            raise refused(file, f"its member '{name}' would be written outside of it")
        if name not in MEMBERS or names.count(name) > 1:
            raise refused(file, f"it has the member '{name}'{' twice' if name in MEMBERS else ''}")
        if info.flag_bits & 1:
            raise refused(file, f"its member '{name}' is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise refused(file, f"its member '{name}' is compressed in a way that no model is")
        if info.file_size > LARGEST.get(name, info.file_size):
            raise refused(file, f"its {name} has {info.file_size} bytes, more than {LARGEST[name]}")
    unpacked = sum(info.file_size for info in infos)
    if unpacked > EXPANSION * os.path.getsize(file) + SOME_BYTES:
        raise refused(file, f"it would grow from {os.path.getsize(file)} bytes to {unpacked}")


def _objects(value):
    """Every description of an object within plain data, at any depth."""
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from _objects(each)


def _fault(each):
    """What is wrong with the description of an object; "" if nothing."""
    name, module, registered = (each.get(key) for key in ("class_name", "module", "registered_name"))
    if name in ("__lambda__", "Lambda"):
        return "it holds a Lambda, which is Python code"
    if name == "function":
        return f"it names the function '{each.get('config')}' of '{module}'"
    if not isinstance(name, str) or not isinstance(module, str) or not re.fullmatch("[A-Z][A-Za-z0-9_]*", name):
        return f"it holds '{name}' of '{module}', which is no class"
    if KERAS_CLASSES.fullmatch(f"{module}:{name}") and registered in (None, name):
        return ""
    packages = {plugin.target.partition(":")[0].partition(".")[0] for plugin in registry.plugins()}
    is_known = module in OUR_MODULES or module.partition(".")[0] in packages - {"keras", "stylezoo"}
    if is_known and str(registered).rpartition(">")[2] == name:
        return ""
    return f"it names the class '{name}' of '{module}', neither an optimizer nor of an installed plugin"
