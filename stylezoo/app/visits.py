"""Who is at the page: each visit has pictures of its own, in a folder that is removed when it ends."""

import asyncio
import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from stylezoo.errors import StylezooError, UsageError, printable

AWAY = 300  # seconds without a sign from a page: browsers slow down the clocks of hidden ones
LEAVING = 10  # seconds after a page said that it is left: it says so as well when it is loaded again
MOST = 64  # visits at the same time
MOST_BYTES = 4 * 2**30  # of the files of all visits; what is being written comes on top
KEPT = 3  # results of a visit
LONGEST_NAME = 100  # characters of the name of an uploaded file


@dataclass
class Upload:
    """A file that a page has sent.

    Attributes:
        path: Where it is; its name there is not that of the user.
        name: What the user calls it: shown and offered, never used as a path.
        width: Its pixels, if it is a photograph.
        height: Likewise.
    """

    path: Path
    name: str
    width: int = 0
    height: int = 0


@dataclass
class Visit:
    """One open page.

    Attributes:
        folder: The folder of its files.
        id: The secret that its page knows it by.
        photo: The photograph.
        view: What the page shows of it.
        masks: The masks by the number of their style.
        results: The last results by their numbers.
        lessons: The pictures of a training to come: "source" and "style".
        runs: The runs that it has trained, which are styles for it alone.
        progress: The part of the present drawing that is done, from 0 to 1.
        seen: When its page last gave a sign, in seconds of `time.monotonic`.
        left: When its page was left, or None.
    """

    folder: Path
    id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    photo: Upload | None = None
    view: Path | None = None
    masks: dict[int, Upload] = field(default_factory=dict)
    results: dict[int, Path] = field(default_factory=dict)
    lessons: dict[str, list[Upload]] = field(default_factory=lambda: {"source": [], "style": []})
    runs: list[str] = field(default_factory=list)
    progress: float = 0.0
    seen: float = field(default_factory=time.monotonic)
    left: float | None = None
    _files: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nobody is at its page any more."""
        now = time.monotonic()
        return now - self.seen > AWAY or (self.left is not None and now - self.left > LEAVING)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was sent yet, so that nothing is lost with it."""
        return not self._files and not self.runs

    def leave(self) -> None:
        """Note that its page was left."""
        self.left = time.monotonic()

    def new_file(self, suffix: str) -> Path:
        """A path for a new file.

        Raises:
            StylezooError: The files of all visits are too large.
        """
        if sum(map(_size, self.folder.parent.glob("*/*"))) > MOST_BYTES:
            raise StylezooError("The pictures of all who use this page fill its folder; try again later.")
        self._files += 1
        return self.folder / f"{self._files}{suffix}"

    def have_photo(self, photo: Upload, view: Path) -> None:
        """Take a photograph in place of the one before, whose masks and results go with it."""
        for old in (*([self.photo] if self.photo else []), *self.masks.values()):
            old.path.unlink(missing_ok=True)
        if self.view:
            self.view.unlink(missing_ok=True)
        self.photo, self.view = photo, view
        self.masks.clear()
        self._keep_results(0)

    def have_mask(self, style: int, mask: Upload | None) -> None:
        """Take a mask for a style, or none, in place of the one before."""
        if old := self.masks.pop(style, None):
            old.path.unlink(missing_ok=True)
        if mask:
            self.masks[style] = mask

    def have_result(self, path: Path) -> int:
        """Keep a result, and give it a number."""
        number = int(path.stem)
        self.results[number] = path
        self._keep_results(KEPT)
        return number

    def _keep_results(self, count):
        for number in sorted(self.results)[: max(0, len(self.results) - count)]:
            self.results.pop(number).unlink(missing_ok=True)


class Visits:
    """All visits, and the folder of their files."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="stylezoo-app-"))
        self._open = {}

    def begin(self) -> Visit:
        """A new visit; if there are too many, the one without pictures that was longest without a sign ends for it.

        Raises:
            StylezooError: There are too many, and all have pictures.
        """
        empty = [visit for visit in self._open.values() if visit.is_empty]
        if len(self._open) >= MOST and empty:
            self._end(min(empty, key=lambda visit: visit.seen))
        if len(self._open) >= MOST:
            raise StylezooError("Too many people use this page; try again later.")
        visit = Visit(Path(tempfile.mkdtemp(dir=self.folder)))
        self._open[visit.id] = visit
        return visit

    def find(self, id: str) -> Visit:
        """The visit of a page, which thereby gives a sign.

        Raises:
            UsageError: It has ended.
        """
        if id not in self._open:
            raise UsageError("This page was away for too long, and its pictures were removed: load it again.")
        visit = self._open[id]
        visit.seen, visit.left = time.monotonic(), None
        return visit

    def is_open(self, visit: Visit) -> bool:
        """Whether somebody is still at the page of a visit."""
        return visit.id in self._open

    async def tidy(self) -> None:
        """End, again and again, the visits that are over."""
        while True:
            for visit in [each for each in self._open.values() if each.is_over]:
                self._end(visit)
            await asyncio.sleep(LEAVING / 4)

    def _end(self, visit):
        del self._open[visit.id]
        shutil.rmtree(visit.folder, ignore_errors=True)

    def end(self) -> None:
        """End all visits."""
        self._open.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


def _size(file):
    try:
        return file.stat().st_size
    except FileNotFoundError:  # a child process has removed it meanwhile
        return 0


def file_name(given: str, instead: str = "photo") -> str:
    """The name of an uploaded file as it can be shown, and written into a command: without folders."""
    name = printable(given.replace("\\", "/").rpartition("/")[2]).strip(". ")
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, dot + suffix) if stem and len(suffix) < 8 else (name, "")
    return (stem[: LONGEST_NAME - len(suffix)] or instead) + suffix
