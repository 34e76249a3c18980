"""Grey samples of more than 8 bits, signed or float ones as levels: which value is black, which is white.

What the file declares counts first: TIFF tags, significant bits of a PNG, the type of unsigned samples up to 16 bits.
Types of 32 bits, signed ones and floats say nothing: there the smallest usual white is taken that the samples keep to,
a few of them aside. If the picture would be nearly all black with it, nobody knows what is white, and it is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from stylezoo.errors import BadPicture

GREYS = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")  # modes of Pillow with more than 8 bits
WHITES = (1, 255, 65535)
OVERSHOOT = 1.25  # by what factor samples may exceed the white, as in pictures that were sharpened or resampled
FAINTEST = 16  # samples that do not reach this part of a white belong to another one
PHOTOMETRIC, DESCRIPTION, BITS, FORMAT = 262, 270, 258, 339  # TIFF tags
BLACKS_OF_TIFF, WHITES_OF_TIFF, STATED_WHITE = 340, 341, 281  # SMinSampleValue, SMaxSampleValue, MaxSampleValue


class Unusable(BadPicture):
    """A picture whose content cannot be used; `reason` is a part of a sentence, to which a file can be named."""

    def __init__(self, reason):
        super().__init__(f"The picture cannot be used: {reason}.")
        self.reason = reason


@dataclass(frozen=True)
class Declared:
    """What a file declares about its samples.

    Attributes:
        kind: The type of NumPy of its samples, where Pillow gives them another one.
        black: The sample that is black.
        white: The sample that is white; None: not declared.
        inverted: Whether both are exchanged.
        significant: The bits of a PNG's samples that matter; 0: not declared.
    """

    kind: str = ""
    black: float = 0
    white: float | None = None
    inverted: bool = False
    significant: int = 0

    @classmethod
    def of(cls, image: Image.Image, chunks: dict[bytes, bytes]) -> Declared:
        """Of the image of an open file, and the `png.chunks` of that.

        Raises:
            Unusable: It is a colour picture of 16 bits that uses only the lower ones, which Pillow does not read.
        """
        if image.format == "TIFF":
            return _of_tiff(image)
        if image.format == "PPM" and image.mode == "I":  # scaled to that by Pillow
            return cls(white=65535)
        if image.format == "FITS" and image.mode.startswith("I;16"):
            return cls(kind="int16")  # Pillow takes them for unsigned ones
        return cls(significant=chunks[b"sBIT"][0] if chunks.get(b"sBIT") else 0)

    @property
    def is_signed_byte(self) -> bool:
        """Whether its samples are signed ones of 8 bits, which Pillow takes for unsigned ones."""
        return self.kind == "int8"

    def samples(self, image: Image.Image) -> np.ndarray:
        """The samples of an image in the type that they have in the file."""
        values = np.asarray(image)
        return values.astype(self.kind) if self.kind and self.kind != values.dtype else values

    def levels(self, samples: np.ndarray, dtype: str = "uint8") -> np.ndarray:
        """Samples as uint8 or uint16. Infinite ones are white or black, those that are no numbers black.

        Raises:
            Unusable: It is not known which of them is white.
        """
        black, white = (self.black, self.white) if self.white is not None else self._range(samples)
        top = np.iinfo(dtype).max
        with np.errstate(over="ignore"):
            levels = np.clip((samples.astype("float32") - black) * (top / (white - black)), 0, top)
        levels = np.rint(np.nan_to_num(levels, nan=0)).astype(dtype)
        return top - levels if self.inverted else levels

    def _range(self, samples):
        if samples.dtype.kind != "u" or samples.dtype.itemsize > 2:
            return _likely(samples)
        top, unused = np.iinfo(samples.dtype).max, 16 - self.significant
        if not 0 < self.significant < 16 or samples.max(initial=0) >> self.significant:
            return 0, top
        # A PNG has the significant bits on the left, says its specification; some programs write them on the right.
        is_right = (samples & ((1 << unused) - 1)).max(initial=0) > 1  # rounding gives 1 on the left
        return 0, (1 << self.significant) - 1 if is_right else top


def _of_tiff(image):
    tags = image.tag_v2
    bits, form = (tags.get(tag, (default,))[0] for tag, default in ((BITS, 1), (FORMAT, 1)))
    black, white = _range_of_tiff(tags, bits, form)
    declared = Declared(black=black, white=white) if white is not None and white > black else Declared()
    if image.mode not in (*GREYS, "L"):
        if bits == 16 and declared.white is not None and declared.white < 0.9 * 65535:
            raise Unusable(
                f"its colours of 16 bits have their white at {declared.white:g}, and Pillow reads the upper 8 bits "
                "only; convert it to 8 bits a channel first"
            )
        return Declared()
    if image.mode == "L":
        return replace(declared, kind="int8") if (bits, form) == (8, 2) else Declared()
    kind = {1: "uint", 2: "int", 3: "float"}.get(form, "uint")
    inverted = tags.get(PHOTOMETRIC) == 0  # Pillow inverts those of 8 bits
    return replace(declared, kind=f"{kind}{16 if bits <= 16 else 32}", inverted=inverted)


def _range_of_tiff(tags, bits, form):
    """The black and the white that the tags of a TIFF declare; None for the white if they do not."""
    white = max(_numbers(tags, WHITES_OF_TIFF), default=None)
    if white is not None:
        return min(_numbers(tags, BLACKS_OF_TIFF), default=0), white
    if form == 1:
        stated = int(max(_numbers(tags, STATED_WHITE), default=0))
        counts_bits = stated > 255 and stated & (stated + 1) == 0  # other numbers are statistics
        return 0, 2**bits - 1 if bits < 16 else stated if counts_bits else None
    shown = re.findall(r"^(min|max)=(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)$", str(tags.get(DESCRIPTION, "")), re.MULTILINE)
    if form != 3 or [name for name, _ in shown] != ["min", "max"]:  # as ImageJ shows it
        return 0, None
    return tuple(float(number) for _, number in shown)


def _numbers(tags, tag):
    """The finite numbers of a tag."""
    values = np.atleast_1d(np.asarray(tags.get(tag, ())))
    return values[np.isfinite(values)].tolist() if values.dtype.kind in "iuf" else []


def _likely(samples):
    """Black and white of samples whose type and file do not say it."""
    top = np.inf if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max
    samples = samples[np.isfinite(samples)]
    if not samples.size:
        return 0, 1
    strays = max(samples.size // 1000, int(samples.size >= 64))
    ordered = np.partition(samples, [strays, samples.size - 1 - strays])
    low, high = float(ordered[strays]), float(ordered[samples.size - 1 - strays])
    if low < -max(abs(high), 1) / FAINTEST:
        if top is np.inf or high - low < top / 2:  # of the whole range only a part, as in tomography
            raise Unusable(_unclear(low, high))
        return -top - 1, top
    white = next((white for white in (*WHITES, top) if white <= top and high <= OVERSHOOT * white), top)
    if white == np.inf or (white > 1 and high < white / FAINTEST):
        raise Unusable(_unclear(low, high))
    return 0, white


def _unclear(low, high):
    return (
        f"its values go from {low:g} to {high:g}, and nothing says which of them is white; scale them to 0..1, or save "
        "it with 8 bits a channel"
    )
