"""Models put together from models: chains, residual connections, closures."""

from __future__ import annotations

from graphrun.node import Nodes

NODES = Nodes(category="Training", spaced=True)
