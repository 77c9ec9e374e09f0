"""The public node API. Packs import this module and nothing else of graphrun."""

from collections.abc import Callable
from typing import Any

from graphrun.catalog.node import *  # noqa: F403
from graphrun.catalog.node import __all__ as _catalog
from graphrun.catalog.pack import Pack as Pack

__all__ = (*_catalog, "Pack", "for_comfyui")

_MAPPINGS = ("NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS")


def for_comfyui(pack: Pack) -> Callable[[str], Any]:
    """What a pack's module calls `__getattr__`, to be a pack of ComfyUI's too.

        __getattr__ = for_comfyui(PACK)

    The folder can then lie in ComfyUI's `custom_nodes`. The classes are made when they are asked
    for, so that importing the module costs no more.
    """
    made: dict[str, dict[str, Any]] = {}

    def attribute(name: str) -> Any:
        if name not in _MAPPINGS:
            raise AttributeError(f"module {pack.package!r} has no attribute {name!r}")
        if not made:
            from graphrun.comfy import export

            made.update(export.mappings(pack))
        return made[name]

    return attribute
