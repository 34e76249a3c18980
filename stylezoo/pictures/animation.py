"""Animations: the frames of a GIF, WebP or APNG one by one as Pillow images, and frames back into such a file."""

import struct
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cached_property
from io import BytesIO
from itertools import accumulate, chain, islice, pairwise
from pathlib import Path

import numpy as np
from PIL import GifImagePlugin, Image, ImageChops

from stylezoo.errors import BadPicture, name_all
from stylezoo.files import atomic
from stylezoo.pictures import colour, files, film_writing, png

FORMATS = ("GIF", "WEBP", "PNG", "AVIF", "FLI")  # not TIFF and MPO: their further pictures are pages, not frames
OPEN = 100  # milliseconds of a frame that says 0, as browsers show it
OTHERS = {"TIFF": "pages", "DCX": "pages", "HEIF": "pictures"}  # not MPO, ICO and PSD: previews, sizes and layers


def opened(path: str | Path) -> "Animation | None":
    """The animation in a file; None for a still picture, and for a file that `files.open_picture` refuses."""
    try:
        with files.reading(path) as image:
            if image.format not in FORMATS or _count(image) < 2:
                return None
            return Animation(path, _count(image), colour.upright(image).size, _plays(image))
    except BadPicture:
        return None


def several(path: str | Path) -> str:
    """The frames or pages of a file in words, such as "3 pages"; "" if there is only one, or it cannot be read."""
    try:
        with files.reading(path, shorter=1) as image:  # of any size: nothing is decoded
            known = image.format in (*FORMATS, *OTHERS) and _count(image) > 1
            return f"{_count(image)} {OTHERS.get(image.format, 'frames')}" if known else ""
    except BadPicture:
        return ""


def first_used(files_of_several: dict[Path, str]) -> str:
    """A line which says that only the first frame or page of files is used.

    Args:
        files_of_several: The files, each with what `several` said.
    """
    (first, said), *rest = files_of_several.items()
    if not rest:
        return f"'{first}' has {said}; the first is used."
    return f"{1 + len(rest)} files have several frames or pages, such as '{first}'; the first of each is used."


class Animation:
    """The frames of a file, decoded one by one, so that only one of them is in memory.

    Attributes:
        path: The file.
        size: Width and height of every frame, upright.
        plays: How often it runs; 0 means for ever.
        tick: The unit of `times`, in seconds.
        shape: The proportions of a pixel; None: square.
        colours: The primaries and the transfer characteristic, as FFmpeg numbers those of BT.709.
    """

    tick = Fraction(1, 1000)
    shape = None
    colours = (1, 1)

    def __init__(self, path: str | Path, count: int, size: tuple[int, int], plays: int):
        self.path = Path(path)
        self.size = size
        self.plays = plays
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Image.Image]:
        """Each frame as it is seen, composed of all before it, and as `colour.upright` gives it: RGB or RGBA.

        Raises:
            BadPicture: A frame is damaged; the message has its number, from 1.
        """
        return (self._upright(image) for image in self._decoded())

    @cached_property
    def durations(self) -> list[float]:
        """The duration of each frame in milliseconds. The file is decoded once more for it.

        Raises:
            BadPicture: As in the iteration over frames.
        """
        return [image.info.get("duration", 0) for image in self._decoded()]

    def save(self, frames: Iterable[Image.Image], path: str | Path) -> None:
        """Write other frames, as many as these, with the durations and the repetitions of this animation.

        They are taken one by one, and none is kept. A reader never sees half a file.

        Raises:
            BadPicture: The format of the path's suffix holds no animations, or this animation's file is damaged.
            ValueError: There are more or fewer frames than here.
        """
        write(self, frames, path)

    def after(self, number: int) -> Iterator[Image.Image]:
        """The frames without the first ones."""
        return islice(self, number, None)

    def chosen(self, numbers: Collection[int]) -> Iterator[Image.Image]:
        """The frames of some numbers, in order."""
        return (frame for number, frame in enumerate(islice(self, max(numbers) + 1)) if number in numbers)

    @property
    def times(self) -> list[int]:
        """When each frame is shown, in ticks, and at last when the animation ends; browsers decide where it is open."""
        return [round(each) for each in accumulate((each or OPEN for each in self.durations), initial=0)]

    def left_out(self, path: str | Path) -> str:
        """A line about what a file of the path's suffix cannot hold of this animation: nothing."""
        return ""

    @contextmanager
    def sounds(self):
        """Within the block, the streams of sound and their packets: none."""
        yield (), iter(())

    def _decoded(self):
        """The Pillow image of the file at each of its frames in turn."""
        with files.reading(self.path) as image:
            first = _first(image)
            for number in range(len(self)):
                try:
                    image.seek(first + number)
                    files.refuse_large(image, f"'{self.path}'")  # in a GIF one may be larger than the first
                    image.load()
                except BadPicture:
                    raise
                except Exception as error:  # each of Pillow's decoders has its own way to fail
                    raise BadPicture(
                        f"'{self.path}' is damaged in frame {number + 1} of {len(self)}: {files.reason(error)}."
                    ) from None
                yield image

    def _upright(self, image):
        frame = colour.upright(image)
        if frame.size != self.size:  # a frame of a GIF that hangs over the edge; browsers cut it as well
            return frame.crop((0, 0, *self.size))
        return frame.copy() if frame is image else frame  # Pillow draws the next frame of a GIF over this one


def write(film, frames: Iterable[Image.Image], path: str | Path) -> None:
    """Write frames as an animation or a film, by the suffix of the path, as often, as many and as long as in another.

    They are taken one by one, and none is kept. A reader never sees half a file.

    Args:
        film: An `Animation`, or a film with the same attributes: what the frames were made of.
        frames: As many images.
        path: The file.

    Raises:
        BadPicture: The suffix is of no such format, or the file of `film` is damaged.
        ValueError: There are more or fewer frames.
    """
    path, frames = Path(path), _exactly(len(film), frames)
    if film_writing.is_writable(path):
        return film_writing.write(film, frames, path)
    if path.suffix.lower() not in WRITERS:
        known = SUFFIXES | film_writing.SUFFIXES
        raise BadPicture(f"'{path}' cannot hold an animation; take one of {name_all(sorted(known))}.")
    durations = film.durations
    with atomic.written(path) as temporary, open(temporary, "wb") as file:
        WRITERS[path.suffix.lower()](file, frames, durations, film.plays)
    return None


def _first(image):
    """The number of the first frame: an APNG may begin with a still picture for viewers without animation."""
    return int(bool(image.info.get("default_image")))


def _count(image):
    return getattr(image, "n_frames", 1) - _first(image)


def _plays(image):
    """How often it runs, 0 for ever; a GIF counts the repetitions after the first run, the others all runs."""
    if image.format != "GIF":
        return image.info.get("loop", 0)
    loop = image.info.get("loop")
    return 1 if loop is None else loop and loop + 1


def _exactly(count, frames):
    """The frames, upright; a ValueError if there are not `count` of them."""
    number = 0
    for number, frame in enumerate(frames, 1):
        if number > count:
            break
        yield colour.upright(frame)
    if number != count:
        raise ValueError(f"There are {'more' if number > count else 'fewer'} than {count} frames.")


def _write_gif(file, frames, durations, plays):
    """Frame by frame, each with a palette of its own; Pillow's own writer would keep all of them in memory.

    If a frame and the one before it are opaque, only the pixels that differ are drawn, so that still parts keep their
    exact colours. Others are drawn whole, and a frame is cleared afterwards if it or the next one is transparent.
    """
    before = None
    waiting = pairwise(chain(frames, [None]))
    for (frame, after), hundredths in zip(waiting, _hundredths(durations), strict=True):
        if before is None:
            file.write(b"GIF89a" + struct.pack("<HHBBB", *frame.size, 0, 0, 0) + _repetitions(plays))
        picture, corner = _drawn(before, frame)
        cleared = "RGBA" in (frame.mode, after and after.mode)
        options = {"duration": 10 * hundredths, "disposal": 2 if cleared else 1}
        if not _is_full(picture):
            options["transparency"] = colour.CLEAR
        for block in GifImagePlugin.getdata(picture, corner, include_color_table=True, **options):
            file.write(block)
        before = frame
    file.write(b";")


def _repetitions(plays):
    """The repetitions of a GIF, in Netscape's extension block; without the block it runs once."""
    if plays == 1:
        return b""
    return b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", min(max(plays - 1, 0), 0xFFFF), 0)


def _drawn(before, frame):
    """The part of a frame that must be drawn, as mode P, and its upper left corner."""
    if before is None or "RGBA" in (before.mode, frame.mode):
        return colour.paletted(frame), (0, 0)
    box = _changed(before, frame)
    before, frame = before.crop(box), frame.crop(box)
    red, green, blue = ImageChops.difference(before, frame).split()
    same = ImageChops.lighter(ImageChops.lighter(red, green), blue).point([255] + [0] * 255)
    picture = colour.paletted(frame)
    if not _is_full(picture):
        picture.paste(colour.CLEAR, mask=same)
        picture.info["transparency"] = colour.CLEAR
    return picture, box[:2]


def _is_full(picture):
    """Whether the last index of an image of mode P is one of 256 colours, so that none stands for transparency."""
    return "transparency" not in picture.info and picture.getextrema()[1] == colour.CLEAR


def _changed(before, frame):
    """The box around all pixels that differ; of one pixel if none does, because no format has empty frames."""
    return ImageChops.difference(before, frame).getbbox(alpha_only=False) or (0, 0, 1, 1)


def _hundredths(durations):
    """Milliseconds as the hundredths of a second of a GIF, rounded so that their sum is right."""
    ends = np.rint(np.cumsum([0, *durations]) / 10).astype(int)
    return np.minimum(np.diff(ends), 0xFFFF).tolist()


def _write_webp(file, frames, durations, plays):
    first, options = next(frames), {"duration": durations, "loop": min(plays, 0xFFFF), "quality": 95}
    if first.mode == "RGB":  # no key frames: coded independently, they make still parts flicker
        options |= {"kmin": 0, "kmax": 0}  # with alpha libwebp would lose some of it
    first.save(file, "WEBP", save_all=True, append_images=[_Rest(frames, len(durations) - 1)], **options)
    next(frames, None)  # raises if there are more


class _Rest:
    """All frames but the first as one Pillow image: Pillow's WebP writer would collect single images in a list."""

    def __init__(self, frames, count):
        self.frames, self.n_frames = frames, count

    def seek(self, _):
        self.frame = next(self.frames)

    def __getattr__(self, name):
        return getattr(self.frame, name)


def _write_png(file, frames, durations, plays):
    """An APNG, frame by frame (https://www.w3.org/TR/png-3/#apng-frame-based-animation), each only where it changed.

    Pillow's own writer would go through the frames twice and keep them all.
    """
    before, sequence = None, 0
    for frame, duration in zip(frames, durations, strict=True):
        frame = frame.convert("RGBA")  # one header comes first and holds for all frames
        box = (0, 0, *frame.size) if before is None else _changed(before, frame)
        header, data = _compressed(frame.crop(box))
        if before is None:
            file.write(b"\x89PNG\r\n\x1a\n" + png.chunk(b"IHDR", header))
            file.write(png.chunk(b"acTL", struct.pack(">II", len(durations), plays)))
        left, top, right, bottom = box
        place = struct.pack(">IIIII", sequence, right - left, bottom - top, left, top)
        file.write(png.chunk(b"fcTL", place + struct.pack(">HHBB", *_fraction(duration), 0, 0)))
        sequence += 1
        if before is None:
            file.write(png.chunk(b"IDAT", data))
        else:
            file.write(png.chunk(b"fdAT", struct.pack(">I", sequence) + data))
            sequence += 1
        before = frame
    file.write(png.chunk(b"IEND", b""))


def _compressed(frame):
    """The header and the compressed pixels of a frame as a PNG."""
    memory = BytesIO()
    frame.save(memory, "PNG")
    content, parts, start = memory.getvalue(), {}, 8
    while start < len(content):
        length, kind = struct.unpack(">I4s", content[start : start + 8])
        parts[kind] = parts.get(kind, b"") + content[start + 8 : start + 8 + length]
        start += length + 12
    return parts[b"IHDR"], parts[b"IDAT"]


def _fraction(milliseconds):
    """A duration as the two 16-bit halves of a fraction of a second."""
    seconds = Fraction(milliseconds / 1000).limit_denominator(1000)
    if seconds.numerator > 0xFFFF:
        seconds = Fraction(min(round(seconds), 0xFFFF))
    return seconds.numerator, seconds.denominator


WRITERS = {".gif": _write_gif, ".webp": _write_webp, ".png": _write_png, ".apng": _write_png}
SUFFIXES = frozenset(WRITERS)
