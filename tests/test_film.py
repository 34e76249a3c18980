"""Films go through frame by frame: nothing of their times, sound, turn and colours is lost, and they do not flicker."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import av
import keras
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from stylezoo.cli import main
from stylezoo.drawing import films as drawn_films
from stylezoo.drawing.facts import Facts, pooled
from stylezoo.drawing.fusion import Fusion
from stylezoo.drawing.joining import JoinedPainter
from stylezoo.drawing.painter import Painter
from stylezoo.errors import BadOptions, BadPicture, MissingExtra
from stylezoo.gan import GAN
from stylezoo.pictures import animation, film_writing, films, luminance, samples
from stylezoo.recipe import Recipe
from stylezoo.scene import Scene, moments
from tests.benchmarks.flicker import Clip, flicker, panned, sharpness

TICK = Fraction(1, 90000)
UNEVEN = [9000, 12003, 15006, 21006, 22506, 112506, 115509, 118512]  # ticks
RED = (200, 60, 30)
SPACES = {"bt709": 1, "bt601": 5}


def encoder(output, size, codec="libx264", form="yuv420p", tick=TICK):
    stream = output.add_stream(codec, rate=25, options={"crf": "8"} if codec == "libx264" else {})
    stream.width, stream.height, stream.pix_fmt = *size, form
    stream.time_base = stream.codec_context.time_base = tick
    return stream


def with_sound(output, codec):
    stream = output.add_stream(codec, rate=48000)
    stream.layout = "mono"
    return stream


def sound(output, stream):
    """Half a second of noise."""
    samples = np.random.default_rng(0).normal(0, 0.1, (1, 24000)).astype("float32")
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
    fitting = av.AudioResampler(stream.codec_context.format, "mono", 48000, stream.codec_context.frame_size or 1024)
    for each in [*fitting.resample(frame), *fitting.resample(None)]:
        output.mux(stream.encode(each))
    output.mux(stream.encode())


def clip(path, frames, times=None, codec=None, audio=None, turn=None, form="yuv420p", space=None, span=None, tick=TICK):
    """A film as a camera writes it, with frames that are coded from later ones."""
    codec = codec or ("libvpx-vp9" if path.suffix == ".webm" else "libx264")
    with av.open(str(path), "w") as output:
        stream = encoder(output, frames[0].size, codec, form, tick)
        if turn:
            stream.set_display_rotation(turn)
        if space:
            stream.codec_context.colorspace, stream.codec_context.color_range = space, span
        heard = with_sound(output, audio) if audio else None
        for image, pts in zip(frames, times or range(0, 3600 * len(frames), 3600), strict=True):
            given = {"dst_colorspace": space, "src_color_range": 2, "dst_color_range": span} if space else {}
            frame = av.VideoFrame.from_image(image).reformat(format=form, **given)
            if space:
                frame.colorspace, frame.color_range = space, span
            frame.pts, frame.time_base = pts, tick
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
        if heard:
            sound(output, heard)
    return path


def photo(width=96, height=64, seed=0):
    few = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype="uint8")
    return Image.fromarray(few).resize((width, height), Image.Resampling.BICUBIC)


def greys(count, size=(96, 64)):
    return [Image.new("RGB", size, (20 + 10 * i % 200,) * 3) for i in range(count)]


def moments_of(film):
    return [film.tick * each for each in film.times]


def packets(film):
    with film.sounds() as (_, found):
        return [bytes(each) for each in found if each.size]


def copied(source, target):
    """A film whose frames are those of another."""
    film = films.opened(source)
    film.save(iter(film), target)
    return film, films.opened(target)


# Reading and writing


@pytest.mark.parametrize(
    ("source", "audio", "target"),
    [
        ("a.mp4", "aac", "b.mp4"),
        ("a.mp4", "aac", "b.mov"),
        ("a.mov", "pcm_s16le", "b.mov"),
        ("a.webm", "libopus", "b.webm"),
        ("a.webm", "libopus", "b.mp4"),
        ("a.mkv", "flac", "b.mkv"),
    ],
)
def test_every_frame_keeps_its_time_and_the_sound_is_the_same(source, audio, target, tmp_path):
    clip(tmp_path / source, greys(8), UNEVEN, audio=audio)
    before, after = copied(tmp_path / source, tmp_path / target)
    assert len(before) == len(after) == 8
    assert moments_of(before) == moments_of(after)
    if before.tick == TICK:
        assert before.times[:-1] == UNEVEN
    assert packets(before)
    assert b"".join(packets(before)) == b"".join(packets(after))
    for one, other in zip(before, after, strict=True):
        assert np.abs(np.asarray(one).astype(int) - np.asarray(other)).max() <= 1
    assert [each.name for each in sorted(tmp_path.iterdir())] == sorted([source, target])


def test_more_frames_than_a_piece_stay_in_order(tmp_path):
    count = 2 * film_writing.PIECE + 5
    clip(tmp_path / "a.mp4", [Image.new("RGB", (32, 32), (4 * i, 4 * i, 4 * i)) for i in range(count)])
    before, after = copied(tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert moments_of(before) == moments_of(after)
    light = [int(np.asarray(each).mean()) for each in after]
    assert np.abs(np.array(light) - 4 * np.arange(count)).max() <= 2


def test_sound_that_the_format_cannot_hold_is_told(tmp_path):
    film = films.opened(clip(tmp_path / "a.mp4", greys(3), audio="aac"))
    assert film.left_out("b.mp4") == film.left_out("b.mkv") == ""
    assert film.left_out("b.webm") == (
        f"The sound of '{tmp_path / 'a.mp4'}' (aac) is left out: a .webm cannot hold it; an .mkv holds any."
    )
    assert film.left_out("b.gif").endswith("(aac) is left out: a .gif cannot hold it.")
    film.save(iter(film), tmp_path / "b.webm")
    assert packets(films.opened(tmp_path / "b.webm")) == []


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_film_is_seen_upright(turn, tmp_path):
    picture = photo()
    clip(tmp_path / "a.mp4", [picture] * 3, turn=turn)
    before, after = copied(tmp_path / "a.mp4", tmp_path / "b.mp4")
    expected = picture.rotate(turn, expand=True)
    assert before.size == after.size == expected.size
    for film in (before, after):
        assert np.abs(np.asarray(next(iter(film))).astype(int) - np.asarray(expected)).mean() < 6
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert next(container.decode(video=0)).rotation == 0


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_odd_sizes_work(suffix, tmp_path):
    size = (67, 45)
    frames = [photo(*size, seed) for seed in range(3)]
    clip(tmp_path / "a.mkv", frames, form="yuv444p")
    before, after = copied(tmp_path / "a.mkv", tmp_path / f"b{suffix}")
    assert before.size == size
    assert after.size == ((68, 46) if suffix == ".mp4" else size)  # H.264 has the last row and column twice
    shown = np.asarray(next(iter(after))).astype(int)[:45, :67]
    assert np.abs(shown - np.asarray(frames[0])).mean() < 7  # colours have half the resolution


@pytest.mark.parametrize("span", [1, 2], ids=["limited", "full"])
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_colours_stay(space, span, suffix, tmp_path):
    clip(tmp_path / "a.mp4", [Image.new("RGB", (64, 64), RED)] * 2, space=SPACES[space], span=span)
    before, after = copied(tmp_path / "a.mp4", tmp_path / f"b{suffix}")
    for film in (before, after):
        assert np.abs(np.asarray(next(iter(film)))[32, 32].astype(int) - RED).max() <= 3
    with av.open(str(tmp_path / f"b{suffix}")) as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (1, 1)


def test_a_film_without_named_colours_has_those_that_players_take(tmp_path):
    """Of a small one those of BT.601, of a large one those of BT.709."""
    for rows, space in ((64, 5), (720, 1)):
        frame = av.VideoFrame.from_image(Image.new("RGB", (64, rows), RED)).reformat(
            format="yuv420p", dst_colorspace=space, src_color_range=2, dst_color_range=1
        )
        path = tmp_path / f"{rows}.mp4"
        with av.open(str(path), "w") as output:
            stream = encoder(output, (64, rows))
            frame.pts, frame.time_base, frame.colorspace, frame.color_range = 0, TICK, 2, 0
            output.mux(stream.encode(frame))
            output.mux(stream.encode())
        assert np.abs(np.asarray(next(iter(films.opened(path))))[32, 32].astype(int) - RED).max() <= 3


def test_pixels_that_are_no_squares_stay_so(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as output:
        stream = encoder(output, (96, 64))
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        frame = av.VideoFrame.from_image(photo()).reformat(format="yuv420p")
        frame.pts, frame.time_base = 0, TICK
        output.mux(stream.encode(frame))
        output.mux(stream.encode())
    before, after = copied(tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert before.shape == after.shape == Fraction(4, 3)


def test_a_film_becomes_an_animation_and_back(tmp_path):
    clip(tmp_path / "a.mp4", greys(4), [0, 9000, 27000, 36000])
    film, moving = copied(tmp_path / "a.mp4", tmp_path / "b.gif")
    assert isinstance(moving, animation.Animation)
    assert moving.durations[:3] == [100, 200, 100]
    moving.save(iter(moving), tmp_path / "c.mp4")
    again = films.opened(tmp_path / "c.mp4")
    assert moments_of(again)[:4] == [Fraction(each, 1000) for each in (0, 100, 300, 400)]
    assert len(again) == len(film) == 4


def test_frames_are_taken_one_by_one(tmp_path):
    """Of a film of any length only a few frames are in memory."""
    film, alive = films.opened(clip(tmp_path / "a.mp4", greys(60, (32, 32)))), []
    begun = []

    def frames():
        for frame in film:
            begun.append(len(list((tmp_path / ".b.mp4.pieces").glob("*.mp4"))))
            alive.append(frame.size)
            yield frame

    film.save(frames(), tmp_path / "b.mp4")
    assert len(alive) == 60
    assert begun[-1] == 1 + 59 // film_writing.PIECE  # those before the last are complete, which has just begun


def test_as_many_frames_are_written_as_there_were(tmp_path):
    film = films.opened(clip(tmp_path / "a.mp4", greys(4)))
    with pytest.raises(ValueError, match="fewer than 4"):
        film.save(islice(film, 3), tmp_path / "b.mp4")
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]


# Files that are no films


def only_sound(path):
    with av.open(str(path), "w") as output:
        sound(output, with_sound(output, "aac"))


def with_cover(path):
    with av.open(str(path), "w") as output:
        heard = with_sound(output, "aac")
        cover = encoder(output, (64, 64), "mjpeg", "yuvj420p", Fraction(1, 25))
        cover.disposition = av.stream.Disposition.attached_pic
        output.mux(cover.encode(av.VideoFrame.from_image(photo(64, 64))))
        output.mux(cover.encode())
        sound(output, heard)


def without_frames(path):
    with av.open(str(path), "w") as output:
        encoder(output, (64, 64))
        output.start_encoding()


def cut_off(path):
    content = clip(path, [photo(seed=i) for i in range(20)]).read_bytes()
    path.write_bytes(content[: len(content) // 2])


def cut_off_behind_its_table(path):
    film = films.opened(clip(path.with_name("whole.mp4"), [photo(seed=i) for i in range(20)]))
    film.save(iter(film), path)
    path.write_bytes(path.read_bytes()[:-2000])


def playlist(path):
    clip(path.with_name("other.mp4"), greys(2))
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.mp4\n#EXT-X-ENDLIST\n")


def list_of_files(path):
    clip(path.with_name("other.mp4"), greys(2))
    path.write_text("ffconcat version 1.0\nfile other.mp4\n")


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (only_sound, "has no moving pictures, only sound"),
        (with_cover, "has no moving pictures, only sound"),
        (without_frames, "has no moving pictures"),
        (cut_off, "is no film that can be read"),
        (cut_off_behind_its_table, "is cut off"),
        (playlist, "is no film that can be read"),
        (list_of_files, "is no film that can be read"),
        (lambda path: path.write_bytes(b""), "is no film that can be read"),
        (lambda path: path.write_bytes(bytes(range(256)) * 9), "is no film that can be read"),
        (lambda path: path.mkdir(), "is no regular file"),
        (lambda path: None, "does not exist"),
    ],
)
def test_what_is_no_film_is_one_line(write, said, tmp_path):
    write(tmp_path / "x.mp4")
    with pytest.raises(BadPicture, match=said) as caught:
        films.opened(tmp_path / "x.mp4")
    assert "\n" not in str(caught.value)
    assert "x.mp4" in str(caught.value)


def test_changed_bytes_are_never_more_than_a_line(tmp_path):
    content = clip(tmp_path / "a.mp4", [photo(seed=i) for i in range(6)], audio="aac").read_bytes()
    rng = np.random.default_rng(0)
    for number in range(60):
        changed = bytearray(content)
        for place in rng.integers(0, len(content), 1 + number % 20):
            changed[place] = rng.integers(256)
        (tmp_path / "b.mp4").write_bytes(changed)
        try:
            film = films.opened(tmp_path / "b.mp4")
            film.save(iter(film), tmp_path / "c.mp4")
        except (BadPicture, OSError):  # each of one line
            pass
        assert not list(tmp_path.glob(".*"))


def test_too_many_pixels_are_refused(tmp_path, monkeypatch):
    clip(tmp_path / "a.mp4", greys(2))
    monkeypatch.setattr("stylezoo.pictures.files.LARGEST", 96 * 64 - 1)
    with pytest.raises(BadPicture, match=r"a.mp4' has 96 x 64 pixels; up to"):
        films.opened(tmp_path / "a.mp4")


def test_without_pyav_a_film_is_one_line_and_pictures_work(tmp_path, monkeypatch):
    clip(tmp_path / "a.mp4", greys(2))
    photo().save(tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "av", None)
    assert films.opened(tmp_path / "a.png") is None
    with pytest.raises(MissingExtra, match=r"^Films need PyAV.*: pip install 'stylezoo\[film\]'\.$"):
        films.opened(tmp_path / "a.mp4")


def test_an_encoder_that_is_missing_is_one_line(tmp_path, monkeypatch):
    film = films.opened(clip(tmp_path / "a.mp4", greys(2)))
    monkeypatch.setitem(film_writing.CONTAINERS, ".mp4", replace(film_writing.CONTAINERS[".mp4"], codec="libmissing"))
    with pytest.raises(BadPicture, match="cannot write films with libmissing"):
        film.save(iter(film), tmp_path / "b.mp4")


# Going on


def test_what_is_written_is_not_written_again(tmp_path):
    """And another way of making the frames begins anew."""
    film = films.opened(clip(tmp_path / "a.mp4", greys(60, (32, 32))))
    film.save(iter(film), tmp_path / "whole.mp4")
    target, count = tmp_path / "b.mp4", film_writing.PIECE

    def stopped(pieces):
        for number, frame in enumerate(film.after(pieces.frames), pieces.frames):
            if number == count + 9:
                raise KeyboardInterrupt
            state["number"] = np.array(number)
            yield frame

    state = {}
    pieces = film_writing.Pieces(film, target, ["one way"])
    assert (pieces.frames, pieces.state()) == (0, {})
    with pytest.raises(KeyboardInterrupt):
        pieces.write(stopped(pieces), lambda: state)
    assert not target.exists()
    pieces = film_writing.Pieces(film, target, ["one way"])
    assert pieces.frames == count
    assert pieces.state()["number"] == count - 1
    pieces.write(film.after(count))
    assert target.read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "whole.mp4"]
    pieces = film_writing.Pieces(film, target, ["one way"])
    with pytest.raises(KeyboardInterrupt):
        pieces.write(stopped(pieces))
    assert film_writing.Pieces(film, target, ["another way"]).frames == 0
    assert film_writing.Pieces(film, target, ["one way"]).frames == 0


KILLED = """
import sys, time
from stylezoo.pictures import films, film_writing

film = films.opened(sys.argv[1])
pieces = film_writing.Pieces(film, sys.argv[2], ["one way"])
print(pieces.frames, flush=True)

def slowly():
    for frame in film.after(pieces.frames):
        time.sleep(float(sys.argv[3]))
        yield frame

pieces.write(slowly())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_film_that_was_killed_goes_on_and_becomes_the_same(number, tmp_path):
    film = films.opened(clip(tmp_path / "a.mp4", [photo(32, 32, seed) for seed in range(80)], audio="aac"))
    film.save(iter(film), tmp_path / "whole.mp4")
    command = [sys.executable, "-c", KILLED, tmp_path / "a.mp4", tmp_path / "b.mp4"]
    first = tmp_path / ".b.mp4.pieces/000000.mp4"
    process = subprocess.Popen([*command, "0.02"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not first.exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert not (tmp_path / "b.mp4").exists()
    done = subprocess.run([*command, "0"], capture_output=True, text=True, check=True)
    assert int(done.stdout) >= film_writing.PIECE
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "whole.mp4"]


# Steadiness


@keras.saving.register_keras_serializable("test_film")
class Strokes(keras.layers.Layer):
    """Strokes of noise over a picture whose channels are normalised, drawn at a quarter of the size and enlarged."""

    def call(self, inputs):
        picture, noise = inputs
        mean, variance = moments(picture)
        light = (picture - mean) / keras.ops.sqrt(variance + 1e-4) / 3
        small = keras.ops.average_pool(light, 4, padding="same")
        coarse = keras.ops.image.resize(small, keras.ops.shape(picture)[1:3], "bilinear")
        return keras.ops.tanh(coarse + keras.ops.relu(light) / 2 + 0.3 * noise)

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@pytest.fixture(scope="module")
def strokes():
    picture, noise = keras.Input((None, None, 3), name="source"), keras.Input((None, None, 1), name="noise")
    return keras.Model([picture, noise], Strokes()([picture, noise]))


@pytest.fixture(scope="module")
def pan():
    return panned(samples.photographs()["coffee"].convert("RGB"), 8, 64, 96)


def redrawn(painter, frames):
    film = Clip(frames)
    drawn_films.redraw(painter, film, "memory.gif")
    return film.saved


@pytest.mark.long
@pytest.mark.parametrize("steady", [True, "whole", 0.1])
def test_a_still_scene_stays_still(strokes, steady):
    frames = redrawn(Painter(strokes, steady=steady), [photo()] * 5)
    assert all(np.array_equal(frame, frames[0]) for frame in frames)
    assert frames[0].std() > 20


@pytest.mark.parametrize("steady", [True, "whole", 0.1])
def test_a_camera_that_moves_makes_less_than_half_of_the_flicker(strokes, pan, steady):
    alone = [np.asarray(Painter(strokes).paint(frame)) for frame in pan]
    film = redrawn(Painter(strokes, steady=steady), pan)
    assert flicker([np.asarray(frame) for frame in pan]) == 0
    assert flicker(film) < flicker(alone) / 2
    assert sharpness(film) > 0.8 * sharpness(alone)


def test_joined_painters_are_steady_as_well(strokes, pan):
    def joined(**look):
        painters = [Painter(strokes, seed=seed) for seed in (0, 1)]
        return JoinedPainter(painters, Fusion.of([("a", 0.5), ("b", 0.5)]), **look)

    alone = [np.asarray(joined().paint(frame)) for frame in pan[:5]]
    assert flicker(redrawn(joined(steady="whole"), pan[:5])) < flicker(alone) / 2


def test_a_cut_leaves_no_ghost(strokes):
    """The first frame of another scene is what it would be without the scene before."""
    first, second = photo(seed=1), photo(seed=2)
    cut = redrawn(Painter(strokes, steady="whole"), [first] * 3 + [second] * 3)
    painter = drawn_films.FilmPainter(
        Painter(strokes, steady=True), [(0, drawn_films._facts(Painter(strokes), second))], {}
    )
    alone, ghost = np.asarray(painter.paint(second, 0)).astype(int), np.asarray(first).astype(int)
    correlation = np.corrcoef((cut[3] - alone).ravel(), (ghost - np.asarray(second)).ravel())[0, 1]
    assert abs(correlation) < 0.5
    assert np.abs(cut[3].astype(int) - cut[5]).mean() < 3


def test_what_moves_by_itself_leaves_no_trail(strokes):
    """A square that moves over a still scene: where it was, the scene is drawn as before."""
    ground, frames = photo(), []
    for i in range(6):
        frames.append(ground.copy())
        frames[-1].paste("white", (12 + 8 * i, 20, 28 + 8 * i, 36))
    film = redrawn(Painter(strokes, steady=True), frames)
    still = redrawn(Painter(strokes, steady=True), [frames[0], ground])[1].astype(int)
    trail = np.s_[22:34, 14:22]  # uncovered since the third frame
    assert abs(film[5][trail].mean() - still[trail].mean()) < 8


def test_the_whole_film_counts_not_only_its_first_frame(strokes):
    """A film that fades in from black: by the facts of a black frame the others would be glaring."""
    frames = [Image.new("RGB", (96, 64))] * 2 + [photo()] * 8
    expected = np.asarray(Painter(strokes).paint(photo())).astype(int)
    by_first, by_whole = (redrawn(Painter(strokes, steady=steady), frames)[-1] for steady in (True, "whole"))
    assert np.abs(by_whole - expected).mean() < np.abs(by_first - expected).mean() / 2


def test_facts_in_a_window_follow_the_light(strokes):
    """A scene that gets darker slowly is normalised as it is then, and with no jump."""
    frames = [photo().point(lambda value, i=i: round(value * (1 - 0.08 * i))) for i in range(10)]
    alone = [np.asarray(Painter(strokes).paint(frame)).astype(int) for frame in (frames[0], frames[-1])]
    window, whole = (redrawn(Painter(strokes, steady=steady), frames) for steady in (0.1, "whole"))
    for here, number in ((alone[0], 0), (alone[1], -1)):
        assert np.abs(window[number] - here).mean() < np.abs(whole[number] - here).mean()
    steps = [np.abs(after.astype(int) - before).mean() for before, after in pairwise(window)]
    assert max(steps) < 2 * np.median(steps)


def test_pooled_facts_are_those_of_both_pictures_together():
    rng = np.random.default_rng(0)
    one, other = (rng.normal(mean, deviation, (1, 8, 9, 2)).astype("float32") for mean, deviation in ((0, 1), (2, 3)))
    found = []
    for picture in (one, other):
        with Scene() as scene:
            moments(picture)
        tones = luminance.tones([np.clip(np.repeat(picture[0, ..., :1], 3, -1) / 8, -1, 1)])
        found.append(Facts(tones, found=[scene.found, None], drawn=tones))
    both = pooled(found, [0.5, 0.5])
    ((mean, variance),), _ = both.found
    together = np.concatenate([one, other], axis=1)
    np.testing.assert_allclose(np.ravel(mean), together.mean(axis=(0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(np.ravel(variance), together.var(axis=(0, 1, 2)), rtol=1e-4)
    light = np.concatenate([np.clip(each[..., 0] / 8, -1, 1).ravel() for each in (one, other)])
    np.testing.assert_allclose(both.tones[:2], [light.mean(), light.std()], rtol=1e-4)
    assert both.drawn.dtype == "float32"


@pytest.mark.parametrize("steady", ["first", -1, float("nan"), None, 0])
def test_another_steadiness_is_one_line(strokes, pan, steady):
    with pytest.raises(BadOptions, match="steady is"):
        redrawn(Painter(strokes, steady=steady), pan)


def test_a_state_goes_on_as_if_nothing_had_happened(strokes, pan):
    painter = Painter(strokes, steady=True)
    keys = [(0, drawn_films._facts(painter, pan[0]))]
    whole = drawn_films.FilmPainter(painter, keys, {})
    for number, frame in enumerate(pan[:4]):
        whole.paint(frame, number)
    later = drawn_films.FilmPainter(painter, keys, whole.state())
    for number, frame in enumerate(pan[4:], 4):
        assert np.array_equal(whole.paint(frame, number), later.paint(frame, number))


# The command


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A model of one style whose generator normalises by instance, with random weights that draw strongly."""
    file = tmp_path_factory.mktemp("plain") / "model.keras"
    parts = {"generator": "resnet:filters=4,blocks=1,init=kaiming", "discriminators": "patch:filters=2,layers=1"}
    GAN(Recipe.named("transfer", seed=1, image_size=32, load_size=36, **parts)).save(file)
    return file


def run(*words):
    return CliRunner().invoke(main, ["stylize", *map(str, words)], prog_name="stylezoo")


@pytest.mark.parametrize(("words", "size"), [([], (96, 64)), (["--size", 32, "--steady", "0.1"], (48, 32))])
def test_the_command_redraws_a_film(words, size, plain, tmp_path):
    source = clip(tmp_path / "a.mp4", [photo(seed=i // 4) for i in range(8)], audio="aac")
    done = run(source, "-m", plain, *words)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    assert done.stdout == f"{tmp_path / 'a-stylized.mp4'}\n"
    before, after = films.opened(source), films.opened(tmp_path / "a-stylized.mp4")
    assert after.size == size
    assert moments_of(before) == moments_of(after)
    assert packets(before) == packets(after)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a-stylized.mp4", "a.mp4"]


@pytest.mark.long
def test_the_suffix_says_the_format(plain, tmp_path):
    source = clip(tmp_path / "a.avi", greys(3), range(3), tick=Fraction(1, 25))
    assert run(source, "-m", plain).stdout == f"{tmp_path / 'a-stylized.mp4'}\n"
    for name in ("b.webm", "b.mov", "b.gif"):
        assert run(source, "-m", plain, "-o", tmp_path / name).exit_code == 0
        assert len(films.opened(tmp_path / name)) == 3
    done = run(tmp_path / "b.gif", "-m", plain, "-o", tmp_path / "c.mp4")
    assert done.exit_code == 0, done.output
    assert len(films.opened(tmp_path / "c.mp4")) == 3


def test_what_the_command_cannot_do_is_one_line(plain, tmp_path):
    source = clip(tmp_path / "a.mp4", greys(3), audio="aac")
    (tmp_path / "bad.mp4").write_text("no film")
    photo().save(tmp_path / "a.png")
    for words, said in [
        ([source, "-o", tmp_path / "x.jpg"], "cannot hold an animation"),
        ([tmp_path / "bad.mp4"], "is no film that can be read"),
        ([tmp_path / "a.png", "-o", tmp_path / "x.mp4"], "cannot be written as '.mp4'"),
        ([source, "--steady", "often"], "'often' is not whole, first or a number of seconds, such as 2."),
    ]:
        done = run(*words, "-m", plain)
        assert done.exit_code in (1, 2)
        assert said in done.stderr
        assert isinstance(done.exception, SystemExit)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.mp4", "a.png", "bad.mp4"]
    done = run(source, "-m", plain, "-o", tmp_path / "b.webm")
    assert done.exit_code == 0
    assert done.stderr.endswith("(aac) is left out: a .webm cannot hold it; an .mkv holds any.\n")


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_same_command_goes_on_after_ctrl_c(number, plain, tmp_path):
    frames = panned(photo(640, 480), 80, 96, 128, (1, 2), (0, 0))
    source, target = clip(tmp_path / "a.mp4", frames), tmp_path / "a-stylized.mp4"
    command = [sys.executable, "-m", "stylezoo", "stylize", source, "-m", plain]
    subprocess.run([*command, "-o", tmp_path / "whole.mp4"], check=True, capture_output=True)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / ".a-stylized.mp4.pieces/000000.mp4").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert told.endswith("what is written stays.\nThe same command goes on with the film where it stopped.\n")
    assert not target.exists()
    subprocess.run(command, check=True, capture_output=True)
    assert target.read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert not [each for each in Path(tmp_path).iterdir() if each.name.startswith(".")]
