"""What `export` writes draws what `stylize` draws, in its own runtime and in a process without stylezoo."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from functools import partial
from http.client import HTTPConnection
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import tensorflow as tf
import vgg_file
from click.testing import CliRunner
from PIL import Image

from stylezoo.cli import exporting as cli_exporting
from stylezoo.cli import main
from stylezoo.drawing import exporting, formats, joining, resampling, toning, tracing
from stylezoo.drawing.fusion import Fusion, Share
from stylezoo.drawing.joining import JoinedPainter
from stylezoo.drawing.painter import Painter
from stylezoo.errors import BadExport, BadOptions, MissingExtra
from stylezoo.gan import GAN
from stylezoo.pictures import arrays, luminance
from stylezoo.recipe import Recipe

ODD = (2, 29, 34)
JUDGE = "patch:filters=2,layers=1"
STYLE = np.random.default_rng(5).uniform((-1, -0.5, -0.8), (0.2, 0.9, 0.6), (50, 40, 3)).astype("f4")
TONES = luminance.tones([STYLE], colours=True)
NAMED = "named-styles:names=['monet','song']"
MODELS = {
    "noise, tones and an average": {
        "generator": "brush:filters=2,blocks=1,length=2",
        "average": 0.9,
        "data": "unpaired:match_tones=true",
    },
    "colours": {"generator": "brush:filters=2,blocks=1,length=2,hue=1.0", "data": "unpaired:match_colours=true"},
    "skips": {"generator": "unet:filters=2,downs=4"},
    "named styles": {"generator": "gated:filters=2,blocks=1", "data": NAMED},
    "resnet": {"generator": "resnet:filters=2,blocks=1"},
    "animegan": {"generator": "animegan:filters=4"},
    "stylegan2": {"generator": "stylegan2-resnet:filters=1,blocks=1"},
}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Files for any size are tried with small pictures, which is enough for small networks."""
    monkeypatch.setattr(exporting, "SIDES", [(48, 64), (37, 29)])


def pictures(count, height, width, seed=0):
    coarse = np.random.default_rng(seed).uniform(-1, 1, (count, -(-height // 8), -(-width // 8), 3))
    return np.kron(coarse, np.ones((1, 8, 8, 1)))[:, :height, :width].astype("f4")


def built(name):
    """A small model, with tones and an average if it has them."""
    gan = GAN(Recipe(discriminators=JUDGE, image_size=32, **MODELS[name]))
    if gan.tones is not None:
        gan.tones.assign(TONES[: gan.tones.shape[0]])
    if gan.average:
        gan.average.set_weights([1.5 * each for each in gan.average.get_weights()])
    return gan


def of_pictures(model, folder):
    """A small model that takes its style from a picture."""
    sizes = {"adain": f"widths={vgg_file.WIDTHS},smooth=true", "munit": "filters=2,blocks=1,mlp=4"}
    changes = {"image_size": 64, "load_size": 64, "generator": f"{model}:{sizes[model]}"}
    changes |= {"vgg": str(vgg_file.write(folder))} if model == "adain" else {}
    return GAN(Recipe.named(model, **changes))


def written(gan, path, format="saved-model", **options):
    """The function of what a model is exported to."""
    gan.export(path, format, verbose=False, **options)
    return formats.find(format).loaded(path)


def needs(format):
    """Skip a test whose format is not installed: each is an extra."""
    for module in formats.find(format).packages:
        pytest.importorskip(module)


def place(folder, format):
    return folder / f"model{formats.find(format).suffix}"


@pytest.mark.long
@pytest.mark.parametrize("name", ["noise, tones and an average", "colours", "skips", "named styles"])
def test_pictures_of_odd_sizes_are_those_of_stylize(name, tmp_path):
    gan, source = built(name), pictures(*ODD)
    drawn = written(gan, tmp_path / "saved")({"image": source})
    np.testing.assert_allclose(drawn, gan.stylize(source), atol=1e-4)


@pytest.mark.long
def test_weights_and_strength_are_inputs_if_they_are_asked_for(tmp_path):
    gan, source = built("named styles"), pictures(*ODD)
    run = written(gan, tmp_path / "saved", inputs=("strength", "styles"))
    drawn = run({"image": source, "strength": np.float32([0.6]), "styles": np.float32([1, 3])})
    expected = gan.stylize(source, styles={"monet": 1, "song": 3}, strength=0.6)
    np.testing.assert_allclose(drawn, expected, atol=1e-4)


@pytest.mark.long
def test_a_look_is_fixed_in_the_file(tmp_path):
    gan, source = built("named styles"), pictures(*ODD)
    look = {"styles": {"monet": 1, "song": 3}, "strength": 0.8, "keep_colour": True}
    drawn = written(gan, tmp_path / "saved", **look)({"image": source})
    np.testing.assert_allclose(drawn, gan.stylize(source, **look), atol=1e-4)


@pytest.mark.long
@pytest.mark.parametrize("pixels", ["unit", "uint8"])
def test_pixels_are_given_as_other_programs_have_them(pixels, tmp_path):
    gan = built("skips")
    levels = arrays.levels(pictures(*ODD))
    drawn = written(gan, tmp_path / "saved", pixels=pixels)(
        {"image": levels if pixels == "uint8" else np.float32(levels / 255)}
    )
    expected = gan.stylize(levels)
    if pixels == "unit":
        np.testing.assert_allclose(drawn, expected / 2 + 0.5, atol=1e-4)
    else:
        assert drawn.dtype == np.uint8
        assert np.abs(drawn.astype(int) - arrays.levels(expected)).max() <= 1


@pytest.mark.parametrize("colours", [False, True])
def test_tones_of_pictures_with_plateaus_are_matched_alike_in_a_graph(colours):
    half = np.where(np.arange(300)[:, None, None] < 120, np.float32([0.5, 0.1, -0.4]), np.float32([-0.2, 0.2, 0.6]))
    batch = np.stack([np.full((300, 20, 3), 0.3, "f4"), np.broadcast_to(half, (300, 20, 3)), pictures(1, 300, 20)[0]])
    tones = luminance.tones([STYLE], colours)
    expected = [luminance.match_tones(each, tones) for each in batch]
    np.testing.assert_allclose(toning.match_tones(batch, batch, tones), expected, atol=1e-4)


@pytest.mark.long
@pytest.mark.parametrize("model", ["adain", "munit"])
def test_a_style_picture_is_fitted_to_the_source_as_stylize_does(model, tmp_path):
    gan = of_pictures(model, tmp_path)
    source, style = pictures(1, *ODD[1:]), pictures(1, 40, 25, seed=1)
    drawn = written(gan, tmp_path / "saved", inputs=("style", "strength"))(
        {"image": source, "style": style, "strength": np.float32([0.7])}
    )
    expected = gan.stylize(source[0], style[0], strength=0.7)
    # The style is scaled in 256 levels: a level may differ, which such a network, not trained, enlarges.
    assert np.abs(drawn[0] - expected).mean() < 2e-3


@pytest.mark.parametrize("sides", [(40, 25), (64, 40), (16, 20), (100, 30)])
def test_pictures_are_fitted_as_pillow_does(sides):
    picture = arrays.to_array(Image.fromarray(arrays.levels(pictures(1, 40, 25)[0])))
    found = np.asarray(resampling.fitted(picture[None], sides))[0]
    # Pillow rounds after each axis, and which one it takes first depends on its version.
    assert np.abs(found - arrays.fitted(picture, *sides)).mean() * 127.5 < 0.3


def test_pictures_are_joined_as_arrays_are():
    first, second = pictures(2, 160, 133)
    expected = joining.join([first, second], np.float32([[[0.3, 0.7]]]))
    np.testing.assert_allclose(
        tracing.join([tf.constant(first[None]), tf.constant(second[None])], tf.constant([0.3, 0.7]))[0],
        expected,
        atol=2e-3,
    )


@pytest.mark.long
def test_several_networks_are_one_file_with_weights(tmp_path):
    painters = [Painter(built(name).generator) for name in ("skips", "resnet")]
    painter = JoinedPainter(painters, Fusion((Share("a"), Share("b"))), keep_colour=True)
    difference = exporting.write(painter, tmp_path / "saved", "saved-model", inputs=("styles", "strength"))
    assert difference < 0.5


@pytest.mark.long
def test_a_process_without_stylezoo_draws_the_same(tmp_path):
    gan, source = built("skips"), pictures(*ODD)
    gan.export(tmp_path / "saved", verbose=False)
    np.save(tmp_path / "source.npy", source)
    code = (
        "import sys; sys.modules['stylezoo'] = None; import numpy as np, tensorflow as tf; "
        "model = tf.saved_model.load('saved'); "
        "np.save('drawn.npy', model.serve(np.load('source.npy')))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "drawn.npy"), gan.stylize(source), atol=1e-5)


@pytest.mark.long
@pytest.mark.parametrize("format", formats.FORMATS)
def test_every_format_draws_the_same_and_says_what_it_is(format, tmp_path):
    needs(format)
    gan, source = built("resnet"), pictures(1, 40, 48)
    size = (40, 48) if format == "litert" else None
    path = place(tmp_path, format)
    run = written(gan, path, format, size=size, about={"license": "CC-BY-4.0"})
    np.testing.assert_allclose(run({"image": source}), gan.stylize(source), atol=1e-3)
    assert about(path, format)["license"] == "CC-BY-4.0"
    assert {each.name for each in tmp_path.iterdir()} == {path.name} | (
        {"model.bin"} if format == "openvino" else set()
    )


def about(path, format):
    """The texts in a file, read as others would."""
    if format == "saved-model":
        return json.loads((path / "assets.extra" / "stylezoo.json").read_text())
    if format == "onnx":
        import onnx

        return {each.key: each.value for each in onnx.load(path).metadata_props}
    if format == "openvino":
        import openvino

        return {"license": openvino.Core().read_model(path).get_rt_info(["stylezoo", "license"]).astype(str)}
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model(str(path))
    return {
        each.name.decode(): bytes(model.buffers[each.buffer].data).decode(errors="replace") for each in model.metadata
    }


@pytest.mark.long
@pytest.mark.parametrize("format", ["onnx", "litert", "openvino"])
@pytest.mark.parametrize("name", MODELS)
def test_every_generator_in_every_format(name, format, tmp_path):
    """`export` compares it with `stylize` itself, at two sizes where any is possible."""
    needs(format)
    options = {"pixels": "uint8", "inputs": ("strength",)} if name == "named styles" else {}
    size = (64, 48) if format == "litert" else None
    assert built(name).export(place(tmp_path, format), format, verbose=False, size=size, **options) <= 2


@pytest.mark.long
@pytest.mark.parametrize("format", ["onnx", "litert", "openvino"])
@pytest.mark.parametrize("model", ["adain", "munit"])
def test_every_model_of_style_pictures_in_every_format(model, format, tmp_path):
    needs(format)
    gan, size = of_pictures(model, tmp_path), (64, 48) if format == "litert" else None
    assert gan.export(place(tmp_path, format), format, verbose=False, size=size, style=pictures(1, 40, 25)[0]) <= 2


@pytest.mark.long
def test_half_precision_halves_the_file(tmp_path):
    needs("onnx")
    gan = GAN(Recipe(generator="resnet:filters=16,blocks=2", discriminators=JUDGE, image_size=32))
    whole, half = tmp_path / "whole.onnx", tmp_path / "half.onnx"
    gan.export(whole, "onnx", verbose=False)
    assert gan.export(half, "onnx", verbose=False, half=True) < 2
    assert half.stat().st_size < 0.6 * whole.stat().st_size


@pytest.mark.parametrize(
    ("format", "options", "message"),
    [
        ("coreml", {}, r"There is no format 'coreml': onnx, litert, saved-model, openvino\."),
        ("saved-model", {"half": True}, "no half precision"),
        ("litert", {}, "one size of pictures, such as 512"),
        ("saved-model", {"pixels": "byte"}, "Pixels cannot be 'byte': signed, unit, uint8"),
        ("saved-model", {"inputs": "mask"}, "There is no input mask: strength, styles, style"),
        ("saved-model", {"inputs": "styles"}, "Weights of styles are an input if there are several"),
        ("saved-model", {"inputs": "style"}, "is an input of models that take one"),
        ("saved-model", {"stroke": 2}, "strokes are as trained"),
        ("onnx", {}, r"A file of onnx ends in \.onnx; 'model' does not"),
    ],
)
def test_what_a_format_cannot_do_is_one_line(format, options, message, tmp_path, monkeypatch):
    monkeypatch.setattr(formats.Format, "check_installed", lambda self: None)
    with pytest.raises(BadOptions, match=message):
        built("skips").export(tmp_path / "model", format, **options)
    assert not list(tmp_path.iterdir())


def test_a_folder_with_other_things_is_not_replaced(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadOptions, match="a folder with other things"):
        built("skips").export(tmp_path, verbose=False)
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.long
def test_a_file_that_draws_something_else_is_not_kept(tmp_path, monkeypatch):
    saved = formats.FORMATS["saved-model"]
    monkeypatch.setattr(type(saved), "loaded", lambda self, file: lambda inputs: 0.9 * inputs["image"])
    with pytest.raises(BadExport, match=r"draws something else: .* of 256 levels, at most 2 .* Other formats: onnx"):
        built("skips").export(tmp_path / "model", verbose=False)
    assert not list(tmp_path.iterdir())


def test_a_converter_that_fails_is_one_line(tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError("Unsupported op:\nFancy")

    monkeypatch.setattr(type(formats.FORMATS["saved-model"]), "write", fail)
    with pytest.raises(BadExport, match=r"saved-model cannot take this model: Unsupported op:\. Other formats"):
        built("skips").export(tmp_path / "model", verbose=False)
    assert not list(tmp_path.iterdir())


def test_the_command_names_what_the_formats_have():
    """It has them by itself: its help imports no Keras."""
    options = {each.name: each.type.choices for each in cli_exporting.export.params if hasattr(each.type, "choices")}
    assert {name: form.suffix or "-saved-model" for name, form in formats.FORMATS.items()} == cli_exporting.FORMATS
    assert (tuple(options["pixels"]), tuple(options["inputs"])) == (tuple(exporting.PIXELS), exporting.INPUTS)


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"needs ai-edge-litert.*: pip install 'stylezoo\[litert\]'"):
        built("skips").export(tmp_path / "model.tflite", "litert", size=32)


@pytest.mark.long
def test_the_command_exports_a_model_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gan, source = built("named styles"), pictures(*ODD)
    gan.save("mine.keras")
    words = ["export", "mine.keras", "-f", "saved-model", "--style", "song", "--strength", "0.5", "--size", "dynamic"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "Wrote   mine-saved-model (" in done.stdout
    assert "of 256 levels is the largest difference" in done.stdout
    drawn = formats.find("saved-model").loaded(tmp_path / "mine-saved-model")({"image": source})
    np.testing.assert_allclose(drawn, gan.stylize(source, "song", strength=0.5), atol=1e-4)
    again = CliRunner().invoke(main, words)
    assert (again.exit_code, again.stderr) == (
        2,
        "Error: 'mine-saved-model' exists already; --overwrite replaces it, -o names another place.\n",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-f", "onnx"], "Name what to export"),
        (["great-wave", "-f", "onnx", "--size", "big"], "'big' is no size: write 512, 640x360 (width x height)"),
        (["great-wave", "-f", "onnx", "--size", "8"], "sides have 16 to 4096 pixels"),
        (["no-such-style", "-f", "onnx"], "no-such-style"),
        (["-f", "onnx", "--style", "great-wave=0.6", "--style", "scream"], "Give each --style a weight"),
    ],
)
def test_the_command_says_what_is_wrong(words, message):
    done = CliRunner().invoke(main, ["export", *words])
    assert done.exit_code != 0
    assert message in " ".join(done.stderr.split())


@pytest.mark.long
def test_page_take_it_anywhere_is_followed(tmp_path, monkeypatch):
    """With a small model under the name of a style. What a phone and a browser do is not run here."""
    for format in formats.FORMATS:
        needs(format)
    monkeypatch.chdir(tmp_path)
    gan = built("resnet")
    gan.save("small.keras")
    photo = arrays.levels(pictures(1, 96, 80)[0])
    Image.fromarray(photo).save("photo.png")
    page = (Path(__file__).parents[1] / "docs" / "export.md").read_text(encoding="utf-8")
    page = page.replace("great-wave", "small").replace("photo.jpg", "photo.png")
    blocks = re.findall(r"^```(text|python)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    lines = [line for kind, block in blocks if kind == "text" for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("stylezoo export small")]
    assert len(commands) == 5
    for command in commands:
        words = [f"{word}.keras" if word == "small" else word for word in shlex.split(command)[1:]]
        words = ["96" if word == "384" else word for word in words]
        done = CliRunner().invoke(main, [*words, "--overwrite"])
        assert done.exit_code == 0, done.output
    marks = {
        "strength": '(drawn,) = session.run(None, {"image": photo, ',
        "signature_runner": "runner()",
        "HTTP": "HTTP",
    }
    python = [code for kind, code in blocks if kind == "python"]
    codes = {name: next(code for code in python if mark in code) for name, mark in marks.items()}
    for code in (codes["strength"], codes["signature_runner"].replace("384", "96")):
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    answer = served(codes["HTTP"], Path("photo.png").read_bytes())
    np.testing.assert_allclose(np.asarray(Image.open(io.BytesIO(answer))), arrays.levels(gan.stylize(photo)), atol=1)


@pytest.mark.long
@pytest.mark.skipif("ORT_WEB" not in os.environ, reason="ORT_WEB names the folder dist of onnxruntime-web of npm")
def test_the_page_of_the_guide_draws_the_same_in_a_browser(browser, tmp_path):
    needs("onnx")
    gan, photo = built("resnet"), arrays.levels(pictures(1, 96, 80)[0])
    gan.export(tmp_path / "wave.onnx", "onnx", verbose=False, pixels="uint8", inputs=("strength",))
    Image.fromarray(photo).save(tmp_path / "photo.png")
    guide = (Path(__file__).parents[1] / "docs" / "export.md").read_text(encoding="utf-8")
    page = re.search(r"^```html\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL).group(1)
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    (tmp_path / "dist").symlink_to(os.environ["ORT_WEB"])
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        browser.send("Page.navigate", url=f"http://127.0.0.1:{server.server_port}/")
        browser.wait_for("Page.loadEventFired")
        drawn = browser.value(
            "(async () => { await draw(await createImageBitmap(await (await fetch('photo.png')).blob()));"
            "return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data); })()"
        )
        server.shutdown()
    found = np.reshape(np.uint8(drawn), (96, 80, 4))[..., :3]
    np.testing.assert_allclose(found, arrays.levels(gan.stylize(photo)), atol=1)


def served(code, picture):
    """What a server of the page answers to a picture, on a free port."""
    code = code.replace("8000", "0").replace(".serve_forever()", "")
    started = r"server = \1\nprint(server.server_port, flush=True)\nserver.serve_forever()"
    code = re.sub(r"^(ThreadingHTTPServer.*)$", started, code, flags=re.MULTILINE)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(process.stdout.readline())
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST", "/", b"no picture")
            assert connection.getresponse().status == 400
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST", "/", picture)
            return connection.getresponse().read()
        finally:
            process.kill()
