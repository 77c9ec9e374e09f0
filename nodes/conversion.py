"""Tensors in other types and other forms."""

from __future__ import annotations

from graphrun.node import Nodes

NODES = Nodes(category="Data Analysis", spaced=True)
