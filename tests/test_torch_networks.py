"""Which network of a file is imported: averaged weights before raw ones, and never a guess among several."""

import numpy as np
import pytest

from stylezoo.errors import BadWeights
from stylezoo.runs.torch_networks import Network, chosen
from stylezoo.spec import Spec


def networks(*names):
    return [Network(name, {"a": np.array(i)}, Spec("resnet")) for i, name in enumerate(names)]


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (["params", "params_ema"], "params_ema"),
        (["netG", "netG_ema"], "netG_ema"),
        (["G_ema", "generator"], "G_ema"),
        (["state_dict.generator", "ema.generator"], "ema.generator"),
        (["model", "ema"], "ema"),
        (["model.module", "modelEMA.module"], "modelEMA.module"),
        (["online_model", "ema_model"], "ema_model"),
        (["g", "ema.shadow_params"], "ema.shadow_params"),
        (["swa.generator", "state_dict.generator"], "swa.generator"),
        (["ema"], "ema"),
    ],
)
def test_averaged_weights_come_before_those_of_which_they_are_the_average(names, taken):
    network, said = chosen("x.pth", networks(*names))
    assert network.name == taken
    assert said.startswith(f"The weights are the averaged ones, {taken}")
    for raw in set(names) - {taken}:
        assert f"network='{raw}' (--network {raw})" in said


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["netG_A", "netG_B"], ["netG_A", "netG_B"]),
        (["netG_A", "netG_B", "netG_A_ema"], ["netG_B", "netG_A_ema"]),
        (["G_AB", "G_BA", "G_AB_ema", "G_BA_ema"], ["G_AB_ema", "G_BA_ema"]),
        (["G_A", "G_B_ema"], ["G_A", "G_B_ema"]),
        (["G_A", "G_B", "ema"], ["G_A", "G_B", "ema"]),
        (["best", "last"], ["best", "last"]),
    ],
)
def test_a_choice_among_several_is_for_the_user(names, left):
    said = f"'x.pth' holds several networks, {', '.join(left)}. Say which: network='{left[0]}' (--network {left[0]})."
    with pytest.raises(BadWeights) as caught:
        chosen("x.pth", networks(*names))
    assert str(caught.value) == said
    for name in names:
        assert chosen("x.pth", networks(*names), name)[0].name == name


def test_a_part_of_a_name_picks_a_network_too():
    found = networks("state_dict.netG_A.module", "state_dict.netG_B.module")
    assert chosen("x.pth", found, "netG_B")[0].name == "state_dict.netG_B.module"
    with pytest.raises(BadWeights, match=r"no network 'netG' .*It has: state_dict\.netG_A\.module, state_dict\.netG_B"):
        chosen("x.pth", found, "netG")


def test_copies_of_the_same_weights_are_one_network():
    same = [Network(name, {"a": np.ones(2)}, Spec("resnet")) for name in ("netG_A", "netG_A_copy")]
    assert chosen("x.pth", same) == (same[0], "")


def test_a_list_of_averages_without_names_is_that_of_the_parameters_of_the_same_shapes():
    from stylezoo.runs.torch_networks import Search

    raw = {"1.weight": np.zeros((2, 3)), "1.bias": np.zeros(2), "2.running_mean": np.zeros(2), "3.weight": np.zeros(4)}
    averages = [np.full((2, 3), 1.0), np.full(2, 2.0), np.full(4, 3.0)]
    weights = {f"net.{name}": each for name, each in raw.items()}
    weights |= {f"ema.shadow_params.{i}": each for i, each in enumerate(averages)}
    weights |= {f"ema.collected_params.{i}": -each for i, each in enumerate(averages)}
    search = Search("x.pth", [], None)
    search._claims = lambda each: [Spec("resnet")] if each.keys() == raw.keys() else []
    search._fits = lambda each, spec: True
    network, said = chosen("x.pth", search.run(weights))
    assert "the averaged ones, ema.shadow_params" in said
    assert {name: float(each.flat[0]) for name, each in network.weights.items()} == {
        "1.weight": 1,
        "1.bias": 2,
        "2.running_mean": 0,
        "3.weight": 3,
    }
