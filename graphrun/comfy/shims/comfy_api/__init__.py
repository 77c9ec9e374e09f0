"""Stand-in for the versions of ComfyUI's node API; all of them are the latest."""

from __future__ import annotations

from graphrun.comfy.missing import names

__getattr__ = names("comfy_api")
