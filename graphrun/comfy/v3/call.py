"""How the engine sees and calls node classes of the third API."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from graphrun.catalog import InputSpec, NodeSpec
from graphrun.catalog.blocking import Blocker
from graphrun.catalog.kind import Inputs, Kind, Returned
from graphrun.comfy import v1
from graphrun.comfy.seeding import seeded
from graphrun.comfy.v3.hidden import HiddenHolder
from graphrun.comfy.v3.nesting import nested
from graphrun.comfy.v3.node import clone, expandable, overrides
from graphrun.comfy.v3.output import normal
from graphrun.errors import Diagnostic, InputError, PackError


def spec(class_type: str, cls: Any, *, title: str = "", module: str = "") -> NodeSpec:
    """What a class declares in its schema.

    Raises:
        PackError: the schema makes no sense, or raises while it is asked for.
    """
    try:
        schema = cls.GET_SCHEMA()
    except (Exception, SystemExit) as error:
        message = f"{class_type}: its schema cannot be read: {type(error).__name__}: {error}"
        raise PackError(Diagnostic("malformed_node", message)) from error
    seen = v1.spec(class_type, cls, title=title or schema.display_name or "", module=module)
    own = inspect.getfullargspec(cls.validate_inputs) if overrides(cls, "validate_inputs") else None
    checks = frozenset(own.args) | ({"*"} if own.varkw else set()) if own else frozenset()
    return replace(
        seen,
        inputs=(*seen.visible, *_hidden(schema, {i.name for i in seen.visible})),
        asynchronous=inspect.iscoroutinefunction(cls.execute),
        any_input="*" if schema.accept_all_inputs else None,
        own_checks=frozenset(checks),
        watches=overrides(cls, "fingerprint_inputs"),
    )


def _hidden(schema: Any, taken: set[str]) -> list[InputSpec]:
    """Hidden inputs, called otherwise if an input has the name: nodes get them apart from it."""
    return [
        InputSpec(f"{h.name} (hidden)" if h.name in taken else h.name, h.value, "hidden")
        for h in schema.hidden
    ]


def kind(cls: Any, spec: NodeSpec, *, folder: str | None = None) -> Kind:
    """How the engine calls nodes of a class: always on a locked copy of it."""

    def calling(method: str, *, named: bool = False) -> Callable[[Inputs], Any]:
        def call(inputs: Inputs) -> Any:
            values, hidden = _parted(spec, inputs)
            copy = clone(cls, HiddenHolder.from_dict(hidden))
            return getattr(copy, method)(**nested(spec, values, named=named))

        return call

    execute, wanted = calling("execute"), calling("check_lazy_status", named=True)
    given = v1.defaults(cls.execute, spec)
    return Kind(
        call=lambda node, inputs: execute({**given, **inputs} if given else inputs),
        returned=lambda result: returned(cls, spec, result),
        wanted=(lambda node, i: wanted(i)) if overrides(cls, "check_lazy_status") else None,
        changed=calling("fingerprint_inputs") if overrides(cls, "fingerprint_inputs") else None,
        validate=calling("validate_inputs") if overrides(cls, "validate_inputs") else None,
        around=seeded,
        turns=True,
        folder=folder,
    )


def _parted(spec: NodeSpec, inputs: Inputs) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values by name, and the hidden ones by token; lists of one among them are opened."""
    values, hidden = dict(inputs), {}
    for entry in spec.hidden:
        if entry.name in values:
            value = values.pop(entry.name)
            hidden[entry.type] = value[0] if spec.input_is_list and value else value
    return values, hidden


def returned(cls: Any, spec: NodeSpec, result: Any) -> Returned:
    """What a node gave. One that blocks, blocks all of its outputs.

    Raises:
        InputError: it returned what no node may return.
    """
    output = expandable(cls, normal(result))
    shown: Any = output.ui
    if hasattr(shown, "as_dict"):
        shown = shown.as_dict()
    if shown is not None and not isinstance(shown, Mapping):
        name = type(shown).__name__
        raise InputError(f"its ui is a {name}, not a dictionary of lists", code="invalid_return")
    if output.blocks:
        values: Any = (Blocker(output.block_execution),) * max(1, len(spec.outputs))
        return v1.returned(spec, {"result": values, "ui": shown})
    found = {"result": output.result, "ui": shown, "expand": output.expand}
    return v1.returned(spec, found)
