"""Single pictures or folders of them, as batches of (source, style) crops: unpaired, paired, or of several styles.

Batch n is a pure function of the pictures, the recipe and n, so that a resumed run sees what it would have seen.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import count
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from stylezoo.errors import BadData, BadPicture, name_all
from stylezoo.pictures import arrays, colour, files, luminance

KEPT_BYTES = 2**30  # of scaled pictures in memory, for each domain: 3500 of 320 x 320 pixels
SOURCE, STYLE, CROPS, GRIDS = range(4)  # what a random number is for: streams that must not depend on each other
NEXT_STYLE = 100  # the distance of the streams of several styles


@dataclass(frozen=True)
class Member:
    """A picture of a pair: a file, or one half of a file that shows both side by side.

    Attributes:
        path: The file.
        half: "A" for its left half, "B" for its right, "" for all of it.
    """

    path: Path
    half: str = ""

    def __str__(self):
        return f"{self.path}, half {self.half}" if self.half else str(self.path)


class Pictures:
    """Pictures of one domain, each scaled so that its shorter side is `size` pixels.

    Every file is read once at the beginning, so that a damaged one is told then and not in the middle of a training.

    Args:
        where: A picture file, a folder that is searched with its subfolders, a Pillow image, or a list of them.
            A list of `Member` stands for the files of a folder.
        size: The shorter side, in pixels.
        smallest: The least shorter side that a picture must have had before, in pixels.
        tones: What `luminance.tones` found, to which each picture is brought; None: they stay as they are.

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
            elif isinstance(each, Member):
                self._add([each], strict=False)
            elif (path := Path(os.path.expanduser(each))).is_dir():
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

    def keep(self, indices: list[int]) -> None:
        """Forget all other pictures."""
        self._kept = {new: self._kept[old] for new, old in enumerate(indices) if old in self._kept}
        self.items = [self.items[i] for i in indices]

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
            name = "The image" if isinstance(item, Image.Image) else f"'{item}'"
            raise BadPicture(
                f"{name} has {image.width} x {image.height} pixels, too small: at least {self.smallest} are needed "
                "each way, half of the recipe's image_size."
            )
        image = arrays.scaled(image, self.size)
        if self.tones is not None:
            image = arrays.to_image(luminance.match_tones(arrays.to_array(image), self.tones))
        return np.asarray(image)


def _image(item):
    if isinstance(item, Member):
        return _half(files.open_picture(item.path), item.half)
    return colour.to_rgb(item) if isinstance(item, Image.Image) else files.open_picture(item)


def _half(image, half):
    width = image.width // 2 if half else image.width
    left = image.width - width if half == "B" else 0
    return image.crop((left, 0, left + width, image.height))


def _files(folder):
    """The files of a folder and its subfolders that are called like pictures, in order."""
    found = files.in_folder(folder)
    if not found:
        raise BadData(f"The folder '{folder}' holds no picture files.")
    return found


def laid_out(recipe, source, style):
    """Source and style in the folders of a public data set, if `source` is one and `style` is not given.

    A folder that holds ``trainA`` and ``trainB`` has both domains, as CycleGAN's data sets; for paired data a folder
    ``train`` holds pictures with both halves side by side, as pix2pix'. The recipe's `direction` says which is which.
    """
    if style is not None or source is None or isinstance(source, list | tuple | Image.Image):
        return source, style
    folder = Path(os.path.expanduser(source))
    halves = [folder / "trainA", folder / "trainB"]
    if all(half.is_dir() for half in halves):
        return tuple(halves if recipe.resolve().data.direction == "AtoB" else halves[::-1])
    if recipe.data.name == "paired" and (folder / "train").is_dir():
        return folder / "train", None
    return source, style


def learnt_styles(recipe) -> tuple[str, ...]:
    """The styles that the model of a recipe which adds some has already."""
    data = recipe.resolve().data
    return data.names[: len(data.names) - data.added] if data.added else ()


def named_styles(style, taken=()) -> dict[str, object]:
    """The styles of one generator by name: each of a list, or the subfolders of one folder; with names they are that.

    Args:
        style: Pictures; an image that is in no file is called by its number.
        taken: The names of the styles before these, from which the numbers go on.

    Raises:
        BadData: Two have the same name.
    """
    if isinstance(style, dict):
        return style
    if not isinstance(style, list | tuple):
        path = None if isinstance(style, Image.Image) else Path(os.path.expanduser(style))
        inner = sorted(path.glob("[!.]*/")) if path and path.is_dir() else []
        style = [each for each in inner if each.is_dir()] or [style]
    named = {}
    for number, each in enumerate(style, len(taken)):
        if isinstance(each, Image.Image):
            name = next(free for i in count(number) if (free := f"style-{i}") not in (*taken, *named))
        else:
            path = Path(os.path.expanduser(each)).resolve()
            name = path.name if path.is_dir() else path.stem
        if name in named:
            raise BadData(f"Two of the styles are called '{name}': '{named[name]}' and '{each}'. Rename one.")
        named[name] = each
    return named


class Batches:
    """The batches of a training, each made from its number.

    Args:
        recipe: Says the size of crops, batches and epochs, how crops vary, and the seed.
        source: A path, an image or a list of them: see `Pictures`.
        style: Likewise; with the recipe's data="styles" see `named_styles`, and with `added_styles` only these. None
            for paired data: `source` shows both side by side.

    Attributes:
        source: The `Pictures` whose content is kept.
        styles: The `Pictures` of each style by its name; one, unless the recipe's data is "styles".
        learnt: How many named styles there are before these, whose pictures are not needed any more.

    Raises:
        BadData: The pictures cannot be used.
    """

    def __init__(self, recipe, source, style):
        self.plan = recipe.resolve()
        self.recipe = recipe = self.plan.recipe
        self.learnt = len(learnt_styles(recipe))
        if isinstance(style, dict) and recipe.data.name != "named-styles":
            raise BadData(
                f"The model learns one style, and these are named ones: {name_all(style)}. Give the pictures without "
                "a name, or take a model of several styles such as gated."
            )
        if recipe.data.name == "paired":
            self.source, paired = self._pairs(source, style)
            self.styles = {"": paired}
            return
        named = named_styles(style, learnt_styles(recipe)) if recipe.data.name == "named-styles" else {"": style}
        if self.plan.data.added and self.plan.data.added != len(named):
            raise BadData(f"The recipe adds {self.plan.data.added} styles, and there are pictures of {len(named)}.")
        self.styles = {name: self._pictures(where) for name, where in named.items()}
        self.source = self._pictures(source, self.tones if self.plan.data.match_tones else None)

    @property
    def data(self):
        """The data mode, which knows the names of its styles now."""
        names = (*self.plan.styles[: self.learnt], *self.styles)
        return self.plan.data.with_names(names) if self.plan.data.labelled else self.plan.data

    @property
    def style(self) -> Pictures:
        """The pictures of the first style."""
        return next(iter(self.styles.values()))

    @cached_property
    def tones(self) -> np.ndarray:
        """What is light and dark in the styles: see `luminance.tones`."""
        every = [style[i] for style in self.styles.values() for i in range(len(style))]
        return luminance.tones(pixels.astype("float32") / 127.5 - 1 for pixels in every)

    @cached_property
    def per_step(self) -> int:
        """Pictures of each kind that one step takes."""
        return self.recipe.batch_size * self.plan.order.batches

    @cached_property
    def timed(self):
        """The plan with the length of an epoch."""
        return self.plan.with_epoch(self.steps_per_epoch)

    @cached_property
    def steps_per_epoch(self) -> int:
        """Steps in which the larger of the two folders is seen once."""
        return max(1, max(len(self.source), sum(map(len, self.styles.values()))) // self.per_step)

    def __getitem__(self, n: int) -> tuple[np.ndarray, ...]:
        """Batch n: (source, style), each float32 (pictures, image_size, image_size, 3) in [-1, 1].

        With several styles also labels: float32 (pictures, styles), one-hot. The styles take turns, whatever the number
        of their pictures.
        """
        numbers = range(n * self.per_step, (n + 1) * self.per_step)
        source, style = self._grids(n) if self.plan.crops.grid else self._crops(numbers)
        batch = tuple(np.stack(crops).astype("float32") / 127.5 - 1 for crops in (source, style))
        if self.recipe.data.name != "named-styles":
            return batch
        labels = [self.learnt + i % len(self.styles) for i in numbers]
        return *batch, np.eye(self.learnt + len(self.styles), dtype="float32")[labels]

    def dataset(self, start: int = 0) -> tf.data.Dataset:
        """The endless `tf.data` of these batches from number `start` on."""
        shapes = [array.shape for array in self[start]]

        def make(n):
            batch = tf.numpy_function(self.__getitem__, [n], [tf.float32] * len(shapes))
            return tuple(tf.ensure_shape(array, shape) for array, shape in zip(batch, shapes, strict=True))

        numbers = tf.data.Dataset.range(start, np.iinfo(np.int64).max)
        return numbers.map(make, num_parallel_calls=2, deterministic=True).prefetch(2)

    def _pictures(self, where, tones=None):
        return Pictures(where, self.recipe.scaled_size, self.recipe.image_size // 2, tones)

    def _pairs(self, source, style):
        """Sources and their ground truths as `Pictures` of the same length."""
        if source is None:
            raise BadData(
                "This model learns from pairs: name a folder of pictures that show source and result side by side "
                "(--source), or two folders whose files have the same names (--source and --style)."
            )
        pairs = _side_by_side(source, self.plan.data.direction) if style is None else _same_names(source, style)
        domains = [self._pictures(list(domain)) for domain in zip(*pairs, strict=True)]
        places = [{id(item): i for i, item in enumerate(domain.items)} for domain in domains]
        whole = [[place.get(id(item)) for item, place in zip(pair, places, strict=True)] for pair in pairs]
        whole = [pair for pair in whole if None not in pair]  # of a damaged picture its partner goes as well
        if not whole:
            raise BadData(f"Of '{source}' not one pair can be used: {name_all(domains[0].skipped[:1])}")
        for domain, indices in zip(domains, zip(*whole, strict=True), strict=True):
            domain.keep(list(indices))
        return domains

    def _crops(self, numbers):
        """Crops of sources and styles, uint8, one for each number."""
        source = [self._crop(self.source, SOURCE, i, self.plan.crops.source_zoom) for i in numbers]
        if self.recipe.data.name == "paired":
            return source, [self._crop(self.style, SOURCE, i, self.plan.crops.source_zoom) for i in numbers]
        styles = list(self.styles.values())
        style = []
        for i in numbers:  # the styles take turns
            turn, which = divmod(i, len(styles))
            style.append(self._crop(styles[which], STYLE + NEXT_STYLE * which, turn, self.plan.crops.style_zoom))
        return source, style

    def _crop(self, pictures, stream, i, zoom):
        """Crop number i of a stream, uint8 (image_size, image_size, 3)."""
        seed, side = self.recipe.seed, self.recipe.image_size
        epoch, place = divmod(i, len(pictures))
        place = _order(len(pictures), seed, stream, epoch)[place]
        pixels = pictures[place]
        if self.recipe.data.name == "paired" and pictures is self.style:
            pixels = _resized(pixels, *self.source[place].shape[:2])
        random = np.random.default_rng([seed, CROPS, stream, i])
        height, width = pixels.shape[:2]
        if self.plan.crops.whole_in_decay and i >= self.timed.decay_begins * self.per_step:
            zoom = (self.recipe.scaled_size / side,) * 2
        taken = min(max(1, round(side * random.uniform(*zoom))), height, width)
        top, left = random.integers(0, [height - taken + 1, width - taken + 1])
        crop = _resized(pixels[top : top + taken, left : left + taken], side, side)
        if self.plan.crops.flip and random.random() < 0.5:
            crop = crop[:, ::-1]
        turned = self.plan.crops.turn_style and stream != SOURCE
        return np.rot90(crop, random.integers(4)) if turned else crop

    def _grids(self, n):
        """Crops of sources and styles for batch n, each from one picture's grid."""
        return self._grid(self.source, SOURCE, n), self._grid(self.style, STYLE, n)

    def _grid(self, pictures, stream, n):
        """Places of a shuffled grid, none twice while there are enough, on a picture zoomed anew for every batch."""
        seed, side = self.recipe.seed, self.recipe.image_size
        epoch, place = divmod(n, len(pictures))
        pixels = pictures[_order(len(pictures), seed, stream, epoch)[place]]
        random = np.random.default_rng([seed, GRIDS, stream, n])
        low, high = self.plan.crops.source_zoom if stream == SOURCE else self.plan.crops.style_zoom
        size = pixels.shape[:2] * random.uniform(1 / high, 1 / low, 2)  # evenly in scale, not in what is seen
        pixels = _resized(pixels, *(max(side, round(each)) for each in size))
        rows, columns = (each // side for each in pixels.shape[:2])
        top, left = (random.integers(each % side + 1) for each in pixels.shape[:2])
        cells = np.resize(random.permutation(rows * columns), self.per_step)
        corners = [(top + side * (cell // columns), left + side * (cell % columns)) for cell in cells]
        crops = [pixels[y : y + side, x : x + side] for y, x in corners]
        return [crop[:, ::-1] if self.plan.crops.flip and random.random() < 0.5 else crop for crop in crops]


def _resized(pixels, height, width):
    """Pixels uint8 (height, width, 3) in another size."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def _side_by_side(where, direction):
    """Pairs of halves, for each picture of a file or folder, or of images."""
    names = "AB" if direction == "AtoB" else "BA"
    pairs = []
    for each in where if isinstance(where, list | tuple) else [where]:
        if isinstance(each, Image.Image):
            pairs.append(tuple(_half(colour.to_rgb(each), name) for name in names))
            continue
        path = Path(os.path.expanduser(each))
        if not path.exists():
            raise BadData(f"There is no file or folder '{path}'.")
        files = _files(path) if path.is_dir() else [path]
        pairs += [tuple(Member(file, name) for name in names) for file in files]
    return pairs


def _same_names(source, style):
    """Pairs of pictures: the files of two folders that have the same name, two single pictures, or two lists."""
    lists = [where if isinstance(where, list | tuple) else [where] for where in (source, style)]
    are_folders = [
        isinstance(each, str | Path) and Path(os.path.expanduser(each)).is_dir()
        for pictures in lists
        for each in pictures
    ]
    if len(are_folders) != 2 or not all(are_folders):
        if any(are_folders) or len(lists[0]) != len(lists[1]):
            raise BadData("Pairs are two folders, two pictures or two lists of as many pictures.")
        return [tuple(map(_member, pair)) for pair in zip(*lists, strict=True)]
    folders = [_by_name(Path(os.path.expanduser(where))) for where in (source, style)]
    shared = [name for name in folders[0] if name in folders[1]]
    if not shared:
        raise BadData(f"No picture in '{source}' has the name of one in '{style}', so that there are no pairs.")
    return [tuple(folder[name] for folder in folders) for name in shared]


def _member(picture):
    """A picture of a pair that was named itself: an image, or a file."""
    if isinstance(picture, Image.Image):
        return picture
    path = Path(os.path.expanduser(picture))
    if not path.exists():
        raise BadData(f"There is no file or folder '{path}'.")
    return Member(path)


def _by_name(folder):
    """The files of a folder by their names in a data set: ``1_A.jpg`` and ``1_B.jpg`` belong together."""
    named = {}
    for file in _files(folder):
        name = file.relative_to(folder).with_suffix("")
        named[name.with_name(name.name.removesuffix("_A").removesuffix("_B"))] = Member(file)
    return named


@lru_cache(maxsize=8)
def _order(count, seed, stream, epoch):
    """The order in which an epoch goes through the pictures."""
    return np.random.default_rng([seed, stream, epoch]).permutation(count)
