"""Stand-in: the classes of all packs by name. Folders for the browser are noted, and not used."""

from __future__ import annotations

from typing import Any

from graphrun.comfy import missing

NODE_CLASS_MAPPINGS: dict[str, Any] = {}
NODE_DISPLAY_NAME_MAPPINGS: dict[str, str] = {}
EXTENSION_WEB_DIRS: dict[str, str] = {}
LOADED_MODULE_DIRS: dict[str, str] = {}
MAX_RESOLUTION = 16384

__getattr__ = missing.names(__name__)
