"""Node classes of ComfyUI's first API: what they declare as a `NodeSpec`, and how they are called.

Their attributes are read as a running ComfyUI reads them (INPUT_TYPES, RETURN_TYPES, FUNCTION, …).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from graphrun.catalog import InputSpec, NodeSpec, OutputSpec
from graphrun.catalog.blocking import Blocker
from graphrun.catalog.kind import Inputs, Kind, Returned
from graphrun.catalog.sockets import OwnType
from graphrun.catalog.spec import Section
from graphrun.comfy.seeding import seeded
from graphrun.errors import Diagnostic, InputError, PackError

_PROBE = "any name at all"
"""Classes that take inputs of any name say so with a mapping that contains everything."""

_ABOUT = {
    "DEPRECATED": "deprecated",
    "EXPERIMENTAL": "experimental",
    "DEV_ONLY": "dev_only",
    "API_NODE": "api_node",
    "SEARCH_ALIASES": "search_aliases",
    "ESSENTIALS_CATEGORY": "essentials_category",
    "OUTPUT_TOOLTIPS": "output_tooltips",
}


def spec(class_type: str, cls: Any, *, title: str = "", module: str = "") -> NodeSpec:
    """What a class declares. Its INPUT_TYPES runs, which is the pack's code.

    Raises:
        PackError: it declares something that makes no sense, or raises while it is asked.
    """
    try:
        declared = cls.INPUT_TYPES() if hasattr(cls, "INPUT_TYPES") else {}
        inputs = tuple(_inputs(declared))
        outputs = tuple(_outputs(cls))
        function = getattr(cls, cls.FUNCTION)
    except (Exception, SystemExit) as error:
        message = f"{class_type}: its definition cannot be read: {type(error).__name__}: {error}"
        raise PackError(Diagnostic("malformed_node", message)) from error
    description = getattr(cls, "DESCRIPTION", "")
    return NodeSpec(
        class_type,
        inputs=inputs,
        outputs=outputs,
        title=title or class_type,
        category=str(getattr(cls, "CATEGORY", "")),
        description=description if isinstance(description, str) else "",
        output_node=getattr(cls, "OUTPUT_NODE", False) is True,
        input_is_list=bool(getattr(cls, "INPUT_IS_LIST", False)),
        module=module or str(getattr(cls, "__module__", "")),
        foreign=True,
        asynchronous=inspect.iscoroutinefunction(function),
        not_idempotent=bool(getattr(cls, "NOT_IDEMPOTENT", False)),
        shows_anyway=bool(getattr(cls, "HAS_INTERMEDIATE_OUTPUT", False)),
        any_input=_any_input(declared),
        brought=_brought(declared),
        own_checks=_own_checks(cls),
        watches=hasattr(cls, "IS_CHANGED"),
        about={word: getattr(cls, name) for name, word in _ABOUT.items() if hasattr(cls, name)},
    )


def kind(cls: Any, spec: NodeSpec, *, folder: str | None = None) -> Kind:
    """How the engine calls nodes of a class."""

    given = defaults(getattr(cls, cls.FUNCTION), spec)

    def call(node: Any, inputs: Inputs) -> Any:
        return getattr(node, cls.FUNCTION)(**({**given, **inputs} if given else inputs))

    def wanted(node: Any, inputs: Inputs) -> Any:
        return node.check_lazy_status(**inputs)

    return Kind(
        call=call,
        returned=partial(returned, spec),
        create=cls,
        wanted=wanted if _has(cls, "check_lazy_status") else None,
        changed=(lambda inputs: cls.IS_CHANGED(**inputs)) if _has(cls, "IS_CHANGED") else None,
        validate=(lambda inputs: cls.VALIDATE_INPUTS(**inputs)) if spec.own_checks else None,
        around=seeded,
        turns=True,
        folder=folder,
    )


def defaults(function: Any, spec: NodeSpec) -> dict[str, Any]:
    """Declared defaults of optional inputs that the function cannot be called without.

    Prompts that are older than such an input do not have it.
    """
    parameters = inspect.signature(function).parameters
    found = {}
    for one in spec.visible:
        taken = parameters.get(one.name)
        needed = one.section == "optional" and taken is not None and taken.default is taken.empty
        if needed and "default" in one.options:
            value = one.options["default"]
            found[one.name] = [value] if spec.input_is_list else value
    return found


def returned(spec: NodeSpec, result: Any) -> Returned:
    """A tuple of outputs; a dict of `result`, `ui` and `expand`; a blocker for every output.

    Raises:
        InputError: it is none of these.
    """
    match result:
        case None:
            return Returned()
        case Blocker():
            return Returned((result,) * max(1, len(spec.outputs)))
        case tuple() | list():
            return Returned(result)
        case Mapping():
            return _from_mapping(spec, result)
    raise InputError(
        f"it returned {_article(result)}; a node returns a tuple with one value per output",
        code="invalid_return",
        hint="write `return (value,)` with the comma" if len(spec.outputs) == 1 else None,
    )


def _from_mapping(spec: NodeSpec, result: Mapping[str, Any]) -> Returned:
    values, expand = result.get("result"), result.get("expand")
    if expand is not None and values is None:
        raise InputError(
            "it returned a graph under `expand` and no `result`, so nothing says what its outputs "
            "are",
            code="invalid_return",
        )
    ui = result.get("ui") or {}
    if not isinstance(ui, Mapping):
        what = f"it returned {_article(ui)} under `ui`; what a node shows is a dict of lists"
        raise InputError(what, code="invalid_return")
    shown = {str(key): _listed(entry) for key, entry in ui.items()}
    return Returned(returned(spec, values).values if values is not None else (), shown, expand)


def _listed(value: Any) -> Sequence[Any]:
    """What is shown is a list; a text is one entry, not its letters."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _article(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _inputs(declared: Mapping[str, Any]) -> Iterator[InputSpec]:
    sections: tuple[Section, ...] = ("required", "optional")
    seen: set[str] = set()
    for section in sections:
        for name, given in (declared.get(section) or {}).items():
            if name not in seen:  # one that is also required is required
                yield _input(name, given, section)
        seen.update(declared.get(section) or ())
    for name, token in (declared.get("hidden") or {}).items():
        yield InputSpec(name, getattr(token, "value", token), "hidden")


def _input(name: str, given: Any, section: Section) -> InputSpec:
    """`(TYPE,)` or `(TYPE, options)`; a list in the place of the type holds a combo's choices."""
    if isinstance(given, str):  # the comma of a tuple with one member is forgotten now and then
        given = (given,)
    if not isinstance(given, tuple | list) or not given:
        raise ValueError(f"the input {name} is {given!r:.60}, not a tuple of a type and options")
    declared, options = given[0], given[1] if len(given) > 1 else {}
    options = dict(options) if isinstance(options, Mapping) else {}
    if isinstance(declared, list | tuple):
        return InputSpec(name, "COMBO", section, {**options, "options": list(declared)})
    return InputSpec(name, _type(declared), section, options)


def _type(declared: Any) -> str:
    """Subclasses of str decide themselves what they fit."""
    return OwnType.of(declared) if isinstance(declared, str) else str(declared)


def _outputs(cls: Any) -> Iterator[OutputSpec]:
    types = cls.RETURN_TYPES
    types = (types,) if isinstance(types, str) else types
    names = getattr(cls, "RETURN_NAMES", None) or ()
    names = (names,) if isinstance(names, str) else names
    lists = getattr(cls, "OUTPUT_IS_LIST", None) or ()
    lists = lists if isinstance(lists, tuple | list) else (lists,)
    for index, declared in enumerate(types):
        known = "COMBO" if isinstance(declared, list | tuple) else _type(declared)
        name = str(names[index]) if index < len(names) and names[index] else known
        yield OutputSpec(known, name, bool(lists[index]) if index < len(lists) else False)


def _any_input(declared: Mapping[str, Any]) -> str | None:
    """The type of inputs with names that are not declared, if those are taken too."""
    for section in ("required", "optional"):
        found = declared.get(section)
        if found is not None and _PROBE in found:
            given = found[_PROBE]
            return _type(given[0]) if isinstance(given, tuple | list) and given else "*"
    return None


def _brought(declared: Mapping[str, Any]) -> Callable[[str], InputSpec | None] | None:
    """Inputs by names that a mapping knows without listing them, such as any `case_<number>`."""
    found = [
        section
        for section in (declared.get("required"), declared.get("optional"))
        if isinstance(section, dict) and type(section).__contains__ is not dict.__contains__
    ]
    if not found or _any_input(declared) is not None:
        return None

    def brought(name: str) -> InputSpec | None:
        section = next((one for one in found if name in one), None)
        return _input(name, section[name], "optional") if section is not None else None

    return brought


def _has(cls: Any, function: str) -> bool:
    """Whether a class has a function; some say with None that they have not."""
    return getattr(cls, function, None) is not None


def _own_checks(cls: Any) -> frozenset[str]:
    """The names in the signature of VALIDATE_INPUTS, `*` if it takes all."""
    if not _has(cls, "VALIDATE_INPUTS"):
        return frozenset()
    found = inspect.getfullargspec(cls.VALIDATE_INPUTS)
    return frozenset(found.args) | ({"*"} if found.varkw else frozenset())
