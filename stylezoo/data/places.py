"""Where pictures are."""

import os
from pathlib import Path

from stylezoo.errors import BadData


def existing(path: str | Path) -> Path:
    """The path of a file or folder, the home folder's ``~`` written out.

    Raises:
        BadData: There is none.
    """
    path = Path(os.path.expanduser(path))
    if not os.path.exists(path):  # unlike Path.exists it has an answer for names that are too long
        raise BadData(f"There is no file or folder '{path}'.")
    return path
