"""What kinds of nodes exist, and how nodes are written."""

from graphrun.catalog.catalog import Catalog
from graphrun.catalog.pack import Pack
from graphrun.catalog.running import Alias, Settings
from graphrun.catalog.sockets import connects
from graphrun.catalog.spec import InputSpec, NodeSpec, OutputSpec

__all__ = [
    "Alias",
    "Catalog",
    "InputSpec",
    "NodeSpec",
    "OutputSpec",
    "Pack",
    "Settings",
    "connects",
]
