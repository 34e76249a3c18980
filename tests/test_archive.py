"""A file from a stranger runs nothing, reads no other file and fills no memory: it is refused in one line."""

import contextlib
import io
import json
import marshal
import os
import pickle
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest

import stylezoo
from stylezoo import training
from stylezoo.errors import BadRun
from stylezoo.files import archive, hdf5
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.runs.folder import RunFolder

TINY = {"generator": "resnet:filters=2,blocks=1", "discriminators": ["patch:filters=2,layers=1"], "image_size": 16}
WEIGHTS = archive.WEIGHTS


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The members of a model file."""
    path = tmp_path_factory.mktemp("model") / "model.keras"
    GAN(Recipe(**TINY)).save(path)
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture
def evil(tmp_path):
    """What would be executed, and the file that would be there if it were: the source, and its path."""
    marker = tmp_path / "executed"
    yield f"import pathlib; pathlib.Path({str(marker)!r}).write_text('x')"
    assert not marker.exists()


def written(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as new:
        for name, content in members.items():
            new.writestr(zipfile.ZipInfo(name), content, compress_type=compression)
    return path


def with_config(model, path, **config):
    return written(path, {**model, archive.CONFIG: json.dumps({**json.loads(model[archive.CONFIG]), **config})})


def described(class_name, module, config, registered_name=None):
    return {"class_name": class_name, "module": module, "config": config, "registered_name": registered_name}


def as_code(source):
    """What Keras makes of a lambda: code that it would unmarshal."""
    import base64

    code = base64.b64encode(marshal.dumps(compile(source, "lambda", "exec"))).decode()
    return described("__lambda__", "builtins", {"code": code, "defaults": None, "closure": None})


def assert_refused(path, *said):
    with pytest.raises(BadRun) as caught:
        stylezoo.load_model(path)
    message = str(caught.value)
    assert "\n" not in message
    for each in said:
        assert each in message


# Classes and code


def layer(name, module="keras.layers", **config):
    return described(name, module, {"name": "x", **config})


OBJECTS = {
    "lambda": (lambda source: as_code(source), "Lambda, which is Python code"),
    "lambda layer": (
        lambda source: layer("Lambda", function=as_code(source), arguments={}),
        "Lambda, which is Python code",
    ),
    "function": (lambda source: described("function", "os", "system", "system"), "the function 'system' of 'os'"),
    "exec": (lambda source: described("function", "builtins", "exec", "exec"), "the function 'exec' of 'builtins'"),
    "process": (
        lambda source: described("Popen", "subprocess", {"args": [sys.executable, "-c", source]}, "Popen"),
        "the class 'Popen' of 'subprocess'",
    ),
    "saved model": (lambda source: layer("TFSMLayer", filepath="/tmp/evil"), "the class 'TFSMLayer' of 'keras.layers'"),
    "lookup": (lambda source: layer("StringLookup", vocabulary="/etc/passwd"), "'StringLookup' of 'keras.layers'"),
    "download": (
        lambda source: described("get_file", "keras.utils", {"fname": "x", "origin": "file:///etc/passwd"}),
        "'get_file' of 'keras.utils', which is no class",
    ),
    "inner module": (
        lambda source: described("Adam", "keras.src.optimizers.adam", {}, "Adam"),
        "the class 'Adam' of 'keras.src.optimizers.adam'",
    ),
    "other registration": (
        lambda source: described("Adam", "keras.optimizers", {}, "evil>Adam"),
        "the class 'Adam' of 'keras.optimizers'",
    ),
    "ours, misnamed": (
        lambda source: described("PlayerOptimizer", "stylezoo.optimizers", {}, "evil>Thing"),
        "the class 'PlayerOptimizer'",
    ),
    "special": (lambda source: described("__typespec__", "tensorflow", []), "'__typespec__'"),
    "metric": (
        lambda source: described("AUC", "keras.metrics", {"num_thresholds": 10**9}, "AUC"),
        "the class 'AUC' of 'keras.metrics'",
    ),
    "no text": (lambda source: described(["Adam"], "keras.optimizers", {}), "which is no class"),
}


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("place", ["optimizer", "loss", "deep", "recipe"])
def test_objects_that_no_model_has_are_refused_wherever_they_stand(name, place, model, evil, tmp_path):
    make, said = OBJECTS[name]
    each = make(evil)
    config = json.loads(model[archive.CONFIG])
    compiled = config["compile_config"]
    changes = {
        "optimizer": {"compile_config": {**compiled, "optimizer": each}},
        "loss": {"compile_config": {**compiled, "loss": each}},
        "deep": {"build_config": {"a": [{"b": {"c": [each]}}]}},
        "recipe": {"config": {**config["config"], "recipe": {**config["config"]["recipe"], "vgg": each}}},
    }
    assert_refused(with_config(model, tmp_path / "x.keras", **changes[place]), "is refused", said)


@pytest.mark.parametrize("blank", ["\u200b", " ", "\x1b"])
def test_a_name_that_only_looks_like_another_hides_nothing(blank, model, evil, tmp_path):
    """Keras would read the first two of these, and a reader that cleans names the last two."""
    hidden = {
        **described("Lambda", "keras.layers", {"function": as_code(evil)}),
        f"module{blank}": "keras.optimizers",
        f"class_name{blank}": "Adam",
    }
    config = with_config(model, tmp_path / "x.keras", compile_config={"optimizer": hidden})
    with pytest.raises(BadRun, match=r"config\.json cannot be read: it has the name"):
        stylezoo.load_model(config)


@pytest.mark.parametrize("key", archive.IDENTITY)
def test_only_our_class_stands_at_the_top(key, model, tmp_path):
    assert_refused(with_config(model, tmp_path / "x.keras", **{key: "Other"}), "is a Keras file, but no model of")


def test_optimizers_of_keras_and_of_installed_plugins_are_let_through(third_party):
    third_party("acme")
    config = [
        described(
            "SGD", "keras.optimizers", {"learning_rate": described("CosineDecay", "keras.optimizers.schedules", {})}
        ),
        described("PlayerOptimizer", "stylezoo.optimizers", {}, "stylezoo>PlayerOptimizer"),
        described("Adam", "keras.optimizers", {"dtype": described("DTypePolicy", "keras", {"name": "float32"})}),
        described("Odd", "acme_style.optimizers", {}, "acme>Odd"),
    ]
    archive.check_classes("x", {"compile_config": config})
    with pytest.raises(BadRun, match="'Late'"):  # all of them were looked at
        archive.check_classes("x", {"compile_config": [*config, described("Late", "acme_late", {}, "acme>Late")]})


def test_class_of_a_module_that_is_no_plugin_is_refused():
    with pytest.raises(BadRun, match=r"class 'Odd' of 'acme_style\.optimizers', neither an optimizer nor of an instal"):
        archive.check_classes("x", {"x": described("Odd", "acme_style.optimizers", {}, "acme>Odd")})


@pytest.mark.parametrize("optimizer", ["adam", "Muon"])
def test_a_model_compiled_anew_is_loaded(optimizer, tmp_path, monkeypatch):
    gan = GAN(Recipe(**TINY))
    gan.compile({"generator": optimizer, "discriminator": "sgd"})
    monkeypatch.setenv("HOME", str(tmp_path))
    gan.save("~/x.keras")
    assert stylezoo.load_model(tmp_path / "x.keras").optimizer.players.keys() == {"generator", "discriminator"}


# The archive


@pytest.mark.parametrize(
    "name", ["../executed", "/tmp/executed", "assets/../../executed", "..\\executed", "C:executed"]
)
def test_members_that_would_escape_are_refused(name, model, evil, tmp_path):
    assert_refused(written(tmp_path / "x.keras", {**model, name: evil}), f"'{name}' would be written outside of it")


@pytest.mark.parametrize("name", ["evil.py", "assets/vocabulary.txt", "model.weights.npz"])
def test_other_members_are_refused(name, model, evil, tmp_path):
    assert_refused(written(tmp_path / "x.keras", {**model, name: evil}), f"it has the member '{name}'")


def test_pickled_weights_are_refused(model, evil, tmp_path):
    class Evil:
        def __reduce__(self):
            return exec, (evil,)

    content = io.BytesIO()
    np.savez(content, x=np.frombuffer(pickle.dumps(Evil()), "uint8"))
    members = {name: each for name, each in model.items() if name != WEIGHTS}
    members["model.weights.npz"] = content.getvalue()
    assert_refused(written(tmp_path / "x.keras", members), "it has the member 'model.weights.npz'")
    members = {**model, WEIGHTS: pickle.dumps(Evil())}
    assert_refused(written(tmp_path / "y.keras", members), "may be damaged")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(model, tmp_path):
    path = written(tmp_path / "x.keras", model)
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr(archive.CONFIG, "{}")
    assert_refused(path, "it has the member 'config.json' twice")


def test_archive_that_would_grow_is_refused(model, tmp_path):
    members = {**model, WEIGHTS: bytes(30_000_000)}
    path = written(tmp_path / "x.keras", members, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 100_000
    assert_refused(path, "it would grow from", "bytes to 300")


def test_archive_that_somebody_compressed_is_loaded(model, tmp_path):
    path = written(tmp_path / "x.keras", model, zipfile.ZIP_DEFLATED)
    assert stylezoo.load_model(path).recipe.image_size == 16


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (b" " * (2**22 + 1), "its config.json has 4194305 bytes"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" * 50 + b"]" * 50, "nested too deeply"),
        (json.dumps(list(range(30_000))).encode(), "more than 20000 values"),
        (json.dumps(["x" * 30_000]).encode(), "more than 20000 characters"),
        (b"\xff\xfe", "damaged"),
        (b"null", "no model of stylezoo"),
        (b"9" * 10_000, "damaged"),
    ],
)
def test_a_configuration_beyond_all_measure_is_refused(config, said, model, tmp_path):
    assert_refused(written(tmp_path / "x.keras", {**model, archive.CONFIG: config}), said)


@pytest.mark.parametrize("lost", [archive.CONFIG, WEIGHTS])
def test_a_file_without_what_a_model_needs_is_told(lost, model, tmp_path):
    members = {name: each for name, each in model.items() if name != lost}
    assert_refused(written(tmp_path / "x.keras", members), lost)


@pytest.mark.parametrize(
    "plugins",
    [
        None,
        {},
        ["x"],
        [{"kind": "loss", "name": "x", "distribution": "--index-url=http://evil", "version": "1"}],
        [{"kind": "loss", "name": "x", "distribution": "acme; rm", "version": "1"}],
        [{"kind": "loss", "name": "x", "distribution": "acme", "version": "1 --pre"}],
        [{"kind": "os", "name": "x", "distribution": "acme", "version": "1"}],
        [{"kind": "loss", "name": "x"}],
    ],
)
def test_a_list_of_plugins_that_could_not_stand_in_a_command_is_refused(plugins, model, tmp_path):
    config = {**json.loads(model[archive.CONFIG])["config"], "plugins": plugins}
    assert_refused(with_config(model, tmp_path / "x.keras", config=config), "its list of plugins cannot be read")


def test_all_this_is_told_before_keras_is_imported(model, evil, tmp_path):
    files = [
        with_config(model, tmp_path / f"{i}.keras", compile_config={"optimizer": make(evil)})
        for i, (make, _) in enumerate(OBJECTS.values())
    ]
    files.append(written(tmp_path / "x.keras", {**model, "../executed": evil}))
    program = (
        "import sys, stylezoo\n"
        "for file in sys.argv[1:]:\n"
        "    try: stylezoo.load_model(file)\n"
        "    except stylezoo.StylezooError as error: print(error)\n"
        "print({'keras', 'numpy', 'h5py'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program, *files], capture_output=True, text=True, check=True)
    *messages, imported = done.stdout.splitlines()
    assert len(messages) == len(files)
    assert all(" is refused: " in message for message in messages)
    assert imported == "set()"


# Weights


def changed_weights(content, change):
    """The bytes of a file of weights after something was done to it."""
    opened = io.BytesIO(content)
    with h5py.File(opened, "a") as file:
        change(file)
    return opened.getvalue()


def test_the_names_within_the_weights_stay(model):
    """Files of earlier versions have them. Keras takes the names of a GAN's attributes, those of properties as well."""
    assert sorted(hdf5.groups(io.BytesIO(model[WEIGHTS]))) == ["discriminators", "generator", "optimizer", "vars"]


def kernel(file):
    """The path of the first kernel."""
    found = []
    file.visititems(
        lambda name, each: found.append(name) if isinstance(each, h5py.Dataset) and each.ndim == 4 else None
    )
    return found[0]


def replaced(make):
    """A change of the first kernel to something else: `make(file, path, old values)`."""

    def change(file):
        path = kernel(file)
        values = file[path][()]
        del file[path]
        make(file, path, values)

    return change


def linked(file, path, values):
    file[path] = h5py.ExternalLink("/secret.h5", "/numbers")


def soft(file, path, values):
    file["elsewhere"] = values
    file[path] = h5py.SoftLink("/elsewhere")


def outside(file, path, values):
    file.create_dataset(path, values.shape, "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def virtual(file, path, values):
    layout = h5py.VirtualLayout(values.shape, "f4")
    layout[...] = h5py.VirtualSource("/secret.h5", "numbers", values.shape)
    file.create_virtual_dataset(path, layout)


def enormous(file, path, values):
    file.create_dataset(path, (10**6, 10**6), "f4", chunks=(1000, 1000), compression="gzip")


def texts(file, path, values):
    file.create_dataset(path, data=["x"] * 10, dtype=h5py.string_dtype())


def named_type(file, path, values):
    file[path] = np.dtype("f4")


CHANGES = {
    "external link": (linked, "to elsewhere"),
    "soft link": (soft, "to elsewhere"),
    "external values": (outside, "lie in another file"),
    "virtual values": (virtual, "lie in another file"),
    "shape bomb": (enormous, "declare 4000000000000 bytes and store 0"),
    "texts": (texts, "are no numbers"),
    "type": (named_type, "neither a group nor numbers"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_weights_that_are_not_in_the_file_are_refused(name, model, tmp_path):
    make, said = CHANGES[name]
    weights = changed_weights(model[WEIGHTS], replaced(make))
    assert_refused(written(tmp_path / "x.keras", {**model, WEIGHTS: weights}), "is refused", said)


def test_a_group_that_is_a_link_is_refused_and_not_followed(model, tmp_path, python):
    """The link leads to a pipe that nobody writes to: whoever opens it waits for ever."""
    os.mkfifo(tmp_path / "pipe")

    def link(file):
        del file["generator"]
        file["generator"] = h5py.ExternalLink(str(tmp_path / "pipe"), "/generator")

    path = written(tmp_path / "x.keras", {**model, WEIGHTS: changed_weights(model[WEIGHTS], link)})
    program = (
        "import sys, io, zipfile; from stylezoo.files import hdf5\n"
        "try: hdf5.check(io.BytesIO(zipfile.ZipFile(sys.argv[1]).read('model.weights.h5')))\n"
        "except ValueError as error: print(error)"
    )
    assert python("-c", program, path).stdout == "its weights hold the link 'generator' to elsewhere\n"
    assert_refused(path, "hold the link 'generator' to elsewhere")


def test_a_group_within_itself_and_endless_depth_end(tmp_path):
    with h5py.File(tmp_path / "round.h5", "w") as file:
        file["a"] = h5py.Group(file.create_group("b").id)
        file["b/again"] = file["b"]
    hdf5.check(tmp_path / "round.h5")
    with h5py.File(tmp_path / "deep.h5", "w") as file:
        group = file
        for _ in range(3000):
            group = group.create_group("a")
    with pytest.raises(ValueError, match="nested too deeply"):
        hdf5.check(tmp_path / "deep.h5")


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_weights_of_every_precision_pass(precision, tmp_path):
    gan = GAN(Recipe(**TINY, precision=precision, pool=2, average=0.9))
    gan.save_weights(tmp_path / "x.weights.h5")
    hdf5.check(tmp_path / "x.weights.h5")


@pytest.mark.parametrize("name", ["external link", "external values", "shape bomb"])
def test_a_checkpoint_is_checked_before_a_training_goes_on(name, tmp_path):
    from PIL import Image

    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype="uint8"))
    run = training.start(Recipe(**TINY, load_size=20, steps=3), noise, noise, tmp_path / "run")
    run.interrupted = True  # after its first step
    training.fit(run)
    checkpoint = tmp_path / "run" / RunFolder.CHECKPOINT
    (tmp_path / "run" / RunFolder.CHECKPOINT_BEFORE).unlink()  # it would be used instead
    make, said = CHANGES[name]
    checkpoint.write_bytes(changed_weights(checkpoint.read_bytes(), replaced(make)))
    with pytest.raises(BadRun, match=f"checkpoints/latest.weights.h5 cannot be read: .*{said}"):
        training.resume(tmp_path / "run")


# A file is what its bytes say


def legacy(model):
    """An HDF5 file as Keras 2 wrote models: its configuration is an attribute, which another loader reads."""
    content = io.BytesIO()
    with h5py.File(content, "w", userblock_size=512) as file:
        file.attrs["model_config"] = json.dumps(layer("Lambda", function="x"))
    return content.getvalue()


@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".weights.h5", ".KERAS", ".zip", "", ".keras.h5"])
def test_a_model_by_another_name_is_refused(suffix, model, tmp_path):
    path = written(tmp_path / f"x{suffix}", model)
    assert_refused(path, "is a model of stylezoo by another name: rename it, so that it ends with .keras")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_an_archive_behind_something_else_is_refused(suffix, model, tmp_path):
    """It is an HDF5 file and an archive at once: which of them is read depends on who reads."""
    path = tmp_path / f"x{suffix}"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + written(tmp_path / "model.keras", model).read_bytes())
    assert zipfile.is_zipfile(path)
    assert_refused(path, "is a file of weights in HDF5, as Keras writes them, no model of stylezoo")


def test_an_hdf5_file_called_a_model_is_refused(model, tmp_path):
    (tmp_path / "x.keras").write_bytes(legacy(model))
    assert_refused(tmp_path / "x.keras", "no model of stylezoo")


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(how, model, tmp_path):
    assert_refused(written(tmp_path / "x.keras", model, how), "is compressed in a way that no model is")


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_broken_stream_of_compressed_bytes_is_one_line(place, model, tmp_path):
    path = written(tmp_path / "x.keras", model, zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    at = int(len(content) * place)
    content[at : at + 40] = b"\xff" * 40
    path.write_bytes(content)
    assert_refused(path, "'")


def test_damaged_weights_with_right_checksums_are_one_line(model, tmp_path):
    """Every byte of the structure of HDF5 in turn: the archive's checksum is that of the damaged file."""
    for at in range(0, 4000, 61):
        weights = bytearray(model[WEIGHTS])
        weights[at : at + 8] = b"\xff" * 8
        with contextlib.suppress(OSError, ValueError):  # what is told in one line
            hdf5.check(io.BytesIO(bytes(weights)))


@pytest.mark.parametrize("kind", [[], {}, None, 5, True])
@pytest.mark.parametrize("key", ["kind", "name", "distribution", "version"])
def test_a_plugin_of_odd_types_is_refused(key, kind, model, tmp_path):
    config = json.loads(model[archive.CONFIG])["config"]
    config["plugins"][0][key] = kind
    assert_refused(with_config(model, tmp_path / "x.keras", config=config), "its list of plugins cannot be read")


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ([], "must be an object"),
        (None, "must be an object"),
        ({"image_size": 10**6}, "image_size is 1000000"),
        ({"batch_size": 10**9}, "at most 65536"),
        ({"losses": ["lsgan"] * 1000}, "has 1000 losses"),
        ({"seed": 10**15, "sead": 1}, "no field 'sead'"),
        ({"generator": "resnet:filters"}, "Cannot read"),
    ],
)
def test_the_recipe_in_a_model_is_checked_before_keras_reads_it(recipe, said, model, tmp_path, monkeypatch):
    monkeypatch.setattr("keras.models.load_model", None)
    config = {**json.loads(model[archive.CONFIG])["config"], "recipe": recipe}
    assert_refused(with_config(model, tmp_path / "x.keras", config=config), "its recipe cannot be read", said)


@pytest.mark.parametrize(
    ("generator", "said"), [("resnet:blocks=20000", "20000"), ("resnet:filters=100", "need more than [0-9,]+ weights")]
)
def test_a_model_that_asks_for_too_much_is_refused(generator, said, model, tmp_path):
    config = json.loads(model[archive.CONFIG])["config"]
    config["recipe"]["generator"] = generator
    with pytest.raises(stylezoo.StylezooError, match=said):
        stylezoo.load_model(with_config(model, tmp_path / "x.keras", config=config))


OPTIMIZERS = {
    "list of players": lambda optimizer: optimizer.update(players=[1]),
    "no players": lambda optimizer: optimizer.pop("players"),
    "other players": lambda optimizer: optimizer.update(players={"nobody": optimizer["players"]["generator"]}),
    "one player": lambda optimizer: optimizer["players"].pop("discriminator"),
    "text": lambda optimizer: optimizer["players"].update(generator="\x1b[31m"),
    "number": lambda optimizer: optimizer["players"].update(generator=5),
    "odd rate": lambda optimizer: optimizer["players"]["generator"]["config"].update(learning_rate="fast"),
    "odd option": lambda optimizer: optimizer["players"]["generator"]["config"].update(beta_1=[1], colour=2),
    "odd clip": lambda optimizer: optimizer["players"]["generator"]["config"].update(clipnorm=-1, clipvalue=-1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_odd_optimizer_is_one_line(name, model, tmp_path):
    config = json.loads(model[archive.CONFIG])["compile_config"]
    OPTIMIZERS[name](config["optimizer"]["config"])
    assert_refused(with_config(model, tmp_path / "x.keras", compile_config=config), "may be damaged: ")


@pytest.mark.parametrize("name", ["loss", "metrics", "weighted_metrics", "loss_weights"])
def test_losses_and_metrics_of_keras_are_not_built(name, model, tmp_path):
    config = {**json.loads(model[archive.CONFIG])["compile_config"], name: ["mean_squared_error"]}
    with pytest.raises(stylezoo.StylezooError, match=f"compile got {name}"):
        stylezoo.load_model(with_config(model, tmp_path / "x.keras", compile_config=config))


def test_weights_that_are_no_numbers_are_told(model, tmp_path):
    def diverged(file):
        file[kernel(file)][...] = np.nan

    path = written(tmp_path / "x.keras", {**model, WEIGHTS: changed_weights(model[WEIGHTS], diverged)})
    assert_refused(path, "holds NaN or infinity in ")
