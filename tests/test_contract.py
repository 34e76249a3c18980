"""Every registered plugin, ours or a stranger's, keeps its contract: `stylezoo.checks` says what that is."""

import pytest

from stylezoo.catalogue import registry
from stylezoo.checks import parametrize_with_checks, running

UNBOUNDED = {  # published so; `stylize` cuts what is beyond
    "stylegan2-resnet": {"range": "the published network ends in a convolution"},
}


class TestGenerators:
    @parametrize_with_checks(registry.plugins("generator"), expected_failures=UNBOUNDED)
    def test_contract(self, check):
        check()


class TestDiscriminators:
    @parametrize_with_checks(registry.plugins("discriminator"))
    def test_contract(self, check):
        check()


class TestLosses:
    @parametrize_with_checks(registry.plugins("loss"))
    def test_contract(self, check):
        check()


class TestMetrics:
    @parametrize_with_checks(registry.plugins("metric"))
    def test_contract(self, check):
        check()


class TestStyles:
    @parametrize_with_checks(registry.plugins("style"))
    def test_contract(self, check):
        check()


class TestModels:
    @parametrize_with_checks(registry.plugins("model"))
    def test_contract(self, check):
        check()

    @pytest.mark.long
    @pytest.mark.graph
    @pytest.mark.parametrize("plugin", registry.plugins("model"), ids=lambda plugin: plugin.name)
    def test_training_in_a_graph(self, plugin):
        running.run("trains", running.subject_of(plugin)).raise_if_wrong()
