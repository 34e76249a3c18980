"""The image pool of CycleGAN: discriminators are shown older pictures as well."""

import keras
from keras import ops

from stylezoo import devices

register = keras.saving.register_keras_serializable("stylezoo")


@register
class ImagePool(keras.layers.Layer):
    """Keeps generated pictures and returns an older one half of the time (Shrivastava et al., 2017, 1612.07828).

    Until it is full each picture is kept and returned. From then on every picture is exchanged, with probability 1/2,
    for one of the pool. The pictures of one batch use different places. The pool and its random state are saved.

    Several replicas have one pool for the pictures of all: each keeps a copy of it, and draws the same random numbers.

    Args:
        size: How many pictures are kept.
        shape: The shape of one, (height, width, 3).
    """

    def __init__(self, size, shape, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.size = size
        self.shape = tuple(shape)
        self.random = keras.random.SeedGenerator()
        state = {"initializer": "zeros", "trainable": False}
        self.kept = self.add_weight(shape=(size, *self.shape), name="kept", **state)
        self.count = self.add_weight(shape=(), dtype="int64", name="count", **state)
        self.built = True

    def call(self, pictures):
        """Pictures (batch, height, width, 3), some of them replaced by older ones."""
        return devices.own(self._exchanged(devices.gathered(pictures)), ops.shape(pictures)[0])

    def _exchanged(self, pictures):
        if (pictures.shape[0] or 0) > self.size:
            raise ValueError(f"A pool of {self.size} pictures cannot serve batches of {pictures.shape[0]}.")
        batch = ops.shape(pictures)[0]
        count = ops.cast(self.count, "int32")
        free = ops.cast(ops.arange(self.size, dtype="int32") >= count, "float32")  # 1 sorts free places last
        order = ops.argsort(free + keras.random.uniform((self.size,), seed=self.random))[:batch]
        number = count + ops.arange(batch, dtype="int32")
        filling = number < self.size
        place = ops.where(filling, number, ops.cast(order, "int32"))
        chance = keras.random.uniform((batch,), seed=self.random) > 0.5
        exchange = ops.logical_and(ops.logical_and(ops.logical_not(filling), place < count), chance)
        filling, exchange = (ops.reshape(each, (batch, 1, 1, 1)) for each in (filling, exchange))
        older = devices.rows_of(self.kept, place)
        kept = ops.where(ops.logical_or(filling, exchange), pictures, older)
        devices.write_rows(self.kept, place, kept)
        self.count.assign_add(batch)
        return ops.where(exchange, older, pictures)

    def get_config(self):
        return {**super().get_config(), "size": self.size, "shape": self.shape}
