"""What stands before every answer of the server: who may ask, and what a browser may do with the answer."""

import ipaddress
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A browser asks nobody else for anything, also for a script that a gap would let in.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
LONGEST = 200  # characters of an address: a server parses no numbers of thousands of digits
HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """Refuses what other sites make a browser ask, and adds headers to every answer.

    A site can give its own name the address of this machine, so that its scripts are of the same origin as the server:
    on loopback only the names of loopback are answered. And it can send messages without reading the answers: those
    whose origin is another are refused.

    Args:
        app: The application.
        is_local: Whether the server listens on loopback only.
    """

    def __init__(self, app: ASGIApp, is_local: bool):
        self.app, self.is_local = app, is_local
        policy = POLICY + ("; frame-ancestors 'none'" if is_local else "")
        added = {**HEADERS, "content-security-policy": policy}
        self.headers = [(name.encode(), value.encode()) for name, value in added.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sent(message: Message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.headers]
            await send(message)

        app = JSONResponse({"error": words}, 403) if (words := self._refusal(scope)) else self.app
        await app(scope, receive, sent)

    def _refusal(self, scope):
        """Why a request is not answered, "" if it is."""
        asked = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = asked.get(b"host", ""), asked.get(b"origin")
        if len(scope["path"]) > LONGEST:
            return "This address is too long."
        if self.is_local and not is_loopback(_name(host)):
            return "This page answers on this machine only: open http://127.0.0.1 with its port."
        if origin is not None and origin.partition("://")[2] != host:
            return "Another site has asked for this."
        if asked.get(b"sec-fetch-site") == "cross-site" and scope["method"] != "GET":
            return "Another site has asked for this."
        return ""


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine, without asking anybody."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name(host):
    """The name of a host without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
