import struct
import weakref

import numpy as np
import pytest
from PIL import GifImagePlugin, Image

from stylezoo.errors import BadPicture
from stylezoo.pictures import animation, colour, files

SUFFIXES = [".gif", ".png", ".webp"]
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
EXIF_ORIENTATION = 0x0112


def moving(count=5, side=32, mode="RGB"):
    """A green square that moves to the right over a red ground, or in RGBA over nothing."""
    frames = []
    for i in range(count):
        frame = Image.new(mode, (2 * side, side), RED if mode == "RGB" else (0, 0, 0, 0))
        frame.paste(GREEN if mode == "RGB" else (*GREEN, 255), (4 * i, 8, 4 * i + 16, 24))
        frames.append(frame)
    return frames


def photos(count=6, side=64):
    """A picture of many colours that moves, as from a camera."""
    y, x = np.mgrid[0:1:96j, 0:1:128j]
    noise = np.random.default_rng(0).normal(0, 4, (96, 128, 3))
    pixels = np.stack([200 * x + 30, 120 + 100 * np.sin(6 * y), 255 * y * (1 - x)], axis=-1) + noise
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype("uint8"))
    return [picture.crop((3 * i, 2 * i, 3 * i + side, 2 * i + side)) for i in range(count)]


def written(path, frames, durations, loop=0):
    """An animation that Pillow has written."""
    lossless = {"lossless": True} if path.suffix == ".webp" else {}
    repeated = {} if loop is None else {"loop": loop}
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, **repeated, **lossless)
    return animation.opened(path)


def pixels(frames):
    return [np.asarray(frame.convert("RGBA")).astype(int) for frame in frames]


# Reading


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_frames_come_whole_and_in_order(mode, suffix, tmp_path):
    frames = moving(mode=mode)
    options = {".gif": {"disposal": 2 if mode == "RGBA" else 0}, ".webp": {"quality": 100}}.get(suffix, {})
    frames[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:], **options)
    read = animation.opened(tmp_path / f"a{suffix}")
    assert (read.size, len(read)) == ((64, 32), 5)
    assert [frame.mode for frame in read] == [mode] * 5
    for frame, expected in zip(pixels(read), pixels(frames), strict=True):
        assert np.array_equal(frame[..., 3], expected[..., 3])
        seen = expected[..., 3] > 0
        assert np.abs(frame[seen] - expected[seen]).mean() <= (9 if suffix == ".webp" else 0)  # WebP halves colours
        assert (frame[~seen][:, :3] == 255).all()


def test_gif_of_which_each_frame_draws_only_what_changes_comes_whole(tmp_path):
    read = written(tmp_path / "a.gif", moving(), 40)
    frames = list(read)  # all kept: Pillow must not draw one over another
    assert all(
        np.array_equal(frame, expected) for frame, expected in zip(pixels(frames), pixels(moving()), strict=True)
    )
    assert len(list(read)) == 5  # and once more from the beginning


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.webp"])
def test_still_picture_is_no_animation(name, tmp_path):
    files.save_picture(moving()[0], tmp_path / name)
    assert animation.opened(tmp_path / name) is None


def test_pages_of_a_tiff_and_pictures_of_an_mpo_are_no_animation(tmp_path):
    frames = photos()
    for name in ("a.tiff", "a.mpo"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        with Image.open(tmp_path / name) as image:
            assert image.n_frames == 6
        assert animation.opened(tmp_path / name) is None


def test_what_is_no_picture_is_left_to_those_who_read_still_ones(tmp_path):
    (tmp_path / "a.gif").write_bytes(b"GIF89a or not")
    assert animation.opened(tmp_path / "a.gif") is None
    assert animation.opened(tmp_path / "gone.gif") is None
    assert animation.opened(tmp_path) is None


def test_still_picture_that_an_apng_has_for_those_who_cannot_animate_is_no_frame(tmp_path):
    still = Image.new("RGB", (64, 32), BLUE)
    options = {"default_image": True, "append_images": moving(), "duration": 50}
    still.save(tmp_path / "a.png", save_all=True, **options)
    read = animation.opened(tmp_path / "a.png")
    assert len(read) == len(read.durations) == 5
    assert np.array_equal(pixels(read)[0], pixels(moving())[0])
    options["append_images"] = moving()[:1]
    still.save(tmp_path / "b.png", save_all=True, **options)
    assert animation.opened(tmp_path / "b.png") is None


def test_frames_are_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    frames = moving()
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True, exif=exif)
    read = animation.opened(tmp_path / "a.webp")
    assert read.size == (32, 64)
    expected = [np.rot90(frame, -1) for frame in pixels(frames)]
    assert all(np.array_equal(*pair) for pair in zip(pixels(read), expected, strict=True))


def test_frame_that_hangs_over_the_edge_of_a_gif_is_cut(tmp_path, monkeypatch):
    frames = [Image.new("P", size) for size in ((4, 4), (6, 5))]
    for frame, wanted in zip(frames, (RED, GREEN), strict=True):
        frame.putpalette(wanted)
    blocks = [block for frame in frames for block in GifImagePlugin.getdata(frame, include_color_table=True)]
    head = b"GIF89a" + struct.pack("<HHBBB", 4, 4, 0, 0, 0)
    (tmp_path / "a.gif").write_bytes(head + b"".join(blocks) + b";")
    read = animation.opened(tmp_path / "a.gif")
    assert [frame.size for frame in read] == [read.size] * 2 == [(4, 4)] * 2
    assert [frame.getpixel((3, 3)) for frame in read] == [RED, GREEN]
    monkeypatch.setattr(files, "LARGEST", 16)
    with pytest.raises(BadPicture, match="6 x 5 pixels"):
        list(read)


@pytest.mark.parametrize("suffix", [".gif", ".png"])
def test_damaged_frame_is_told_by_its_number(suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    written(path, photos(), 40)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 7 // 12])  # of six frames alike, in the middle of the fourth
    read, seen = animation.opened(path), []
    with pytest.raises(BadPicture, match=rf"a{suffix}' is damaged in frame 4 of [46]: ") as caught:
        seen.extend(read)
    assert len(seen) == 3
    assert "\n" not in str(caught.value)
    with pytest.raises(BadPicture, match="frame 4"):
        read.save(iter(photos()), tmp_path / "b.gif")
    assert sorted(tmp_path.iterdir()) == [path]


def test_webp_that_is_cut_off_is_refused_as_a_still_picture_is(tmp_path):
    path = tmp_path / "a.webp"
    written(path, photos(), 40)
    path.write_bytes(path.read_bytes()[:-500])
    assert animation.opened(path) is None
    with pytest.raises(BadPicture, match=r"a.webp"):
        files.open_picture(path)


def test_animation_of_too_large_frames_is_left_to_those_who_read_still_ones(tmp_path, monkeypatch):
    written(tmp_path / "a.gif", moving(), 40)
    monkeypatch.setattr(files, "LARGEST", 2000)
    assert animation.opened(tmp_path / "a.gif") is None
    with pytest.raises(BadPicture, match="64 x 32 pixels"):
        files.open_picture(tmp_path / "a.gif")


def test_frames_are_decoded_one_by_one(tmp_path, monkeypatch):
    read = written(tmp_path / "a.gif", moving(), 40)
    calls, upright = [], colour.upright
    monkeypatch.setattr(colour, "upright", lambda image: calls.append(1) or upright(image))
    walk = iter(read)
    next(walk), next(walk)
    assert len(calls) == 2
    walk.close()


# Writing


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kept", SUFFIXES)
def test_durations_and_repetitions_stay(suffix, kept, tmp_path):
    durations = [50, 120, 30, 80, 70]
    read = written(tmp_path / f"a{suffix}", moving(), durations, loop=4)
    read.save(iter(moving()), tmp_path / f"b{kept}")
    result = animation.opened(tmp_path / f"b{kept}")
    assert result.durations == durations
    assert result.plays == read.plays == (5 if suffix == ".gif" else 4)


@pytest.mark.parametrize("kept", SUFFIXES)
@pytest.mark.parametrize(("loop", "plays"), [(None, 1), (0, 0), (1, 2)])
def test_gif_runs_once_more_than_it_repeats(loop, plays, kept, tmp_path):
    read = written(tmp_path / "a.gif", moving(), 50, loop)
    assert read.plays == plays
    read.save(moving(), tmp_path / f"b{kept}")
    assert animation.opened(tmp_path / f"b{kept}").plays == plays


@pytest.mark.parametrize("suffix", [".gif", ".png", ".apng"])
def test_saved_frames_come_back(suffix, tmp_path):
    read = written(tmp_path / "a.webp", moving(), 50)
    for mode in ("RGB", "RGBA"):
        read.save(iter(moving(mode=mode)), tmp_path / f"b{suffix}")
        result = animation.opened(tmp_path / f"b{suffix}")
        assert [frame.mode for frame in result] == [mode] * 5
        expected = [np.asarray(colour.upright(frame)) for frame in moving(mode=mode)]
        assert all(np.array_equal(*pair) for pair in zip(map(np.asarray, result), expected, strict=True))


def test_saved_frames_of_a_webp_come_back_nearly(tmp_path):
    read = written(tmp_path / "a.gif", photos(), 50)
    read.save(iter(photos()), tmp_path / "b.webp")
    for frame, expected in zip(pixels(animation.opened(tmp_path / "b.webp")), pixels(photos()), strict=True):
        assert np.abs(frame - expected).mean() < 3
    read.save(iter(moving(6, mode="RGBA")), tmp_path / "c.webp")
    for frame, expected in zip(
        pixels(animation.opened(tmp_path / "c.webp")), pixels(moving(6, mode="RGBA")), strict=True
    ):
        assert np.array_equal(frame[..., 3], expected[..., 3])


def test_frames_of_256_colours_keep_them(tmp_path):
    random = np.random.default_rng(0)
    frames = []
    for _ in range(3):
        palette = random.integers(0, 256, (256, 3), dtype="uint8")
        frames.append(Image.fromarray(palette[random.permutation(1024).reshape(32, 32) % 256]))
    frames[1].paste(frames[0].crop((0, 0, 32, 4)))  # some of it stays
    written(tmp_path / "a.png", frames, 50).save(iter(frames), tmp_path / "b.gif")
    for frame, right in zip(animation.opened(tmp_path / "b.gif"), frames, strict=True):
        assert np.array_equal(frame, right)


def test_an_animated_avif_has_its_frames(tmp_path):
    frames = [Image.new("RGB", (16, 16), shade) for shade in ("red", "blue")]
    frames[0].save(tmp_path / "a.avif", save_all=True, append_images=frames[1:], duration=[50, 70])
    film = animation.opened(tmp_path / "a.avif")
    film.save(iter(film), tmp_path / "b.png")
    film = animation.opened(tmp_path / "b.png")
    assert film.durations == [50, 70]
    for frame, right in zip(film, frames, strict=True):
        assert np.abs(np.asarray(frame).astype(int) - right).max() <= 5


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_opaque_may_become_transparent_and_opaque_again(suffix, tmp_path):
    opaque, clear = moving(4), moving(4, mode="RGBA")
    frames = [opaque[0], clear[1], clear[2], opaque[3]]
    written(tmp_path / "a.png", moving(4), 50).save(iter(frames), tmp_path / f"b{suffix}")
    result = list(animation.opened(tmp_path / f"b{suffix}"))
    assert [frame.mode for frame in result] == ["RGB", "RGBA", "RGBA", "RGB"]
    for frame, expected in zip(pixels(result), pixels(frames), strict=True):
        assert np.array_equal(frame[..., 3], expected[..., 3])


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("transparent", [False, True])
def test_still_scene_stays_still_and_as_long(transparent, suffix, tmp_path):
    scene = photos(1)[0]
    if transparent:
        scene.putalpha(Image.linear_gradient("L").resize(scene.size).point(lambda value: 255 * (value > 99)))
    read = written(tmp_path / "a.gif", moving(9), [50, 120, 30, 80, 70, 60, 40, 90, 110])
    read.save(iter([scene] * 9), tmp_path / f"b{suffix}")
    result = animation.opened(tmp_path / f"b{suffix}")
    if suffix == ".webp":  # its encoder leaves out what nobody would see
        assert result is None
        return
    frames = list(result)
    assert [frame.mode for frame in frames] == ["RGBA" if transparent else "RGB"] * 9
    assert all(np.array_equal(frame, pixels(frames)[0]) for frame in pixels(frames))
    assert result.durations == read.durations


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_scene_that_stands_still_in_the_middle_does_so_exactly(suffix, tmp_path):
    frames = photos(8)
    frames[3] = frames[4] = frames[5] = frames[2]
    durations = [40, 50, 60, 70, 80, 90, 100, 110]
    written(tmp_path / "a.png", photos(8), durations).save(iter(frames), tmp_path / f"b{suffix}")
    result, ends, at = animation.opened(tmp_path / f"b{suffix}"), np.cumsum(durations), []
    for end, frame in zip(np.cumsum(result.durations), pixels(result), strict=True):
        at += [frame for wanted in ends[len(at) :] if wanted <= end]  # what is seen when frame i ends
    assert sum(result.durations) == sum(durations)
    assert len(at) == 8
    assert all(np.array_equal(at[2], at[i]) for i in (3, 4, 5))
    assert not np.array_equal(at[2], at[6])


def test_pixels_of_a_gif_that_do_not_change_keep_their_colours_to_the_last_bit(tmp_path):
    scene = photos(1)[0]
    frames = [scene.copy() for _ in range(4)]
    for i, frame in enumerate(frames):
        frame.paste(BLUE, (10 * i, 10, 10 * i + 8, 20))
    written(tmp_path / "a.png", moving(4), 50).save(iter(frames), tmp_path / "b.gif")
    shown, given = pixels(animation.opened(tmp_path / "b.gif")), pixels(frames)
    for i in range(3):
        same = (given[i] == given[i + 1]).all(axis=-1)
        assert np.array_equal(shown[i][same], shown[i + 1][same])
        assert np.abs(shown[i] - given[i]).mean() < 4


def test_durations_that_a_gif_cannot_hold_are_right_in_sum(tmp_path):
    read = written(tmp_path / "a.webp", moving(), [33, 33, 34, 33, 33])
    read.save(iter(moving()), tmp_path / "b.gif")
    assert sum(animation.opened(tmp_path / "b.gif").durations) == 170
    read = written(tmp_path / "a.png", moving(), [1000 / 30] * 5)
    read.save(iter(moving()), tmp_path / "b.png")
    assert animation.opened(tmp_path / "b.png").durations == pytest.approx([1000 / 30] * 5)
    read = written(tmp_path / "a.gif", moving(), [200_000] * 5)
    read.save(iter(moving()), tmp_path / "b.png")
    assert animation.opened(tmp_path / "b.png").durations == [200_000] * 5


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_are_taken_one_by_one(suffix, tmp_path):
    alive, most = [], []

    def given():
        for frame in photos(12):
            copy = frame.copy()
            alive.append(weakref.ref(copy))
            yield copy
            del copy
            most.append(sum(each() is not None for each in alive))

    written(tmp_path / "a.png", photos(12), 50).save(given(), tmp_path / f"b{suffix}")
    assert len(most) == 12
    assert max(most) <= 3


@pytest.mark.parametrize("name", ["a.jpg", "a.tiff", "a", "a.mpg"])
def test_format_that_holds_no_animation_is_refused(name, tmp_path):
    read = written(tmp_path / "in.gif", moving(), 50)
    with pytest.raises(BadPicture, match=r"take one of \.apng, \.gif, .*\.mp4, \.png, "):
        read.save(moving(), tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("count", [0, 4, 6])
def test_more_or_fewer_frames_are_refused_and_the_old_file_stays(count, suffix, tmp_path):
    read = written(tmp_path / "a.gif", moving(), 50)
    path = tmp_path / f"b{suffix}"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match=r"There are (more|fewer) than 5 frames"):
        read.save(iter(moving(count)), path)
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


def test_animation_can_be_saved_over_its_own_file(tmp_path):
    read = written(tmp_path / "a.gif", moving(), 50)
    read.save((frame.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for frame in read), tmp_path / "a.gif")
    expected = [frame[:, ::-1] for frame in pixels(moving())]
    assert all(
        np.array_equal(*pair) for pair in zip(pixels(animation.opened(tmp_path / "a.gif")), expected, strict=True)
    )
