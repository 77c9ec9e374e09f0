"""The type algebra: which output may feed which input."""

from __future__ import annotations

ANY = "*"
MATCH_TYPE = "COMFY_MATCHTYPE_V3"
CHOICE = "COMFY_DYNAMICCOMBO_V3"
GROWING = "COMFY_AUTOGROW_V3"
ROWS = "COMFY_DYNAMICGROUP_V3"
SLOT = "COMFY_DYNAMICSLOT_V3"
"""A choice, a list of sockets, a hidden counter of rows and a socket: all bring further inputs."""

DYNAMIC = frozenset({MATCH_TYPE, CHOICE, GROWING, ROWS, SLOT})
"""Types whose inputs are only known together with the values of a node."""

WIDGET_TYPES = frozenset({"INT", "FLOAT", "BOOLEAN", "STRING", "COMBO"})
"""Types whose values are typed in by the user unless the input is forced to be a socket."""

STORABLE = WIDGET_TYPES | {"TENSOR", "IMAGE", "MASK", "NDARRAY", "PTSIZE", "DATAFRAME", "PYDICT"}
"""Values that nothing changes in place, so that one result may serve several runs."""


class OwnType(str):
    """A type that a pack wrote as a subclass of `str` with comparisons of its own.

    Those are asked only about connections. Everywhere else it is its text: a type that equals
    everything would be taken for a choice, and one without a hash breaks every look-up.
    """

    own: str

    @classmethod
    def of(cls, type: str) -> str:
        """The type itself if it is a plain text."""
        if type.__class__ is str:
            return type
        found = cls(str.__str__(type))
        found.own = type
        return found


def own(type: str) -> str:
    """The type as the pack wrote it."""
    return type.own if isinstance(type, OwnType) else type


def connects(output: str, input: str) -> bool:
    """Whether a value of type `output` may feed an input of type `input`.

    ComfyUI's rules: equal types, wildcards, or one member in common when either is a
    comma-separated union. `!=` with the output on the left is deliberate: packs subclass `str`
    and override it to make a type that fits everywhere.
    """
    equal = not own(output) != own(input)  # noqa: SIM202
    if equal or ANY in (output, input) or MATCH_TYPE in (output, input):
        return True
    mine, theirs = members(output), members(input)
    return ANY in mine or ANY in theirs or bool(mine & theirs)


def members(type: str) -> frozenset[str]:
    """The types of a comma-separated union; of a plain type, itself."""
    return frozenset(part.strip() for part in type.split(","))
