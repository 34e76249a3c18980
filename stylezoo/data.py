"""Single pictures or folders of them, as batches of (source, style) crops.

Batch n is a pure function of the pictures, the recipe and n, so that a resumed run sees what it would have seen.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from stylezoo import images
from stylezoo.errors import BadData, BadPicture, name_all
from stylezoo.recipe import Recipe

KEPT_BYTES = 2**30  # of scaled pictures in memory, for each domain: 3500 of 320 x 320 pixels
SOURCE, STYLE, CROPS = range(3)  # what a random number is for: streams that must not depend on each other


class Pictures:
    """Pictures of one domain, each scaled so that its shorter side is `size` pixels.

    Every file is read once at the beginning, so that a damaged one is told then and not in the middle of a training.

    Args:
        where: A picture file, a folder that is searched with its subfolders, a Pillow image, or a list of them.
        size: The shorter side, in pixels.
        smallest: The least shorter side that a picture must have had before, in pixels.
        tones: What `images.tones` found, to which each picture is brought; None: they stay as they are.

    Attributes:
        items: The files and images that are used, in order.
        skipped: A line for each file of a folder that is not used: it cannot be read, or it is too small.

    Raises:
        BadData: There is no such file or folder, or not one usable picture.
    """

    def __init__(self, where, size: int, smallest: int = 1, tones=None):
        self.size = size
        self.tones = tones
        self.smallest = smallest
        self.items, self.skipped = [], []
        self._kept, self._kept_bytes = {}, 0
        for each in where if isinstance(where, list | tuple) else [where]:
            if isinstance(each, Image.Image):
                self._add([each], strict=True)
            elif (path := Path(each).expanduser()).is_dir():
                self._add(_files(path), strict=False)
            elif path.exists():
                self._add([path], strict=True)
            else:
                raise BadData(f"There is no file or folder '{path}'.")
        if not self.items:
            raise BadData(f"'{where}' has no picture that can be used: {name_all(self.skipped[:1], 'it is empty')}")

    def __len__(self):
        return len(self.items)

    def __str__(self):
        count = "1 picture" if len(self) == 1 else f"{len(self)} pictures"
        return f"{count} ({len(self.skipped)} skipped)" if self.skipped else count

    def __getitem__(self, index: int) -> np.ndarray:
        """The scaled picture, uint8 (height, width, 3)."""
        return self._kept[index] if index in self._kept else self._read(self.items[index])

    def image(self, index: int) -> Image.Image:
        """The picture, upright, RGB, at the size it has in its file."""
        return _image(self.items[index])

    def _add(self, items, strict):
        with ThreadPoolExecutor() as pool:  # Pillow decodes without holding the interpreter's lock
            for item, pixels in zip(items, pool.map(self._try_read, items), strict=True):
                if isinstance(pixels, str) and strict:
                    raise BadData(pixels)
                if isinstance(pixels, str):
                    self.skipped.append(pixels)
                    continue
                if self._kept_bytes + pixels.nbytes <= KEPT_BYTES:
                    self._kept[len(self.items)] = pixels
                    self._kept_bytes += pixels.nbytes
                self.items.append(item)

    def _try_read(self, item):
        try:
            return self._read(item)
        except BadPicture as error:
            return str(error)

    def _read(self, item):
        image = _image(item)
        if min(image.size) < self.smallest:
            name = f"'{item}'" if isinstance(item, Path) else "The image"
            raise BadPicture(
                f"{name} has {image.width} x {image.height} pixels, too small: at least {self.smallest} are needed "
                "each way, half of the recipe's image_size."
            )
        image = images.scaled(image, self.size)
        if self.tones is not None:
            image = images.to_image(images.match_tones(images.to_array(image), self.tones))
        return np.asarray(image)


def _image(item):
    return images.to_rgb(item) if isinstance(item, Image.Image) else images.open_picture(item)


def _files(folder):
    """The files of a folder and its subfolders that are called like pictures, in order."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in images.SUFFIXES and p.is_file())
    if not files:
        raise BadData(f"The folder '{folder}' holds no picture files.")
    return files


class Batches:
    """The batches of a training, each made from its number.

    Args:
        recipe: Says the size of crops, batches and epochs, how crops vary, and the seed.
        source: A path, an image or a list of them: see `Pictures`.
        style: Likewise.
    """

    def __init__(self, recipe: Recipe, source, style):
        self.recipe = recipe
        sizes = recipe.scaled_size, recipe.image_size // 2
        self.style = Pictures(style, *sizes)
        self.source = Pictures(source, *sizes, self.tones if recipe.match_tones else None)

    @cached_property
    def tones(self) -> np.ndarray:
        """What is light and dark in the styles: see `images.tones`."""
        return images.tones(self.style[i].astype("float32") / 127.5 - 1 for i in range(len(self.style)))

    @cached_property
    def per_step(self) -> int:
        """Pictures of each kind that one step takes."""
        return self.recipe.batch_size * self.recipe.critic_steps

    @cached_property
    def steps_per_epoch(self) -> int:
        """Steps in which the larger of the two folders is seen once."""
        return max(1, max(len(self.source), len(self.style)) // self.per_step)

    def __getitem__(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch n: (source, style), each float32 (pictures, image_size, image_size, 3) in [-1, 1]."""
        numbers = range(n * self.per_step, (n + 1) * self.per_step)
        source = [self._crop(self.source, SOURCE, i, self.recipe.source_zoom) for i in numbers]
        style = [self._crop(self.style, STYLE, i, self.recipe.style_zoom) for i in numbers]
        return tuple(np.stack(crops).astype("float32") / 127.5 - 1 for crops in (source, style))

    def dataset(self, start: int = 0) -> tf.data.Dataset:
        """The endless `tf.data` of these batches from number `start` on."""
        side = self.recipe.image_size
        kind = tf.TensorSpec((self.per_step, side, side, 3), tf.float32)

        def make(n):
            batch = tf.numpy_function(self.__getitem__, [n], (tf.float32, tf.float32))
            return tuple(tf.ensure_shape(crops, kind.shape) for crops in batch)

        numbers = tf.data.Dataset.range(start, np.iinfo(np.int64).max)
        return numbers.map(make, num_parallel_calls=2, deterministic=True).prefetch(2)

    def _crop(self, pictures, stream, i, zoom):
        """Crop number i of a stream, uint8 (image_size, image_size, 3)."""
        seed, side = self.recipe.seed, self.recipe.image_size
        epoch, place = divmod(i, len(pictures))
        pixels = pictures[_order(len(pictures), seed, stream, epoch)[place]]
        random = np.random.default_rng([seed, CROPS, stream, i])
        height, width = pixels.shape[:2]
        taken = min(max(1, round(side * random.uniform(*zoom))), height, width)
        top, left = random.integers(0, [height - taken + 1, width - taken + 1])
        crop = pixels[top : top + taken, left : left + taken]
        if taken != side:
            crop = np.asarray(Image.fromarray(crop).resize((side, side), Image.Resampling.LANCZOS))
        if self.recipe.flip and random.random() < 0.5:
            crop = crop[:, ::-1]
        return np.rot90(crop, random.integers(4)) if self.recipe.turn_style and stream == STYLE else crop


@lru_cache(maxsize=8)
def _order(count, seed, stream, epoch):
    """The order in which an epoch goes through the pictures."""
    return np.random.default_rng([seed, stream, epoch]).permutation(count)
