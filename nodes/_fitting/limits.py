"""How much memory there is for this process: of the machine, and of the limits that are set to it.

Containers and schedulers limit groups of processes, and end one of them where that is exceeded,
whatever the machine has left.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_CGROUPS = (
    ("", ".", "memory.max", "memory.current", "inactive_file"),
    ("memory", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Of both versions of Linux' control groups: controller, folder, limit, use, what of it may go."""


def available(root: Path = Path("/")) -> int | None:
    """Bytes that this process can have without swapping; None where the system does not tell.

    `root` is the folder that holds proc and sys.
    """
    found = [*_of_machine(root), *_of_groups(root), *_of_process(root)]
    return max(min(found), 0) if found else None


def _of_machine(root: Path) -> Iterator[int]:
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024


def _of_groups(root: Path) -> Iterator[int]:
    """What is left in the process' group and in those around it.

    Files that were read and may be forgotten count as use of a group, and are none.
    """
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        for controller, place, *names in _CGROUPS:
            if controller in controllers.split(","):
                top = root / "sys/fs/cgroup" / place
                own = top / path.lstrip("/")
                for folder in (own, *own.parents):
                    if folder.is_relative_to(top):
                        yield from _of_group(folder, *names)


def _of_group(folder: Path, limit: str, used: str, idle: str) -> Iterator[int]:
    with suppress(OSError, ValueError):  # there is no limit, or none that is told
        most, taken = (int((folder / name).read_text()) for name in (limit, used))
        facts = dict(line.split(" ", 1) for line in _lines(folder / "memory.stat"))
        yield most - taken + int(facts.get(idle, 0))


def _of_process(root: Path) -> Iterator[int]:
    """What is left of the addresses that the process may have."""
    if sys.platform == "win32":
        return
    import resource

    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    for line in _lines(root / "proc/self/status") if most != resource.RLIM_INFINITY else ():
        if line.startswith("VmSize:"):
            yield most - int(line.split()[1]) * 1024


def _lines(file: Path) -> list[str]:
    with suppress(OSError):
        return file.read_text().splitlines()
    return []
