"""The command import."""

import click

from stylezoo.cli import terminal
from stylezoo.cli.options import as_one_object
from stylezoo.cli.training import check_names, new_folder, print_next, settings
from stylezoo.cli.types import PATH, PluginName
from stylezoo.runs.folder import RunFolder


@click.command("import")
@click.argument("file", type=PATH, help="A checkpoint of PyTorch, such as latest_net_G.pth, or a .safetensors.")
@click.option(
    "-m", "--model", required=True, type=PluginName("model"), help="The model that it was trained as: cyclegan, cut ..."
)
@click.option("--network", metavar="NAME", help="The network in FILE, if it holds several, such as netG_A.")
@new_folder
@settings("A field of the recipe: image_size=128. Repeatable.")
@as_one_object
def import_(given):
    """Make a run folder of a generator trained with PyTorch.

    FILE is a checkpoint of CycleGAN, pix2pix or CUT. PyTorch is not needed, and nothing in the file is executed.
    """
    from stylezoo.files import torch_files

    check_names(given.model, None, given.changes)
    torch_files.read(given.file)
    if given.out:
        RunFolder(given.out).check_empty()
    terminal.import_keras()
    from stylezoo.runs.torch_import import import_weights

    notes = []
    made = import_weights(given.file, given.model, given.out, given.network, notes.append, **given.changes)
    for line in notes:
        terminal.say(f"        {line}", fg="yellow", err=True)
    terminal.say(f"Wrote   {made}")
    print_next(made)
