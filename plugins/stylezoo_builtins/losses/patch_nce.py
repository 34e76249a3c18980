"""The contrastive loss of CUT."""

import keras
from keras import layers, ops

from stylezoo import Loss
from stylezoo.contract import FEATURE, features

INIT_GAIN = 0.02  # of the heads' kernels, as in the authors' code


class PatchNCE(Loss):
    """PatchNCE: a patch of the result should match the patch at the same place of the source, among many others.

    Features of source and result come from the generator's own layers feature_... . At random places a head of two
    dense layers projects them to vectors of length 1. The loss is the cross-entropy of classifying which source patch
    belongs to a result patch, by cosine similarity (Park et al., 2020, https://arxiv.org/abs/2007.15651, averaged over
    the layers). At chance it is the logarithm of the number of patches. The weight is 1 with `identity` in CUT, 10 with
    `flip` in FastCUT, and 4 with one patch, `identity` and `whole_batch` in SinCUT, the model of a single image.

    Args:
        temperature: Divides the cosine similarities; with a smaller one only the most similar patches count.
        patches: Places in each layer; all of them in a layer that has fewer.
        units: Length of the vectors.
        identity: Also compare style pictures with generator(style), and take the mean of both losses.
        flip: Compare with the mirrored source in half of the steps, so that both sides are treated alike.
        whole_batch: Use patches of all pictures in the batch as negatives, not only those of the same picture.

    Example:
        stylezoo train cut --loss patch-nce:temperature=0.05,patches=128
    """

    discriminators_needed = 0

    def __init__(
        self,
        temperature: float = 0.07,
        patches: int = 256,
        units: int = 256,
        identity: bool = False,
        flip: bool = False,
        whole_batch: bool = False,
    ):
        if not temperature > 0:
            raise ValueError(f"temperature is {temperature}; it must be greater than 0")
        if min(patches, units) < 1:
            raise ValueError(f"patches is {patches} and units is {units}; they must be at least 1")
        self.temperature = temperature
        self.patches = patches
        self.units = units
        self.identity = identity
        self.flip = flip
        self.whole_batch = whole_batch

    def build(self, generator, discriminators, shape):
        taps = [layer for layer in generator.layers if layer.name.startswith(FEATURE)]
        if not taps:
            raise ValueError(
                f"patch-nce needs a generator that has layers called {FEATURE}..., such as resnet or stylegan2-resnet; "
                f"{generator.name} has none"
            )
        self.layers = [_head(tap.output.shape[-1], self.units) for tap in taps]

    def generator_loss(self, translation):
        mirrored = None
        if self.flip and translation.training:
            mirrored = keras.random.uniform((), seed=translation.seed) < 0.5
        cost = self._cost(translation, translation.source, translation.fake, mirrored)
        if not self.identity:
            return cost
        return (cost + self._cost(translation, translation.style, translation.identity, mirrored)) / 2

    def _cost(self, translation, source, result, mirrored):
        look = lambda picture: features(translation.generator, picture, training=translation.training)  # noqa: E731
        queries = look(result)
        keys = [_mirror(tap, mirrored) for tap in look(_mirror(source, mirrored))]
        terms = [
            contrast(*self._vectors(head, query, key, translation.seed), self.temperature)
            for head, query, key in zip(self.layers, queries, keys, strict=True)
        ]
        return sum(terms) / len(terms)

    def _vectors(self, head, query, key, seed):
        """A layer's outputs at the same random places, projected by its head: two tensors (sets, patches, units)."""
        height, width, channels = ops.shape(query)[1:]
        places = keras.random.shuffle(ops.arange(height * width), seed=seed)[: self.patches]
        pair = []
        for answer in (query, key):
            patches = ops.take(ops.reshape(answer, (-1, height * width, channels)), places, axis=1)
            vectors = _normalized(head(patches))
            pair.append(ops.reshape(vectors, (1, -1, self.units)) if self.whole_batch else vectors)
        return pair


def contrast(query, key, temperature):
    """Cross-entropy of finding the key of each query among those of its set; keys get no gradient.

    Args:
        query: Vectors of length 1, (sets, patches, units).
        key: Likewise; the key of a query is the one at the same place.
        temperature: Divides the cosine similarities.
    """
    key = ops.stop_gradient(key)
    right = ops.sum(query * key, axis=-1, keepdims=True)
    others = ops.matmul(query, ops.transpose(key, (0, 2, 1)))
    itself = ops.eye(ops.shape(others)[-1], dtype="bool")
    others = ops.where(itself, -10.0, others)  # -10: never chosen, as in the authors' code
    logits = ops.concatenate([right, others], axis=-1) / temperature
    return ops.mean(ops.logsumexp(logits, axis=-1) - logits[..., 0])


def _head(channels, units):
    """Two dense layers, in float32: their outputs are small, and are divided by their length."""
    glorot = keras.initializers.VarianceScaling(INIT_GAIN**2, "fan_avg", "untruncated_normal")
    dense = [
        layers.Dense(units, activation, kernel_initializer=glorot.clone(), dtype="float32")
        for activation in ("relu", None)
    ]
    return keras.Sequential([keras.Input((None, channels)), *dense])


def _normalized(vectors):
    squares = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    return vectors / (ops.sqrt(ops.maximum(squares, 1e-24)) + 1e-7)  # 1e-24: a square root has no gradient at 0


def _mirror(pictures, whether):
    return pictures if whether is None else ops.where(whether, ops.flip(pictures, axis=2), pictures)
