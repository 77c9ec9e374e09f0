"""What is done to a picture on its way into a tensor."""

from __future__ import annotations

from graphrun.node import Nodes

NODES = Nodes(category="Training", spaced=True)
