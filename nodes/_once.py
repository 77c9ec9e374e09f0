"""Notices that are worth saying once in a run."""

from __future__ import annotations

from typing import Any

from graphrun.node import notice, settings


class _Said:
    """What has been said in the newest run. A run is told by its settings object."""

    def __init__(self) -> None:
        self.run: Any = None
        self.texts: set[str] = set()


_SAID = _Said()


def once(message: str, **about: Any) -> None:
    """`notice()`, unless this run has said the same already."""
    if _SAID.run is not settings():
        _SAID.run, _SAID.texts = settings(), set()
    if message not in _SAID.texts:
        _SAID.texts.add(message)
        notice(message, **about)
