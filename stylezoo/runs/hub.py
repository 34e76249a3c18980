"""Models on a hub: ``hf://owner/name`` or ``hf://owner/name@revision``, downloaded once and checked.

huggingface_hub does the work, so that its cache, its tokens and its variables are respected: HF_HOME, HF_ENDPOINT,
HF_TOKEN, HF_HUB_OFFLINE. It is imported when it is needed.
"""

import errno
import hashlib
import os
import re
from contextlib import contextmanager
from pathlib import Path

from stylezoo.errors import BadRun, MissingExtra, printable
from stylezoo.runs.folder import RunFolder

SCHEME = "hf://"
NAME = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9_])?"
ADDRESS = re.compile(rf"(?:hf://)?({NAME}/{NAME})(?:@([\w.-]+(?:/[\w.-]+)*))?")
HASHES = {64: "SHA-256", 40: "SHA-1"}  # by their number of digits: for large files, and for blobs in git
CHUNK = 2**20


def is_address(path: str | Path) -> bool:
    """Whether this is an address on a hub, valid or not, and no file."""
    return str(path).startswith((SCHEME, "hf:/"))  # a Path has made one slash of two


def address(text: str | Path) -> tuple[str, str | None]:
    """The repository and the revision in ``hf://owner/name@revision``; None: the newest.

    Raises:
        BadRun: It cannot be read.
    """
    text = re.sub("^hf:/+", SCHEME, str(text))
    match = ADDRESS.fullmatch(text)
    if not match or ".." in text or "--" in text:
        raise BadRun(
            f"'{printable(text)}' is no address of a model: write hf://owner/name, or hf://owner/name@revision."
        )
    return match.groups()


def spelled(repository: str, revision: str | None = None) -> str:
    """The address of a model: ``hf://owner/name@revision``."""
    return f"{SCHEME}{repository}" + (f"@{revision}" if revision else "")


def fetch(text: str | Path) -> Path:
    """The model file of a repository, from the cache of huggingface_hub or downloaded into it.

    Only this file is fetched: it carries its card. Its checksum is compared with that of the hub.

    Raises:
        BadRun: There is no such model, it cannot be reached, or the download is damaged.
        MissingExtra: huggingface_hub is not installed.
    """
    repository, revision = address(text)
    where = spelled(repository, revision)
    hub = library()
    with one_line_errors(where):
        file = Path(hub.hf_hub_download(repository, RunFolder.MODEL, revision=revision, library_name="stylezoo"))
        _check_sum(where, file)
    return file


def library():
    """huggingface_hub.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import huggingface_hub
    except ImportError:
        raise MissingExtra(
            "Models on a hub need huggingface_hub, which is not installed: 'pip install huggingface_hub'."
        ) from None
    return huggingface_hub


@contextmanager
def one_line_errors(where: str):
    """A context in which an error of the hub, the network or the disk is a `BadRun` of one line about an address."""
    from huggingface_hub import errors
    from huggingface_hub.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()  # it would write two lines for each attempt to reach a hub
    try:
        yield
    except (OSError, ValueError, RuntimeError, errors.HTTPError) as error:
        raise BadRun(_reason(where, error)) from error
    finally:
        logging.set_verbosity(level)


def _reason(where, error):
    from huggingface_hub import constants, errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.HFValidationError):
        return f"'{where}' is no address of a model: {_line(error)}"
    if isinstance(error, errors.GatedRepoError):
        return f"'{where}' is gated: ask for access on its page, then log in with a token."
    if isinstance(error, errors.RepositoryNotFoundError) or status in (401, 403):
        return (
            f"'{where}' does not exist, is private, or you may not write to it. Check the name; "
            "to log in, run 'hf auth login' or set HF_TOKEN."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"'{where}': the repository has no such revision. Name a branch, a tag or a commit of it."
    if isinstance(error, errors.LocalEntryNotFoundError) and constants.HF_HUB_OFFLINE:
        return f"'{where}' is not in the cache, and HF_HUB_OFFLINE is set: unset it to download the model."
    if isinstance(error, errors.OfflineModeIsEnabled):
        return f"'{where}' cannot be reached: HF_HUB_OFFLINE is set. Unset it."
    if isinstance(error, errors.EntryNotFoundError) and not isinstance(error, errors.LocalEntryNotFoundError):
        return f"'{where}' holds no {RunFolder.MODEL}: it is no model of stylezoo."
    if isinstance(error, errors.LocalTokenNotFoundError):
        return f"'{where}' needs you to log in: run 'hf auth login' or set HF_TOKEN."
    if getattr(error, "errno", None) == errno.ENOSPC:
        return f"'{where}' cannot be saved: the disk is full. HF_HOME is the folder of the cache; 'hf cache' cleans it."
    if isinstance(error, errors.LocalEntryNotFoundError | ConnectionError) or _is_broken_off(error):
        return f"'{where}' cannot be reached at {constants.ENDPOINT} and is not in the cache. Check the network."
    return f"The transfer of '{where}' failed at {constants.ENDPOINT}: {_line(error)}"


def _is_broken_off(error):
    """Whether there was no response at all."""
    from huggingface_hub import errors

    return isinstance(error, errors.HTTPError) and not isinstance(error, errors.HfHubHTTPError)


def _line(error):
    return printable(str(error).strip().partition("\n")[0])[:200] or type(error).__name__


def _check_sum(where, file):
    """Check a file of the cache by its name, the hub's etag, which is its hash."""
    blob = Path(os.readlink(file)) if file.is_symlink() else None  # without symbolic links the cache keeps no etag
    if blob is None or not re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", blob.name):
        return
    if _sum(file, len(blob.name)) != blob.name:
        raise BadRun(
            f"'{where}' is damaged in the cache: its {HASHES[len(blob.name)]} is not that of the hub. "
            f"Delete '{(file.parent / blob).resolve().parent / blob.name}' and try again."
        )


def _sum(file, digits):
    """SHA-256 of a file, or with 40 digits the name that git gives to its content."""
    found = hashlib.sha256() if digits == 64 else hashlib.sha1(b"blob %d\0" % file.stat().st_size)
    with open(file, "rb") as opened:
        while chunk := opened.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()
