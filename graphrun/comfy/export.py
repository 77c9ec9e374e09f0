"""Our nodes as classes of ComfyUI's first API: for packs that call or extend the built-in ones,
and for a running ComfyUI.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from graphrun.catalog import NodeSpec, Pack
from graphrun.catalog.kind import Returned
from graphrun.catalog.schema import to_object_info
from graphrun.comfy import hosted

FUNCTION = "execute"


def mappings(pack: Pack) -> dict[str, dict[str, Any]]:
    """What ComfyUI looks for in the module of a pack: classes by name, and titles by name.

    The modules of the nodes are imported when one is called.
    """
    specs = {name: spec for name in pack.names() if (spec := pack.spec(name)) is not None}
    return {
        "NODE_CLASS_MAPPINGS": {name: _hosted_class(pack, spec) for name, spec in specs.items()},
        "NODE_DISPLAY_NAME_MAPPINGS": {name: spec.title or name for name, spec in specs.items()},
    }


def _hosted_class(pack: Pack, spec: NodeSpec) -> type:
    """A class for a host that keeps results for ever, unless `IS_CHANGED` is never the same."""
    call, name, more = hosted.function(pack, spec), spec.class_type, dict[str, Any]()
    if not spec.storable or spec.random or spec.reads or spec.writes:
        more["IS_CHANGED"] = staticmethod(lambda **inputs: math.nan)
    wanted = partial(_wanted, pack, spec) if spec.lazy else None
    if not (spec.watches or spec.own_checks):
        return v1_class(spec, call, wanted, more)
    nodes = pack.nodes(spec)
    for member, hooks in (("IS_CHANGED", nodes.changed), ("VALIDATE_INPUTS", nodes.validate)):
        if name in hooks:
            more[member] = staticmethod(hooks[name])
    return v1_class(spec, call, wanted, more)


def _wanted(pack: Pack, spec: NodeSpec, **inputs: Any) -> list[str]:
    """The lazy inputs that a kind asks for; its module is imported only now."""
    hook = pack.nodes(spec).wanted.get(spec.class_type)
    names: list[str] = hook(**inputs) if hook is not None else []
    return names


def v1_class(
    spec: NodeSpec,
    function: Callable[..., Any],
    wanted: Callable[..., Any] | None = None,
    more: Mapping[str, Any] | None = None,
) -> type:
    """A class that declares what the spec says and whose method calls the function.

    `wanted` names the lazy inputs to compute (`check_lazy_status`); `more` are further members.
    """

    def execute(self: Any, **inputs: Any) -> Any:
        result = function(**inputs)
        if isinstance(result, Returned):
            values = tuple(result.values)
            return {"ui": dict(result.ui), "result": values} if result.ui else values
        if not spec.outputs:
            return ()
        return (result,) if len(spec.outputs) == 1 else tuple(result)

    members: dict[str, Any] = {
        "__doc__": spec.description or f"The built-in node {spec.class_type}.",
        "__module__": spec.module,
        "INPUT_TYPES": classmethod(lambda cls: _input_types(spec)),
        "RETURN_TYPES": tuple(one.type for one in spec.outputs),
        "RETURN_NAMES": tuple(one.name for one in spec.outputs),
        "OUTPUT_IS_LIST": tuple(one.is_list for one in spec.outputs),
        "INPUT_IS_LIST": spec.input_is_list,
        "OUTPUT_NODE": spec.output_node,
        "FUNCTION": FUNCTION,
        "CATEGORY": spec.category,
        "DESCRIPTION": spec.description,
        FUNCTION: execute,
        **(more or {}),
    }
    if wanted is not None:
        members["check_lazy_status"] = staticmethod(wanted)
    return type(spec.class_type, (), members)


def _input_types(spec: NodeSpec) -> dict[str, Any]:
    return {
        section: {
            name: given if isinstance(given, str) else _entry(*given)
            for name, given in inputs.items()
        }
        for section, inputs in to_object_info(spec)["input"].items()
    }


def _entry(type: str, options: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
    """An input as this API has it: a list of choices in the place of the type."""
    options = dict(options or {})
    if type != "COMBO":
        return (type, options) if options else (type,)
    choices = list(options.pop("options", ()))
    return (choices, options) if options else (choices,)
