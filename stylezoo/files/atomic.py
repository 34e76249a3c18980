"""Files that appear when they are complete: a reader never sees half of one."""

import errno
import os
import tempfile
import time
from pathlib import Path

WAITS = (0.01, 0.03, 0.1, 0.3, 1, 3)  # seconds
KEPT = 40  # characters of the file's name at the end of the temporary one: file systems allow 255 bytes, or 143


class written:  # noqa: N801 - used as a verb: `with written(path) as temporary`
    """A context with a temporary path beside `path`, which is moved to `path` at the end unless an error is raised."""

    def __init__(self, path: str | Path):
        self.path = Path(os.path.realpath(path))  # what a link refers to is replaced, and the link stays

    def __enter__(self) -> Path:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:  # "File exists" would be said of the file that is to be written
            raise NotADirectoryError(errno.ENOTDIR, f"'{self.path.parent}' is no folder") from None
        if self.path.exists() and not self.path.is_file():  # a device would be lost, and os.replace asks nobody
            raise OSError(errno.EINVAL, "it is no regular file")
        handle, name = tempfile.mkstemp(prefix=".", suffix=_ending(self.path), dir=self.path.parent)
        os.close(handle)
        self.temporary = Path(name)
        return self.temporary

    def __exit__(self, kind, error, trace):
        if kind is None:
            os.chmod(self.temporary, 0o666 & ~_umask())  # mkstemp gives access to the owner only
            replace(self.temporary, self.path)
        else:
            self.temporary.unlink(missing_ok=True)


def replace(source: str | Path, target: str | Path) -> None:
    """As `os.replace`; on Windows, which replaces no file that somebody reads, it waits some seconds for that."""
    for seconds in WAITS if os.name == "nt" else ():
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(seconds)
    return os.replace(source, target)


def leftovers(path: Path) -> list[Path]:
    """The temporary files that processes which were killed while they wrote `path`, or a pattern of it, have left."""
    return list(path.parent.glob(f".{'[a-z0-9_]' * 8}{_ending(path)}"))  # as tempfile.mkstemp names them


def _ending(path):
    return f"-{path.name}"[-KEPT:]


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
