"""Types whose values are typed in: numbers, texts, choices and the editor's richer widgets."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar

from graphrun.comfy.v3 import ports
from graphrun.comfy.v3.options import UploadType
from graphrun.comfy.v3.ports import (
    ComfyTypeI,
    ComfyTypeIO,
    WidgetInput,
    comfytype,
    without_nones,
)

_FIRST = "id display_name optional tooltip lazy "
_LAST = " extra_dict raw_link advanced"
_SHORT = "id display_name optional tooltip socketless "
"""Editors of structured values take fewer arguments."""


@comfytype("BOOLEAN")
class Boolean(ComfyTypeIO):
    """True or false."""

    Type = bool

    class Input(WidgetInput):
        """`label_on` and `label_off` are what the switch says."""

        ORDER = _FIRST + "default label_on label_off socketless force_input" + _LAST
        SAYS: ClassVar[Mapping[str, str]] = {"label_on": "label_on", "label_off": "label_off"}
        label_on: str | None = None
        label_off: str | None = None


@comfytype("INT")
class Int(ComfyTypeIO):
    """A whole number."""

    Type = int

    class Input(WidgetInput):
        """`min` and `max` are checked, `step` only counts in the editor."""

        ORDER = (
            _FIRST + "default min max step control_after_generate display_mode "
            "socketless force_input" + _LAST
        )
        SAYS: ClassVar[Mapping[str, str]] = {
            "min": "min",
            "max": "max",
            "step": "step",
            "control_after_generate": "control_after_generate",
            "display_mode": "display",
        }
        min: int | None = None
        max: int | None = None
        step: int | None = None
        control_after_generate: Any = None
        display_mode: Any = None


@comfytype("FLOAT")
class Float(ComfyTypeIO):
    """A number."""

    Type = float

    class Input(WidgetInput):
        """`min` and `max` are checked, `step` and `round` only count in the editor."""

        ORDER = (
            _FIRST + "default min max step round display_mode gradient_stops "
            "socketless force_input" + _LAST
        )
        SAYS: ClassVar[Mapping[str, str]] = {
            "min": "min",
            "max": "max",
            "step": "step",
            "round": "round",
            "display_mode": "display",
            "gradient_stops": "gradient_stops",
        }
        min: float | None = None
        max: float | None = None
        step: float | None = None
        round: float | None = None
        display_mode: Any = None
        gradient_stops: Any = None


@comfytype("STRING")
class String(ComfyTypeIO):
    """A text."""

    Type = str

    class Input(WidgetInput):
        """With `dynamic_prompts` the editor replaces `{a|b}` by one of the two."""

        ORDER = (
            _FIRST + "multiline placeholder default dynamic_prompts socketless force_input" + _LAST
        )
        SAYS: ClassVar[Mapping[str, str]] = {
            "multiline": "multiline",
            "placeholder": "placeholder",
            "dynamic_prompts": "dynamicPrompts",
        }
        multiline: bool = False
        placeholder: str | None = None
        dynamic_prompts: bool | None = None


@comfytype("COMBO")
class Combo(ComfyTypeIO):
    """One of several values."""

    Type = str

    class Input(WidgetInput):
        """`options` is a list, or an enumeration whose values are the choices."""

        ORDER = (
            "id options display_name optional tooltip lazy default control_after_generate upload "
            "image_folder remote socketless" + _LAST
        )
        SAYS: ClassVar[Mapping[str, str]] = {
            "multiselect": "multiselect",
            "options": "options",
            "control_after_generate": "control_after_generate",
            "image_folder": "image_folder",
            "remote": "remote",
        }
        options: Any = None
        multiselect: bool = False
        control_after_generate: Any = None
        upload: UploadType | None = None
        image_folder: Any = None
        remote: Any = None

        def __init__(self, *args: Any, **given: Any) -> None:
            super().__init__(*args, **given)
            if isinstance(self.options, type) and issubclass(self.options, Enum):
                self.options = [member.value for member in self.options]
            if isinstance(self.default, Enum):
                self.default = self.default.value

        def as_dict(self) -> dict[str, Any]:
            """An upload is an option of its own name."""
            said = super().as_dict()
            if self.upload is None:
                return said
            last = {name: said.pop(name) for name in ("image_folder", "remote") if name in said}
            return said | {UploadType(self.upload).value: True} | last

    class Output(ports.Output):
        """An output that gives one of `options`."""

        ORDER = "id display_name options tooltip is_output_list"
        options: Any = None

        def __init__(self, *args: Any, **given: Any) -> None:
            super().__init__(*args, **given)
            self.options = [] if self.options is None else self.options


@comfytype("COMBO")
class MultiCombo(ComfyTypeI):
    """Any number of several values, as a list."""

    Type = list

    class Input(Combo.Input):
        """`placeholder` and `chip` say how the editor draws the chosen ones."""

        ORDER = (
            "id options display_name optional tooltip lazy default placeholder chip "
            "control_after_generate socketless" + _LAST
        )
        multiselect = True
        placeholder: str | None = None
        chip: bool | None = None

        def as_dict(self) -> dict[str, Any]:
            """The editor reads `multi_select`, a server `multiselect`."""
            drawn = without_nones({"placeholder": self.placeholder, "chip": self.chip})
            return super().as_dict() | {"multi_select": drawn}


@comfytype("WEBCAM")
class Webcam(ComfyTypeIO):
    """A picture that the editor takes."""

    Type = str

    class Input(WidgetInput):
        """The name of the picture's file."""

        ORDER = _FIRST + "default socketless" + _LAST
