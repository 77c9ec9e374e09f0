"""Which types the editor lets be wired."""

from __future__ import annotations

from graphrun.catalog.sockets import MATCH_TYPE

ANY = frozenset({"*", "", MATCH_TYPE})
"""Types that go with every other one."""


def compatible(one: str, other: str) -> bool:
    """Whether the editor lets two types be wired: it does not look at upper and lower case."""
    if one in ANY or other in ANY:
        return True
    mine, theirs = one.lower().split(","), other.lower().split(",")
    return not {m.strip() for m in mine}.isdisjoint(t.strip() for t in theirs)
