"""The conformance kit for plugin authors, and the doctor, which imports plugins in child processes.

The names of the kit are imported when they are first used: the kit needs Keras, and the doctor does not.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stylezoo.checks.running import (
        CHECKS,
        Result,
        check_discriminator,
        check_generator,
        check_loss,
        check_metric,
        check_model,
        check_plugin,
        check_style,
        parametrize_with_checks,
    )

__all__ = [
    "CHECKS",
    "Result",
    "check_discriminator",
    "check_generator",
    "check_loss",
    "check_metric",
    "check_model",
    "check_plugin",
    "check_style",
    "parametrize_with_checks",
]


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module 'stylezoo.checks' has no attribute '{name}'")
    from stylezoo.checks import running

    return getattr(running, name)
