"""How many modes `diverse` and `bce` keep of a mixture of eight Gaussians, with the same networks.

    python tests/benchmarks/diversity.py [SEED ...]

The setting of the paper's toy, Nguyen et al., 2017, https://arxiv.org/abs/1709.03831: Gaussians of variance 0.02 on a
circle of radius 2. The toy is chaotic: with seed 1 `diverse` keeps more modes than `bce`; with other seeds both may
keep one after as many steps. A seed takes about a minute.
"""

import sys
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from stylezoo_builtins.losses.bce import BCE
from stylezoo_builtins.losses.diverse import Diverse

CENTRES = 2 * np.stack([(np.cos(a), np.sin(a)) for a in np.arange(8) * np.pi / 4]).astype("float32")
DEVIATION = np.float32(np.sqrt(0.02))
BATCH, STEPS = 512, 9_000


def network(sizes):
    def dense(size, activation=None):
        return layers.Dense(size, activation, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))

    hidden = [dense(size, "relu") for size in sizes[1:-1]]
    return keras.Sequential([keras.Input((sizes[0],)), *hidden, dense(sizes[-1])])


def trained(loss, seed):
    """4000 points of a generator that was trained with a loss and as many discriminators as it needs."""
    keras.utils.set_random_seed(seed)
    random = tf.random.Generator.from_seed(seed)
    generator = network([256, 128, 128, 2])
    discriminators = [network([2, 128, 1]) for _ in range(loss.discriminators_needed)]
    players = [generator.trainable_variables, [v for d in discriminators for v in d.trainable_variables]]
    adams = [keras.optimizers.Adam(2e-4, 0.5, epsilon=1e-8) for _ in players]
    for adam, variables in zip(adams, players, strict=True):
        adam.build(variables)

    def judged(real, fake):
        return SimpleNamespace(
            real_logits=[d(real) for d in discriminators], fake_logits=[d(fake) for d in discriminators]
        )

    def step():
        chosen = tf.gather(CENTRES, random.uniform([BATCH], 0, 8, tf.int32))
        real = chosen + DEVIATION * random.normal([BATCH, 2])
        noise = random.uniform([BATCH, 256], -1, 1)
        for player, price in ((1, loss.discriminator_loss), (0, loss.generator_loss)):
            with tf.GradientTape() as tape:
                cost = price(judged(real, generator(noise)))
            adams[player].apply(tape.gradient(cost, [v.value for v in players[player]]), players[player])

    @tf.function
    def train():
        for _ in tf.range(STEPS):
            step()

    train()
    return generator(random.uniform([4000, 256], -1, 1)).numpy()


def modes(points):
    """How many Gaussians have at least 20 points within three standard deviations."""
    distance = np.linalg.norm(points[:, None] - CENTRES, axis=-1)
    return int(((distance < 3 * DEVIATION).sum(0) >= 20).sum())


def main():
    for seed in map(int, sys.argv[1:] or ["1"]):
        kept = {loss.__name__.lower(): modes(trained(loss(), seed)) for loss in (Diverse, BCE)}
        print(
            f"seed {seed}: "
            + ", ".join(f"{name} keeps {count} of {len(CENTRES)} modes" for name, count in kept.items())
        )


if __name__ == "__main__":
    main()
