"""The state of the git repository that a file lies in, as far as git will say."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

SECONDS = 2.0
"""How long one question to git may take."""

_INSIDE = re.compile(r" \((workflow|prompt)\)$")
"""What positions add to the name of a media file."""


def repository(document: str) -> dict[str, Any] | None:
    """Commit, whether tracked files differ from it, and the document's path in the repository.

    None where there is no repository, no git, or no answer. `document` is the name that positions
    have for it.
    """
    path = Path(_INSIDE.sub("", document))
    try:
        if not path.is_file():
            return None
        folder, name = path.resolve().parent, path.resolve().name
    except (OSError, ValueError):
        return None
    root = ask(folder, "rev-parse", "--show-toplevel")
    status = ask(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    tracked = ask(folder, "ls-files", "--", name)
    if root is None or status is None:
        return None
    lines = status.splitlines()
    oid = next((x.split()[-1] for x in lines if x.startswith("# branch.oid ")), "")
    top = Path(root.strip("\n"))
    return {
        "commit": oid if oid.isalnum() else None,  # "(initial)" before the first one
        "dirty": any(not line.startswith("#") for line in lines) or not tracked,
        "path": (folder / name).relative_to(top).as_posix() if folder.is_relative_to(top) else name,
    }


def commit_of(folder: Path) -> str | None:
    """The commit of a folder that is the top of a repository of its own."""
    try:
        own = (folder / ".git").exists()
    except OSError:
        return None
    found = ask(folder, "rev-parse", "--verify", "HEAD") if own else None
    return found.strip() if found else None


def ask(folder: Path, *arguments: str, seconds: float = SECONDS) -> str | None:
    """What git answers in a folder; None where it does not."""
    # Variables that a hook of git sets would lead to another repository, and a repository's own
    # monitor would be a program to run.
    hidden = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
