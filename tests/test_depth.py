"""Grey pictures of other depths than 8 bits: black and white are what the file declares, or it is refused in words."""

import struct

import numpy as np
import pytest
from PIL import Image

from stylezoo.errors import BadPicture
from stylezoo.pictures import colour, files

RAMP = np.tile(np.linspace(0, 1, 52), (20, 1))  # 20 x 52 pixels from black to white; in 8 bits steps of 5
UNSIGNED, SIGNED, FLOAT = 1, 2, 3  # sample formats of TIFF
FOR_EACH_CHANNEL = (258, 339, 340, 341, 281)  # BitsPerSample, SampleFormat, S(Min|Max)SampleValue, MaxSampleValue
UNCLEAR = r"a\.tif' cannot be used: its values go from .* nothing says which of them is white; scale them to 0\.\.1"


def tiff(path, values, bits, form, channels=1, big_endian=False, **more):
    """Write a TIFF (https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf) of packed samples in one strip.

    `more` are further tags, ``t341=("d", 4095)``: the type of `struct`, and the value; one for each channel.
    """
    order, data = ">" if big_endian else "<", values if isinstance(values, bytes) else values.tobytes()
    tags = {256: ("I", RAMP.shape[1]), 257: ("I", RAMP.shape[0]), 258: ("H", bits), 259: ("H", 1), 262: ("H", 1)}
    tags |= {273: ("I", 0), 277: ("H", channels), 278: ("I", RAMP.shape[0]), 279: ("I", len(data)), 339: ("H", form)}
    tags |= {int(name[1:]): value for name, value in more.items()}
    kinds, place = {"B": 1, "s": 2, "H": 3, "I": 4, "f": 11, "d": 12}, 8 + 2 + 12 * len(tags) + 4
    packed = {}
    for tag, (kind, value) in sorted(tags.items()):
        count = channels if tag in FOR_EACH_CHANNEL else 1
        packed[tag] = (
            kind,
            *((len(value), value) if kind == "s" else (count, struct.pack(order + kind, value) * count)),
        )
    start = place + sum(len(item) for _, _, item in packed.values() if len(item) > 4)
    rows, apart = b"", b""
    for tag, (kind, count, item) in packed.items():
        item = struct.pack(order + "I", start) if tag == 273 else item
        if len(item) > 4:
            item, apart = struct.pack(order + "I", place + len(apart)), apart + item
        rows += struct.pack(order + "HHI", tag, kinds[kind], count) + item.ljust(4, b"\0")
    head = (b"MM" if big_endian else b"II") + struct.pack(order + "HIH", 42, 8, len(tags))
    path.write_bytes(head + rows + bytes(4) + apart + data)
    return path


def scaled(low, high, kind):
    return (
        np.rint(low + RAMP * (float(high) - low)).astype(kind) if kind[-2] != "f" else (low + RAMP * high).astype(kind)
    )


def packed(bits):
    """The ramp in samples of so many bits, each row from a new byte on."""
    rows = ["".join(f"{round(value * (2**bits - 1)):0{bits}b}" for value in row) for row in RAMP.tolist()]
    rows = [row + "0" * (-len(row) % 8) for row in rows]
    return b"".join(int(row, 2).to_bytes(len(row) // 8) for row in rows)


def grey(path):
    return np.asarray(files.open_picture(path))[..., 0]


def is_ramp(path):
    return np.abs(grey(path) - 255 * RAMP).max() <= 1


@pytest.mark.parametrize("bits", [8, 12])
def test_white_of_packed_bits_is_the_largest_number_that_they_hold(bits, tmp_path):
    assert is_ramp(tiff(tmp_path / "a.tif", packed(bits), bits, UNSIGNED))


@pytest.mark.parametrize("tag", [{"t341": ("H", 4095)}, {"t341": ("d", 4095)}, {"t281": ("H", 4095)}])
def test_twelve_bits_in_sixteen_have_the_white_that_a_tag_declares(tag, tmp_path):
    assert is_ramp(tiff(tmp_path / "a.tif", scaled(0, 4095, "<u2"), 16, UNSIGNED, **tag))
    assert is_ramp(tiff(tmp_path / "a.tif", scaled(0, 4095, ">u2"), 16, UNSIGNED, big_endian=True, **tag))


@pytest.mark.parametrize("tag", [{}, {"t281": ("H", 4000)}])
def test_sixteen_bits_without_such_a_tag_stay_dark(tag, tmp_path):
    """A MaxSampleValue that is no number of bits is a statistic, says the standard."""
    assert grey(tiff(tmp_path / "a.tif", scaled(0, 4000, "<u2"), 16, UNSIGNED, **tag)).max() == 16


def test_zero_is_white_where_the_file_says_so(tmp_path):
    for values, bits, form in ((scaled(65535, 0, "<u2"), 16, UNSIGNED), ((1 - RAMP).astype("<f4"), 32, FLOAT)):
        assert is_ramp(tiff(tmp_path / "a.tif", values, bits, form, t262=("H", 0)))


@pytest.mark.parametrize("kind", ["<i2", ">i2", "<i4", ">i4", "<u4", "|i1"])
def test_whole_numbers_have_the_range_of_their_type_or_a_usual_one(kind, tmp_path):
    info, form = np.iinfo(kind), SIGNED if "i" in kind else UNSIGNED
    ranges = [(info.min, info.max), (0, info.max), (0, 255), (0, 65535)]
    for low, high in [each for each in ranges if each[1] <= info.max]:
        values = np.clip(low + RAMP * (float(high) - low), low, high - high // 2**20).astype(kind)
        path = tiff(tmp_path / "a.tif", values, info.bits, form, big_endian=kind[0] == ">")
        assert np.abs(grey(path) - 255 * RAMP).max() <= 2, (low, high)


@pytest.mark.parametrize("high", [1, 255, 65535])
@pytest.mark.parametrize("stray", [None, 1.01, np.inf, -np.inf, np.nan, 3e38, -0.01])
def test_floats_of_a_usual_range_keep_it_whatever_one_of_them_is(high, stray, tmp_path):
    values = (RAMP * high).astype("float32")
    if stray is not None:
        values[5, 7] = min(stray * high, 3e38) if stray < np.inf else stray
    Image.fromarray(values).save(tmp_path / "a.tif")
    right = 255 * RAMP
    right[5, 7] = right[5, 7] if stray is None else 255 if stray > 1 else 0
    assert np.abs(grey(tmp_path / "a.tif") - right).max() <= 1


def test_floats_have_the_range_that_the_file_declares(tmp_path):
    path, values = tmp_path / "a.tif", scaled(0, 1000, "<f4")
    assert is_ramp(tiff(path, values, 32, FLOAT, t341=("f", 1000)))
    assert is_ramp(tiff(path, values - 500, 32, FLOAT, t340=("d", -500), t341=("d", 500)))
    for low in (0, -500):
        shown = b"ImageJ=1.53t\nmin=%d.0\nmax=%d.0\n\0" % (low, low + 1000)
        assert is_ramp(tiff(path, values + low, 32, FLOAT, t270=("s", shown)))
    assert is_ramp(tiff(path, values / 1000, 32, FLOAT, t341=("f", np.nan)))


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (RAMP * 1000, FLOAT),
        (RAMP * 1.5, FLOAT),
        (RAMP * 1e6, FLOAT),
        (RAMP * 2 - 1, FLOAT),
        (RAMP * 1000, SIGNED),
        (RAMP * 4095 - 1024, SIGNED),  # Hounsfield units
    ],
)
def test_values_whose_white_nobody_knows_are_refused(values, form, tmp_path):
    path = tiff(tmp_path / "a.tif", values.astype("<f4" if form == FLOAT else "<i4"), 32, form)
    with pytest.raises(BadPicture, match=UNCLEAR):
        files.open_picture(path)
    with Image.open(path) as image, pytest.raises(BadPicture, match=r"^The picture cannot be used: its values go from"):
        colour.upright(image)


@pytest.mark.parametrize(
    ("values", "bits", "form", "channels", "said"),
    [
        (packed(10), 10, UNSIGNED, 1, "a TIFF of 10-bit whole numbers"),
        (packed(14), 14, UNSIGNED, 1, "a TIFF of 14-bit whole numbers"),
        (RAMP, 64, FLOAT, 1, "a TIFF of 64-bit floats"),
        (RAMP.astype("<f2"), 16, FLOAT, 1, "a TIFF of 16-bit floats"),
        (np.repeat(RAMP.astype("<f4"), 3), 32, FLOAT, 3, "a TIFF of 3 channels of 32-bit floats"),
    ],
)
def test_what_pillow_does_not_read_is_named_with_what_to_do(values, bits, form, channels, said, tmp_path):
    path = tiff(tmp_path / "a.tif", values, bits, form, channels, t262=("H", 2 if channels == 3 else 1))
    with pytest.raises(BadPicture, match=f"a.tif' is {said}, which Pillow cannot read. Convert it to grey or RGB of 8"):
        files.open_picture(path)


def test_colours_of_twelve_bits_in_sixteen_are_refused(tmp_path):
    values = np.repeat(scaled(0, 4095, "<u2"), 3)
    path = tiff(tmp_path / "a.tif", values, 16, UNSIGNED, 3, t262=("H", 2), t281=("H", 4095))
    with pytest.raises(BadPicture, match=r"its colours of 16 bits have their white at 4095.* convert it to 8 bits"):
        files.open_picture(path)


def test_the_thumbnail_of_a_raw_file_is_not_taken_for_the_picture(tmp_path):
    said = "is a camera raw file, which cannot be read here. Develop such files into JPEG or TIFF"
    for name, more in (("a.tif", {"t50706": ("I", 0x0401)}), ("a.nef", {}), ("b.tif", {"t262": ("H", 32803)})):
        with pytest.raises(BadPicture, match=f"{name}' {said}"):
            files.open_picture(tiff(tmp_path / name, packed(8), 8, UNSIGNED, **more))


@pytest.mark.parametrize("largest", [1, 15, 255, 1000, 4095, 65535])
def test_white_of_a_pgm_is_its_maxval(largest, tmp_path):
    values = np.rint(RAMP * largest).astype(">u2" if largest > 255 else "u1")
    (tmp_path / "a.pgm").write_bytes(b"P5 52 20 %d\n" % largest + values.tobytes())
    assert np.abs(grey(tmp_path / "a.pgm") - 255 * np.rint(RAMP * largest) / largest).max() <= 1
    dark = np.rint(RAMP * largest / 300).astype(values.dtype)
    (tmp_path / "b.pgm").write_bytes(b"P5 52 20 %d\n" % largest + dark.tobytes())
    assert grey(tmp_path / "b.pgm").max() <= 1


@pytest.mark.parametrize(("low", "high"), [(-32768, 32767), (0, 32767)])
def test_sixteen_bits_of_a_fits_file_are_signed(low, high, tmp_path):
    cards = {"SIMPLE": "T", "BITPIX": 16, "NAXIS": 2, "NAXIS1": 52, "NAXIS2": 20}
    head = "".join(f"{name:8}= {value!s:>20}".ljust(80) for name, value in cards.items()) + "END"
    (tmp_path / "a.fits").write_bytes(head.ljust(2880).encode() + scaled(low, high, ">i2").tobytes().ljust(2880, b"\0"))
    assert np.abs(grey(tmp_path / "a.fits") - 255 * RAMP[::-1]).max() <= 1


def test_a_grey_pfm_has_its_greys(tmp_path):
    (tmp_path / "a.pfm").write_bytes(b"Pf\n52 20\n-1.0\n" + RAMP.astype("<f4").tobytes())
    assert is_ramp(tmp_path / "a.pfm")
