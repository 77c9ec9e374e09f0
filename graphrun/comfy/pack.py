"""A pack that was written for ComfyUI: its classes, as a catalogue asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphrun.catalog import NodeSpec
from graphrun.catalog.kind import Kind
from graphrun.comfy import v1
from graphrun.errors import PackError


@dataclass(frozen=True)
class ForeignPack:
    """Classes by class type, of either API.

    `folder` is where its code is; `module` what definitions call it (`custom_nodes.NAME`).
    """

    name: str
    classes: Mapping[str, Any]
    titles: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None
    foreign = True
    device_switch = ""

    @property
    def depends(self) -> Mapping[str, tuple[str, ...]]:
        return {"": ("torch",)}

    @property
    def module(self) -> str:
        return f"custom_nodes.{self.name}"

    def names(self) -> Iterator[str]:
        return iter(self.classes)

    def spec(self, class_type: str) -> NodeSpec | None:
        """The definition, asked of the class every time: lists of files change.

        Raises:
            PackError: the class cannot say what it is.
        """
        if class_type not in self.classes:
            return None
        cls = self.classes[class_type]
        try:
            title = str(self.titles.get(class_type) or "")
            found: NodeSpec = _api(cls).spec(class_type, cls, title=title, module=self.module)
        except PackError as error:
            first = error.diagnostics[0]
            message = f"pack {self.name}: {first.message}"
            raise PackError(replace(first, message=message)) from error
        return found

    def kind(self, spec: NodeSpec) -> Kind:
        cls = self.classes[spec.class_type]
        found: Kind = _api(cls).kind(cls, spec, folder=self.folder)
        return found

    def look_for(self, kind: str, name: str, beside: Mapping[str, Any]) -> None:
        """Foreign inputs do not say what they name."""


def _api(cls: Any) -> Any:
    """The module that reads the API a class is written in."""
    if hasattr(cls, "GET_SCHEMA"):
        from graphrun.comfy import v3

        return v3
    return v1
