"""The options about what is measured, of several commands."""

import click

from stylezoo.cli.options import Refusal
from stylezoo.cli.types import PATH, PluginName

REFUSALS = [
    Refusal(lambda given: given.patience and not given.best, "--patience needs a figure to watch: --best strokes."),
    Refusal(
        lambda given: given.best and given.evaluate_every == 0,
        "--best finds the best model by measuring: --evaluate-every cannot be 0.",
    ),
]
metrics = click.option(
    "--metric",
    "metrics",
    type=PluginName("metric"),
    multiple=True,
    help="Measure this only, such as strokes:side=5. Repeatable. Default: all of stylezoo's own.",
)
weights_of_features = click.option(
    "--features",
    type=PATH,
    metavar="FILE",
    help="Weights of VGG-16 or VGG-19 for the metrics that need the features of a network. Default: those of "
    "stylezoo[features], if it is installed; else these metrics are left out.",
)

WHILE_TRAINING = [
    metrics,
    click.option(
        "--evaluate-every",
        type=click.IntRange(min=0),
        metavar="N",
        help="Measure the pictures that the model draws after every N steps; 0: never. Default: every 200 steps, in "
        "a long training ten times; with --best always ten times.",
    ),
    click.option(
        "--best",
        type=PluginName("metric"),
        metavar="METRIC",
        help="Keep the model with the best figure of this metric as model-best.keras, beside the last one.",
    ),
    click.option(
        "--patience",
        type=click.IntRange(min=1),
        metavar="N",
        help="With --best: end the training after N measurements without a better figure.",
    ),
    weights_of_features,
]


def while_training(command):
    """Give a command the options about what is measured while a model trains."""
    for option in reversed(WHILE_TRAINING):
        command = option(command)
    return command


def of(given):
    """What is measured while it trains."""
    from stylezoo.training.evaluating import Measuring

    return Measuring.of(given.metrics, given.evaluate_every, given.best, given.patience, given.features)
