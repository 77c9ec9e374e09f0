"""Links from a page to files beside it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote


def link(path: Path, beside: Path) -> str:
    """The link to a file from a page in the folder `beside`: relative, so that both can move."""
    try:
        relative = os.path.relpath(path, beside)
    except ValueError:  # another drive
        return path.absolute().as_uri()
    return quote(Path(relative).as_posix())
