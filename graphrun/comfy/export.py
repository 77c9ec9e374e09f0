"""Built-in nodes as classes of ComfyUI's first API, for packs that call or extend them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphrun.catalog import NodeSpec
from graphrun.catalog.kind import Returned
from graphrun.catalog.schema import to_object_info

FUNCTION = "execute"


def v1_class(
    spec: NodeSpec, function: Callable[..., Any], wanted: Callable[..., Any] | None = None
) -> type:
    """A class that declares what the spec says and whose method calls the function.

    `wanted` names the lazy inputs to compute (`check_lazy_status`).
    """

    def input_types(cls: type) -> dict[str, Any]:
        return {
            section: {
                name: given if isinstance(given, str) else tuple(given)
                for name, given in inputs.items()
            }
            for section, inputs in to_object_info(spec)["input"].items()
        }

    def execute(self: Any, **inputs: Any) -> Any:
        result = function(**inputs)
        if isinstance(result, Returned):
            return {"ui": dict(result.ui), "result": tuple(result.values)}
        if not spec.outputs:
            return ()
        return (result,) if len(spec.outputs) == 1 else tuple(result)

    members: dict[str, Any] = {
        "__doc__": spec.description or f"The built-in node {spec.class_type}.",
        "__module__": spec.module,
        "INPUT_TYPES": classmethod(input_types),
        "RETURN_TYPES": tuple(one.type for one in spec.outputs),
        "RETURN_NAMES": tuple(one.name for one in spec.outputs),
        "OUTPUT_IS_LIST": tuple(one.is_list for one in spec.outputs),
        "INPUT_IS_LIST": spec.input_is_list,
        "OUTPUT_NODE": spec.output_node,
        "FUNCTION": FUNCTION,
        "CATEGORY": spec.category,
        "DESCRIPTION": spec.description,
        FUNCTION: execute,
    }
    if wanted is not None:
        members["check_lazy_status"] = staticmethod(wanted)
    return type(spec.class_type, (), members)
