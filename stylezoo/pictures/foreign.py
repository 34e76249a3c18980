"""Files of pictures that Pillow does not read: recognised by their first bytes or suffix, each with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, TiffImagePlugin

from stylezoo.files import recognition
from stylezoo.pictures.depth import BITS, FORMAT, PHOTOMETRIC

DNG_VERSION, SAMPLES = 50706, 277  # TIFF tags
SENSOR = (32803, 34892)  # photometric: values of a camera's sensor
FORMS = {1: "whole numbers", 2: "signed numbers", 3: "floats"}


@dataclass(frozen=True)
class Foreign:
    """A kind of file that cannot be read.

    Attributes:
        name: Its name, before the word "file".
        advice: A sentence that says what to do.
        suffixes: The suffixes of its files, separated by blanks.
    """

    name: str
    advice: str
    suffixes: str = ""

    def __str__(self) -> str:
        """What one such file is and what to do, after "'x.heic' is"."""
        return f"{'an' if self.name[0] in 'AEIOU' else 'a'} {self.name} file, which cannot be read here. {self.advice}"


HEIC = Foreign(
    "HEIC",
    "'pip install pillow-heif' (the extra 'heif') makes such files readable; or convert them to JPEG.",
    ".heic .heif .hif .heics .heifs",
)
AVIF = Foreign("AVIF", "'pip install -U pillow' makes such files readable; or convert them to PNG.", ".avif .avifs")
JXL = Foreign("JPEG XL", "Convert such files to PNG or JPEG, for example with ImageMagick.", ".jxl")
RAW = Foreign(
    "camera raw",
    "Develop such files into JPEG or TIFF of 8 or 16 bits first, for example with darktable.",
    ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .gpr .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw .rw2 .rwl "
    ".sr2 .srf .srw .x3f",
)
HDR = Foreign(
    "high dynamic range",
    "Map the tones of such files to PNG of 8 bits first, for example with GIMP.",
    ".exr .hdr .rgbe",
)
VECTOR = Foreign("vector", "Draw such files as PNG first, for example with Inkscape.", ".svg .svgz .ai .cdr")
PDF = Foreign("PDF", "Convert its pages to PNG first: 'pdftoppm -png FILE.pdf page'.", ".pdf")
VIDEO = Foreign(
    "video",
    "'stylezoo stylize VIDEO' redraws one that is named itself; elsewhere take out the frames as pictures first: "
    "'ffmpeg -i VIDEO frame-%05d.png'.",
    ".mp4 .m4v .mov .avi .mkv .webm .mpg .mpeg .mts .m2ts .wmv .3gp .flv .ogv",
)
LAYERED = Foreign("layered", "Export such files as PNG from the program that wrote them.", ".xcf .kra .clip .psb .ora")
KINDS = (HEIC, AVIF, JXL, RAW, HDR, VECTOR, PDF, VIDEO, LAYERED)
BY_SUFFIX = {suffix: kind for kind in KINDS for suffix in kind.suffixes.split()}
STARTS = {
    b"\xff\x0a": JXL,
    b"\0\0\0\x0cJXL ": JXL,
    b"v/1\x01": HDR,
    b"#?RADIANCE": HDR,
    b"#?RGBE": HDR,
    b"PF\n": HDR,
    b"FUJIFILMCCD-RAW": RAW,
    b"%PDF": PDF,
    b"\x1aE\xdf\xa3": VIDEO,
    b"\0\0\x01\xba": VIDEO,
    b"gimp xcf": LAYERED,
}
BRANDS = ((AVIF, (b"avif", b"avis")), (HEIC, (b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1")), (RAW, (b"crx ",)))


def of_suffix(path: Path) -> Foreign | None:
    """The kind of a file by the suffix of its name, whether Pillow reads it or not; None for no such kind."""
    return BY_SUFFIX.get(path.suffix.lower())


def of_bytes(head: bytes) -> Foreign | None:
    """The kind of a file by its first 512 bytes, or None."""
    if head[4:8] == b"ftyp":
        brands = [head[i : i + 4] for i in range(8, min(int.from_bytes(head[:4]), len(head)), 4)]
        return next((kind for kind, own in BRANDS if any(brand in own for brand in brands)), VIDEO)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return VIDEO
    if b"<svg" in head and head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        return VECTOR
    return next((kind for start, kind in STARTS.items() if head.startswith(start)), None)


def is_raw(image: Image.Image, suffix: str) -> bool:
    """Whether an image that Pillow has opened is only the thumbnail in the raw file of a camera."""
    return image.format == "TIFF" and (DNG_VERSION in image.tag_v2 or BY_SUFFIX.get(suffix.lower()) is RAW)


def unknown(file, suffix: str) -> str:
    """What a file is that Pillow did not recognise, and what to do, in a sentence or two.

    Args:
        file: The open binary file.
        suffix: The suffix of its name, or "".
    """
    file.seek(0)
    head = file.read(recognition.START)
    other = recognition.of_beginning(head)
    if other in recognition.NOT_DOWNLOADED:
        return f"is {other.what}. {other.advice}"
    kind = of_bytes(head) or BY_SUFFIX.get(suffix.lower())
    if kind is None and head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _unknown_tiff(file, head)
    return f"is {kind}" if kind else "is not a picture that Pillow can read."


def _unknown_tiff(file, head):
    """Likewise of a TIFF."""
    try:
        directory = TiffImagePlugin.ImageFileDirectory_v2(head[: 16 if b"+" in head[:4] else 8])
        file.seek(directory.next)
        directory.load(file)
        bits, form = (directory.get(tag, (1,))[0] for tag in (BITS, FORMAT))
        count = directory.get(SAMPLES, 1)
        if directory.get(PHOTOMETRIC) in SENSOR:
            return f"is {RAW}"
    except Exception:  # it is damaged in one of many ways, or a big-endian BigTIFF
        return "is a TIFF that Pillow cannot read. Convert it to PNG first."
    many = f"{count} channels of {bits}-bit" if count > 1 else f"{bits}-bit"
    other = f" Or {trainable(count)}." if count > 1 and bits in (8, 16) and form == 1 else ""
    return (
        f"is a TIFF of {many} {FORMS.get(form, 'values')}, which Pillow cannot read. Convert it to grey or RGB "
        f"of 8 or 16 bits a channel first, for example with GIMP or ImageMagick.{other}"
    )


def trainable(count: int) -> str:
    """What to do with files of so many channels."""
    return f"train a model of so many channels, --set channels={count}"
