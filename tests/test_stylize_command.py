"""`stylezoo stylize` takes any picture, folder or animation, one style or several, and never loses what was there."""

import errno
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw, ImageFont

import stylezoo
from stylezoo.cli import main, redrawing, terminal
from stylezoo.errors import BadOptions
from stylezoo.files import atomic
from stylezoo.gan import GAN
from stylezoo.pictures import animation, arrays
from stylezoo.recipe import Recipe
from stylezoo.runs import loading

pytestmark = pytest.mark.usefixtures("read_once")

STYLES = ("monet", "song", "degas")
SMALL = {"image_size": 32, "load_size": 36}
EXIF_ORIENTATION = 0x0112
GAP, BAND = 6, 22  # pixels between the pictures of a sheet, and for the words above them


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A model of one style whose generator normalises by instance, with random weights that draw strongly."""
    file = tmp_path_factory.mktemp("plain") / "model.keras"
    parts = {"generator": "resnet:filters=4,blocks=1,init=kaiming", "discriminators": "patch:filters=2,layers=1"}
    GAN(Recipe.named("transfer", seed=1, **parts, **SMALL)).save(file)
    return file


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """A model of three styles by name, likewise."""
    file = tmp_path_factory.mktemp("several") / "model.keras"
    parts = {"generator": "gated:filters=4,blocks=1", "discriminators": "gated:filters=2,layers=1", "pool": 0}
    model = GAN(Recipe.named("gated", data=f"named-styles:names={list(STYLES)}", seed=1, **parts, **SMALL))
    for variable in model.generator.layers[-2].weights:  # of the last convolution, else all pictures are nearly grey
        variable.assign(8 * variable)
    model.save(file)
    return file


def run(*words, **options):
    return CliRunner().invoke(main, ["stylize", *map(str, words)], prog_name="stylezoo", **options)


def drawn(*words, **options):
    """What the command gave, when all went well."""
    done = run(*words, **options)
    assert (done.exit_code, done.exception) == (0, None), done.output
    return done


def smooth(width, height, seed=0):
    """Colours that change softly from place to place, and so that no two sides are alike."""
    few = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype="uint8")
    return Image.fromarray(few).resize((width, height), Image.Resampling.BICUBIC)


def picture(path, width=40, height=32, seed=0, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    smooth(width, height, seed).save(path, **options)
    return path


def pixels(file, mode="RGB"):
    with Image.open(file) as image:
        assert image.mode == mode
        return np.asarray(image).astype(int)


def format_and_size(file):
    with Image.open(file) as image:
        image.load()
        return image.format, image.size


# Folders


@pytest.fixture
def photos(tmp_path):
    for i, name in enumerate(("a.jpg", "in/b.png", "in/er/c.webp", "d.bmp")):
        picture(tmp_path / "photos" / name, 33 + i, 21 + i, seed=i)
    (tmp_path / "photos/notes.txt").write_text("no picture")
    return tmp_path / "photos"


def test_a_folder_is_redrawn_beside_itself(plain, photos, tmp_path):
    done = drawn(photos, "-m", plain)
    results = tmp_path / "photos-stylized"
    found = {str(p.relative_to(results)): format_and_size(p) for p in results.rglob("*") if p.is_file()}
    assert found == {
        "a.jpg": ("JPEG", (33, 21)),
        "in/b.png": ("PNG", (34, 22)),
        "in/er/c.webp": ("WEBP", (35, 23)),
        "d.bmp": ("BMP", (36, 24)),
    }
    assert sorted(done.stdout.splitlines()) == sorted(str(results / name) for name in found)
    assert done.stderr == ""
    np.testing.assert_array_equal(pixels(results / "in/b.png"), stylezoo.load_model(plain).stylize(photos / "in/b.png"))


def test_what_is_there_is_skipped_unless_it_shall_be_overwritten(plain, photos, tmp_path):
    drawn(photos, "-m", plain)
    kept = tmp_path / "photos-stylized/a.jpg"
    redrawn = kept.read_bytes()
    kept.write_bytes(b"mine")
    (tmp_path / "photos-stylized/d.bmp").unlink()
    done = drawn(photos, "-m", plain)
    results = tmp_path / "photos-stylized"
    assert done.stderr == (
        f"3 of 4 exist already in '{results}' and 2 more, perhaps in another style; --overwrite draws them again.\n"
    )
    assert done.stdout == f"{tmp_path / 'photos-stylized/d.bmp'}\n"
    assert kept.read_bytes() == b"mine"
    done = drawn(photos, "-m", plain)
    assert (done.stdout, done.stderr[:7]) == ("", "4 of 4 ")
    done = drawn(photos, "-m", plain, "--overwrite")
    assert (len(done.stdout.splitlines()), done.stderr) == (4, "")
    assert kept.read_bytes() == redrawn


def test_pictures_that_the_look_is_made_of_are_not_overwritten(several, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mask = half_mask(tmp_path / "m.png", 33, 21)
    style = picture(tmp_path / "style.png")
    before = {path: path.read_bytes() for path in (mask, style)}
    for words in (["--mask", "m.png=monet", "-o", "m.png"], ["--style", style, "-o", "style.png"]):
        done = run("photos/a.jpg", "-m", several, *words)
        assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
        assert f"would take the place of the picture '{tmp_path / words[-1]}'" in done.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_a_picture_that_is_named_and_in_a_named_folder_is_refused(plain, photos, tmp_path):
    done = run(photos / "a.jpg", photos, "-m", plain)
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert "would be drawn twice" in done.stderr
    assert list(tmp_path.iterdir()) == [photos]


def test_a_name_that_no_file_can_have_is_one_line(several, tmp_path):
    long, source = tmp_path / f"{'a' * 300}.png", picture(tmp_path / "a.png")
    done = run(long, source, "-m", several)
    first, last = done.stderr.splitlines()
    assert (done.exit_code, last) == (1, f"1 of 2 failed: {long}")
    assert first == f"Error: There is no file '{long}'."
    assert done.stdout == f"{tmp_path / 'a-stylized.png'}\n"
    done = run(source, "-m", several, "--overwrite", "--mask", f"{long}=monet")
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert f"There is no file '{long}'." in done.stderr


@pytest.mark.parametrize("named", [True, False])
def test_the_result_of_a_picture_is_replaced_only_if_that_is_said(named, plain, tmp_path):
    source = picture(tmp_path / "a.png")
    target = tmp_path / ("mine.png" if named else "a-stylized.png")
    target.write_bytes(b"old")
    words = [source, "-m", plain, *(["-o", target] if named else [])]
    done = run(*words)
    assert (done.exit_code, target.read_bytes()) == (2, b"old")
    assert done.stderr == f"Error: '{target}' exists already; --overwrite replaces it, -o names another file.\n"
    assert drawn(*words, "--overwrite").stderr == ""
    assert format_and_size(target) == ("PNG", (40, 32))


def test_of_several_named_pictures_those_that_are_there_are_skipped(plain, tmp_path):
    sources = [picture(tmp_path / name) for name in ("a.png", "b.png")]
    (tmp_path / "a-stylized.png").write_bytes(b"old")
    done = drawn(*sources, "-m", plain, "--strength", 0)
    assert done.stderr.startswith(f"1 of 2 exist already in '{tmp_path}', perhaps in another style; --overwrite")
    assert (tmp_path / "a-stylized.png").read_bytes() == b"old"
    assert format_and_size(tmp_path / "b-stylized.png") == ("PNG", (40, 32))


@pytest.mark.parametrize("there", [False, True])
def test_a_slash_at_the_end_means_a_folder(there, plain, tmp_path):
    source, folder = picture(tmp_path / "a.png"), tmp_path / "results-1.5"
    if there:
        folder.mkdir()
    drawn(source, "-m", plain, "-o", f"{folder}/", "--strength", 0)
    assert format_and_size(folder / "a-stylized.png") == ("PNG", (40, 32))


def test_results_inside_of_the_folder_are_not_drawn_again(plain, photos):
    drawn(photos, "-m", plain, "-o", photos / "done")
    done = drawn(photos, "-m", plain, "-o", photos / "done", "--overwrite")
    assert len(done.stdout.splitlines()) == 4
    assert not (photos / "done/done").exists()


def test_a_folder_of_all_sorts_is_drawn_and_what_is_left_out_is_said(plain, tmp_path):
    folder = tmp_path / "all"
    picture(folder / "x.png")
    picture(folder / "x.ico", 32, 32)
    picture(folder / ".Trash-0" / "old.png")
    picture(folder / "pages.tif", save_all=True, append_images=[smooth(8, 8)])
    (folder / "b.heic").write_bytes(b"\0\0\0\x18ftypheic")
    done = drawn(folder, "-m", plain, "--strength", 0)
    results = sorted(each.name for each in (tmp_path / "all-stylized").rglob("*"))
    assert results == ["pages.tif", "x.ico.png", "x.png"]
    assert done.stderr.splitlines() == [
        f"1 HEIC file is left out, such as '{folder}/b.heic'. 'pip install pillow-heif' (the extra 'heif') makes such "
        "files readable; or convert them to JPEG.",
        f"Pictures that differ in the suffix only keep it: the result of '{folder}/x.ico' is "
        f"'{folder}-stylized/x.ico.png'.",
        f"'{folder}/pages.tif' has 2 pages; the first is used.",
    ]


def test_frames_that_a_format_cannot_hold_are_said(plain, tmp_path):
    film = picture(tmp_path / "film.gif", save_all=True, append_images=[smooth(40, 32, 1)])
    done = drawn(film, "-m", plain, "-o", tmp_path / "still.jpg", "--strength", 0)
    assert done.stderr == (
        f"'{film}' has 2 frames; the first is used. Results that end in .gif, .png or .webp have all frames.\n"
    )


def test_one_bad_file_is_named_at_the_end_and_the_others_are_written(plain, photos, tmp_path):
    bad = photos / "b.jpg"
    bad.write_bytes((photos / "a.jpg").read_bytes()[:-300])
    done = run(photos, "-m", plain)
    assert done.exit_code == 1
    first, last = done.stderr.splitlines()
    assert first.startswith(f"Error: '{bad}' cannot be read: ")
    assert last == f"1 of 5 failed: {bad}"
    assert len(done.stdout.splitlines()) == 4
    results = sorted(p.name for p in (tmp_path / "photos-stylized").rglob("*") if p.is_file())
    assert results == ["a.jpg", "b.png", "c.webp", "d.bmp"]


@pytest.mark.parametrize("count", [1, 3])
def test_a_full_disk_stops_it_and_is_one_line(count, plain, tmp_path, monkeypatch):
    """The results are written into a device that is always full, so that the operating system refuses them."""
    begun = []

    class Full(atomic.written):
        def __enter__(self):
            begun.append(self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.temporary = self.path.with_name(f".full-{self.path.name}")
            self.temporary.symlink_to("/dev/full")
            return self.temporary

    monkeypatch.setattr(atomic, "written", Full)
    pictures = [picture(tmp_path / f"{i}.png", seed=i) for i in range(count)]
    done = run(*pictures, "-m", plain, "-o", tmp_path / "results")
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert begun == [tmp_path / "results/0-stylized.png"]
    (line,) = done.stderr.splitlines()
    assert os.strerror(errno.ENOSPC) in line
    assert "0-stylized.png" in line
    assert list((tmp_path / "results").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line(plain, tmp_path):
    (tmp_path / "results").write_text("a file")
    done = run(picture(tmp_path / "a.png"), "-m", plain, "-o", tmp_path / "results/in")
    assert (done.exit_code, type(done.exception), len(done.stderr.splitlines())) == (1, SystemExit, 1)


# Sizes and formats


def test_every_size_comes_back_exactly(plain, tmp_path):
    sizes = [(1, 1), (1, 50), (7, 9), (17, 33), (101, 31), (64, 64)]
    for i, size in enumerate(sizes):
        picture(tmp_path / f"photos/{i}.png", *size)
    drawn(tmp_path / "photos", "-m", plain)
    assert [format_and_size(tmp_path / f"photos-stylized/{i}.png")[1] for i in range(len(sizes))] == sizes


@pytest.mark.parametrize(("size", "expected"), [((37, 53), (20, 29)), ((53, 37), (29, 20)), ((8, 12), (20, 30))])
def test_size_is_that_of_the_shorter_side(size, expected, plain, tmp_path):
    drawn(picture(tmp_path / "a.jpg", *size), "-m", plain, "--size", 20)
    assert format_and_size(tmp_path / "a-stylized.png")[1] == expected


@pytest.mark.parametrize("words", ["--size 200000", "--sweep 2 --size 6000", "--sweep 25 --size 2000"])
def test_a_result_of_too_many_pixels_is_one_line(words, plain, tmp_path):
    done = run(picture(tmp_path / "a.png"), "-m", plain, *words.split())
    assert (done.exit_code, type(done.exception), len(done.stderr.splitlines())) == (1, SystemExit, 1)
    assert "up to 64 megapixels are possible, which is a shorter side of " in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_picture_that_memory_does_not_hold_is_one_line_and_the_others_are_written(plain, tmp_path, monkeypatch):
    def scaled(image, shorter):
        if image.width == 50:
            raise MemoryError
        return image

    monkeypatch.setattr(arrays, "scaled", scaled)
    large, small = picture(tmp_path / "large.png", 50, 40), picture(tmp_path / "small.png")
    done = run(large, small, "-m", plain, "--size", 30)
    assert done.stderr == (
        f"Error: There is not enough memory for '{large}'; take a smaller --size or --tile.\n1 of 2 failed: {large}\n"
    )
    assert (done.exit_code, done.stdout) == (1, f"{tmp_path / 'small-stylized.png'}\n")


@pytest.mark.parametrize(
    ("suffix", "form"),
    [(".jpg", "JPEG"), (".JPEG", "JPEG"), (".webp", "WEBP"), (".png", "PNG"), (".tif", "TIFF"), (".gif", "GIF")],
)
def test_suffix_says_the_format(suffix, form, plain, tmp_path):
    drawn(picture(tmp_path / "a.bmp"), "-m", plain, "-o", tmp_path / f"b{suffix}")
    assert format_and_size(tmp_path / f"b{suffix}") == (form, (40, 32))


@pytest.mark.parametrize("suffix", [".h5", ".docx"])
def test_suffix_of_no_picture_is_one_line_and_waits_for_no_model(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr(terminal, "import_keras", lambda: pytest.fail("TensorFlow was started."))
    done = run(picture(tmp_path / "a.png"), "-m", "runs/none", "-o", tmp_path / f"b{suffix}")
    assert (done.exit_code, type(done.exception), len(done.stderr.splitlines())) == (2, SystemExit, 1)
    assert f"Pictures cannot be written as '{suffix}'" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_transparency_is_kept_or_laid_on_white(plain, tmp_path):
    image = smooth(40, 32)
    alpha = np.zeros((32, 40), "uint8")
    alpha[:, 16:24], alpha[:, 24:] = 128, 255
    image.putalpha(Image.fromarray(alpha))
    image.save(tmp_path / "a.png")
    drawn(tmp_path / "a.png", "-m", plain, "-o", tmp_path / "b.png")
    drawn(tmp_path / "a.png", "-m", plain, "-o", tmp_path / "c.jpg")
    kept, laid = pixels(tmp_path / "b.png", "RGBA"), pixels(tmp_path / "c.jpg")
    np.testing.assert_array_equal(kept[..., 3], alpha)
    assert kept[:, 24:, :3].std() > 20  # something is drawn there
    expected = np.rint(kept[..., :3] * (alpha / 255)[..., None] + 255 * (1 - alpha / 255)[..., None])
    Image.fromarray(expected.astype("uint8")).save(tmp_path / "expected.jpg", quality=95)
    assert np.abs(laid - pixels(tmp_path / "expected.jpg")).mean() < 1
    assert laid[:, :8].min() > 245


@pytest.mark.parametrize("strength", [0, 1])
def test_a_picture_is_upright(strength, plain, tmp_path):
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6  # to be turned by 90 degrees to the right
    lying, upright = picture(tmp_path / "lying.png", exif=exif), tmp_path / "upright.png"
    Image.fromarray(np.rot90(np.asarray(smooth(40, 32)), -1)).save(upright)
    for file in (lying, upright):
        drawn(file, "-m", plain, "--strength", strength)
    one, other = (pixels(tmp_path / f"{name}-stylized.png") for name in ("lying", "upright"))
    assert one.shape == (40, 32, 3)
    np.testing.assert_array_equal(one, other)


def test_16_bits_of_grey_become_the_nearest_of_8_where_a_format_holds_no_more(plain, tmp_path):
    values = np.linspace(0, 65535, 40 * 32).reshape(32, 40).astype("uint16")
    Image.fromarray(values).save(tmp_path / "deep.png")
    drawn(tmp_path / "deep.png", "-m", plain, "--strength", 0, "-o", tmp_path / "plain.bmp")
    np.testing.assert_array_equal(pixels(tmp_path / "plain.bmp")[..., 1], np.rint(values / 257))


def test_cmyk_is_seen_as_on_paper(plain, tmp_path):
    inks = {(0, 255, 255, 0): (255, 0, 0), (255, 0, 0, 0): (0, 255, 255), (0, 0, 0, 255): (0, 0, 0)}
    image = Image.new("CMYK", (48, 32))
    for i, ink in enumerate(inks):
        image.paste(ink, (16 * i, 0, 16 * i + 16, 32))
    image.save(tmp_path / "a.jpg", quality=100, subsampling=0)
    drawn(tmp_path / "a.jpg", "-m", plain, "--strength", 0)
    seen = pixels(tmp_path / "a-stylized.png")
    for i, light in enumerate(inks.values()):
        assert np.abs(seen[4:-4, 16 * i + 4 : 16 * i + 12] - light).max() <= 6
    drawn(tmp_path / "a.jpg", "-m", plain, "--overwrite")
    assert format_and_size(tmp_path / "a-stylized.png") == ("PNG", (48, 32))


# Animations


DURATIONS = [50, 120, 30, 80, 70]
FAR = np.s_[:, 64:]  # of the scene below, farther from what changes than the generator sees at once


def blinking(side=12):
    """A scene of 96 x 48 pixels in which only the upper left corner changes."""
    frames = []
    for colour in ("white", "black", "red", "blue", "yellow"):
        frame = smooth(96, 48)
        frame.paste(colour, (0, 0, side, side))
        frames.append(frame)
    return frames


def film(path, frames, durations=DURATIONS):
    lossless = {"lossless": True} if path.suffix == ".webp" else {}
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0, **lossless)
    return path


def frames_of(path):
    """The frames and the durations of an animation, as Pillow reads them."""
    with Image.open(path) as image:
        frames, durations = [], []
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")).astype(int))
            durations.append(image.info["duration"])
        return np.array(frames), durations, image.format


@pytest.mark.long
@pytest.mark.parametrize("out", [None, "new.gif", "new.webp", "new.png"])
@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_an_animation_stays_one(name, out, plain, tmp_path):
    source = film(tmp_path / name, blinking())
    drawn(source, "-m", plain, *(["-o", tmp_path / out] if out else []))
    target = tmp_path / (out or name.replace(".", "-stylized."))
    frames, durations, form = frames_of(target)
    assert form == target.suffix[1:].upper()
    assert frames.shape == (5, 48, 96, 3)
    assert durations == DURATIONS
    assert np.abs(np.diff(frames[:, :12, :12], axis=0)).mean() > 5  # what changes goes on changing


def test_an_animation_is_scaled(plain, tmp_path):
    drawn(film(tmp_path / "a.gif", blinking()), "-m", plain, "--size", 24)
    assert frames_of(tmp_path / "a-stylized.gif")[0].shape == (5, 24, 48, 3)


def test_a_still_scene_stays_still(plain, tmp_path):
    source = tmp_path / "a.gif"
    film(tmp_path / "blinking.png", blinking())
    animation.opened(tmp_path / "blinking.png").save(iter(5 * blinking()[:1]), source)  # Pillow would make one of them
    assert frames_of(source)[1] == DURATIONS
    drawn(source, "-m", plain)
    frames, durations, _ = frames_of(tmp_path / "a-stylized.gif")
    assert (len(frames), durations) == (5, DURATIONS)
    assert np.abs(np.diff(frames, axis=0)).mean() == 0


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_what_changes_in_a_corner_changes_nothing_far_away(suffix, plain, tmp_path):
    source = film(tmp_path / "a.png", blinking())
    drawn(source, "-m", plain, "-o", tmp_path / f"b{suffix}")
    frames, *_ = frames_of(tmp_path / f"b{suffix}")
    assert np.abs(np.diff(frames[:, *FAR], axis=0)).mean() <= (0.3 if suffix == ".webp" else 0)  # WebP has losses
    assert frames[0][FAR].std() > 20


def test_without_steadiness_what_changes_in_a_corner_would_change_all(plain, tmp_path):
    """The test above can fail: drawn frame by frame, the means of the normalisation differ."""
    painter = stylezoo.load_model(plain).painter()
    shown = {}
    for steady in (False, True):
        each = replace(painter, steady=steady)
        shown[steady] = np.array([np.asarray(each.paint(frame)).astype(int)[FAR] for frame in blinking()])
    assert np.abs(np.diff(shown[False], axis=0)).mean() > 0.5
    assert np.abs(np.diff(shown[True], axis=0)).mean() == 0


def test_each_animation_of_a_folder_has_its_own_look(plain, tmp_path):
    """What is found out about one film does not hold for the next."""
    (tmp_path / "both").mkdir()
    film(tmp_path / "both/a.gif", blinking())
    other = [frame.point(lambda value: value // 3) for frame in blinking()]
    film(tmp_path / "both/b.gif", other)
    film(tmp_path / "alone.gif", other)
    drawn(tmp_path / "both", "-m", plain)
    drawn(tmp_path / "alone.gif", "-m", plain)
    np.testing.assert_array_equal(
        frames_of(tmp_path / "both-stylized/b.gif")[0], frames_of(tmp_path / "alone-stylized.gif")[0]
    )


def test_a_damaged_frame_is_told_and_nothing_is_written(plain, tmp_path):
    source = film(tmp_path / "a.gif", [smooth(96, 48, seed) for seed in range(5)])
    source.write_bytes(source.read_bytes()[:-2000])
    done = run(source, "-m", plain)
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    (line,) = done.stderr.splitlines()
    assert str(source) in line
    assert [p.name for p in tmp_path.iterdir()] == ["a.gif"]


# Several styles


@pytest.fixture
def source(tmp_path):
    return picture(tmp_path / "source.png")


def look(several, source, name, *words):
    """The bytes of a picture in a look."""
    target = source.with_name(f"{name}.png")
    drawn(source, "-m", several, "-o", target, "--overwrite", *words)
    return target.read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("monet=0.6 song=0.4", "Styles  monet 60%, song 40%\n"),
        ("monet=3 song=1", "Styles  monet 75%, song 25%\n"),
        ("monet song degas", "Styles  monet 33%, song 33%, degas 33%\n"),
        ("monet song monet monet", "Styles  monet 75%, song 25%\n"),
        ("monet monet", ""),
        ("song=7", ""),
        ("song", ""),
    ],
)
def test_shares_are_said(words, said, several, source):
    styles = [word for style in words.split() for word in ("--style", style)]
    assert drawn(source, "-m", several, *styles).stderr == said


def test_only_proportions_count(several, source):
    one = look(several, source, "one", "--style", "monet=0.6", "--style", "song=0.2")
    other = look(several, source, "other", "--style", "monet=3", "--style", "song=1")
    turned = look(several, source, "turned", "--style", "song=3", "--style", "monet=1")
    assert one == other != turned


def test_a_style_with_all_the_weight_is_the_style_alone(several, source):
    alone = look(several, source, "alone", "--style", "song")
    assert look(several, source, "all", "--style", "song=1", "--style", "monet=0") == alone
    assert look(several, source, "any", "--style", "degas=0", "--style", "song=0.3") == alone
    assert look(several, source, "half", "--style", "song=0.5", "--style", "monet=0.5") != alone


@pytest.mark.parametrize("model", ["plain", "several"])
def test_strength_leads_from_the_picture_to_the_style(model, source, request):
    model = request.getfixturevalue(model)
    full = look(model, source, "full")
    steps = []
    for strength in (0, 0.25, 0.5, 1):
        look(model, source, strength, "--strength", strength)
        steps.append(pixels(source.with_name(f"{strength}.png")))
    np.testing.assert_array_equal(steps[0], pixels(source))
    assert source.with_name("1.png").read_bytes() == full
    distances = [np.abs(step - steps[0]).mean() for step in steps]
    assert distances == sorted(distances)
    assert distances[1] > 1


def test_strength_that_is_laid_over_the_picture_is_said(plain, source):
    look(plain, source, "full")
    done = drawn(source, "-m", plain, "--strength", 0.25, "-o", source.with_name("quarter.png"))
    assert done.stderr == "The model cannot draw at less strength: its result is blended with the picture at 25%.\n"
    full, quarter = (pixels(source.with_name(f"{name}.png")) for name in ("full", "quarter"))
    assert np.abs(quarter - (0.75 * pixels(source) + 0.25 * full)).max() <= 1


def test_own_colours_are_kept(plain, source):
    look(plain, source, "kept", "--keep-colour")
    shown, given = pixels(source.with_name("kept.png")), pixels(source)
    inside = ((shown > 0) & (shown < 255)).all(axis=-1)  # nothing was cut off
    differences = np.diff(shown, axis=-1) - np.diff(given, axis=-1)
    assert inside.mean() > 0.3
    assert np.abs(differences[inside]).max() <= 1
    assert np.abs(shown - given).mean() > 5


def half_mask(path, width=160, height=48):
    """White at the left, black at the right."""
    mask = Image.new("L", (width, height))
    mask.paste(255, (0, 0, width // 2, height))
    mask.save(path)
    return path


def test_a_mask_says_where_a_style_is(several, tmp_path):
    source, mask = picture(tmp_path / "source.png", 160, 48), half_mask(tmp_path / "mask.png")
    look(several, source, "both", "--style", "monet", "--mask", f"{mask}=song")
    for name in ("monet", "song"):
        look(several, source, name, "--style", name)
    both, monet, song = (pixels(tmp_path / f"{name}.png") for name in ("both", "monet", "song"))
    left, right = np.s_[:, :40], np.s_[:, 120:]
    assert np.abs(both - song)[left].mean() < np.abs(both - monet)[left].mean() / 3
    assert np.abs(both - monet)[right].mean() < np.abs(both - song)[right].mean() / 3


def test_where_no_mask_is_the_picture_stays(several, tmp_path):
    source, mask = picture(tmp_path / "source.png", 160, 48), half_mask(tmp_path / "mask=1.png")
    look(several, source, "masked", "--mask", f"{mask}=song")
    look(several, source, "song", "--style", "song")
    masked, song, given = pixels(tmp_path / "masked.png"), pixels(tmp_path / "song.png"), pixels(source)
    assert np.abs(masked - song)[:, :40].mean() < np.abs(given - song)[:, :40].mean() / 3
    np.testing.assert_array_equal(masked[:, 120:], given[:, 120:])


def test_a_white_mask_is_the_style_and_a_black_one_the_picture(several, source, tmp_path):
    for name in ("white", "black"):
        Image.new("L", (80, 64), name).save(tmp_path / f"{name}-mask.png")
        look(several, source, name, "--mask", f"{tmp_path / name}-mask.png=song")
    look(several, source, "song", "--style", "song")
    assert np.abs(pixels(tmp_path / "white.png") - pixels(tmp_path / "song.png")).max() <= 1
    np.testing.assert_array_equal(pixels(tmp_path / "black.png"), pixels(source))


# Sheets


def cells(sheet, columns, rows, width, height):
    """The pictures of a sheet, row by row, and the bands of words above them."""
    assert sheet.shape == (rows * (BAND + height + GAP), GAP + columns * (width + GAP), 3)
    shown, words = [], []
    for row in range(rows):
        top = BAND + row * (BAND + height + GAP)
        lefts = [GAP + column * (width + GAP) for column in range(columns)]
        shown.append([sheet[top : top + height, left : left + width] for left in lefts])
        words.append([sheet[top - BAND : top, left : left + width] for left in lefts])
    return shown, words


def written_band(text, width):
    """A band with these words in its middle."""
    band = Image.new("RGB", (width, BAND), "white")
    ImageDraw.Draw(band).text((width // 2, BAND // 2), text, "black", ImageFont.load_default(14), anchor="mm")
    return np.asarray(band)


@pytest.fixture
def wide(tmp_path):
    """A picture that is wide enough for the words above it."""
    return picture(tmp_path / "wide.png", 72, 40)


def test_a_sweep_between_two_styles_is_a_strip(several, wide, tmp_path):
    drawn(wide, "-m", several, "--style", "monet", "--style", "song", "--sweep", 5)
    (shown,), (words,) = cells(pixels(tmp_path / "wide-stylized.png"), 5, 1, 72, 40)
    for step, told in enumerate(["monet", "75 : 25", "50 : 50", "25 : 75", "song"]):
        mixture = ["--style", f"monet={4 - step}", "--style", f"song={step}"]
        look(several, wide, step, *mixture)
        np.testing.assert_array_equal(shown[step], pixels(tmp_path / f"{step}.png"))
        np.testing.assert_array_equal(words[step], written_band(told, 72))


def test_a_sweep_of_three_styles_has_one_at_each_corner(several, wide, tmp_path):
    three = [word for style in STYLES for word in ("--style", style)]
    drawn(wide, "-m", several, *three, "--sweep", 3, "-o", tmp_path / "sheet.png")
    shown, words = cells(pixels(tmp_path / "sheet.png"), 3, 3, 72, 40)
    for style, row, column in (("monet", 0, 0), ("song", 0, 2), ("degas", 2, 0)):
        look(several, wide, style, "--style", style)
        np.testing.assert_array_equal(shown[row][column], pixels(tmp_path / f"{style}.png"))
        np.testing.assert_array_equal(words[row][column], written_band(style, 72))
    look(several, wide, "all", *three)
    assert np.abs(shown[2][2] - pixels(tmp_path / "all.png")).max() <= 1
    np.testing.assert_array_equal(words[2][2], written_band("33 : 33 : 33", 72))
    np.testing.assert_array_equal(words[0][1], written_band("50 : 50 : 0", 72))


@pytest.mark.parametrize("model", ["plain", "several"])
def test_a_sweep_of_one_style_goes_from_the_picture_to_it(model, wide, tmp_path, request):
    model = request.getfixturevalue(model)
    drawn(wide, "-m", model, "--sweep", 3, "-o", tmp_path / "sheet.png")
    (shown,), (words,) = cells(pixels(tmp_path / "sheet.png"), 3, 1, 72, 40)
    look(model, wide, "full")
    np.testing.assert_array_equal(shown[0], pixels(wide))
    np.testing.assert_array_equal(shown[2], pixels(tmp_path / "full.png"))
    for band, told in zip(words, ("0%", "50%", "100%"), strict=True):
        np.testing.assert_array_equal(band, written_band(told, 72))


def test_pictures_of_a_sheet_are_small_unless_a_size_is_named(plain, tmp_path):
    source = picture(tmp_path / "a.jpg", 500, 400)
    drawn(source, "-m", plain, "--sweep", 2)
    cells(pixels(tmp_path / "a-stylized.png"), 2, 1, 480, 384)
    drawn(source, "-m", plain, "--sweep", 2, "--size", 40, "--overwrite")
    cells(pixels(tmp_path / "a-stylized.png"), 2, 1, 50, 40)


# Weights of siblings


@pytest.fixture(scope="module")
def sibling(plain, tmp_path_factory):
    """A model that went on from `plain`: of the same line, with other weights."""
    folder = tmp_path_factory.mktemp("sibling")
    source, style = picture(folder / "source.png"), picture(folder / "style.png", seed=5)
    stylezoo.train(None, source, style, folder / "run", start_from=plain, steps=2, **{"optimizer.learning_rate": 0.01})
    return folder / "run"


@pytest.mark.long
def test_siblings_are_mixed_without_a_model(plain, sibling, wide, tmp_path):
    def mixed(name, *styles):
        words = [word for style in styles for word in ("--style", style)]
        done = drawn(wide, *words, "-o", tmp_path / name)
        return done, pixels(tmp_path / name)

    done, half = mixed("half.png", f"{plain}=0.5", f"{sibling}=0.5")
    assert done.stderr == f"Styles  {plain} 50%, {sibling} 50%\n"
    _, one = mixed("one.png", f"{plain}=1", f"{sibling}=0")
    _, other = mixed("other.png", f"{plain}=0", f"{sibling}=2")
    for model, ours in ((plain, one), (sibling, other)):
        look(model, wide, "alone")
        np.testing.assert_array_equal(ours, pixels(tmp_path / "alone.png"))
    expected = stylezoo.interpolate({plain: 1, sibling: 1}).stylize(wide)
    np.testing.assert_array_equal(half, expected)
    assert np.abs(half - one).mean() > 0.5
    assert np.abs(half - other).mean() > 0.5


def test_a_sweep_between_siblings_ends_in_them(plain, sibling, wide, tmp_path):
    drawn(wide, "--style", plain, "--style", sibling, "--sweep", 3)
    (shown,), (words,) = cells(pixels(tmp_path / "wide-stylized.png"), 3, 1, 72, 40)
    for cell, model in ((shown[0], plain), (shown[2], sibling)):
        look(model, wide, "alone")
        np.testing.assert_array_equal(cell, pixels(tmp_path / "alone.png"))
    np.testing.assert_array_equal(words[1], written_band("50 : 50", 72))
    np.testing.assert_array_equal(words[2], written_band("run", 72))


def test_a_run_with_itself_is_the_run(plain, wide, tmp_path):
    drawn(wide, "--style", f"{plain}=0.3", "--style", f"{plain}=0.4", "-o", tmp_path / "twice.png")
    assert look(plain, wide, "once") == (tmp_path / "twice.png").read_bytes()


@pytest.mark.parametrize(
    "said", ["0, in one piece, or 256 and more", "NAME-stylized.png (a film, GIF or WebP stays one)"]
)
def test_help_says_what_is_possible(said):
    assert said in " ".join(drawn("--help", terminal_width=200).stdout.split())


# What makes no sense


def test_a_picture_as_style_without_a_model_is_answered_with_the_commands_that_do_it(wide, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for style in (picture(tmp_path / "my painting.jpg"), picture(tmp_path / "monet/1.jpg").parent):
        done = run(wide, "--style", style)
        folder = shlex.quote(f"runs/{style.stem}")
        train = f"stylezoo train --source {wide} --style {shlex.quote(str(style))} -o {folder}"
        assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
        assert done.stderr.endswith(f": {train} && stylezoo stylize {wide} --model {folder}\n")


HINT = " The style of a model of several, or a picture as a style, needs --model.\n"


def test_a_style_that_nobody_has_is_told_with_those_that_are_there(wide):
    done = run(wide, "--style", "monet")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: 'monet' is no model: ")
    assert f" Ready-made styles: {', '.join(stylezoo.list_styles())}. " in done.stderr
    assert done.stderr.endswith(HINT)


@pytest.mark.parametrize("words", [[], ["--sweep", "3"]])
def test_a_model_that_needs_a_picture_and_is_taken_for_a_style_says_how_to_name_both(words, plain, wide, monkeypatch):
    class Needy:
        def painter(self, **look):
            raise BadOptions("This model takes its style from a picture.")

    monkeypatch.setattr(loading, "remembered", lambda file: Needy())
    done = run(wide, "--style", plain, *words)
    assert (done.exit_code, done.stderr) == (2, f"Error: This model takes its style from a picture.{HINT}")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("--mask gone.png=song", 1, "There is no file 'gone.png'"),
        ("--mask broken.png=song", 1, "'broken.png' is not a picture that Pillow can read"),
        ("--mask square.png=song", 1, "30 x 30 pixels, other proportions than the picture's 40 x 32"),
        ("--mask square.png=manet", 2, "no style 'manet'. Did you mean 'monet'?"),
        ("--mask fine.png=song --mask fine.png=song", 2, "'song' has two masks"),
        ("--style manet", 2, "no style 'manet'. Did you mean 'monet'? It has: monet, song, degas."),
        ("--style manet=1 --style song=1", 2, "no style 'manet'. Did you mean 'monet'?"),
        ("--style monet=-1 --style song=2", 2, "The weight of 'monet' is -1.0; it must be 0 or more"),
        ("--style monet=nan --style song=2", 2, "The weight of 'monet' is nan"),
        ("--style monet=0 --style song=0", 2, "All styles have the weight 0"),
        ("--style monet --style song=0.5", 2, "Give each --style a weight, or none of them"),
        ("--style monet --style monet --style song --style degas --style song --sweep 3", 2, "there are 5"),
        ("--style monet --style song --sweep 1", 2, "1 is not in the range"),
        ("--size 15", 2, "15 is not in the range"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(words, code, said, several, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture(tmp_path / "a.png")
    Path("broken.png").write_text("no picture")
    for name, size in (("square.png", (30, 30)), ("fine.png", (20, 16))):
        Image.new("L", size, "white").save(name)
    before = sorted(tmp_path.iterdir())
    done = run("a.png", "-m", several, *words.split())
    assert (done.exit_code, type(done.exception)) == (code, SystemExit)
    *usage, line = done.stderr.splitlines()
    assert said in line
    assert not [each for each in usage if not re.match("Usage: |Try |$", each)]  # click's own lines go before
    assert sorted(tmp_path.iterdir()) == before


def test_a_model_of_one_style_has_none_by_name(plain, source):
    done = run(source, "-m", plain, "--style", "monet")
    assert (done.exit_code, done.stderr) == (2, "Error: This model has no style 'monet'. It has one style only.\n")


def test_a_model_of_one_style_takes_no_mask(plain, source, tmp_path):
    done = run(source, "-m", plain, "--mask", f"{half_mask(tmp_path / 'mask.png')}=monet")
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)


def test_what_failed_is_told_when_it_is_stopped(plain, tmp_path, monkeypatch):
    def interrupted(painter, size, picture, target, progress):
        if picture.name == "c.png":
            raise KeyboardInterrupt
        return draw(painter, size, picture, target, progress)

    draw = redrawing.draw_picture
    monkeypatch.setattr(redrawing, "draw_picture", interrupted)
    bad = tmp_path / "a.png"
    bad.write_text("no picture")
    done = run(bad, *(picture(tmp_path / name) for name in ("b.png", "c.png", "d.png")), "-m", plain)
    assert (done.exit_code, done.stdout) == (130, f"{tmp_path / 'b-stylized.png'}\n")
    assert done.stderr == (
        f"\nError: '{bad}' is not a picture that Pillow can read.\nStopped after 2 of 4; what is written stays.\n"
    )


def test_ctrl_c_between_two_pictures_is_like_ctrl_c_within_one(plain, tmp_path, monkeypatch):
    def interrupted(text="", err=False, **style):
        say(text, err, **style)
        if not err:
            raise KeyboardInterrupt

    say = redrawing.terminal.say
    monkeypatch.setattr(redrawing.terminal, "say", interrupted)
    done = run(*(picture(tmp_path / name) for name in ("a.png", "b.png")), "-m", plain)
    assert (done.exit_code, done.stdout) == (130, f"{tmp_path / 'a-stylized.png'}\n")
    assert done.stderr == "\nStopped after 1 of 2; what is written stays.\n"


# Processes of their own


@pytest.mark.long
def test_ctrl_c_leaves_whole_results_and_the_same_command_goes_on(plain, tmp_path):
    count = 40  # more than are drawn before the signal arrives
    for i in range(count):
        picture(tmp_path / f"photos/{i:02}.jpg", 600, 450, seed=i)
    words, results = [tmp_path / "photos", "-m", plain, "--tile", 256], tmp_path / "photos-stylized"
    command = [sys.executable, "-m", "stylezoo", "stylize", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = process.stdout.readline()  # only then is the result complete: written, and named
    process.send_signal(signal.SIGINT)
    rest, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    there = {path: path.stat().st_mtime_ns for path in sorted(results.iterdir())}  # hidden ones as well
    assert 1 <= len(there) < count
    assert (first + rest).split() == [str(path) for path in there]
    assert told == f"\nStopped after {len(there)} of {count}; what is written stays.\n"
    assert [format_and_size(path) for path in there] == [("JPEG", (600, 450))] * len(there)
    done = drawn(*words)
    assert done.stderr == (
        f"{len(there)} of {count} exist already in '{results}', perhaps in another style; "
        "--overwrite draws them again.\n"
    )
    assert len(done.stdout.splitlines()) == count - len(there)
    assert [path.name for path in sorted(results.iterdir())] == [f"{i:02}.jpg" for i in range(count)]
    assert {path: path.stat().st_mtime_ns for path in there} == there


@pytest.mark.long
def test_a_picture_of_20_megapixels_takes_a_gigabyte_more_than_tensorflow_or_less(plain, tmp_path):
    """As one of 48 takes less than 3: tiles are as large in any picture, and each further pixel takes some bytes."""
    source, target = picture(tmp_path / "large.jpg", 5000, 4000), tmp_path / "result.jpg"
    command = [sys.executable, "-m", "stylezoo", "stylize", source, "-m", plain, "-o", target]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert format_and_size(target) == ("JPEG", (5000, 4000))
    assert usage.ru_maxrss < 1.8 * 2**20  # in KiB; TensorFlow alone takes 0.7, and it would be 2.5 in one piece
