"""Words that declarations of inputs use: folders, uploads, how numbers are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from graphrun.comfy.v3.ports import without_nones
from graphrun.comfy.v3.words import Word


class FolderType(Word):
    """One of the three folders that files are read from and written to."""

    input = "input"
    output = "output"
    temp = "temp"


class UploadType(Word):
    """What the editor offers to upload into a combo of files."""

    image = "image_upload"
    audio = "audio_upload"
    video = "video_upload"
    model = "file_upload"


class NumberDisplay(Word):
    """How the editor draws a number."""

    number = "number"
    slider = "slider"
    gradient_slider = "gradientslider"


class ControlAfterGenerate(Word):
    """What the editor does to a value after a run."""

    fixed = "fixed"
    increment = "increment"
    decrement = "decrement"
    randomize = "randomize"


@dataclass
class RemoteOptions:
    """Choices that the editor fetches from a route. Nothing is fetched here."""

    route: str
    refresh_button: bool
    control_after_refresh: Literal["first", "last"] = "first"
    timeout: int | None = None
    max_retries: int | None = None
    refresh: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The `remote` option of a combo."""
        return without_nones(vars(self))
