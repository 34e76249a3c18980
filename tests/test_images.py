import gc
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from stylezoo.errors import BadPicture
from stylezoo.files import atomic
from stylezoo.pictures import arrays, colour, files, luminance, sheets

RED, GREEN, BLUE, WHITE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (128, 128, 128)
EXIF_ORIENTATION = 0x0112


def quarters(side=16):
    """A picture, twice as wide as high, that is another one whichever way it is turned: red, green / blue, grey."""
    pixels = np.zeros((side, 2 * side, 3), "uint8")
    half = side // 2
    pixels[:half, :side], pixels[:half, side:], pixels[half:, :side], pixels[half:, side:] = RED, GREEN, BLUE, GREY
    return Image.fromarray(pixels)


def opened(image, path, **options):
    """What `open_picture` makes of an image that Pillow has written: uint8 (height, width, 3)."""
    image.save(path, **options)
    picture = files.open_picture(path)
    assert picture.mode == "RGB"
    return np.asarray(picture)


def flat(*values):
    """Grey values as RGB pixels, (1, count, 3)."""
    return np.repeat(np.array(values, "uint8")[None, :, None], 3, axis=2)


# Reading


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".ppm", ".tga", ".webp", ".gif"])
def test_a_picture_comes_as_it_was_written(suffix, tmp_path):
    options = {"lossless": True} if suffix == ".webp" else {}
    assert np.array_equal(opened(quarters(), tmp_path / f"a{suffix}", **options), np.asarray(quarters()))


def test_a_jpeg_comes_nearly_as_it_was_written(tmp_path):
    pixels = opened(quarters(32), tmp_path / "a.jpg", quality=95, subsampling=0)
    assert np.abs(pixels.astype(int) - np.asarray(quarters(32))).max() <= 12


@pytest.mark.parametrize(
    ("orientation", "undone"),  # how a camera held that way has turned the picture that it stores
    [
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (5, lambda a: a.swapaxes(0, 1)),
        (6, lambda a: np.rot90(a, 1)),
        (7, lambda a: a[::-1, ::-1].swapaxes(0, 1)),
        (8, lambda a: np.rot90(a, -1)),
    ],
)
def test_pictures_come_upright_however_the_camera_was_held(orientation, undone, tmp_path):
    upright = np.asarray(quarters())
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    stored = Image.fromarray(np.ascontiguousarray(undone(upright)))
    assert np.array_equal(opened(stored, tmp_path / "a.png", exif=exif), upright)


def test_a_damaged_exif_block_spoils_no_picture(tmp_path):
    damaged = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01"
    assert opened(quarters(), tmp_path / "a.jpg", exif=damaged).shape == (16, 32, 3)


def test_transparency_is_laid_on_white(tmp_path):
    image = Image.new("RGBA", (3, 1))
    image.putdata([(255, 0, 0, 255), (255, 0, 0, 0), (0, 0, 0, 51)])
    assert opened(image, tmp_path / "a.png").tolist() == [[[255, 0, 0], [255, 255, 255], [204, 204, 204]]]


def test_grey_with_transparency_is_laid_on_white(tmp_path):
    image = Image.new("LA", (3, 1))
    image.putdata([(100, 255), (100, 0), (0, 51)])
    assert np.array_equal(opened(image, tmp_path / "a.png"), flat(100, 255, 204))


def test_a_palette_with_a_transparent_colour_is_laid_on_white(tmp_path):
    image = Image.new("P", (3, 1))
    image.putpalette([*RED, *GREEN, *BLUE])
    image.putdata([0, 1, 2])
    for name in ("a.png", "a.gif"):
        assert opened(image, tmp_path / name, transparency=1).tolist() == [[[*RED], [*WHITE], [*BLUE]]]


def test_a_palette_with_half_transparent_colours_is_laid_on_white(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, 0, 0, 0])
    image.putdata([0, 1])
    assert opened(image, tmp_path / "a.png", transparency=b"\xff\x33").tolist() == [[[*RED], [204] * 3]]


def test_grey_and_black_and_white_become_rgb(tmp_path):
    grey = Image.fromarray(np.array([[0, 100, 255]], "uint8"))
    assert np.array_equal(opened(grey, tmp_path / "l.png"), flat(0, 100, 255))
    line = Image.fromarray(np.array([[False, True]]))
    assert line.mode == "1"
    assert np.array_equal(opened(line, tmp_path / "1.png"), flat(0, 255))


def test_a_cmyk_jpeg_keeps_its_colours(tmp_path):
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # no cyan, full magenta and yellow: red
    assert np.abs(opened(image, tmp_path / "a.jpg", quality=95).astype(int) - RED).max() <= 3


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_16_bits_become_8_by_their_range(suffix, tmp_path):
    values = np.array([[0, 257, 257 * 100, 65535]], "uint16")
    assert np.array_equal(opened(Image.fromarray(values), tmp_path / f"a{suffix}"), flat(0, 1, 100, 255))


def test_a_dark_picture_of_16_bits_stays_dark(tmp_path):
    values = np.array([[0, 100, 255]], "uint16")  # of 65535
    assert np.array_equal(opened(Image.fromarray(values), tmp_path / "a.png"), flat(0, 0, 1))


def test_whole_numbers_of_32_bits_are_taken_for_16_bits_where_8_do_not_hold_them(tmp_path):
    large, small = (np.array([values], "int32") for values in ([0, 25700, 65535], [0, 100, 255]))
    assert np.array_equal(opened(Image.fromarray(large), tmp_path / "a.tiff"), flat(0, 100, 255))
    assert np.array_equal(opened(Image.fromarray(small), tmp_path / "b.tiff"), flat(0, 100, 255))


@pytest.mark.parametrize("values", [[0, 0.2, 1], [0, 51, 255]])
def test_floats_are_read_in_either_of_the_usual_ranges(values, tmp_path):
    image = Image.fromarray(np.array([values], "float32"))
    assert np.array_equal(opened(image, tmp_path / "a.tiff"), flat(0, 51, 255))


def test_floats_that_are_no_numbers_are_black(tmp_path):
    image = Image.fromarray(np.array([[np.nan, 0.2, 1]], "float32"))
    assert np.array_equal(opened(image, tmp_path / "a.tiff"), flat(0, 51, 255))


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".tiff"])
def test_of_an_animation_the_first_frame_is_taken(suffix, tmp_path):
    frames = [Image.new("RGB", (16, 8), shade) for shade in (RED, GREEN, BLUE)]
    options = {"lossless": True} if suffix == ".webp" else {}
    pixels = opened(frames[0], tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:], **options)
    assert np.array_equal(pixels, np.asarray(frames[0]))


def test_no_file_is_left_open(tmp_path):
    frames = [Image.new("RGB", (16, 8), shade) for shade in (RED, GREEN)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    files.open_picture(tmp_path / "a.gif")
    damaged = tmp_path / "b.gif"
    damaged.write_bytes((tmp_path / "a.gif").read_bytes()[:30])
    with pytest.raises(BadPicture):
        files.open_picture(damaged)
    gc.collect()  # a file left open warns here, and warnings are errors


# Colours by an embedded profile

TO_XYZ = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])  # sRGB, for D50
WIDE = np.array([[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]])  # Adobe RGB (1998)


def icc(space, **tags):
    """An ICC profile (https://www.color.org/icc32.pdf) of a device with those colours."""
    first, entries, data = 128 + 4 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        entries += struct.pack(">4sII", name.encode(), first + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    connection = b"Lab " if "A2B0" in tags else b"XYZ "
    head = struct.pack(">IIIII", first + len(data), 0, 0x02400000, 0, 0)[:12] + b"mntr" + space.ljust(4).encode()
    head += connection + bytes(12) + b"acsp" + bytes(28) + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + entries + data


def gamma(value):
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256))


def rgb_profile(matrix=WIDE, exponent=2.2):
    columns = {f"{name}XYZ": b"XYZ " + bytes(4) + fixed(matrix[:, i]) for i, name in enumerate("rgb")}
    return icc("RGB", **columns, **{f"{name}TRC": gamma(exponent) for name in "rgb"})


def fixed(values):
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def cmyk_profile(white, black):
    """A press whose prints are all grey: of lightness `black` (of 100) with ink K, of lightness `white` without."""
    ramp = bytes(range(256))
    inks = b"".join(bytes([round((black if i % 2 else white) * 2.55), 128, 128]) for i in range(16))
    head = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + fixed([1, 0, 0, 0, 1, 0, 0, 0, 1])
    return icc("CMYK", A2B0=head + 4 * ramp + inks + 3 * ramp)


def encoded(linear):
    """Light in [0, 1] as values of sRGB."""
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def luminance_of(lightness):
    """Of a lightness of CIE Lab, in [0, 1]."""
    return ((lightness + 16) / 116) ** 3


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tiff", ".webp", ".avif"])
def test_colours_of_a_wide_profile_become_srgb(suffix, tmp_path):
    shade = np.array([60, 160, 100])
    expected = encoded(np.linalg.inv(TO_XYZ) @ WIDE @ (shade / 255) ** 2.2)
    assert np.abs(expected - shade).max() > 30
    pixels = opened(
        Image.new("RGB", (16, 16), tuple(shade.tolist())), tmp_path / f"a{suffix}", icc_profile=rgb_profile()
    )
    assert np.abs(pixels - expected).max() <= 3


def test_converted_picture_is_not_converted_again(tmp_path):
    Image.new("RGB", (4, 4), (60, 160, 100)).save(tmp_path / "a.png", icc_profile=rgb_profile())
    once = files.open_picture(tmp_path / "a.png")
    assert colour.to_rgb(once) is once


def test_profile_applies_to_palettes_and_keeps_transparency(tmp_path):
    shade, expected = (60, 160, 100), encoded(np.linalg.inv(TO_XYZ) @ WIDE @ (np.array([60, 160, 100]) / 255) ** 2.2)
    image = Image.new("P", (2, 1))
    image.putpalette([*shade, *shade])
    image.putdata([0, 1])
    image.save(tmp_path / "p.png", transparency=b"\xff\x33", icc_profile=rgb_profile())
    pixels = np.asarray(files.open_picture(tmp_path / "p.png", alpha=True))
    assert np.abs(pixels[..., :3] - expected).max() <= 2
    assert pixels[..., 3].tolist() == [[255, 51]]


def test_grey_profile_is_applied_with_and_without_alpha(tmp_path):
    profile = icc("GRAY", kTRC=gamma(1.0))
    expected = encoded(np.array([50, 128]) / 255)
    grey = Image.fromarray(np.array([[50, 128]], "uint8"))
    assert np.abs(opened(grey, tmp_path / "l.png", icc_profile=profile) - expected[:, None]).max() <= 2
    grey.putalpha(255)
    assert np.abs(opened(grey, tmp_path / "la.png", icc_profile=profile) - expected[:, None]).max() <= 2


@pytest.mark.parametrize("suffix", [".jpg", ".tiff"])
def test_cmyk_profile_is_applied(suffix, tmp_path):
    light, dark = luminance_of(80), luminance_of(20)
    expected = {0: encoded((light - dark) / (1 - dark)), 255: 0}  # the darkest that can be printed becomes black
    for ink, grey in expected.items():
        picture = Image.new("CMYK", (16, 16), (255, 0, 0, ink))
        assert np.abs(opened(picture, tmp_path / f"a{suffix}", icc_profile=cmyk_profile(80, 20)) - grey).max() <= 3


def test_lab_becomes_srgb_without_a_profile(tmp_path):
    pixels = opened(Image.new("LAB", (4, 4), (128, 128, 128)), tmp_path / "a.tiff")
    assert np.abs(pixels - encoded(luminance_of(128 / 2.55))).max() <= 2


@pytest.mark.parametrize(
    ("mode", "profile"),
    [
        ("RGB", b"no profile"),
        ("RGB", rgb_profile()[:200]),
        ("RGB", icc("RGB")),
        ("RGB", icc("GRAY", kTRC=gamma(1.0))),
        ("RGB", cmyk_profile(80, 20)),
        ("L", rgb_profile()),
    ],
    ids=["words", "cut off", "empty", "grey", "cmyk", "of colours"],
)
def test_damaged_or_unfitting_profile_is_ignored(mode, profile, tmp_path):
    pixels = opened(quarters().convert(mode), tmp_path / "a.png", icc_profile=profile)
    assert np.array_equal(pixels, np.asarray(quarters().convert(mode).convert("RGB")))


def test_srgb_profile_costs_nothing():
    known = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = quarters()
    for picture.info["icc_profile"] in (known, b""):
        assert colour.upright(picture) is picture


# Transparency kept

CLEAR_WHITE = (255, 255, 255, 0)


def half_clear(mode="RGBA"):
    """Red, unseen blue, and a dark grey of which a fifth is seen."""
    image = Image.new("RGBA", (3, 1))
    image.putdata([(255, 0, 0, 255), (0, 0, 255, 0), (90, 90, 90, 51)])
    return image.convert(mode)


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".tga"])
def test_transparency_is_kept_if_asked_for(suffix, tmp_path):
    files.save_picture(half_clear().resize((48, 16), Image.Resampling.NEAREST), tmp_path / f"a{suffix}")
    picture = files.open_picture(tmp_path / f"a{suffix}", alpha=True)
    assert picture.mode == "RGBA"
    assert [picture.getpixel((x, 8)) for x in (8, 24, 40)] == [(255, 0, 0, 255), CLEAR_WHITE, (90, 90, 90, 51)]


@pytest.mark.parametrize("suffix", [".webp", ".avif", ".jp2"])
def test_lossy_formats_keep_transparency_as_well(suffix, tmp_path):
    files.save_picture(half_clear().resize((48, 16), Image.Resampling.NEAREST), tmp_path / f"a{suffix}")
    picture = files.open_picture(tmp_path / f"a{suffix}", alpha=True)
    for x, expected in ((8, (255, 0, 0, 255)), (24, CLEAR_WHITE), (40, (90, 90, 90, 51))):
        assert picture.getpixel((x, 8)) == pytest.approx(expected, abs=6)


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".ppm"])
def test_transparency_is_laid_on_white_where_the_format_has_none(suffix, tmp_path):
    files.save_picture(half_clear().resize((48, 16), Image.Resampling.NEAREST), tmp_path / f"a{suffix}")
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert image.mode == "RGB"
        for x, expected in ((8, RED), (24, WHITE), (40, (222, 222, 222))):
            assert image.getpixel((x, 8)) == pytest.approx(expected, abs=4)


def test_gif_keeps_its_colours_and_is_clear_where_less_than_half_is_seen(tmp_path):
    files.save_picture(half_clear(), tmp_path / "a.gif")
    picture = files.open_picture(tmp_path / "a.gif", alpha=True)
    assert [picture.getpixel((x, 0)) for x in range(3)] == [(255, 0, 0, 255), CLEAR_WHITE, CLEAR_WHITE]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("RGBA", [(255, 0, 0, 255), CLEAR_WHITE, (90, 90, 90, 51)]),
        ("RGBa", [(255, 0, 0, 255), CLEAR_WHITE, (90, 90, 90, 51)]),
        ("LA", [(76, 76, 76, 255), CLEAR_WHITE, (90, 90, 90, 51)]),
        ("La", [(76, 76, 76, 255), CLEAR_WHITE, (90, 90, 90, 51)]),
    ],
)
def test_premultiplied_colours_come_straight(mode, expected):
    image = half_clear("LA").convert("La") if mode == "La" else half_clear(mode)
    pixels = np.asarray(colour.upright(image)).astype(int)
    assert np.abs(pixels - [expected]).max() <= 1


def test_palette_with_alpha_keeps_it():
    image = Image.new("P", (3, 1))
    image.putpalette([*RED, *BLUE, 90, 90, 90])
    image.putdata([0, 1, 2])
    image = image.convert("PA")
    image.putalpha(half_clear().getchannel("A"))
    assert image.mode == "PA"
    expected = [(255, 0, 0, 255), CLEAR_WHITE, (90, 90, 90, 51)]
    assert np.array_equal(np.asarray(colour.upright(image))[0], expected)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_of_which_all_is_opaque_is_no_transparency(mode):
    image = quarters().convert(mode)
    assert colour.upright(image).mode == "RGB"
    assert np.array_equal(np.asarray(colour.upright(image)), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "CMYK", "RGBX"])
def test_other_ways_to_write_colours_become_rgb(mode):
    difference = np.asarray(colour.upright(quarters().convert(mode))).astype(int) - np.asarray(quarters())
    assert np.abs(difference).max() <= 2


def png_of(path, depth, kind, values, clear=b""):
    """A PNG of one line, written by hand: Pillow writes neither 16 bits of colour nor of grey with alpha."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    channels = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    line = b"\0" + struct.pack(f">{len(values)}{'H' if depth == 16 else 'B'}", *values)
    head = struct.pack(">IIBBBBB", len(values) // channels, 1, depth, kind, 0, 0, 0)
    clear = clear and chunk(b"tRNS", clear)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + clear + chunk(b"IDAT", zlib.compress(line)) + chunk(b"IEND", b"")
    )
    return files.open_picture(path, alpha=True)


@pytest.mark.parametrize(
    ("kind", "values", "clear", "expected"),
    [
        (2, [65535, 25700, 0], (), (255, 100, 0)),
        (6, [65535, 25700, 0, 13107], (), (255, 100, 0, 51)),
        (4, [25700, 13107], (), (100, 100, 100, 51)),
        (0, [25700, 51400], [51400], (100, 100, 100, 255)),
        (2, [65535, 25700, 0, 0, 51400, 0], [0, 51400, 0], (255, 100, 0, 255)),
    ],
    ids=["colour", "colour with alpha", "grey with alpha", "grey with a clear value", "colour with a clear value"],
)
def test_16_bits_a_channel_of_png_become_8(kind, values, clear, expected, tmp_path):
    picture = png_of(tmp_path / "a.png", 16, kind, values, struct.pack(f">{len(clear)}H", *clear))
    assert picture.getpixel((0, 0)) == expected
    if clear:
        assert picture.getpixel((1, 0)) == CLEAR_WHITE


def test_tiff_of_16_bits_a_channel_and_of_many_channels(tmp_path):
    def write(values, bits, *more):
        data = struct.pack(f"<{len(values)}{'H' if bits == 16 else 'B'}", *values)
        start = 8 + len(data) + len(data) % 2
        tags = [(256, 3, 1), (257, 3, 1), (258, 3, bits), (259, 3, 1), (262, 3, 2), (273, 4, 8), (277, 3, len(values))]
        tags = [*tags, (278, 3, 1), (279, 4, len(data)), *more]
        directory = struct.pack("<H", len(tags))
        after, extra = start + 2 + 12 * len(tags) + 4, b""
        for tag, kind, value in tags:
            count = len(values) if tag == 258 else len(value) if isinstance(value, list) else 1
            items = struct.pack(f"<{count}H", *(value if isinstance(value, list) else [value] * count))
            if kind == 4:
                items = struct.pack("<I", value)
            if len(items) > 4:
                items, extra = struct.pack("<I", after + len(extra)), extra + items
            directory += struct.pack("<HHI", tag, kind, count) + items.ljust(4, b"\0")
        padded = data + bytes(len(data) % 2)
        (tmp_path / "a.tiff").write_bytes(b"II*\0" + struct.pack("<I", start) + padded + directory + bytes(4) + extra)
        return files.open_picture(tmp_path / "a.tiff", alpha=True).getpixel((0, 0))

    assert write([65535, 25700, 0], 16) == (255, 100, 0)
    assert write([65535, 25700, 0, 13107], 16, (338, 3, [2])) == (255, 100, 0, 51)
    assert write([255, 100, 0, 7, 9], 8, (338, 3, [0, 0])) == (255, 100, 0)
    with pytest.raises(BadPicture, match=r"a.tiff' is a TIFF of 2 channels of 16-bit whole numbers.* Convert it"):
        write([65535, 13107], 16, (338, 3, [2]))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp", ".gif", ".avif", ".bmp"])
def test_picture_of_a_closed_file_can_be_used_and_saved(suffix, tmp_path):
    files.save_picture(quarters(32), tmp_path / f"a{suffix}")
    picture = files.open_picture(tmp_path / f"a{suffix}")
    assert picture.crop((0, 0, 8, 8)).size == picture.resize((8, 8)).size == (8, 8)
    assert np.array_equal(np.asarray(colour.to_rgb(picture)), np.asarray(picture))
    files.save_picture(picture, tmp_path / f"b{suffix}")
    files.save_picture(picture, tmp_path / "b.png")
    assert np.array_equal(np.asarray(files.open_picture(tmp_path / "b.png")), np.asarray(picture))


# Refusing


def png_header(width, height):
    """A PNG file that claims a size and ends where its pixels should begin."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    begin = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return begin + struct.pack(">I", 1000) + b"IDAT"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.png", b"", "is empty. Download it again."),
        ("page.jpg", b"\n<!DOCTYPE html><html>", "is a web page. Download the file itself"),
        ("page.heic", b"<html>", "is a web page. Download the file itself"),
        ("pointer.png", b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS, not the file itself"),
        ("text.png", b"Not a picture at all.\n" * 50, "is not a picture that Pillow can read"),
        ("huge.png", png_header(100_000, 100_000), "has far too many pixels"),
        ("large.png", png_header(10_000, 10_000), "10000 x 10000 pixels; up to 64 megapixels"),
        ("cut.png", png_header(10, 10), "cannot be read"),
    ],
    ids=["empty", "page", "page of another suffix", "pointer", "text", "huge", "large", "cut"],
)
def test_what_is_no_picture_is_refused_in_one_line(name, content, said, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadPicture) as caught:
        files.open_picture(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "webp", "tiff", "avif"])
def test_a_file_that_is_cut_off_is_refused(suffix, tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype="uint8"))
    path = tmp_path / f"a.{suffix}"
    noise.save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadPicture, match=f"a.{suffix}"):
        files.open_picture(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(BadPicture, match="There is no file"):
        files.open_picture(tmp_path / "gone.png")
    with pytest.raises(BadPicture, match="is a folder"):
        files.open_picture(tmp_path)
    os.mkfifo(tmp_path / "pipe.png")  # nobody writes into it
    with pytest.raises(BadPicture, match="is no regular file"):
        files.open_picture(tmp_path / "pipe.png")


def test_a_name_that_no_file_can_have_is_refused(tmp_path):
    with pytest.raises(BadPicture, match="There is no file"):
        files.open_picture(tmp_path / ("a" * 300))


def test_a_file_that_is_opened_as_a_text_and_an_image_without_pixels_are_refused(tmp_path):
    Image.new("RGB", (3, 2)).save(tmp_path / "a.png")
    with open(tmp_path / "a.png") as text, pytest.raises(BadPicture, match="open it as a binary file"):
        files.open_picture(text)
    with pytest.raises(BadPicture, match="no pixels"):
        files.opened(Image.new("RGB", (0, 5)))


# Arrays


def test_arrays_and_images_are_inverse_for_all_values():
    values = flat(*range(256))
    array = arrays.to_array(Image.fromarray(values))
    assert array.dtype == np.float32
    assert np.allclose(array, values / 127.5 - 1, rtol=0, atol=1e-6)
    assert np.array_equal(np.asarray(arrays.to_image(array)), values)


def test_values_outside_of_the_range_are_clipped():
    array = np.array([[[-1.5, -1, 0.0], [1, 1.001, 99]]])
    assert np.asarray(arrays.to_image(array)).tolist() == [[[0, 0, 128], [255, 255, 255]]]


@pytest.mark.parametrize(
    ("size", "shorter", "expected"),
    [((40, 20), 10, (20, 10)), ((20, 40), 10, (10, 20)), ((30, 20), 30, (45, 30)), ((7, 7), 7, (7, 7))],
)
def test_scaling_sets_the_shorter_side_and_keeps_the_proportions(size, shorter, expected):
    assert arrays.scaled(Image.new("RGB", size), shorter).size == expected


def test_scaling_never_falls_short_of_the_side():
    sizes = [arrays.scaled(Image.new("RGB", (w, 97)), 64).size for w in range(60, 140)]
    assert all(min(size) == 64 for size in sizes)


@pytest.mark.parametrize("copies", [1, 625])
@pytest.mark.parametrize("size", [(40, 32), (32, 47), (7, 7)])
def test_scaling_beyond_what_may_be_read_says_what_is_possible(size, copies, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 3_000_000)
    image = Image.new("RGB", size)
    with pytest.raises(BadPicture, match="up to 3 megapixels are possible") as caught:
        arrays.scaled(image, 20_000, copies)
    possible = int(str(caught.value).rstrip(".").split()[-1])
    width, height = arrays.scaled(image, possible, copies).size
    assert 0.93 * 3_000_000 < copies * width * height <= 3_000_000


def test_a_contact_sheet_shows_every_picture_in_its_place():
    rows = [[Image.new("RGB", (30, 20), c) for c in (RED, GREEN)], [Image.new("RGB", (20, 20), BLUE)] * 2]
    sheet = sheets.contact_sheet(rows, ["one", "two"], height=40)
    colours = np.asarray(sheet)
    count = lambda colour: int((colours == colour).all(axis=-1).sum())  # noqa: E731
    assert (count(RED), count(GREEN), count(BLUE)) == (60 * 40, 60 * 40, 2 * 40 * 40)
    first_column, second_column = colours[:, : sheet.width // 2], colours[:, sheet.width // 2 :]
    assert (first_column == RED).all(axis=-1).any()
    assert not (second_column == RED).all(axis=-1).any()


def test_contact_sheet_has_a_band_of_titles_above_each_row_if_each_has_its_own():
    rows = [[Image.new("RGB", (20, 20), c) for c in (RED, GREEN)]] * 3
    band = sheets.contact_sheet(rows, ["", ""], 20).height - 3 * 26
    plain, own = (sheets.contact_sheet(rows, titles, 20) for titles in ([["", ""]] * 3, [["a", "b"]] * 3))
    assert plain.size == own.size == (2 * 20 + 3 * 6, 3 * (26 + band))
    changed = (np.asarray(plain) != np.asarray(own)).any(axis=(1, 2)).nonzero()[0]
    for row in range(3):
        top = row * (26 + band)
        assert ((changed >= top) & (changed < top + band)).any()
        assert own.getpixel((6, top + band)) == own.getpixel((25, top + band + 19)) == RED
    assert all(each % (26 + band) < band for each in changed)


# Writing


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.jpg", "a.jpeg", "a.webp", "a.tiff", "a.bmp", "a.gif"])
def test_a_picture_is_written_in_the_format_of_its_suffix(name, tmp_path):
    files.save_picture(quarters(), tmp_path / "new" / "folder" / name)
    with Image.open(tmp_path / "new" / "folder" / name) as image:
        assert image.format == Image.registered_extensions()[f".{name.partition('.')[2].lower()}"]
    pixels = np.asarray(files.open_picture(tmp_path / "new" / "folder" / name))
    assert np.abs(pixels.astype(int) - np.asarray(quarters())).mean() < 8


def test_gif_of_few_colours_keeps_them_and_one_of_many_is_dithered(tmp_path):
    few = np.random.default_rng(0).integers(100, 106, (40, 40, 3), dtype="uint8")  # 216 colours
    files.save_picture(Image.fromarray(few), tmp_path / "few.gif")
    assert np.array_equal(np.asarray(files.open_picture(tmp_path / "few.gif")), few)
    y, x = np.mgrid[0:1:128j, 0:1:128j]
    many = np.stack([200 * x + 20, 220 * y + 10, 100 * (x + y)], axis=-1)
    files.save_picture(Image.fromarray(many.astype("uint8")), tmp_path / "many.gif")
    blocks = np.asarray(files.open_picture(tmp_path / "many.gif")).reshape(16, 8, 16, 8, 3).mean(axis=(1, 3))
    assert np.abs(blocks - many.reshape(16, 8, 16, 8, 3).mean(axis=(1, 3))).max() < 5


@pytest.mark.parametrize("name", ["a.txt", "a", "a.svg"])
def test_an_unknown_suffix_is_refused_and_nothing_is_written(name, tmp_path):
    with pytest.raises(BadPicture, match=r"take .png or .jpg"):
        files.save_picture(quarters(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.jpg"
    files.save_picture(quarters(), path)
    before = path.read_bytes()
    with pytest.raises(OSError, match="cannot write mode F as JPEG"):
        files.save_picture(quarters().convert("F"), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_while_a_file_is_written_the_old_one_can_be_read(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("old")
    with atomic.written(path) as temporary:
        temporary.write_text("half of the n")
        assert path.read_text() == "old"
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_may_be_read_by_whom_the_umask_lets(tmp_path):
    (tmp_path / "plain.txt").write_text("")
    files.save_picture(quarters(), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "plain.txt").stat().st_mode


def test_images_in_memory_are_turned_upright_as_well(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "lying.jpg", exif=exif)
    with Image.open(tmp_path / "lying.jpg") as image:
        assert colour.to_rgb(image).size == files.open_picture(tmp_path / "lying.jpg").size == (20, 40)


def test_tones_are_mean_deviation_and_range_of_the_luminance_of_all_pictures():
    rng = np.random.default_rng(0)
    pictures = [rng.uniform(-1, 0.5, (8, 9, 3)).astype("float32"), rng.uniform(-0.2, 1, (30, 20, 3)).astype("float32")]
    light = np.concatenate([(picture @ [0.299, 0.587, 0.114]).ravel() for picture in pictures])
    expected = [light.mean(), light.std(), *np.quantile(light, [0.005, 0.995])]
    np.testing.assert_allclose(luminance.tones(pictures), expected, atol=0.02)


def test_matched_picture_has_the_wanted_tones_and_its_own_colours():
    picture = np.random.default_rng(1).uniform(-0.3, 0.3, (40, 40, 3)).astype("float32")
    matched = luminance.match_tones(picture, np.float32([0.1, 0.05, -0.5, 0.5]))
    mean, deviation, *_ = luminance.tones([matched])
    assert (mean, deviation) == pytest.approx((0.1, 0.05), abs=0.005)
    np.testing.assert_allclose(np.diff(matched), np.diff(picture), atol=1e-6)  # red, green and blue moved together


def test_matched_picture_is_not_lighter_than_the_styles_are():
    picture = np.random.default_rng(1).uniform(-1, 1, (40, 40, 1)).astype("float32").repeat(3, -1)
    matched = luminance.match_tones(picture, np.float32([0.0, 0.5, -0.4, 0.3]))
    assert (matched.min(), matched.max()) == pytest.approx((-0.4, 0.3))


def colourful(seed, low, high, height=60, width=50):
    """A picture whose red rises with its light."""
    picture = np.random.default_rng(seed).uniform(low, high, (height, width, 3)).astype("float32")
    return np.clip(picture + [0.4, -0.1, -0.3] * picture.mean(axis=-1, keepdims=True), -1, 1).astype("float32")


def test_tones_with_colours_add_quantiles_of_light_and_the_colours_around_each():
    pictures = [colourful(0, -1, 0.5), colourful(1, -0.2, 1, 70, 90)]
    pixels = np.concatenate([picture.reshape(-1, 3) for picture in pictures])
    light = pixels @ [0.299, 0.587, 0.114]
    hues = pixels[:, [0, 2]] - light[:, None]
    found = luminance.tones(pictures, colours=True)
    np.testing.assert_array_equal(found[:4], luminance.tones(pictures))
    rows = found[4:].reshape(9, 5)
    np.testing.assert_allclose(rows[:, 0], np.quantile(light, np.linspace(0.005, 0.995, 9)), atol=0.01)
    for place in (1, 4, 7):
        low, middle, high = rows[place - 1 : place + 2, 0]
        near = np.interp(light, [low, middle, high], [0, 1, 0])
        mean = np.average(hues, axis=0, weights=near)
        deviation = np.sqrt(np.average((hues - mean) ** 2, axis=0, weights=near))
        np.testing.assert_allclose(rows[place, 1:], [*mean, *deviation], atol=0.01)


def test_matched_colours_are_at_each_luminance_those_of_the_style():
    style, picture = colourful(0, (-1, -0.6, -0.2), (0, 0.2, 0.4)), colourful(1, -0.3, 0.3, 600, 40)
    wanted = luminance.tones([style], colours=True)
    found = luminance.tones([luminance.match_tones(picture, wanted)], colours=True)
    np.testing.assert_allclose(found[:2], wanted[:2], atol=0.02)
    wanted, found = (each[4:].reshape(9, 5) for each in (wanted, found))
    for row in found[1:-1]:
        means = [np.interp(row[0], wanted[:, 0], wanted[:, column]) for column in (1, 2)]
        np.testing.assert_allclose(row[1:3], means, atol=0.03)
    np.testing.assert_allclose(found[2:-2, 3:], wanted[2:-2, 3:], rtol=0.3)


def test_matching_goes_half_of_the_way_from_mean_and_deviation_to_the_quantiles():
    rng = np.random.default_rng(2)
    style, picture = (rng.uniform(-1, 1, (50, 60, 1)).repeat(3, -1) ** power for power in (3, 1))
    wanted = luminance.tones([style], colours=True)
    light = luminance.light(luminance.match_tones(picture.astype("float32"), wanted))
    linear = (luminance.light(picture) - picture.mean()) / picture.std() * style.std() + style.mean()
    expected = (linear + luminance.light(picture) ** 3) / 2
    assert np.abs(light - np.clip(expected, *wanted[2:4])).mean() < 0.02


def test_a_grey_picture_does_not_become_colourful():
    grey = np.random.default_rng(1).uniform(-0.3, 0.3, (40, 40, 1)).astype("float32").repeat(3, -1)
    tones = luminance.tones([colourful(0, (-1, -0.6, -0.2), (0, 0.2, 0.4))], colours=True)
    matched = luminance.match_tones(grey, tones)
    row = tones[4:].reshape(9, 5)
    light = luminance.light(matched)
    expected = [np.interp(light, row[:, 0], row[:, column]) for column in (1, 2)]
    np.testing.assert_allclose(luminance.hues(matched), np.stack(expected, axis=-1), atol=1e-4)


def test_a_part_of_a_picture_is_matched_as_within_the_whole():
    picture, tones = colourful(1, -0.6, 0.3), luminance.tones([colourful(0, -1, 0.5)], colours=True)
    whole = luminance.match_tones(picture, tones)
    part = luminance.match_tones(picture[5:20, 7:], tones, luminance.tones([picture], colours=True))
    np.testing.assert_allclose(part, whole[5:20, 7:], atol=1e-6)


def test_levels_and_bands_of_a_large_picture_have_the_same_tones():
    pixels = np.random.default_rng(1).integers(0, 256, (700, 30, 3), "uint8")
    found = luminance.tones([pixels], colours=True)
    np.testing.assert_allclose(luminance.tones([arrays.from_levels(pixels)], colours=True), found, atol=1e-6)
    np.testing.assert_allclose(luminance.tones(np.array_split(pixels, 5), colours=True), found, atol=1e-6)


def one_colour(*colour, height=40, width=50):
    return np.full((height, width, 3), colour, "uint8")


@pytest.mark.parametrize("colours", [False, True])
@pytest.mark.parametrize("colour", [(100, 150, 200), (101, 150, 200), (0, 0, 0), (255, 255, 255)])
def test_a_flat_picture_becomes_as_light_as_the_style_on_average(colours, colour):
    wanted = luminance.tones([colourful(0, -1, 0.5)], colours)
    matched = luminance.match_tones(arrays.from_levels(one_colour(*colour)), wanted)
    assert np.ptp(luminance.light(matched)) < 1e-5
    assert luminance.light(matched).mean() == pytest.approx(wanted[0], abs=0.05)


def test_a_plateau_of_two_levels_stays_flat():
    """The sky of many photographs: most quantiles are at one luminance."""
    rng = np.random.default_rng(0)
    sky = one_colour(100, 150, 200, height=80) + rng.integers(0, 2, (80, 50, 1), "uint8")
    picture = arrays.from_levels(np.concatenate([sky, rng.integers(0, 256, (60, 50, 3), "uint8")]))
    style = colourful(0, -1, 0.5)
    plain, coloured = (luminance.match_tones(picture, luminance.tones([style], colours)) for colours in (False, True))
    spreads = [luminance.light(each[:80]).std() for each in (picture, plain, coloured)]
    assert spreads[2] < 2 * max(spreads[:2])
    assert luminance.hues(coloured[:80]).std(axis=(0, 1)).max() < 0.02


@pytest.mark.parametrize("colours", [False, True])
def test_tones_of_a_flat_picture_are_finite(colours):
    flat, style = np.zeros((4, 4, 3), "float32"), colourful(0, -1, 0.5)
    assert np.isfinite(luminance.match_tones(flat, luminance.tones([style], colours))).all()
    assert np.isfinite(luminance.match_tones(style, luminance.tones([flat], colours))).all()


# Alpha that is 0 everywhere


@pytest.mark.parametrize(
    ("suffix", "options"),
    [(".tga", {}), (".bmp", {}), (".tiff", {}), (".dds", {}), (".sgi", {}), (".ico", {"bitmap_format": "bmp"})],
)
def test_alpha_that_is_0_everywhere_is_ignored_where_programs_leave_it_unused(suffix, options, tmp_path):
    image = quarters(16).resize((16, 16))
    image.putalpha(0)
    if suffix == ".ico":  # Pillow writes smaller sizes as well, but keeps the colours of the whole size
        options = {**options, "sizes": [(16, 16)]}
    image.save(tmp_path / f"a{suffix}", **options)
    assert np.array_equal(files.open_picture(tmp_path / f"a{suffix}", alpha=True), image.convert("RGB"))
    image.putpixel((3, 3), (9, 9, 9, 1))  # one pixel that is seen, hardly
    image.save(tmp_path / f"a{suffix}", **options)
    if suffix != ".bmp":  # as Pillow writes it, it has no alpha
        assert files.open_picture(tmp_path / f"a{suffix}", alpha=True).getextrema()[3] == (0, 1)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif", ".avif"])
def test_alpha_that_is_0_everywhere_is_meant_elsewhere(suffix, tmp_path):
    image = quarters()
    image.putalpha(0)
    image.save(tmp_path / f"a{suffix}")
    picture = files.open_picture(tmp_path / f"a{suffix}", alpha=True)
    assert picture.getextrema() == ((255, 255), (255, 255), (255, 255), (0, 0))


# What a PNG declares of its colours


def png_with(path, image, options=None, **chunks):
    """Write a PNG with further chunks in front of all others but the first."""
    image.save(path, **(options or {}))
    content = path.read_bytes()
    more = b""
    for name, data in chunks.items():
        head = name.encode() + data
        more += struct.pack(">I", len(data)) + head + struct.pack(">I", zlib.crc32(head))
    path.write_bytes(content[:33] + more + content[33:])
    return np.asarray(files.open_picture(path))


def g_ama(value):
    return struct.pack(">I", round(value * 100000))


P3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
TO_P3 = np.array([[0.5151, 0.2920, 0.1571], [0.2412, 0.6922, 0.0666], [-0.0011, 0.0419, 0.7841]])  # of Display P3, D50


@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "P", "RGBA", "I;16"])
def test_the_gamma_of_a_png_is_honoured_in_every_mode(mode, tmp_path):
    if mode == "I;16":
        image = Image.fromarray(np.full((4, 4), 51 * 257, "uint16"))
    else:
        image = Image.new("RGB", (4, 4), (51, 51, 51)).convert(mode)
    for gamma, exponent in ((1.0, 1.0), (1 / 1.8, 1.8), (0.25, 4.0)):
        expected = encoded((51 / 255) ** exponent)
        assert np.abs(png_with(tmp_path / "a.png", image, gAMA=g_ama(gamma)) - expected).max() <= 1.5, gamma


@pytest.mark.parametrize(
    "chunks",
    [
        {"gAMA": g_ama(0.45455)},
        {"gAMA": g_ama(0.4587)},  # a rounded 1 / 2.18
        {"gAMA": g_ama(0)},
        {"gAMA": g_ama(1), "sRGB": b"\0"},
        {"gAMA": g_ama(1), "cICP": bytes([1, 13, 0, 1])},
        {"cICP": bytes([2, 2, 0, 1])},  # not specified
        {"gAMA": g_ama(0.45455), "cHRM": bytes(32)},
        {"gAMA": g_ama(0.45455), "cHRM": struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)},
    ],
)
def test_numbers_that_are_those_of_srgb_stay(chunks, tmp_path):
    assert np.array_equal(png_with(tmp_path / "a.png", quarters(), **chunks), quarters())


def test_a_profile_precedes_gamma_and_cicp_precedes_a_profile(tmp_path):
    grey, profile = Image.new("RGB", (4, 4), (55, 55, 55)), {"icc_profile": rgb_profile(TO_XYZ, 1.8)}
    by_profile = png_with(tmp_path / "a.png", grey, profile, gAMA=g_ama(1))
    assert np.abs(by_profile - encoded((55 / 255) ** 1.8)).max() <= 1.5
    assert (png_with(tmp_path / "a.png", grey, profile, gAMA=g_ama(1), cICP=bytes([1, 13, 0, 1])) == 55).all()
    linear = png_with(tmp_path / "a.png", grey, profile, cICP=bytes([1, 8, 0, 1]))
    assert np.abs(linear - encoded(55 / 255)).max() <= 1.5


@pytest.mark.parametrize("chunks", [{"cICP": bytes([12, 13, 0, 1])}, {"gAMA": g_ama(0.45455), "cHRM": P3}])
def test_the_primaries_of_a_png_are_honoured(chunks, tmp_path):
    shade = np.array([200, 100, 50])
    light = np.where(shade / 255 <= 0.04045, shade / 255 / 12.92, ((shade / 255 + 0.055) / 1.055) ** 2.4)
    expected = encoded(np.linalg.inv(TO_XYZ) @ TO_P3 @ light)
    got = png_with(tmp_path / "a.png", Image.new("RGB", (4, 4), tuple(shade.tolist())), **chunks)
    assert np.abs(expected - shade).max() > 10
    assert np.abs(got - expected).max() <= 2


def test_a_png_of_high_dynamic_range_is_refused(tmp_path):
    with pytest.raises(
        BadPicture, match=r"a\.png' cannot be used: it is a PNG of high dynamic range .* convert it to sRGB"
    ):
        png_with(tmp_path / "a.png", quarters(), cICP=bytes([9, 16, 0, 1]))


def test_significant_bits_may_be_on_either_side(tmp_path):
    """On the left says the standard; programs that write camera data as it is have them on the right."""
    values = np.arange(4096, dtype="uint16").reshape(64, 64)
    expected = np.rint(values / 4095 * 255)
    for right in (values, values << 4, values << 4 | values >> 8):
        got = png_with(tmp_path / "a.png", Image.fromarray(right), sBIT=b"\x0c")[..., 0]
        assert np.abs(got - expected).max() <= 1
    dark = Image.fromarray(values[:4] << 4)  # 256 of 4096 levels, on the left
    assert png_with(tmp_path / "a.png", dark, sBIT=b"\x0c").max() == 16
    assert png_with(tmp_path / "a.png", Image.fromarray(values)).max() == 16  # nothing is declared


# Too large for memory


def test_a_picture_that_is_scaled_may_be_larger(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 1000)
    monkeypatch.setattr(files, "LARGEST_SCALED", 20_000)
    said = r"has 128 x 96 pixels; up to 0 megapixels are possible\. Scale it down first \(--size\)\.$"
    for suffix in (".png", ".jpg"):  # a JPEG is decoded at a quarter
        Image.new("RGB", (128, 96), RED).save(tmp_path / f"a{suffix}")
        with pytest.raises(BadPicture, match=said):
            files.open_picture(tmp_path / f"a{suffix}")
        assert files.open_picture(tmp_path / f"a{suffix}", shorter=12).size == (32, 24)
    Image.new("1", (300, 200)).save(tmp_path / "bomb.png")
    for shorter in (None, 12):
        with pytest.raises(BadPicture, match=r"bomb\.png' has far too many pixels\. Scale it down first\.$"):
            files.open_picture(tmp_path / "bomb.png", shorter=shorter)
    assert Image.MAX_IMAGE_PIXELS == 89_478_485  # as Pillow has it


@pytest.mark.parametrize("count", [2, 255, 256])
def test_a_gif_keeps_up_to_256_colours(count, tmp_path):
    shades = np.random.default_rng(0).permutation(2**24)[:count]
    palette = np.stack([shades >> 16, shades >> 8 & 255, shades & 255], axis=-1).astype("uint8")
    few = palette[np.arange(32 * 32).reshape(32, 32) % count]
    files.save_picture(Image.fromarray(few), tmp_path / "few.gif")
    assert np.array_equal(files.open_picture(tmp_path / "few.gif"), few)


def test_an_array_of_levels_is_the_picture_that_pillow_shows_and_one_of_no_numbers_is_none():
    levels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype="uint8")
    np.testing.assert_array_equal(arrays.as_array(levels), arrays.as_array(Image.fromarray(levels)))
    with pytest.raises(BadPicture, match="no numbers"):
        arrays.as_array(np.full((4, 5, 3), np.nan))
    with pytest.raises(BadPicture, match="A dict is no picture: give a path"):
        arrays.as_array({"monet": 1})
