"""Any picture goes in, and the same picture comes out in the style."""

import gc
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import keras
import numpy as np
import pytest
from PIL import Image
from vgg_file import WIDTHS, write

from stylezoo.catalogue import registry
from stylezoo.drawing import graphs, toning
from stylezoo.drawing.fusion import Fusion
from stylezoo.drawing.graphs import KEPT, Graphs
from stylezoo.drawing.painter import Painter
from stylezoo.errors import BadOptions, BadPicture, BrokenPlugin
from stylezoo.pictures import arrays, luminance, samples
from stylezoo.scene import Scene, whole


@pytest.fixture(scope="module")
def generator():
    """Inverts colours; like a U-Net it joins branches, so that only sides divisible by 8 fit."""
    picture = keras.Input((None, None, 3))
    x = picture
    for _ in range(3):
        x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.UpSampling2D(8)(x)
    return keras.Model(picture, keras.layers.Subtract()([0 * x, picture]))


def test_array_gives_an_array_that_is_not_quantised(generator):
    source = np.random.default_rng(0).uniform(-1, 1, (24, 32, 3))
    fake = Painter(generator).paint(source)
    assert fake.dtype == np.float32
    np.testing.assert_allclose(fake, -source, atol=1e-6)
    np.testing.assert_array_equal(Painter(generator).paint(np.stack([source, -source])), [fake, -fake])


def test_image_gives_an_image(generator):
    source = Image.new("RGB", (16, 24), (10, 200, 255))
    fake = Painter(generator).paint(source)
    assert isinstance(fake, Image.Image)
    assert fake.size == (16, 24)
    assert fake.getpixel((3, 3)) == (245, 55, 0)


def test_path_gives_an_image_upright(generator, tmp_path):
    path = tmp_path / "lying.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.new("RGB", (40, 20), "white").save(path, exif=exif)
    assert Painter(generator).paint(path).size == Painter(generator).paint(str(path)).size == (20, 40)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (7, 9), (16, 16), (17, 33), (100, 31)])
def test_every_size_comes_back(generator, size):
    source = np.random.default_rng(0).uniform(-1, 1, (*size, 3)).astype("float32")
    np.testing.assert_allclose(Painter(generator).paint(source), -source, atol=1e-6)


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 4), (2, 2, 8, 8, 3), (0, 8, 3)])
def test_other_arrays_are_refused_in_words(generator, shape):
    with pytest.raises(BadPicture, match="is no picture"):
        Painter(generator).paint(np.zeros(shape))


def test_bytes_and_file_objects_are_the_picture_that_they_stand_for(generator, tmp_path):
    levels = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype="uint8")
    painter = Painter(generator)
    fake = painter.paint(levels)
    assert fake.dtype == np.float32
    np.testing.assert_allclose(fake, 1 - levels / 127.5, atol=1e-6)
    Image.fromarray(levels).save(tmp_path / "a.png")
    with open(tmp_path / "a.png", "rb") as file:
        assert np.array_equal(painter.paint(file), 255 - levels)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            np.full((8, 8, 3), 255.0),
            r"An array has values from 255 to 255; .* of values in 0\.\.255 take x / 127\.5 - 1",
        ),
        (np.full((8, 8, 3), 1.5), "An array has values from 1.5 to 1.5"),
        (np.full((8, 8, 3), np.nan), "An array holds values that are no numbers"),
        (np.full((8, 8, 3), -np.inf), "An array holds values that are no numbers"),
        (np.zeros((8, 8, 3), "int16"), "An array is int16; pictures are uint8 in 0..255, uint16 in 0..65535 or floats"),
        (np.zeros((8, 8, 3), bool), "An array is bool; pictures are uint8 in 0..255, uint16 in 0..65535 or floats"),
        (["a.png", "b.png"], "A list is no picture: give a path.* of several give one after another"),
        (b"\x89PNG", "A bytes is no picture: give a path, a binary file object"),
        (None, "A NoneType is no picture"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(given, said, generator):
    with pytest.raises(BadPicture, match=said):
        Painter(generator).paint(given)


def test_slightly_too_far_is_taken(generator):
    assert np.array_equal(Painter(generator).paint(np.full((8, 8, 3), 1.005, "float32")), np.full((8, 8, 3), -1))


def test_strength_0_is_the_picture_itself_and_the_network_does_not_run(generator, monkeypatch):
    painter = Painter(generator, Fusion(strength=0.0), np.float32([0, 0.1, -1, 1]), keep_colour=True)
    monkeypatch.setattr(Graphs, "draw", None)
    array = np.random.default_rng(0).uniform(-1, 1, (9, 7, 3)).astype("float32")
    same = painter.paint(array)
    assert np.array_equal(same, array)
    assert not np.shares_memory(same, array)
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype="uint8"))
    image.putalpha(77)
    assert np.array_equal(painter.paint(image), image)


def test_generator_with_two_inputs_is_given_the_picture_twice():
    source, style = (keras.Input((None, None, 3), name=name) for name in ("source", "style"))
    generator = keras.Model([source, style], keras.layers.Average()([source, style]))
    picture = np.random.default_rng(0).uniform(-1, 1, (20, 20, 3)).astype("float32")
    np.testing.assert_allclose(Painter(generator).paint(picture), picture, atol=1e-6)


def test_generator_that_changes_the_size_is_refused():
    picture = keras.Input((None, None, 3))
    generator = keras.Model(picture, keras.layers.UpSampling2D(2)(picture))
    with pytest.raises(BadPicture, match="cannot redraw a picture of 20 x 20 pixels"):
        Painter(generator).paint(np.zeros((20, 20, 3)))


def test_u_net_draws_a_size_that_nothing_divides():
    """Keras' Concatenate says of branches of 9 and 10 pixels that they fit; they do not."""
    picture = keras.Input((None, None, 3))
    inner = keras.layers.Conv2D(4, 4, 2, padding="same")(picture)
    inner = keras.layers.Conv2DTranspose(3, 4, 2, padding="same")(inner)
    generator = keras.Model(picture, keras.layers.Conv2D(3, 1)(keras.layers.Concatenate()([picture, inner])))
    assert Painter(generator).paint(np.zeros((21, 35, 3))).shape == (21, 35, 3)


# A model that looks at the whole picture: tiles, films, fusions


GAIN = 0.7  # how much of the variance of its input a convolution hands on; more is noise, less is grey


def built(name, **options):
    """A registered generator whose answers are lively: its first weights would leave them grey."""
    keras.utils.set_random_seed(0)
    network = registry.find("generator", name).load()(shape=(None, None, 3), **options)
    for variable in network.trainable_variables:
        if len(variable.shape) == 4:
            kernel = np.asarray(variable)
            variable.assign(GAIN * kernel / (kernel.std() * np.prod(kernel.shape[:3]) ** 0.5))
        if len(variable.shape) == 2:  # of munit, what makes styles of codes
            variable.assign(3 * variable)
    return network


@pytest.fixture(scope="module")
def gated():
    return built("gated", styles=2, filters=4, blocks=1, resize=True, skips=True)


@pytest.fixture(scope="module")
def adain(tmp_path_factory):
    return built("adain", vgg=str(write(tmp_path_factory.mktemp("vgg"))), depth=2, widths=WIDTHS)


@pytest.fixture(scope="module")
def munit():
    return built("munit", filters=4, blocks=1, mlp=8)


@pytest.fixture(params=["gated", "adain", "munit"])
def fusing(request):
    """A generator of several styles, and two styles as it takes them."""
    if request.param == "gated":
        return request.getfixturevalue("gated"), np.float32([1, 0]), np.float32([0, 1])
    return request.getfixturevalue(request.param), scene(1, 40, 40), 0.3 * scene(2, 48, 40) - 0.4


def scene(seed, height, width):
    """Smooth areas, edges and grain, as in a photograph."""
    random = np.random.default_rng(seed)
    coarse = arrays.resized(random.uniform(-1, 1, (5, 6, 3)).astype("float32"), height, width)
    edges = np.sign(arrays.resized(random.uniform(-1, 1, (4, 7, 3)).astype("float32"), height, width))
    return np.clip(0.6 * coarse + 0.2 * edges + 0.03 * random.standard_normal(coarse.shape), -1, 1).astype("float32")


def painted(generator, picture, styles=None, masks=None, strength=1.0, **options):
    return Painter(generator, Fusion.of(styles, masks, strength), **options).paint(picture)


def test_weights_1_and_0_are_the_single_style_exactly(fusing):
    generator, one, other = fusing
    picture = scene(0, 33, 42)
    np.testing.assert_array_equal(
        painted(generator, picture, [(one, 1), (other, 0)]), painted(generator, picture, [one])
    )


def test_a_mixture_is_symmetric_and_between_its_styles_step_by_step(fusing):
    generator, one, other = fusing
    picture = scene(0, 32, 40)
    sweep = [painted(generator, picture, [(one, 1 - x), (other, x)]) for x in np.linspace(0, 1, 21)]
    np.testing.assert_allclose(painted(generator, picture, [(other, 0.3), (one, 0.7)]), sweep[6], atol=1e-4)
    steps = [np.abs(after - before).mean() for before, after in pairwise(sweep)]
    whole = np.abs(sweep[-1] - sweep[0]).mean()
    assert whole > 0.003  # the styles differ
    assert max(steps) < whole / 4  # no jump


def test_mixed_features_are_the_weighted_features_of_the_styles(adain):
    """AdaIN's mixture recomputed: means and deviations of the styles' features, weighted, on the source's."""
    source, one, other = scene(0, 32, 32), scene(1, 32, 32), scene(2, 32, 32)
    layer = next(each for each in adain.layers if type(each).__name__ == "AdaIN")
    encoder = keras.Model(adain.inputs, layer.input)
    decoder = keras.Model(layer.output, adain.output)

    def features(picture):
        return np.asarray(encoder([picture[None], picture[None]])[0])

    def numbers(feature):
        return feature.mean((1, 2), keepdims=True), np.sqrt(feature.var((1, 2), ddof=1, keepdims=True) + 1e-5)

    content, (mean, deviation) = features(source), numbers(features(source))
    means, deviations = zip(numbers(features(one)), numbers(features(other)), strict=True)
    mixed = (content - mean) / deviation * (0.3 * deviations[0] + 0.7 * deviations[1]) + 0.3 * means[0] + 0.7 * means[1]
    expected = np.clip(np.asarray(decoder(mixed.astype("float32")))[0], -1, 1)
    np.testing.assert_allclose(painted(adain, source, [(one, 0.3), (other, 0.7)]), expected, atol=1e-3)


def test_strength_0_is_the_picture_and_more_is_further_from_it(fusing):
    generator, one, _ = fusing
    picture = scene(0, 32, 40)
    distances = [np.abs(painted(generator, picture, [one], strength=s) - picture).mean() for s in np.linspace(0, 1, 6)]
    assert distances[0] < 1e-5
    assert np.all(np.diff(distances) > 0)


def test_full_strength_is_the_style_itself(fusing):
    generator, one, _ = fusing
    picture = scene(0, 32, 40)
    nearly = painted(generator, picture, [one], strength=1 - 1e-6)
    np.testing.assert_allclose(nearly, painted(generator, picture, [one]), atol=1e-3)


@pytest.mark.long
def test_a_mask_of_ones_is_no_mask_and_one_of_zeros_the_picture(fusing):
    generator, one, other = fusing
    picture = scene(0, 30, 42)
    ones, zeros = np.ones((30, 42)), np.zeros((30, 42))
    alone = painted(generator, picture, [one])
    np.testing.assert_allclose(painted(generator, picture, masks=[(one, ones)]), alone, atol=1e-4)
    np.testing.assert_allclose(painted(generator, picture, [one], [(other, zeros)]), alone, atol=1e-4)
    np.testing.assert_allclose(painted(generator, picture, [other], [(one, ones)]), alone, atol=1e-4)
    np.testing.assert_allclose(painted(generator, picture, masks=[(one, zeros)]), picture, atol=1e-5)


def test_where_no_mask_is_the_picture_itself_stays(fusing):
    """Statistics are those of the whole picture, so that a network would change its other half as well."""
    generator, one, _ = fusing
    picture = scene(0, 48, 96)
    mask = np.zeros((48, 96))
    mask[:, :40] = 1
    for strength in (1.0, 0.5):
        drawn = painted(generator, picture, masks=[(one, mask)], strength=strength)
        np.testing.assert_allclose(drawn[:, 41:], picture[:, 41:], atol=1e-5)
        assert np.abs(drawn[:, :40] - picture[:, :40]).mean() > 0.05


@pytest.mark.parametrize("fusing", ["gated", "adain"], indirect=True)  # munit mixes codes where there is no mask
def test_greys_of_a_mask_are_the_networks_mixture_not_a_picture_laid_over(fusing):
    generator, one, _ = fusing
    picture = scene(0, 32, 40)
    half = painted(generator, picture, [one], strength=0.5)
    grey = painted(generator, picture, masks=[(one, np.full((32, 40), 0.5))])
    assert np.abs(grey - half).mean() < 0.2 * np.abs(picture - half).mean()


def test_tones_are_matched_as_far_as_a_style_has_a_share(gated, generator):
    """Where there is none the picture keeps its own; a generator without a strength draws in full tones first."""
    picture, tones = scene(0, 32, 40), np.float32([0.3, 0.1, -0.5, 0.9])
    mask = np.zeros((32, 40))
    mask[:, :16] = 1
    row = np.float32([1, 0])
    drawn = painted(gated, picture, masks=[(row, mask)], tones=tones)
    np.testing.assert_allclose(drawn[:, 17:], picture[:, 17:], atol=1e-5)
    np.testing.assert_allclose(painted(gated, picture, [row], strength=0, tones=tones), picture, atol=1e-5)
    full = painted(generator, picture, tones=tones)
    np.testing.assert_allclose(full, -luminance.match_tones(picture, tones), atol=1e-5)
    half = painted(generator, picture, strength=0.5, tones=tones)
    np.testing.assert_allclose(half, (picture + full) / 2, atol=1e-5)


def test_a_style_with_nearly_no_weight_changes_nearly_nothing(fusing):
    """Whatever size its picture has."""
    generator, one, other = fusing
    picture = scene(0, 64, 64)
    other = other if other.ndim == 1 else arrays.resized(other, 20, 17)
    nearly = painted(generator, picture, [(one, 0.999), (other, 0.001)])
    np.testing.assert_allclose(nearly, painted(generator, picture, [one]), atol=0.02)


def test_tiles_too_small_are_refused(generator):
    with pytest.raises(BadOptions, match="Tiles of 64 pixels are too small: 256 or more"):
        Painter(generator, tile=64)


def test_a_mask_chooses_where_and_leaves_no_border(fusing):
    """Far from the border each side has its own style's look; across it there is no step but the picture's own."""
    generator, one, other = fusing
    picture = scene(0, 64, 160)
    mask = np.broadcast_to(np.clip((np.arange(160) - 72) / 16, 0, 1), (64, 160))
    both = painted(generator, picture, [one], [(other, mask)])
    alone, opposite = painted(generator, picture, [one]), painted(generator, picture, [other])
    left, right = np.s_[:, :48], np.s_[:, 112:]

    def nearer(where, near, far):
        return np.abs(both[where] - near[where]).mean() < 0.7 * np.abs(both[where] - far[where]).mean()

    assert nearer(left, alone, opposite)
    assert nearer(right, opposite, alone)
    steps = np.abs(np.diff(both, axis=1)).mean((0, 2))
    assert steps[70:90].mean() < 1.5 * max(steps[:60].mean(), steps[100:].mean())


def test_a_generator_of_one_style_is_laid_over_the_picture(generator):
    picture = scene(0, 24, 24)
    half = Painter(generator, Fusion(strength=0.25))
    assert not half.has_strength
    np.testing.assert_allclose(half.paint(picture), picture + 0.25 * (-picture - picture), atol=1e-6)


def test_kept_colours_are_those_of_the_picture(generator):
    """Luminance is that of the drawing, here of the negative; differences between channels are the picture's."""
    picture = (0.3 * scene(0, 24, 24)).astype("float32")
    drawn = painted(generator, picture, keep_colour=True)
    luma = np.float32([0.299, 0.587, 0.114])
    np.testing.assert_allclose(drawn @ luma, -picture @ luma, atol=1e-5)
    np.testing.assert_allclose(np.diff(drawn, axis=-1), np.diff(picture, axis=-1), atol=1e-5)


@pytest.mark.long
@pytest.mark.parametrize("name", ["gated", "munit"])
def test_tiles_differ_little_from_one_piece_and_have_no_seams(name, request, monkeypatch):
    """On average by 2 of 255; and neighbouring pixels differ at the borders of tiles as they do elsewhere."""
    monkeypatch.setattr("stylezoo.drawing.graphs.Graphs.side", 512)  # of the thumbnail
    generator = request.getfixturevalue(name)
    styles = [np.float32([1, 0])] if name == "gated" else [scene(1, 64, 64)]
    picture = arrays.resized(arrays.to_array(samples.photograph()), 480, 640)
    progress = []
    whole = painted(generator, picture, styles, tile=0)
    tiled = painted(generator, picture, styles, tile=512, on_tile=lambda done, count: progress.append((done, count)))
    assert progress == [(1, 2), (2, 2)]
    assert np.abs(tiled - whole).mean() * 127.5 < 2
    steps, expected = (np.abs(np.diff(each, axis=1)).max((0, 2)) for each in (tiled, whole))
    assert steps.max() <= 1.05 * expected.max()
    error = np.abs(np.diff(tiled - whole, axis=1)).mean((0, 2))  # what the tiles add is as smooth anywhere
    assert error.max() < 4 * np.median(error) + 1e-3


@pytest.mark.long
def test_tiles_are_exact_where_all_of_the_picture_fits_into_memory_once(fusing):
    """Then what is found out about it is not found on a smaller one. Only reflections beyond the border may differ."""
    generator, one, other = fusing
    picture = arrays.resized(scene(0, 97, 131), 389, 525)
    for styles, strength in (([one], 1), ([one, other], 0.6)):
        whole = painted(generator, picture, styles, strength=strength)
        tiled = painted(generator, picture, styles, None, strength, tile=256)
        np.testing.assert_allclose(tiled[:-8, :-8], whole[:-8, :-8], atol=5e-3)


def test_pictures_larger_than_a_tile_are_drawn_in_tiles_unless_asked_otherwise(monkeypatch):
    """This generator holds no more than the three numbers of a pixel."""
    picture = keras.Input((None, None, 3))
    generator = keras.Model(picture, keras.layers.Rescaling(-1.0)(picture))
    monkeypatch.setattr("stylezoo.drawing.graphs.MEMORY", (graphs.PIXEL + graphs.BYTES * 3) * 768**2)
    counts = []
    for tile, shape in ((None, (800, 1000)), (0, (800, 1000)), (640, (600, 800)), (None, (768, 768))):
        counts.append(0)
        source = np.linspace(-1, 1, 3 * shape[0] * shape[1], dtype="float32").reshape(*shape, 3)
        drawn = painted(generator, source, tile=tile, on_tile=lambda done, count: counts.__setitem__(-1, count))
        np.testing.assert_allclose(drawn, -source, atol=1e-6)
    assert counts == [4, 0, 2, 0]


@pytest.mark.long
def test_a_mask_and_noise_reach_every_tile():
    """Each tile sees its own part of them: as in one piece."""
    brush = built("brush", filters=4, blocks=1, length=2)
    picture = arrays.resized(scene(0, 70, 90), 280, 360)
    painter = Painter(brush, tile=0, seed=3, steady=True)
    whole = painter.paint(picture)
    painter.tile = 256
    assert np.abs(painter.paint(picture) - whole).mean() * 127.5 < 0.5
    assert np.abs(Painter(brush, tile=256, seed=4).paint(picture) - whole).mean() * 127.5 > 1


@pytest.mark.long
def test_a_masked_picture_in_tiles_is_the_one_in_one_piece(gated):
    picture = arrays.resized(scene(0, 70, 90), 280, 360)
    mask = np.broadcast_to(np.clip((np.arange(360) - 150) / 60, 0, 1), (280, 360))
    fusion = Fusion.of([np.float32([1, 0])], [(np.float32([0, 1]), mask)], strength=0.7)
    painter = Painter(gated, fusion, tile=0, steady=True)
    whole = painter.paint(picture)
    painter.tile = 256
    np.testing.assert_allclose(painter.paint(picture), whole, atol=5e-3)


STYLE = luminance.tones([scene(5, 60, 80) * np.float32([0.9, 0.5, -0.4])], colours=True)


def test_what_the_network_of_one_style_draws_is_matched_to_its_colours_again(generator):
    """It is matched before the network, and what the network makes of that, here its negative, after it."""
    picture = scene(1, 37, 53).astype("float32")
    drawn = -luminance.match_tones(picture, STYLE)
    expected = luminance.match_tones(drawn, STYLE)  # it has enough contrast to be matched wholly
    np.testing.assert_allclose(Painter(generator, tones=STYLE).paint(picture), expected, atol=1e-4)
    assert np.abs(expected - drawn).mean() > 0.05
    coloured = Painter(generator, tones=STYLE, fusion=Fusion(strength=0.5)).paint(picture)
    np.testing.assert_allclose(coloured, (picture + expected) / 2, atol=1e-4)
    light = Painter(generator, tones=STYLE[:4]).paint(picture)  # without colours only the picture is matched
    np.testing.assert_allclose(light, -luminance.match_tones(picture, STYLE[:4]), atol=1e-4)


@pytest.mark.parametrize(("contrast", "share"), [(0.5, 1.0), (0.15, 0.34), (0.005, 0.0)])
def test_what_is_drawn_nearly_flat_is_matched_in_proportion_to_its_contrast(contrast, share):
    """Else the noise of an untrained network would be as strong as the strokes of the painting."""
    picture = scene(1, 37, 53)
    picture *= contrast * STYLE[1] / luminance.light(picture).std()
    before = luminance.tones([picture], colours=True)
    found = luminance.match_drawn(picture, STYLE, before)
    enough = STYLE[1] / 3 - 2 / 255
    expected = np.clip((contrast * STYLE[1] - 2 / 255) / enough, 0, 1)
    assert expected == pytest.approx(share, abs=0.01)
    matched = luminance.match_tones(picture, STYLE)
    np.testing.assert_allclose(found, picture + expected * (matched - picture), atol=1e-4)
    np.testing.assert_allclose(toning.match_drawn(picture[None], STYLE)[0], found, atol=1e-4)


def test_several_styles_of_one_network_stay_different(gated):
    """Their tones are those of all styles together: what is drawn in one style is not matched to them."""
    first, second = (Painter(gated, Fusion.of([each]), tones=STYLE) for each in np.eye(2, dtype="float32"))
    picture = scene(1, 40, 48)
    of_network = gated([luminance.match_tones(picture.astype("float32"), STYLE)[None], np.eye(2, dtype="float32")[:1]])
    np.testing.assert_allclose(first.paint(picture), of_network[0], atol=1e-4)
    assert np.abs(first.paint(picture) - second.paint(picture)).max() > 1e-3


@pytest.mark.long
def test_tiles_and_frames_are_matched_by_the_tones_of_the_whole(generator):
    """Tiles by those of a thumbnail, the frames of a film by those of the first."""
    picture = arrays.resized(scene(0, 70, 90), 280, 360).astype("float32")
    painter = Painter(generator, tones=STYLE, tile=0)
    whole = painter.paint(picture)
    painter.tile = 256
    assert np.abs(painter.paint(picture) - whole).mean() * 127.5 < 1
    brush = built("brush", filters=4, blocks=1, length=2, hue=1.0)
    one, tiled = (Painter(brush, tones=STYLE, tile=tile, stroke=1).paint(picture) for tile in (0, 256))
    assert np.abs(one - tiled).mean() * 127.5 < 3  # the thumbnail has other strokes, in about the same tones
    steady = Painter(generator, tones=STYLE, tile=0, steady=True)
    steady.paint(picture)
    changed = picture.copy()
    changed[:80, :80] = 1
    np.testing.assert_array_equal(steady.paint(changed)[100:, 100:], whole[100:, 100:])


def test_in_a_film_what_changes_in_a_corner_changes_nothing_far_away(gated):
    """Instance normalisation would pass it on; the facts of the first frame hold for all."""
    first = scene(0, 160, 160)
    second = first.copy()
    second[:20, :20] = 1
    far = np.s_[100:, 100:]
    fusion = Fusion.of([np.float32([1, 0])])
    steady = Painter(gated, fusion, steady=True)
    np.testing.assert_array_equal(steady.paint(first)[far], steady.paint(second)[far])
    flickering = Painter(gated, fusion)
    assert np.abs(flickering.paint(first)[far] - flickering.paint(second)[far]).max() > 1e-3


def test_frames_of_a_film_have_one_size(gated):
    """The facts of a film, and the masks in them, are those of one size; another painter has facts of its own."""
    first, other = scene(0, 40, 48), scene(1, 48, 40)
    fusion = Fusion.of([np.float32([1, 0])])
    steady = Painter(gated, fusion, steady=True)
    steady.paint(first)
    for tile in (None, 256):
        steady.tile = tile
        with pytest.raises(BadPicture, match="A frame has 40 x 48 pixels, the first had 48 x 40"):
            steady.paint(other)
    expected = Painter(gated, fusion).paint(other)
    np.testing.assert_array_equal(replace(steady, tile=None).paint(other), expected)
    np.testing.assert_array_equal(
        replace(steady, tile=None, steady=False).paint(np.stack([first, first]))[1], steady.paint(first)
    )


def test_tiles_of_a_picture_never_use_the_facts_of_another(gated):
    """Neither after a smaller picture in one piece nor after another in tiles."""
    small, large, other = scene(0, 40, 48), *(arrays.resized(scene(seed, 70, 90), 280, 360) for seed in (1, 2))
    fusion = Fusion.of([np.float32([1, 0])], strength=0.8)
    painter = Painter(gated, fusion, tile=256)
    for picture in (small, other, large):
        drawn = painter.paint(picture)
    np.testing.assert_array_equal(drawn, Painter(gated, fusion, tile=256).paint(large))


@pytest.mark.parametrize("name", ["generator", "fusion", "tones", "seed"])
def test_what_facts_depend_on_stays(name, generator):
    painter = Painter(generator)
    with pytest.raises(BadOptions, match=rf"dataclasses.replace\(painter, {name}=\.\.\.\) makes another"):
        setattr(painter, name, getattr(painter, name))
    assert replace(painter, seed=3).seed == 3


class Fickle(keras.layers.Layer):
    """Asks for its facts in large pictures only, or in small ones only."""

    def __init__(self, in_large, **options):
        super().__init__(**options)
        self.in_large = in_large

    def call(self, inputs):
        is_large = inputs.shape[1] is not None and inputs.shape[1] > 256
        mean = whole(keras.ops.mean(inputs, axis=(1, 2), keepdims=True)) if is_large == self.in_large else 0.0
        return -(inputs - mean) - mean


@pytest.mark.parametrize(("in_large", "used", "recorded"), [(True, 0, 1), (False, 1, 0)])
def test_parts_use_as_many_facts_as_the_whole_has_recorded(in_large, used, recorded):
    picture = keras.Input((None, None, 3))
    painter = Painter(keras.Model(picture, Fickle(in_large)(picture)), tile=0, steady=True)
    source = np.zeros((280, 270, 3), "float32")
    painter.paint(source)
    painter.tile = 256
    with pytest.raises(BrokenPlugin, match=f"use {used} facts about the whole picture, which has {recorded}: "):
        painter.paint(source)


def test_a_pass_ends_with_its_own_error_and_leaves_no_scene():
    with pytest.raises(KeyError, match="mine"), Scene(found=[1, 2]):
        raise KeyError("mine")
    assert whole("value") == "value"


def test_graphs_are_kept_for_a_generator_and_die_with_it():
    """Drawing in one piece, in tiles, and measuring how large a piece can be: nothing keeps the generator."""
    picture = keras.Input((None, None, 3))
    generator = keras.Model(picture, keras.layers.Conv2D(3, 3, padding="same")(picture))
    source = scene(0, 270, 270)
    painted(generator, source, tile=256)
    graphs = Graphs.of(generator)
    assert Graphs.of(generator) is graphs
    assert graphs.side >= 256
    for size in range(16, 16 + 2 * KEPT):
        painted(generator, source[:size, :size])
    for seed in range(2 * KEPT):
        painted(generator, source[:16, :16], seed=seed)
    assert len(graphs._kept) == KEPT
    dead = weakref.ref(generator)
    del generator, picture
    gc.collect()
    assert dead() is None


@pytest.mark.parametrize("name", ["gated", "brush"])
def test_generators_that_are_built_alike_share_graphs_and_draw_as_with_their_own(name):
    options = {"styles": 2} if name == "gated" else {"length": 1}
    first, second, own = (built(name, **options, filters=2, blocks=1) for _ in range(3))
    style = [np.float32([1, 0])] if name == "gated" else None
    for variable in second.weights:
        variable.assign(0.8 * variable)
    own.set_weights(second.get_weights())
    Graphs.of(first).share(second)
    painters = [Painter(each, Fusion.of(style, None, 0.5), seed=3) for each in (first, second, own)]
    source = scene(0, 20, 24)
    mine, shared, expected = (painter.paint(source) for painter in painters)
    np.testing.assert_array_equal(shared, expected)
    assert np.abs(shared - mine).max() > 0.01
    (graph,) = Graphs.of(second)._kept.values()
    assert graph.experimental_get_tracing_count() == 1
    second.set_weights(first.get_weights())  # what a graph has seen once is not kept
    np.testing.assert_array_equal(painters[1].paint(source), mine)


def test_graphs_live_as_long_as_a_generator_that_shares_them():
    first, second = (built("resnet", filters=2, blocks=1) for _ in range(2))
    Graphs.of(first).share(second)
    dead = [weakref.ref(first), weakref.ref(second)]
    del first
    gc.collect()
    assert painted(second, scene(0, 16, 16)).shape == (16, 16, 3)
    del second
    for _ in range(2):  # one for each of them
        gc.collect()
    assert [each() for each in dead] == [None, None]


def test_threads_share_a_generator():
    picture = keras.Input((None, None, 3))
    generator = keras.Model(picture, keras.layers.Conv2D(3, 3, padding="same")(picture))
    pictures = [scene(0, side, side) for side in range(16, 16 + 2 * KEPT)] * 2
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda each: painted(generator, each), pictures))
    for found, each in zip(drawn, pictures, strict=True):
        np.testing.assert_array_equal(found, painted(generator, each))


@pytest.mark.parametrize("name", ["gated", "munit"])
def test_a_generator_that_has_drawn_can_be_forgotten(name):
    generator = built(name, **({"styles": 2} if name == "gated" else {"mlp": 4}), filters=2, blocks=1)
    style = np.float32([1, 0]) if name == "gated" else scene(1, 24, 24)
    painted(generator, scene(0, 20, 20), [style], strength=0.5)
    dead = weakref.ref(generator)
    del generator
    gc.collect()
    assert dead() is None


def test_a_generator_of_one_style_takes_neither_several_nor_masks(generator):
    for fusion in (Fusion.of(["a", "b"]), Fusion.of(None, [("a", np.ones((4, 4)))])):
        with pytest.raises(BadOptions, match="takes one style at a time, everywhere the same"):
            Painter(generator, fusion)


@pytest.mark.parametrize("kind", ["dropout", "batch"])
def test_a_picture_is_the_same_twice_with_dropout_and_batch_normalisation(kind):
    options = {"norm": "batch"} if kind == "batch" else {"dropout": 0.5}
    generator = built("unet", downs=5, filters=4, **options)
    picture = scene(0, 64, 64)
    before = [np.array(weight) for weight in generator.weights]
    np.testing.assert_array_equal(painted(generator, picture), painted(generator, picture))
    for weight, value in zip(generator.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_alpha_is_kept_and_what_is_hidden_is_drawn_as_white(generator):
    image = Image.new("RGBA", (20, 16), (10, 200, 255, 128))
    image.putpixel((0, 0), (10, 20, 30, 0))
    drawn = Painter(generator).paint(image)
    assert drawn.mode == "RGBA"
    assert drawn.getpixel((5, 5)) == (245, 55, 0, 128)
    assert drawn.getpixel((0, 0))[3] == 0


# Broader strokes


def resized(levels, height, width):
    return np.asarray(Image.fromarray(levels).resize((width, height), Image.Resampling.LANCZOS))


def test_a_broad_stroke_is_drawn_small_enlarged_and_drawn_again(generator):
    levels = np.random.default_rng(0).integers(0, 256, (48, 65, 3), dtype="uint8")
    expected = 255 - resized(255 - resized(levels, 24, 32), 48, 65)  # the generator inverts
    drawn = Painter(generator, stroke=2).paint(Image.fromarray(levels))
    np.testing.assert_allclose(drawn, expected, atol=1)
    array = Painter(generator, stroke=2).paint(levels)
    assert array.dtype == np.float32
    np.testing.assert_allclose(array, expected / 127.5 - 1, atol=0.02)


@pytest.mark.parametrize("strength", [0, 0.5])
def test_a_broad_stroke_of_less_strength_begins_with_more_of_the_picture(generator, strength):
    picture = np.random.default_rng(0).uniform(-1, 1, (32, 32, 3)).astype("float32")
    drawn = Painter(generator, Fusion(strength=strength), stroke=2).paint(picture)
    coarse = arrays.resized(arrays.resized(picture, 16, 16), 32, 32)
    sketch = (1 - 2 * strength) * coarse
    begun = picture + strength * (sketch - picture)
    np.testing.assert_allclose(drawn, (1 - 2 * strength) * begun, atol=0.03)


def test_a_broad_stroke_keeps_the_colours_of_the_picture_itself(generator):
    levels = np.random.default_rng(0).integers(60, 196, (32, 32, 3), dtype="uint8")
    picture, plain = levels / 127.5 - 1, Painter(generator, stroke=2).paint(levels)
    expected = luminance.with_light(picture.astype("float32"), luminance.light(plain))
    np.testing.assert_allclose(Painter(generator, keep_colour=True, stroke=2).paint(levels), expected, atol=0.02)


def test_a_film_of_broad_strokes_has_frames_of_one_size(generator):
    frames = np.random.default_rng(0).integers(0, 256, (2, 32, 40, 3), dtype="uint8")
    painter = Painter(generator, steady=True, stroke=2)
    for frame in frames:
        np.testing.assert_allclose(painter.paint(frame), Painter(generator, stroke=2).paint(frame), atol=1e-6)
    with pytest.raises(BadPicture, match="A frame has 40 x 30 pixels, the first had 40 x 32: a steady painter"):
        painter.paint(frames[0, :30])


def test_a_broad_stroke_leaves_places_without_a_style_as_they_are(fusing):
    generator, one, _ = fusing
    picture = scene(0, 48, 96)
    mask = np.zeros((48, 96))
    mask[:, :40] = 1
    drawn = Painter(generator, Fusion.of([one], [(one, mask)]), stroke=2).paint(picture)
    np.testing.assert_allclose(drawn[:, 56:], picture[:, 56:], atol=0.03)
    assert np.abs(drawn[:, :40] - picture[:, :40]).mean() > 0.05


@pytest.mark.parametrize(("height", "stroke"), [(60, 1), (1151, 1), (1152, 1.5)])
def test_strokes_of_a_generator_with_a_map_of_noise_are_in_proportion_to_a_large_picture(height, stroke):
    """Of small pictures as trained; a network without strokes draws all pictures once."""
    picture, noise = keras.Input((None, None, 3), name="source"), keras.Input((None, None, 1), name="noise")
    strokes = keras.Model([picture, noise], keras.layers.Add()([0.5 * picture, 0.1 * noise]))
    levels = arrays.levels(arrays.resized(scene(0, 60, 80), height, 1170))
    drawn = Painter(strokes, tile=0).paint(levels)
    np.testing.assert_array_equal(drawn, Painter(strokes, tile=0, stroke=stroke).paint(levels))
    plain = keras.Model(picture, 0.5 * picture)
    np.testing.assert_array_equal(Painter(plain).paint(levels), Painter(plain, stroke=1).paint(levels))


def test_strokes_in_proportion_take_little_memory():
    """The large picture stays one of levels: floats of all of it would take four times as much, several times."""
    picture, noise = keras.Input((None, None, 3), name="source"), keras.Input((None, None, 1), name="noise")
    strokes = keras.Model([picture, noise], keras.layers.Add()([0.5 * picture, 0.1 * noise]))
    photo = Image.fromarray(arrays.levels(arrays.resized(scene(0, 60, 80), 1500, 1600)))
    painter = Painter(strokes, tile=256)
    painter.paint(photo.resize((300, 300)))  # what TensorFlow keeps
    tracemalloc.start()
    painter.paint(photo)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 35 * 1500 * 1600


@pytest.mark.parametrize("stroke", [0, 0.5, 9, float("nan"), "2"])
def test_a_stroke_that_cannot_be_is_refused(generator, stroke):
    with pytest.raises(BadOptions, match="it must be a number from 1, as trained, to 8 times as broad"):
        Painter(generator, stroke=stroke)
