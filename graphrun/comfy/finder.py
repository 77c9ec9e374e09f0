"""The import hook that answers for ComfyUI's module names with the stand-ins under `shims/`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from graphrun.comfy.missing import NotOfferedModule

SHIMS = Path(__file__).parent / "shims"

NAMES = frozenset(
    {
        "api_server",
        "app",
        "comfy",
        "comfy_api",
        "comfy_api_nodes",
        "comfy_config",
        "comfy_execution",
        "comfy_extras",
        "comfyui_version",
        "cuda_malloc",
        "execution",
        "folder_paths",
        "latent_preview",
        "node_helpers",
        "nodes",
        "protocol",
        "server",
    }
)
"""Top-level names that packs import of ComfyUI."""


class ShimFinder:
    """First on the import path, so that no other module of such a general name is taken."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] not in NAMES:
            return None
        place = SHIMS.joinpath(*name.split("."))
        if (place / "__init__.py").is_file():
            file, inside = place / "__init__.py", [str(place)]
        elif place.with_suffix(".py").is_file():
            file, inside = place.with_suffix(".py"), None
        else:
            raise NotOfferedModule.of(name)
        return importlib.util.spec_from_file_location(name, file, submodule_search_locations=inside)


def install() -> None:
    """Answer for the names from now on, in the whole process; doing it again changes nothing."""
    if not any(isinstance(one, ShimFinder) for one in sys.meta_path):
        sys.meta_path.insert(0, ShimFinder())
