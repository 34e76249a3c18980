"""The batches of a training: each a pure function of the pictures, the recipe and its number.

So a resumed run sees the same batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from stylezoo import devices
from stylezoo.catalogue import sources
from stylezoo.data.album import Album
from stylezoo.data.crops import Sizes, Stream
from stylezoo.data.domains import Pictures, tones_of
from stylezoo.errors import BadData, name_all
from stylezoo.pictures import arrays


class Batches:
    """The batches of a training, each made from its number.

    Args:
        recipe: A recipe or its plan: the data mode, the size of crops, batches and epochs, how crops vary, the seed.
        source: The sources, in any form that `Album.of` reads; None for the built-in sample.
        style: The styles, likewise; for paired data None if `source` shows both side by side.

    Attributes:
        plan: The plan.
        data: The data mode, with the names of the styles whose pictures were read.
        source: The `Pictures` whose content is kept.
        styles: The `Pictures` of each style by its name, "" if styles have no names.

    Raises:
        BadData: The pictures cannot be used.
    """

    def __init__(self, recipe, source, style):
        self.plan = recipe.resolve()
        self.recipe, data = self.plan.recipe, self.plan.data
        style = Album.of(style)
        if style.names and not data.labelled:
            raise BadData(
                f"The model learns one style, and these are named ones: {name_all(style.names)}. Give the pictures "
                f"without a name, or take a model of several styles{sources.such_as(data='named-styles')}."
            )
        self.source, self.styles = data.domains(*data.complete(Album.of(source), style), self._read)
        self.data = data.with_names(self.styles)

    @property
    def style(self) -> Pictures:
        """The pictures of the first style."""
        return next(iter(self.styles.values()))

    @property
    def left_out(self) -> list[str]:
        """Lines about files, frames and pages that are not used, and why."""
        domains = (self.source, *self.styles.values())
        skipped = [f"skipped: {line}" for pictures in domains for line in pictures.skipped]
        return list(dict.fromkeys([*skipped, *(line for pictures in domains for line in pictures.notes)]))

    @cached_property
    def tones(self) -> np.ndarray:
        """The tones of the styles: see `luminance.tones`."""
        known = self.source.tones
        return tones_of(self.styles.values(), self.data.match_colours) if known is None else known

    @cached_property
    def per_step(self) -> int:
        """Pictures of each domain in one step."""
        return self.recipe.batch_size * self.plan.order.batches

    @cached_property
    def steps_per_epoch(self) -> int:
        """Steps in which the larger of the two folders is seen once."""
        return max(1, max(len(self.source), sum(map(len, self.styles.values()))) // self.per_step)

    @cached_property
    def sizes(self) -> Sizes:
        """What all crops have in common."""
        decay = self.plan.with_epoch(self.steps_per_epoch).decay_begins * self.per_step
        return Sizes(self.recipe.image_size, self.recipe.scaled_size, self.recipe.seed, decay)

    def __getitem__(self, n: int) -> tuple[np.ndarray, ...]:
        """Batch n: (source, style), each float32 (pictures, image_size, image_size, channels) in [-1, 1].

        With named styles also labels: float32 (pictures, styles), one-hot.
        """
        return self.data.batch(self, range(n * self.per_step, (n + 1) * self.per_step))

    def cut(self, pictures: Pictures, stream: int, numbers: Sequence[int], like: Pictures | None = None) -> np.ndarray:
        """Crops of these numbers, float32 (numbers, image_size, image_size, channels) in [-1, 1].

        Args:
            pictures: The domain.
            stream: The number of its `Stream`, such as `crops.SOURCE`; equal numbers give equal crops.
            numbers: Successive numbers, from 0 on.
            like: The partners of the pictures, to whose sizes they are scaled.
        """
        crops = self.plan.crops.cut(Stream(pictures, stream, self.sizes, like), numbers)
        return np.stack([arrays.from_levels(crop) for crop in crops])  # some may have 8 bits and others 16

    def share(self, n: int, replica: int, replicas: int) -> tuple[np.ndarray, ...]:
        """The rows of batch n that one of several replicas learns from; only these are read, as far as crops allow it.

        Each of the parts into which the update order divides a batch is divided among the replicas in their order.
        """
        if replicas == 1:
            return self[n]
        size = self.recipe.batch_size // replicas
        first = range(replica * size, self.per_step, self.recipe.batch_size)
        if self.plan.crops.one_picture:  # then rows are known together only
            whole = self[n]
            rows = [i for begin in first for i in range(begin, begin + size)]
            return tuple(array[rows] for array in whole)
        begin = n * self.per_step
        parts = [self.data.batch(self, range(begin + each, begin + each + size)) for each in first]
        return tuple(map(np.concatenate, zip(*parts, strict=True)))

    def dataset(self, start: int = 0, strategy=None):
        """The endless dataset of these batches from number `start` on.

        Args:
            start: The number of the first batch.
            strategy: Who trains, if there are several devices: then a worker's dataset has the shares of its replicas.
        """
        shapes = [array.shape for array in self.share(start, 0, strategy.num_replicas_in_sync if strategy else 1)]
        return devices.dataset(self.share, shapes, start, strategy)

    def _read(self, album, tones=None, items=None):
        smallest = self.recipe.image_size // 2
        return Pictures(album, self.recipe.scaled_size, smallest, tones, items, self.recipe.channels)
