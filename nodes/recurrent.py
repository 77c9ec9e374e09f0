"""Recurrent layers and the models around them."""

from __future__ import annotations

from graphrun.node import Nodes

NODES = Nodes(category="Training", spaced=True)
