"""Attention, pooling under a mask, and a transformer from scratch."""

from __future__ import annotations

from graphrun.node import Nodes

NODES = Nodes(category="Training", spaced=True)
