"""What `export` writes draws what `stylize` draws, at any size, in a process without stylezoo."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import vgg_file
from PIL import Image

from stylezoo.backend import fitted
from stylezoo.drawing import toning
from stylezoo.errors import BadOptions
from stylezoo.gan import GAN
from stylezoo.pictures import arrays, luminance
from stylezoo.recipe import Recipe

ODD = (2, 29, 34)
JUDGE = "patch:filters=2,layers=1"
STYLE = np.random.default_rng(5).uniform((-1, -0.5, -0.8), (0.2, 0.9, 0.6), (50, 40, 3)).astype("f4")
TONES = luminance.tones([STYLE], colours=True)
MODELS = {
    "noise, tones and an average": Recipe(
        generator="brush:filters=2,blocks=1,length=2",
        discriminators=JUDGE,
        image_size=32,
        average=0.9,
        data="unpaired:match_tones=true",
    ),
    "colours": Recipe(
        generator="brush:filters=2,blocks=1,length=2,hue=1.0",
        discriminators=JUDGE,
        image_size=32,
        data="unpaired:match_colours=true",
    ),
    "skips": Recipe(generator="unet:filters=2,downs=4", discriminators=JUDGE, image_size=32),
    "named styles": Recipe(
        generator="gated:filters=2,blocks=1",
        discriminators=JUDGE,
        image_size=32,
        data="named-styles:names=['monet','song']",
    ),
}


def pictures(count, height, width, seed=0):
    coarse = np.random.default_rng(seed).uniform(-1, 1, (count, -(-height // 8), -(-width // 8), 3))
    return np.kron(coarse, np.ones((1, 8, 8, 1)))[:, :height, :width].astype("f4")


def written(gan, folder):
    gan.export(folder, verbose=False)
    return tf.saved_model.load(folder)


@pytest.mark.parametrize("name", MODELS)
def test_pictures_of_odd_sizes_are_those_of_stylize(name, tmp_path):
    gan = GAN(MODELS[name])
    if gan.tones is not None:
        gan.tones.assign(TONES[: gan.tones.shape[0]])
    if gan.average:
        gan.average.set_weights([1.5 * each for each in gan.average.get_weights()])
    model, source = written(gan, tmp_path / "saved"), pictures(*ODD)
    np.testing.assert_allclose(model.serve(source), gan.stylize(source), atol=1e-4)
    served = model.signatures["serving_default"](source=tf.constant(source))
    np.testing.assert_allclose(next(iter(served.values())), model.serve(source), atol=1e-5)
    if gan.plan.styles:
        mixed = gan.stylize(source, styles={"monet": 1, "song": 3})
        np.testing.assert_allclose(model.serve([source, np.float32([[0.25, 0.75]] * 2)]), mixed, atol=1e-4)


@pytest.mark.parametrize("colours", [False, True])
def test_tones_of_pictures_with_plateaus_are_matched_alike_in_a_graph(colours):
    half = np.where(np.arange(300)[:, None, None] < 120, np.float32([0.5, 0.1, -0.4]), np.float32([-0.2, 0.2, 0.6]))
    batch = np.stack([np.full((300, 20, 3), 0.3, "f4"), np.broadcast_to(half, (300, 20, 3)), pictures(1, 300, 20)[0]])
    tones = luminance.tones([STYLE], colours)
    expected = [luminance.match_tones(each, tones) for each in batch]
    np.testing.assert_allclose(toning.match_tones(batch, batch, tones), expected, atol=1e-4)


@pytest.mark.parametrize("model", ["adain", "munit"])
def test_a_style_picture_is_fitted_to_the_source_as_stylize_does(model, tmp_path):
    sizes = {"adain": f"widths={vgg_file.WIDTHS},smooth=true", "munit": "filters=2,blocks=1,mlp=4"}
    changes = {"image_size": 64, "load_size": 64, "generator": f"{model}:{sizes[model]}"}
    changes |= {"vgg": str(vgg_file.write(tmp_path))} if model == "adain" else {}
    gan = GAN(Recipe.named(model, **changes))
    source, style = pictures(*ODD), pictures(2, 40, 25, seed=1)
    expected = [gan.stylize(*pair) for pair in zip(source, style, strict=True)]
    model = written(gan, tmp_path / "saved")
    # The style is scaled in 256 levels: a level may differ, which such a network, not trained, enlarges.
    assert np.abs(model.serve([source, style]) - expected).mean() < 2e-3
    if gan.random_codes:
        np.testing.assert_allclose(model.serve(source), gan.stylize(source), atol=1e-4)


@pytest.mark.parametrize("sides", [(40, 25), (64, 40), (16, 20), (100, 30)])
def test_pictures_are_fitted_as_pillow_does(sides):
    picture = arrays.to_array(Image.fromarray(arrays.levels(pictures(1, 40, 25)[0])))
    found = fitted(tf.constant(picture[None]), tf.constant(sides))[0]
    levels = np.abs(found - arrays.fitted(picture, *sides)) * 127.5
    assert levels.mean() < 0.3


def test_a_process_without_stylezoo_draws_the_same(tmp_path):
    gan, source = GAN(MODELS["skips"]), pictures(*ODD)
    gan.export(tmp_path / "saved", verbose=False)
    np.save(tmp_path / "source.npy", source)
    code = (
        "import sys; sys.modules['stylezoo'] = None; import numpy as np, tensorflow as tf; "
        "model = tf.saved_model.load('saved'); "
        "np.save('drawn.npy', model.serve(np.load('source.npy')))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "drawn.npy"), gan.stylize(source), atol=1e-5)


def test_other_formats_are_those_of_the_network(tmp_path):
    with pytest.raises(BadOptions, match=r"format='tf_saved_model' .* gan\.generator\.export"):
        GAN(MODELS["skips"]).export(tmp_path / "x.onnx", format="onnx")
