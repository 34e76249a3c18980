"""The server of the page: a socket, the application, and a quiet end."""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from stylezoo.app.guard import is_loopback
from stylezoo.app.site import Site
from stylezoo.errors import StylezooError

TRIED = 100  # ports, from the first on
WAITING = 64  # connections that are not accepted yet
ENDING = 2  # seconds until answers that are not given are given up


def listening(host: str, port: int, only: bool) -> socket.socket:
    """A socket that listens.

    Args:
        host: The address or name of this machine.
        port: Its port, or the first of those to try.
        only: Whether no other port is tried.

    Raises:
        StylezooError: None is free, or the host is not one of this machine.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise StylezooError(f"'{host}' is no address of this machine: {error.strerror or error}.") from None
    last = port if only else min(port + TRIED - 1, 65535)
    for number in range(port, last + 1):
        sock = socket.socket(family, socket.SOCK_STREAM)
        if os.name != "nt":  # on Windows it takes a port from another program that listens
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address[0], number, *address[2:]))
            sock.listen(WAITING)
            return sock
        except OSError as error:
            sock.close()
            reason = error.strerror or str(error)
    ports = f"Port {port}" if only else f"Ports {port} to {last}"
    raise StylezooError(f"{ports} of '{host}' cannot be used: {reason}. Name another with --port.")


def is_local(sock: socket.socket) -> bool:
    """Whether only this machine can reach a socket."""
    return is_loopback(sock.getsockname()[0])


def address(sock: socket.socket) -> str:
    """The address of the page for a browser."""
    host, port = sock.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def serve(site: Site, sock: socket.socket, say: Callable[[str], None]) -> None:
    """Serve a site until Ctrl-C, or until its terminal is closed.

    Args:
        site: The site.
        sock: The socket.
        say: Called with what whoever ends the server has to wait for.
    """
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
        signal.signal(signal.SIGHUP, lambda number, frame: signal.raise_signal(signal.SIGTERM))
    config = uvicorn.Config(
        site.app, log_config=None, log_level="error", access_log=False, server_header=False, proxy_headers=False,
        timeout_graceful_shutdown=ENDING, ws="none",
    )  # fmt: skip
    with suppress(KeyboardInterrupt):  # uvicorn raises it again at the end
        _Server(config, site, say).run([sock])


class _Server(uvicorn.Server):
    """Ends the work of a site before the answers that wait for it."""

    def __init__(self, config, site, say):
        super().__init__(config)
        self._site, self._say = site, say

    async def shutdown(self, sockets=None):
        if self._site.training and self._site.training.is_running:
            self._say("Stopping the training; what it has learned is saved.")
        await self._site.end()
        await super().shutdown(sockets)
