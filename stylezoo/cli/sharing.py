"""The command that publishes: push."""

import click

from stylezoo.cli import terminal
from stylezoo.cli.types import PATH


@click.command()
@click.argument("run", help="A run folder of 'stylezoo train', or a .keras file.")
@click.argument("repository", help="The repository, owner/name; created if it does not exist.")
@click.option("--license", metavar="TEXT", help="The licence in the card, such as CC-BY-4.0. Default: that of the run.")
@click.option("--private", is_flag=True, help="Only you can see it.")
@click.option("--revision", help="The branch to commit to, created if it does not exist. Default: the main one.")
@click.option("--message", help="The message of the commit.")
@click.option("--no-sheet", is_flag=True, help="Leave out the contact sheet, which shows training pictures.")
@click.option(
    "--space",
    type=PATH,
    metavar="FOLDER",
    help="Also write a new folder with the files of a Space: a page on Hugging Face that draws with the model.",
)
def push(run, repository, no_sheet, space, **given):
    """Publish a model on Hugging Face, with its card.

    It uploads model.keras, the card as README.md, recipe.json, plugins.json, and the contact sheet card.png. The
    sheet shows some training pictures, which you may have no right to publish; --no-sheet leaves it out. Log in with
    'hf auth login' or set HF_TOKEN.

    \b
    Examples:
      stylezoo push runs/mine me/mine --license CC-BY-4.0
      stylezoo push runs/mine me/mine --space my-space
    """
    from shlex import quote

    import stylezoo
    from stylezoo.runs import card, hub, spaces

    if space:
        spaces.check_new(space)
    address = stylezoo.push_to_hub(run, repository, sheet=not no_sheet, **given)
    model = hub.spelled(repository.removeprefix(hub.SCHEME), given["revision"])
    terminal.say(f"Wrote   {address}")
    if space:
        owner = hub.address(repository)[0]
        for file in spaces.write(space, owner, model, card.read(run)):
            terminal.say(f"Wrote   {file}")
        create = f"hf repos create {owner} --repo-type space --space-sdk docker"
        terminal.print_next("publish the Space", create, f"hf upload {owner} {quote(str(space))} . --repo-type space")
    terminal.print_next("others use it by its name", f"stylezoo stylize PICTURE.jpg --style {model}")
