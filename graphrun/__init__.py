"""graphrun: run ComfyUI-compatible node graphs without ComfyUI.

import graphrun

report = graphrun.run(graphrun.load("workflow.json"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphrun.api import Request as Request
    from graphrun.api import check as check
    from graphrun.api import convert as convert
    from graphrun.api import diff as diff
    from graphrun.api import load as load
    from graphrun.api import plan as plan
    from graphrun.api import run as run
    from graphrun.catalog import Alias as Alias
    from graphrun.catalog import Catalog as Catalog
    from graphrun.catalog import Settings as Settings
    from graphrun.errors import Diagnostic as Diagnostic
    from graphrun.errors import GraphrunError as GraphrunError
    from graphrun.report import Report as Report

__all__ = [
    "Alias",
    "Catalog",
    "Diagnostic",
    "GraphrunError",
    "Report",
    "Request",
    "Settings",
    "check",
    "convert",
    "diff",
    "load",
    "plan",
    "run",
]

_HOMES = {
    "Alias": "graphrun.catalog",
    "Catalog": "graphrun.catalog",
    "Diagnostic": "graphrun.errors",
    "GraphrunError": "graphrun.errors",
    "Report": "graphrun.report",
    "Settings": "graphrun.catalog",
}


def __getattr__(name: str) -> Any:
    """Import on first use: every module of graphrun imports this one."""
    if name == "__version__":
        from importlib.metadata import version

        return version("graphrun")
    if name not in __all__:
        raise AttributeError(f"module 'graphrun' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "graphrun.api")), name)
