"""Generators equal their published references."""

import numpy as np
import pytest
import reference_weights
from stylezoo_builtins.generators import resnet

ANY = (None, None, 3)


def test_resnet_equals_the_pytorch_reference():
    reference = reference_weights.read("resnet_generator")
    network = resnet.build(ANY, filters=8, blocks=2)
    reference_weights.copy({k: v for k, v in reference.items() if k.startswith("weights/")}, network)
    np.testing.assert_allclose(network(reference["input"]), reference["output"], atol=1e-4)


@pytest.mark.parametrize(("blocks", "weights"), [(9, 11_378_179), (6, 7_837_699)])
def test_resnet_has_as_many_weights_as_published(blocks, weights):
    assert resnet.build(ANY, blocks=blocks).count_params() == weights


@pytest.mark.parametrize("resize", [False, True])
def test_resnet_answers_with_pictures_of_the_source_size_within_range(resize):
    source = np.random.default_rng(0).uniform(-1, 1, (2, 24, 40, 3)).astype("float32")
    fake = np.asarray(resnet.build(ANY, filters=4, blocks=1, resize=resize)(source * 50))
    assert fake.shape == source.shape
    assert np.abs(fake).max() <= 1


def test_resized_resnet_has_no_transposed_convolution():
    kinds = {type(layer).__name__ for layer in resnet.build(ANY, filters=4, blocks=1, resize=True).layers}
    assert "Conv2DTranspose" not in kinds
