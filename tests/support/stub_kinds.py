"""A catalogue whose nodes do nothing but look at what they are given, for graphs of any classes."""

from __future__ import annotations

from functools import partial
from typing import Any

from graphrun.catalog import Catalog, NodeSpec, connects
from graphrun.catalog.kind import Inputs, Kind, Returned
from graphrun.convert.dynamic import settle_prompt
from graphrun.plan.rules.values import fits_type

_VALUES = {"INT": 1, "FLOAT": 0.5, "STRING": "a text", "BOOLEAN": True}


class Token:
    """What an output of a type gives that is no plain value."""

    def __init__(self, type: str) -> None:
        self.type = type


class StubCatalog(Catalog):
    """The installed classes with code that refuses inputs which the specification does not allow.

    A graph that runs with it calls each of its nodes with all that it needs, of the right types.
    """

    def kind(self, class_type: str) -> Kind:
        spec = self[class_type]
        return Kind(call=partial(_call, spec), returned=lambda values: Returned(values))


def _call(spec: NodeSpec, _: Any, inputs: Inputs) -> tuple[Any, ...]:
    plain = {n: v[0] if spec.input_is_list and v else v for n, v in inputs.items()}
    settled = settle_prompt(spec, plain) if spec.dynamic else spec
    for wanted in settled.visible:
        if wanted.name not in plain:
            assert wanted.section == "optional" or wanted.type.startswith("COMFY_"), wanted.name
            continue
        value = plain[wanted.name]
        if isinstance(value, Token):
            assert connects(value.type, wanted.type), (wanted.name, value.type)
        else:
            assert any(fits_type(one, value) for one in wanted.type.split(",")), wanted.name
    found = [(one, _VALUES.get(one.type) or Token(one.type)) for one in spec.outputs]
    return tuple([value] if one.is_list else value for one, value in found)
