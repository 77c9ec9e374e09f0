"""Names of unfinished files that tell whose they are, so that those of the dead can be removed."""

from __future__ import annotations

import os
import platform
import re
import secrets

HOST = re.sub(r"[^A-Za-z0-9-]", "-", platform.node())[:64] or "host"
"""This machine, as a part of names of files."""


def own_name() -> str:
    """A new name, with this machine and process in it."""
    return f"{HOST}.{os.getpid()}.{secrets.token_hex(8)}"


def is_dead(name: str) -> bool:
    """Whether a file's process is known to have ended. Of other machines, that is not known."""
    host, _, rest = name.partition(".")
    process = rest.partition(".")[0]
    if os.name != "posix" or host != HOST or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
