"""Stand-in: whether types fit, by the rules that the engine itself uses."""

from __future__ import annotations

from graphrun.catalog.sockets import connects, members
from graphrun.comfy import missing


def validate_node_input(received_type: str, input_type: str, strict: bool = False) -> bool:
    """Whether an output of one type may feed an input of the other.

    With `strict` every part of a union must be taken, otherwise one is enough.
    """
    if strict and received_type != "*" and "*" not in members(input_type):
        return members(received_type) <= members(input_type)
    return connects(received_type, input_type)


__getattr__ = missing.names(__name__)
