"""Data sets of pictures, and of windows of a tensor."""

from __future__ import annotations

from graphrun.node import Nodes

NODES = Nodes(category="Training", spaced=True)
