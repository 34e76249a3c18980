"""The conformance kit: checks of plugins that their authors can run.

    from stylezoo.checks import parametrize_with_checks

    @parametrize_with_checks("stylezoo-glow")  # every plugin of that distribution, every check: a test each
    def test_contract(check):
        check()

Without pytest, `check_loss("glow")` and similar functions run the checks and return a result of each. A check is a
function; the first paragraph of its docstring names its demands. The built-in plugins are tested by these checks too.

Components are built as small as their options allow, if these have the zoo's names: see `subjects.SMALL`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from stylezoo.catalogue import registry
from stylezoo.catalogue.kinds import KINDS, imported
from stylezoo.catalogue.registry import Plugin
from stylezoo.errors import StylezooError, UnknownPlugin, UsageError, name_all

SUITES = {name: imported(kind.checks) for name, kind in KINDS.items()}  # of checks, by kind of plugin
CHECKS = {kind: suite.checks for kind, suite in SUITES.items()}


@dataclass(frozen=True)
class Result:
    """The result of one check.

    Attributes:
        plugin: The plugin's kind and name, "loss stylezoo-glow/glow".
        check: The check's name.
        status: "passed"; "failed"; "expected": it failed, and a failure was expected; "unexpected": it passed, and a
            failure was expected.
        reason: Why it failed, or why a failure was expected.
    """

    plugin: str
    check: str
    status: str
    reason: str = ""

    def raise_if_wrong(self):
        """Raise an error if the result is not as expected.

        Raises:
            AssertionError: The check failed and was not expected to, or passed and was expected to fail.
        """
        if self.status == "failed":
            raise AssertionError(f"{self.plugin}, check '{self.check}': {self.reason}")
        if self.status == "unexpected":
            raise AssertionError(
                f"{self.plugin}, check '{self.check}' passes and is expected to fail ({self.reason}): take that out."
            )


def check_loss(name: str, **options) -> list[Result]:
    """Run every check of losses on an installed one.

    Args:
        name: Its name, "glow" or "distribution/glow".
        **options: As in `check_plugin`.

    Returns:
        A `Result` for each check.

    Raises:
        AssertionError: A check failed that was not expected to, or passed that was.
        UnknownPlugin: It is not installed.

    Examples:
        >>> from stylezoo import checks
        >>> {result.status for result in checks.check_loss("tv", on_fail="return")}
        {'passed'}
    """
    return check_plugin(registry.find("loss", name), **options)


def check_metric(name: str, **options) -> list[Result]:
    """Run every check of metrics on an installed one; as `check_loss`."""
    return check_plugin(registry.find("metric", name), **options)


def check_generator(name: str, **options) -> list[Result]:
    """Run every check of generators on an installed one; as `check_loss`."""
    return check_plugin(registry.find("generator", name), **options)


def check_discriminator(name: str, **options) -> list[Result]:
    """Run every check of discriminators on an installed one; as `check_loss`."""
    return check_plugin(registry.find("discriminator", name), **options)


def check_model(name: str, **options) -> list[Result]:
    """Run every check of models on an installed one; as `check_loss`."""
    return check_plugin(registry.find("model", name), **options)


def check_style(name: str, **options) -> list[Result]:
    """Run every check of ready-made styles on an installed one; as `check_loss`."""
    return check_plugin(registry.find("style", name), **options)


def check_plugin(plugin: Plugin, options=None, expected_failures=None, on_fail: str = "raise") -> list[Result]:
    """Run every check of a plugin's kind.

    Args:
        plugin: From `stylezoo.registry`.
        options: Options that the component is built with, besides those that make it small: ``{"depth": 1}``.
        expected_failures: The checks that it is known to fail, each with the reason: ``{"range": "..."}``.
        on_fail: "raise", or "return" to go on, so that the results show what failed.

    Returns:
        A `Result` for each check.

    Raises:
        AssertionError: A check failed that was not expected to, or passed that was; not with on_fail="return".
        UsageError: There is no such check, or the options do not fit.
    """
    expected_failures = expected_failures or {}
    _check_known(plugin, expected_failures)
    if on_fail not in ("raise", "return"):
        raise UsageError(f"on_fail is {on_fail!r}; it can be 'raise' or 'return'.")
    if options and plugin.kind in ("model", "style"):
        raise UsageError(f"The {plugin.kind} '{plugin.name}' takes no options.")
    subject = subject_of(plugin, options)
    results = []
    for name in CHECKS[plugin.kind]:
        results.append(run(name, subject, expected_failures.get(name)))
        if on_fail == "raise":
            results[-1].raise_if_wrong()
    return results


def parametrize_with_checks(
    plugins: str | Iterable[Plugin], options=None, expected_failures=None
) -> Callable[[Callable], Callable]:
    """A pytest decorator: the test below is run once for every check of every plugin, and calls it.

    Args:
        plugins: The name of a distribution, to check all its plugins; or plugins of `stylezoo.registry`.
        options: Options to build some plugins with: ``{"glow": {"depth": 1}}``, or ``{"loss/glow": ...}`` if a
            generator has the name as well.
        expected_failures: For some plugins the checks that they are known to fail, each with the reason:
            ``{"glow": {"range": "..."}}``. Such a test is skipped with the reason once it has failed as expected; it
            fails if the check passes.

    Raises:
        UnknownPlugin: There is no plugin of that distribution.
        UsageError: A name in `options` or `expected_failures` is not that of a plugin or a check.

    Examples:
        >>> from stylezoo import checks
        >>> @checks.parametrize_with_checks("stylezoo")
        ... def test_contract(check):
        ...     check()
    """
    import pytest

    plugins = _of_distribution(plugins) if isinstance(plugins, str) else list(plugins)
    options, expected_failures = options or {}, expected_failures or {}
    names = [word for plugin in plugins for word in (plugin.name, f"{plugin.kind}/{plugin.name}")]
    if unknown := {*options, *expected_failures} - {*names}:
        raise UsageError(f"There is no plugin {name_all(sorted(unknown))} among those that are checked.")
    parameters = []
    for plugin in plugins:
        expected = _given_for(plugin, expected_failures)
        _check_known(plugin, expected)
        for name in CHECKS[plugin.kind]:
            test = partial(_test, plugin, name, _given_for(plugin, options), expected.get(name))
            parameters.append(pytest.param(test, id=f"{plugin.kind}-{plugin.name}-{name}"))
    return pytest.mark.parametrize("check", parameters)


def _of_distribution(name: str) -> list[Plugin]:
    if found := [plugin for plugin in registry.plugins() if plugin.owned_by(name)]:
        return found
    raise UnknownPlugin(f"No plugin of '{name}' is installed: 'pip install -e .' in its folder.")


def _given_for(plugin, by_name):
    """The entry of a plugin by its name, "glow", or if two kinds have the name, by both, "loss/glow"."""
    return by_name.get(f"{plugin.kind}/{plugin.name}", by_name.get(plugin.name, {}))


def _test(plugin, name, options, expected):
    """One check as a test of pytest."""
    import pytest

    result = run(name, _shared(plugin, options), expected)
    if name == [*CHECKS[plugin.kind]][-1]:
        _SHARED.clear()
    result.raise_if_wrong()
    if result.status == "expected":
        pytest.skip(f"fails as expected: {result.reason}")


_SHARED = {}  # at most one subject: that of the plugin whose tests run now, so that it is built once


def _shared(plugin, options):
    key = (plugin, repr(options))
    if key not in _SHARED:
        _SHARED.clear()
        _SHARED[key] = subject_of(plugin, options)
    return _SHARED[key]


def subject_of(plugin: Plugin, options=None):
    """The subject of a plugin's checks, which all of them can share.

    Args:
        plugin: From `stylezoo.registry`.
        options: As in `check_plugin`.
    """
    return SUITES[plugin.kind].subject(plugin, options or {})


def run(name: str, subject, expected: str | None = None) -> Result:
    """Run one check.

    Args:
        name: The check's name.
        subject: From `subject_of`.
        expected: Why it is expected to fail; None: it is not.
    """
    label = f"{subject.plugin.kind} {subject.plugin.qualified}"
    try:
        CHECKS[subject.plugin.kind][name](subject)
    except Exception as error:  # any error of a component is a failure
        return Result(label, name, "expected" if expected else "failed", expected or _reason(error))
    return Result(label, name, "unexpected" if expected else "passed", expected or "")


def _reason(error):
    text = re.sub(r"\x1b\[[\d;]*m", "", str(error))  # Keras prints errors of layers in bold
    if isinstance(error, AssertionError | StylezooError):
        return text
    return f"{type(error).__name__}: {' '.join(text.split())[:300]}"


def _check_known(plugin, checks):
    if unknown := set(checks) - set(CHECKS[plugin.kind]):
        raise UsageError(f"There is no check {name_all(sorted(unknown))}; there are {name_all(CHECKS[plugin.kind])}.")
