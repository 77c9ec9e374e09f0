"""What nodes show. `saving.py` has what writes pictures."""

from __future__ import annotations

from typing import Any

from graphrun.comfy.missing import NotOfferedName
from graphrun.comfy.v3.options import FolderType
from graphrun.comfy.v3.output import UIOutput


class SavedResult(dict[str, Any]):
    """A file that was saved: its name, subfolder and which of the three folders it is in."""

    def __init__(self, filename: str, subfolder: str, type: FolderType) -> None:
        super().__init__(filename=filename, subfolder=subfolder, type=FolderType(type).value)

    @property
    def filename(self) -> str:
        """The name."""
        return str(self["filename"])

    @property
    def subfolder(self) -> str:
        """The folder below the one of its type."""
        return str(self["subfolder"])

    @property
    def type(self) -> FolderType:
        """Which folder."""
        return FolderType(self["type"])


class SavedImages(UIOutput):
    """Pictures that were saved."""

    def __init__(self, results: list[Any], is_animated: bool = False) -> None:
        self.results, self.is_animated = results, is_animated

    def as_dict(self) -> dict[str, Any]:
        return {"images": self.results} | ({"animated": (True,)} if self.is_animated else {})


class SavedAudios(UIOutput):
    """Sounds that were saved."""

    def __init__(self, results: list[Any]) -> None:
        self.results = results

    def as_dict(self) -> dict[str, Any]:
        return {"audio": self.results}


class PreviewVideo(UIOutput):
    """Videos that were saved."""

    def __init__(self, values: list[Any], **kwargs: Any) -> None:
        self.values = values

    def as_dict(self) -> dict[str, Any]:
        return {"images": self.values, "animated": (True,)}


class PreviewText(UIOutput):
    """A text."""

    def __init__(self, value: str, **kwargs: Any) -> None:
        self.value = value

    def as_dict(self) -> dict[str, Any]:
        return {"text": (self.value,)}


class PreviewUI3D(UIOutput):
    """A model and the camera that looks at it."""

    def __init__(self, model_file: Any, camera_info: Any, **kwargs: Any) -> None:
        if kwargs.get("bg_image") is not None:
            raise NotOfferedName.of("comfy_api.latest.ui.PreviewUI3D(bg_image=...)")
        self.model_file, self.camera_info = model_file, camera_info

    def as_dict(self) -> dict[str, Any]:
        return {"result": [self.model_file, self.camera_info, None]}


__all__ = [
    "PreviewText",
    "PreviewUI3D",
    "PreviewVideo",
    "SavedAudios",
    "SavedImages",
    "SavedResult",
]
