"""Inputs that come and go with other values, and types that match each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any, ClassVar

from graphrun.catalog.options import MOST_MEMBERS
from graphrun.comfy.v3 import ports
from graphrun.comfy.v3.ports import (
    ComfyType,
    ComfyTypeI,
    ComfyTypeIO,
    Input,
    Output,
    WidgetInput,
    comfytype,
)
from graphrun.comfy.v3.types import AnyType

_DYNAMIC_ORDER = " display_name optional tooltip lazy extra_dict"


def declared(inputs: Iterable[Input] | None) -> dict[str, Any]:
    """Inputs as definitions have them: a section each, names to pairs of type and options."""
    sections: dict[str, Any] = {"required": {}}
    for entry in inputs or ():
        add_to_dict_v1(entry, sections)
    return sections


def add_to_dict_v1(i: Input, d: dict[str, Any]) -> None:
    """Add an input to the sections of a definition."""
    options = i.as_dict()
    section = "optional" if options.pop("optional", i.optional) else "required"
    d.setdefault(section, {})[i.id] = (i.get_io_type(), options)


class DynamicInput(Input):
    """An input that brings others."""


class DynamicOutput(Output):
    """An output that depends on inputs. Nothing here has one yet; packs may derive from it."""


@comfytype("COMFY_MULTITYPED_V3")
class MultiType(ComfyTypeIO):
    """One of several types."""

    class Input(ports.Input):
        """`id` may be an input of one type, whose widget then stands for all."""

        ORDER = "id types display_name optional tooltip lazy extra_dict raw_link advanced"
        types: Sequence[Any] = ()

        def __init__(self, *args: Any, **given: Any) -> None:
            shown: Any = given.get("id", args[0] if args else None)
            self.input_override: Any = copy(shown) if isinstance(shown, Input) else None
            if self.input_override is not None:
                if "id" in given:
                    given["id"] = shown.id
                else:
                    args = (shown.id, *args[1:])
            super().__init__(*args, **given)
            if self.input_override is not None:
                self._follow(self.input_override)

        def _follow(self, shown: Any) -> None:
            self.optional = bool(shown.optional or self.optional)
            for name in ("display_name", "tooltip", "lazy"):
                if getattr(shown, name) is not None:
                    setattr(self, name, getattr(shown, name))
            if isinstance(shown, WidgetInput):
                shown.widget_type = shown.get_io_type()

        @property
        def io_types(self) -> list[Any]:
            """The classes of the types."""
            return [kind if isinstance(kind, type) else type(kind) for kind in self.types]

        def get_io_type(self) -> str:
            """The union, the widget's type first."""
            words = [str(kind.io_type) for kind in self.io_types]
            if self.input_override is not None:
                words.insert(0, self.input_override.get_io_type())
            return ",".join(dict.fromkeys(words))

        def as_dict(self) -> dict[str, Any]:
            """The options of the widget, and what this input says itself."""
            shown = self.input_override.as_dict() if self.input_override is not None else {}
            return shown | super().as_dict()


@comfytype("COMFY_MATCHTYPE_V3")
class MatchType(ComfyTypeIO):
    """A type that is the same wherever one template is used."""

    class Template:
        """`allowed_types` is one type or several. Only the editor compares them."""

        def __init__(self, template_id: str, allowed_types: Any = AnyType) -> None:
            allowed = allowed_types if isinstance(allowed_types, Iterable) else [allowed_types]
            self.template_id, self.allowed_types = template_id, list(allowed)
            for kind in self.allowed_types:
                found = kind if isinstance(kind, type) else type(kind)
                if not issubclass(found, ComfyType):
                    name = found.__name__
                    raise ValueError(f"{template_id}: {name} is no type; write io.{name} or so")

        def as_dict(self) -> dict[str, str]:
            """The template in a definition."""
            words = ",".join(str(kind.io_type) for kind in self.allowed_types)
            return {"template_id": self.template_id, "allowed_types": words}

    class Input(ports.Input):
        """An input of the matched type."""

        ORDER = "id template display_name optional tooltip lazy extra_dict raw_link advanced"
        SAYS: ClassVar[Mapping[str, str]] = {"template": "template"}
        template: Any = None

    class Output(ports.Output):
        """An output of the matched type."""

        ORDER = "template id display_name tooltip is_output_list"
        template: Any = None

        def __init__(self, *args: Any, **given: Any) -> None:
            super().__init__(*args, **given)
            self.display_name = self.display_name or "MATCHTYPE"

        def as_dict(self) -> dict[str, Any]:
            return super().as_dict() | {"template": self.template.as_dict()}


@comfytype("COMFY_AUTOGROW_V3")
class Autogrow(ComfyTypeI):
    """A list of sockets that grows as it is wired; nodes get a dictionary of what is there."""

    Type = dict

    class _Template:
        def __init__(self, input: Any, names: Sequence[str], min: int = 1) -> None:
            if isinstance(input, DynamicInput):
                raise ValueError(f"{input.id}: members of Autogrow cannot bring inputs themselves")
            if min < 0:
                raise ValueError(f"{input.id}: min is {min}, less than no member")
            self.input, self.min = copy(input), min
            if isinstance(self.input, WidgetInput):
                self.input.force_input = True
            self.names = list(names)[:MOST_MEMBERS]

        def get_all(self) -> list[Input]:
            """An input for each member."""
            return [_renamed(self.input, name) for name in self.names]

        def as_dict(self) -> dict[str, Any]:
            """The template in a definition."""
            return {"input": declared([self.input])}

        def validate(self) -> None:
            self.input.validate()

    class TemplatePrefix(_Template):
        """Members `<prefix>0`, `<prefix>1`, …: at least `min`, at most `max` of them."""

        def __init__(self, input: Any, prefix: str, min: int = 1, max: int = 10) -> None:
            if not 1 <= max <= MOST_MEMBERS:
                raise ValueError(f"{prefix}: max is {max}; it can be 1 to {MOST_MEMBERS}")
            super().__init__(input, [f"{prefix}{i}" for i in range(max)], min)
            self.prefix, self.max = prefix, max

        def as_dict(self) -> dict[str, Any]:
            return super().as_dict() | {"prefix": self.prefix, "min": self.min, "max": self.max}

    class TemplateNames(_Template):
        """Members with names; the first `min` have to be there."""

        def as_dict(self) -> dict[str, Any]:
            return super().as_dict() | {"names": self.names, "min": self.min}

    class Input(DynamicInput):
        """`template` is a TemplatePrefix or a TemplateNames."""

        ORDER = "id template" + _DYNAMIC_ORDER
        SAYS: ClassVar[Mapping[str, str]] = {"template": "template"}
        template: Any = None

        def get_all(self) -> list[Input]:
            return [self, *self.template.get_all()]

        def validate(self) -> None:
            self.template.validate()


def _renamed(input: Any, name: str) -> Any:
    found = copy(input)
    found.id = name
    return found


@comfytype("COMFY_DYNAMICCOMBO_V3")
class DynamicCombo(ComfyTypeI):
    """A choice that brings inputs of its own; nodes get a dictionary of it and them."""

    Type = dict

    class Option:
        """One choice and the inputs that it brings."""

        def __init__(self, key: str, inputs: Sequence[Input]) -> None:
            self.key, self.inputs = key, list(inputs)

        def as_dict(self) -> dict[str, Any]:
            """The choice in a definition."""
            return {"key": self.key, "inputs": declared(self.inputs)}

    class Input(DynamicInput):
        """`options` are the choices."""

        ORDER = "id options" + _DYNAMIC_ORDER
        options: Sequence[Any] = ()

        def get_all(self) -> list[Input]:
            return [self, *(entry for option in self.options for entry in option.inputs)]

        def as_dict(self) -> dict[str, Any]:
            return super().as_dict() | {"options": [option.as_dict() for option in self.options]}

        def validate(self) -> None:
            for entry in self.get_all()[1:]:
                entry.validate()


@comfytype("COMFY_DYNAMICSLOT_V3")
class DynamicSlot(ComfyTypeI):
    """A socket that brings inputs once it is wired; nodes get a dictionary of it and them."""

    Type = dict

    class Input(DynamicInput):
        """`slot` is the socket, `inputs` are there when it is wired."""

        ORDER = "slot inputs display_name tooltip lazy extra_dict"
        optional = True
        slot: Any = None
        inputs: Sequence[Input] = ()
        force_input: bool | None = None

        def __init__(self, *args: Any, **given: Any) -> None:
            slot = given.get("slot", args[0] if args else None)
            if not isinstance(slot, Input) or isinstance(slot, DynamicInput):
                raise TypeError(f"DynamicSlot needs an input that brings no others, not {slot!r}")
            self.id = slot.id
            super().__init__(*args, **given)
            self.slot = copy(slot)
            for name in ("display_name", "tooltip", "lazy", "extra_dict"):
                if getattr(slot, name) is not None:
                    setattr(self, name, getattr(slot, name))
            if isinstance(self.slot, WidgetInput):
                self.force_input = self.slot.force_input = True

        def get_all(self) -> list[Input]:
            return [self.slot, *self.inputs]

        def as_dict(self) -> dict[str, Any]:
            forced = {"forceInput": True} if self.force_input else {}
            own = {"slotType": self.slot.get_io_type(), "inputs": declared(self.inputs)}
            return super().as_dict() | own | forced

        def validate(self) -> None:
            for entry in self.get_all():
                entry.validate()


@comfytype("COMFY_DYNAMICGROUP_V3")
class DynamicGroup(ComfyTypeI):
    """Rows of widgets; nodes get a list with a dictionary for each row."""

    Type = list

    class Input(DynamicInput):
        """`template` are the widgets of one row. ComfyUI allows 20 rows unless `max` says less."""

        ORDER = "id template display_name optional tooltip lazy extra_dict min max group_name"
        SAYS: ClassVar[Mapping[str, str]] = {"min": "min", "max": "max", "group_name": "group_name"}
        template: Sequence[Input] = ()
        min: int = 0
        max: int = 20
        group_name: str | None = None

        def __init__(self, *args: Any, **given: Any) -> None:
            super().__init__(*args, **given)
            for entry in self.template:
                if not isinstance(entry, WidgetInput):
                    raise TypeError(f"{self.id}: rows have widgets, and {entry.id} is a socket")
            if not self.template or not 0 <= self.min <= self.max <= MOST_MEMBERS:
                raise ValueError(
                    f"{self.id}: {len(self.template)} widgets, {self.min} rows or more"
                )

        def get_all(self) -> list[Input]:
            return [self, *self.template]

        def as_dict(self) -> dict[str, Any]:
            return super().as_dict() | {"template": declared(self.template)}

        def validate(self) -> None:
            for entry in self.template:
                entry.validate()
