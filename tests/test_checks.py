"""The conformance kit finds what it says that it finds, and tells it in one line."""

import pytest

from stylezoo.catalogue import registry
from stylezoo.catalogue.kinds import KINDS
from stylezoo.checks import (
    CHECKS,
    check_generator,
    check_loss,
    check_model,
    check_plugin,
    parametrize_with_checks,
    running,
)
from stylezoo.errors import UnknownPlugin, UsageError

FLAWS = {  # plugin: the checks that it fails, each with a part of the reason
    ("loss", "logarithm"): {"values": "the generator's loss is nan for a batch of 2"},
    ("loss", "pictures"): {"values": "loss is a tensor of shape (2,); a number is needed"},
    ("loss", "cut-off"): {"gradients": "no gradient of the generator's loss reaches a weight"},
    ("loss", "moody"): {"file": "of the same seed the generator's loss is"},
    ("loss", "secretive"): {"documented": "lacks the option power", "plain_options": "come back from JSON as"},
    ("loss", "halved"): {"precision": "the generator's loss is inf in mixed_float16"},
    ("loss", "silent"): {"values": "it has a value for neither player"},
    ("generator", "shrinking"): {"answers": "its output for pictures of 72 x 72 has the shape (1, 70, 70, 3)"},
    ("generator", "unbounded"): {"range": "let it end in a tanh"},
    ("generator", "forgetful"): {"file": "its outputs differ after loading"},
    ("generator", "misnamed"): {"named": "the network is called 'another', not 'misnamed'"},
    ("generator", "idle"): {"gradients": "no gradient reaches"},
    ("generator", "patchy"): {"tiles": "means over height and width are to be taken with stylezoo.scene.moments"},
    ("generator", "sharp"): {"export": "to upsample there is stylezoo.layers.UpSampling2D"},
    ("model", "wordless"): {"recipe": "about='...'"},
}


def failed(results):
    return {result.check: result.reason for result in results if result.status == "failed"}


@pytest.mark.parametrize(("kind", "name"), FLAWS, ids=lambda word: word)
def test_a_flaw_is_found_by_the_check_that_is_for_it(kind, name, third_party):
    third_party("flawed")
    plugin = registry.find(kind, name)
    for check, reason in FLAWS[kind, name].items():
        result = running.run(check, running.subject_of(plugin))
        assert result.status == "failed"
        assert reason in result.reason
        assert "\n" not in result.reason


@pytest.mark.long
def test_results_are_returned_and_only_the_flawed_check_fails(third_party):
    third_party("flawed")
    plugin = registry.find("loss", "cut-off")
    results = check_plugin(plugin, on_fail="return")
    assert [result.check for result in results] == list(CHECKS["loss"])
    assert set(failed(results)) == {"gradients", "precision"}  # the gradients in 16 bits are looked at there
    assert {result.plugin for result in results} == {"loss acme-flawed/cut-off"}


def test_a_failed_check_raises_with_plugin_check_and_reason(third_party):
    third_party("flawed")
    with pytest.raises(AssertionError, match=r"^generator acme-flawed/misnamed, check 'named': the network is called"):
        check_generator("misnamed")


def test_an_expected_failure_is_told_with_its_reason_and_stops_nothing(third_party):
    third_party("flawed")
    known = {"named": "history"}
    results = {result.check: result for result in check_generator("misnamed", expected_failures=known)}
    assert (results["named"].status, results["named"].reason) == ("expected", "history")
    assert {result.status for result in results.values()} == {"expected", "passed"}


@pytest.mark.long
def test_what_was_expected_to_fail_and_passes_is_a_failure(third_party):
    third_party("acme")
    with pytest.raises(AssertionError, match=r"check 'values' passes and is expected to fail \(long ago\)"):
        check_loss("charbonnier", expected_failures={"values": "long ago"})


def test_a_strangers_sound_plugins_pass_everything(third_party):
    third_party("acme")
    for results in (check_loss("charbonnier", options={"epsilon": 0.1}), check_model("acme-retouch")):
        assert {result.status for result in results} == {"passed"}


def test_a_check_that_is_not_there_is_refused(third_party):
    third_party("acme")
    with pytest.raises(UsageError, match=r"There is no check rnage; there are .*values"):
        check_loss("charbonnier", expected_failures={"rnage": "a typing error"})


def test_a_component_that_raises_fails_the_check_with_what_it_raised(third_party):
    third_party("flawed")
    result = running.run("answers", running.subject_of(registry.find("generator", "raising")))
    assert result.status == "failed"
    assert result.reason.startswith("RuntimeError: Exception encountered when calling Unpainted.call(). out of paint ")


def test_options_may_be_lists_and_must_be_of_plugins_that_are_checked(third_party):
    third_party("flawed", "acme")
    known = {"documented": "the point of it", "plain_options": "the point of it"}
    results = check_loss("secretive", options={"power": [1, 2]}, expected_failures={"documented": "the point of it"})
    assert {result.status for result in results} == {"passed", "expected"}
    with pytest.raises(UsageError, match="no plugin secretiv among those"):
        parametrize_with_checks("acme-flawed", expected_failures={"secretiv": known})
    mark = parametrize_with_checks("acme-flawed", expected_failures={"loss/secretive": known})
    assert {known["documented"]} == {p.values[0].args[3] for p in mark.args[1] if "secretive-documented" in p.id}


def test_a_strangers_name_does_not_disturb_the_kit(tmp_path, monkeypatch, third_party):
    third_party("acme")
    metadata = tmp_path / "other-1.0.dist-info"
    metadata.mkdir()
    tables = "[stylezoo.losses]\nhinge = other:Hinge\n[stylezoo.generators]\nresnet = other:build\n"
    (metadata / "entry_points.txt").write_text(tables)
    monkeypatch.syspath_prepend(str(tmp_path))
    plugin = registry.find("loss", "charbonnier")
    assert running.run("values", running.subject_of(plugin)).status == "passed"


@pytest.mark.long
def test_side_effects_of_the_import_are_found(third_party):
    third_party("meddles")
    result = running.run("imported_cleanly", running.subject_of(registry.find("loss", "meddling")))
    assert result.status == "failed"
    assert result.reason.startswith("side effects: its import changes environment variables; ")


def test_the_decorator_gives_a_test_for_each_check_of_each_plugin(third_party):
    third_party("acme")
    mark = parametrize_with_checks("Acme_Style")  # however it is spelled
    kinds = {"charbonnier": "loss", "retouch": "generator", "acme-retouch": "model"}
    expected = {f"{kind}-{name}-{check}" for name, kind in kinds.items() for check in CHECKS[kind]}
    assert {parameter.id for parameter in mark.args[1]} == expected


def test_the_decorator_of_a_distribution_that_is_not_installed_says_so():
    with pytest.raises(UnknownPlugin, match=r"No plugin of 'stylezoo-gloww' is installed: 'pip install -e \.'"):
        parametrize_with_checks("stylezoo-gloww")


def test_every_check_says_what_it_holds_a_plugin_to():
    for kind in KINDS:
        for check in CHECKS[kind].values():
            assert check.__doc__.rstrip().endswith(".")
