"""The import hook that answers for ComfyUI's module names with the stand-ins under `shims/`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from graphrun.comfy import missing

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
"""Top-level names that packs import of ComfyUI.

ComfyUI's `utils` and `main` are not among them: packs have modules of these names themselves.
"""

_DIFFUSION = missing.words(
    """
    audio_encoders background_removal checkpoint_pickle cldm clip_model clip_vision conds
    context_windows controlnet diffusers_convert diffusers_load extra_samplers float gligen hooks
    image_encoders k_diffusion latent_formats ldm lora lora_convert memory_management model_base
    model_detection model_patcher model_sampling nested_tensor ops patcher_extension pinned_memory
    pixel_space_convert quant_ops rmsnorm sample sampler_helpers sd sd1_clip sdxl_clip
    supported_models supported_models_base t2i_adapter taesd text_encoders weight_adapter
    """
)

HOLLOW = frozenset(
    {"api_server", "comfy_api_nodes", "comfy_config", "comfy_extras"}
    | {f"comfy.{name}" for name in _DIFFUSION}
)
"""Modules and packages about diffusion models. They can be imported; what is in them is `Later`."""


class _Empty(Loader):
    """Makes a module in which every name is `Later`."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__doc__ = "Stand-in: its names can be imported, and fail when they are used."
        module.__dict__["__getattr__"] = missing.names(module.__name__, "*")


class ShimFinder(MetaPathFinder):
    """First on the import path, so that no other module of such a general name is taken."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parts = name.split(".")
        if parts[0] not in NAMES or (len(parts) > 1 and not _is_open(parts[0])):
            return None
        place = SHIMS.joinpath(*parts)
        package = place / "__init__.py"
        if package.is_file():
            return importlib.util.spec_from_file_location(
                name, package, submodule_search_locations=[str(place)]
            )
        file = place.parent / f"{place.name}.py"
        if file.is_file():
            return importlib.util.spec_from_file_location(name, file)
        if any(".".join(parts[:n]) in HOLLOW for n in range(1, len(parts) + 1)):
            found = ModuleSpec(name, _Empty(), origin="stand-in", is_package=True)
            found.submodule_search_locations = []
            return found
        raise missing.NotOfferedModule.of(name)


def _is_open(top: str) -> bool:
    """Whether the package is a stand-in, or not imported yet: no other is to be mixed with ours."""
    taken = sys.modules.get(top)
    return taken is None or is_stand_in(taken)


def is_stand_in(module: ModuleType) -> bool:
    """Whether a module came from here, and not from a file of the user that has the same name."""
    spec = getattr(module, "__spec__", None)
    origin = getattr(spec, "origin", None) or ""
    return origin == "stand-in" or Path(origin).is_relative_to(SHIMS)


def install() -> None:
    """Answer for the names from now on, in the whole process; doing it again changes nothing.

    Modules of these names that are imported already stay what they are; `explaining.explain`
    says so when a pack stumbles over one.
    """
    if not any(isinstance(one, ShimFinder) for one in sys.meta_path):
        sys.meta_path.insert(0, ShimFinder())
