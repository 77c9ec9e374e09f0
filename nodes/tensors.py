"""Tensors made, changed and compared: creation and operations."""

from __future__ import annotations

from graphrun.node import Nodes

NODES = Nodes(category="Data Analysis", spaced=True)
