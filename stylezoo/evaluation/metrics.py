"""The metrics of an evaluation: those that are named, or stylezoo's own as far as they work here."""

import inspect
from collections.abc import Sequence
from dataclasses import replace

from stylezoo.catalogue import registry
from stylezoo.contract import Metric
from stylezoo.errors import BadOptions, name_all
from stylezoo.evaluation.features import Features
from stylezoo.spec import Part, Spec

OWN = "stylezoo"  # the distribution whose metrics are the default; another one's can take long
NO_FEATURES = "pip install 'stylezoo[features]', or name a file with weights of VGG-16 or VGG-19 (--features FILE)"


def parts(names: str | Spec | Metric | Sequence[str | Spec | Metric] = ()) -> dict[str, Part]:
    """The metrics of these names, or of one, with their options, found and loaded, by their bare names.

    Without any: stylezoo's own.

    Raises:
        StylezooError: There is no such metric, or it does not take these options.
    """
    names = [names] if isinstance(names, str | Spec | Metric) else names
    own = [plugin.qualified for plugin in registry.plugins("metric") if plugin.distribution == OWN]
    specs = [Spec.parse(each) for each in names or own]
    found = {spec.label: spec.part("metric") for spec in specs}
    if weighted := [spec for spec in specs if spec.weight != 1]:
        raise BadOptions(f"'{weighted[0]}' has a weight; only losses have weights.")
    if len(found) < len(specs):
        raise BadOptions(f"A metric is named twice: {name_all(spec.label for spec in specs)}.")
    return found


def needs_features(part: Part) -> bool:
    """Whether a metric needs the features of a pretrained network."""
    return part.plugin is not None and "features" in inspect.signature(part.component).parameters


def built(parts: dict[str, Part], features: Features | None, must: bool) -> tuple[dict[str, Metric], str]:
    """The metrics, and a line about those that are left out because there are no features; "" if none is.

    Args:
        parts: From `parts`.
        features: The features, None if there are none.
        must: Whether none may be left out.

    Raises:
        BadOptions: One would be left out and must not be, or refuses its options.
    """
    left_out = [name for name, part in parts.items() if features is None and needs_features(part)]
    note = f"{name_all(left_out)}: not measured without the features of a network; {NO_FEATURES}" if left_out else ""
    if left_out and must:
        raise BadOptions(f"The metric {name_all(left_out)} needs the features of a network: {NO_FEATURES}.")
    metrics = {name: part.build(features=features) for name, part in parts.items() if name not in left_out}
    return metrics, note


def words(parts: dict[str, Part], features: Features | None) -> str:
    """What of metrics belongs to a protocol: the features, if any metric needs them, and the options that are set."""
    uses = features is not None and any(map(needs_features, parts.values()))
    options = [str(replace(part.spec, name=name)) for name, part in parts.items() if part.spec.options]
    return "; ".join([f"features of {features.name}" if uses else "without features", *options])
