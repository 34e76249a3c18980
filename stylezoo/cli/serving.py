"""The command that serves the local page: app."""

import click

from stylezoo.cli import terminal
from stylezoo.cli.options import as_one_object
from stylezoo.cli.types import ModelName
from stylezoo.errors import MissingExtra

PORT = 7860


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. Any but one of this machine alone lets others use the page.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help=f"The port. Default: {PORT}, or the next that is free.",
)
@click.option("--open/--no-open", "opens", help="Open the page in a browser. Default: no.")
@click.option(
    "-m",
    "--model",
    "models",
    type=ModelName(),
    multiple=True,
    help="A trained run to choose beside the ready-made styles. Repeatable.",
)
@click.option("--draw-only", is_flag=True, help="Nothing can be trained: for a page that strangers can open.")
@click.option(
    "--max-upload",
    type=click.IntRange(1, 1024),
    default=32,
    show_default=True,
    metavar="MB",
    help="The largest file that can be uploaded.",
)
@as_one_object
def app(given):
    """Serve a local page, in which pictures are redrawn and styles are trained, until Ctrl-C.

    Only this machine can open it unless --host says otherwise. It asks no other server for anything.

    \b
    Examples:
      stylezoo app
      stylezoo app --model runs/mine --open
    """
    server, site = _imported()
    from stylezoo.runs.loading import checked_file

    for model in given.models:
        checked_file(model)
    sock = server.listening(given.host, given.port or PORT, only=given.port is not None)
    is_local = server.is_local(sock)
    if not is_local:
        may = "open the page and draw" if given.draw_only else "open the page, draw and train"
        terminal.say(
            f"Anybody who can reach this machine can {may}: it asks for no password.",
            fg="yellow",
            err=True,
        )
    page = site.Site(given.models, given.max_upload * 2**20, is_local, trains=not given.draw_only)
    terminal.say(f"Page    {server.address(sock)}   Ctrl-C ends it")
    if given.opens:
        import webbrowser

        webbrowser.open(server.address(sock))
    server.serve(page, sock, lambda words: terminal.say(words, err=True))


def _imported():
    """The modules of the server.

    Raises:
        MissingExtra: What they need is not installed.
    """
    try:
        from stylezoo.app import server, site
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] in ("starlette", "uvicorn", "anyio", "h11"):
            raise MissingExtra("The page needs a server that is not installed: pip install 'stylezoo[app]'.") from None
        raise
    return server, site
