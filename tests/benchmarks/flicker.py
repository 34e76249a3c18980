"""How much films flicker: the difference between a drawn frame, moved as the camera moves, and the next drawn frame.

    python -m tests.benchmarks.flicker [STYLE ...] [--frames 10] [--height 160] [--width 192]

The film is a crop that moves over a photograph by whole pixels, so that its motion is known and its own difference
is 0. It is drawn in three ways: each frame by itself, by the facts of the first frame, and by `films.redraw`. The
second number is the sharpness, the mean difference of neighbouring pixels: what is blurred does not flicker either.
"""

import argparse
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
from PIL import Image

from stylezoo.drawing import films
from stylezoo.pictures import samples

STEP = (1, 3)  # rows and columns from one frame to the next
CORNER = (20, 60)  # of the first frame in the photograph


class Clip:
    """Frames in memory, as `films.redraw` takes them; `saved` are those that were made of them."""

    tick = Fraction(1, 25)

    def __init__(self, frames):
        self.frames = list(frames)
        self.times = list(range(len(self.frames) + 1))

    def __len__(self):
        return len(self.frames)

    def chosen(self, numbers):
        return (self.frames[number] for number in numbers)

    def after(self, number):
        return iter(self.frames[number:])

    def save(self, frames, path):
        self.saved = [np.asarray(frame) for frame in frames]


def panned(picture, count, height, width, step=STEP, corner=CORNER):
    """A camera that moves over a picture."""
    corners = [[start + i * way for start, way in zip(corner, step, strict=True)] for i in range(count)]
    return [picture.crop((left, top, left + width, top + height)) for top, left in corners]


def flicker(frames, step=STEP):
    """The mean difference between each frame and the next, where both show the same place, in levels."""
    down, right = step
    height, width = frames[0].shape[:2]
    pairs = [
        (before[down:, right:].astype(int), after[: height - down, : width - right].astype(int))
        for before, after in pairwise(frames)
    ]
    return float(np.mean([np.abs(before - after).mean() for before, after in pairs]))


def sharpness(frames):
    """The mean difference of neighbouring pixels, in levels."""
    return float(np.mean([np.abs(np.diff(frame.astype(int), axis=axis)).mean() for frame in frames for axis in (0, 1)]))


def drawn(painter, frames):
    """The frames as they are drawn in each way."""
    found = {"each by itself": [np.asarray(replace(painter, steady=False).paint(frame)) for frame in frames]}
    steady = replace(painter, steady=True)
    found["facts of the first"] = [np.asarray(steady.paint(frame)) for frame in frames]
    clip = Clip(frames)
    films.redraw(replace(painter, steady="whole"), clip, "memory.gif")
    return {**found, "film": clip.saved}


def main():
    from stylezoo.runs import styles
    from stylezoo.runs.mixing import Mixture

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("styles", nargs="*")
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--height", type=int, default=160)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--save", help="a picture of the last frame in each way, for each style: PREFIX-STYLE.png")
    given = parser.parse_args()
    frames = panned(samples.photographs()["coffee"].convert("RGB"), given.frames, given.height, given.width)
    print("| style | each by itself | facts of the first | film | share | sharpness by itself | of the film |")
    print("| --- | --: | --: | --: | --: | --: | --: |")
    for style in given.styles or styles.names():
        found = drawn(Mixture([style]).painter(), frames)
        alone, first, film = (flicker(each) for each in found.values())
        sharp = [sharpness(found[way]) for way in ("each by itself", "film")]
        numbers = [
            f"{alone:.1f}",
            f"{first:.1f}",
            f"{film:.1f}",
            f"{film / alone:.0%}",
            *(f"{each:.1f}" for each in sharp),
        ]
        print("|", " | ".join([style, *numbers]), "|", flush=True)
        if given.save:
            Image.fromarray(np.concatenate([each[-1] for each in found.values()], axis=1)).save(
                f"{given.save}-{style}.png"
            )


if __name__ == "__main__":
    main()
