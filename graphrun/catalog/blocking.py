"""Blocker: a value that keeps the nodes behind it from being called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Blocker:
    """In the place of an output's value: calls that would get it are skipped.

    The skipped call's outputs are blocked in turn. With a `message`, the first node that is
    blocked says so; None blocks in silence. ComfyUI calls it ExecutionBlocker.
    """

    message: str | None = None
