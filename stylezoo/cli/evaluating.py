"""The command evaluate."""

import click

from stylezoo.cli import terminal
from stylezoo.cli.measuring import metrics, weights_of_features
from stylezoo.cli.options import as_json, as_one_object
from stylezoo.cli.types import ModelName


@click.command()
@click.argument("model", type=ModelName(), help="A run folder, a ready-made style, a .keras file, or hf://owner/name.")
@click.option(
    "--source",
    metavar="PICTURES",
    help="Photographs to draw: a picture or a folder, better others than those of the training. Default: those of the "
    "training.",
)
@click.option(
    "--style",
    metavar="PICTURES",
    help="Pictures of the style, with which results are compared: a picture or a folder. Default: those of the "
    "training.",
)
@metrics
@weights_of_features
@click.option(
    "--size",
    type=click.IntRange(64, 2048),
    default=256,
    show_default=True,
    help="The pixels at which pictures are drawn and measured.",
)
@click.option(
    "--pictures",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    help="How many photographs, and how many pictures of the style, count at most.",
)
@as_json
@as_one_object
def evaluate(given):
    """Measure what a MODEL draws: content that is kept, style that is gained, and what should not be there.

    Each figure is shown beside those of simple ways to draw: the photograph as it is, with the colours of the style,
    and half of each. Of a run with a best model both are measured. 'stylezoo list metrics' says what each figure means.

    \b
    Examples:
      stylezoo evaluate runs/mine
      stylezoo evaluate runs/mine --source photos/ --style paintings/
      stylezoo evaluate great-wave --source photos/ --style wave.jpg --metric strokes --metric palette
    """
    from stylezoo.runs.loading import checked_file

    checked_file(given.model)
    terminal.import_keras()
    from stylezoo.evaluation import evaluate as measuring

    pictures = {"source": given.source, "style": given.style}
    how = {"names": given.metrics, "weights": given.features, "size": given.size, "most": given.pictures}
    measured = measuring.evaluate(given.model, **pictures, **how, progress=_show)
    terminal.print_status()
    measuring.keep(measured, given.model)
    if given.as_json:
        terminal.print_document(**measured.to_dict())
    else:
        for line in measured.table().split("\n"):
            terminal.say(line)


def _show(done, total):
    terminal.print_status(f"drawing and measuring, {done} of {total} done ...")
