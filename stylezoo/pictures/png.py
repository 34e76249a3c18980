"""PNG of 16 bits, and what a PNG declares: significant bits, and which light samples mean, as an ICC profile.

The order of precedence is that of https://www.w3.org/TR/png-3/#color-chunk-precendence: cICP, iCCP, sRGB, gAMA.
"""

import struct
import zlib
from contextlib import nullcontext

import numpy as np
from PIL import Image

from stylezoo.pictures.depth import Unusable

SRGB_GAMMA = 0.45455  # of 2.2; browsers and libpng take a file with a gamma near it for sRGB
NEAR = 0.05
WHITE_D65, WHITE_DCI = (0.3127, 0.329), (0.314, 0.351)
SRGB = (*WHITE_D65, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)  # x and y of white, red, green and blue
PRIMARIES = {  # of a cICP chunk: https://www.itu.int/rec/T-REC-H.273
    1: SRGB,
    5: (*WHITE_D65, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: (*WHITE_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (*WHITE_D65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    11: (*WHITE_DCI, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (*WHITE_D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
CURVES = {1: SRGB_CURVE, 6: SRGB_CURVE, 13: SRGB_CURVE, 14: SRGB_CURVE, 15: SRGB_CURVE, 4: (2.2,), 5: (2.8,), 8: (1.0,)}
HDR = (16, 18)  # PQ and HLG
D50 = np.array([0.9642, 1, 0.8249])  # XYZ of the white of all ICC profiles
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def chunks(image: Image.Image) -> dict[bytes, bytes]:
    """The chunks of a PNG file before its pixels by their names; {} for another image, or one that is decoded.

    Pillow keeps most of them, but not sBIT and cICP.
    """
    file = getattr(image, "fp", None)
    if image.format != "PNG" or file is None:
        return {}
    found, place = {}, file.tell()
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        if name in (b"IDAT", b"IEND"):
            break
        if name in (b"sBIT", b"cICP"):
            found[name] = file.read(min(length, 4))
            length -= len(found[name])
        file.seek(length + 4, 1)
    file.seek(place)
    return found


def profile(image: Image.Image, found: dict[bytes, bytes]) -> bytes | None:
    """The ICC profile of an image: that of a PNG by its chunks, of any other the embedded one; None: sRGB.

    Args:
        image: The image.
        found: Its `chunks`.

    Raises:
        Unusable: It is a PNG of high dynamic range.
    """
    is_grey = image.mode in ("1", "L", "LA") or image.mode.startswith("I")
    if b"cICP" in found:
        primaries, transfer = found[b"cICP"][:2]
        if transfer in HDR:
            raise Unusable("it is a PNG of high dynamic range (PQ or HLG); convert it to sRGB first")
        if primaries in PRIMARIES and transfer in CURVES:
            return _icc(CURVES[transfer], PRIMARIES[primaries], is_grey)
    gamma = image.info.get("gamma", SRGB_GAMMA)
    if image.info.get("icc_profile") or "srgb" in image.info or not 0.01 < gamma < 100:
        return image.info.get("icc_profile")
    primaries = tuple(image.info.get("chromaticity", SRGB))
    is_usual = abs(gamma / SRGB_GAMMA - 1) < NEAR
    if is_usual and (is_grey or np.allclose(primaries, SRGB, atol=0.002)):
        return None
    return _icc(SRGB_CURVE if is_usual else (1 / gamma,), primaries, is_grey)


def write(file, samples: np.ndarray, alpha: np.ndarray | None = None) -> None:
    """Write a PNG of 16 bits a channel, which Pillow does for grey only.

    Args:
        file: The path, or a binary file object.
        samples: (height, width, 1 or 3), uint16.
        alpha: The opacity, (height, width), uint16; None: it is opaque.
    """
    kind = (2 if samples.shape[-1] == 3 else 0) + (0 if alpha is None else 4)
    samples = samples if alpha is None else np.concatenate([samples, alpha[..., None]], axis=-1)
    height, width, channels = samples.shape
    lines = np.ascontiguousarray(samples, ">u2").view("uint8").reshape(height, width, 2 * channels)
    changes = np.diff(lines, axis=1, prepend=np.uint8(0)).reshape(height, -1)  # the filter "Sub", number 1
    data = np.concatenate([np.ones((height, 1), "uint8"), changes], axis=1).tobytes()
    with nullcontext(file) if hasattr(file, "write") else open(file, "wb") as opened:
        opened.write(b"\x89PNG\r\n\x1a\n")
        for name, content in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)),
            (b"IDAT", zlib.compress(data)),
            (b"IEND", b""),
        ):
            opened.write(chunk(name, content))


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _icc(curve, primaries, is_grey):
    """An ICC profile (https://www.color.org/specification/ICC.1-2022-05.pdf); None if the primaries are impossible.

    Args:
        curve: The parameters of a parametric curve from a sample to light: an exponent, or those of type 3.
        primaries: x and y of white, red, green and blue.
        is_grey: Whether it is a profile of grey.
    """
    kind = b"para" + struct.pack(">IHH", 0, 0 if len(curve) == 1 else 3, 0) + _fixed(curve)
    tags = {b"wtpt": b"XYZ " + bytes(4) + _fixed(D50)}
    if is_grey:
        tags[b"kTRC"] = kind
    else:
        matrix = _to_d50(primaries)
        if matrix is None:
            return None
        for name, column in zip((b"r", b"g", b"b"), matrix.T, strict=True):
            tags[name + b"XYZ"] = b"XYZ " + bytes(4) + _fixed(column)
            tags[name + b"TRC"] = kind
    start, table, data = 132 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    space = b"GRAY" if is_grey else b"RGB "
    head = struct.pack(">IIIII", start + len(data), 0, 0x04200000, 0, 0)[:12] + b"mntr" + space + b"XYZ "
    head += bytes(12) + b"acsp" + bytes(28) + _fixed(D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _to_d50(primaries):
    """The matrix from linear RGB to XYZ, its white adapted to that of profiles; None if there is none."""
    xy = np.reshape(primaries, (4, 2))
    if not (xy[:, 1] > 0).all():
        return None
    white, *colours = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in xy)
    try:
        matrix = np.stack(colours, axis=1)
        matrix = matrix * np.linalg.solve(matrix, white)
        adapted = np.linalg.inv(BRADFORD) @ np.diag(BRADFORD @ D50 / (BRADFORD @ white)) @ BRADFORD @ matrix
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return None
    return adapted if np.isfinite(adapted).all() and np.abs(adapted).max() < 100 else None


def _fixed(values):
    """Numbers in the fixed-point format of ICC profiles."""
    return b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)
