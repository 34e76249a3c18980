"""The pictures of an evaluation: sources, how each is drawn, and the style."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from stylezoo.data.batches import Batches
from stylezoo.pictures import arrays

LONGEST = 3  # how many times as long as broad a picture of a style may be: of a longer one the middle counts


@dataclass(frozen=True)
class Views:
    """The pictures that are measured.

    Attributes:
        sources: The middle squares of sources, float32 (size, size, 3) in [-1, 1].
        looks: For each source the style in which it is drawn, as `stylize` takes it.
        styles: Pictures of the style, float32 (height, width, 3); their shorter side is `size`.
        words: What they are, for the protocol.
    """

    sources: list[np.ndarray]
    looks: list[Any]
    styles: list[np.ndarray]
    words: str


def views(model, batches: Batches, size: int, most_sources: int, most_styles: int) -> Views:
    """Views of the pictures of a training, or of others that are read likewise; of many as many as given, evenly.

    Args:
        model: The model that draws; it decides whether a style is a name or a picture.
        batches: The pictures.
        size: The shorter side, in pixels.
        most_sources: How many sources are drawn at most.
        most_styles: How many pictures of the style are looked at, at most.
    """
    chosen = spread(len(batches.source), most_sources)
    sources = [square(batches.source.image(i), size) for i in chosen]
    looks = [_look(shown(model, batches, i), turn) for turn, i in enumerate(chosen)]
    each = max(1, most_styles // len(batches.styles))
    styles = [whole(domain.image(i), size) for domain in batches.styles.values() for i in spread(len(domain), each)]
    count = sum(map(len, batches.styles.values()))
    named = f" of {', '.join(batches.styles)} in turn" if any(batches.styles) else ""
    words = (
        f"the middle squares of {_some(len(sources), len(batches.source), 'source')}, drawn at {size} pixels, "
        f"beside {_some(len(styles), count, 'picture')}{named} with a shorter side of {size}"
    )
    return Views(sources, looks, styles, words)


def _some(chosen, count, what):
    return counted(chosen, what) if chosen == count else f"{chosen} of {count} {what}s"


def counted(count: int, what: str) -> str:
    """A number of things in words: "1 picture", "2 pictures"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def shown(model, batches: Batches, index: int) -> list[tuple[str, Image.Image, Any]]:
    """The styles beside source number `index`.

    Returns:
        For each its name, "" if it has none, its picture, and the style as `stylize` of the model takes it.
    """
    by_picture = model.takes_style_picture
    pairs = batches.data.shown(batches, index)
    return [(name, picture, picture if by_picture else (name or None)) for name, picture in pairs]


def _look(styles, turn):
    return styles[turn % len(styles)][-1]


def spread(count: int, most: int) -> list[int]:
    """Numbers below `count`, at most `most` of them, evenly spread."""
    return sorted({*np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()})


def square(image: Image.Image, size: int) -> np.ndarray:
    """The middle square of an image, scaled to `size` pixels."""
    return arrays.to_array(arrays.scaled(_middle(image, 1), size))


def whole(image: Image.Image, size: int) -> np.ndarray:
    """An image whose shorter side is scaled to `size` pixels."""
    return arrays.to_array(arrays.scaled(_middle(image, LONGEST), size))


def _middle(image, longest):
    """The middle of an image, at most `longest` times as long as broad."""
    most = longest * min(image.size)
    width, height = (min(side, most) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def baselines(views: Views) -> dict[str, Iterator[np.ndarray]]:
    """Ways to draw the sources that need no training, by name: what a model must beat."""
    pairs = [(source, views.styles[i % len(views.styles)]) for i, source in enumerate(views.sources)]
    return {
        "source": iter(views.sources),
        "colours matched": (_matched(source, style) for source, style in pairs),
        "half and half": ((source + arrays.fitted(style, *source.shape[:2])) / 2 for source, style in pairs),
    }


def _matched(source, style):
    """A source with the mean and the deviation of each colour of a picture of the style."""
    mean, deviation = source.mean(axis=(0, 1)), source.std(axis=(0, 1)) + 1e-6
    matched = (source - mean) / deviation * style.std(axis=(0, 1)) + style.mean(axis=(0, 1))
    return np.clip(matched, -1, 1).astype("float32")
