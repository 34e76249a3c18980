"""Films: the frames of an MP4, MOV, WebM, MKV or AVI one by one as Pillow images, decoded by FFmpeg's libraries."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cached_property
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from stylezoo.errors import BadPicture
from stylezoo.pictures import animation, files, film_writing, foreign
from stylezoo.pictures.film_writing import library

SUFFIXES = frozenset(foreign.VIDEO.suffixes.split())
LOCAL = {  # what FFmpeg may open: the file alone, and no list of further files or addresses
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,asf,flv,ogg",
}
HD = 576  # rows above which a film that does not name its colours has those of high definition, as players take it
BT709, UNKNOWN = 1, 2  # colour spaces as FFmpeg numbers them
RATE = 25  # frames a second of a film that does not say when they are shown


def is_film(path: str | Path) -> bool:
    """Whether a file is a film by the suffix of its name."""
    return Path(path).suffix.lower() in SUFFIXES


def is_writable(path: str | Path) -> bool:
    """Whether a file of the path's suffix holds films or animations."""
    return film_writing.is_writable(path) or Path(path).suffix.lower() in animation.SUFFIXES


def opened(path: str | Path) -> "Film | animation.Animation | None":
    """The film or the animation in a file; None for a still picture, and for what `files.open_picture` refuses.

    Raises:
        BadPicture: It is a film by its suffix that cannot be used.
        MissingExtra: It is one, and PyAV is not installed.
    """
    return Film(path) if is_film(path) else animation.opened(path)


class Film:
    """The frames of a film, decoded one by one, so that only a few of them are in memory.

    Attributes:
        path: The file.
        size: Width and height of every frame, upright.
        tick: The unit of `times`, in seconds.
        shape: Width and height of a pixel as a fraction; None: square.
        colours: The primaries and the transfer characteristic as FFmpeg numbers them.
        plays: 1, as an animation that runs once.

    Raises:
        BadPicture: The file has no frames that can be decoded, or is no film.
        MissingExtra: PyAV is not installed.
    """

    plays = 1

    def __init__(self, path: str | Path):
        self.path = Path(path)
        with self._reading() as (container, stream):
            first = next(self._decoded(container, stream), None)
            if first is None:
                raise BadPicture(f"'{path}' holds no frame that can be decoded.")
            self._rows = first.height, first.width
            self._turned = _turn(first)
            self.size = self._upright(first).size
            self.tick = stream.time_base or Fraction(1, RATE)
            self.shape = _shape(stream.sample_aspect_ratio, self._turned)
            self.colours = int(first.color_primaries or UNKNOWN), int(first.color_trc or UNKNOWN)

    def __len__(self) -> int:
        return len(self.times) - 1

    def __iter__(self) -> Iterator[Image.Image]:
        """Each frame upright in RGB.

        Raises:
            BadPicture: A frame is damaged; the message has its number, from 1.
        """
        return self.after(0)

    def after(self, number: int) -> Iterator[Image.Image]:
        """The frames without the first ones, which are decoded as well, because others are made of them."""
        with self._reading() as (container, stream):
            yield from map(self._upright, islice(self._decoded(container, stream), number, None))

    def chosen(self, numbers: Collection[int]) -> Iterator[Image.Image]:
        """The frames of some numbers, in order."""
        with self._reading() as (container, stream):
            frames = islice(self._decoded(container, stream), max(numbers) + 1)
            yield from (self._upright(frame) for number, frame in enumerate(frames) if number in numbers)

    @cached_property
    def times(self) -> list[int]:
        """When each frame is shown, in ticks, and at last when the film ends. The file is decoded once for it.

        Raises:
            BadPicture: As in the iteration over frames.
        """
        with self._reading() as (container, stream):
            step = max(1, round(1 / (self.tick * (stream.average_rate or RATE))))
            found = []
            for frame in self._decoded(container, stream):
                soonest = found[-1] + 1 if found else frame.pts
                found.append(len(found) * step if frame.pts is None else max(frame.pts, soonest))
                last = frame.duration or step
        return [*found, found[-1] + last]

    @property
    def durations(self) -> list[float]:
        """The duration of each frame in milliseconds."""
        return [float(1000 * self.tick * (after - before)) for before, after in pairwise(self.times)]

    def save(self, frames: Iterable[Image.Image], path: str | Path) -> None:
        """Write other frames, as many as these, at the times of these, with the sound of this film: see `left_out`.

        They are taken one by one, and none is kept. A reader never sees half a file.

        Raises:
            BadPicture: The format of the path's suffix holds neither films nor animations, or this film is damaged.
            ValueError: There are more or fewer frames than here.
        """
        animation.write(self, frames, path)

    def left_out(self, path: str | Path) -> str:
        """A line about what a file of the path's suffix cannot hold of this film; "" if it can hold all."""
        with self._reading() as (container, _):
            sounds = container.streams.audio
            lost = [each for each in sounds if not film_writing.can_hold(path, each)]
            named = ", ".join(each.codec_context.name if each.codec_context else "unknown" for each in lost)
        if not lost:
            return ""
        hint = "; an .mkv holds any" if film_writing.is_writable(path) else ""
        return f"The sound of '{self.path}' ({named}) is left out: a {Path(path).suffix} cannot hold it{hint}."

    @contextmanager
    def sounds(self):
        """Within the block, the streams of sound and all their packets in the order of the file."""
        with self._reading() as (container, _):
            streams = container.streams.audio
            yield streams, container.demux(*streams) if streams else iter(())

    @contextmanager
    def _reading(self):
        """The file, open within the block, and its stream of pictures."""
        av = library()
        if not self.path.is_file():
            found = "is no regular file" if self.path.exists() else "does not exist"
            raise BadPicture(f"'{self.path}' {found}; a film was expected.")
        try:
            with av.open(f"file:{self.path}", options=LOCAL, metadata_errors="ignore") as container:
                yield container, _pictures(container, self.path)
        except av.error.FFmpegError as error:
            raise BadPicture(f"'{self.path}' is no film that can be read: {error.strerror or error}.") from None

    def _decoded(self, container, stream):
        """The frames of FFmpeg one by one."""
        number, stream.thread_type = 0, "AUTO"
        try:
            for frame in container.decode(stream):
                number += 1
                files.refuse_large(frame, f"'{self.path}'")
                yield frame
        except library().error.FFmpegError as error:
            raise BadPicture(
                f"'{self.path}' is damaged in frame {number + 1}: {error.strerror or error}. "
                "What FFmpeg can repair of it: ffmpeg -i IN -c:v libx264 OUT.mp4."
            ) from None

    def _upright(self, frame):
        """A frame as an image; one of another size than the first is scaled to that."""
        height, width = self._rows
        unnamed = frame.colorspace == UNKNOWN and height > HD
        space = BT709 if unnamed else None
        rgb = frame.reformat(
            width,
            height,
            "rgb24",
            src_colorspace=space,
            dst_color_range=film_writing.FULL,
            interpolation=film_writing.FINE,
        )
        image = Image.fromarray(rgb.to_ndarray())
        return image if self._turned is None else image.transpose(self._turned)


def _pictures(container, path):
    """The stream of pictures of an open file; not its cover."""
    av = library()
    streams = [each for each in container.streams.video if not each.disposition & av.stream.Disposition.attached_pic]
    if not streams:
        raise BadPicture(f"'{path}' has no moving pictures{', only sound' if container.streams.audio else ''}.")
    if streams[0].codec_context is None:
        raise BadPicture(f"'{path}' has pictures of a codec that FFmpeg does not know.")
    files.refuse_large(streams[0].codec_context, f"'{path}'")
    if max((each.pos + each.size for each in streams[0].index_entries), default=0) > container.size > 0:
        raise BadPicture(f"'{path}' is cut off: its table of contents names frames that are not there.")
    return streams[0]


def _shape(ratio, turned):
    """The proportions of a pixel after a frame was turned; None: square, or not known."""
    if not ratio or ratio == 1:
        return None
    across = turned in (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270, *_DIAGONAL)
    return 1 / ratio if across else ratio


_DIAGONAL = (Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE)
_TURNS = {  # by what its display matrix makes of the directions to the right and down
    ((1, 0), (0, 1)): None,
    ((-1, 0), (0, 1)): Image.Transpose.FLIP_LEFT_RIGHT,
    ((1, 0), (0, -1)): Image.Transpose.FLIP_TOP_BOTTOM,
    ((-1, 0), (0, -1)): Image.Transpose.ROTATE_180,
    ((0, 1), (-1, 0)): Image.Transpose.ROTATE_270,
    ((0, -1), (1, 0)): Image.Transpose.ROTATE_90,
    ((0, 1), (1, 0)): Image.Transpose.TRANSPOSE,
    ((0, -1), (-1, 0)): Image.Transpose.TRANSVERSE,
}


def _turn(frame):
    """How Pillow turns a frame upright, by its display matrix; None: it is."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return None
    (a, b, _), (c, d, _), _ = np.frombuffer(bytes(matrix), "int32").reshape(3, 3)
    return _TURNS.get(((int(np.sign(a)), int(np.sign(b))), (int(np.sign(c)), int(np.sign(d)))))
