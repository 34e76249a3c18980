"""Discriminators equal their published references."""

import keras
import numpy as np
import pytest
import reference_weights
from stylezoo_builtins.discriminators import dense, patch, texture

from stylezoo.layers import InstanceNormalization, SpectralNormalization


@pytest.fixture(autouse=True)
def seeded():
    """Weights are drawn anew in each test, the same each time."""
    keras.utils.set_random_seed(0)


def test_patch_equals_the_pytorch_reference():
    reference = reference_weights.read("patch_discriminator")
    network = patch.build((64, 64, 3), filters=8)
    reference_weights.copy({k: v for k, v in reference.items() if k.startswith("weights/")}, network)
    np.testing.assert_allclose(network(reference["input"]), reference["output"], atol=1e-4)


@pytest.mark.parametrize(
    ("layers", "weights", "side"),
    [(1, 136_385, 126), (2, 662_977, 62), (3, 2_764_737, 30), (4, 6_959_553, 14), (5, 11_154_369, 6)],
)
def test_patch_has_the_published_weights_and_logits(layers, weights, side):
    network = patch.build((256, 256, 3), layers=layers)
    assert network.count_params() == weights
    assert network.output_shape == (None, side, side, 1)


@pytest.mark.parametrize(("layers", "field"), [(1, 16), (2, 34), (3, 70)])
def test_a_logit_sees_a_patch_of_the_published_size(layers, field):
    network = patch.build((160, 160, 3), filters=2, layers=layers, spectral=True)  # instance norm would see it all
    rng = np.random.default_rng(0)
    one = rng.uniform(-1, 1, (1, 160, 160, 3)).astype("float32")
    middle = network.output_shape[1] // 2
    base, seen = np.asarray(network(one))[0, middle, middle, 0], []
    for column in range(160):
        other = one.copy()
        other[:, :, column] = -other[:, :, column]
        if np.asarray(network(other))[0, middle, middle, 0] != base:
            seen.append(column)
    assert max(seen) - min(seen) + 1 == field


def test_spectral_patch_normalises_every_convolution_and_nothing_else():
    kinds = [type(layer) for layer in patch.build((32, 32, 3), filters=2, layers=2, spectral=True).layers]
    assert kinds.count(SpectralNormalization) == 4
    assert InstanceNormalization not in kinds


def test_scaled_patch_sees_the_picture_made_smaller():
    rng = np.random.default_rng(0)
    blocks = rng.uniform(-1, 1, (1, 16, 16, 3)).repeat(2, 1).repeat(2, 2).astype("float32")
    grain = rng.uniform(-0.2, 0.2, (1, 32, 16, 3)).repeat(2, 2).astype("float32")
    grain[:, :, 1::2] *= -1  # of mean 0 in each block
    network = patch.build((32, 32, 3), filters=4, layers=1, scale=2)
    np.testing.assert_allclose(network(blocks), network(blocks + grain), atol=1e-5)


@pytest.mark.parametrize(("side", "weights"), [(32, 1_704_961), (64, 6_423_553)])
def test_dense_has_one_logit_and_the_stated_weights(side, weights):
    network = dense.build((side, side, 3))
    assert network.count_params() == weights
    assert network.output_shape == (None, 1)


def test_dense_refuses_crops_that_would_need_too_many_weights():
    with pytest.raises(ValueError, match=r"256 x 256 pixels would need 101 million weights.*up to 180 pixels"):
        dense.build((256, 256, 3))


@pytest.mark.parametrize(("scale", "side"), [(1, 24), (2, 8)])
def test_texture_judges_whole_patches_of_34_pixels(scale, side):
    network = texture.build((128, 128, 3), scale=scale)
    assert network.output_shape == (None, side, side, 1)
    assert texture.build((34 * scale, 34 * scale, 3), scale=scale).output_shape == (None, 1, 1, 1)
    with pytest.raises(ValueError, match=f"at least {34 * scale} pixels"):
        texture.build((34 * scale - 1, 128, 3), scale=scale)


def test_texture_has_neither_strides_nor_padding():
    layers = texture.build((64, 64, 3)).layers
    convolutions = [layer.layer for layer in layers if isinstance(layer, SpectralNormalization)]
    assert {(c.strides, c.padding) for c in convolutions} == {((1, 1), "valid")}
    assert len(convolutions) == 5
