"""What can be said of a model file before Keras is imported."""

import json
import subprocess
import sys
import zipfile

import pytest

import stylezoo
from stylezoo.errors import BadRun
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.runs import loading


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.keras"
    GAN(Recipe(generator="resnet:filters=2,blocks=1", discriminators="patch:filters=2,layers=1", image_size=16)).save(
        path
    )
    return path


def changed(file, target, **config):
    """A copy of a model file with some of its configuration changed."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = json.dumps({**json.loads(content), **config}).encode()
            new.writestr(name, content)
    return target


def test_folder_and_file_name_the_same_model(model_file):
    assert loading.model_file(model_file.parent) == loading.model_file(model_file) == model_file


def test_file_is_weights_names_and_plain_data(model_file):
    with zipfile.ZipFile(model_file) as archive:
        config = json.loads(archive.read("config.json"))
    assert config["registered_name"] == "stylezoo>GAN"
    assert set(config["config"]) == {"recipe", "plugins"}


def test_missing_plugin_is_named_before_keras_is_imported(model_file, tmp_path):
    with zipfile.ZipFile(model_file) as archive:
        config = json.loads(archive.read("config.json"))["config"]
    lost = {"kind": "loss", "name": "glow", "distribution": "acme-glow", "version": "2.1"}
    file = changed(model_file, tmp_path / "x.keras", config={**config, "plugins": [*config["plugins"], lost]})
    program = (
        "import sys, stylezoo\n"
        "try: stylezoo.load_model(sys.argv[1])\n"
        "except stylezoo.StylezooError as error: print(error)\n"
        "print('keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, file], capture_output=True, text=True, check=True)
    message, imported = done.stdout.splitlines()
    assert "needs the loss 'glow' of acme-glow 2.1, which is not installed: 'pip install acme-glow'" in message
    assert imported == "False"


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (
            {"kind": "loss", "name": "glow", "distribution": "acme-style", "version": "2.0"},
            "needs the loss 'glow' of acme-style 2.0; acme-style 1.0 is installed and does not offer it. "
            "Install the version that did: 'pip install acme-style==2.0'.",
        ),
        (
            {"kind": "loss", "name": "charbonnier", "distribution": "stylezoo", "version": "0.0.9"},
            f"needs the loss 'charbonnier' of stylezoo 0.0.9; stylezoo {stylezoo.__version__} is installed and does "
            "not offer it. Install the version that did: 'pip install stylezoo==0.0.9'. There is "
            "acme-style/charbonnier; if it has moved there, train again with it: a file keeps to the plugins that it "
            "was made with.",
        ),
        (
            {"kind": "loss", "name": "lsgan", "distribution": "acme-glow", "version": ""},
            "needs the loss 'lsgan' of acme-glow, which is not installed: 'pip install acme-glow'. There is "
            "stylezoo/lsgan; if it has moved there,",
        ),
    ],
)
def test_plugin_that_its_distribution_does_not_offer_any_more_is_told(lost, said, model_file, tmp_path, third_party):
    third_party("acme")
    with zipfile.ZipFile(model_file) as archive:
        config = json.loads(archive.read("config.json"))["config"]
    file = changed(model_file, tmp_path / "x.keras", config={**config, "plugins": [lost]})
    with pytest.raises(BadRun) as caught:
        stylezoo.load_model(file)
    assert f"'{file}' {said}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file or folder"),
        (b"", "is empty, no model of stylezoo"),
        (b"no zip", "is a text that begins 'no zip', no model of stylezoo"),
        (b"\1\2\3\xff", "damaged"),
        (b"\x89HDF\r\n\x1a\n", r"HDF5, .*, no model of stylezoo\. A model of stylezoo is a run folder or a \.keras"),
    ],
)
def test_what_is_no_model_is_told_in_one_line(content, message, tmp_path):
    path = tmp_path / "x.keras"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadRun, match=message) as caught:
        stylezoo.load_model(path)
    assert "\n" not in str(caught.value)


def test_run_folder_without_a_model_is_told(tmp_path):
    with pytest.raises(BadRun, match=r"it holds no model\.keras"):
        stylezoo.load_model(tmp_path)


def test_other_keras_files_are_refused(model_file, tmp_path):
    with pytest.raises(BadRun, match="no model of stylezoo"):
        stylezoo.load_model(changed(model_file, tmp_path / "x.keras", registered_name="acme>Other"))


def test_truncated_file_is_told_in_one_line(model_file, tmp_path):
    (tmp_path / "x.keras").write_bytes(model_file.read_bytes()[:-2000])
    with pytest.raises(BadRun) as caught:
        stylezoo.load_model(tmp_path / "x.keras")
    assert "\n" not in str(caught.value)


def test_foreign_classes_in_the_file_are_not_built(model_file, tmp_path):
    """The configuration that Keras would deserialise is that of the optimizer; safe mode stays on for it."""
    evil = {"optimizer": {"class_name": "function", "config": "system", "module": "os", "registered_name": "system"}}
    with pytest.raises(BadRun):
        stylezoo.load_model(changed(model_file, tmp_path / "x.keras", compile_config=evil))
