"""Signature → NodeSpec."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from graphrun.catalog.markers import (
    EACH,
    Control,
    Extends,
    ForceInput,
    Hidden,
    Lazy,
    Mutates,
    Options,
    Range,
    Resource,
    Socket,
    Text,
)
from graphrun.catalog.sockets import ANY
from graphrun.catalog.spec import InputSpec, NodeSpec, OutputSpec, Section

_WIDGETS = {bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING"}
_NO_DEFAULT = (inspect.Parameter.empty, None, ...)
"""`...` lets a function tell an optional input that is not there from one that is None."""
_ORDER: dict[Section, int] = {"required": 0, "optional": 1, "hidden": 2}


def derive(
    class_type: str, function: Callable[..., Any], names: tuple[str, ...], flags: dict[str, Any]
) -> NodeSpec:
    """The spec that a function's signature and docstring describe.

    Raises:
        TypeError: a parameter or the result has a type that is neither widget nor socket.
    """
    hints = get_type_hints(function, include_extras=True)
    inputs, lists = [], []
    any_input = None
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            any_input = ANY
            continue
        where = f"{class_type}: parameter {parameter.name!r}"
        if parameter.name not in hints:
            raise TypeError(f"{where} has no type")
        spec, is_list = _input(parameter, hints[parameter.name], where)
        inputs.append(spec)
        if spec.section != "hidden":
            lists.append(is_list)
    if any(lists) and not all(lists):
        raise TypeError(f"{class_type}: either all inputs are lists or none (INPUT_IS_LIST)")
    return NodeSpec(
        class_type=class_type,
        inputs=tuple(sorted(inputs, key=lambda i: _ORDER[i.section])),
        outputs=_outputs(hints.get("return", type(None)), names, class_type),
        any_input=any_input,
        description=inspect.getdoc(function) or "",
        module=function.__module__,
        **{"title": class_type, "input_is_list": any(lists), **flags},
    )


def _input(parameter: inspect.Parameter, hint: Any, where: str) -> tuple[InputSpec, bool]:
    hint, optional = _strip_none(hint)
    hint, markers = _strip_markers(hint)
    inner, more = _strip_none(hint)
    optional, hint = optional or more, inner
    # A list that is marked as a socket is one value that happens to be a list.
    is_list = get_origin(hint) is list and not _first(markers, Socket)
    if is_list:
        hint, more_markers = _strip_markers(get_args(hint)[0])
        markers = [*markers, *more_markers]
    section: Section = "optional" if optional else "required"
    hidden = _first(markers, Hidden)
    if hidden:
        return InputSpec(parameter.name, hidden.token, "hidden"), False
    type_name, options = _type(hint, markers, where)
    if not any(parameter.default is nothing for nothing in _NO_DEFAULT):
        options = {"default": parameter.default, **options}
    resource, number = _first(markers, Resource), _first(markers, Range)
    text = _first(markers, Text)
    return InputSpec(
        parameter.name,
        type_name,
        section,
        options,
        resource=resource.kind if resource else None,
        mutates=bool(_first(markers, Mutates)),
        extends=bool(_first(markers, Extends)),
        tiny=number.tiny if number else None,
        example=text.example if text else None,
    ), is_list


def _type(hint: Any, markers: list[Any], where: str) -> tuple[str, dict[str, Any]]:
    socket = _first(markers, Socket)
    if socket:
        return socket.type, _options(markers)
    if get_origin(hint) is Literal:
        return "COMBO", {"options": list(get_args(hint)), **_options(markers)}
    if hint not in _WIDGETS:
        raise TypeError(
            f"{where} has the type {hint!r}: int, float, str, bool and Literal are widgets, "
            "anything else needs a Socket marker"
        )
    return _WIDGETS[hint], _options(markers)


def _options(markers: list[Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for marker in markers:
        match marker:
            case Range():
                bounds = {"min": marker.min, "max": marker.max, "step": marker.step}
                options |= {k: v for k, v in bounds.items() if v is not None}
            case Text(multiline=True):
                options["multiline"] = True
            case ForceInput():
                options["forceInput"] = True
            case Control():
                options["control_after_generate"] = True
            case Lazy():
                options["lazy"] = True
            case Options():
                options |= marker.options
    return options


def _outputs(hint: Any, names: tuple[str, ...], class_type: str) -> tuple[OutputSpec, ...]:
    if hint is type(None):
        return ()
    parts = get_args(hint) if get_origin(hint) is tuple else (hint,)
    if names and len(names) != len(parts):
        raise TypeError(f"{class_type}: {len(parts)} outputs but {len(names)} names")
    found = []
    for index, part in enumerate(parts):
        base, markers = _strip_markers(part)
        is_list = EACH in markers
        if is_list:
            base, markers = _strip_markers(get_args(base)[0])
        type_name, _ = _type(base, markers, f"{class_type}: output {index}")
        found.append(OutputSpec(type_name, names[index] if names else type_name, is_list))
    return tuple(found)


def _strip_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint):
        rest = tuple(a for a in get_args(hint) if a is not type(None))
        return (rest[0] if len(rest) == 1 else Union[rest]), True  # noqa: UP007
    return hint, False


def _strip_markers(hint: Any) -> tuple[Any, list[Any]]:
    if get_origin(hint) is Annotated:
        base, *markers = get_args(hint)
        return base, markers
    return hint, []


def _first(markers: list[Any], kind: type) -> Any:
    return next((m for m in markers if isinstance(m, kind)), None)
