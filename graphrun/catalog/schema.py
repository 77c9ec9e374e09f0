"""NodeSpec ↔ JSON Schema: what `schemas/nodes/` holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphrun.catalog.brought import member_names
from graphrun.catalog.brought import members as members_of
from graphrun.catalog.members import WITH_MEMBERS
from graphrun.catalog.sockets import ANY, CHOICE, GROWING, MATCH_TYPE, members
from graphrun.catalog.spec import InputSpec, NodeSpec, OutputSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXTENSION = "x-graphrun"
SCHEMA_ID = "urn:graphrun:node:"

_EMPTY = WITH_MEMBERS - {CHOICE}
"""Inputs that are not in a prompt themselves, only their members are."""
_JSON_TYPES = {"INT": "integer", "FLOAT": "number", "BOOLEAN": "boolean", "STRING": "string"}
_LINK = {
    "description": "[node id, output index]",
    "type": "array",
    "prefixItems": [{"type": "string"}, {"type": "integer", "minimum": 0}],
    "minItems": 2,
    "maxItems": 2,
}


def to_schema(spec: NodeSpec) -> dict[str, Any]:
    """A schema for prompt nodes of this kind, with the whole spec under `x-graphrun`."""
    return {
        "$schema": DIALECT,
        "$id": f"{SCHEMA_ID}{spec.class_type}",
        "title": spec.title,
        "description": spec.description,
        "type": "object",
        "required": ["class_type", "inputs"],
        "properties": {
            "class_type": {"const": spec.class_type},
            "inputs": _inputs_schema(spec),
        },
        "$defs": {"link": _LINK},
        EXTENSION: _extension(spec),
    }


def from_schema(schema: Mapping[str, Any]) -> NodeSpec:
    """The spec in a schema that `to_schema` made."""
    own = dict(schema[EXTENSION])
    inputs = tuple(InputSpec(**i) for i in own.pop("inputs"))
    outputs = tuple(OutputSpec(**o) for o in own.pop("outputs"))
    own["own_checks"] = frozenset(own.pop("own_checks", ()))
    return NodeSpec(
        class_type=schema["properties"]["class_type"]["const"],
        inputs=inputs,
        outputs=outputs,
        title=schema["title"],
        description=schema["description"],
        **own,
    )


def to_object_info(spec: NodeSpec) -> dict[str, Any]:
    """The entry that a ComfyUI server gives for this kind under `/object_info`."""
    sections: dict[str, dict[str, Any]] = {"required": {}, "optional": {}, "hidden": {}}
    for i in spec.inputs:
        entry: Any = [i.type, dict(i.options)] if i.options else [i.type]
        sections[i.section][i.name] = i.type if i.section == "hidden" else entry
    return {
        "input": {
            name: inputs for name, inputs in sections.items() if inputs or name == "required"
        },
        "input_order": {name: list(inputs) for name, inputs in sections.items() if inputs},
        "is_input_list": spec.input_is_list,
        "output": [o.type for o in spec.outputs],
        "output_is_list": [o.is_list for o in spec.outputs],
        "output_name": [o.name for o in spec.outputs],
        "name": spec.class_type,
        "display_name": spec.title,
        "description": spec.description,
        "python_module": spec.module,
        "category": spec.category,
        "output_node": spec.output_node,
    }


def _inputs_schema(spec: NodeSpec) -> dict[str, Any]:
    """The inputs of a prompt's node. What a choice brings may be any value here."""
    groups = [i for i in spec.visible if i.type in WITH_MEMBERS]
    needed = [name for i in spec.visible if i.section == "required" for name in _needed(i)]
    found: dict[str, Any] = {
        "type": "object",
        "required": needed,
        "additionalProperties": spec.any_input is not None,
        "properties": {
            i.name: _input_schema(i, spec.own_checks) for i in spec.visible if i.type not in _EMPTY
        },
    }
    if groups:
        found["patternProperties"] = {f"^{re.escape(i.name)}\\.": _member(i) for i in groups}
    return found


def _needed(spec: InputSpec) -> list[str]:
    """The names that a prompt must have for a required input: its own, or its first members'."""
    if spec.type not in _EMPTY:
        return [spec.name]
    template = spec.options.get("template", {})
    return [f"{spec.name}.{name}" for name in member_names(template)[: template.get("min", 0)]]


def _member(group: InputSpec) -> dict[str, Any]:
    if group.type != GROWING:
        return {}
    template = group.options.get("template", {})
    (_, (kind, options)), *_ = members_of(template.get("input", template))
    return _input_schema(InputSpec(group.name, kind, options=options), frozenset())


def _input_schema(spec: InputSpec, own_checks: frozenset[str]) -> dict[str, Any]:
    link = {"$ref": "#/$defs/link"}
    if spec.type in WITH_MEMBERS or members(spec.type) & {ANY, MATCH_TYPE}:
        return {}
    if "," in spec.type:
        kinds = [_JSON_TYPES[kind] for kind in sorted(members(spec.type)) if kind in _JSON_TYPES]
        return {"anyOf": [link, *({"type": kind} for kind in kinds)]}
    if not spec.is_widget:
        return link
    if spec.type == "COMBO" and (spec.name in own_checks or "remote" in spec.options):
        literal: dict[str, Any] = {}
    elif spec.type == "COMBO":
        literal = {"enum": list(spec.choices)}
    else:
        literal = {"type": _JSON_TYPES[spec.type]}
        bounds = {"minimum": spec.options.get("min"), "maximum": spec.options.get("max")}
        literal |= {k: v for k, v in bounds.items() if v is not None}
    default = {"default": spec.options["default"]} if "default" in spec.options else {}
    return {"anyOf": [link, literal], **default}


def _extension(spec: NodeSpec) -> dict[str, Any]:
    """Fields that differ from their defaults, so that the files stay short and diffs readable."""
    flags = (
        "version",
        "output_node",
        "input_is_list",
        "volatile",
        "reads",
        "writes",
        "random",
        "echoes",
        "watches",
    )
    plain = NodeSpec(spec.class_type)
    return {
        "category": spec.category,
        "module": spec.module,
        **{
            f: getattr(spec, f)
            for f in (*flags, "any_input", "about")
            if getattr(spec, f) != getattr(plain, f)
        },
        **({"own_checks": sorted(spec.own_checks)} if spec.own_checks else {}),
        "inputs": [_fields(i, InputSpec(i.name, i.type)) for i in spec.inputs],
        "outputs": [_fields(o, OutputSpec(o.type, o.name)) for o in spec.outputs],
    }


def _fields(value: Any, plain: Any) -> dict[str, Any]:
    names = value.__dataclass_fields__
    always = {"name", "type"}
    return {
        n: getattr(value, n) for n in names if n in always or getattr(value, n) != getattr(plain, n)
    }
