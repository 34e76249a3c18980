"""Pictures of 16 bits and of 1 to 64 channels: no bit is lost, and what cannot be done is one line."""

import io
import re
import sys

import keras
import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image, ImageCms, ImageFilter

from stylezoo import backend, features
from stylezoo.app import artist
from stylezoo.catalogue import registry
from stylezoo.cli import main
from stylezoo.drawing.fusion import Fusion
from stylezoo.drawing.joining import JoinedPainter
from stylezoo.drawing.painter import Painter
from stylezoo.errors import BadOptions, BadPicture, BadRecipe, BrokenPlugin, MissingExtra
from stylezoo.gan import GAN
from stylezoo.pictures import arrays, files, luminance, opening, tiff
from stylezoo.pictures.scans import Scan
from stylezoo.plan import Plan
from stylezoo.recipe import Recipe
from stylezoo.runs import loading
from stylezoo.spec import Spec

PARTS = {"generator": "resnet:filters=2,blocks=1", "discriminators": "patch:filters=2,layers=1", "image_size": 16}


def samples(*shape, dtype="uint16", seed=0):
    """Random levels, the least and the most among them."""
    found = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)
    found.flat[0], found.flat[-1] = 0, np.iinfo(dtype).max
    return found


def read(file, channels):
    """The samples of a file, for a model of so many channels."""
    found = opening.open_picture(file, channels)
    assert isinstance(found, Scan)
    return found.samples


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="stylezoo")


def done(*words):
    """What the command gave, when all went well."""
    result = run(*words)
    assert (result.exit_code, result.exception) == (0, None), result.output
    return result


def refused(*words):
    """The one line of a command that fails."""
    result = run(*words)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code
    return result.stderr.strip().splitlines()[-1]


@pytest.fixture
def identity():
    """Makes painters whose network changes nothing."""

    def made(channels):
        picture = keras.Input((None, None, channels), name="source")
        same = keras.layers.DepthwiseConv2D(1, depthwise_initializer="ones", use_bias=False)
        return Painter(keras.Model(picture, same(picture)))

    return made


# Files


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("alpha", [False, True])
def test_each_bit_comes_back_from_png_and_tiff(channels, suffix, alpha, tmp_path):
    picture, opacity = samples(13, 17, channels), samples(13, 17, seed=1) if alpha else None
    files.save_picture(Scan(picture, opacity), tmp_path / f"a{suffix}")
    for source in (tmp_path / f"a{suffix}", io.BytesIO((tmp_path / f"a{suffix}").read_bytes())):
        found = opening.open_picture(source, channels)
        np.testing.assert_array_equal(found.samples, picture)
        np.testing.assert_array_equal(found.alpha, opacity)


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("content", [b"", b"no picture", b"II*\0 cut off"])
def test_a_stream_that_cannot_go_back_is_told_in_one_line(channels, content):
    with pytest.raises(BadPicture, match=r"^The file cannot be read: File or stream is not seekable\.$"):
        opening.open_picture(io.BufferedReader(Pipe(content)), channels)


class Pipe(io.RawIOBase):
    """Bytes that come one after another, as from another program."""

    def __init__(self, content):
        self.left = content

    def readable(self):
        return True

    def readinto(self, buffer):
        part, self.left = self.left[: len(buffer)], self.left[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.parametrize("channels", [2, 4, 7, 64])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_each_bit_of_many_channels_comes_back_from_tiff(channels, dtype, tmp_path):
    picture = samples(5, 9, channels, dtype=dtype)
    files.save_picture(Scan(picture), tmp_path / "a.tif")
    np.testing.assert_array_equal(read(tmp_path / "a.tif", channels), picture)


@pytest.mark.parametrize(
    "options",
    [
        {"byteorder": ">"},
        {"compression": "zlib", "predictor": True},
        {"planarconfig": "separate"},
        {"planarconfig": "separate", "tile": (16, 16), "compression": "zlib", "byteorder": ">"},
    ],
)
@pytest.mark.parametrize("channels", [3, 5])
def test_other_programs_write_tiff_in_other_ways(options, channels, tmp_path):
    picture, kind = samples(21, 19, channels), "rgb" if channels == 3 else "minisblack"
    planes = np.moveaxis(picture, -1, 0) if "planarconfig" in options else picture
    options = {"planarconfig": "contig", **options}
    tifffile.imwrite(tmp_path / "a.tif", np.ascontiguousarray(planes), photometric=kind, **options)
    np.testing.assert_array_equal(read(tmp_path / "a.tif", channels), picture)


def test_another_decoder_reads_what_is_written(tmp_path):
    """That of TensorFlow, which knows PNG of 16 bits."""
    import tensorflow as tf

    for channels, alpha in ((1, None), (3, None), (1, samples(9, 7)), (3, samples(9, 7))):
        picture = samples(9, 7, channels, seed=2)
        Scan(picture, alpha).save(tmp_path / "a.png")
        found = tf.io.decode_png((tmp_path / "a.png").read_bytes(), dtype="uint16").numpy()
        np.testing.assert_array_equal(found[..., :channels], picture)
        assert alpha is None or (found[..., -1] == alpha).all()


def test_a_16_bit_picture_is_upright_and_its_profile_is_not_lost(tmp_path):
    picture, exif = samples(6, 8, 3), Image.Exif()
    exif[0x0112] = 6
    tifffile.imwrite(tmp_path / "a.tif", picture, photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    np.testing.assert_array_equal(read(tmp_path / "a.tif", 3), np.rot90(picture, -1))
    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert ImageCms.getOpenProfile(io.BytesIO(other)) is not None
    grey = Image.fromarray(picture[..., 0])
    grey.save(tmp_path / "b.png", icc_profile=other)  # made for another colour space: it is ignored
    np.testing.assert_array_equal(read(tmp_path / "b.png", 1)[..., 0], picture[..., 0])


def test_grey_and_colours_become_each_other(tmp_path):
    grey, colours = samples(8, 8), samples(8, 8, 3)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Scan(colours).save(tmp_path / "colours.png")
    np.testing.assert_array_equal(read(tmp_path / "grey.png", 3), np.repeat(grey[..., None], 3, axis=-1))
    light = np.rint(colours @ np.float32([0.299, 0.587, 0.114]))
    np.testing.assert_array_equal(read(tmp_path / "colours.png", 1)[..., 0], light)
    small = Image.fromarray(samples(8, 8, dtype="uint8"))
    small.save(tmp_path / "small.png")
    found = opening.open_picture(tmp_path / "small.png", 1)
    assert found.mode == "L"
    np.testing.assert_array_equal(np.asarray(found), np.asarray(small))


def test_a_scan_is_an_image_to_look_at_and_keeps_its_bits():
    scan = Scan(samples(20, 30, 4))
    assert (scan.mode, scan.size, Scan(samples(2, 2, 2)).mode) == ("RGB", (30, 20), "L")
    np.testing.assert_array_equal(np.asarray(scan), np.rint(scan.samples[..., :3] / 257))
    assert scan.crop((1, 2, 11, 12)).samples.tolist() == scan.samples[2:12, 1:11].tolist()
    assert scan.resize((15, 10)).samples.shape == (10, 15, 4)
    assert type(scan.filter(ImageFilter.BLUR)) is Image.Image
    with pytest.raises(BadPicture, match=r"4 channels can be written as TIFF only: take a name that ends in \.tif"):
        scan.save("a.png")


def test_floats_give_all_levels_back():
    for dtype in ("uint8", "uint16"):
        levels = np.arange(np.iinfo(dtype).max + 1).astype(dtype).reshape(-1, 1, 1)
        np.testing.assert_array_equal(arrays.levels(arrays.from_levels(levels), dtype), levels)


# Files that cannot be read


def test_another_number_of_channels_is_one_line(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", samples(8, 8, 4), photometric="minisblack", planarconfig="contig")
    tifffile.imwrite(tmp_path / "planes.tif", samples(4, 8, 8), photometric="minisblack", planarconfig="separate")
    Image.new("RGB", (8, 8)).save(tmp_path / "b.png")
    for name, channels, said in (
        ("a.tif", 5, r"'.*' has 4 channels, and the model takes 5: give TIFF files with 5 samples a pixel, or train w"),
        ("a.tif", 3, r"is a TIFF of 4 channels of 16-bit .* Or train a model of so many channels, --set channels=4\."),
        ("planes.tif", 1, r"cannot be used: it has 4 channels; train a model of so many channels, --set channels=4\."),
        ("b.png", 4, r"'.*' is no TIFF file; pictures of 4 channels are TIFF files with 4 samples a pixel\."),
        ("none.tif", 4, "There is no file"),
    ):
        with pytest.raises(BadPicture, match=said):
            opening.open_picture(tmp_path / name, channels)
    with pytest.raises(BadPicture, match="The picture has 3 channels, and the model takes 4"):
        opening.opened(Image.new("RGB", (8, 8)), 4)


def test_a_large_or_broken_tiff_is_one_line(tmp_path, monkeypatch):
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, samples(64, 64, 4), photometric="minisblack", planarconfig="contig")
    whole = file.read_bytes()
    for length in (4, 40, 200, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(BadPicture, match=r"^[^\n]*$"):
            opening.open_picture(file, 4)
    file.write_bytes(whole)
    monkeypatch.setattr(tiff, "MOST_SAMPLES", 64 * 64 * 3)
    with pytest.raises(BadPicture, match=r"has 64 x 64 pixels of 4 channels; up to 0 megapixels are possible"):
        opening.open_picture(file, 4)
    tifffile.imwrite(file, np.zeros((4, 4, 4), "float32"), photometric="minisblack", planarconfig="contig")
    with pytest.raises(BadPicture, match="has samples of float32; with 4 channels they must be uint8 or uint16"):
        opening.open_picture(file, 4)


def test_without_tifffile_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(MissingExtra, match=r"pip install 'stylezoo\[tiff\]'"):
        Scan(samples(4, 4, 3)).save(tmp_path / "a.tif")
    Scan(samples(4, 4, 1)).save(tmp_path / "a.tif")
    assert read(tmp_path / "a.tif", 1).shape == (4, 4, 1)


# Models


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("tile", [None, 256])
def test_a_model_that_changes_nothing_gives_each_bit_back(channels, tile, identity, tmp_path):
    painter, picture = identity(channels), samples(300 if tile else 20, 40, channels)
    painter.tile = tile
    files.save_picture(Scan(picture), tmp_path / "a.tif")
    for given in (tmp_path / "a.tif", Scan(picture)):
        drawn = painter.paint(given)
        np.testing.assert_array_equal(drawn.samples, picture)
        files.save_picture(drawn, tmp_path / "b.tif")
        np.testing.assert_array_equal(read(tmp_path / "b.tif", channels), picture)
    floats = painter.paint(picture)
    assert floats.dtype == np.float32
    np.testing.assert_array_equal(arrays.levels(floats, "uint16"), picture)


def test_8_bits_stay_8_bits(identity, tmp_path):
    grey = Image.fromarray(samples(20, 30, dtype="uint8"))
    assert identity(1).paint(grey) == grey
    assert identity(3).paint(grey.convert("RGB")) == grey.convert("RGB")
    assert identity(1).paint(grey.convert("LA")).mode == "L"
    grey.putalpha(100)
    assert identity(1).paint(grey).getchannel("A").getextrema() == (100, 100)


def test_what_needs_colours_is_refused_in_words(identity):
    with pytest.raises(BadOptions, match="draws pictures of 1 channels, which have no colours to keep"):
        Painter(identity(1).generator, keep_colour=True)
    with pytest.raises(BadOptions, match="The styles draw pictures of 1, 3 channels"):
        JoinedPainter([identity(1), identity(3)], Fusion())
    with pytest.raises(BadRecipe, match=r"channels is 4 and match_colours is true.*set data\.match_colours=false"):
        Recipe(channels=4, data="unpaired:match_colours=true").resolve()
    for loss in ("perceptual", "gram", "adain-content", "adain-statistics", "colour"):
        part = Spec(loss).part("loss")
        with pytest.raises(BadOptions, match="1 or 3 channels, not of 4"), part.refusals():
            part.build().build(None, [], (16, 16, 4))


def test_a_network_that_ignores_the_channels_is_one_line():
    picture = keras.Input((None, None, 3))
    own = keras.Model(picture, keras.layers.Conv2D(3, 1)(picture))
    with pytest.raises(BrokenPlugin, match=r"its input has the shape|is for pictures of 3 channels only"):
        Recipe(channels=1, generator=Spec.parse(own)).resolve().build_generator()
    part = Spec.parse("resnet:filters=2,blocks=1").part("generator")
    network = part.build(shape=(None, None, 3))
    with pytest.raises(BrokenPlugin, match=r"is for pictures of 3 channels only, and channels is 4; take channels=3"):
        Plan._check_channels(Recipe(channels=4).resolve(), part, network)


NETWORKS = [plugin for kind in ("generator", "discriminator") for plugin in registry.plugins(kind)]
WIDTHS = {"dense": {"units": 2}, "adain": {"widths": "2-2-2-2"}, "munit": {"filters": 4, "mlp": 8}}


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("plugin", NETWORKS, ids=lambda plugin: plugin.name)
def test_every_network_is_built_for_the_channels(plugin, channels):
    part = Spec(plugin.qualified, WIDTHS.get(plugin.name, {"filters": 4})).part(plugin.kind)
    shape = (None, None, channels) if plugin.kind == "generator" else (128, 128, channels)
    with features.weights_come_later(), backend.nameless_variables():
        if (plugin.name, channels) == ("adain", 4):
            with pytest.raises(BadOptions, match="1 or 3 channels, not of 4"):
                part.build(shape=shape)
            return
        network = part.build(shape=shape, styles=2)
    assert {each.shape[-1] for each in network.inputs if each.name in ("source", "style")} <= {channels}
    if plugin.kind == "generator":
        assert network.outputs[0].shape[-1] == channels


def test_recipes_without_channels_mean_three():
    plain = Recipe().to_dict()
    del plain["channels"]
    assert Recipe.from_dict(plain) == Recipe()
    assert Recipe().channels == 3


# Commands


def pictures(folder, channels, count=2):
    folder.mkdir()
    for number in range(count):
        picture = samples(24, 20, *([channels] if channels > 1 else []), seed=number)
        options = {"planarconfig": "contig"} if channels > 1 else {}
        tifffile.imwrite(folder / f"{number}.tif", picture, photometric="minisblack", **options)
    return folder


@pytest.mark.long
@pytest.mark.parametrize("channels", [1, 4])
def test_a_training_from_files_of_16_bits_and_back(channels, tmp_path):
    source, style = pictures(tmp_path / "source", channels), pictures(tmp_path / "style", channels)
    fields = {**PARTS, "channels": channels, "steps": 2}
    settings = [word for name, value in fields.items() for word in ("--set", f"{name}={value}")]
    out = tmp_path / "run"
    done("train", "transfer", *settings, "--source", source, "--style", style, "-o", out)
    done("train", "--resume", out, "--steps", 3)
    assert loading.checked_recipe(out / "model.keras").channels == channels
    assert re.search(rf"channels +{channels}\n", done("show", out).output)
    with Image.open(out / "result.png") as result, Image.open(out / "samples/latest.png") as sheet:
        assert (result.size, sheet.mode) == ((20, 24), "RGB")
    drawn = done("stylize", source / "0.tif", "--style", out)
    result = tmp_path / "source" / ("0-stylized.png" if channels == 1 else "0-stylized.tif")
    assert drawn.stdout.strip() == str(result)
    found = read(result, channels)
    assert (found.shape, found.dtype) == ((24, 20, channels), np.uint16)
    done("stylize", source / "0.tif", "--style", out, "--strength", 0, "-o", tmp_path / "same.tif")
    np.testing.assert_array_equal(read(tmp_path / "same.tif", channels), read(source / "0.tif", channels))
    if channels == 1:
        return
    assert "TIFF only: take a name that ends in .tif" in refused(
        "stylize", source / "0.tif", "--style", out, "-o", tmp_path / "a.png"
    )
    assert "Figures are measured of pictures of 1 or 3 channels" in refused("evaluate", out)


def test_a_start_from_a_style_needs_its_channels(tmp_path):
    said = refused("train", "--from", "great-wave", "--set", "channels=1", "-o", tmp_path / "run", "--set", "steps=1")
    assert "'great-wave' do not fit: it draws pictures of 3 channels, and channels is 1" in said
    assert not (tmp_path / "run").exists()


def test_colours_of_16_bits_go_through_the_command(tmp_path):
    picture = samples(20, 24, 3)
    Scan(picture, samples(20, 24)).save(tmp_path / "a.png")
    for suffix in (".png", ".tif"):
        out = tmp_path / f"b{suffix}"
        done("stylize", tmp_path / "a.png", "--style", "great-wave", "--strength", 0, "-o", out)
        np.testing.assert_array_equal(read(out, 3), picture)
    done("stylize", tmp_path / "a.png", "--style", "great-wave", "--strength", 0, "-o", tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as image:
        assert (image.mode, image.size) == ("RGB", (24, 20))


@pytest.mark.long
def test_the_local_page_draws_the_bytes_of_the_command_from_16_bits(tmp_path):
    picture = tmp_path / "a.png"
    Scan(samples(40, 44, 3), samples(40, 44)).save(picture)
    for size, more in ((None, ()), (32, ("--size", 32))):
        job = {"picture": picture, "result": tmp_path / "page.png", "size": size, "strength": 0.5, "masks": []}
        look = {"styles": [("great-wave", 1.0)], "seed": 0, "keep_colour": False, "stroke": None}
        artist.draw({**job, **look}, lambda part, parts: None)
        words = ("--style", "great-wave", "--strength", 0.5, "--overwrite", *more)
        done("stylize", picture, *words, "-o", tmp_path / "command.png")
        assert read(tmp_path / "page.png", 3).dtype == np.uint16
        assert (tmp_path / "page.png").read_bytes() == (tmp_path / "command.png").read_bytes()


@pytest.mark.long
@pytest.mark.parametrize(("channels", "data"), [(1, "unpaired:match_colours=true"), (5, "unpaired:match_tones=true")])
def test_an_exported_model_draws_the_same(channels, data, tmp_path):
    gan = GAN(Recipe(channels=channels, data=data, **PARTS))
    few = samples(40, 40, channels)
    gan.tones.assign(luminance.tones([few], colours=channels == 1))
    assert gan.export(tmp_path / "model", size=64, verbose=False) < 2
