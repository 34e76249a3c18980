"""Films redrawn so that they do not flicker: by facts about more than a frame, and by what was drawn before."""

import hashlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from numbers import Real
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from stylezoo.drawing import motion
from stylezoo.drawing.facts import pooled
from stylezoo.drawing.painter import Redraws
from stylezoo.errors import BadOptions, BadPicture
from stylezoo.pictures import arrays, film_writing, films

__all__ = ["redraw"]

MOST = 16  # frames whose facts are pooled for a whole film
EACH = 10  # frames for each of them
KEPT = 0.8  # the share that stays of what was drawn before, where the scene has only moved
UNLIKE = 8.0  # levels: where the scene has changed by so much, a third of that share stays
BORDER = 8  # pixels next to the border, which a network draws worse: less of them stays when they move inwards
GONE = 0.05  # a place of which less stays is new: the noise there moves as most of it does


def redraw(
    painter: Redraws,
    source,
    target: str | Path,
    size: int | None = None,
    on_frame: Callable[[int, int], None] = lambda done, count: None,
) -> None:
    """Redraw a film or an animation, frame by frame, with its times and its sound.

    The painter's `steady` says which facts are used, such as the means by which a network normalises: True, those of
    the first frame; a number, those of a frame each so many seconds, and between two of them a mixture; "whole" or
    False, those of frames of the whole film. So all frames are drawn alike. Noise, of which strokes are made, moves
    with the scene, and where the scene has only moved, most of what was drawn before stays.

    What is drawn of a film is kept in a hidden folder beside the target until it is complete: the same call goes on
    there.

    Args:
        painter: The painter, from `GAN.painter` or `Mixture.painter`.
        source: The path of a film or an animation, or what `films.opened` gives.
        target: The file to write: .mp4, .mov, .mkv or .webm, or an animation, .gif, .webp or .png.
        size: The shorter side in pixels to which frames are scaled first; None: as they are.
        on_frame: Called with the number of frames drawn in this call, and the number of all that it draws.

    Raises:
        BadOptions: `steady` is something else.
        BadPicture: The source is no film or animation, or damaged, or the target cannot be written.
        MissingExtra: PyAV is not installed.

    Examples:
        >>> from stylezoo.drawing import films
        >>> painter = stylezoo.load_model("great-wave").painter(steady=True)
        >>> films.redraw(painter, "clip.gif", "drawn.gif", size=32)
    """
    film = films.opened(source) if isinstance(source, str | Path) else source
    if film is None:
        raise BadPicture(f"'{source}' is no film and no animation.")

    def scaled(image):
        return arrays.scaled(image, size) if size else image

    numbers = _key_frames(film, painter.steady)
    pieces = None
    if film_writing.is_writable(target):
        pieces = film_writing.Pieces(film, target, _made(painter, film, size))
    done = pieces.frames if pieces else 0
    count = len(numbers) + len(film) - done
    keys = []
    for number, frame in zip(numbers, film.chosen(numbers), strict=True):
        keys.append((film.times[number], _facts(painter, scaled(frame))))
        on_frame(len(keys), count)
    steady = FilmPainter(painter, keys, pieces.state() if pieces else {})

    def frames():
        for number, frame in enumerate(film.after(done), done):
            yield steady.paint(scaled(frame), film.times[number])
            on_frame(len(keys) + number + 1 - done, count)

    if pieces:
        pieces.write(frames(), steady.state)
    else:
        film.save(frames(), target)


def _key_frames(film, steady):
    """The numbers of the frames whose facts are used."""
    count = len(film)
    if steady is True:
        return [0]
    if steady is False or steady == "whole":
        chosen = min(MOST, -(-count // EACH))
        return [int((i + 0.5) * count / chosen) for i in range(chosen)]
    ticks = check_seconds(steady) / float(film.tick)
    spread = max(1, round((film.times[-2] - film.times[0]) / ticks))
    wanted = np.linspace(film.times[0], film.times[-2], min(spread + 1, count))
    return sorted(set(np.searchsorted(film.times[:-1], np.floor(wanted)).tolist()))


def check_seconds(steady) -> float:
    """A number of seconds.

    Raises:
        BadOptions: It is none.
    """
    if isinstance(steady, Real) and 0 < steady < float("inf"):
        return float(steady)
    raise BadOptions(f"steady is {steady!r}; it can be True, 'whole', or a number of seconds.")


def _facts(painter, image):
    """What each drawer of a painter finds out about one frame alone: its size and its facts, or None."""
    alone = replace(painter, steady=True)
    alone.paint(image)
    return [drawer.film for drawer in alone.drawers()]


class FilmPainter:
    """Redraws the frames of one film in their order.

    Args:
        painter: A painter.
        keys: Moments and the facts of frames at them, in order: `steady` "whole" pools them all.
        state: From `state`, to go on after the frame that was drawn then; empty: begin.
    """

    def __init__(self, painter, keys, state):
        self._painter = replace(painter, steady=True)
        self._moments = [moment for moment, _ in keys]
        self._facts = [facts for _, facts in keys]
        if isinstance(painter.steady, str) or painter.steady is False:
            self._moments, self._facts = [0], [_pooled(self._facts, [1 / len(keys)] * len(keys))]
        self._before = state

    def state(self) -> dict[str, np.ndarray]:
        """What the next frame depends on: the last frame, what was drawn of it, and how far the scene has moved."""
        return dict(self._before)

    def paint(self, image: Image.Image, moment: float) -> Image.Image:
        """The next frame, redrawn.

        Args:
            image: RGB or RGBA; the result is as transparent.
            moment: When it is shown.
        """
        facts, source = self._facts_at(moment), np.asarray(image.convert("RGB"))
        kept, stays, drift = self._kept(source)
        for drawer, known in zip(self._painter.drawers(), facts, strict=True):
            drawer.film, drawer.drift = known, drift
        new = self._painter.paint(image)
        drawn = np.asarray(new.convert("RGB"))
        if stays is not None and self._painter.fusion.strength:
            drawn = np.clip(np.rint(drawn + stays[..., None] * (kept - drawn)), 0, 255).astype("uint8")
        self._before = {"source": source, "drawn": drawn, "drift": drift}
        result = Image.fromarray(drawn)
        if new.mode in ("LA", "RGBA"):
            result.putalpha(new.getchannel("A"))
        return result

    def _facts_at(self, moment):
        """The facts at a moment, mixed of those before and after it."""
        after = int(np.searchsorted(self._moments, moment))
        if after in (0, len(self._moments)):
            return self._facts[min(after, len(self._moments) - 1)]
        first, last = self._moments[after - 1], self._moments[after]
        share = (moment - first) / (last - first)
        return _pooled(self._facts[after - 1 : after + 1], [1 - share, share])

    def _kept(self, source):
        """What was drawn before, moved to where the scene is now, the share of it that stays, and the drift."""
        if not self._before:
            return None, None, np.zeros((*source.shape[:2], 2), "float32")
        before, drawn, drift = (self._before[name] for name in ("source", "drawn", "drift"))
        way = np.asarray(motion.between(before, source))
        parts, top = [], 0
        history = np.concatenate([before.astype("float32"), drawn, drift], axis=-1)
        for band in arrays.bands(way):
            parts.append(np.asarray(motion.moved(history, band, keras.ops.convert_to_tensor(top))))
            top += len(band)
        before, kept, drift = np.split(np.concatenate(parts), [3, 6], axis=-1)
        unlike = np.asarray(motion.unlike(np.abs(before - source).mean(axis=-1))) / UNLIKE
        stays = KEPT * np.exp(-np.square(unlike)) * _inside(way)
        drift = drift + way
        return kept, stays, np.where((stays > GONE)[..., None], drift, np.median(drift, axis=(0, 1)))


def _inside(way):
    """How well the network saw the place from which each pixel has come: 0 outside of the picture, 1 in its inner."""
    places = np.moveaxis(way, -1, 0) + np.indices(way.shape[:2])
    depths = [np.minimum(each, side - 1 - each) + 1 for each, side in zip(places, way.shape, strict=False)]
    return np.clip(np.minimum(*depths) / BORDER, 0, 1)


def _pooled(facts, shares):
    """The facts of each drawer, pooled from those of several frames."""
    return [
        None if frames[0] is None else (frames[0][0], pooled([each for _, each in frames], shares))
        for frames in zip(*facts, strict=True)
    ]


def _made(painter, film, size):
    """What the frames of a film depend on, as plain data."""
    about = film.path.stat()
    digest = hashlib.sha256()
    _digest(painter, digest.update)
    return [str(film.path.absolute()), about.st_size, about.st_mtime_ns, size, digest.hexdigest()]


def _digest(value, add):
    """Pass all bytes of a value, of its parts and of the weights of its models to a function."""
    if isinstance(value, keras.Model):
        add(value.to_json().encode())
        _digest(value.get_weights(), add)
    elif is_dataclass(value):
        for each in fields(value):
            add(each.name.encode())
            _digest(getattr(value, each.name), add)
    elif isinstance(value, list | tuple):
        for each in value:
            _digest(each, add)
    elif isinstance(value, np.ndarray | Image.Image):
        array = np.asarray(value)
        add(f"{array.shape}{array.dtype}".encode() + array.tobytes())
    elif not callable(value):
        add(repr(value).encode())
