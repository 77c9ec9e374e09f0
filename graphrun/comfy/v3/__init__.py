"""ComfyUI's third API: nodes are classes with a schema, which `spec` and `kind` read."""

from __future__ import annotations

from graphrun.comfy.v3.call import kind as kind
from graphrun.comfy.v3.call import spec as spec
from graphrun.comfy.v3.extension import classes as classes

__all__ = ["classes", "kind", "spec"]
