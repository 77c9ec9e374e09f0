"""The widgets that the editor draws for a node kind, each a place in `widgets_values`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from graphrun.catalog.sockets import ROWS
from graphrun.catalog.spec import InputSpec, NodeSpec

CONTROL = "CONTROL"
"""The kind of the widget that says what becomes of a seed after a run."""

CONTROL_WORDS = frozenset({"fixed", "increment", "decrement", "randomize", "increment-wrap"})
CONTROL_NAMES = frozenset({"control_after_generate", "control_filter_list"})
BUTTONS = frozenset({"upload", "audioUI", "refresh"})

_INITIAL: dict[str, Any] = {
    "COLOR": "#000000",
    "BOUNDING_BOX": {"x": 0, "y": 0, "width": 512, "height": 512},
    "BOUNDING_BOXES": [],
    "COLORS": [],
    "CURVE": {"points": [[0, 0], [1, 1]], "interpolation": "monotone_cubic"},
    "RANGE": {"min": 0, "max": 1},
    "IMAGECOMPARE": ["", ""],
    "MARKDOWN": "",
    "TEXTAREA": "",
    "PAINTER": None,
    "COMPOSITOR": None,
    "VIDEO_EDIT": None,
    "LOAD_3D": "",
    "PREVIEW_3D": "",
    "AUDIO_RECORD": None,
    "WEBCAM": None,
}
_PARTS = {"BOUNDING_BOX": ("x", "y", "width", "height")}
_CLASS_BUTTONS = {"Load3D": ("upload 3d model", "upload extra resources", "clear")}
_SCENES = frozenset({"Preview3D", "SaveGLB"})
_UNSAVED = frozenset({"AUDIO_UI", "IMAGECOMPARE", "RESOLUTION_PREVIEW"})
_UNSENT = frozenset({"AUDIO_UI", "AUDIOUPLOAD", "IMAGEUPLOAD", "RESOLUTION_PREVIEW", ROWS})
_EDITOR_ONLY = _UNSAVED | _UNSENT | set(_INITIAL)
"""Types that the catalogue does not know as widgets, but the editor draws one for."""

_IMAGE_UPLOADS = ("image_upload", "video_upload", "animated_image_upload")
_AUDIO_PLAYERS = frozenset(
    {"LoadAudio", "SaveAudio", "PreviewAudio", "SaveAudioMP3", "SaveAudioOpus", "SaveAudioAdvanced"}
)


@dataclass(frozen=True, slots=True)
class Place:
    """One widget.

    `owner` is the input that it belongs to, `input` what it sets in the prompt (None: nothing),
    and `saved` tells whether it has a place in the values.
    """

    name: str
    kind: str
    owner: str
    input: InputSpec | None = None
    saved: bool = True


def kind(spec: InputSpec) -> str:
    """The widget type: `widgetType` lets a union such as `INT,FLOAT` have a number widget."""
    return str(spec.options.get("widgetType") or spec.type)


def is_widget(spec: InputSpec) -> bool:
    """Whether the editor draws a widget for the input, and not only a socket."""
    shown = "STRING" if kind(spec) in _EDITOR_ONLY else kind(spec)
    return spec.is_widget if shown == spec.type else replace(spec, type=shown).is_widget


def editor_inputs(spec: NodeSpec) -> tuple[InputSpec, ...]:
    """Inputs in widget order, with the players and buttons that the editor adds at the end."""
    added = []
    if spec.class_type in _AUDIO_PLAYERS:
        added.append(InputSpec("audioUI", "AUDIO_UI"))
    required = [i for i in spec.inputs if i.section == "required"]
    if any(i.options.get("audio_upload") for i in required if i.name == "audio"):
        added.append(InputSpec("upload", "AUDIOUPLOAD"))
    if any(i.options.get(option) for i in required for option in _IMAGE_UPLOADS):
        added.append(InputSpec("upload", "IMAGEUPLOAD"))
    if spec.class_type in _SCENES and spec.input("image") is None:
        added.append(InputSpec("image", "PREVIEW_3D"))
    return (*spec.visible, *added)


def places(spec: NodeSpec) -> tuple[Place, ...]:
    """All widgets of a node kind, left to right."""
    return tuple(p for i in editor_inputs(spec) if is_widget(i) for p in _widgets(spec, i))


def saved_places(spec: InputSpec) -> int:
    """How many values the file has for an input's widgets."""
    return sum(place.saved for place in _places(spec))


def _widgets(spec: NodeSpec, entry: InputSpec) -> Iterator[Place]:
    yield from _places(entry)
    if kind(entry) == "LOAD_3D":
        for name in _CLASS_BUTTONS.get(spec.class_type, ()):
            yield Place(name, "", entry.name)


def _places(spec: InputSpec) -> Iterator[Place]:
    shown = kind(spec)
    sent = None if shown in _UNSENT else spec
    yield Place(spec.name, shown, spec.name, sent, saved=shown not in _UNSAVED)
    extra = [name for name in spec.widget_names() if name != spec.name]
    extra += [f"{spec.name}:{part}" for part in _PARTS.get(shown, ())]
    remote = spec.options.get("remote")
    if shown == "COMBO" and remote:
        extra.append(f"{spec.name}:auto_refresh")
        if isinstance(remote, dict) and remote.get("refresh_button"):
            extra.append("refresh")
    for name in extra:
        yield Place(name, CONTROL if name.endswith(":control_after_generate") else "", spec.name)


def initial(spec: InputSpec) -> Any:
    """The value of a fresh widget; None where there is none (a combo without choices)."""
    shown, default = kind(spec), spec.options.get("default")
    if default is not None and (default or shown != "COMBO"):
        return default
    if shown in _INITIAL:
        return _INITIAL[shown]
    if shown == "COMBO":
        first = spec.choices[0] if spec.choices else None
        return first if spec.options.get("multi_select") in (None, False) else []
    return replace(spec, type=shown, options={}).initial
