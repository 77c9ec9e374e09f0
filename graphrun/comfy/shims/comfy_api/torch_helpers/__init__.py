"""Stand-in: models are not compiled here."""

from __future__ import annotations

from graphrun.comfy.missing import names

__getattr__ = names("comfy_api.torch_helpers")
