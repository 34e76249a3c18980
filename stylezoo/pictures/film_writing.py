"""Frames into an MP4, MOV, MKV or WebM with the sound of another film, in pieces, so that a long work can go on later.

Each piece is encoded by itself into a hidden folder beside the result. At the end their packets are joined without
encoding them again, each at the time that its frame has in the other film.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from itertools import chain, islice
from pathlib import Path

import numpy as np
from PIL import Image

from stylezoo.errors import BadPicture, MissingExtra
from stylezoo.files import atomic
from stylezoo.pictures import colour

PIECE = 24  # frames: what a kill costs at most
LONGEST = 200  # bytes of the name of a film in that of the folder of its pieces
BT709, LIMITED, FULL = 1, 1, 2  # the colours of what is written, as FFmpeg numbers them
RATE = 25  # frames a second for the encoder; the times come at the end


@dataclass(frozen=True)
class Container:
    """A format of films.

    Attributes:
        name: Its name in FFmpeg.
        codec: What encodes its pictures.
        sounds: The codecs of sound that it holds and players know; empty: any.
        options: Of FFmpeg.
    """

    name: str
    codec: str
    sounds: frozenset[str] = frozenset()
    options: tuple[tuple[str, str], ...] = ()


FAST = (("movflags", "+faststart"),)  # the table of contents comes first: players begin before they have all
AAC = frozenset({"aac", "mp3", "mp3float", "ac3", "eac3", "alac", "opus", "libopus"})
PCM = frozenset({"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_alaw", "pcm_mulaw"})
CONTAINERS = {
    ".mp4": Container("mp4", "libx264", AAC, FAST),
    ".m4v": Container("mp4", "libx264", AAC, FAST),
    ".mov": Container("mov", "libx264", (AAC | PCM) - {"opus", "libopus"}, FAST),
    ".mkv": Container("matroska", "libx264"),
    ".webm": Container("webm", "libvpx-vp9", frozenset({"opus", "libopus", "vorbis", "libvorbis"})),
}
SUFFIXES = frozenset(CONTAINERS)
CODECS = {  # no frame is coded from a later one, so that pieces can be joined and the times are free
    "libx264": {"crf": "18", "preset": "medium", "bf": "0"},
    "libvpx-vp9": {"crf": "22", "b": "0", "deadline": "good", "cpu-used": "3", "row-mt": "1", "auto-alt-ref": "0",
                   "lag-in-frames": "0"},
}  # fmt: skip
HALVED = {"libx264"}  # codecs that need even sides


def is_writable(path: str | Path) -> bool:
    """Whether films can be written in the format of the path's suffix."""
    return Path(path).suffix.lower() in SUFFIXES


def can_hold(path: str | Path, stream) -> bool:
    """Whether a file of the path's suffix can hold the packets of a stream of sound as they are."""
    container = CONTAINERS.get(Path(path).suffix.lower())
    if not container or not stream.codec_context:  # FFmpeg does not know its codec
        return False
    return not container.sounds or stream.codec_context.name in container.sounds


FINE = 4 | 0x2000 | 0x4000 | 0x40000  # FFmpeg's cubic scaling with all colours and exact rounding


def library():
    """PyAV.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import av
    except ImportError:
        raise MissingExtra("Films need PyAV, which has FFmpeg's libraries: pip install 'stylezoo[film]'.") from None
    av.logging.set_level(None)  # what FFmpeg prints of damaged files; errors are raised
    return av


class Pieces:
    """What is written of a film so far.

    Args:
        film: What it is made of, with `size`, `times`, `tick`, `shape`, `colours` and `sounds`.
        path: The file to be written.
        made: Plain data that say how the frames are made. Pieces that are there and were made otherwise are removed.

    Attributes:
        count: How many pieces there are.

    Raises:
        BadPicture: The encoder is missing.
        MissingExtra: PyAV is not installed.
    """

    MADE = "made.json"

    def __init__(self, film, path: str | Path, made=None):
        self._film, self._path = film, Path(path)
        self._container = CONTAINERS[self._path.suffix.lower()]
        self.folder = folder_of(self._path)
        _check_codec(self._container.codec)
        if self._written(made) != json.dumps(made):
            self.remove()
            with atomic.written(self.folder / self.MADE) as temporary:
                temporary.write_text(json.dumps(made), encoding="utf-8")
        self.count = next(i for i in range(len(film.times)) if not self._piece(i).is_file())

    def _written(self, made):
        try:
            return (self.folder / self.MADE).read_text(encoding="utf-8") if made is not None else None
        except (OSError, UnicodeDecodeError):
            return None

    @property
    def frames(self) -> int:
        """How many frames are written."""
        return min(self.count * PIECE, len(self._film.times) - 1)

    def state(self) -> dict[str, np.ndarray]:
        """What `write` was given to keep with the last piece; nothing at the beginning."""
        if not self.count:
            return {}
        with np.load(self._state(self.count - 1)) as arrays:
            return dict(arrays)

    def write(self, frames: Iterable[Image.Image], state: Callable[[], dict[str, np.ndarray]] = dict) -> None:
        """Write all frames that are missing, join the pieces to the film, and remove them.

        Args:
            frames: The frames that follow, RGB; they are taken one by one.
            state: Gives what is needed to make the next frame, at the end of each piece.
        """
        frames = iter(frames)
        while (first := next(frames, None)) is not None:
            with atomic.written(self._piece(self.count)) as temporary:
                self._encode(chain([first], islice(frames, PIECE - 1)), temporary)
                with atomic.written(self._state(self.count)) as other, open(other, "wb") as file:
                    np.savez(file, **state())
            self._state(self.count - 2).unlink(missing_ok=True)
            self.count += 1
        with atomic.written(self._path) as temporary:
            self._join(temporary)
        self.remove()

    def remove(self) -> None:
        """Remove the pieces."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _piece(self, number):
        return self.folder / f"{number:06}.mp4"

    def _state(self, number):
        return self.folder / f"{number:06}.npz"

    def _encode(self, images, path):
        codec, colours = self._container.codec, self._film.colours
        frames = (_frame(image, codec in HALVED) for image in images)
        with _writing(path, "mp4") as output:
            stream, first = output.add_stream(codec, rate=RATE, options=CODECS[codec]), next(frames)
            stream.width, stream.height, stream.pix_fmt = first.width, first.height, "yuv420p"
            context = stream.codec_context
            context.sample_aspect_ratio = self._film.shape or Fraction(1)
            context.colorspace, context.color_range = BT709, LIMITED
            context.color_primaries, context.color_trc = colours
            for number, frame in enumerate(chain([first], frames)):
                frame.color_primaries, frame.color_trc = colours
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                output.mux(stream.encode(frame))
            output.mux(stream.encode())

    def _join(self, path):
        """Write the film from the pieces and the sound of the other one."""
        options = dict(self._container.options)
        if self._container.name in ("mp4", "mov"):
            options["movie_timescale"] = str(self._film.tick.denominator)  # in which the first time is written
        with _writing(path, self._container.name, options) as output, self._film.sounds() as (streams, packets):
            with library().open(str(self._piece(0))) as piece:
                pictures = output.add_stream_from_template(piece.streams.video[0])
            pictures.time_base = self._film.tick
            kept = {each.index: output.add_stream_from_template(each) for each in streams if can_hold(self._path, each)}
            sound = ((packet, kept[packet.stream.index]) for packet in packets if packet.stream.index in kept)
            shown = ((packet, pictures) for packet in self._packets())
            for packet, stream in merge(shown, (each for each in sound if each[0].dts is not None), key=_moment):
                packet.stream = stream
                output.mux(packet)

    def _packets(self) -> Iterator:
        """The packets of all pieces, at the times of the film."""
        times, number = self._film.times, 0
        for i in range(self.count):
            with library().open(str(self._piece(i))) as piece:
                for packet in piece.demux(video=0):
                    if packet.size:
                        packet.time_base = self._film.tick
                        packet.pts = packet.dts = times[number]
                        packet.duration = times[number + 1] - times[number]
                        number += 1
                        yield packet


def folder_of(path: str | Path) -> Path:
    """The hidden folder for the pieces of a film that is not complete."""
    name = os.fsencode(Path(path).name)[-LONGEST:]  # the end, with the suffix, if it is very long
    return Path(path).parent / f".{os.fsdecode(name)}.pieces"


def write(film, frames: Iterable[Image.Image], path: str | Path) -> None:
    """Write frames, as many as `film` has, at its times and with its sound. A reader never sees half a file."""
    pieces = Pieces(film, path)
    try:
        pieces.write(frames)
    finally:
        pieces.remove()


def _moment(pair):
    packet, _ = pair
    return packet.dts * packet.time_base


def _frame(image, halved):
    """An image as a frame in the colours of films; with `halved` of even sides, the last row or column twice."""
    pixels = np.asarray(colour.to_rgb(image))
    if halved:
        pixels = np.pad(pixels, [(0, pixels.shape[0] % 2), (0, pixels.shape[1] % 2), (0, 0)], mode="edge")
    av = library()
    frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(
        format="yuv420p", dst_colorspace=BT709, src_color_range=FULL, dst_color_range=LIMITED, interpolation=FINE
    )
    frame.colorspace, frame.color_range = BT709, LIMITED
    return frame


@contextmanager
def _writing(path, name, options=None):
    """An open file of FFmpeg; its errors become those of the system."""
    av = library()
    try:
        with av.open(str(path), "w", format=name, options=options or {}) as output:
            yield output
    except av.error.FFmpegError as error:
        raise OSError(error.errno, error.strerror or str(error)) from None


def _check_codec(name):
    av = library()
    try:
        av.Codec(name, "w")
    except ValueError:  # of which av.codec.codec.UnknownCodecError is one
        other = ".webm" if name == "libx264" else ".mp4"
        raise BadPicture(f"The FFmpeg of PyAV here cannot write films with {name}; take {other}.") from None
