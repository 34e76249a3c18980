"""Messages and files from a page, no longer than they may be."""

import json
import re
from typing import Any

from starlette.requests import Request

from stylezoo.app.visits import Upload, Visit, file_name
from stylezoo.errors import StylezooError, UsageError

LONGEST = 2**16  # bytes of a message
LONGEST_NUMBER = 20  # characters of a whole number
SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")  # by which a picture is recognised where its first bytes do not say enough


async def received(request: Request, visit: Visit, largest: int, suffix: str | None = None) -> Upload:
    """A file that a page sends as the body of its message, in the folder of its visit.

    Args:
        request: The message; the query ``name`` is what the user calls the file.
        visit: The visit.
        largest: Bytes, at most.
        suffix: That of the new file; None: that of the name, if it looks like one.

    Raises:
        StylezooError: It is too large, or empty.
    """
    name = file_name(request.query_params.get("name", ""))
    found = SUFFIX.search(name.lower()[-6:])
    path = visit.new_file(suffix or (found[0] if found and name.lower().endswith(found[0]) else ""))
    size = 0
    try:
        _check_announced(request, largest)
        with open(path, "wb") as file:
            async for piece in request.stream():
                if (size := size + len(piece)) > largest:
                    raise too_large(largest)
                file.write(piece)
        if not size:
            raise UsageError(f"'{name}' is empty.")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Upload(path, name)


def too_large(largest: int) -> StylezooError:
    """The error for an upload of more bytes than are possible."""
    return StylezooError(
        f"The file is too large: {largest / 2**20:g} MB are possible. 'stylezoo app --max-upload' sets it."
    )


async def json_of(request: Request) -> Any:
    """The plain data of a message.

    Raises:
        UsageError: It is too long, or no JSON.
    """
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST:
            raise UsageError("The message is too long.")
    try:
        return json.loads(body, parse_int=_whole)
    except (ValueError, RecursionError):
        raise UsageError("The message is no JSON.") from None


def _whole(digits):
    """A whole number; one that no setting can have as a float, which may be infinite but never too long to convert."""
    return int(digits) if len(digits) < LONGEST_NUMBER else float(digits)


def _check_announced(request, largest):
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > largest:
        raise too_large(largest)
