"""Types whose values the editor lets be drawn: colours, boxes, curves, ranges, cuts of videos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from graphrun.comfy.v3.ports import ComfyTypeI, ComfyTypeIO, WidgetInput, comfytype, named_type

_SHORT = "id display_name optional tooltip socketless "


class _Drawn(WidgetInput):
    """A widget without a socket, whose default is made anew for every input."""

    ORDER = _SHORT + "default advanced"
    socketless: bool | None = True

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        if self.default is None:
            self.default = self.fresh()

    def fresh(self) -> Any:
        """The value of an input that has no default of its own."""
        return None


@comfytype("IMAGECOMPARE")
class ImageCompare(ComfyTypeI):
    """Two pictures side by side."""

    Type = dict

    class Input(_Drawn):
        """It only shows, and sends nothing."""

        ORDER = _SHORT + "advanced"


@comfytype("COLOR")
class Color(ComfyTypeIO):
    """A colour, as `#rrggbb`."""

    Type = str

    class Input(_Drawn):
        """White unless it says otherwise."""

        ORDER = _SHORT + "advanced default"

        def fresh(self) -> str:
            return "#ffffff"


@comfytype("COLORS")
class Colors(ComfyTypeIO):
    """A list of colours."""

    Type = list

    class Input(_Drawn):
        """Empty unless it says otherwise."""

        def fresh(self) -> list[str]:
            return []


@comfytype("BOUNDING_BOX")
class BoundingBox(ComfyTypeIO):
    """A rectangle: x, y, width and height."""

    Type = dict
    BoundingBoxDict = dict[str, int]

    class Input(_Drawn):
        """`component` names the editor's own way to draw it."""

        ORDER = _SHORT + "default component force_input"
        SAYS: ClassVar[Mapping[str, str]] = {"component": "component"}
        component: str | None = None

        def fresh(self) -> dict[str, int]:
            return {"x": 0, "y": 0, "width": 512, "height": 512}


@comfytype("BOUNDING_BOXES")
class BoundingBoxes(ComfyTypeIO):
    """A list of rectangles with metadata."""

    Type = list
    BoundingBoxWithMetadata = dict[str, Any]

    class Input(_Drawn):
        """Empty unless it says otherwise."""

        def fresh(self) -> list[Any]:
            return []


@comfytype("CURVE")
class Curve(ComfyTypeIO):
    """A curve through points between (0, 0) and (1, 1)."""

    CurvePoint = tuple[float, float]

    class Input(_Drawn):
        """`default` is a list of points."""

        def fresh(self) -> list[tuple[float, float]]:
            return [(0.0, 0.0), (1.0, 1.0)]

        def as_dict(self) -> dict[str, Any]:
            """Definitions have the points and how to join them."""
            points = [list(point) for point in self.default]
            joined = {"points": points, "interpolation": "monotone_cubic"}
            return super().as_dict() | {"default": joined}


@comfytype("RANGE")
class Range(ComfyTypeIO):
    """Two ends and, if it has one, the middle between them."""

    class Input(_Drawn):
        """`value_min` and `value_max` bound the ends."""

        ORDER = (
            _SHORT + "default display gradient_stops show_midpoint midpoint_scale value_min "
            "value_max advanced"
        )
        SAYS: ClassVar[Mapping[str, str]] = {
            name: name
            for name in (
                "display",
                "gradient_stops",
                "show_midpoint",
                "midpoint_scale",
                "value_min",
                "value_max",
            )
        }
        display: str | None = None
        gradient_stops: Any = None
        show_midpoint: bool | None = None
        midpoint_scale: str | None = None
        value_min: float | None = None
        value_max: float | None = None

        def fresh(self) -> dict[str, float]:
            return {"min": 0.0, "max": 1.0}


@comfytype("VIDEO_EDIT")
class VideoEdit(ComfyTypeIO):
    """What is cut away of a video, in time and in space."""

    Type = dict
    VideoEditDict = VideoTrimSection = VideoCropSection = dict[str, Any]

    class Input(_Drawn):
        """`features` are `trim` and `crop`."""

        ORDER = _SHORT + "default features advanced"
        SAYS: ClassVar[Mapping[str, str]] = {"features": "features"}
        features: Any = ("trim", "crop")

        def fresh(self) -> dict[str, Any]:
            whole = {
                "trim": {"start_time": 0.0, "duration": 0.0},
                "crop": {"x": 0, "y": 0, "width": 0, "height": 0},
            }
            return {name: part for name, part in whole.items() if name in self.features}

        def as_dict(self) -> dict[str, Any]:
            return super().as_dict() | {"features": list(self.features)}


@comfytype("RESOLUTION_PREVIEW")
class ResolutionPreview(ComfyTypeIO):
    """A drawing of the size that other widgets amount to."""

    Type = dict

    class Input(_Drawn):
        """It names the widgets that it draws, and sends nothing."""

        ORDER = _SHORT + "advanced ratio_widget megapixels_widget multiple_widget"
        SAYS: ClassVar[Mapping[str, str]] = {
            name: name for name in ("ratio_widget", "megapixels_widget", "multiple_widget")
        }
        optional = True
        ratio_widget = "aspect_ratio"
        megapixels_widget = "megapixels"
        multiple_widget = "multiple"


@comfytype("COMPOSITOR")
class Compositor(ComfyTypeIO):
    """Layers put on top of each other."""

    Type = dict
    LayerState = dict[str, Any]

    class Input(_Drawn):
        """Empty unless it says otherwise."""

        def fresh(self) -> dict[str, Any]:
            return {}


Histogram = named_type("Histogram", "HISTOGRAM", list)
