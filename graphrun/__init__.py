"""graphrun: run ComfyUI-compatible node graphs without ComfyUI.

import graphrun

report = graphrun.load("workflow.json").set("27.epochs", 3).run()
report = graphrun.run(prompt_dict, packs=["my_nodes"], targets=["9"], observe=print)
report.outputs["9"][0]  # the list of values of output 0 of node 9
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphrun.api import check as check
    from graphrun.api import convert as convert
    from graphrun.api import diff as diff
    from graphrun.api import load as load
    from graphrun.api import plan as plan
    from graphrun.api import run as run
    from graphrun.cache import DiskStore as DiskStore
    from graphrun.cache import MemoryStore as MemoryStore
    from graphrun.catalog import Alias as Alias
    from graphrun.catalog import Catalog as Catalog
    from graphrun.catalog import Settings as Settings
    from graphrun.documents.parameters import load_parameters as load_parameters
    from graphrun.errors import Cancelled as Cancelled
    from graphrun.errors import Diagnostic as Diagnostic
    from graphrun.errors import GraphrunError as GraphrunError
    from graphrun.errors import NodeError as NodeError
    from graphrun.errors import ValidationFailed as ValidationFailed
    from graphrun.execute import Stop as Stop
    from graphrun.record.cache import Cache as Cache
    from graphrun.report import Report as Report
    from graphrun.request import Request as Request
    from graphrun.session import Session as Session

__all__ = [
    "Alias",
    "Cache",
    "Cancelled",
    "Catalog",
    "Diagnostic",
    "DiskStore",
    "GraphrunError",
    "MemoryStore",
    "NodeError",
    "Report",
    "Request",
    "Session",
    "Settings",
    "Stop",
    "ValidationFailed",
    "check",
    "convert",
    "diff",
    "load",
    "load_parameters",
    "plan",
    "run",
]

_HOMES = {
    "Alias": "graphrun.catalog",
    "Cache": "graphrun.record.cache",
    "Cancelled": "graphrun.errors",
    "Catalog": "graphrun.catalog",
    "Diagnostic": "graphrun.errors",
    "DiskStore": "graphrun.cache",
    "GraphrunError": "graphrun.errors",
    "MemoryStore": "graphrun.cache",
    "NodeError": "graphrun.errors",
    "Report": "graphrun.report",
    "Request": "graphrun.request",
    "Session": "graphrun.session",
    "Settings": "graphrun.catalog",
    "Stop": "graphrun.execute",
    "ValidationFailed": "graphrun.errors",
    "load_parameters": "graphrun.documents.parameters",
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


class _Api(ModuleType):
    """The import of a room named like a function, as `graphrun.plan` is, would take its place."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Api
